"""Landmarks -> the box of a face; boxes -> which face a picture is about."""

import numpy as np

from helpers import alignment

# Where a level face that looks ahead has its landmarks in the square that
# MTCNN's last network looks at, as shares of its side: the mean over four clips
# of real people, made symmetric.
LAST_TEMPLATE = (
    (0.33, 0.38),
    (0.67, 0.38),
    (0.50, 0.55),
    (0.355, 0.755),
    (0.645, 0.755),
)
# width and height of a face's box, as shares of that side
BOX = (0.72, 1.0)


def face_box(landmarks):
    """The box of a face, by its landmarks alone.

    Where a face is followed, nobody says how large it is. MTCNN's boxes of
    3,000 rendered crops are `BOX` of its last network's square (standard
    deviation 0.04 of it).

    Args:
        landmarks: float array, shape `(5, 2)`, `(x, y)` in pixels.

    Returns:
        tuple of floats `(x, y, width, height)` in pixels.
    """
    matrix = alignment.similarity_transform(np.array(LAST_TEMPLATE), landmarks)
    width, height = np.array(BOX) * alignment.matrix_scale(matrix)
    x, y = alignment.transform_points(matrix, np.array([[0.5, 0.5]]))[0]
    box = (x - width / 2, y - height / 2, width, height)
    return tuple(float(value) for value in box)


def enlarge_faces(faces, picture_shape, shape):
    """Faces of a shrunk picture, in the pixels of the whole one.

    Args:
        faces: list of dicts with `"landmarks"`, float array, shape `(5, 2)`,
            `(x, y)` in pixels of the shrunk picture, and `"score"`.
        picture_shape: `(height, width, ...)` of the shrunk picture in pixels.
        shape: the same of the whole one.

    Returns:
        list of dicts with their own `"landmarks"` and a `"box"`, in the order
        of `rank_faces`.
    """
    ratio = np.array(shape[1::-1]) / picture_shape[1::-1]
    enlarged = []
    for face in faces:
        # integer coordinates are pixel centres in both pictures
        landmarks = (np.asarray(face["landmarks"]) + 0.5) * ratio - 0.5
        box = face_box(landmarks)
        enlarged.append({**face, "box": box, "landmarks": landmarks})
    return rank_faces(enlarged, shape)


def rank_faces(faces, shape):
    """Order the faces of a picture: the person it is about comes first.

    The most confident box is often a small one in the background. A large
    face in the middle of the picture is what a camera was pointed at, so the
    order follows `width * height * score * centrality`, where centrality
    falls from 1 in the middle to 1/2 in the corners.

    Args:
        faces: list of dicts with `"box"` and `"score"`.
        shape: `(height, width, ...)` of the picture in pixels.

    Returns:
        list of the same dicts.
    """
    height, width = shape[:2]

    def weight(face):
        x, y, face_width, face_height = face["box"]
        away = np.hypot(
            (x + face_width / 2) / width - 0.5,
            (y + face_height / 2) / height - 0.5,
        )
        centrality = 1 - 0.5 * min(1.0, away / np.hypot(0.5, 0.5))
        return face_width * face_height * face["score"] * centrality

    return sorted(faces, key=weight, reverse=True)
