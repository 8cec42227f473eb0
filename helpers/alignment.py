"""Alignment: five landmarks in, similarity transforms, crops and pose out."""

import functools

import cv2
import numpy as np

from helpers.files import manifests

# a shrink beyond this skips pixels of the photo if each crop pixel only reads
# its four nearest neighbours, so the crop is then averaged from a larger one
SHRINK_LIMIT = 1.5

# beyond this no picture has pixels
FARTHEST = 1e6

# A neutral head's five landmarks in units of the distance between the pupils:
# x to the right of the picture, y down, z away from the viewer. Half way
# between what MTCNN sees on synthetic heads and on level studio portraits.
FACE_POINTS = (
    (-0.50, 0.0, 0.0),
    (0.50, 0.0, 0.0),
    (0.0, 0.62, -0.58),
    (-0.42, 1.10, -0.06),
    (0.42, 1.10, -0.06),
)

# The usual 68 landmarks, by name, in their order. Left and right are the
# image's; a line runs from left to right, a ring around from its left.
JAW = slice(0, 17)  # from ear to ear by way of the chin
BROWS = slice(17, 27)  # the upper edge of both, from left to right
NOSE = slice(27, 36)  # down its ridge, then along its lower edge
LEFT_EYE = slice(36, 42)  # from the outer corner over the top
RIGHT_EYE = slice(42, 48)  # from the inner corner over the top
EYES = slice(36, 48)
OUTER_LIPS = slice(48, 60)
INNER_LIPS = slice(60, 68)
MOUTH = slice(48, 68)
LEFT_CORNER, RIGHT_CORNER = 36, 45  # outer corners of the eyes
# each one's place in the mirror image of a face
MIRRORED = np.concatenate(
    (
        np.arange(17)[::-1],
        np.arange(17, 27)[::-1],
        np.arange(27, 31),
        np.arange(31, 36)[::-1],
        (45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
        np.arange(48, 55)[::-1],
        np.arange(55, 60)[::-1],
        np.arange(60, 65)[::-1],
        np.arange(65, 68)[::-1],
    )
)

# between two frames a face moves less than this many of its own pupil
# distances; what moves further is another shot or another person
JUMP = 0.75


def similarity_transform(source_points, target_points):
    """Least-squares similarity (turn, scale, shift) between two point sets.

    Closed form: every call on the same points gives the same matrix. A robust
    random fit would throw away one of only five points at random and scatter
    the scale of turned heads.

    Args:
        source_points: float array, shape `(points, 2)`, `(x, y)` in pixels,
            at least two different points.
        target_points: float array, shape `(points, 2)`, where they should go.

    Returns:
        float64 array, shape `(2, 3)`: `matrix @ (x, y, 1)` takes a source
        point near its target point. Never mirrors.

    Raises:
        ValueError: if the shapes differ or are wrong, if a value is not
            finite, or if the points fix no similarity (all in one place).

    Reference:
        Umeyama, "Least-squares estimation of transformation parameters
        between two point patterns", 1991, equations 40-42.
    """
    source = np.asarray(source_points, dtype=np.float64)
    target = np.asarray(target_points, dtype=np.float64)
    if source.ndim != 2 or source.shape != target.shape:
        raise ValueError(
            "Both point sets should have the same shape (points, 2). "
            f"Received: {source.shape} and {target.shape}"
        )
    if source.shape[1] != 2 or len(source) < 2:
        raise ValueError(
            "A similarity needs at least two (x, y) points. "
            f"Received: shape {source.shape}"
        )
    both = np.abs(np.stack([source, target]))
    if not (both <= FARTHEST).all():
        raise ValueError(
            "All coordinates should be finite and no picture has pixels "
            f"beyond {FARTHEST:.0e}. Received: {source.tolist()} and "
            f"{target.tolist()}"
        )
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    (x, y), (u, v) = (source - source_mean).T, (target - target_mean).T
    spread = np.sum(x * x + y * y)
    reach = max(1.0, np.abs(source).max()) * 1e-7
    cosine = np.sum(x * u + y * v)
    sine = np.sum(x * v - y * u)
    size = np.hypot(cosine, sine)
    if spread <= reach**2 or size <= 1e-12 * spread:
        raise ValueError(
            "These points lie in one place (or mirror each other), so no "
            f"similarity fits. Received: {source.tolist()} and "
            f"{target.tolist()}"
        )
    linear = np.array([[cosine, -sine], [sine, cosine]]) / spread
    shift = target_mean - linear @ source_mean
    return np.column_stack([linear, shift])


def template_points(contract_or_template, crop_size):
    """The template's landmarks in the pixels of a crop.

    A unit coordinate `t` lies at pixel `t * crop_size - 0.5`, because integer
    coordinates are pixel centres; so every crop size shows the same cut.

    Args:
        contract_or_template: dict from `manifests.data_contract()`, or five
            `(x, y)` pairs in the unit crop.
        crop_size: int. Side of the crop, in pixels.

    Returns:
        float64 array, shape `(5, 2)`, `(x, y)` in crop pixels.

    Raises:
        ValueError: if there are not five `(x, y)` pairs.
    """
    template = contract_or_template
    if isinstance(template, dict):
        template = template["template"]
    template = np.asarray(template, dtype=np.float64)
    if template.shape != (5, 2):
        raise ValueError(
            "The template holds five (x, y) landmarks. "
            f"Received: shape {template.shape}"
        )
    return template * crop_size - 0.5


def crop_matrix(landmarks, contract):
    """Matrix of the stored crop of a face.

    Args:
        landmarks: float array, shape `(5, 2)`, `(x, y)` in photo pixels.
        contract: dict from `manifests.data_contract()`.

    Returns:
        float64 array, shape `(2, 3)`: photo pixels to stored-crop pixels.

    Raises:
        ValueError: see `similarity_transform`.
    """
    points = template_points(contract, contract["crop_size"])
    return similarity_transform(landmarks, points)


def invert_transform(matrix):
    """The way back of a 2x3 matrix.

    Args:
        matrix: float array, shape `(2, 3)`.

    Returns:
        float64 array, shape `(2, 3)`.

    Raises:
        ValueError: if the matrix squeezes the plane flat.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
        raise ValueError(
            "A transform is a finite matrix of shape (2, 3). "
            f"Received: {matrix.tolist()}"
        )
    linear = matrix[:, :2]
    if abs(np.linalg.det(linear)) < 1e-18:
        raise ValueError(
            "This matrix has no way back: it squeezes the plane flat. "
            f"Received: {matrix.tolist()}"
        )
    inverse = np.linalg.inv(linear)
    return np.column_stack([inverse, -inverse @ matrix[:, 2]])


def transform_points(matrix, points):
    """Points moved by a 2x3 matrix.

    Args:
        matrix: float array, shape `(2, 3)`.
        points: float array, shape `(..., 2)`, `(x, y)` in pixels.

    Returns:
        float64 array, same shape as `points`.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    return np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]


def matrix_scale(matrix):
    """Length in the crop of one photo pixel, from a 2x3 matrix."""
    return float(np.sqrt(abs(np.linalg.det(np.asarray(matrix)[:, :2]))))


def cut_crop(image, matrix, size, border=cv2.BORDER_REPLICATE):
    """Cut a square crop out of a photo.

    Beyond the photo's edge its last pixels go on. Black would draw a hard
    edge that the encoder takes for a feature, and a mirrored edge shows a
    second eye or ear; the loss is masked there anyhow.

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
        scale = matrix_scale(matrix)
        if 1 / FARTHEST <= scale <= FARTHEST:
            return scale
    raise ValueError(
        "A picture is cut by a finite matrix of shape (2, 3) that does not "
        f"squeeze it flat. Received: {matrix.tolist()}"
    )


def recut_crops(crops, matrices, wanted, border=cv2.BORDER_REPLICATE):
    """Stored crops, cut anew from where other matrices lie in the photo.

    What lies outside of the stored crop is lost, so this is for matrices that
    differ by a little, such as those of two people in the same pose.

    Args:
        crops: uint8 array, shape `(faces, size, size, 3)` or `(faces, size,
            size)`, cut by `cut_crop()` at the size of the matrices.
        matrices: list of float arrays, shape `(2, 3)`: the crops' own, photo
            pixels to crop pixels.
        wanted: list of float arrays, shape `(2, 3)`: those to cut by.
        border: OpenCV's border mode.

    Returns:
        uint8 array, the shape of `crops`.
    """
    return np.stack(
        [
            cut_crop(
                crop, _chained(new, invert_transform(old)), len(crop), border
            )
            for crop, old, new in zip(crops, matrices, wanted, strict=True)
        ]
    )


def _chained(second, first):
    """Matrix of one transform after another, both of shape `(2, 3)`."""
    return np.asarray(second)[:, :2] @ first + np.column_stack(
        [np.zeros((2, 2)), np.asarray(second)[:, 2]]
    )


def _scale_pixels(matrix, factor):
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
    """
    scale = resolution / (crop_size * coverage)
    margin = (1 - coverage) / 2 * crop_size
    result = np.asarray(matrix, dtype=np.float64) * scale
    result[:, 2] += (0.5 - margin) * scale - 0.5
    return result


def cut_network_crops(crops, coverage, resolution):
    """What the network sees of stored crops: their centre, made small.

    The one function that cuts, for training, test and prediction alike. Each
    network pixel is the mean of the area that it covers, to fractions of a
    pixel (between pixels, linear interpolation where a crop is enlarged).

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
    faces, size = crops.shape[:2]
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


def estimate_pose(landmarks):
    """Head pose guessed from five landmarks and a generic head.

    A scaled orthographic camera is fitted to five points of a generic head
    in closed form. Good for sorting and histograms (some degrees off for a
    given person, mostly in pitch), not for measuring.

    Args:
        landmarks: float array, shape `(5, 2)`, `(x, y)` in photo pixels.

    Returns:
        Tuple of floats `(yaw, pitch, roll)` in degrees, signs as in the
        synthetic people's frame parameters: positive yaw turns the nose to
        the right of the picture, positive pitch lifts the chin, positive
        roll tilts the head counter-clockwise in the picture.

    Raises:
        ValueError: if the landmarks lie in one place.
    """
    head = np.array(FACE_POINTS)
    landmarks = np.asarray(landmarks, dtype=np.float64)
    # a similarity exists only for five real points; its errors say why not
    similarity_transform(landmarks, head[:, :2])
    head = head - head.mean(axis=0)
    points = landmarks - landmarks.mean(axis=0)
    camera, *_ = np.linalg.lstsq(head, points, rcond=None)
    left, _, right = np.linalg.svd(camera.T, full_matrices=False)
    across, down = left @ right
    forward = np.cross(across, down)
    yaw = np.arctan2(forward[0], np.hypot(across[0], down[0]))
    pitch = np.arctan2(-forward[1], forward[2])
    roll = np.arctan2(-down[0], across[0])
    return tuple(float(np.degrees(angle)) for angle in (yaw, pitch, roll))


def stabilise_landmarks(landmarks, valid, sigma=1.5):
    """Calm the crop of a clip: smooth where the face is, not what it does.

    Only the similarity of each frame (size, turn, place) is smoothed, with a
    symmetric Gaussian window, so nothing lags behind; the landmarks then move
    with it. `crop_matrix` of the result is exactly the smoothed similarity.
    Cuts (a face that jumps) are never smoothed across.

    Args:
        landmarks: float array, shape `(frames, 5, 2)`, `(x, y)` in photo
            pixels. Rows of frames without a face may hold anything.
        valid: bool array, shape `(frames,)`, true where there is a face.
        sigma: float. Width of the window in frames; 0 changes nothing.

    Returns:
        float64 array, shape `(frames, 5, 2)`, `(x, y)` in photo pixels, NaN
        where `valid` is false.

    Raises:
        ValueError: if the shapes do not fit or sigma is negative.

    Reference:
        Naruniec et al., "High-resolution neural face swapping for visual
        effects", 2020, stabilise landmarks over time; this filter is our own
        interpretation.
    """
    landmarks = np.asarray(landmarks, dtype=np.float64)
    valid = np.asarray(valid, dtype=bool)
    if landmarks.shape != (len(valid), 5, 2) or sigma < 0:
        raise ValueError(
            "Expected landmarks (frames, 5, 2), valid (frames,) and sigma of "
            f"at least 0. Received: {landmarks.shape}, {valid.shape}, "
            f"sigma={sigma!r}"
        )
    result = np.full(landmarks.shape, np.nan)
    frames = np.flatnonzero(valid)
    if sigma == 0 or len(frames) == 0:
        result[frames] = landmarks[frames]
        return result
    template = np.asarray(manifests.TEMPLATE) - np.mean(
        manifests.TEMPLATE, axis=0
    )
    states = np.array(
        [_similarity_state(template, landmarks[frame]) for frame in frames]
    )
    for shot in _split_shots(states):
        smooth = _smooth_states(frames[shot], states[shot], sigma)
        for index, state in zip(shot, smooth, strict=True):
            frame = frames[index]
            back = invert_transform(_state_matrix(states[index]))
            on_template = transform_points(back, landmarks[frame])
            result[frame] = transform_points(_state_matrix(state), on_template)
    return result


def _similarity_state(template, points):
    """log size, turn (radians), and centre (x, y) of a face in its photo."""
    matrix = similarity_transform(points, template)
    matrix = invert_transform(matrix)
    angle = np.arctan2(matrix[1, 0], matrix[0, 0])
    return (np.log(matrix_scale(matrix)), angle, *matrix[:, 2])


def _state_matrix(state):
    size, angle = np.exp(state[0]), state[1]
    cosine, sine = size * np.cos(angle), size * np.sin(angle)
    return np.array([[cosine, -sine, state[2]], [sine, cosine, state[3]]])


def _split_shots(states):
    eyes = manifests.TEMPLATE[1][0] - manifests.TEMPLATE[0][0]
    reach = np.exp(states[:-1, 0]) * eyes * JUMP
    moved = np.linalg.norm(np.diff(states[:, 2:], axis=0), axis=1)
    grown = np.abs(np.diff(states[:, 0]))
    turned = np.abs(np.angle(np.exp(1j * np.diff(states[:, 1]))))
    cuts = (moved > reach) | (grown > np.log(1.35)) | (turned > np.radians(40))
    return np.split(np.arange(len(states)), np.flatnonzero(cuts) + 1)


def _smooth_states(frames, states, sigma):
    states = states.copy()
    states[:, 1] = np.unwrap(states[:, 1])
    # a line is fitted under the window instead of a mean: at the ends of a
    # shot a mean would lag behind a moving face
    result = np.empty_like(states)
    for index, frame in enumerate(frames):
        distance = (frames - frame).astype(np.float64)
        near = np.abs(distance) <= 4 * sigma
        weights = np.sqrt(np.exp(-0.5 * (distance[near] / sigma) ** 2))
        design = np.column_stack([np.ones(near.sum()), distance[near]])
        design *= weights[:, None]
        values = states[near] * weights[:, None]
        fit, *_ = np.linalg.lstsq(design, values, rcond=None)
        result[index] = fit[0]
    return result
