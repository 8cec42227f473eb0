"""Pictures of faces in, which of them show again what another one shows.

Two looks are the same if they differ nowhere, once grain is averaged away: a
blink or a turned eye is a large difference in a small place. So it is the
largest difference that counts, not the mean one.
"""

import cv2
import numpy as np

from helpers.faces.sorting import crop_quality

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


def find_repeats(looks, order, limit):
    """For each face, the one before it that it repeats.

    Greedy: a face is compared with those alone that repeat nothing
    themselves, so that a slow change is not lost step by step.

    Args:
        looks: uint8 array, shape `(faces, SIDE, SIDE)`, of `small_look`.
        order: sequence of int, the faces in the order in which they are
            kept; others are left alone.
        limit: float. Largest difference in grey levels at which a face
            repeats another one.

    Returns:
        int array, shape `(faces,)`: the repeated face, or -1.
    """
    repeated = np.full(len(looks), -1)
    coarse = np.empty((len(order), COARSE**2), np.float32)
    means = np.empty(len(order), np.float32)
    kept = np.empty(len(order), int)
    count = 0
    for face in order:
        coarse[count] = _coarse(looks[face])
        means[count] = coarse[count].mean()
        # a mean differs no more than the pixel that differs most
        near = np.flatnonzero(np.abs(means[:count] - means[count]) <= limit)
        away = np.abs(coarse[near] - coarse[count]).max(axis=1, initial=0)
        near = kept[near[away <= limit]]
        apart = np.abs(looks[near].astype(np.int16) - looks[face])
        apart = apart.max(axis=(1, 2), initial=0)
        if len(near) and apart.min() <= limit:
            repeated[face] = near[apart.argmin()]
        else:
            kept[count] = face
            count += 1
    return repeated


def _coarse(look):
    size = (COARSE, COARSE)
    small = cv2.resize(
        look.astype(np.float32), size, interpolation=cv2.INTER_AREA
    )
    return small.ravel()
