"""Small networks that come with the course: a folder out, a folder in.

Such a folder holds weights as safetensors, names and numbers and no code, and
a manifest with their sha256 and what it takes to build the network again.
"""

import pathlib

import keras
import numpy as np
from keras import layers

from helpers.crops import cut_network_crops
from helpers.files import manifests
from helpers.files.arrays import assign_arrays, read_arrays, write_arrays
from helpers.swapper import predict


def write_network(folder, weights, model, made_by, dtype=None, **details):
    """Write a network's weights, then its manifest.

    Args:
        folder: str or path.
        weights: str, name of the file of weights.
        model: `keras.Model`.
        made_by: str, the module that trains it.
        dtype: NumPy dtype of the written numbers, or `None` for the model's.
        **details: `parameters` and further entries of the manifest.

    Returns:
        dict: the manifest.
    """
    folder = pathlib.Path(folder)
    arrays = {
        variable.path: np.asarray(
            keras.ops.convert_to_numpy(variable), dtype=dtype
        )
        for variable in model.weights
    }
    write_arrays(folder / weights, arrays)
    return manifests.write_manifest(folder, made_by, files=[weights], **details)


def read_network(folder, weights, made_by, name, build):
    """Read a network that `write_network` wrote.

    Args:
        folder: str or path.
        weights: str, name of the file of weights.
        made_by: str, the module that trains it.
        name: str, what the network is, for errors.
        build: function that gives the `keras.Model` of a manifest.

    Returns:
        Tuple of `keras.Model` and dict, the manifest.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit the network.
    """
    folder = pathlib.Path(folder)
    again = f"Make it with python -m {made_by} --folder {folder}"
    manifest = manifests.read_manifest(
        folder, made_by, verify=True, again=f"It holds the {name}. {again}"
    )
    model = build(manifest)
    arrays, _ = read_arrays(folder / weights)
    assign_arrays(
        {weight.path: weight for weight in model.weights},
        {name: array.astype(np.float32) for name, array in arrays.items()},
        f"The {name} in {folder}",
    )
    return model, manifest


def checked_crops(crops):
    """Stop if these are no crops.

    Args:
        crops: array.

    Returns:
        The same as NumPy array, shape `(faces, size, size, 3)`.

    Raises:
        ValueError: if the shape is another one.
    """
    crops = np.asarray(crops)
    if crops.ndim != 4 or crops.shape[3] != 3:
        raise ValueError(
            "Crops have the shape (faces, size, size, 3). "
            f"Received: shape {crops.shape}"
        )
    return crops


def predict_crops(model, crops, batch_size):
    """What a network says of crops of any size.

    Args:
        model: `keras.Model` that takes square crops, RGB 0-1.
        crops: uint8 array, shape `(faces, size, size, 3)`, RGB, or float
            array, 0-1.
        batch_size: int.

    Returns:
        float32 array, shape `(faces, ...)`.

    Raises:
        ValueError: if these are not crops.
    """
    crops = cut_network_crops(
        checked_crops(crops), 1.0, int(model.input_shape[1])
    )
    if not len(crops):
        return np.empty((0, *model.output_shape[1:]), np.float32)
    return predict(model, crops, batch_size)


def convolve(name, features, channels, size=3, strides=1):
    """A convolution with its bend.

    Args:
        name: str, of the convolution's layer.
        features: tensor, shape `(batch, height, width, channels)`.
        channels: int, of the result.
        size: int, side of the kernel.
        strides: int.

    Returns:
        tensor, shape `(batch, height / strides, width / strides, channels)`.
    """
    features = layers.Conv2D(
        channels,
        size,
        strides=strides,
        padding="same",
        kernel_initializer="he_normal",
        name=name,
    )(features)
    return layers.LeakyReLU(negative_slope=0.1, name=f"{name}_bend")(features)
