"""Pictures of faces in, which of them show again what another one shows.

Two looks are the same if they differ nowhere, once grain is averaged away: a
blink or a turned eye is a large difference in a small place. So it is the
largest difference that counts, not the mean one.
"""

import cv2
import numpy as np

from helpers import crop_quality

# Side of the small picture that is compared, and of the coarse one by which
# most pairs are seen to differ.
SIDE, COARSE = 48, 6
# Grain and compression are averaged over about so many of its pixels.
SMOOTHING = 1.0


def small_look(look):
    """What is compared of a face: its small picture, without grain.

    Args:
        look: float32 array from `crop_quality.look_at`.

    Returns:
        uint8 array, shape `(SIDE, SIDE)`, grey, 0-255; 0 beyond the face.
    """
    window = crop_quality.face_window().astype(np.float32)
    small = cv2.resize(look, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    window = cv2.resize(window, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), SMOOTHING)
    return np.uint8(np.where(window > 0.5, small, 0) + 0.5)


def find_repeats(looks, order, limits):
    """For each face, the one before it that it repeats.

    Greedy: a face is compared with those alone that repeat nothing
    themselves, so that a slow change is not lost step by step.

    Args:
        looks: uint8 array, shape `(faces, SIDE, SIDE)`, of `small_look`.
        order: sequence of int, the faces in the order in which they are
            kept; others are left alone.
        limits: float array, shape `(faces,)`. Largest difference in grey
            levels at which a face repeats another one.

    Returns:
        Tuple of int array, shape `(faces,)`: the repeated face, or -1; and
        float array, shape `(faces,)`: the largest difference from it.
    """
    coarse = np.stack([_coarse(look) for look in looks]) if len(looks) else []
    repeated = np.full(len(looks), -1)
    difference = np.full(len(looks), np.inf)
    kept, count = np.empty((len(order), COARSE**2), np.int16), 0
    numbers = np.empty(len(order), int)
    for face in order:
        away = np.abs(kept[:count] - coarse[face]).max(axis=1, initial=0)
        # the mean of a block differs no more than the pixel that differs most
        near = numbers[:count][away <= limits[face] + 1]
        if len(near):
            apart = cv2_largest(looks[near], looks[face])
            best = int(np.argmin(apart))
            if apart[best] <= limits[face]:
                repeated[face] = near[best]
                difference[face] = apart[best]
                continue
        kept[count], numbers[count] = coarse[face], face
        count += 1
    return repeated, difference


def cv2_largest(looks, look):
    """Largest difference of each of some looks from one."""
    apart = np.abs(looks.astype(np.int16) - look)
    return apart.reshape(len(looks), -1).max(axis=1)


def _coarse(look):
    size = (COARSE, COARSE)
    small = cv2.resize(
        look.astype(np.float32), size, interpolation=cv2.INTER_AREA
    )
    return small.ravel()
