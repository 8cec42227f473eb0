"""Compositing: a decoded face in, its frame with the face in place out."""

import cv2
import numpy as np

from helpers.alignment import invert_transform, matrix_scale, transform_points
from helpers.blending import BLENDS, fit_to_target
from helpers.color_transfer import (
    COLORS,
    check_choice,
    check_crops,
    follow_tint,
    transfer_color,
)
from helpers.crops import SHRINK_LIMIT
from helpers.detail import (
    MOST_SHARPENED,
    find_grain,
    lacking_detail,
    sharpen_face,
)
from helpers.masks import DEFAULT_OCCLUSION, OCCLUSIONS

# Colour and blend: the least error where the target's light is another than the
# face's; on a comb's faces within 3 % of the best (`benchmarks.blending`).
DEFAULT_MODE = ("none", "relight")

# Side in pixels at which colour and light are fitted where a face is drawn
# twice as large or larger.
FIT_SIDE = 64
# Limit of `sharpen_face()` for such a face, above `MOST_SHARPENED`: its edges
# are lids and not pixels of the comb, so they tremble less.
MOST_SHARPENED_LARGE = 2.0
# Standard deviation in pixels of the crop: what such a blur takes from a large
# crop may be grain, see `detail.find_grain`.
GRAIN_BLUR = 1.0
# What is added to pictures before one is held against the other: a black pixel
# can be made no brighter by any factor.
NO_BLACK = np.float32(0.05)


def check_modes(
    color=DEFAULT_MODE[0], blend=DEFAULT_MODE[1], occlusion=DEFAULT_OCCLUSION
):
    """Stop before the work begins if a mode does not exist.

    Args:
        color: one of `COLORS`, see `color_transfer.match_color`.
        blend: one of `BLENDS`, see `blending.fit_face`.
        occlusion: one of `OCCLUSIONS`, see `MaskMaker` in
            `swap.visible_face`.

    Raises:
        ValueError: if one is unknown.
    """
    check_choice("color", color, COLORS)
    check_choice("blend", blend, BLENDS)
    check_choice("occlusion", occlusion, OCCLUSIONS)


def composite_face(
    frame,
    face,
    target_crop,
    matrix,
    mask,
    color=DEFAULT_MODE[0],
    blend=DEFAULT_MODE[1],
):
    """Colour, blend and paste: a decoded face into its frame.

    Unless the blend is `"alpha"`, which leaves the face as it is, it also
    gets as sharp and as grainy as its target, see `detail`. Unless colour is
    left as it is as well, it gets no colour where the target has none.

    Args:
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        face: float32 array, shape `(size, size, 3)`, RGB 0-1: what the
            source's decoder gave.
        target_crop: float32 array, same shape: what the encoder saw.
        matrix: float array, shape `(2, 3)`, frame pixels to crop pixels.
        mask: float array, shape `(size, size)`, 0-1, feathered; or one of
            the same square that is finer, for what is thinner than a crop's
            pixel, or coarser.
        color: see `color_transfer.match_color`.
        blend: see `blending.fit_face`.

    Returns:
        uint8 array, shape `(height, width, 3)`: a new frame.

    Raises:
        ValueError: see `color_transfer.match_color`, `blending.fit_face` and
            `paste_crop`.

    Example:
        >>> from helpers.compositing import composite_face
        >>> frame = np.full((16, 16, 3), 51, np.uint8)
        >>> face, target = np.full((8, 8, 3), 0.8), np.full((8, 8, 3), 0.2)
        >>> matrix, mask = [[1, 0, -4], [0, 1, -4]], np.ones((8, 8))
        >>> composite_face(frame, face, target, matrix, mask)[8, 8].tolist()
        [51, 51, 51]
    """
    check_modes(color, blend)
    inside = _as_large(mask, face)
    if not np.any(inside):
        return np.array(frame)  # nothing of the face is seen
    # here, at the door, and nowhere behind it
    _check_frame(frame)
    face, target_crop, inside = check_crops(face, target_crop, inside)
    if (color, blend) != ("none", "alpha"):
        face = _fit_large(face, target_crop, inside, color, blend)
    grain_of, share = None, 1.0
    if blend != "alpha":
        large = len(face) >= 2 * FIT_SIDE
        most = MOST_SHARPENED_LARGE if large else MOST_SHARPENED
        face = sharpen_face(face, target_crop, inside, most)
        grain_of = target_crop
        if large:
            # as fine as the frame, but mostly without its pores and noise
            grain_of = cv2.GaussianBlur(target_crop, (0, 0), GRAIN_BLUR)
            share = lacking_detail(face, target_crop, inside, GRAIN_BLUR)
    # pasting is itself the alpha blend, at the frame's own resolution
    return _paste(frame, face, matrix, mask, grain_of, share)


def _fit_large(face, target_crop, mask, color, blend):
    """The face in its target's colours and light, fitted where it is small.

    Both vary slowly. So what fitting does to a small picture of the face is
    done to the large one, place by place: a sixteenth of the work, and fine
    features keep their strength against what is around them.
    """
    side = face.shape[0]
    if side < 2 * FIT_SIDE:
        return _fit(face, target_crop, mask, color, blend)
    size = (FIT_SIDE, FIT_SIDE)
    small, *others = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        for picture in (face, target_crop, mask)
    )
    fitted = _fit(small, *others, color, blend)
    gain = (fitted + NO_BLACK) / (small + NO_BLACK)
    gain = cv2.resize(gain, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.clip((face + NO_BLACK) * gain - NO_BLACK, 0, 1)


def _fit(face, target_crop, mask, color, blend):
    face = transfer_color(face, target_crop, mask, color)
    face = fit_to_target(face, target_crop, mask, blend)
    return follow_tint(face, target_crop, mask)


def paste_crop(frame, crop, matrix, mask, grain_of=None):
    """A crop put back where it was cut, along its mask.

    Only the rectangle around the mask is worked on. Where the mask is zero
    the frame keeps its very bits.

    Args:
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        crop: float32 array, shape `(size, size, 3)`, RGB 0-1.
        matrix: float array, shape `(2, 3)`, frame pixels to crop pixels: the
            one that the crop was cut with.
        mask: float array, shape `(size, size)`, 0-1, share of the crop in
            the result; or one of the same square in other pixels.
        grain_of: float32 array, shape `(size, size, 3)`, RGB 0-1, or `None`.
            What was cut there: what the frame has beyond it, as far as it is
            grain, is added to the crop, see `detail.find_grain`.

    Returns:
        uint8 array, shape `(height, width, 3)`: a new frame.

    Raises:
        ValueError: if the shapes, types or ranges do not fit.

    Example:
        >>> from helpers.compositing import paste_crop
        >>> frame, crop = np.zeros((4, 4, 3), np.uint8), np.ones((2, 2, 3))
        >>> matrix, mask = [[1, 0, -1], [0, 1, -1]], np.ones((2, 2))
        >>> paste_crop(frame, crop, matrix, mask)[..., 0].tolist()
        [[0, 0, 0, 0], [0, 255, 255, 0], [0, 255, 255, 0], [0, 0, 0, 0]]
    """
    _check_frame(frame)
    check_crops(crop, crop, _as_large(mask, crop))
    return _paste(frame, crop, matrix, mask, grain_of)


def _check_frame(frame):
    frame = np.asarray(frame)
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ValueError(
            "A frame is a uint8 array of shape (height, width, 3). "
            f"Received: {frame.dtype} {frame.shape}"
        )


def _paste(frame, crop, matrix, mask, grain_of, share=1.0):
    """`paste_crop()` of what has been checked, with a share of the grain."""
    result = np.array(frame)
    # a mask may be finer than its crop
    mask_matrix = _resized(matrix, np.shape(crop), np.shape(mask))
    left, top, right, bottom = _mask_rectangle(mask, mask_matrix, frame.shape)
    if left >= right or top >= bottom:
        return result  # the face lies wholly outside the frame
    # a frame as coarse as the crop has no grain beyond it
    shrunk = matrix_scale(matrix) > SHRINK_LIMIT
    crop, matrix = _shrink(crop, matrix)
    mask, mask_matrix = _shrink(mask, mask_matrix)
    # from here on (0, 0) is the rectangle's corner
    for each in (matrix, mask_matrix):
        each[:, 2] = transform_points(each, (left, top))
    size = (right - left, bottom - top)
    face = _to_frame(crop, matrix, size)
    # linear, because a cubic would ring below zero at the mask's foot
    alpha = cv2.warpAffine(
        mask, mask_matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )[..., None]
    region = result[top:bottom, left:right]
    if grain_of is not None and not shrunk:
        smooth = _to_frame(np.asarray(grain_of, np.float32), matrix, size)
        face = face + share * find_grain(region, smooth, alpha)
    mixed = region + alpha * (face * 255 - region)
    region[:] = np.clip(np.rint(mixed), 0, 255)
    return result


def _to_frame(crop, matrix, size):
    """A crop in a frame's pixels, by the matrix from the frame to the crop."""
    # OpenCV reads it backwards, so no inverse is rounded
    return cv2.warpAffine(
        crop,
        matrix,
        size,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


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


def _as_large(mask, crop):
    """A mask that is finer or coarser than its crop, in the crop's pixels."""
    mask, side = np.asarray(mask), np.shape(crop)[0]
    square = mask.shape == 2 * mask.shape[:1] and mask.size
    if not square or mask.shape[0] == side or mask.dtype.kind != "f":
        return mask  # as it is, or to be refused
    finer = mask.shape[0] > side
    way = cv2.INTER_AREA if finer else cv2.INTER_LINEAR
    return cv2.resize(np.float32(mask), (side, side), interpolation=way)


def _resized(matrix, old, new):
    """Matrix to the pixels of a picture of another shape, same square."""
    factors = np.array([[new[1] / old[1]], [new[0] / old[0]]])
    matrix = np.asarray(matrix, dtype=np.float64) * factors
    matrix[:, 2] += (factors[:, 0] - 1) / 2  # pixel centres, not corners
    return matrix


def _shrink(picture, matrix):
    """Crop or mask no finer than the frame, by area: nothing flickers."""
    picture = np.asarray(picture, np.float32)
    scale = matrix_scale(matrix)  # crop pixels for each frame pixel
    if scale <= SHRINK_LIMIT:
        return picture, np.array(matrix, dtype=np.float64)
    height, width = picture.shape[:2]
    smaller = (
        max(1, round(height / scale)),
        max(1, round(width / scale)),
    )
    matrix = _resized(matrix, (height, width), smaller)
    picture = cv2.resize(picture, smaller[::-1], interpolation=cv2.INTER_AREA)
    return picture, matrix
