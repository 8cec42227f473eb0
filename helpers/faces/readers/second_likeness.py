"""Second likeness: crops in, what another public network sees of faces out.

Two networks that were trained by others on other photos err about different
people: who are two to the one are seldom one to the other. `likeness` puts
both together.
"""

import cv2
import keras
import numpy as np
from keras import layers, ops

from helpers.faces.readers import small_networks
from helpers.files import manifests
from helpers.swapper import predict

RESOLUTION = 192  # side in pixels of what it looks at
FEATURES = 1024
# what was taken from blue, green and red while it was trained, of 0-255
MEAN = (103.939, 116.779, 123.68)
# channels that each pair of convolutions gives; at these places half the side
CHANNELS = (64, 128, 128, 256, 256, *6 * (512,), 1024, 1024)
HALVED = (1, 3, 5, 11)
MARGIN = 0.04  # of a crop, which is not looked at, on each side
FOLDER = manifests.project_root() / "weights/shared/second_likeness"
MADE_BY = "benchmarks.likeness"
WEIGHTS = "second_likeness.safetensors"


def build_features():
    """MobileNet, with its normalisation folded into what stands before.

    Returns:
        `keras.Model` from `(batch, RESOLUTION, RESOLUTION, 3)`, BGR without
        `MEAN`, to `(batch, FEATURES)`.

    References:
        Howard et al., 2017, "MobileNets: efficient convolutional neural
        networks for mobile vision applications".
        Savchenko, 2019, "Efficient facial representations for age, gender and
        identity recognition in organizing photo albums using multi-output
        ConvNet": this one, and its weights.
    """
    inputs = keras.Input((RESOLUTION, RESOLUTION, 3), name="faces")
    features = layers.Conv2D(32, 3, 2, padding="same", name="conv1")(inputs)
    features = ops.relu6(features)
    for place, channels in enumerate(CHANNELS):
        steps = 2 if place in HALVED else 1
        features = layers.DepthwiseConv2D(
            3, steps, padding="same", name=f"conv_dw_{place + 1}"
        )(features)
        features = layers.Conv2D(channels, 1, name=f"conv_pw_{place + 1}")(
            ops.relu6(features)
        )
        features = ops.relu6(features)
    outputs = layers.GlobalAveragePooling2D(name="pooled")(features)
    return keras.Model(inputs, outputs, name="second_likeness")


def describe_crops(model, crops, batch_size=64):
    """What the network sees of whole crops.

    Args:
        model: `keras.Model` from `build_features`.
        crops: float array, 0-1, shape `(faces, side, side, 3)`, RGB.
        batch_size: int.

    Returns:
        float array, shape `(faces, FEATURES)`, lengths of 1.
    """
    border = round(MARGIN * crops.shape[1])
    inside = crops[:, border : crops.shape[1] - border]
    inside = inside[:, :, border : crops.shape[2] - border, ::-1]
    seen = [
        cv2.resize(
            np.float32(crop),
            (RESOLUTION, RESOLUTION),
            interpolation=cv2.INTER_LINEAR,
        )
        for crop in inside
    ]
    seen = np.reshape(seen, (-1, RESOLUTION, RESOLUTION, 3))
    numbers = predict(model, 255 * seen - np.float32(MEAN), batch_size)
    numbers = np.asarray(numbers, np.float64)
    return numbers / np.linalg.norm(numbers, axis=1, keepdims=True)


def write_features(folder, model, **details):
    """Write the network as safetensors with its manifest.

    Args:
        folder: str or path.
        model: `keras.Model`.
        **details: entries of the manifest.
    """
    return small_networks.write_network(
        folder, WEIGHTS, model, MADE_BY, np.float16, **details
    )


def read_features(folder=FOLDER):
    """Read the network; by default the one that comes with the course.

    Args:
        folder: str or path.

    Returns:
        `keras.Model`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit.
    """
    model, _ = small_networks.read_network(
        folder,
        WEIGHTS,
        MADE_BY,
        "second likeness",
        lambda manifest: build_features(),
    )
    return model
