"""Swap tracks: a video and its followed faces in, the swapped video out."""

import time
from collections import namedtuple

import numpy as np

from helpers.compositing import check_modes
from helpers.faces import tracking
from helpers.faces.tracks import bridge_gaps, stabilise_track
from helpers.files import fingerprints
from helpers.footage import media
from helpers.swap import swapping, unfinished
from helpers.swap.face_editor import FaceEditor
from helpers.swap.marks import provenance
from helpers.swap.marks.signing import signing_key
from helpers.swap.swapping import BATCH_SIZE

Role = namedtuple("Role", "track source target", defaults=(None,))
Role.__doc__ = """Whose face a followed face gets.

Args:
    track: `tracks.FaceTrack`, stabilised.
    source: name of the identity whose face should appear.
    target: name of the identity whose footage it is, if the comb knows it,
        see `Comb.looking_at`; else what the comb looks at already.
"""


def steady_track(track):
    """A track as it is swapped: short gaps bridged, trembling calmed.

    Args:
        track: `tracks.FaceTrack`, as found.

    Returns:
        `tracks.FaceTrack`.
    """
    return stabilise_track(bridge_gaps(track))


def swap_tracks(
    comb,
    video_path,
    output_path,
    roles,
    visible=True,
    progress=None,
    crf=18,
    **compositing,
):
    """Swap faces that were followed before: the second pass over a video.

    What was interrupted goes on where it was, see `swap_video`.

    Args:
        comb: comb of the identities of all sources.
        video_path: str or path of the target's video.
        output_path: str or path of the .mp4 file to write.
        roles: list of `Role`, whose face each followed face gets.
        visible: bool. Whether swapped frames get the label, see `swap_video`.
        progress: function of `(frames done, frames in all)`, or `None`.
        crf: int, see `swap_video`.
        **compositing: `color`, `blend`, `occlusion`, see
            `swapping.swap_frame`.

    Returns:
        dict, see `swap_video`, without `bridged`; `seconds` without `detect`.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of the video can be read.
        ValueError: if the video is longer than a track, if no frame shows
            a face, or if an argument is out of range.
        OSError: see `swap_video`.
    """
    swapping.check_paths(video_path, output_path, (".mp4",))
    check_modes(**compositing)
    signing_key()  # if it cannot be had, better now than later
    with unfinished.unfinished(output_path) as begun:
        editor = FaceEditor(comb, video_path, roles, visible, compositing)
        return write_swap(begun, editor, progress, crf)


def write_swap(begun, editor, progress, crf):
    """Swap what no earlier run has swapped, and write the result.

    Args:
        begun: `unfinished.Unfinished`, what there is of the result.
        editor: `FaceEditor` of the video.
        progress: function of `(frames done, frames in all)`, or `None`.
        crf: int, see `swap_video`.

    Returns:
        dict, see `swap_tracks`.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of the video can be read.
        ValueError: if the video is longer than a track.
    """
    video_path, roles = editor.video_path, editor.roles
    sources = ", ".join(dict.fromkeys(role.source for role in roles))
    mark = provenance.build_mark(
        sources, visible_label=editor.visible, **editor.compositing
    )
    frames = len(editor.with_face)

    def tell(index):
        progress(index + 1, frames)

    job = _job_of(editor)
    started = time.perf_counter()
    with tracking.one_opencv_thread():
        sound_notes = begun.write_result(
            video_path,
            job,
            frames,
            editor.edit_pictures,
            BATCH_SIZE,
            crf,
            progress=None if progress is None else tell,
            **provenance.video_mark(mark, video_path),
        )
    # what the threads that decode and encode keep this one waiting for, and
    # signing, are what is left
    seconds = editor.seconds
    whole = time.perf_counter() - started
    seconds["write"] = max(0.0, whole - sum(seconds.values()))
    return {
        "output": str(begun.output),
        **_count_frames(roles[0].track, editor.with_face),
        "kept": begun.kept,
        "hidden": editor.hidden,
        "notes": _notes(editor, sound_notes),
        "seconds": seconds,
        "mark": mark,
    }


def _notes(editor, sound_notes):
    """What is changed beside the faces, each said once."""
    probed = media.probe_video(editor.video_path)["notes"]
    passed_over = editor.roles[0].track.notes
    faces = np.concatenate([role.track.landmarks for role in editor.roles])
    large = swapping.enlarged_note(editor.comb, faces)
    return list(dict.fromkeys([*probed, *passed_over, *sound_notes, *large]))


def _job_of(editor):
    """What the pictures of a result are made from."""
    return {
        "video": fingerprints.of_file(editor.video_path),
        "comb": fingerprints.of_comb(editor.comb),
        "roles": [fingerprints.of_role(*role) for role in editor.roles],
        "visible": editor.visible,
        **editor.compositing,
    }


def _count_frames(track, with_face):
    return {
        "frames": len(with_face),
        "swapped": int(with_face.sum()),
        "without_face": int((~with_face).sum()),
        "times_without_face": track.times[~with_face].round(3).tolist(),
        "several_faces": int((track.face_counts > 1).sum()),
        "shots": len(np.unique(track.shots[with_face])),
        "broken": track.broken,
    }
