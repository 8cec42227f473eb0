"""Alignment: five landmarks in, matrices to the crop and back, pose out."""

import numpy as np

# beyond this no picture has pixels
FARTHEST = 1e6

# A neutral head's five landmarks, in the order that they have everywhere: left
# eye, right eye, tip of the nose, left and right corner of the mouth, with the
# picture's left. In units of the distance between the pupils: x to the right,
# y down, z away from the viewer. Half way between what MTCNN sees on synthetic
# heads and on level studio portraits.
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
        np.arange(68)[JAW][::-1],
        np.arange(68)[BROWS][::-1],
        np.arange(27, 31),  # the nose's ridge is in the middle
        np.arange(31, 36)[::-1],  # its lower edge
        (45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # the eyes
        np.arange(48, 55)[::-1],  # the outer ring of the lips, above
        np.arange(55, 60)[::-1],  # and below
        np.arange(60, 65)[::-1],  # the inner ring, above
        np.arange(65, 68)[::-1],  # and below
    )
)


def similarity_transform(source_points, target_points):
    """Least-squares similarity (turn, scale, shift) between two point sets.

    Closed form: the same points give the same matrix. A robust random fit
    would throw away one of only five points at random and scatter the scale
    of turned heads.

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

    Example:
        >>> from helpers.alignment import similarity_transform
        >>> similarity_transform([(0, 0), (1, 0)], [(5, 5), (5, 7)]).tolist()
        [[0.0, -2.0, 5.0], [2.0, 0.0, 5.0]]

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
    # cosine and sine of the turn, both times scale and spread
    cosine = np.sum(x * u + y * v)
    sine = np.sum(x * v - y * u)
    spread = np.sum(x * x + y * y)
    rounding = max(1.0, np.abs(source).max()) * 1e-7
    scaled_spread = np.hypot(cosine, sine)
    if spread <= rounding**2 or scaled_spread <= 1e-12 * spread:
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

    Example:
        >>> from helpers.alignment import template_points
        >>> template_points([(0.5, 0.5)] * 5, 256)[0].tolist()
        [127.5, 127.5]
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
    """Matrix of the stored crop of a face: its landmarks go to the template's.

    Args:
        landmarks: float array, shape `(5, 2)`, `(x, y)` in photo pixels.
        contract: dict from `manifests.data_contract()`.

    Returns:
        float64 array, shape `(2, 3)`: photo pixels to stored-crop pixels.

    Raises:
        ValueError: see `similarity_transform`.

    Example:
        >>> from helpers import alignment
        >>> from helpers.files import manifests
        >>> contract = manifests.data_contract(crop_size=256)
        >>> landmarks = alignment.template_points(contract, 512)
        >>> round(float(alignment.crop_matrix(landmarks, contract)[0, 0]), 3)
        0.5
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

    Example:
        >>> from helpers import alignment
        >>> back = alignment.invert_transform([[2, 0, 10], [0, 2, 20]])
        >>> alignment.transform_points(back, (16, 28)).tolist()
        [3.0, 4.0]
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

    Example:
        >>> from helpers.alignment import transform_points
        >>> transform_points([[2, 0, 10], [0, 2, 20]], (3, 4)).tolist()
        [16.0, 28.0]
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    return np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]


def matrix_scale(matrix):
    """Length in the crop of one photo pixel, from a 2x3 matrix.

    Example:
        >>> from helpers.alignment import matrix_scale
        >>> matrix_scale([[0, -2, 10], [2, 0, 20]])
        2.0
    """
    return float(np.sqrt(abs(np.linalg.det(np.asarray(matrix)[:, :2]))))


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

    Example:
        >>> from helpers import alignment
        >>> landmarks = np.array(alignment.FACE_POINTS)[:, :2]
        >>> lying = landmarks @ [[0, -1], [1, 0]]  # what was right is above
        >>> [round(angle) for angle in alignment.estimate_pose(lying)]
        [0, 0, 90]
    """
    head = np.array(FACE_POINTS)
    landmarks = np.asarray(landmarks, dtype=np.float64)
    # a similarity exists only for five real points; its errors say why not
    similarity_transform(landmarks, head[:, :2])
    head = head - head.mean(axis=0)
    points = landmarks - landmarks.mean(axis=0)
    # where the head's axes go in the picture: any linear map, at first
    camera, *_ = np.linalg.lstsq(head, points, rcond=None)
    # two rows of the rotation that is nearest to it
    left, _, right = np.linalg.svd(camera.T, full_matrices=False)
    across, down = left @ right
    forward = np.cross(across, down)
    yaw = np.arctan2(forward[0], np.hypot(across[0], down[0]))
    pitch = np.arctan2(-forward[1], forward[2])
    roll = np.arctan2(-down[0], across[0])
    return tuple(float(np.degrees(angle)) for angle in (yaw, pitch, roll))
