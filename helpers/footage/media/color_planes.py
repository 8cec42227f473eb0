"""Colour planes: brightness and colour of video to RGB, and back, in parts.

Most videos store brightness in full and two differences of colour at half the
width and height (yuv420p, limited range). FFmpeg converts whole frames well,
but prepares itself for a millisecond for each new size, and the rectangle
around a face has a new one in every frame.

Reference:
    ITU-R BT.601-7 and BT.709-6, sections on quantisation. Colour lies on the
    left of each two columns and between the two rows, as H.264 supposes where
    a video does not say (ITU-T H.264, annex E, `chroma_sample_loc_type` 0).
"""

import functools

import cv2
import numpy as np

# shares of red and blue in brightness
RED_AND_BLUE = {"ITU601": (0.299, 0.114), "ITU709": (0.2126, 0.0722)}


def planes_to_rgb(brightness, colors, matrix):
    """RGB of a rectangle whose planes are known.

    Args:
        brightness: uint8 array, shape `(height, width)`, 16-235, even sides.
        colors: pair of uint8 arrays, shape `(height / 2, width / 2)`, 16-240:
            the differences of blue and of red.
        matrix: `"ITU601"` or `"ITU709"`.

    Returns:
        uint8 array, shape `(height, width, 3)`, RGB.
    """
    wide = [_widen(color) for color in colors]
    return cv2.transform(cv2.merge((brightness, *wide)), _to_rgb(matrix))


def _widen(color):
    """A plane of colour at the size of brightness, read between its pixels."""
    height, width = color.shape
    # rows of colour lie half way between two of brightness
    tall = cv2.resize(
        color, (width, 2 * height), interpolation=cv2.INTER_LINEAR
    )
    wide = np.empty((2 * height, 2 * width), np.uint8)
    wide[:, ::2] = tall
    following = tall[:, np.r_[1:width, width - 1]]
    wide[:, 1::2] = cv2.addWeighted(tall, 0.5, following, 0.5, 0)
    return wide


def rgb_to_planes(rgb, matrix):
    """The planes of a rectangle.

    Args:
        rgb: uint8 array, shape `(height, width, 3)`, even sides.
        matrix: `"ITU601"` or `"ITU709"`.

    Returns:
        Tuple of three uint8 arrays: brightness, shape `(height, width)`, and
        two differences of colour, shape `(height / 2, width / 2)`.
    """
    brightness, *colors = cv2.split(cv2.transform(rgb, _from_rgb(matrix)))
    return brightness, *(_narrow(color) for color in colors)


def _narrow(color):
    """The reverse of `_widen`: a column between two counts for both."""
    left = cv2.sepFilter2D(
        color,
        -1,
        np.float32([0.25, 0.5, 0.25]),
        np.float32([0.5, 0.5]),
        anchor=(1, 0),
        borderType=cv2.BORDER_REPLICATE,
    )
    return left[::2, ::2]


@functools.cache
def _from_rgb(matrix):
    red, blue = RED_AND_BLUE[matrix]
    weights = np.array([red, 1 - red - blue, blue])
    linear = np.stack(
        [
            weights * 219,
            (np.array([0, 0, 1]) - weights) / (2 * (1 - blue)) * 224,
            (np.array([1, 0, 0]) - weights) / (2 * (1 - red)) * 224,
        ]
    )
    return np.column_stack([linear / 255, [16, 128, 128]])


@functools.cache
def _to_rgb(matrix):
    forth = _from_rgb(matrix)
    back = np.linalg.inv(forth[:, :3])
    return np.column_stack([back, -back @ forth[:, 3]])
