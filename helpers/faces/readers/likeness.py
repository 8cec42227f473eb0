"""Likeness: crops in, vectors out that lie near each other for one person.

A public network for face recognition, and a matrix learned on renders after it
(`models.recognition`). The network was trained by others on photos of real
people, and tells people apart whom it never saw. Here it does one thing: it
tells whose faces stand in your footage, so that strangers are left out. Such
vectors are biometric data, which many laws protect above other data: they stay
in memory, and are written nowhere.
"""

import numpy as np

from helpers import alignment
from helpers.faces.readers import small_networks
from helpers.files import manifests
from helpers.models.recognition import RESOLUTION, build_likeness
from helpers.swapper import predict

LIKENESS_FOLDER = manifests.project_root() / "weights/shared/likeness"
MADE_BY = "benchmarks.likeness"
WEIGHTS = "likeness.safetensors"

# What the network sees of the unit crop: a square of this side, from here on.
# Eyes and mouth stand in it where they stood when it was trained.
SIDE, LEFT, TOP = 0.96, 0.02, 0.012
DARK = 0.3  # mean brightness, 0-1, to which darker crops are brought
# side of the crops in pixels from which that is read without loss
CROP_SIZE = round(RESOLUTION / SIDE)


class Likeness:
    """Says how alike faces are.

    Args:
        model: `keras.Model` from `build_likeness`.
    """

    def __init__(self, model):
        self.model = model

    def describe(self, crops, batch_size=64):
        """Vectors of faces; their distance says how unlike two are.

        Args:
            crops: uint8 array, 0-255, or float array, 0-1, shape `(faces,
                side, side, 3)`. Whole stored crops, of any size.
            batch_size: int.

        Returns:
            float64 array, shape `(faces, DIMENSIONS)`, lengths below 1.

        Raises:
            ValueError: if these are not crops.
        """
        seen = seen_of(crops)
        # light from one side is from the other in a mirror
        views = (seen, seen[:, :, ::-1])
        found = [predict(self.model, view, batch_size) for view in views]
        return np.mean(found, axis=0, dtype=np.float64)


def seen_of(crops):
    """What the network sees of whole crops.

    Args:
        crops: as for `Likeness.describe`.

    Returns:
        float32 array, shape `(faces, RESOLUTION, RESOLUTION, 3)`, 0-1. Dark
        ones are brightened.

    Raises:
        ValueError: if these are not crops.
    """
    crops = small_networks.check_crops(crops)
    side, left, top = (
        round(share * crops.shape[1]) for share in (SIDE, LEFT, TOP)
    )
    seen = crops[:, top : top + side, left : left + side]
    seen = alignment.cut_network_crops(seen, 1.0, RESOLUTION)
    # a night's faces: the network saw few
    brightness = seen.mean(axis=(1, 2, 3), keepdims=True)
    return np.minimum(seen * np.maximum(1, DARK / (brightness + 1e-3)), 1)


def write_likeness(folder, likeness, parameters=None, **details):
    """Write a likeness as safetensors with its manifest.

    Args:
        folder: str or path.
        likeness: `Likeness`.
        parameters: dict. How it was made.
        **details: further entries of the manifest, such as its errors.

    Returns:
        dict: the manifest.
    """
    return small_networks.write_network(
        folder,
        WEIGHTS,
        likeness.model,
        MADE_BY,
        np.float16,
        parameters=parameters,
        **details,
    )


def read_likeness(folder=LIKENESS_FOLDER):
    """Read a likeness; by default the one that comes with the course.

    Args:
        folder: str or path.

    Returns:
        `Likeness`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit.
    """
    model, _ = small_networks.read_network(
        folder, WEIGHTS, MADE_BY, "likeness", lambda manifest: build_likeness()
    )
    return Likeness(model)
