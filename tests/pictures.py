"""Pictures and masks that several tests draw on."""

import cv2
import numpy as np

from helpers.footage import media


def smooth_picture(height, width, seed=0, low=0.2, high=0.8):
    """A colourful, smooth picture, float32 (height, width, 3) in 0-1."""
    noise = np.random.default_rng(seed).random((6, 6, 3)).astype(np.float32)
    picture = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(low + (high - low) * picture, 0, 1)


def soft_disc(size, radius=0.35, feather=0.06):
    """A round mask with a soft edge, float32 (size, size) in 0-1."""
    axis = (np.arange(size) + 0.5) / size - 0.5
    distance = np.hypot(*np.meshgrid(axis, axis))
    return np.clip((radius - distance) / feather + 0.5, 0, 1).astype("float32")


def noise_frame(seed=0):
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (48, 64, 3), dtype=np.uint8)


def write_plain(path):
    """A picture or video as other programs write it."""
    if path.suffix == ".mp4":
        metadata = {"comment": "a holiday"}
        frames = [noise_frame(seed) for seed in range(3)]
        media.write_video(path, frames, 25, metadata=metadata)
    else:
        media.write_image(path, noise_frame())
    return path
