"""Likeness: crops in, vectors out whose dot product says how alike two are.

Histograms of gradients, as what tells faces apart is where edges run. Which
of their combinations mean another person and which another light, pose or
expression, is learned by linear discriminant analysis on renders of people who
appear nowhere else. It knows nobody, and no real face was seen for it.

References:
    Dalal and Triggs, "Histograms of oriented gradients for human detection",
    2005: the features.
    Belhumeur et al., "Eigenfaces vs. Fisherfaces", 1997: principal components
    first, then the discriminant analysis.
"""

import functools
import pathlib

import cv2
import keras
import numpy as np

from helpers import alignment, small_networks
from helpers.models.swapper import predict

LIKENESS_FOLDER = (
    pathlib.Path(__file__).resolve().parents[2] / "weights/shared/likeness"
)
MADE_BY = "benchmarks.likeness"
WEIGHTS = "likeness.safetensors"

RESOLUTION = 64  # side in pixels of the whole crop that is looked at
CELL = 8  # side in pixels of the squares that a histogram is made of
BINS = 12  # directions of a histogram
SCALES = (1.0, 2.0)  # blur before gradients are taken, in pixels
FEATURES = len(SCALES) * BINS * (RESOLUTION // CELL) ** 2
# a flat cell's histogram is noise: this share of the mean strength is added
FLAT = 0.05


def gradient_histograms(crops):
    """Where the edges of faces run, whatever their light and contrast.

    Args:
        crops: float array, shape `(faces, RESOLUTION, RESOLUTION, 3)`, 0-1.

    Returns:
        float32 array, shape `(faces, FEATURES)`.
    """
    parts = []
    for scale in SCALES:
        grey = [
            cv2.GaussianBlur(crop.mean(axis=-1), (0, 0), scale)
            for crop in crops
        ]
        parts.append(_histograms(np.stack(grey)))
    return np.concatenate(parts, axis=1)


def _histograms(grey):
    down, right = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(right, down) * face_window()
    place = np.arctan2(down, right) % (2 * np.pi) / (2 * np.pi) * BINS
    lower = np.floor(place).astype(int)
    share = place - lower
    planes = np.zeros((BINS, *grey.shape), np.float32)
    where = np.indices(grey.shape)
    # each gradient counts for the two directions that it lies between
    planes[(lower % BINS, *where)] = strength * (1 - share)
    planes[((lower + 1) % BINS, *where)] += strength * share
    cells = RESOLUTION // CELL
    planes = planes.reshape(BINS, len(grey), cells, CELL, cells, CELL)
    sums = np.sqrt(planes.sum(axis=(3, 5))).transpose(1, 0, 2, 3)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    mean = np.sqrt((length**2).mean(axis=(1, 2, 3), keepdims=True))
    return (sums / (length + FLAT * mean + 1e-9)).reshape(len(grey), -1)


@functools.cache
def face_window():
    """The part of a whole crop that counts, without hair, shirt and wall.

    Returns:
        float32 array, shape `(RESOLUTION, RESOLUTION)`, 0-1: a soft ellipse.
    """
    along = (np.arange(RESOLUTION, dtype=np.float32) + 0.5) / RESOLUTION
    x, y = (along - 0.5) / 0.42, (along - 0.47) / 0.45
    radius = np.sqrt(x[None, :] ** 2 + y[:, None] ** 2)
    return np.clip((1 - radius) / 0.12, 0, 1)


def build_likeness(dimensions):
    """One linear layer, from histograms to what tells people apart.

    Args:
        dimensions: int. Length of the vectors.

    Returns:
        `keras.Model` from `(batch, FEATURES)` to `(batch, dimensions)`.
    """
    inputs = keras.Input((FEATURES,), name="histograms")
    outputs = keras.layers.Dense(dimensions, name="discriminants")(inputs)
    return keras.Model(inputs, outputs, name="likeness")


class Likeness:
    """Says how alike faces are.

    Args:
        model: `keras.Model` from `build_likeness`.
    """

    def __init__(self, model):
        self.model = model

    def describe(self, crops):
        """Vectors of faces: the dot product of two is how alike they are.

        Args:
            crops: uint8 array, 0-255, or float array, 0-1, shape `(faces,
                side, side, 3)`. Whole stored crops, of any size.

        Returns:
            float64 array, shape `(faces, dimensions)`, each of length 1.

        Raises:
            ValueError: if these are not crops.
        """
        seen = alignment.cut_network_crops(crops, 1.0, RESOLUTION)
        if seen.ndim != 4:
            raise ValueError(
                "Expected crops of shape (faces, size, size, 3). Received: "
                f"{np.shape(crops)}"
            )
        # a mirrored face is the same person's
        return _unit(self._describe(seen) + self._describe(seen[:, :, ::-1]))

    def _describe(self, seen):
        return _unit(predict(self.model, gradient_histograms(seen), 512))


def _unit(vectors):
    vectors = np.asarray(vectors, np.float64)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(length, 1e-9)


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
        dimensions=int(likeness.model.output_shape[1]),
        **details,
    )


def read_likeness(folder=LIKENESS_FOLDER):
    """Read a likeness; by default the one that comes with the course.

    Args:
        folder: str or path.

    Returns:
        `Likeness`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit.
    """
    model, _ = small_networks.read_network(
        folder,
        WEIGHTS,
        MADE_BY,
        "likeness",
        lambda manifest: build_likeness(manifest["dimensions"]),
    )
    return Likeness(model)
