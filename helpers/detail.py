"""Fine detail: a swapped face in, one as sharp and as grainy as its target out.

A decoder draws softer than a camera sees, and its few pixels are enlarged. So
a swap is told by a soft face in a sharp frame, even where light and colour fit.
"""

import cv2
import numpy as np

from helpers.color_transfer import check_crops, pixels_inside

# Standard deviations in pixels of the crop: what lies between a picture and
# its blur by the first, and between that and the blur by the second, is fine.
FINE = (1.0, 2.0)
# What a decoder draws trembles a little, and sharper it trembles more: with 1.5
# a real clip flickered by a tenth more than without, with this by a twentieth.
MOST_SHARPENED = 1.25
# Grain is weak everywhere. Where it is twice as strong as usual in a window of
# so many pixels there is a brow or the rim of glasses, and none is taken; else
# its outline would stay as a ghost in the swapped face.
GRAIN_WINDOW = (5, 5)
GRAIN_REACH = 2.0  # standard deviations of the grain that is taken


def match_sharpness(face, target_crop, mask, most=MOST_SHARPENED):
    """The face with as much fine detail as its target has.

    Args:
        face: float32 array, shape `(height, width, 3)`, RGB 0-1.
        target_crop: float32 array, same shape.
        mask: float array, shape `(height, width)`, 0-1. Pixels above 0.5 say
            how much detail there is.
        most: float of at least 1. How many times as strong detail gets at
            most; it never gets weaker.

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Raises:
        ValueError: if the shapes or ranges do not fit, or `most` is below 1.

    Example:
        >>> from helpers.detail import match_sharpness
        >>> board = np.indices((8, 8, 3))[:2].sum(axis=0) % 2 - 0.5
        >>> face, target = 0.5 + 0.2 * board, 0.5 + 0.8 * board
        >>> sharper = match_sharpness(face, target, np.ones((8, 8)), most=1.5)
        >>> round(float(np.ptp(face)), 2), round(float(np.ptp(sharper)), 2)
        (0.2, 0.3)
    """
    if not most >= 1:
        raise ValueError(
            "Detail is made at most so many times as strong, at least 1. "
            f"Received: most={most!r}"
        )
    face, target_crop, mask = check_crops(face, target_crop, mask)
    return sharpen_face(face, target_crop, mask, most)


def sharpen_face(face, target_crop, mask, most=MOST_SHARPENED):
    """`match_sharpness()` of what has been checked, as in compositing."""
    inside = pixels_inside(mask)
    given, wanted = (
        [float(band[inside].std()) for band in _fine_bands(_grey(picture))]
        for picture in (face, target_crop)
    )
    result = face
    for own, strength, target in zip(
        _fine_bands(face), given, wanted, strict=True
    ):
        gain = np.clip(target / max(strength, 1e-6), 1, most)
        result = result + np.float32(gain - 1) * own
    return np.clip(result, 0, 1)


def lacking_detail(face, target_crop, mask, sigma):
    """How much of its target's finest detail a face lacks.

    Args:
        face, target_crop, mask: as for `match_sharpness()`.
        sigma: float. Standard deviation in pixels: what such a blur takes
            away is finest detail.

    Returns:
        float, 0-1: by how much the target's has to be weakened so that both
        together are as strong as the target's alone.

    Example:
        >>> from helpers.detail import lacking_detail
        >>> board = np.indices((8, 8, 3)).sum(axis=0) % 2 - np.float32(0.5)
        >>> inside = np.ones((8, 8))
        >>> [round(lacking_detail(k * board, board, inside, 1), 2)
        ...  for k in (0, 0.6, 1)]
        [1.0, 0.8, 0.0]
    """
    inside = pixels_inside(mask)
    greys = [_grey(picture) for picture in (face, target_crop)]
    own, wanted = (
        (grey - cv2.GaussianBlur(grey, (0, 0), sigma))[inside].std()
        for grey in greys
    )
    share = float(own / max(wanted, 1e-6))
    return (1 - min(share, 1) ** 2) ** 0.5


def find_grain(picture, smooth, alpha):
    """What a camera adds to a picture of the crop's few pixels: its grain.

    Pores and noise are weak and everywhere, brows, lids and glasses strong:
    what is finer than the crop is taken only where it is weak, so that no
    feature of the target comes along.

    Args:
        picture: uint8 array, shape `(height, width, 3)`, part of a frame.
        smooth: float32 array, same shape, 0-1: the target's crop, enlarged
            to it.
        alpha: float32 array, shape `(height, width, 1)`, 0-1: the mask there.

    Returns:
        float32 array, shape `(height, width, 3)`, to be added to a face, 0-1.

    Example:
        >>> from helpers.detail import find_grain
        >>> board = np.indices((8, 8, 3)).sum(axis=0) % 2
        >>> picture, smooth = np.uint8(126 + 4 * board), 0 * board + 128 / 255
        >>> grain = find_grain(picture, smooth, np.ones((8, 8, 1)))
        >>> [round(float(step)) for step in 255 * grain[0, :4, 0]]
        [-2, 2, -2, 2]
    """
    fine = picture / np.float32(255) - smooth
    strength = cv2.blur(np.abs(fine).mean(axis=-1), GRAIN_WINDOW)
    # every fourth pixel: the median of all costs more than the rest
    sample = strength[::4, ::4][alpha[::4, ::4, 0] > 0.5]
    if not sample.size:
        return np.zeros_like(fine)
    usual = max(float(np.median(sample)), 1e-6)
    weight = np.clip(2 - strength / usual, 0, 1)[..., None]
    # 0.8 standard deviations are the mean distance of a normal distribution
    reach = GRAIN_REACH * usual / 0.8
    return weight * np.clip(fine, -reach, reach)


def _grey(picture):
    """Mean of the channels, float32, shape `(height, width)`."""
    return cv2.transform(picture, np.full((1, 3), 1 / 3, np.float32))


def _fine_bands(picture):
    """What each blur of `FINE` takes away from the one before it."""
    blurred = [picture]
    for sigma in FINE:
        blurred.append(cv2.GaussianBlur(picture, (0, 0), sigma))
    return [
        sharper - softer
        for sharper, softer in zip(blurred, blurred[1:], strict=False)
    ]
