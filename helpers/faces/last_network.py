"""Faces whose place is about known -> where they are: MTCNN's last network."""

import numpy as np

from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces.boxes import LAST_TEMPLATE

LAST_SIDE = 48  # of what it looks at, in pixels
# The views of a face that are averaged: right, down (shares of the side), zoom,
# turn (degrees). Each comes with its opposite, so that they favour no
# direction.
VIEWS = (
    (0.03, 0.01, 1.02, 3.0),
    (-0.03, -0.01, 1 / 1.02, -3.0),
    (0.01, -0.03, 1.03, -1.5),
    (-0.01, 0.03, 1 / 1.03, 1.5),
    (0.02, 0.02, 1 / 1.01, -2.5),
    (-0.02, -0.02, 1.01, 2.5),
    (0.02, -0.02, 1.0, 1.0),
    (-0.02, 0.02, 1.0, -1.0),
)
ALL_VIEWS = len(VIEWS)
# How many times as large as in the template a view shows the face. The squares
# that MTCNN's second network hands on have 0.94 of the template's side (42
# rendered, 177 real faces); seen smaller, the landmarks lie elsewhere.
CLOSER = 1.06
# side in pixels of the picture that they are cut from, and how many of its
# pixels are one of theirs
BASE_SIDE = 96
BASE_SCALE = 1.5
# crops that go through the last network at once
LAST_BATCH = 128


def _view_matrix(right, down, zoom, turn):
    """Matrix of a view: pixels of the upright face to those of the view."""
    angle = np.radians(turn)
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    linear *= CLOSER * zoom / BASE_SCALE
    middle = np.full(2, (BASE_SIDE - 1) / 2)
    shift = (LAST_SIDE - 1) / 2 + np.array([right, down]) * LAST_SIDE
    return np.column_stack([linear, shift - linear @ middle])


VIEW_MATRICES = [_view_matrix(*view) for view in VIEWS]
WAYS_BACK = np.stack([alignment.invert_transform(m) for m in VIEW_MATRICES])


def build_last_network(stage, device):
    """MTCNN's last network alone.

    Args:
        stage: `mtcnn.stages.StageONet`.
        device: str, see `FaceDetector`.

    Returns:
        function from an array of shape `(crops, LAST_SIDE, LAST_SIDE, 3)`, RGB,
        0-255, to a tuple of `landmarks`, float array, shape `(crops, 5, 2)`,
        `(x, y)` in pixels of the crops; and `scores`, shape `(crops,)`, 0-1.
    """
    import tensorflow

    network = stage._model
    shape = [None, LAST_SIDE, LAST_SIDE, 3]
    signature = [tensorflow.TensorSpec(shape, tensorflow.float32)]

    @tensorflow.function(input_signature=signature)
    def run(crops):
        with tensorflow.device(device):
            return network((crops - 127.5) / 128)

    def last_network(crops):
        _, landmarks, scores = run(crops.astype(np.float32))
        landmarks = landmarks.numpy().reshape(-1, 2, 5).transpose(0, 2, 1)
        # As mtcnn has it: shares of the way from the first to the last pixel.
        # Counted from edge to edge instead, eyes and mouth would lie 1 % of
        # the eyes' distance further apart than where `detect` sees them.
        return landmarks * (LAST_SIDE - 1), scores.numpy()[:, 1]

    return last_network


def refine_landmarks(network, images, landmarks, views=ALL_VIEWS):
    """Find faces again whose place is about known; see `FaceDetector.refine`.

    Args:
        network: function from `build_last_network`.
        images: sequence of uint8 arrays, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(faces, 5, 2)`, `(x, y)` in pixels.
        views: int, even, at most eight.

    Returns:
        Tuple of `landmarks`, `scores` and `spread`, see `FaceDetector.refine`.
    """
    per_call = max(1, LAST_BATCH // views)
    parts = [
        _refine_batch(
            network,
            images[start : start + per_call],
            landmarks[start : start + per_call],
            views,
        )
        for start in range(0, len(images), per_call)
    ]
    if not parts:
        return np.empty((0, 5, 2)), np.empty(0), np.empty(0)
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _refine_batch(network, images, landmarks, views):
    wanted = (np.array(LAST_TEMPLATE) - 0.5) * BASE_SCALE * LAST_SIDE
    wanted += (BASE_SIDE - 1) / 2
    upright = [
        alignment.similarity_transform(points, wanted) for points in landmarks
    ]
    # the face is made small once, not for each view
    bases = [
        cut_crop(image, matrix, BASE_SIDE)
        for image, matrix in zip(images, upright, strict=True)
    ]
    seen = [
        cut_crop(base, matrix, LAST_SIDE)
        for base in bases
        for matrix in VIEW_MATRICES[:views]
    ]
    points, scores = network(np.stack(seen))
    points = points.reshape(len(bases), views, 5, 2)
    turn, shift = WAYS_BACK[:views, :, :2], WAYS_BACK[:views, None, :, 2]
    points = np.einsum("vij,fvpj->fvpi", turn, points) + shift
    scale = np.array([alignment.matrix_scale(m) for m in upright])
    spread = points.mean(axis=2).std(axis=1).mean(axis=-1) / scale
    scores = scores.reshape(len(bases), views).mean(axis=1)
    points = [
        alignment.transform_points(alignment.invert_transform(m), mean)
        for m, mean in zip(upright, points.mean(axis=1), strict=True)
    ]
    return np.stack(points), scores, spread
