"""A photo -> the stored crop of a face -> what the network sees of it."""

import functools

import cv2
import numpy as np

from helpers import alignment
from helpers.alignment import FARTHEST
from helpers.files import manifests

# a shrink beyond this skips pixels of the photo if each crop pixel only reads
# its four nearest neighbours, so the crop is then averaged from a larger one
SHRINK_LIMIT = 1.5
# sides in pixels at which crops are stored; one of 512 takes 0.1 MB
CROP_SIZES = (256, 384, 512)


def cut_crop(image, matrix, size, border=cv2.BORDER_REPLICATE):
    """Cut a square crop out of a photo.

    Beyond the photo's edge its last pixels go on: black would draw a hard
    edge that the encoder takes for a feature, a mirrored edge a second eye.

    Args:
        image: uint8 or float array, shape `(height, width, 3)` or
            `(height, width)`.
        matrix: float array, shape `(2, 3)`, photo pixels to crop pixels.
        size: int. Side of the crop in pixels.
        border: OpenCV border mode; `cv2.BORDER_CONSTANT` gives zeros.

    Returns:
        Array of the image's dtype, shape `(size, size, 3)` or `(size, size)`.

    Raises:
        ValueError: if the matrix is none, or squeezes the plane flat.

    Example:
        >>> from helpers.crops import cut_crop
        >>> photo = np.arange(16, dtype=np.uint8).reshape(4, 4)
        >>> cut_crop(photo, [[1, 0, -1], [0, 1, -1]], size=2).tolist()
        [[5, 6], [9, 10]]
    """
    shrink = 1 / _checked_scale(matrix)
    factor = 1
    if shrink > SHRINK_LIMIT:
        # OpenCV warps to sides below 32768 only; and a photo far smaller than
        # the crop has nothing to average
        most = min(16384 // size, 2 * max(image.shape[:2]) // size + 1)
        factor = max(1, min(int(np.ceil(shrink)), most))
    side = size * factor
    crop = cv2.warpAffine(
        image,
        _scale_pixels(matrix, factor),
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
    )
    if factor > 1:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return crop


def _checked_scale(matrix):
    """Scale of a matrix by which a picture can be cut."""
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.shape == (2, 3) and (np.abs(matrix) <= FARTHEST**2).all():
        scale = alignment.matrix_scale(matrix)
        if 1 / FARTHEST <= scale <= FARTHEST:
            return scale
    raise ValueError(
        "A picture is cut by a finite matrix of shape (2, 3) that does not "
        f"squeeze it flat. Received: {matrix.tolist()}"
    )


def _scale_pixels(matrix, factor):
    """Matrix to the pixels of a crop that is `factor` times as large."""
    scaled = np.asarray(matrix, dtype=np.float64) * factor
    scaled[:, 2] += (factor - 1) / 2  # pixel centres, not corners
    return scaled


def network_matrix(matrix, crop_size, coverage, resolution):
    """Matrix of what the network sees, from the matrix of the stored crop.

    Args:
        matrix: float array, shape `(2, 3)`, photo to stored-crop pixels.
        crop_size: int. Side of the stored crop in pixels.
        coverage: float in (0, 1]. Central share of the side that is seen.
        resolution: int. Side of the network's picture in pixels.

    Returns:
        float64 array, shape `(2, 3)`: photo pixels to network pixels.

    Example:
        >>> from helpers.crops import network_matrix
        >>> network_matrix([[1, 0, 0], [0, 1, 0]], 256, 0.5, 128).tolist()
        [[1.0, 0.0, -64.0], [0.0, 1.0, -64.0]]
    """
    scale = resolution / (crop_size * coverage)
    margin = (1 - coverage) / 2 * crop_size
    result = np.asarray(matrix, dtype=np.float64) * scale
    result[:, 2] += (0.5 - margin) * scale - 0.5
    return result


def matrix_for(landmarks, contract, resolution):
    """Matrix of what the network sees of a face, from its landmarks.

    Args:
        landmarks: float array, shape `(5, 2)`, `(x, y)` in photo pixels.
        contract: dict from `manifests.data_contract()`.
        resolution: int. Side of the network's picture in pixels.

    Returns:
        float64 array, shape `(2, 3)`: photo pixels to network pixels.

    Raises:
        ValueError: see `alignment.similarity_transform()`.

    Example:
        >>> from helpers import alignment
        >>> from helpers.crops import matrix_for
        >>> from helpers.files import manifests
        >>> contract = manifests.data_contract(crop_size=256, coverage=0.5)
        >>> landmarks = alignment.template_points(contract, 256)
        >>> round(float(matrix_for(landmarks, contract, 64)[0, 0]), 3)
        0.5
    """
    return network_matrix(
        alignment.crop_matrix(landmarks, contract),
        contract["crop_size"],
        contract["coverage"],
        resolution,
    )


def choose_crop_size(landmarks, coverage=0.8):
    """How large crops should be stored, so that no face loses its detail.

    Args:
        landmarks: list of float arrays, shape `(5, 2)`, `(x, y)` in photo
            pixels: a face of each person.
        coverage: float in (0, 1], see `manifests.data_contract()`.

    Returns:
        int: the smallest of `CROP_SIZES` in which the largest of these faces
        loses less than a tenth of its pixels' side, or the largest of them.

    Example:
        >>> from helpers import alignment
        >>> from helpers.crops import choose_crop_size
        >>> from helpers.files import manifests
        >>> face = alignment.template_points(manifests.data_contract(), 400)
        >>> [choose_crop_size([face * scale]) for scale in (0.5, 0.9, 3)]
        [256, 384, 512]
    """
    size = CROP_SIZES[0]
    contract = manifests.data_contract(size, coverage)
    sides = [
        size / alignment.matrix_scale(alignment.crop_matrix(face, contract))
        for face in landmarks
    ]
    large = [each for each in CROP_SIZES if each >= 0.9 * max(sides)]
    return min(large, default=CROP_SIZES[-1])


def cut_network_crops(crops, coverage, resolution):
    """What the network sees of stored crops: their centre, made small.

    Scores, latents and swaps see faces by this function alone; training, which
    turns them, by `augmentation.cut_view()` at the same scale. Each network
    pixel is the mean of the area that it covers, to fractions of a pixel
    (between pixels, linear interpolation where a crop is enlarged).

    Args:
        crops: uint8 array (0-255) or float array (0-1), shape
            `(faces, height, width, 3)` or `(faces, height, width)`, square
            and of any stored size.
        coverage: float in (0, 1]. Central share of the side that is seen.
        resolution: int. Side of the result in pixels.

    Returns:
        float32 array, shape `(faces, resolution, resolution, 3)` or
        `(faces, resolution, resolution)`, values 0-1.

    Raises:
        ValueError: if the crops are not square or a number is out of range.

    Example:
        >>> from helpers.crops import cut_network_crops
        >>> crop = np.zeros((1, 4, 4), np.uint8)
        >>> crop[0, 1:3, 1:3] = 255  # a quarter, in the middle
        >>> [round(cut_network_crops(crop, c, 1).item(), 2) for c in (0.5, 1.0)]
        [1.0, 0.25]
    """
    crops = np.asarray(crops)
    if crops.ndim not in (3, 4) or crops.shape[1] != crops.shape[2]:
        raise ValueError(
            "Crops have the shape (faces, size, size, 3), masks (faces, "
            f"size, size). Received: shape {crops.shape}"
        )
    if not 0 < coverage <= 1 or resolution < 1:
        raise ValueError(
            "The coverage is in (0, 1] and the resolution at least 1. "
            f"Received: coverage={coverage!r}, resolution={resolution!r}"
        )
    size = crops.shape[1]
    margin = (size - resolution) / 2
    if margin == int(margin) and abs(size * coverage - resolution) < 1e-6:
        # stored at the network's scale: its pixels are the stored ones
        inside = slice(int(margin), int(margin) + resolution)
        seen = crops[:, inside, inside]
        if seen.dtype == np.uint8:
            return seen.astype(np.float32) / np.float32(255)
        return np.clip(seen.astype(np.float32), 0, 1)
    pixels, weights = _area_taps(size, coverage, resolution)
    scale = np.float32(1 / 255 if crops.dtype == np.uint8 else 1)
    rows = _weighted_sum(crops, pixels, weights * scale, 1)
    result = _weighted_sum(rows, pixels, weights, 2)
    return np.clip(result, 0, 1, out=result)


@functools.lru_cache(maxsize=32)
def _area_taps(size, coverage, resolution):
    """Which stored pixels each network pixel is the mean of, along one axis.

    Returns:
        Tuple of `pixels`, int array, and `weights`, float32 array, both of
        shape `(most, resolution)`. Weights sum to 1; where fewer pixels than
        the most are needed, the others weigh nothing.
    """
    step = size * coverage / resolution
    start = size * (1 - coverage) / 2
    centres = start + (np.arange(resolution) + 0.5) * step
    half = max(step, 1.0) / 2
    most = int(np.ceil(2 * half)) + 1
    pixels = np.floor(centres - half).astype(int) + np.arange(most)[:, None]
    overlap = np.minimum(centres + half, pixels + 1) - np.maximum(
        centres - half, pixels
    )
    overlap = np.where((pixels >= 0) & (pixels < size), overlap, 0).clip(0)
    overlap /= overlap.sum(axis=0)
    return pixels.clip(0, size - 1), overlap.astype(np.float32)


def _weighted_sum(crops, pixels, weights, axis):
    """Sum of a few rows (axis 1) or columns (axis 2) for each new one.

    A product of matrices would be mostly with zeros, and its threads wait for
    each other: on busy cores it took forty times as long.
    """
    shape = [1] * crops.ndim
    shape[axis] = weights.shape[1]
    total = 0
    for pixel, weight in zip(pixels, weights, strict=True):
        total += crops.take(pixel, axis) * weight.reshape(shape)
    return total


def recut_crops(crops, matrices, wanted, border=cv2.BORDER_REPLICATE):
    """Stored crops, cut anew from where other matrices lie in the photo.

    What lies outside of the stored crop is lost: for matrices that differ by
    a little, such as those of two people in the same pose.

    Args:
        crops: uint8 array, shape `(faces, size, size, 3)` or `(faces, size,
            size)`, cut by `cut_crop()` at the size of the matrices.
        matrices: list of float arrays, shape `(2, 3)`: the crops' own, photo
            pixels to crop pixels.
        wanted: list of float arrays, shape `(2, 3)`: those to cut by.
        border: OpenCV border mode.

    Returns:
        uint8 array, the shape of `crops`.

    Example:
        >>> from helpers.crops import recut_crops
        >>> crops = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
        >>> old, new = [[1, 0, 0], [0, 1, 0]], [[1, 0, -1], [0, 1, 0]]
        >>> recut_crops(crops, [old], [new])[0, 0].tolist()
        [1, 2, 3, 3]
    """
    return np.stack(
        [
            cut_crop(
                crop,
                _chained(new, alignment.invert_transform(old)),
                len(crop),
                border,
            )
            for crop, old, new in zip(crops, matrices, wanted, strict=True)
        ]
    )


def _chained(second, first):
    """Matrix that does what `first` does, then what `second` does."""
    second = np.asarray(second)
    chained = second[:, :2] @ first
    chained[:, 2] += second[:, 2]
    return chained
