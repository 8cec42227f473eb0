"""Face mask: crops in, where a face is seen and nothing stands before it out.

A small network trained on renders of people who appear nowhere else, with
hands, glasses, hair and other things before their faces.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from helpers.faces.readers import small_networks
from helpers.files import manifests

CHANNELS = ("outline", "bare", "glasses")
MASK_FOLDER = manifests.project_root() / "weights/shared/face_mask"
MADE_BY = "benchmarks.face_mask"
WEIGHTS = "mask.safetensors"


def build_face_mask(resolution=128, widths=(16, 32, 48, 64)):
    """A small U-Net that says of each pixel whether it is visible face.

    It works at half the crop's side and below, and tells the four pixels of
    each place apart only at the end: thin rims survive, and most of the time
    at full size is saved.

    Args:
        resolution: int. Side of the crops in pixels, a multiple of 16.
        widths: sequence of four ints. Channels at a half, a quarter, an
            eighth and a sixteenth of the side.

    Returns:
        `keras.Model` from `(batch, resolution, resolution, 3)`, RGB 0-1, to
        `(batch, resolution, resolution, 3)`, 0-1, see `CHANNELS`: the face
        from above the brows to the chin, as if nothing stood before it; bare
        skin, eyes, mouth or beard, with nothing before them; and glasses,
        their rims, bridge, temples, and lenses that are dark.

    Raises:
        ValueError: if the resolution is not a multiple of 16.

    Reference:
        Ronneberger et al., 2015, "U-Net: convolutional networks for
        biomedical image segmentation", figure 1; the ways across are added
        here, which is quicker than side by side.
    """
    if resolution % 16 or resolution < 16:
        raise ValueError(
            "The network halves the picture four times, so its side is a "
            f"multiple of 16. Received: resolution={resolution!r}"
        )
    inputs = keras.Input((resolution, resolution, 3), name="crops")
    features = small_networks.convolve("stem", inputs - 0.5, widths[0], 5, 2)
    across = []
    for level, width in enumerate(widths[1:]):
        across.append(features)
        features = small_networks.convolve(
            f"down_{level}", features, width, 3, 2
        )
        features = small_networks.convolve(f"inner_{level}", features, width)
    features = small_networks.convolve("deepest", features, widths[-1])
    for level in reversed(range(len(across))):
        width = widths[level]
        features = small_networks.convolve(
            f"narrow_{level}", features, width, 1
        )
        features = layers.UpSampling2D(name=f"up_{level}")(features)
        features = layers.Add(name=f"across_{level}")((features, across[level]))
        features = small_networks.convolve(f"outer_{level}", features, width)
    shares = layers.Conv2D(4 * len(CHANNELS), 3, padding="same", name="shares")(
        features
    )
    shares = ops.depth_to_space(shares, 2)
    return keras.Model(
        inputs,
        layers.Activation("sigmoid", name="mask")(shares),
        name="face_mask",
    )


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

    def read_masks(self, crops, batch_size=16):
        """Outline of the face, what is bare and glasses, of network crops.

        Args:
            crops: float array, shape `(faces, height, width, 3)`, RGB 0-1, or
                uint8. Network crops of any resolution.
            batch_size: int.

        Returns:
            float32 array, shape `(faces, resolution, resolution, 3)`, 0-1,
            see `CHANNELS`.

        Raises:
            ValueError: if these are not crops.
        """
        return small_networks.predict_crops(self.model, crops, batch_size)


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


@functools.cache
def shipped_mask():
    """The network that comes with the course, read once in a process."""
    return read_face_mask()


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
