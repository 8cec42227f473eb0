"""Conversion: a decoded frame of a video in, upright RGB out."""

import fractions
import functools

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation

from helpers.footage.media import hdr
from helpers.footage.media.opening import (
    VIDEO_ERRORS,
    MediaError,
    words_of,
)
from helpers.footage.media.orientations import SIDEWAYS, make_upright, mark_of

# without these flags every pass darkens a picture by one grey level
EXACT_COLOR = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
)

# wider or higher than this no video's pixels are
WIDEST_PIXEL = 4

# what `opaque` holds of a frame that is RGB, upright and of square pixels
UPRIGHT = "upright"

# ffmpeg's numbers of colour matrices, with PyAV's names
MATRICES = {
    1: "ITU709",
    4: "FCC",
    5: "ITU601",
    6: "ITU601",
    7: "SMPTE240M",
    9: "BT2020",
    10: "BT2020",
}
# RGB, not marked, and two that are worked out from the primaries
UNMARKED = (0, 2, 3, 12, 13)
# matrices that no player is sure to know, with those that are written instead
WRITTEN = {"BT2020": "ITU709", "SMPTE240M": "ITU709", "FCC": "ITU601"}


def color_matrix(frame):
    """Colour matrix of a frame; unmarked ones follow the players' custom.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        str, one of `MATRICES`.
    """
    marked = MATRICES.get(frame.colorspace)
    if marked is not None:
        return marked
    if hdr.has_wide_color(frame):
        return "BT2020"
    if frame.colorspace in UNMARKED and frame.height >= 720:
        return "ITU709"
    return "ITU601"


def is_matrix_known(frame):
    """Whether a frame's colours are read right, not only as good as can be.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        bool; false of those that libswscale does not know, such as YCgCo.
    """
    rgb = frame.format.is_rgb
    return rgb or frame.colorspace in (*MATRICES, *UNMARKED[1:])


def written_matrix(frame):
    """Colour matrix that a frame has once it is written.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        `"ITU601"` or `"ITU709"`.
    """
    matrix = color_matrix(frame)
    return WRITTEN.get(matrix, matrix)


@functools.cache
def _alpha(name):
    kind = av.VideoFormat(name)
    return name == "pal8" or any(part.is_alpha for part in kind.components)


def has_alpha(frame):
    """Whether parts of a frame may be transparent.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        bool.
    """
    return _alpha(frame.format.name)


def is_seen_through(frame):
    """Whether some of a frame is transparent, not only could be.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        bool.
    """
    if not has_alpha(frame):
        return False
    return bool(frame.reformat(format="rgba").to_ndarray()[..., 3].min() < 255)


def upright_frame(frame, stream, size=None, shape=None):
    """A frame as RGB, upright and with square pixels.

    Args:
        frame: `av.VideoFrame`.
        stream: the one it is of, see `containers.open_video`.
        size: tuple `(height, width)`, see `reading.read_frames`, or `None`.
        shape: see `upright_size`.

    Returns:
        uint8 array, shape `(height, width, 3)`, RGB; white where the frame is
        transparent.

    Raises:
        MediaError: if it cannot be read: a broken one can be of any format.
    """
    try:
        whole = size or upright_size(frame, stream, shape)
        return _convert(frame, whole, size is not None)
    except VIDEO_ERRORS as error:
        raise MediaError(
            f"The video holds a frame that cannot be read ({frame}: "
            f"{words_of(error)}). "
            "Convert the video to H.264, or use what comes before."
        ) from error


def sound_shape(shape):
    """How many times as wide as high pixels are, if that can be.

    Args:
        shape: fraction that a header states, or `None`.

    Returns:
        fractions.Fraction; 1 for what no camera has, as the header is broken.
    """
    shape = shape or fractions.Fraction(1)
    sound = 1 / WIDEST_PIXEL <= shape <= WIDEST_PIXEL
    return shape if sound else fractions.Fraction(1)


def upright_size(frame, stream, shape=None):
    """The size of a frame that is upright, with square pixels.

    Args:
        frame: `av.VideoFrame`.
        stream: see `upright_frame`.
        shape: fraction, see `sound_shape`; `None`: what the stream says.

    Returns:
        tuple `(height, width)` in pixels.
    """
    width, height = frame.width, frame.height
    if frame.opaque == UPRIGHT:
        return height, width
    shape = shape or sound_shape(stream.sample_aspect_ratio)
    if shape > 1:
        width = round(width * shape)
    elif shape < 1:
        height = round(height / shape)
    return (width, height) if mark_of(frame) in SIDEWAYS else (height, width)


def _convert(frame, upright_size, scaled):
    mark = 1 if frame.opaque == UPRIGHT else mark_of(frame)
    height, width = upright_size[::-1] if mark in SIDEWAYS else upright_size
    quality = Interpolation.BILINEAR if scaled else EXACT_COLOR
    if has_alpha(frame):
        # before it is scaled: what is hidden may not bleed into its edges
        frame = av.VideoFrame.from_ndarray(_on_white(frame), format="rgb24")
    picture = _to_rgb(frame, width, height, quality)
    return make_upright(picture, mark)


def _to_rgb(frame, width, height, quality, alpha=False):
    """Frame -> uint8 array, shape `(height, width, 3 or 4)`, as stored."""
    transfer, wide = hdr.transfer_of(frame), hdr.has_wide_color(frame)
    ordinary = transfer is None and not wide
    # of 10 bits libswscale makes no sound rgb48
    kinds = ("rgb24", "rgba") if ordinary else ("gbrp16le", "gbrap16le")
    picture = frame.reformat(
        width=width,
        height=height,
        format=kinds[alpha],
        src_colorspace=color_matrix(frame),
        interpolation=quality,
    ).to_ndarray()
    if ordinary:
        return picture
    rgb = hdr.to_sdr(np.ascontiguousarray(picture[..., :3]), transfer, wide)
    if not alpha:
        return rgb
    opacity = (picture[..., 3:] // 257).astype(np.uint8)
    return np.concatenate([rgb, opacity], axis=-1)


def _on_white(frame):
    """A frame on white: the colour of the page, as of photos."""
    picture = _to_rgb(frame, frame.width, frame.height, EXACT_COLOR, True)
    opacity = cv2.cvtColor(picture[..., 3], cv2.COLOR_GRAY2RGB)
    color = cv2.multiply(picture[..., :3], opacity, scale=1 / 255)
    return cv2.add(color, cv2.bitwise_not(opacity))
