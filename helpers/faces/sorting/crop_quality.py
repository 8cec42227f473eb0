"""Crops in, what tells good ones from useless ones out: sharp, lit, the same.

All is measured on a crop that was made as small as a network sees it: a small
face that was enlarged is not sharp for having hard pixels, and grain that a
network's pixel averages away is no detail.
"""

import functools

import cv2
import numpy as np

from helpers import masks
from helpers.files import manifests

LOOK = 96  # side in pixels of the whole crop that is looked at
# Standard deviations in its pixels of what is fine and what is broad: between
# the two lies what eyes, brows and lips are drawn with.
FINE, BROAD = 1.0, 4.0
# Grey levels: a face without any structure is not sharp.
FLOOR = 1.5
# The lesser half of squared normal noise has this share of its mean: what a
# smooth half of the face gives away of the grain.
HALF_OF_GRAIN = 0.1427


def look_at(crop):
    """A crop as small as it is judged.

    Args:
        crop: uint8 array, shape `(size, size, 3)`, RGB, a whole stored crop.

    Returns:
        float32 array, shape `(LOOK, LOOK)`, grey, 0-255.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    smaller = LOOK < grey.shape[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(grey, (LOOK, LOOK), interpolation=way)


def sharpness(look):
    """How much of a face's structure is fine: independent of its contrast.

    The share of the fine part in the fine and the broad, where the face is;
    what grain adds is taken off, as it stands everywhere alike.

    Args:
        look: float32 array from `look_at`.

    Returns:
        float, about 0.1 for a blurred face to 0.5 for a sharp one.
    """
    less = cv2.GaussianBlur(look, (0, 0), FINE)
    fine, broad = look - less, less - cv2.GaussianBlur(less, (0, 0), BROAD)
    inside = face_window()
    # half of a face is smooth: there only grain is left
    strength = np.sort((fine[inside] ** 2).ravel())
    grain = strength[: len(strength) // 2].mean() / HALF_OF_GRAIN
    detail = max(strength.mean() - grain, 0.0)
    return float(np.sqrt(detail / ((broad[inside] ** 2).mean() + FLOOR**2)))


def brightness(look):
    """How bright the face is that a crop shows.

    Args:
        look: float32 array from `look_at`.

    Returns:
        float, 0-255: the brightest tenth of the face begins there. A face
        lit from one side only is not dark.
    """
    return float(np.quantile(look[face_window()], 0.9))


@functools.cache
def face_window():
    """Where in a look the face is: bool array, shape `(LOOK, LOOK)`."""
    contract = manifests.data_contract(LOOK)
    return masks.face_mask(LOOK, contract, inner=True) > 0.5
