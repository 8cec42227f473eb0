"""Likeness: crops in, vectors out that lie near each other for one person.

A public network for face recognition, and a matrix learned on renders after it
(`build_likeness`), and a second public network (`second_likeness`), as two err
about different people. They were trained by others on photos of real people,
and tell people apart whom they never saw. Here it does one thing: it
tells whose faces stand in your footage, so that strangers are left out. Such
vectors are biometric data, which many laws protect above other data: they stay
in memory, and are written nowhere.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from helpers.crops import cut_network_crops
from helpers.faces.readers import second_likeness, small_networks
from helpers.files import manifests
from helpers.swapper import predict

RESOLUTION = 150  # side in pixels of what it looks at
DIMENSIONS = 128
# what was taken from red, green and blue while it was trained, of 0-255
MEAN = (122.782, 117.001, 104.298)
# channels of each level, and how many blocks; all but the first begin at half
# the side of the one before
LEVELS = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))
LIKENESS_FOLDER = manifests.project_root() / "weights/shared/likeness"
MADE_BY = "benchmarks.likeness"
WEIGHTS = "likeness.safetensors"
# What the network sees of the unit crop: a square of this side, from here on.
# Eyes and mouth stand in it where they stood when it was trained.
SIDE, LEFT, TOP = 0.96, 0.02, 0.012
DARK = 0.3  # mean brightness, 0-1, to which darker crops are brought
# side of the crops in pixels from which both read without loss
CROP_SIZE = round(
    max(
        RESOLUTION / SIDE,
        second_likeness.RESOLUTION / (1 - 2 * second_likeness.MARGIN),
    )
)
# What the second network counts beside the first: of rendered people it knows
# less, of real ones more.
SECOND_SHARE = 0.7


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


class Likeness:
    """Says how alike faces are.

    Args:
        model: `keras.Model` from `build_likeness`.
        second: `keras.Model` from `second_likeness.build_features`, or `None`
            for the first network alone.
    """

    def __init__(self, model, second=None):
        self.model, self.second = model, second

    def vectors(self, crops, batch_size=16):
        """Vectors of faces; their distance says how unlike two are.

        Args:
            crops: uint8 array, 0-255, or float array, 0-1, shape `(faces,
                side, side, 3)`. Whole stored crops, of any size.
            batch_size: int.

        Returns:
            float64 array, shape `(faces, DIMENSIONS)`, with the second
            network `(faces, DIMENSIONS + second_likeness.FEATURES)`; lengths
            below 1.

        Raises:
            ValueError: if these are not crops.
        """
        seen = seen_of(crops)
        # light from one side is from the other in a mirror
        views = (seen, seen[:, :, ::-1])
        both = [predict(self.model, view, batch_size) for view in views]
        first = np.mean(both, axis=0, dtype=np.float64)
        if self.second is None:
            return first
        crops = np.asarray(crops)
        if crops.dtype == np.uint8:
            crops = crops / np.float32(255)
        second = second_likeness.describe_crops(self.second, crops, batch_size)
        joined = np.concatenate([first, SECOND_SHARE * second], axis=1)
        return joined / np.hypot(1, SECOND_SHARE)


def seen_of(crops):
    """What the network sees of whole crops.

    Args:
        crops: as for `Likeness.vectors`.

    Returns:
        float32 array, shape `(faces, RESOLUTION, RESOLUTION, 3)`, 0-1. Dark
        ones are brightened.

    Raises:
        ValueError: if these are not crops.
    """
    crops = small_networks.checked_crops(crops)
    side, left, top = (
        round(share * crops.shape[1]) for share in (SIDE, LEFT, TOP)
    )
    seen = crops[:, top : top + side, left : left + side]
    seen = cut_network_crops(seen, 1.0, RESOLUTION)
    # a night's faces: the network saw few
    brightness = seen.mean(axis=(1, 2, 3), keepdims=True)
    return np.minimum(seen * np.maximum(1, DARK / (brightness + 1e-3)), 1)


def write_likeness(folder, likeness, parameters=None, **details):
    """Write a likeness as safetensors with its manifest.

    Args:
        folder: str or path.
        likeness: `Likeness`.
        parameters: dict. How it was made.
        **details: further entries of the manifest, such as its errors.

    Returns:
        dict: the manifest.
    """
    return small_networks.write_network(
        folder,
        WEIGHTS,
        likeness.model,
        MADE_BY,
        np.float16,
        parameters=parameters,
        **details,
    )


@functools.cache
def shipped_first():
    """The first network that comes with the course, read once in a process."""
    return read_likeness(second=None)


@functools.cache
def shipped_likeness():
    """Both networks that come with the course; the first is `shipped_first`."""
    return Likeness(shipped_first().model, second_likeness.read_features())


def read_likeness(folder=LIKENESS_FOLDER, second=second_likeness.FOLDER):
    """Read a likeness; by default the one that comes with the course.

    Args:
        folder: str or path.
        second: str or path of the second network, or `None` for none.

    Returns:
        `Likeness`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit.
    """
    model, _ = small_networks.read_network(
        folder, WEIGHTS, MADE_BY, "likeness", lambda manifest: build_likeness()
    )
    if second is None:
        return Likeness(model)
    return Likeness(model, second_likeness.read_features(second))
