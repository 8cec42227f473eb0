"""Takes: which frames of the footage are looked at, which faces held out.

A take is footage of one go: neighbouring frames are near-copies, so a whole
take is held out for testing, never single frames. Whose faces are whose is
known late: what is held out shows the person, not only whoever was filmed.
"""

import math
import os

from helpers.footage import listing, media
from helpers.synthetic.truth import (
    broken_truth,
    read_painted_masks,
    read_truth,
    truth_path,
)


def plan_files(folder, every, max_faces=None):
    """One plan a file of footage, and the steps used.

    Args:
        folder: path of one person's photos and videos.
        every: int. Every how many frames of a video one is looked at.
        max_faces: int or `None`. Frames are thinned out evenly over all
            footage so that at most about so many are looked at.

    Returns:
        Tuple of `plans`, list of dicts in the order of the files' names
        (`file`, `bytes`, `changed`, `expected` frames, an estimate, `step`,
        and `split`: what a rendered clip's truth says, else `None`, as
        `hold_out` says it later); `steps`, dict with the step over `frames`
        and over `photos`; and `others`, dict of what is no footage, name to
        reason.

    Raises:
        FileNotFoundError: if there is no such folder.
        MediaError: if there is no footage in it.
    """
    photos, videos, others = listing.list_media(folder)
    estimates = {path: _estimate_frames(path) for path in videos}
    looked_at = sum(-(-count // every) for count in estimates.values())
    looked_at += len(photos)
    thinning = 1
    if max_faces is not None and max_faces < looked_at:
        thinning = -(-looked_at // max(1, max_faces))
    plans = []
    for path in sorted([*photos[::thinning], *videos]):
        size, changed = _state_of(path)
        plans.append(
            {
                "file": path.relative_to(folder).as_posix(),
                "bytes": size,
                "changed": changed,
                "expected": estimates.get(path, 1),
                "step": every * thinning if path in estimates else 1,
                "split": _rendered_split(path) if path in estimates else None,
            }
        )
    others = {
        listing.shown_name(path.relative_to(folder)): listing.why_no_footage(
            path
        )
        for path in others
    }
    steps = {"frames": every * thinning, "photos": thinning}
    return plans, steps, others


def _state_of(path):
    """Bytes and time of change of a file, by which it is known again."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0  # gone meanwhile: said when it is its turn
    return status.st_size, status.st_mtime_ns


def frames_of(plan, start=0):
    """How many frames of a planned file are looked at, an estimate.

    Args:
        plan: dict from `plan_files`.
        start: int. Index of the first frame that is left.

    Returns:
        int, at least 1.
    """
    return max(1, -(-(plan["expected"] - start) // plan["step"]))


def read_items(folder, plan, start=0, notes=None):
    """The frames of a planned file that are looked at, with their truth.

    Args:
        folder: path of the footage.
        plan: dict from `plan_files`.
        start: int. Index of the first frame.
        notes: list, to which is added in words what was passed over, once
            reading ends; or `None`.

    Yields:
        dicts of `plan`, `index`, `time` (seconds, `None` of photos), `image`
        (uint8 array, RGB), and of synthetic clips `parameters` and `mask`
        (painted, grey), else `None`.

    Raises:
        MediaError: where the file cannot be read (further).
    """
    path = folder / plan["file"]
    truth, painted = [], None
    if os.path.isfile(truth_path(path)):
        truth = read_truth(truth_path(path))["frames"]
        painted = read_painted_masks(path, len(truth))
    for index, time, image in _read_file(path, plan["step"], start, notes):
        known = index < len(truth)
        if known and painted.shape[1:] != image.shape[:2]:
            reason = f"masks of {painted.shape[1:]}, frames of {image.shape}"
            raise media.MediaError(broken_truth(path, reason))
        yield {
            "plan": plan,
            "index": index,
            "time": time,
            "image": image,
            "parameters": truth[index]["parameters"] if known else None,
            # a copy, or each frame that waits would hold those of all
            "mask": painted[index].copy() if known else None,
        }


def _read_file(path, step, start, notes):
    if media.is_photo(path):
        yield 0, None, media.read_photo(path)
    else:
        yield from media.read_frames(path, step, start, notes=notes)


def _estimate_frames(path):
    try:
        return media.count_frames(path)
    except (media.MediaError, OSError):
        return 1  # its fault is reported when it is its turn


def _rendered_split(path):
    """What the truth beside a clip says, `None` where there is none."""
    if not os.path.isfile(truth_path(path)):
        return None
    try:
        return read_truth(truth_path(path))["split"]
    except media.MediaError:
        return "train"  # left out with its fault when it is its turn


def hold_out(records, own, share):
    """Say of each face which take it belongs to, and whether for testing.

    Of many videos that show the person every few whole ones are held out, of
    a few the last part of each, of photos the last ones. What rendered clips
    say of themselves stays. Said twice it is the same.

    Args:
        records: list of dicts, in the order of the footage; `take` and
            `split` are changed.
        own: list of int, rows of the faces that are the person's, and good.
        share: float in [0, 1), of the person's footage.
    """
    rendered = {
        record["file"]
        for record in records
        if record["frame_parameters"] is not None
    }
    videos, photos = {}, {}
    for row in own:
        file, frame = records[row]["file"], records[row]["frame"]
        if file not in rendered:
            seen = photos if records[row]["time"] is None else videos
            seen.setdefault(file, set()).add(frame)
    first = _first_held_out(videos, share)
    held_out = _photos_held_out(list(photos), share)
    for record in records:
        file = record["file"]
        if file in rendered:
            continue
        if record["time"] is None:
            take, tested, whole = "photos", file in held_out, False
        else:
            take, whole = file, first.get(file) == 0
            tested = record["frame"] >= first.get(file, math.inf)
        record["split"] = "test" if tested else "train"
        record["take"] = f"{take} held out" if tested and not whole else take


def _first_held_out(videos, share):
    """The first frame held out of those videos of which there is one."""
    if not share:
        return {}
    spacing = round(1 / share)
    if len(videos) >= spacing:
        return dict.fromkeys(list(videos)[spacing - 1 :: spacing], 0)
    first = {}
    for file, frames in videos.items():
        trained = int(len(frames) * (1 - share))
        if trained:
            first[file] = sorted(frames)[trained]
    return first


def _photos_held_out(photos, share):
    count = round(len(photos) * share)
    if share and len(photos) >= 4:
        count = max(1, count)
    return set(photos[len(photos) - count :])
