"""Face landmarks: whole crops in, the 68 points of each face out.

A small network trained on renders of people who appear nowhere else. The
order is the usual one of 68 points; left and right are the image's.
"""

import numpy as np

from helpers.faces.readers import small_networks
from helpers.files import manifests
from helpers.models.landmarks import build_landmarks
from helpers.synthetic.face_points import MIRRORED  # noqa: F401

LANDMARKS_FOLDER = manifests.project_root() / "weights/shared/face_landmarks"
MADE_BY = "benchmarks.face_landmarks"
WEIGHTS = "landmarks.safetensors"

JAW = slice(0, 17)  # from ear to ear by way of the chin
BROWS = slice(17, 27)  # the upper edge of both, from left to right
NOSE = slice(27, 36)  # down its ridge, then along its lower edge
EYES = slice(36, 48)  # six around each, from the left corner over the top
MOUTH = slice(48, 68)  # twelve around the lips, eight around their inside
GROUPS = {"jaw": JAW, "brows": BROWS, "nose": NOSE, "eyes": EYES}
GROUPS = {**GROUPS, "mouth": MOUTH}
LEFT_CORNER, RIGHT_CORNER = 36, 45  # outer corners of the eyes


class LandmarkReader:
    """A trained network for 68 landmarks.

    Args:
        model: `keras.Model` from `build_landmarks`.

    Attributes:
        resolution: int. Side of the crops that it looks at, in pixels.
    """

    def __init__(self, model):
        self.model = model
        self.resolution = int(model.input_shape[1])

    def landmarks(self, crops, batch_size=32):
        """The 68 points of each crop.

        Args:
            crops: uint8 array, shape `(faces, size, size, 3)`, RGB, or float
                array, 0-1. Whole stored crops of any size.
            batch_size: int.

        Returns:
            float32 array, shape `(faces, 68, 2)`. `(x, y)` in pixels of the
            crops; whole numbers are centres of pixels.

        Raises:
            ValueError: if these are not crops.
        """
        return self.read(crops, batch_size)[0]

    def read(self, crops, batch_size=32):
        """The 68 points of each crop, and how sure each is.

        Args:
            crops: as for `landmarks()`.
            batch_size: int.

        Returns:
            Tuple of float32 arrays, shapes `(faces, 68, 2)`, see
            `landmarks()`, and `(faces, 68)`: how far the network's heatmap of
            each point is spread, in pixels of the crops. Less is surer.

        Raises:
            ValueError: if these are not crops.
        """
        found = small_networks.read_crops(self.model, crops, batch_size)
        found = found * np.shape(crops)[1]
        return found[..., :2] - np.float32(0.5), found[..., 2]


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
    return np.stack([_aspect(points, first) for first in (36, 42)], axis=-1)


def _aspect(points, first):
    eye = np.asarray(points)[..., first : first + 6, :]
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
    points = np.asarray(points)
    gaps = points[..., 61:64, :] - points[..., [67, 66, 65], :]
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


def write_face_landmarks(folder, reader, parameters=None, **details):
    """Write a landmark network as safetensors with its manifest.

    Numbers are halved to 16 bits: points move by less than 0.1 % of the crop.

    Args:
        folder: str or path.
        reader: `LandmarkReader`.
        parameters: dict. How it was made.
        **details: further entries of the manifest, such as its errors.

    Returns:
        dict: the manifest.
    """
    return small_networks.write_network(
        folder,
        WEIGHTS,
        reader.model,
        MADE_BY,
        np.float16,
        parameters=parameters,
        resolution=reader.resolution,
        **details,
    )


def read_face_landmarks(folder=LANDMARKS_FOLDER):
    """Read a landmark network; by default the one that comes with the course.

    Args:
        folder: str or path.

    Returns:
        `LandmarkReader`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit this network.
    """
    model, _ = small_networks.read_network(
        folder,
        WEIGHTS,
        MADE_BY,
        "landmark network",
        lambda manifest: build_landmarks(manifest["resolution"]),
    )
    return LandmarkReader(model)
