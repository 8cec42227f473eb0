"""Face landmarks: whole crops in, the 68 points of each face out.

A small network trained on renders of people who appear nowhere else. The
points and their order are the usual ones, which `alignment` names.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from helpers.alignment import MIRRORED
from helpers.faces.readers import small_networks
from helpers.faces.readers.small_networks import convolve
from helpers.files import manifests

POINTS = 68
LANDMARKS_FOLDER = manifests.project_root() / "weights/shared/face_landmarks"
MADE_BY = "benchmarks.face_landmarks"
WEIGHTS = "landmarks.safetensors"


def build_landmarks(resolution=96, widths=(24, 48, 96, 128, 128)):
    """A small network that draws a heatmap a point and reads it.

    It looks at the whole face at a thirty-second of the crop's side, and goes
    back up to a quarter of it: what is hidden is guessed from the rest, and
    what is seen is found where it is.

    Args:
        resolution: int. Side of the crops in pixels, a multiple of 32.
        widths: sequence of five ints. Channels at a half, a quarter, an
            eighth, a sixteenth and a thirty-second of the side.

    Returns:
        `keras.Model` from `(batch, resolution, resolution, 3)`, RGB 0-1, to
        `(batch, 68, 3)`, see `HeatmapPoints`.

    Raises:
        ValueError: if the resolution is not a multiple of 32.
    """
    if resolution % 32 or resolution < 32:
        raise ValueError(
            "The network halves the picture five times, so its side is a "
            f"multiple of 32. Received: resolution={resolution!r}"
        )
    inputs = keras.Input((resolution, resolution, 3), name="crops")
    features = convolve("stem", inputs - 0.5, widths[0], 5, 2)
    across = []
    for level, width in enumerate(widths[1:]):
        features = convolve(f"down_{level}", features, width, 3, 2)
        features = convolve(f"inner_{level}", features, width)
        across.append(features)
    features = convolve("deepest", across.pop(), widths[-1])
    for level, width in reversed(list(enumerate(widths[1:-1]))):
        features = convolve(f"narrow_{level}", features, width, 1)
        features = layers.UpSampling2D(name=f"up_{level}")(features)
        features = layers.Add(name=f"across_{level}")((features, across[level]))
        features = convolve(f"outer_{level}", features, width)
    features = convolve("wide", features, 64)
    heat = layers.Conv2D(POINTS, 1, name="heat")(features)
    return keras.Model(
        inputs, HeatmapPoints(name="points")(heat), name="landmarks"
    )


@keras.saving.register_keras_serializable("helpers")
class HeatmapPoints(keras.layers.Layer):
    """Reads where each heatmap is hot: the mean place of its softmax.

    The mean is finer than a cell and has a gradient, unlike the hottest cell.

    Args:
        reach: float, at least 1. Side of the square that the heatmap stands
            for, in sides of the picture: above 1, points may lie beyond the
            picture's edge.

    Input shape:
        `(batch, height, width, points)`, any values.

    Output shape:
        `(batch, points, 3)`: x and y in the picture, 0 at its left or upper
        edge and 1 at the other; and how far the heat is spread about them
        (standard deviation), in the same unit.

    Reference:
        Sun et al., 2018, "Integral human pose regression", equation 2.
    """

    def __init__(self, reach=1.2, **options):
        super().__init__(**options)
        self.reach = reach

    def call(self, inputs):
        _, height, width, points = inputs.shape
        heat = ops.reshape(inputs, (-1, height * width, points))
        heat = ops.softmax(heat, axis=1)
        places = [
            ((ops.arange(side, dtype=heat.dtype) + 0.5) / side - 0.5)
            * self.reach
            + 0.5
            for side in (width, height)
        ]
        x, y = ops.meshgrid(*places)
        x, y = (ops.reshape(place, (1, -1, 1)) for place in (x, y))
        mean_x, mean_y = (ops.sum(heat * place, axis=1) for place in (x, y))
        away = (x - mean_x[:, None]) ** 2 + (y - mean_y[:, None]) ** 2
        spread = ops.sqrt(ops.sum(heat * away, axis=1) + 1e-9)
        return ops.stack((mean_x, mean_y, spread), axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[3], 3)

    def get_config(self):
        return {**super().get_config(), "reach": self.reach}


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
        """The 68 points of each crop: the mean of it and its mirror image.

        On hand-marked portraits that takes 7 % off the error.

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
        points = self.read_points(crops, batch_size)[0]
        return (points + self.read_in_mirror(crops, batch_size)) / 2

    def read_in_mirror(self, crops, batch_size=32):
        """The 68 points at one look at the mirror image of each crop.

        How far they are from `landmarks()` says what reading errs by.

        Args:
            crops: as for `landmarks()`.
            batch_size: int.

        Returns:
            float32 array, shape `(faces, 68, 2)`, in pixels of the crops as
            they are given.

        Raises:
            ValueError: if these are not crops.
        """
        crops = small_networks.checked_crops(crops)
        points = self.read_points(crops[:, :, ::-1], batch_size)[0][:, MIRRORED]
        points[..., 0] = crops.shape[2] - 1 - points[..., 0]
        return points

    def read_points(self, crops, batch_size=32):
        """The 68 points of each crop at one look, and how sure each is.

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
        points = small_networks.predict_crops(self.model, crops, batch_size)
        points = points * np.shape(crops)[1]
        return points[..., :2] - np.float32(0.5), points[..., 2]


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


@functools.cache
def shipped_landmarks():
    """The network that comes with the course, read once in a process."""
    return read_face_landmarks()


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
