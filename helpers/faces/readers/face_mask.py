"""Face mask: crops in, where a face is seen and nothing stands before it out.

A small network trained on renders of people who appear nowhere else, with
hands, glasses, hair and other things before their faces.
"""

import numpy as np

from helpers.faces.readers import small_networks
from helpers.files import manifests
from helpers.models.face_mask import CHANNELS, build_face_mask

MASK_FOLDER = manifests.project_root() / "weights/shared/face_mask"
MADE_BY = "benchmarks.face_mask"
WEIGHTS = "mask.safetensors"


class FaceMask:
    """A trained network for face masks.

    Args:
        model: `keras.Model` from `build_face_mask`.

    Attributes:
        resolution: int. Side of the crops that it looks at, in pixels.
    """

    def __init__(self, model):
        self.model = model
        self.resolution = int(model.input_shape[1])

    def read(self, crops, batch_size=16):
        """Outline of the face and what is bare, of network crops.

        Args:
            crops: float array, shape `(faces, height, width, 3)`, RGB 0-1, or
                uint8. Network crops of any resolution.
            batch_size: int.

        Returns:
            float32 array, shape `(faces, resolution, resolution, 2)`, 0-1,
            see `models.face_mask.CHANNELS`.

        Raises:
            ValueError: if these are not crops.
        """
        return small_networks.read_crops(self.model, crops, batch_size)


def write_face_mask(folder, network, parameters=None, **details):
    """Write a face mask network as safetensors with its manifest.

    Numbers are halved to 16 bits: the masks change by less than 0.01.

    Args:
        folder: str or path.
        network: `FaceMask`.
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
        channels=list(CHANNELS),
        **details,
    )


def read_face_mask(folder=MASK_FOLDER):
    """Read a face mask network; by default the one that comes with the course.

    Args:
        folder: str or path.

    Returns:
        `FaceMask`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit this network.
    """
    model, _ = small_networks.read_network(
        folder,
        WEIGHTS,
        MADE_BY,
        "face mask",
        lambda manifest: build_face_mask(manifest["resolution"]),
    )
    return FaceMask(model)
