"""Shown result: a swap in, before and after of it beside it out."""

import contextlib

from helpers.footage import media
from helpers.swap import showing
from helpers.swap.marks import reading_marks
from helpers.swap.result_files import SHOWN

LOOKS = 8  # frames between two that are shown, of which one may have a face


def show_result(result):
    """Write what shows a swap to others: before and after, side by side.

    Each lies beside the result, called like it, with the mark of the swap.
    What is there already is kept: it was made of the same result.

    Args:
        result: `swap_footage.SwapResult`.

    Returns:
        dict of pathlib.Path: `picture` (of a frame), and of a video also
        `pair` (all of it, with the target's sound) and `gif` (some moments).

    Raises:
        OSError: if there can be no key to sign with, see
            `credentials.sign_file`.
    """
    picture, pair, gif = (
        result.path.with_name(f"{result.path.stem}{ending}") for ending in SHOWN
    )
    if not picture.exists():
        ((before, after),) = frame_pairs(result, 1)
        mark = reading_marks.read_mark(result.path)
        showing.write_before_after(
            picture, before, after, mark, result.captions, result.path
        )
    if not result.is_video:
        return {"picture": picture}
    videos = result.media, result.path
    if not pair.exists():
        joined = showing.write_side_by_side(*videos, pair, result.captions)
        for fault in filter(None, (joined["longer"], joined["broken"])):
            print(f"{pair.name} ends early: {fault}")
    if not gif.exists():
        showing.write_before_after_gif(*videos, gif, result.captions)
    return {"picture": picture, "pair": pair, "gif": gif}


def frame_pairs(result, count=6):
    """Some frames and their swaps, evenly spread, each with a face.

    Args:
        result: `swap_footage.SwapResult`.
        count: int. How many at most; a photo has one. Of one, a frame in the
            middle.

    Returns:
        list of tuples of two uint8 arrays, shape `(height, width, 3)`, RGB.
    """
    paths = result.media, result.path
    if not result.is_video:
        return [tuple(media.read_photo(path) for path in paths)]
    # of the result: a target that breaks off has fewer than it says
    frames = media.probe_video(result.path)["frames"]
    wanted = [round((n + 0.5) * frames / count - 0.5) for n in range(count)]
    # of a long one not every frame is looked at, only the next ones after each
    every = max(1, frames // count // LOOKS)
    faceless = set(result.record["times_without_face"])
    return (
        _read_pairs(paths, wanted, every, faceless)
        # faces in the beginning only; or none at all
        or _read_pairs(paths, [0], 1, faceless)
        or _read_pairs(paths, [0], 1, set())
    )


def _read_pairs(paths, wanted, every, faceless):
    """Frames of two videos from these numbers on, each with a face."""
    pairs = []
    befores, afters = (
        media.read_frames(path, step=every, start=wanted[0]) for path in paths
    )
    with contextlib.closing(befores), contextlib.closing(afters):
        # the result first: where it ends the target may break off
        for (_, _, after), (index, time, before) in zip(
            afters, befores, strict=False
        ):
            if index >= wanted[0] and round(time, 3) not in faceless:
                # a video is written with one more pixel where a side is odd
                height, width = before.shape[:2]
                pairs.append((before, after[:height, :width]))
                wanted = [number for number in wanted if number > index]
            if not wanted:
                break
    return pairs
