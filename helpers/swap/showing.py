"""Showing: a swap and its target in, both side by side in one file out."""

import contextlib
import math

import cv2
import numpy as np

from helpers.footage import media
from helpers.swap import swapping
from helpers.swap.marks import provenance, reading_marks

FONT = cv2.FONT_HERSHEY_SIMPLEX


def write_before_after(
    path, before, after, mark, captions=("before", "after"), original=None
):
    """Write a frame and its swap side by side, with the swap's mark, signed.

    Args:
        path: str or path of the .png, .jpg or .gif file to write.
        before: uint8 array, shape `(height, width, 3)`, RGB.
        after: uint8 array, same shape: a frame as it was written, with the
            label if it has one.
        mark: dict from `provenance.build_mark`, that of the swap.
        captions: two str, drawn above the pictures.
        original: path of the swap, or `None`, see `credentials.sign_file`.

    Returns:
        uint8 array, shape `(height + caption, 2 * width + gap, 3)`: the
        picture.

    Raises:
        ValueError: if the shapes differ or the file ending is unknown.
        OSError: if there can be no key to sign with, see
            `credentials.sign_file`.
    """
    picture = beside(before, after, captions)
    provenance.write_picture(path, picture, mark, original=original)
    return picture


def write_side_by_side(
    before_path,
    after_path,
    output_path,
    captions=("before", "after"),
    progress=None,
):
    """Write a video and its swap side by side: one video, marked and signed.

    Frame n of one stands beside frame n of the other; `swap_video` keeps all
    frames. Times and sound are those of `before_path`. The shorter of the two
    ends the result.

    Args:
        before_path: str or path of the target's video.
        after_path: str or path of the swapped video, with its mark.
        output_path: str or path of the .mp4 file to write.
        captions: two str, drawn above the videos.
        progress: function of `(frames done, frames in all)`, or `None`. The
            latter is what the file says, an estimate.

    Returns:
        dict with `output`, `frames`, `longer` (`None`, `"before"` or
        `"after"`: which of the two goes on after the end), `broken` (`None`,
        or why one of them could not be read to its end: the result ends
        there) and `mark`.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of a video can be read.
        ValueError: if the videos differ in size, if `after_path` carries no
            mark, or if the result would overwrite one of them.
        OSError: if there can be no key to sign with, see
            `credentials.sign_file`.
    """
    for path in (before_path, after_path):
        swapping.check_paths(path, output_path, (".mp4",))
    total = _check_sizes(before_path, after_path)
    mark = _mark_of(after_path)
    afters = media.read_frames(after_path)
    longer = None

    def join(_index, _time, before):
        nonlocal longer
        after = next(afters, None)
        if after is None:
            longer = "before"
            return None
        height, width = before.shape[:2]
        return beside(before, after[2][:height, :width], captions)

    def tell(index):
        progress(index + 1, total)

    with contextlib.closing(afters):
        report = media.map_video(
            before_path,
            output_path,
            join,
            progress=None if progress is None else tell,
            **provenance.video_mark(mark, after_path),
        )
        if not longer and not report["broken"] and next(afters, None):
            longer = "after"
    return {
        "output": str(output_path),
        **report,
        "longer": longer,
        "mark": mark,
    }


def write_before_after_gif(
    before_path,
    after_path,
    output_path,
    captions=("before", "after"),
    most=24,
    width=640,
):
    """Write some moments of a video and its swap side by side, as a GIF.

    It moves wherever pictures are shown, has the mark and is signed; the
    label is that of the swapped video.

    Args:
        before_path: str or path of the target's video.
        after_path: str or path of the swapped video, with its mark.
        output_path: str or path of the .gif file to write.
        captions: two str, drawn above the pictures.
        most: int. Moments, at most, evenly spread over the video.
        width: int. Of the GIF in pixels, at most.

    Returns:
        dict with `output`, `frames`, `broken` and `mark`, see
        `write_side_by_side`.

    Raises:
        See `write_side_by_side`.
    """
    for path in (before_path, after_path):
        swapping.check_paths(path, output_path, (".gif",))
    step = max(1, math.ceil(_check_sizes(before_path, after_path) / most))
    mark = _mark_of(after_path)
    times, pictures, broken = [], [], None
    try:
        for time, before, after in _frame_pairs(before_path, after_path, step):
            picture = beside(before, after, captions)
            share = min(1.0, width / picture.shape[1])
            size = [round(side * share) for side in picture.shape[1::-1]]
            pictures.append(
                cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            )
            times.append(time)
    except media.MediaError as error:
        if not pictures:
            raise
        broken = str(error)
    seconds = float(np.diff(times).mean()) if len(times) > 1 else 1.0
    provenance.write_animation(output_path, pictures, seconds, mark, after_path)
    return {
        "output": str(output_path),
        "frames": len(pictures),
        "broken": broken,
        "mark": mark,
    }


def _frame_pairs(before_path, after_path, step):
    """Time, frame and swapped frame of every so many frames."""
    with (
        contextlib.closing(media.read_frames(before_path)) as befores,
        contextlib.closing(media.read_frames(after_path)) as afters,
    ):
        for (index, time, before), (_, _, after) in zip(
            befores, afters, strict=False
        ):
            if index % step == 0:
                height, width = before.shape[:2]
                yield time, before, after[:height, :width]


def _mark_of(path):
    mark = reading_marks.read_mark(path)
    if mark is None:
        raise ValueError(
            "The video of a swap carries a mark, and what is made of it keeps "
            f"that. Received: {path}, which carries none. Take the file that "
            "swap_video() wrote."
        )
    return mark


def beside(before, after, captions=("before", "after")):
    """Two pictures of one size side by side, each under its caption.

    Args:
        before: uint8 array, shape `(height, width, 3)`, RGB.
        after: uint8 array, same shape.
        captions: two str.

    Returns:
        uint8 array, shape `(height + caption, 2 * width + gap, 3)`.

    Raises:
        ValueError: if they are not uint8 arrays of one shape.
    """
    before, after = np.asarray(before), np.asarray(after)
    if before.shape != after.shape or before.dtype != np.uint8:
        raise ValueError(
            "Before and after should be uint8 arrays of one shape. Received: "
            f"{before.dtype} {before.shape} and {after.dtype} {after.shape}"
        )
    height, width = before.shape[:2]
    gap = max(4, width // 60)
    band = max(18, round(height * 0.07))
    picture = np.full((height + band, 2 * width + gap, 3), 255, np.uint8)
    for image, caption, left in zip(
        (before, after), captions, (0, width + gap), strict=True
    ):
        picture[band:, left : left + width] = image
        draw_caption(picture[:band, left : left + width], caption)
    return picture


def _check_sizes(before_path, after_path):
    """How many frames the shorter one has, as the files say."""
    before = media.probe_video(before_path)
    after = media.probe_video(after_path)
    size, received = (
        (video["width"], video["height"]) for video in (before, after)
    )
    # a video is written with one more pixel where a side is odd
    padded = tuple(side + side % 2 for side in size)
    if received not in (size, padded):
        raise ValueError(
            "Before and after should be videos of one size. Received: "
            f"{size[0]} x {size[1]} and {received[0]} x {received[1]} pixels. "
            "Take a video and its own swap."
        )
    return min(before["frames"], after["frames"])


def measure_caption(caption, height):
    """How large a caption's letters are in a band.

    Args:
        caption: str.
        height: int, of the band in pixels.

    Returns:
        tuple `(scale, width, height)`: OpenCV's scale of the letters, and
        their size in pixels.
    """
    scale = height * 0.5 / 21.5  # capitals are 21 or 22 units high at scale 1
    (wide, high), _ = cv2.getTextSize(caption, FONT, scale, 1)
    return scale, wide, high


def draw_caption(band, caption):
    """Write a caption into the middle of a band, in place, as large as fits.

    Args:
        band: uint8 array, shape `(height, width, 3)`, RGB.
        caption: str.
    """
    height, width = band.shape[:2]
    scale, wide, high = measure_caption(caption, height)
    if wide > width:
        scale, wide, high = measure_caption(caption, height * width / wide)
    origin = ((width - wide) // 2, (height + high) // 2)
    # drawn on a copy: OpenCV does not draw into a part of an array
    drawn = np.ascontiguousarray(band)
    cv2.putText(drawn, caption, origin, FONT, scale, (40,) * 3, 1, cv2.LINE_AA)
    band[:] = drawn
