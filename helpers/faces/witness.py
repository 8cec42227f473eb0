"""Faces with five landmarks -> how much another network's 68 points doubt them.

MTCNN is as sure of a chin that it takes for a forehead as of many a face. The
network that draws 68 heatmaps learned upright faces alone: what stands on its
head, or askew, it draws blurred, or elsewhere.
"""

import numpy as np

from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces.readers import face_landmarks
from helpers.files import manifests

# Where doubt is 1: spread of the heat, as a share of the crop's side, and
# distance of the five landmarks from those of the 68, in distances between the
# eyes. Of 211 faces set upright 99 % have less than 0.088 and 0.12; of those
# that MTCNN sets askew in turned photos 75 % have more than 0.105, and 0.16.
HEAT, AWAY = 0.10, 0.20


def doubt_landmarks(images, landmarks):
    """How doubtful landmarks are, and where 68 points see them.

    Args:
        images: sequence of uint8 arrays, shape `(height, width, 3)`, RGB, one
            for each face.
        landmarks: float array, shape `(faces, 5, 2)`, `(x, y)` in pixels of
            the images.

    Returns:
        Tuple of float array, shape `(faces,)`: above 1 they are doubtful; and
        float64 array, shape `(faces, 5, 2)`, the same five as the other
        network sees them.
    """
    reader = face_landmarks.shipped_landmarks()
    contract = manifests.data_contract(crop_size=reader.resolution)
    matrices = [alignment.crop_matrix(each, contract) for each in landmarks]
    if not matrices:
        return np.empty(0), np.empty((0, 5, 2))
    crops = [
        cut_crop(image, matrix, reader.resolution)
        for image, matrix in zip(images, matrices, strict=True)
    ]
    points, spread = reader.read_points(np.stack(crops))
    heat = spread.mean(axis=1) / reader.resolution
    seen = [
        alignment.transform_points(alignment.invert_transform(matrix), each)
        for matrix, each in zip(matrices, five_of_68(points), strict=True)
    ]
    away = np.linalg.norm(np.array(seen) - landmarks, axis=-1).mean(axis=-1)
    scales = np.array([alignment.matrix_scale(each) for each in matrices])
    (left, right), *_ = np.split(np.array(contract["template"]), [2])
    eyes = np.linalg.norm(right - left) * reader.resolution
    return np.maximum(heat / HEAT, away * scales / eyes / AWAY), np.array(seen)


def five_of_68(points):
    """The five landmarks of 68 points.

    Args:
        points: float array, shape `(faces, 68, 2)`.

    Returns:
        float array, shape `(faces, 5, 2)`.
    """
    left, right = alignment.LEFT_EYE, alignment.RIGHT_EYE
    nose, mouth = alignment.NOSE.start + 3, alignment.MOUTH.start
    return np.stack(
        [
            points[:, left].mean(axis=1),
            points[:, right].mean(axis=1),
            *points[:, [nose, mouth, mouth + 6]].swapaxes(0, 1),
        ],
        axis=1,
    )
