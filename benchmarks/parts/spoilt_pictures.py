"""Pictures as cameras and files spoil them: for networks trained on renders.

Renders are cleaner and more alike than photographs. What is trained on them
for photographs sees them shaded, aged, recoloured, blurred and compressed.
"""

import cv2
import numpy as np


def spoil_picture(picture, random):
    """A picture in other light, of other skin, camera and file.

    Args:
        picture: uint8 array, shape `(side, side, 3)`.
        random: `numpy.random.Generator`.

    Returns:
        float32 array, shape `(side, side, 3)`, 0-1.
    """
    image, side = np.float32(picture) / 255, len(picture)
    if random.random() < 0.4:
        image = image * _shadow(side, random)
    if random.random() < 0.6:
        image = image * _age(side, random)
    image = _recolor(image, random)
    image = _blur(image, random)
    return add_grain_and_jpeg(image, 0.05, random)


def add_grain_and_jpeg(image, most_grain, random):
    """A picture as a sensor and a file leave it.

    Args:
        image: float32 array, shape `(height, width, 3)`, about 0-1.
        most_grain: float, standard deviation.
        random: `numpy.random.Generator`.

    Returns:
        float32 array, same shape, 0-1.
    """
    grain = random.uniform(0, most_grain) * random.random()
    image = image + grain * random.standard_normal(
        image.shape, dtype=np.float32
    )
    image = np.uint8(np.clip(image, 0, 1) * 255 + 0.5)
    if random.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 90))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], 1)
    return np.float32(image) / 255


def _shadow(side, random):
    """Shade that falls on face and things alike: it covers nothing."""
    cells = int(random.integers(2, 6))
    field = random.normal(size=(cells, cells)).astype(np.float32)
    field = cv2.resize(field, (side, side), interpolation=cv2.INTER_CUBIC)
    edge = random.uniform(0.1, 1.5)
    share = np.clip((field - random.normal(0, 0.5)) / edge + 0.5, 0, 1)
    depth = random.uniform(0.2, 0.75) + 0.05 * random.normal(size=3)
    return np.float32(1 - share[..., None] * depth)


def _age(side, random):
    """Folds, blotches and pores, which renders have too few of."""
    size = (side, side)
    folds = np.zeros(size, np.float32)
    for _ in range(int(random.integers(0, 9))):
        start, first, then = (
            random.uniform(0.1, 0.9, 2),
            *random.normal(0, 0.12, (2, 2)),
        )
        along = np.linspace(0, 1, 9)[:, None]
        curve = (start + first * along + then * along**2) * side
        line = np.zeros(size, np.float32)
        width = int(random.integers(1, 5))
        cv2.polylines(line, [np.int32(curve)], False, 1.0, width)
        line = cv2.GaussianBlur(line, (0, 0), random.uniform(0.8, 3))
        folds = np.maximum(folds, random.uniform(0.1, 0.6) * line)
    shade = 1 - folds[..., None]
    for cells, depth in ((6, 0.08), (20, 0.06), (64, 0.05)):
        field = random.normal(size=(cells, cells, 3)).astype(np.float32)
        field = 0.6 * field[..., :1] + 0.4 * field
        field = cv2.resize(field, size, interpolation=cv2.INTER_CUBIC)
        shade = shade * (1 + random.uniform(0, depth) * field)
    return shade


def _recolor(image, random):
    """Gains, gamma and saturation of another camera; one in six is grey."""
    grey = image.mean(axis=-1, keepdims=True)
    saturation = 0 if random.random() < 0.17 else random.uniform(0.4, 1.5)
    image = grey + saturation * (image - grey)
    gain = np.exp(random.normal(0, 0.2) + random.normal(0, 0.07, 3))
    gamma = np.exp(random.normal(0, 0.25))
    image = np.clip(image * np.float32(gain), 0.001, 1) ** np.float32(gamma)
    contrast = random.uniform(0.75, 1.25)
    return (image - 0.5) * np.float32(contrast) + 0.5


def _blur(image, random):
    """Out of focus, or enlarged from a small picture."""
    chance, side = random.random(), len(image)
    if chance < 0.35:
        sigma = 4 * random.random() ** 2
        if sigma > 0.2:
            image = cv2.GaussianBlur(image, (0, 0), sigma)
    elif chance < 0.6:
        small = int(random.uniform(0.15, 1) * side)
        how = random.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC, 0))
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (side, side), interpolation=int(how))
    return image
