"""Expression reader: a crop in, pose and expression out, as numbers.

A small network trained on renders of people who appear nowhere else. It asks
of a picture what the frame parameters say: head pose, mouth, eyelids, gaze.
"""

import keras
import numpy as np
from keras import layers

from helpers.crops import cut_network_crops
from helpers.faces.readers import small_networks
from helpers.files import manifests
from helpers.swapper import predict
from helpers.synthetic.frame import EXPRESSION_PARAMETERS

READER_FOLDER = manifests.project_root() / "weights/shared/expression_reader"
MADE_BY = "benchmarks.expression_reader"
WEIGHTS = "reader.safetensors"
# what changes its sign when the picture is mirrored
FLIPPED = tuple(name in ("yaw", "gaze_x") for name in EXPRESSION_PARAMETERS)


def reader_window(resolution=64):
    """The part of a crop that the expression reader looks at.

    One soft ellipse, brows to chin, the same for every picture. A mask cut to
    each face would give the pose away by its outline, also around a mean face
    that does not move.

    Args:
        resolution: int. Side in pixels.

    Returns:
        float32 array, shape `(resolution, resolution, 1)`, 0-1.
    """
    along = (np.arange(resolution, dtype=np.float32) + 0.5) / resolution
    x, y = (along - 0.5) / 0.42, (along - 0.53) / 0.5
    radius = np.sqrt(x[None, :] ** 2 + y[:, None] ** 2)
    return np.clip((1 - radius) / 0.12 + 0.5, 0, 1)[..., None]


def build_expression_reader(resolution=64):
    """Small network that reads pose and expression off a network crop.

    Args:
        resolution: int. Side of the crops in pixels, a multiple of 16.

    Returns:
        `keras.Model` from `(batch, resolution, resolution, 3)`, 0-1, to
        `(batch, parameters)`: `EXPRESSION_PARAMETERS`, each less its mean and
        over its standard deviation.

    Raises:
        ValueError: if the resolution is not a multiple of 16.
    """
    if resolution % 16 or resolution < 16:
        raise ValueError(
            "The reader halves the picture four times, so its side is a "
            f"multiple of 16. Received: resolution={resolution!r}"
        )
    inputs = keras.Input((resolution, resolution, 3), name="crops")
    window = reader_window(resolution)
    features = (inputs - 0.5) * window
    # eyelids and gaze move by a pixel or two: the first layers stay large
    plan = ((16, 3, 1), (32, 5, 2), (48, 3, 2), (64, 3, 2), (80, 3, 2))
    for index, (channels, size, strides) in enumerate(plan):
        features = layers.Conv2D(
            channels,
            size,
            strides=strides,
            padding="same",
            kernel_initializer="he_normal",
            name=f"convolution_{index}",
        )(features)
        features = layers.LeakyReLU(negative_slope=0.1)(features)
    features = layers.Flatten()(features)
    features = layers.Dense(64, name="dense")(features)
    features = layers.LeakyReLU(negative_slope=0.1)(features)
    readings = layers.Dense(len(EXPRESSION_PARAMETERS), name="readings")
    return keras.Model(inputs, readings(features), name="expression_reader")


class ExpressionReader:
    """A trained reader with the scale of its parameters.

    Args:
        model: `keras.Model` from `build_expression_reader`.
        means: float array, shape `(parameters,)`. Means of the parameters
            that it was trained on, in their own units.
        scales: float array, shape `(parameters,)`. Standard deviations.
    """

    def __init__(self, model, means, scales):
        self.model = model
        self.means = np.asarray(means, dtype=np.float64)
        self.scales = np.asarray(scales, dtype=np.float64)

    def read_expressions(self, crops, batch_size=128):
        """Frame parameters that the reader sees in pictures.

        Each picture is read as it is and mirrored, and the mean of both is
        taken: some of the noise of one reading goes.

        Args:
            crops: float array, shape `(faces, height, width, 3)`, 0-1.
                Network crops of any resolution; the reader works at its own.
            batch_size: int.

        Returns:
            float64 array, shape `(faces, parameters)`, in the units of
            `EXPRESSION_PARAMETERS`.
        """
        resolution = self.model.input_shape[1]
        crops = np.asarray(crops, dtype=np.float32)
        if crops.shape[1] != resolution:
            crops = cut_network_crops(crops, 1.0, resolution)
        readings = self._read_once(crops, batch_size)
        mirrored = self._read_once(crops[:, :, ::-1], batch_size)
        return (readings + mirrored * np.where(FLIPPED, -1, 1)) / 2

    def _read_once(self, crops, batch_size):
        readings = predict(self.model, crops, batch_size)
        return np.asarray(readings, np.float64) * self.scales + self.means


def write_expression_reader(folder, reader, parameters=None, **details):
    """Write a reader as safetensors with its manifest.

    Args:
        folder: str or path.
        reader: `ExpressionReader`.
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
        parameters=parameters,
        resolution=int(reader.model.input_shape[1]),
        names=list(EXPRESSION_PARAMETERS),
        means=reader.means.tolist(),
        scales=reader.scales.tolist(),
        **details,
    )


def read_expression_reader(folder=READER_FOLDER):
    """Read a reader; by default the one that comes with the course.

    Args:
        folder: str or path.

    Returns:
        `ExpressionReader`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit this reader.
    """
    model, manifest = small_networks.read_network(
        folder, WEIGHTS, MADE_BY, "expression reader", _build
    )
    return ExpressionReader(model, manifest["means"], manifest["scales"])


def _build(manifest):
    if manifest.get("names") != list(EXPRESSION_PARAMETERS):
        raise ValueError(
            f"The reader should read {EXPRESSION_PARAMETERS}. "
            f"Received: {manifest.get('names')!r}"
        )
    return build_expression_reader(manifest["resolution"])
