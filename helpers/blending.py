"""Blending: a swapped face and its target's crop in, one without a seam out.

Each mode fits the face to its target and is then laid over it along the mask.
"""

import cv2
import numpy as np

from helpers.color_transfer import (
    check_choice,
    check_crops,
    match_spread,
    pixels_inside,
)
from helpers.relighting import take_light

# lightness gets the target's contrast within these limits, a and b keep theirs
CONTRAST_RATIO = ((0.5, 2.0), (1.0, 1.0), (1.0, 1.0))


def blend_crop(face, target_crop, mask, method="alpha", **options):
    """A face put into its target's crop.

    Args:
        face, target_crop, mask, method, **options: as for `fit_face`.

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Raises:
        ValueError: see `fit_face`.

    Example:
        >>> from helpers.blending import blend_crop
        >>> face, target = np.zeros((4, 4, 3)), np.ones((4, 4, 3))
        >>> mask = np.full((4, 4), 0.75)
        >>> float(blend_crop(face, target, mask, "alpha")[0, 0, 0])
        0.25
    """
    fitted = fit_face(face, target_crop, mask, method, **options)
    alpha = np.asarray(mask, np.float32)[..., None]
    return alpha * fitted + (1 - alpha) * np.asarray(target_crop, np.float32)


def fit_face(face, target_crop, mask, method="alpha", **options):
    """A face as it should be laid over its target along the mask.

    Args:
        face: float32 array, shape `(height, width, 3)`, RGB 0-1.
        target_crop: float32 array, same shape.
        mask: float array, shape `(height, width)`, 0-1, feathered.
        method: one of `BLENDS`: `"alpha"` leaves the face as it is; for the
            others see `blend_bands`, `solve_poisson` and
            `relighting.take_light`.
        **options: of these.

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Raises:
        ValueError: if an argument is unknown, out of range or of a wrong
            shape.

    Example:
        >>> from helpers.blending import fit_face
        >>> face, target = np.full((8, 8, 3), 0.2), np.full((8, 8, 3), 0.6)
        >>> fitted = fit_face(face, target, np.ones((8, 8)), "relight")
        >>> round(float(fitted[4, 4, 0]), 2)  # "alpha" leaves it at 0.2
        0.6
    """
    check_choice("method", method, BLENDS)
    face, target_crop, mask = check_crops(face, target_crop, mask)
    return fit_to_target(face, target_crop, mask, method, **options)


def fit_to_target(face, target_crop, mask, method, **options):
    """`fit_face()` of what has been checked, as in compositing."""
    if method == "alpha":
        return face
    fitted = BLENDS[method](face, target_crop, mask, **options)
    return np.clip(fitted, 0, 1)


def blend_bands(face, target_crop, mask, keep_low=2):
    """The paper's blend, which keeps the target's light and contrast.

    Mixes each band of spatial frequencies on its own and takes the coarsest
    ones from the target alone: where the light comes from, and its colour,
    are the target's, features are the face's.

    Args:
        face, target_crop, mask: as for `fit_face`.
        keep_low: int. Number of coarsest bands, of about log2 of the side,
            that are taken from the target. More than three bring back the
            target's own features.

    Returns:
        float32 array, shape `(height, width, 3)`.

    Raises:
        ValueError: if there are not so many bands.

    Example:
        >>> from helpers.blending import blend_bands
        >>> face, target = np.random.default_rng(0).random((2, 16, 16, 3), "f4")
        >>> blended = blend_bands(face, target, target[..., 0], keep_low=4)
        >>> bool(np.allclose(blended, target, atol=1e-5))  # all bands are kept
        True

    Reference:
        Naruniec et al., "High-resolution neural face swapping for visual
        effects", 2020, the compositing that keeps light and contrast: a
        multi-band blend without the coarsest bands. Its contrast formula is
        not published; ours matches the spread of lightness in the mask.
        Bands: Burt and Adelson, "A multiresolution spline", 1983.
    """
    bands = int(np.log2(min(mask.shape)))  # the coarsest is 2 to 3 pixels
    if not 0 <= keep_low <= bands:
        raise ValueError(
            f"A crop of shape {mask.shape} has {bands} bands, so keep_low is "
            f"0 to {bands}. Received: keep_low={keep_low!r}"
        )
    # the means are low frequencies, matched here only so that the next step
    # shows no edge
    face = match_spread(face, target_crop, pixels_inside(mask), CONTRAST_RATIO)
    # what a decoder draws outside the mask was never trained
    face = np.where(mask[..., None] > 0, face, target_crop)
    weights = _gaussian_bands(mask, bands)
    face_bands = _laplacian_bands(face, bands)
    target_bands = _laplacian_bands(target_crop, bands)
    result = np.zeros_like(target_bands[-1])
    for index in reversed(range(bands)):
        band = target_bands[index]
        if index < bands - keep_low:
            alpha = weights[index][..., None]
            band = alpha * face_bands[index] + (1 - alpha) * band
        if index < bands - 1:
            band = band + _enlarge(result, band)
        result = band
    return result


def solve_poisson(face, target_crop, mask):
    """The face's own steps from pixel to pixel, on the target's border.

    Inside the mask the picture is found whose gradients are the face's and
    whose border is the target's. What the border does not say of the light is
    lost, and a dark pixel on it spreads into the face.

    Args:
        face, target_crop: as for `fit_face`.
        mask: float32 array, shape `(height, width)`, 0-1. Pixels above 0.5
            are solved for.

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Example:
        >>> from helpers.blending import solve_poisson
        >>> face, target = np.full((16, 16, 3), 0.8), np.full((16, 16, 3), 0.2)
        >>> mask = np.pad(np.ones((8, 8)), 4)
        >>> round(float(solve_poisson(face, target, mask)[8, 8, 0]), 2)
        0.2

    Reference:
        Perez, Gangnet and Blake, "Poisson image editing", 2003, equation 4,
        as OpenCV's `seamlessClone` computes it.
    """
    inside = pixels_inside(mask).astype(np.uint8) * 255
    # OpenCV needs bytes, and a border around what is solved
    margin = 2
    sides = (margin,) * 4
    face, target_crop = (
        cv2.copyMakeBorder(
            np.rint(crop * 255).astype(np.uint8), *sides, cv2.BORDER_REPLICATE
        )
        for crop in (face, target_crop)
    )
    inside = cv2.copyMakeBorder(inside, *sides, cv2.BORDER_CONSTANT, value=0)
    # it puts the middle of the mask's rectangle, not of the face, to a point
    x, y, width, height = cv2.boundingRect(inside)
    middle = (x + width // 2, y + height // 2)
    cloned = cv2.seamlessClone(
        face, target_crop, inside, middle, cv2.NORMAL_CLONE
    )
    cloned = cloned[margin:-margin, margin:-margin]
    return cloned.astype(np.float32) / 255


BLENDS = {
    "alpha": None,
    "multiband": blend_bands,
    "poisson": solve_poisson,
    "relight": take_light,
}


def _gaussian_bands(image, bands):
    """The image, and again and again at half the size."""
    pyramid = [image]
    for _ in range(bands - 1):
        pyramid.append(cv2.pyrDown(pyramid[-1]))
    return pyramid


def _laplacian_bands(image, bands):
    """What each halving loses, and what is left at last."""
    pyramid = _gaussian_bands(image, bands)
    fine = [
        pyramid[index] - _enlarge(pyramid[index + 1], pyramid[index])
        for index in range(bands - 1)
    ]
    return [*fine, pyramid[-1]]


def _enlarge(image, like):
    height, width = like.shape[:2]
    return cv2.pyrUp(image, dstsize=(width, height))
