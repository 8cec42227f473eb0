"""68 landmarks in; how far lids and lips are open, and their unit, out."""

import numpy as np

from helpers.alignment import (
    INNER_LIPS,
    LEFT_CORNER,
    LEFT_EYE,
    RIGHT_CORNER,
    RIGHT_EYE,
)


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
