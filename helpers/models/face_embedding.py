"""Face embedding network: a crop in, a unit vector of who it is out."""

import keras
from keras import layers


def build_face_embedding(
    resolution=64, widths=(16, 32, 64, 96), dimensions=96
):
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
    features = _convolve("stem", _same_contrast(inputs), widths[0], 5, 2)
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


def _same_contrast(crops):
    """Bright or dark, hard or soft: it is the same person."""
    axes = (1, 2, 3)
    middle = keras.ops.mean(crops, axis=axes, keepdims=True)
    spread = keras.ops.std(crops, axis=axes, keepdims=True)
    return (crops - middle) / (spread + 0.02)


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
