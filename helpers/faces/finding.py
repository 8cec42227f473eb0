"""Finding: a folder of footage in, the records of all faces in it out.

Frames are read in a thread of their own, shrunk to what the detector needs,
and the faces in them followed (`Tracker`): detected on key frames, found again
in between. The crops are cut from the whole frames. Files that are short go
through the networks together, each as a shot of its own; photos are shots of
one frame.
"""

import collections
import contextlib
import ctypes
import numbers
import pathlib

from helpers.faces import (
    face_finder,
    face_records,
    record_writer,
    takes,
    tracking,
)
from helpers.files import folder_lock, manifests
from helpers.files.names import check_name
from helpers.footage import consent, media

# Frames that are handed over together by the reading thread, and how many
# pixels they may hold, that few wait where they are large.
BLOCK_FRAMES = 8
BLOCK_PIXELS = face_finder.CHUNK_PIXELS // 4
# Pixels that are read and not worked off, from which on reading waits: a chunk
# that is looked at, and some for the next. Less, and no chunk becomes full.
MOST_PIXELS = face_finder.CHUNK_PIXELS + 2 * BLOCK_PIXELS
# glibc's number of the setting, and bytes: a frame of 1920 x 1080 has less
MMAP_THRESHOLD, LARGE_BLOCK = -3, 8 * 2**20


def find_faces(
    footage_folder,
    output_folder,
    contract,
    detector,
    identity,
    every=1,
    held_out_share=0.1,
    max_faces=None,
    progress=None,
):
    """Find all faces in some footage: crops, masks and what is known of each.

    Interrupted and called again with the same settings, it goes on at the
    first unfinished part and yields the same files as one run; with other
    settings, or where files changed, it starts anew from there.

    What is held out for testing is said when it is known whose faces are
    whose (`takes.hold_out`); only a synthetic clip's truth says it before.

    Args:
        footage_folder: str or path of this person's photos and videos.
        output_folder: str or path; faces go to its folder `identity`.
        contract: dict from `manifests.data_contract()`.
        detector: `detection.FaceDetector`, or anything with `detect(images)`,
            `refine(images, landmarks)` and `min_face_share`.
        identity: str. Name of the person, a plain folder name.
        every: int. Every how many frames of a video one is looked at.
        held_out_share: float in [0, 1). Share held out as `"test"`.
        max_faces: int or `None`. Frames are thinned out evenly over all
            footage so that at most about so many are looked at.
        progress: called as `progress(frames done, frames expected)`, or
            `None`.

    Returns:
        dict: `files` (read), `other_files` (what is no footage, name to
        reason), `left_out_files` (name to reason; of a video that breaks off,
        the frames before are used), `file_notes` (name to what of a video
        was passed over), `no_face_files` (names), `no_face_reasons` (name to
        reason), `frames`, `no_face`, `one_face`, `several_faces`, `faces`
        (found), `every` (dict with the step over frames and over photos),
        `photo_notes` (name to what is changed by reading),
        `held_out_share`, `consent` (dict from `consent.read_consent`).

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if there is no footage in it, its `consent.toml` says too
            little, or an argument is out of range.
        folder_lock.FolderError: if the faces' folder cannot be written, the
            disk is full, or another run is writing into it.
    """
    check_name(identity)
    check_sampling(every, held_out_share, max_faces)
    footage_folder = pathlib.Path(footage_folder)
    agreed = consent.read_consent(footage_folder)
    plans, steps, others = takes.plan_files(footage_folder, every, max_faces)
    settings = {
        "contract": contract,
        "detector": getattr(detector, "parameters", {}),
    }
    output = pathlib.Path(output_folder)
    instead = f"Choose another output folder than {output}."
    with folder_lock.locked_folder(output / identity, instead) as folder:
        # from here on the folder is unfinished, until its manifest is written
        (output / manifests.MANIFEST).unlink(missing_ok=True)
        writer = record_writer.RecordWriter(folder, settings)
        position = writer.resume(plans)
        with face_finder.FaceFinder(
            writer, contract, detector, steps["frames"]
        ) as finder:
            _work_off(footage_folder, plans, position, finder, progress)
        report = {
            **record_writer.sum_up_parts(writer.parts),
            "other_files": others,
            "photo_notes": _notes_on_photos(footage_folder, plans),
            "every": steps,
            "held_out_share": held_out_share,
            "consent": agreed,
        }
        manifests.write_json(folder / face_records.REPORT, report)
    return report


def _notes_on_photos(folder, plans):
    """What is changed of photos by reading them, file to words."""
    notes = {}
    for plan in plans:
        path = folder / plan["file"]
        said = media.photo_notes(path) if media.is_photo(path) else []
        if said:
            notes[plan["file"]] = "; ".join(said)
    return notes


def check_sampling(every, held_out_share, max_faces=None):
    """That the numbers by which frames are chosen are such numbers.

    Args:
        every, held_out_share, max_faces: see `find_faces`.

    Raises:
        ValueError: if one is of another kind, or out of range.
    """
    received = (
        f"Received: every={every!r}, held_out_share={held_out_share!r}, "
        f"max_faces={max_faces!r}. Numbers have no quotation marks."
    )
    if not isinstance(every, numbers.Integral) or every < 1:
        raise ValueError(f"every should be a whole number from 1. {received}")
    known = isinstance(held_out_share, numbers.Real)
    if not known or not 0 <= held_out_share < 1:
        raise ValueError(
            f"held_out_share should be a number in [0, 1). {received}"
        )
    if max_faces is None:
        return
    if not isinstance(max_faces, numbers.Integral) or max_faces < 1:
        raise ValueError(
            f"max_faces should be a whole number from 1, or None. {received}"
        )


def _give_back_large_blocks():
    """Have freed photos and frames go back to the system at once.

    glibc keeps what it once got, for blocks of up to 32 MB, and of a folder
    of large photos and videos that adds up to 600 MB.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # no glibc
        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, LARGE_BLOCK)


def _work_off(footage_folder, plans, position, finder, progress):
    """Find the faces of all files from a position on, part by part."""
    expected = sum(
        takes.frames_of(plan, start) for plan, start in _left(plans, position)
    )
    _give_back_large_blocks()
    done, read = 0, collections.Counter()
    events = _events(footage_folder, plans, position, finder.detector)

    def has_room():
        return read["pixels"] - finder.pixels_done < MOST_PIXELS

    ahead = media.read_ahead(_blocks(events, read), 2, has_room)
    with tracking.one_opencv_thread(), contextlib.closing(ahead):
        for block in ahead:
            for name, details in block:
                getattr(finder, name)(*details)
                done += name == "add_frame"
            if progress is not None:
                progress(done, max(expected, done))
        finder.finish_part()
    if progress is not None and done:
        progress(done, done)


def _left(plans, position):
    """Planned files from a position on, each with its first frame."""
    place, start = position
    for plan in plans[place:]:
        yield plan, start
        start = 0


def _events(footage_folder, plans, position, detector):
    """What the finder is told in turn: name of its method, and arguments."""
    for plan, start in _left(plans, position):
        yield "begin_file", (plan, start)
        error, notes = None, []
        try:
            for item in takes.read_items(footage_folder, plan, start, notes):
                item["looked_at"] = tracking.shrink_frame(
                    item["image"], detector
                )
                yield "add_frame", (item,)
        except (media.MediaError, FileNotFoundError) as reason:
            error = str(reason)
        yield "end_file", (error, notes)


def _blocks(events, read):
    """Events in lists, few of them where frames are large.

    Args:
        events: see `_events`.
        read: dict, whose `pixels` grow by those of each block.
    """
    block, frames, pixels = [], 0, 0
    for name, details in events:
        block.append((name, details))
        if name != "add_frame":
            continue
        image = details[0]["image"]
        frames, pixels = frames + 1, pixels + image.shape[0] * image.shape[1]
        if frames == BLOCK_FRAMES or pixels >= BLOCK_PIXELS:
            read["pixels"] += pixels
            yield block
            block, frames, pixels = [], 0, 0
    if block:
        yield block
