"""Blending: a swapped face and its target in, a frame without a seam out."""

import cv2
import numpy as np

from helpers.alignment import (
    SHRINK_LIMIT,
    invert_transform,
    matrix_scale,
    transform_points,
)

COLORS = ("none", "mean", "reinhard")
BLENDS = ("alpha", "multiband")

# Fewer pixels than this say nothing reliable about colour.
MIN_PIXELS = 16
# Limits on how the spread of L, a and b changes. Without them the noise of a
# flat face is blown up; and a and b need narrow ones, because three times the
# spread of b (a warm lamp on one side of the target) gave blue lips.
COLOR_RATIO = ((0.3, 3.0), (0.5, 1.5), (0.5, 1.5))
CONTRAST_RATIO = ((0.5, 2.0), (1.0, 1.0), (1.0, 1.0))


def check_modes(color="reinhard", blend="alpha"):
    """Stop before the work begins if a mode does not exist.

    Args:
        color: one of `COLORS`, see `match_color`.
        blend: one of `BLENDS`, see `blend_crop`.

    Raises:
        ValueError: if one is unknown.
    """
    _check_choice("color", color, COLORS)
    _check_choice("blend", blend, BLENDS)


def match_color(face, target_crop, mask, method="reinhard"):
    """The face in the colours of the target.

    Only pixels inside the mask count on both sides: hair and background do
    not say how a skin is lit. They are picked out, not set to black, which
    would pull every mean towards black.

    Args:
        face: float32 array, shape `(height, width, 3)`, RGB 0-1.
        target_crop: float32 array, same shape, the crop to look like.
        mask: float array, shape `(height, width)`, 0-1. Pixels above 0.5
            count.
        method: `"none"`; `"mean"` (each RGB channel gets the target's mean);
            `"reinhard"` (each CIELAB channel gets the target's mean and
            spread, the latter within limits).

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Raises:
        ValueError: if the method is unknown, the shapes or ranges do not
            fit, or the mask has fewer than 16 pixels.

    Reference:
        Reinhard et al., "Color transfer between images", 2001, equations
        10 and 11, with CIELAB instead of their l-alpha-beta space.
    """
    _check_choice("method", method, COLORS)
    face, target_crop, mask = _check_crops(face, target_crop, mask)
    if method == "none":
        return face
    inside = _inside(mask)
    if method == "mean":
        shift = target_crop[inside].mean(axis=0) - face[inside].mean(axis=0)
        return np.clip(face + shift, 0, 1)
    return _match_statistics(face, target_crop, inside, COLOR_RATIO)


def blend_crop(face, target_crop, mask, method="alpha", keep_low=2):
    """A face put into its target crop.

    `"alpha"` mixes the two along the feathered mask. `"multiband"` mixes each
    band of spatial frequencies on its own and takes the coarsest ones from
    the target alone: where the light comes from, and its colour, are the
    target's, features are the face's.

    Args:
        face: float32 array, shape `(height, width, 3)`, RGB 0-1.
        target_crop: float32 array, same shape.
        mask: float array, shape `(height, width)`, 0-1, feathered.
        method: `"alpha"` or `"multiband"`.
        keep_low: int. Number of coarsest bands, of about log2 of the side,
            that `"multiband"` takes from the target. More than three bring
            back the target's own features.

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Raises:
        ValueError: if an argument is unknown, out of range or of a wrong
            shape.

    Reference:
        Naruniec et al., "High-resolution neural face swapping for visual
        effects", 2020, the compositing that keeps light and contrast: a
        multi-band blend without the coarsest bands. Its contrast formula is
        not published; ours matches the spread of lightness in the mask.
        Bands: Burt and Adelson, "A multiresolution spline", 1983.
    """
    _check_choice("method", method, BLENDS)
    face, target_crop, mask = _check_crops(face, target_crop, mask)
    if method == "alpha":
        alpha = mask[..., None]
        return alpha * face + (1 - alpha) * target_crop
    return _blend_bands(face, target_crop, mask, keep_low)


def paste_crop(frame, crop, matrix, mask):
    """A crop put back where it was cut, along its mask.

    Only the rectangle around the mask is worked on. Where the mask is zero
    the frame keeps its very bits.

    Args:
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        crop: float32 array, shape `(size, size, 3)`, RGB 0-1.
        matrix: float array, shape `(2, 3)`, frame pixels to crop pixels: the
            one that the crop was cut with.
        mask: float array, shape `(size, size)`, 0-1, share of the crop in
            the result.

    Returns:
        uint8 array, shape `(height, width, 3)`: a new frame.

    Raises:
        ValueError: if the shapes, types or ranges do not fit.
    """
    frame = np.asarray(frame)
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ValueError(
            "A frame is a uint8 array of shape (height, width, 3). "
            f"Received: {frame.dtype} {frame.shape}"
        )
    crop, _, mask = _check_crops(crop, crop, mask)
    result = frame.copy()
    left, top, right, bottom = _mask_rectangle(mask, matrix, frame.shape)
    if left >= right or top >= bottom:
        return result  # the face lies wholly outside the frame
    crop, mask, matrix = _shrink_crop(crop, mask, matrix)
    matrix = matrix.copy()
    matrix[:, 2] = transform_points(matrix, (left, top))
    size = (right - left, bottom - top)
    # read with the frame-to-crop matrix, so no rounding of an inverse
    face = cv2.warpAffine(
        crop,
        matrix,
        size,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    # linear, because a cubic would ring below zero at the mask's foot
    alpha = cv2.warpAffine(
        mask, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )[..., None]
    region = result[top:bottom, left:right]
    mixed = region + alpha * (face * 255 - region)
    region[:] = np.clip(np.rint(mixed), 0, 255)
    return result


def composite_face(
    frame, face, target_crop, matrix, mask, color="reinhard", blend="alpha"
):
    """Colour, blend and paste: a decoded face into its frame.

    Args:
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        face: float32 array, shape `(size, size, 3)`, RGB 0-1: what the
            source's decoder gave.
        target_crop: float32 array, same shape: what the encoder saw.
        matrix: float array, shape `(2, 3)`, frame pixels to crop pixels.
        mask: float array, shape `(size, size)`, 0-1, feathered.
        color: see `match_color`.
        blend: see `blend_crop`.

    Returns:
        uint8 array, shape `(height, width, 3)`: a new frame.

    Raises:
        ValueError: see `match_color`, `blend_crop` and `paste_crop`.
    """
    check_modes(color, blend)
    face = match_color(face, target_crop, mask, color)
    if blend != "alpha":
        face = blend_crop(face, target_crop, mask, blend)
    # pasting is itself the alpha blend, at the frame's own resolution
    return paste_crop(frame, face, matrix, mask)


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(
            f"{name} should be one of {', '.join(choices)}. "
            f"Received: {name}={value!r}"
        )


def _check_crops(face, target_crop, mask):
    face, target_crop = np.asarray(face), np.asarray(target_crop)
    mask = np.asarray(mask)
    if (
        face.ndim != 3
        or face.shape[2] != 3
        or face.shape != target_crop.shape
        or mask.shape != face.shape[:2]
    ):
        raise ValueError(
            "Face and target should have one shape (height, width, 3), the "
            f"mask (height, width). Received: {face.shape}, "
            f"{target_crop.shape} and {mask.shape}"
        )
    kinds = (face.dtype.kind, target_crop.dtype.kind, mask.dtype.kind)
    if kinds != ("f", "f", "f"):
        raise ValueError(
            "Crops and mask are float arrays in 0-1; divide uint8 by 255. "
            f"Received: {face.dtype}, {target_crop.dtype} and {mask.dtype}"
        )
    if mask.size and not 0 <= mask.min() <= mask.max() <= 1:
        raise ValueError(
            "A mask lies in 0-1. "
            f"Received: {float(mask.min())!r} to {float(mask.max())!r}"
        )
    as_float32 = [np.asarray(a, np.float32) for a in (face, target_crop, mask)]
    return tuple(as_float32)


def _inside(mask):
    inside = mask > 0.5
    if inside.sum() < MIN_PIXELS:
        raise ValueError(
            f"The mask should mark at least {MIN_PIXELS} pixels, so that their "
            f"colours say something. Received: {int(inside.sum())} above 0.5"
        )
    return inside


def _match_statistics(face, target_crop, inside, limits):
    """Mean and, within limits a channel, spread of the target's CIELAB."""
    lab = cv2.cvtColor(np.ascontiguousarray(face), cv2.COLOR_RGB2LAB)
    wanted = cv2.cvtColor(np.ascontiguousarray(target_crop), cv2.COLOR_RGB2LAB)[
        inside
    ]
    given = lab[inside]
    low, high = np.array(limits, np.float32).T
    ratio = wanted.std(axis=0) / np.maximum(given.std(axis=0), 1e-6)
    ratio = np.clip(ratio, low, high)
    lab = (lab - given.mean(axis=0)) * ratio + wanted.mean(axis=0)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)


def _blend_bands(face, target_crop, mask, keep_low):
    bands = int(np.log2(min(mask.shape)))  # the coarsest is 2 to 3 pixels
    if not 0 <= keep_low <= bands:
        raise ValueError(
            f"A crop of shape {mask.shape} has {bands} bands, so keep_low is "
            f"0 to {bands}. Received: keep_low={keep_low!r}"
        )
    # lightness gets the target's spread, a and b keep their own; the means
    # are low frequencies, matched here only so that the next step shows no
    # edge
    face = _match_statistics(face, target_crop, _inside(mask), CONTRAST_RATIO)
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
    return np.clip(result, 0, 1)


def _gaussian_bands(image, bands):
    pyramid = [image]
    for _ in range(bands - 1):
        pyramid.append(cv2.pyrDown(pyramid[-1]))
    return pyramid


def _laplacian_bands(image, bands):
    pyramid = _gaussian_bands(image, bands)
    fine = [
        pyramid[index] - _enlarge(pyramid[index + 1], pyramid[index])
        for index in range(bands - 1)
    ]
    return [*fine, pyramid[-1]]


def _enlarge(image, like):
    height, width = like.shape[:2]
    return cv2.pyrUp(image, dstsize=(width, height))


def _mask_rectangle(mask, matrix, frame_shape):
    """Left, top, right, bottom of the frame's pixels that the mask touches."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        return 0, 0, 0, 0
    # one pixel wider: linear interpolation reaches to the next pixel
    x = (columns[0] - 1, columns[-1] + 1)
    y = (rows[0] - 1, rows[-1] + 1)
    corners = [(a, b) for a in x for b in y]
    corners = transform_points(invert_transform(matrix), corners)
    height, width = frame_shape[:2]
    # and one frame pixel wider, as a shrunken mask is as coarse as the frame
    left, top = np.floor(corners.min(axis=0) - 1).clip(0, (width, height))
    right, bottom = np.ceil(corners.max(axis=0) + 2).clip(0, (width, height))
    return int(left), int(top), int(right), int(bottom)


def _shrink_crop(crop, mask, matrix):
    """A crop no finer than the frame, by area, so that nothing flickers."""
    matrix = np.asarray(matrix, dtype=np.float64)
    scale = matrix_scale(matrix)  # crop pixels for each frame pixel
    if scale <= SHRINK_LIMIT:
        return crop, mask, matrix
    height, width = mask.shape
    smaller = (
        max(1, round(width / scale)),
        max(1, round(height / scale)),
    )
    factors = np.array([[smaller[0] / width], [smaller[1] / height]])
    matrix = matrix * factors
    matrix[:, 2] += (factors[:, 0] - 1) / 2  # pixel centres, not corners
    crop = cv2.resize(crop, smaller, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(mask, smaller, interpolation=cv2.INTER_AREA)
    return crop, mask, matrix
