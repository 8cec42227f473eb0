"""Picture: a frame of a video in, the same out, changed in parts."""

import functools

import av
import numpy as np

from helpers.footage.media import conversion, hdr
from helpers.footage.media.color_planes import (
    RED_AND_BLUE,
    planes_to_rgb,
    rgb_to_planes,
)
from helpers.footage.media.orientations import mark_of


class VideoPicture:
    """A frame of a video, upright, whose parts can be read and changed.

    Most videos store brightness in full and colour at half the size. Of such
    a frame only the rectangle that is read gets converted, and only pixels
    that were changed are converted back: the others reach the encoder as they
    came out of the decoder, to the bit. Frames of other formats (10 bit, HDR,
    rotated or mirrored, transparent, with pixels that are no squares) are
    converted as a whole.

    Attributes:
        index: int.
        time: float, seconds since the start of the video.
        shape: tuple `(height, width, 3)`.
    """

    def __init__(self, index, time, frame, stream):
        self.index, self.time = index, time
        self.ended = False
        self._matrix = conversion.written_matrix(frame)
        self._whole = self._planes = self._pixels = None
        if _is_plain(frame, stream):
            self._whole = functools.partial(
                conversion.upright_frame, frame, stream
            )
            self._planes = frame.to_ndarray()
            self.shape = (frame.height, frame.width, 3)
        else:
            self._pixels = conversion.upright_frame(frame, stream)
            self.shape = self._pixels.shape

    def read(self, left, top, right, bottom):
        """A rectangle of the picture.

        Args:
            left, top, right, bottom: int, in pixels; the right column and the
                bottom row are the first outside.

        Returns:
            uint8 array, shape `(bottom - top, right - left, 3)`, RGB: a copy.

        Raises:
            ValueError: if it is empty or reaches beyond the picture.
        """
        height, width, _ = self.shape
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise ValueError(
                f"A rectangle within {width} x {height} pixels is needed. "
                f"Received: {(left, top, right, bottom)}"
            )
        if self._planes is None:
            return self._pixels[top:bottom, left:right].copy()
        # two pixels more: at its border colour is mixed with its neighbours'
        x, y = max(0, left // 2 * 2 - 2), max(0, top // 2 * 2 - 2)
        x_end = min(width, (right + 1) // 2 * 2 + 2)
        y_end = min(height, (bottom + 1) // 2 * 2 + 2)
        brightness, *colors = self._slices(x, y, x_end, y_end)
        rgb = planes_to_rgb(brightness, colors, self._matrix)
        return rgb[top - y : bottom - y, left - x : right - x].copy()

    def write(self, left, top, rgb, before=None):
        """Put a changed rectangle back.

        Args:
            left, top: int, in pixels, where its first pixel goes.
            rgb: uint8 array, shape `(height, width, 3)`, RGB.
            before: what `read` gave of this rectangle, if it is at hand:
                where it begins and ends on even pixels it need not be read
                again.

        Raises:
            ValueError: see `read`.
        """
        height, width = rgb.shape[:2]
        if self._planes is None:
            self._pixels[top : top + height, left : left + width] = rgb
            return
        # whole blocks of the colour, which is stored for four pixels at once
        x, y = left // 2 * 2, top // 2 * 2
        x_end, y_end = -(-(left + width) // 2) * 2, -(-(top + height) // 2) * 2
        if before is None or before.shape[:2] != (y_end - y, x_end - x):
            before = self.read(x, y, x_end, y_end)
        block = before.copy()
        inside = np.s_[top - y : top - y + height, left - x : left - x + width]
        changed = np.zeros(block.shape[:2], bool)
        changed[inside] = _any_of(*np.moveaxis(rgb != block[inside], -1, 0))
        block[inside] = rgb
        four = _any_of(
            changed[::2, ::2],
            changed[::2, 1::2],
            changed[1::2, ::2],
            changed[1::2, 1::2],
        )
        self._whole = None
        planes = zip(
            self._slices(x, y, x_end, y_end),
            rgb_to_planes(block, self._matrix),
            (changed, four, four),
            strict=True,
        )
        for old, new, where in planes:
            np.copyto(old, new, where=where)

    def rgb(self):
        """The whole picture: uint8 array, shape `(height, width, 3)`."""
        if self._whole is not None:
            return self._whole()
        height, width, _ = self.shape
        return self.read(0, 0, width, height)

    def replace(self, rgb):
        """Put a new picture, of any size, into this one's place.

        Args:
            rgb: uint8 array, shape `(height, width, 3)`, RGB.
        """
        self._planes, self._pixels = None, rgb
        self.shape = np.shape(rgb)

    def end(self):
        """End the result before this picture."""
        self.ended = True

    def encoded(self):
        """What the writer takes: planes as a frame of `av`, or RGB."""
        if self._planes is None:
            return self._pixels, self._matrix
        frame = av.VideoFrame.from_ndarray(self._planes, format="yuv420p")
        return frame, self._matrix

    def _slices(self, left, top, right, bottom):
        """The three planes' parts of a rectangle on even pixels, as views."""
        height, width, _ = self.shape
        brightness, *colors = _split_planes(self._planes, height, width)
        yield brightness[top:bottom, left:right]
        for color in colors:
            yield color[top // 2 : bottom // 2, left // 2 : right // 2]


def _is_plain(frame, stream):
    """Whether a frame can be changed in parts, see `VideoPicture`."""
    full_range = 2
    shape = stream.sample_aspect_ratio
    return (
        frame.format.name == "yuv420p"
        and frame.color_range != full_range
        and mark_of(frame) == 1
        and shape in (None, 0, 1)
        and frame.width % 2 == frame.height % 2 == 0
        and conversion.color_matrix(frame) in RED_AND_BLUE
        and hdr.transfer_of(frame) is None
        and not hdr.has_wide_color(frame)
    )


def _any_of(first, *others):
    """Elementwise or; NumPy's `any` along a short axis is ten times slower."""
    result = first.copy()
    for other in others:
        result |= other
    return result


def _split_planes(planes, height, width):
    """Brightness and two colours of a yuv420p array, as views."""
    flat = planes.reshape(-1)
    whole, quarter = height * width, height * width // 4
    yield flat[:whole].reshape(height, width)
    for start in (whole, whole + quarter):
        color = flat[start : start + quarter]
        yield color.reshape(height // 2, width // 2)
