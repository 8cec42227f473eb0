"""Face embedding: crops in, vectors out whose angles say who is alike.

A small network trained on renders of people who appear nowhere else. It knows
nobody; it says how alike two faces are, under other light and in other poses.
"""

import pathlib

import numpy as np

from helpers import alignment, small_networks
from helpers.models.face_embedding import build_face_embedding
from helpers.models.swapper import predict

EMBEDDING_FOLDER = (
    pathlib.Path(__file__).resolve().parent.parent
    / "weights/shared/face_embedding"
)
MADE_BY = "benchmarks.face_embedding"
WEIGHTS = "embedding.safetensors"


class FaceEmbedding:
    """A trained network for face embeddings.

    Args:
        model: `keras.Model` from `build_face_embedding`.

    Attributes:
        resolution: int. Side of the crops that it looks at, in pixels.
    """

    def __init__(self, model):
        self.model = model
        self.resolution = int(model.input_shape[1])

    def describe(self, crops, batch_size=64):
        """Vectors of faces: the dot product of two is how alike they are.

        Each crop is seen as it is and mirrored, and the sum of both is taken.

        Args:
            crops: uint8 array, 0-255, or float array, 0-1, shape `(faces,
                side, side, 3)`. Whole stored crops, of any size.
            batch_size: int.

        Returns:
            float32 array, shape `(faces, dimensions)`, each of length 1.

        Raises:
            ValueError: if these are not crops.
        """
        crops = np.asarray(crops)
        if crops.ndim != 4 or crops.shape[3] != 3:
            raise ValueError(
                "Expected crops of shape (faces, size, size, 3). Received: "
                f"{crops.shape}"
            )
        seen = alignment.cut_network_crops(crops, 1.0, self.resolution)
        found = predict(self.model, seen, batch_size)
        found = found + predict(self.model, seen[:, :, ::-1], batch_size)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return found / np.maximum(length, 1e-6)


def write_face_embedding(folder, network, parameters=None, **details):
    """Write a face embedding network as safetensors with its manifest.

    Numbers are halved to 16 bits: the angles change by less than a degree.

    Args:
        folder: str or path.
        network: `FaceEmbedding`.
        parameters: dict. How it was made.
        **details: further entries of the manifest, such as its errors.

    Returns:
        dict: the manifest.
    """
    return small_networks.write_network(
        folder,
        WEIGHTS,
        network.model,
        MADE_BY,
        np.float16,
        parameters=parameters,
        resolution=network.resolution,
        dimensions=int(network.model.output_shape[1]),
        **details,
    )


def read_face_embedding(folder=EMBEDDING_FOLDER):
    """Read a face embedding; by default the one that comes with the course.

    Args:
        folder: str or path.

    Returns:
        `FaceEmbedding`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit this network.
    """
    model, _ = small_networks.read_network(
        folder,
        WEIGHTS,
        MADE_BY,
        "face embedding",
        lambda manifest: build_face_embedding(
            manifest["resolution"], dimensions=manifest["dimensions"]
        ),
    )
    return FaceEmbedding(model)
