"""Swap detector: crops in, how surely each shows a swapped face out.

A small network learns to tell crops from the same crops with a swapped face.
What it learns are the traces of one way to swap, and it proves nothing: that
is the lesson. Its crops come from `swap_pairs`.

Reference:
    Rössler et al., "FaceForensics++", 2019: detectors by method of
    manipulation, and what compression does to them.
"""

import cv2
import keras
import numpy as np
from keras import layers, ops
from sklearn import metrics

from helpers.training import distribution

BATCH_SIZE = 32
LEARNING_RATE = 2e-3


def build_swap_detector(size):
    """Small network that says whether a crop shows a swapped face.

    It is given the colours, and beside them what a blur of three pixels would
    take away: blur, noise and seams are faint, and stand out there.

    Args:
        size: int. Side of the crops in pixels.

    Returns:
        `keras.Model` from `(batch, size, size, 3)`, 0-255, to `(batch, 1)`,
        above 0 for swapped. That is the mean of its layer `"evidence"`, a
        map of the crop: see `evidence_maps`.
    """
    inputs = keras.Input((size, size, 3), name="crops")
    pixels = ops.cast(inputs, "float32") / 255
    fine = pixels - layers.AveragePooling2D(3, 1, padding="same")(pixels)
    features = ops.concatenate([2 * pixels - 1, 10 * fine], axis=-1)
    for index, channels in enumerate((16, 24, 32, 48)):
        features = layers.Conv2D(
            channels,
            3,
            strides=2 if index else 1,
            padding="same",
            kernel_initializer="he_normal",
            name=f"convolution_{index}",
        )(features)
        features = layers.LeakyReLU(negative_slope=0.1)(features)
    evidence = layers.Conv2D(1, 1, name="evidence")(features)
    verdict = layers.GlobalAveragePooling2D(name="verdict")(evidence)
    return keras.Model(inputs, verdict, name="swap_detector")


def train_swap_detector(real, swapped, epochs=8, seed=0):
    """A detector trained on crops and the same crops swapped.

    Args:
        real: uint8 array, shape `(faces, size, size, 3)`, RGB.
        swapped: uint8 array, same shape: the same crops in the same order.
        epochs: int. How often each is seen.
        seed: int.

    Returns:
        `keras.Model`, see `build_swap_detector`.

    Raises:
        ValueError: if the two are not of one shape, or empty.
    """
    if np.shape(real) != np.shape(swapped) or not len(real):
        raise ValueError(
            "Each crop is needed as it was and swapped, in one order. "
            f"Received: shapes {np.shape(real)} and {np.shape(swapped)}"
        )
    keras.utils.set_random_seed(seed)
    detector = build_swap_detector(real.shape[1])
    detector.compile(
        distribution.release_graphs(keras.optimizers.Adam(LEARNING_RATE)),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    crops = np.concatenate([real, swapped])
    is_swapped = np.repeat(np.float32([0, 1]), len(real))[:, None]
    detector.fit(
        crops, is_swapped, batch_size=BATCH_SIZE, epochs=epochs, verbose=0
    )
    return detector


def score_swap_detector(detector, real, swapped):
    """How well a detector tells swapped crops from real ones.

    Args:
        detector: see `build_swap_detector`.
        real: uint8 array, shape `(faces, size, size, 3)`, RGB.
        swapped: the same, of any number of faces.

    Returns:
        dict of floats: `auc`, the probability that a swapped crop scores
        higher than a real one (0.5: by chance, 1: always); `found`, the share
        of swapped crops that it calls swapped; `false_alarms`, the share of
        real crops that it calls swapped.
    """
    verdicts = [verdicts_of(detector, crops) for crops in (real, swapped)]
    is_swapped = np.repeat([0, 1], [len(real), len(swapped)])
    return {
        "auc": float(
            metrics.roc_auc_score(is_swapped, np.concatenate(verdicts))
        ),
        "found": float(np.mean(verdicts[1] > 0)),
        "false_alarms": float(np.mean(verdicts[0] > 0)),
    }


def verdicts_of(detector, crops):
    """One number a crop, float array, above 0 for swapped."""
    return detector.predict(crops, batch_size=64, verbose=0)[:, 0]


def evidence_maps(detector, crops):
    """Where a detector sees a swap.

    Args:
        detector: see `build_swap_detector`.
        crops: uint8 array, shape `(faces, size, size, 3)`, RGB.

    Returns:
        float32 array, shape `(faces, size, size)`: above 0 where it speaks
        for a swap, below where against it. The mean is the verdict, but for
        what enlarging the coarse map changes.
    """
    looking = keras.Model(
        detector.inputs, detector.get_layer("evidence").output
    )
    maps = looking.predict(crops, batch_size=64, verbose=0)[..., 0]
    size = crops.shape[1:3]
    return np.stack([cv2.resize(each, size) for each in maps])
