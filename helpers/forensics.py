"""Forensics: crops in, how surely each of them shows a swapped face out.

A small network learns to tell crops from the same crops with a swapped face.
What it learns are the traces of one way to swap. It finds those of another way
less well, and it proves nothing: that is the lesson.

Real and swapped crops must differ in nothing but the swap, or the network
learns the difference in size, compression or person instead. So both are one
picture, with and without the face pasted in, and nobody whom it is tested on
was seen in its training.

Reference:
    Rössler et al., "FaceForensics++", 2019: detectors by method of
    manipulation, and what compression does to them.
"""

import functools
import pathlib
import tempfile

import cv2
import keras
import numpy as np
from keras import layers, ops
from sklearn import metrics

from helpers import alignment, media, swapping
from helpers.compositing import composite_face

JPEG_QUALITY = 50
VIDEO_CRF = 30


def paste_faces(network, crops, faces, yaws=None, **compositing):
    """Faces put into whole crops, as a swap puts them into frames.

    Args:
        network: comb or crowd, for its `contract` and `resolution`.
        crops: uint8 array, shape `(faces, size, size, 3)`, RGB. Whole crops
            of any size: here they are the frames.
        faces: float32 array, shape `(faces, resolution, resolution, 3)`, RGB
            0-1. What a decoder gave for the centre of each.
        yaws: float array, shape `(faces,)`, degrees, see
            `swapping.blending_mask`, or `None` for heads that look ahead.
        **compositing: `color` and `blend`, see `swapping.swap_frame`.

    Returns:
        uint8 array, the shape of `crops`.
    """
    size, coverage = crops.shape[1], network.contract["coverage"]
    matrix = alignment.network_matrix(
        np.eye(2, 3), size, coverage, network.resolution
    )
    # whole degrees: a mask is made once for each, not for each crop
    mask_at = functools.cache(
        functools.partial(swapping.blending_mask, network)
    )
    yaws = np.zeros(len(crops)) if yaws is None else yaws
    targets = alignment.cut_network_crops(crops, coverage, network.resolution)
    pasted = [
        composite_face(
            crop, face, target, matrix, mask_at(round(float(yaw))), **compositing
        )
        for crop, face, target, yaw in zip(
            crops, faces, targets, yaws, strict=True
        )
    ]
    return np.stack(pasted)


def build_swap_detector(size):
    inputs = keras.Input((size, size, 3), name="crops")
    pixels = ops.cast(inputs, "float32") / 255
    blurred = layers.AveragePooling2D(3, 1, padding="same")(pixels)
    features = 10 * (pixels - blurred)
    for index, channels in enumerate((16, 24, 32, 48)):
        features = layers.Conv2D(
            channels,
            3,
            strides=1 if index == 0 else 2,
            padding="same",
            kernel_initializer="he_normal",
            name=f"convolution_{index}",
        )(features)
        features = layers.LeakyReLU(negative_slope=0.1)(features)
    evidence = layers.Conv2D(1, 1, name="evidence")(features)
    score = layers.GlobalAveragePooling2D(name="score")(evidence)
    return keras.Model(inputs, score, name="swap_detector")
