"""Takes: which frame of the footage belongs to which take and split.

A take is footage of one go: neighbouring frames are near-copies, so a whole
take is held out for testing, never single frames.
"""

import os

from helpers.footage import listing, media
from helpers.synthetic.truth import (
    broken_truth,
    read_painted_masks,
    read_truth,
    truth_path,
)


def plan_files(folder, every, held_out_share, max_faces=None):
    """One plan a file of footage, and the steps used.

    Args:
        folder: path of one person's photos and videos.
        every: int. Every how many frames of a video one is looked at.
        held_out_share: float in [0, 1). Share held out as `"test"`.
        max_faces: int or `None`. Frames are thinned out evenly over all
            footage so that at most about so many are looked at.

    Returns:
        Tuple of `plans`, list of dicts in the order of the files' names
        (`file`, `bytes`, `changed`, `expected` frames, an estimate, `step`,
        `take`, `split`, `segment`: first frame held out, or `None`);
        `steps`, dict with the step over `frames` and over `photos`; and
        `others`, dict of what is no footage, name to reason.

    Raises:
        FileNotFoundError: if there is no such folder.
        MediaError: if there is no footage in it.
        ValueError: if so few faces are wanted that none would be held out.
    """
    photos, videos, others = listing.list_media(folder)
    estimates = {path: _estimate_frames(path) for path in videos}
    looked_at = sum(-(-count // every) for count in estimates.values())
    looked_at += len(photos)
    thinning = 1
    if max_faces is not None and max_faces < looked_at:
        thinning = -(-looked_at // max(1, max_faces))
    clips = _plan_videos(videos, estimates, held_out_share)

    def plan(thinning):
        return _plan_photos(photos[::thinning], held_out_share) | clips

    def holds_out(thinning):
        return _holds_out(plan(thinning), estimates, every * thinning)

    if not holds_out(thinning):
        _say_how_many(thinning, holds_out, max_faces, looked_at)
    takes = plan(thinning)
    plans = []
    for path in sorted(takes):
        size, changed = _state_of(path)
        plans.append(
            {
                "file": path.relative_to(folder).as_posix(),
                "bytes": size,
                "changed": changed,
                "expected": estimates.get(path, 1),
                "step": every * thinning if path in estimates else 1,
                **takes[path],
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


def _holds_out(planned, estimates, step):
    """Whether a frame that is looked at is held out for testing."""
    for path, take in planned.items():
        last = (estimates.get(path, 1) - 1) // step * step
        if take["split"] == "test":
            return True
        if take["segment"] is not None and last >= take["segment"]:
            return True
    return False


def _say_how_many(thinning, holds_out, max_faces, looked_at):
    """Raise where more faces would do; less footage is told later."""
    while thinning > 1:
        thinning //= 2
        if holds_out(thinning):
            raise ValueError(
                f"max_faces={max_faces} looks at so few of {looked_at} frames "
                "that none is held out for testing. Set it to "
                f"{-(-looked_at // thinning)}, or to None for all."
            )


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


def take_of(plan, index):
    """Name of the take, and its split, of one frame of a planned file.

    Args:
        plan: dict from `plan_files`.
        index: int. Index of the frame.

    Returns:
        Tuple of str, the name and `"train"` or `"test"`.
    """
    if plan["segment"] is not None and index >= plan["segment"]:
        return plan["take"] + " held out", "test"
    return plan["take"], plan["split"]


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


def _plan_photos(photos, held_out_share):
    held_out = round(len(photos) * held_out_share)
    if held_out_share > 0 and len(photos) >= 4:
        held_out = max(1, held_out)
    train = len(photos) - held_out
    return {
        path: {
            "take": "photos" if index < train else "photos held out",
            "split": "train" if index < train else "test",
            "segment": None,
        }
        for index, path in enumerate(photos)
    }


def _plan_videos(videos, estimates, held_out_share):
    plans, plain = {}, []
    for path in videos:
        if not os.path.isfile(truth_path(path)):
            plain.append(path)
            continue
        try:
            split = read_truth(truth_path(path))["split"]
        except media.MediaError:
            split = "train"  # left out with its fault when it is its turn
        plans[path] = {"take": path.name, "split": split, "segment": None}
    spacing = round(1 / held_out_share) if held_out_share else len(plain) + 1
    for index, path in enumerate(plain):
        split, segment = "train", None
        if not held_out_share:
            pass
        elif len(plain) >= spacing:
            split = "test" if index % spacing == spacing - 1 else "train"
        else:
            segment = int(estimates[path] * (1 - held_out_share)) or None
        plans[path] = {"take": path.name, "split": split, "segment": segment}
    return plans
