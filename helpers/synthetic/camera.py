"""Rooms, lens and sensor: linear light in, a picture for the display out."""

import functools

import cv2
import numpy as np

from helpers.synthetic.fields import mix, noise_field

LARGEST_FRAME = 1024
_GRAIN_SIDE = LARGEST_FRAME + 76


@functools.lru_cache(maxsize=32)
def _room(seed, size):
    """A blurred room, float32 `(size, size, 3)`; do not write into it."""
    random = np.random.default_rng(1000 + seed)
    top, bottom = random.uniform(0.12, 0.6, 3), random.uniform(0.06, 0.4, 3)
    top, bottom = mix(top, top.mean(), 0.5), mix(bottom, bottom.mean(), 0.5)
    down = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    room = np.empty((size, size, 3), np.float32)
    room[:] = mix(top, bottom, down)
    for _ in range(9):  # shelves, doors, pictures
        x, y = random.uniform(-0.2, 1) * size, random.uniform(-0.2, 1) * size
        width, height = random.uniform(0.08, 0.5), random.uniform(0.05, 0.7)
        corner = int(x + width * size), int(y + height * size)
        light = random.uniform(0.03, 0.7)
        color = light * mix(random.uniform(0.5, 1, 3), 1, 0.5)
        cv2.rectangle(room, (int(x), int(y)), corner, color.tolist(), -1)
    for _ in range(6):  # lamps and plants
        x, y = random.uniform(0, size), random.uniform(0, size)
        radius = int(random.uniform(0.02, 0.10) * size)
        light = random.uniform(0.1, 1.1)
        color = light * mix(random.uniform(0.4, 1, 3), 1, 0.4)
        cv2.circle(room, (int(x), int(y)), radius, color.tolist(), -1)
    room = cv2.GaussianBlur(room, (0, 0), size * random.uniform(0.008, 0.022))
    texture = noise_field(random, (size, size), (size // 3, size // 3))
    return room * (1 + 0.02 * texture)[..., None]


@functools.lru_cache(maxsize=1)
def _grain():
    """Noise to cut each frame's grain from: part brightness, part colour."""
    random = np.random.default_rng(7)
    shape = (_GRAIN_SIDE, _GRAIN_SIDE, 4)
    noise = random.standard_normal(shape, dtype=np.float32)
    return noise[..., :3] * np.float32(0.45) + noise[..., 3:] * np.float32(0.75)


def film_background(frame, size):
    """The room behind the person.

    Args:
        frame: dict, complete frame parameters.
        size: int, side of the frame in pixels.

    Returns:
        float32 array, shape `(size, size, 3)`. Linear RGB.
    """
    brightness = 0.35 + 0.65 * frame["ambient"] / 0.30
    return _room(int(frame["background"]), size) * np.float32(brightness)


def smooth_silhouettes(image, depth):
    """Anti-aliased edges: a blur where the depth jumps, and only there.

    Args:
        image: float32 array, shape `(height, width, 3)`. Linear RGB.
        depth: float32 array, shape `(height, width)`, in cm.

    Returns:
        float32 array, shape `(height, width, 3)`. Linear RGB.
    """
    jump = np.abs(cv2.Laplacian(depth, cv2.CV_32F)) > 1.6
    edge = cv2.GaussianBlur(jump.astype(np.float32), (5, 5), 0.8).ravel()
    where = np.flatnonzero(edge > 0.02)
    blurred = cv2.GaussianBlur(image, (5, 5), 0.9).reshape(-1, 3)[where]
    share = np.minimum(edge[where] * 1.6, 1)[:, None]
    flat = image.reshape(-1, 3).copy()
    flat[where] = mix(flat[where], blurred, share)
    return flat.reshape(image.shape)


def develop(image, frame):
    """What the sensor makes of the light: blur, tone, grain, 8 bits.

    Args:
        image: float32 array, shape `(size, size, 3)`. Linear RGB.
        frame: dict, complete frame parameters.

    Returns:
        uint8 array, shape `(size, size, 3)`. RGB, 0-255.
    """
    size = len(image)
    if frame["blur"] > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), frame["blur"] * size / 256)
    image = image * np.float32(frame["exposure"])
    # bright light bends over softly instead of clipping
    tone = np.float32(1.18) * (1 + image * 0.12) / (1 + image * 0.55)
    image = np.sqrt(np.clip(image * tone, 0, 1))
    if frame["noise"]:
        random = np.random.default_rng(int(frame["seed"]))
        y, x = random.integers(0, _GRAIN_SIDE - size, 2)
        grain = _grain()[y : y + size, x : x + size]
        image += grain * np.float32(frame["noise"])
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
