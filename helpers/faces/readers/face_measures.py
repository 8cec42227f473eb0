"""Points of faces in; what lids, lips and heads do by them, and units, out.

Of the 68 landmarks, or of the 478 that `blendshapes` reads, whose numbers are
written here.
"""

import numpy as np

from helpers.alignment import (
    INNER_LIPS,
    LEFT_CORNER,
    LEFT_EYE,
    RIGHT_CORNER,
    RIGHT_EYE,
)

# of the 478 points: corners of both eyes, the left one's first; these and the
# ears; cheeks and wings of the nose; inner edges of the upper and lower lip
CORNERS = (33, 133, 362, 263)
OUTER = ((33, 234), (263, 454))
CHEEKS = (50, 98, 327, 280)
UPPER_LIP, LOWER_LIP = (82, 13, 312), (87, 14, 317)
# degrees by which the plane of eyes and cheeks leans back in a level head
LEANING = 3.7


def eye_opening(points):
    """How far each eye is open: the lids' distance over the eye's length.

    Args:
        points: float array, shape `(..., 68, 2)`, in any unit.

    Returns:
        float array, shape `(..., 2)`: left and right eye; about 0 when shut
        and 0.3 when open.

    Reference:
        Soukupová and Čech, 2016, "Real-time eye blink detection using facial
        landmarks", equation 1.
    """
    return np.stack(
        [_aspect(points, eye) for eye in (LEFT_EYE, RIGHT_EYE)], axis=-1
    )


def _aspect(points, eye):
    eye = np.asarray(points)[..., eye, :]
    opened = np.linalg.norm(eye[..., 1:3, :] - eye[..., [5, 4], :], axis=-1)
    length = np.linalg.norm(eye[..., 0, :] - eye[..., 3, :], axis=-1)
    return opened.mean(axis=-1) / np.maximum(length, 1e-6)


def mouth_opening(points):
    """How far the lips are apart, over the distance of the eyes' corners.

    The mouth's own width would not do: lips that pucker are narrow.

    Args:
        points: float array, shape `(..., 68, 2)`, in any unit.

    Returns:
        float array, shape `(...)`: about 0 when shut, 0.3 when wide open.
    """
    lips = np.asarray(points)[..., INNER_LIPS, :]
    gaps = lips[..., [1, 2, 3], :] - lips[..., [7, 6, 5], :]
    gap = np.linalg.norm(gaps, axis=-1).mean(axis=-1)
    return gap / np.maximum(corner_distance(points), 1e-6)


def corner_distance(points):
    """Distance of the eyes' outer corners, the unit of landmark errors.

    Args:
        points: float array, shape `(..., 68, 2)`.

    Returns:
        float array, shape `(...)`, in the points' unit.
    """
    points = np.asarray(points)
    return np.linalg.norm(
        points[..., LEFT_CORNER, :] - points[..., RIGHT_CORNER, :], axis=-1
    )


def lips_apart(points):
    """How far the lips are apart, over the distance of the eyes' corners.

    As `mouth_opening()`, of other points.

    Args:
        points: float array, shape `(..., 478, 2)`, in any unit.

    Returns:
        float array, shape `(...)`.
    """
    points = np.asarray(points)[..., :2]
    gaps = points[..., UPPER_LIP, :] - points[..., LOWER_LIP, :]
    corners = points[..., CORNERS[0], :] - points[..., CORNERS[3], :]
    gap = np.linalg.norm(gaps, axis=-1).mean(axis=-1)
    return gap / np.maximum(np.linalg.norm(corners, axis=-1), 1e-6)


def head_pitch(points):
    """How far a head is turned up, from the plane of its eyes and cheeks.

    On rendered people it follows the truth with a correlation of 0.92, where
    five landmarks (`alignment.estimate_pose`) have 0.70.

    Args:
        points: float array, shape `(..., 478, 3)`, see
            `BlendshapeReader.read_in_depth()`.

    Returns:
        float array, shape `(...)`, degrees; positive lifts the chin.
    """
    points = np.asarray(points, np.float64)

    def middle(rows):
        return points[..., rows, :].mean(axis=-2)

    across = middle(OUTER[1]) - middle(OUTER[0])
    forward = np.cross(across, middle(CHEEKS) - middle(CORNERS))
    forward /= np.maximum(np.linalg.norm(forward, axis=-1), 1e-9)[..., None]
    return np.degrees(np.arcsin(forward[..., 1])) - LEANING
