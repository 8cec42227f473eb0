"""Smooth functions that shape and paint a face: arrays in, arrays out."""

import cv2
import numpy as np


def smoothstep(start, end, value):
    """Ramp from 0 at `start` to 1 at `end`, flat on both sides.

    Args:
        start: float, where the ramp begins; may lie above `end`.
        end: float, where the ramp ends.
        value: float or float array of any shape.

    Returns:
        float or float array of the shape of `value`, in 0-1.
    """
    share = np.clip((value - start) / (end - start), 0, 1)
    return share * share * (3 - 2 * share)


def gaussian(x, y, center, radius):
    """Hill of height 1 around `center`.

    Args:
        x: float array of any shape, in cm.
        y: float array that broadcasts with `x`, in cm.
        center: `(x, y)` of the top, in cm.
        radius: `(x, y)` distances at which the hill falls to 1 / e, in cm.

    Returns:
        float array of the common shape, in 0-1.
    """
    return np.exp(
        -(((x - center[0]) / radius[0]) ** 2)
        - ((y - center[1]) / radius[1]) ** 2
    )


def mix(first, second, share):
    """`first` where `share` is 0, `second` where it is 1, a blend between."""
    return first + (second - first) * share


def rounded_curve(value, positions, heights, rounding=0.18):
    """Piecewise linear curve whose corners are rounded.

    Args:
        value: float array of any shape, where to read the curve.
        positions: floats, rising.
        heights: floats, the curve's height at each of `positions`.
        rounding: float in 0-1, share of the curve's length to average over.

    Returns:
        float32 array of the shape of `value`.
    """
    steps = 400
    grid = np.linspace(positions[0], positions[-1], steps)
    width = max(3, int(steps * rounding)) | 1
    window = np.hanning(width + 2)[1:-1]
    line = np.pad(np.interp(grid, positions, heights), width // 2, mode="edge")
    line = np.convolve(line, window / window.sum(), "valid")
    return np.interp(value, grid, line).astype(np.float32)


def linear_light(color):
    """Light of a display colour; gamma 2, because its inverse is a root.

    Args:
        color: three numbers in 0-255, RGB as on a display.

    Returns:
        float32 array, shape `(3,)`, in 0-1.
    """
    return (np.asarray(color, np.float32) / 255) ** 2


def noise_field(generator, shape, cells):
    """Smooth random field with a standard deviation of about 1.

    Args:
        generator: numpy random generator.
        shape: `(height, width)` of the field, in pixels.
        cells: `(height, width)`, number of random values along each side.

    Returns:
        float32 array, shape `(height, width)`.
    """
    cells = (max(2, cells[0]), max(2, cells[1]))
    coarse = generator.normal(size=cells).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)


def unit_vectors(vectors):
    """Vectors scaled to length 1.

    Args:
        vectors: float array, shape `(3, points)`.

    Returns:
        float array, shape `(3, points)`.
    """
    return vectors / (np.sqrt((vectors * vectors).sum(0)) + 1e-9)


def color_column(color):
    """A colour as float32 `(3, 1)`, to meet `(3, points)` arrays."""
    return np.asarray(color, np.float32)[:, None]
