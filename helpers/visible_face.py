"""Visible face: faces in pictures in, masks to paste along out.

What stands before a face, a hand, glasses or hair, is to stay before the
swapped one: it is left out of the mask.
"""

import functools

import cv2
import numpy as np

from helpers import alignment, face_mask, masks
from helpers.color_transfer import check_choice
from helpers.masks import DEFAULT_OCCLUSION, OCCLUSIONS

# Below the first a pixel is surely covered, above the second surely bare.
COVERED, BARE = 0.35, 0.65
# The edge of what is covered, drawn in and softened as shares of the mask's
# side. Far less than at the egg's edge: below a finger the decoder has learned
# what to draw, and between two fingers there is little room.
ERODE_SHARE = 0.012
FEATHER_SHARE = 0.008
# a face of which less than this share is seen stays as it is
LEAST_SEEN = 0.2


def visible_face(found, eggs):
    """Masks of what is seen of some faces.

    Args:
        found: float array, shape `(faces, size, size, 2)`, 0-1, of
            `face_mask.FaceMask.read`.
        eggs: float array, shape `(faces, side, side)`, 0-1, of
            `masks.blending_mask`, of at least the same size.

    Returns:
        float32 array, shape `(faces, side, side)`, 0-1: nowhere more than the
        eggs, and 0 all over where hardly any of a face is seen.

    Raises:
        ValueError: if the arrays do not fit each other.
    """
    found, eggs = np.asarray(found), np.asarray(eggs, np.float32)
    if found.ndim != 4 or eggs.ndim != 3 or len(found) != len(eggs):
        raise ValueError(
            "Expected an egg (side, side) for each face (size, size, 2). "
            f"Received: shapes {found.shape} and {eggs.shape}"
        )
    result = np.zeros_like(eggs)
    for index, (shares, egg) in enumerate(zip(found, eggs, strict=True)):
        bare = (shares[..., 1] - COVERED) / (BARE - COVERED)
        bare = np.clip(bare, 0, 1).astype(np.float32)
        if bare.shape != egg.shape:
            bare = cv2.resize(bare, egg.shape[::-1])
        bare = masks.soften_mask(bare, ERODE_SHARE, FEATHER_SHARE)
        mask = egg * bare
        if mask.sum() >= LEAST_SEEN * egg.sum():
            result[index] = mask
    return result


class MaskMaker:
    """Makes the masks along which a comb's faces are pasted.

    Args:
        comb: comb with `contract` and `resolution`.
        occlusion: one of `OCCLUSIONS`. `"learned"` leaves out what a small
            network sees before a face (`face_mask.read_face_mask`); `"none"`
            is the egg alone.

    Raises:
        ValueError: if there is no such occlusion.
        FileNotFoundError: if the network is missing.
    """

    def __init__(self, comb, occlusion=DEFAULT_OCCLUSION):
        check_choice("occlusion", occlusion, OCCLUSIONS)
        self.contract, self.resolution = comb.contract, comb.resolution
        self._network = None
        if occlusion == "learned":
            self._network = _shipped_network()
            self.resolution = max(self.resolution, self._network.resolution)
        # whole degrees: an egg is made once for each, not for each frame
        self._egg_at = functools.cache(
            functools.partial(
                masks.blending_mask, self.contract, self.resolution
            )
        )

    def look(self, picture, landmarks):
        """What has to be seen of a face to make its mask.

        Args:
            picture: uint8 array, shape `(height, width, 3)`, RGB: what is
                around the face.
            landmarks: float array, shape `(5, 2)`, `(x, y)` in its pixels.

        Returns:
            Tuple of the egg, float32 array, shape `(side, side)`, and the
            network crop, uint8 array, or `None` where no network looks.
        """
        egg = self._egg_at(round(alignment.estimate_pose(landmarks)[0]))
        if self._network is None:
            return egg, None
        size, coverage = self.contract["crop_size"], self.contract["coverage"]
        side = self._network.resolution
        matrix = alignment.crop_matrix(landmarks, self.contract)
        matrix = alignment.network_matrix(matrix, size, coverage, side)
        return egg, alignment.cut_crop(picture, matrix, side)

    def make(self, looks):
        """Masks of faces.

        Args:
            looks: list of what `look` returned.

        Returns:
            list of float32 arrays, shape `(side, side)`, 0-1, of the square
            that network crops show; as fine as the comb's crops or finer.
        """
        eggs, crops = [egg for egg, _ in looks], [crop for _, crop in looks]
        if not looks or self._network is None:
            return eggs
        found = self._network.read(np.stack(crops))
        return list(visible_face(found, np.stack(eggs)))


@functools.cache
def _shipped_network():
    return face_mask.read_face_mask()
