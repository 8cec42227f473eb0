"""Face mask network: a target's crop in, its outline and what is bare out."""

import keras
from keras import layers

from helpers.layers import PixelShuffle

CHANNELS = ("outline", "bare")


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
        `(batch, resolution, resolution, 2)`, 0-1, see `CHANNELS`: the inner
        face from brows to chin, as if nothing stood before it; and bare skin,
        eyes, mouth or beard, with nothing before them.

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
    features = convolve("stem", inputs - 0.5, widths[0], 5, 2)
    across = []
    for level, width in enumerate(widths[1:]):
        across.append(features)
        features = convolve(f"down_{level}", features, width, 3, 2)
        features = convolve(f"inner_{level}", features, width)
    features = convolve("deepest", features, widths[-1])
    for level in reversed(range(len(across))):
        width = widths[level]
        features = convolve(f"narrow_{level}", features, width, 1)
        features = layers.UpSampling2D(name=f"up_{level}")(features)
        features = layers.Add(name=f"across_{level}")((features, across[level]))
        features = convolve(f"outer_{level}", features, width)
    shares = layers.Conv2D(4 * len(CHANNELS), 3, padding="same", name="shares")(
        features
    )
    shares = PixelShuffle(name="shuffle")(shares)
    return keras.Model(
        inputs,
        layers.Activation("sigmoid", name="mask")(shares),
        name="face_mask",
    )


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
