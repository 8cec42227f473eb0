"""Uniform frames: a video that was opened in, frames of one moment and one
shape out, from wherever they come: what every reader and editor starts from.
"""

import collections

import av
import cv2
import numpy as np

from helpers.footage.media import containers, conversion
from helpers.footage.media.animations import Animation
from helpers.footage.media.deinterlacing import without_comb

DEINTERLACED = "interlaced: its frames are de-interlaced"
CHANGES = ("its size changes", "its colour matrix changes")
# a difference between two shapes that no face shows; less than a macroblock
ROUNDING = 0.02


def uniform_frames(path, container, stream, notes=None):
    """Frames of a video or an animation, in order, all like the first.

    Interlaced ones are de-interlaced. Where size, turn, shape of pixels or
    colour matrix change on the way, as in calls on the web, when a phone is
    turned, or in television, later frames are brought to the first one's.

    Args:
        path: str or path, for messages.
        container: see `containers.open_video`.
        stream: see `containers.open_video`.
        notes: list; what was done of this is added to it in words, once
            reading ends. Or `None`.

    Yields:
        `av.VideoFrame`, for `conversion.upright_frame`.

    Raises:
        MediaError: see `containers.decode_frames`.
    """
    if isinstance(stream, Animation):
        yield from stream.frames()
        return
    counts = collections.Counter()
    decoded = containers.decode_frames(path, container, stream, notes)
    try:
        yield from _of_one_shape(
            without_comb(_count_combed(decoded, counts)), stream, counts
        )
    finally:
        if notes is not None:
            notes += _in_words(counts)


def _count_combed(frames, counts):
    for frame in frames:
        counts["interlaced"] += frame.interlaced_frame
        yield frame


def _in_words(counts):
    said = [DEINTERLACED] if counts["interlaced"] else []
    for what, count in counts.items():
        if what in CHANGES and count:
            frames = "1 frame is" if count == 1 else f"{count} frames are"
            said.append(f"{what} on the way: {frames} brought to the first's")
    return said


def _of_one_shape(frames, stream, counts):
    first = began = None
    for frame in frames:
        shape = stream.codec_context.sample_aspect_ratio
        if first is None:
            began = shape
        # the header's, until the pixels change on the way
        shape = None if shape == began else conversion.sound_shape(shape)
        kind = (
            conversion.upright_size(frame, stream, shape),
            conversion.written_matrix(frame),
        )
        first = first or kind
        if kind != first:
            counts[CHANGES[kind[0] == first[0]]] += 1
            rgb = conversion.upright_frame(frame, stream, shape=shape)
            frame = _reshaped(frame, rgb, *first)
        yield frame


def _reshaped(frame, rgb, size, matrix):
    """A frame as RGB of another's size, on black where it has another shape.

    Players stretch what does not fit, and with it the faces of everybody who
    turned a phone. Those would be found and learned stretched.
    """
    reshaped = av.VideoFrame.from_ndarray(fit(rgb, size), format="rgb24")
    reshaped.pts, reshaped.time_base = frame.pts, frame.time_base
    reshaped.opaque = conversion.UPRIGHT
    reshaped.colorspace = 1 if matrix == "ITU709" else 5
    return reshaped


def fit(picture, size):
    """A picture as large as fits into a size, in the middle, on black.

    Args:
        picture: uint8 array, shape `(height, width, 3)`.
        size: tuple `(height, width)` in pixels.

    Returns:
        uint8 array, shape `(*size, 3)`.
    """
    height, width = picture.shape[:2]
    scales = size[0] / height, size[1] / width
    if max(scales) < (1 + ROUNDING) * min(scales):
        inner = size
    else:
        inner = [max(1, round(s * min(scales))) for s in (height, width)]
    smaller = min(scales) < 1
    scaled = cv2.resize(
        picture,
        tuple(inner)[::-1],
        interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC,
    )
    top, left = (
        (outer - part) // 2 for outer, part in zip(size, inner, strict=True)
    )
    page = np.zeros((*size, 3), np.uint8)
    page[top : top + inner[0], left : left + inner[1]] = scaled
    return page
