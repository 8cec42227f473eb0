"""The face region of a crop by its 68 points, to compare the egg with."""

import cv2
import numpy as np

from helpers import masks
from helpers.alignment import (
    BROWS,
    JAW,
    LEFT_CORNER,
    OUTER_LIPS,
    RIGHT_CORNER,
)
from helpers.masks import SOFT_EDGE

# A face's outline by its 68 points, in distances of the eyes' outer corners:
# how far above the brows it begins, and how far inside the jaw it runs.
FOREHEAD = 0.14
INSET = 0.04


def landmark_mask(points, size):
    """The face region of one crop: from a little above the brows to the jaw.

    Args:
        points: float array, shape `(68, 2)`, `(x, y)` in pixels of the crop,
            see `face_landmarks`.
        size: int. Side of the crop in pixels.

    Returns:
        float32 array, shape `(size, size)`, 0 outside to 1 inside.

    Raises:
        ValueError: if these are not 68 points.
    """
    points = masks.check_points(points)
    corners = points[LEFT_CORNER], points[RIGHT_CORNER]
    unit = max(np.linalg.norm(corners[1] - corners[0]), 1e-6)
    up = np.mean(corners, axis=0) - points[OUTER_LIPS].mean(axis=0)
    up = up / max(np.linalg.norm(up), 1e-6)
    brows = points[BROWS] + FOREHEAD * unit * up
    hull = cv2.convexHull(np.float32(np.concatenate((points[JAW], brows))))
    # drawn in a square twice as wide: a part of the outline may lie outside
    whole, shift = np.zeros((2 * size, 2 * size), np.uint8), 4
    corners = np.rint((hull + size / 2) * 2**shift).astype(np.int32)
    cv2.fillConvexPoly(whole, corners, 1, shift=shift)
    depth, beyond = (
        cv2.distanceTransform(part, cv2.DIST_L2, 5)
        for part in (whole, 1 - whole)
    )
    start = size // 2
    depth = (depth - beyond)[start : start + size, start : start + size]
    depth = (depth - INSET * unit) / size
    return np.clip(depth / SOFT_EDGE + 0.5, 0, 1).astype(np.float32)
