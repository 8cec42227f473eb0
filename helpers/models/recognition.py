"""Recognition network: a face in, 128 numbers that tell who it is out."""

import keras
import numpy as np
from keras import layers, ops

RESOLUTION = 150  # side in pixels of what it looks at
DIMENSIONS = 128
# what was taken from red, green and blue while it was trained, of 0-255
MEAN = (122.782, 117.001, 104.298)
# channels of each level, and how many blocks; all but the first begin at half
# the side of the one before
LEVELS = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))


def build_recognition():
    """A residual network of 29 convolutions, as dlib has it.

    Normalisation was folded into the convolutions, as it only scales and
    shifts once training is over.

    Returns:
        `keras.Model` from `(batch, RESOLUTION, RESOLUTION, 3)`, RGB 0-1, to
        `(batch, DIMENSIONS)`. Faces less than 0.6 apart are one person's,
        says who trained it.

    References:
        He et al., 2016, "Deep residual learning for image recognition",
        section 3.3: the residual network.
        King, dlib, `dlib_face_recognition_resnet_model_v1`: this one, and its
        weights.
    """
    inputs = keras.Input((RESOLUTION, RESOLUTION, 3), name="faces")
    features = (inputs * 255.0 - ops.convert_to_tensor(MEAN)) / 256.0
    features = layers.Conv2D(LEVELS[0][0], 7, 2, name="stem")(features)
    features = layers.ReLU(name="stem_active")(features)
    features = layers.MaxPooling2D(3, 2, name="stem_pooled")(features)
    for level, (channels, blocks) in enumerate(LEVELS):
        for block in range(blocks):
            halved = level > 0 and block == 0
            features = _block(
                f"block_{level}_{block}", features, channels, halved
            )
    features = layers.GlobalAveragePooling2D(name="pooled")(features)
    outputs = layers.Dense(DIMENSIONS, use_bias=False, name="numbers")(features)
    return keras.Model(inputs, outputs, name="recognition")


def _block(name, features, channels, halved):
    """Two convolutions, and a way past them."""
    past = features
    if halved:
        past = layers.AveragePooling2D(2, 2, name=f"{name}_past")(past)
    steps, padding = (2, "valid") if halved else (1, "same")
    features = layers.Conv2D(
        channels, 3, steps, padding, activation="relu", name=f"{name}_first"
    )(features)
    features = layers.Conv2D(
        channels, 3, padding="same", name=f"{name}_second"
    )(features)
    total = layers.Add(name=f"{name}_sum")(_equal_sides(features, past))
    return layers.ReLU(name=f"{name}_active")(total)


def _equal_sides(*tensors):
    """dlib adds tensors as if zeros stood below and right of the smaller."""
    shapes = [tensor.shape[1:] for tensor in tensors]
    sides = [max(each) for each in zip(*shapes, strict=True)]
    return [_with_zeros(tensor, sides) for tensor in tensors]


def _with_zeros(tensor, sides):
    more = [
        (0, wanted - side)
        for side, wanted in zip(tensor.shape[1:], sides, strict=True)
    ]
    return ops.pad(tensor, [(0, 0), *more]) if np.any(more) else tensor


def build_likeness():
    """The recognition network, and what makes its numbers comparable.

    A matrix learned on renders takes out what light and pose do to the numbers
    of one person. Then all vectors get about the same length: rendered people
    are much more alike to the network than real ones are, and so one distance
    tells both apart.

    Returns:
        `keras.Model` from `(batch, RESOLUTION, RESOLUTION, 3)`, RGB 0-1, to
        `(batch, DIMENSIONS)`, vectors no longer than 1.

    References:
        Hatch et al., 2006, "Within-class covariance normalization for
        SVM-based speaker recognition": the matrix.
        Garcia-Romero and Espy-Wilson, 2011, "Analysis of i-vector length
        normalization in speaker recognition systems": the length.
    """
    recognition = build_recognition()
    numbers = layers.Dense(DIMENSIONS, name="steady")(recognition.output)
    # a vector that tells little stays short
    length = ops.sqrt(ops.sum(numbers**2, axis=-1, keepdims=True) + 1.0)
    return keras.Model(recognition.inputs, numbers / length, name="likeness")
