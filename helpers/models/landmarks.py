"""Landmark network: a crop in, the 68 points of its face out."""

import keras
from keras import layers

from helpers.layers import HeatmapPoints
from helpers.models.face_mask import convolve

POINTS = 68


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
        `(batch, 68, 3)`, see `layers.HeatmapPoints`.

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
