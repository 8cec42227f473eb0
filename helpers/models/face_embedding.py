"""Face embedding network: a crop in, a unit vector of who it is out."""

import keras
import numpy as np
from keras import layers


def build_face_embedding(resolution=64, widths=(16, 32, 64, 96), dimensions=96):
    """A small convolutional network whose angles tell people apart.

    Args:
        resolution: int. Side of the crops in pixels, a multiple of 16.
        widths: sequence of four ints. Channels at a half, a quarter, an
            eighth and a sixteenth of the side.
        dimensions: int. Length of the vector.

    Returns:
        `keras.Model` from `(batch, resolution, resolution, 3)`, RGB 0-1, to
        `(batch, dimensions)`, each of length 1: the same person's point in
        about the same direction.

    Raises:
        ValueError: if the resolution is not a multiple of 16.
    """
    if resolution % 16 or resolution < 16:
        raise ValueError(
            "The network halves the picture four times, so its side is a "
            f"multiple of 16. Received: resolution={resolution!r}"
        )
    inputs = keras.Input((resolution, resolution, 3), name="crops")
    features = _same_contrast(inputs, resolution)
    features = _convolve("stem", features, widths[0], 5, 2)
    for level, width in enumerate(widths[1:]):
        features = _convolve(f"down_{level}", features, width, 3, 2)
        inner = _convolve(f"inner_{level}", features, width)
        features = layers.Add(name=f"sum_{level}")((features, inner))
    features = layers.Flatten(name="flat")(features)
    features = layers.Dense(dimensions, name="embedding")(features)
    return keras.Model(
        inputs,
        layers.UnitNormalization(name="unit")(features),
        name="face_embedding",
    )


def _same_contrast(crops, resolution):
    """The face alone, whatever its light: another shirt is no other person."""
    window = face_window(resolution)
    weights = window / window.sum()
    middle = keras.ops.sum(crops * weights, axis=(1, 2), keepdims=True)
    middle = keras.ops.mean(middle, axis=3, keepdims=True)
    away = keras.ops.square(crops - middle) * weights
    spread = keras.ops.sum(away, axis=(1, 2, 3), keepdims=True) / 3
    return (crops - middle) / keras.ops.sqrt(spread + 4e-4) * window


def face_window(resolution):
    """The part of a whole crop that the network looks at: a soft ellipse.

    Args:
        resolution: int. Side in pixels.

    Returns:
        float32 array, shape `(resolution, resolution, 1)`, 0-1.
    """
    along = (np.arange(resolution, dtype=np.float32) + 0.5) / resolution
    x, y = (along - 0.5) / 0.42, (along - 0.47) / 0.45
    radius = np.sqrt(x[None, :] ** 2 + y[:, None] ** 2)
    return np.clip((1 - radius) / 0.12, 0, 1)[..., None]


def _convolve(name, features, channels, size=3, strides=1):
    features = layers.Conv2D(
        channels,
        size,
        strides=strides,
        padding="same",
        kernel_initializer="he_normal",
        name=name,
    )(features)
    return layers.LeakyReLU(negative_slope=0.1, name=f"{name}_bend")(features)
