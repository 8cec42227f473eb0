"""Visible face: faces in pictures in, masks to paste along out.

What stands before a face, a hand, glasses or hair, is to stay before the
swapped one: it is left out of the mask.
"""

import functools

import cv2
import numpy as np

from helpers import alignment, masks
from helpers.color_transfer import check_choice
from helpers.crops import cut_crop, cut_network_crops, matrix_for
from helpers.faces.readers import face_mask
from helpers.files import manifests
from helpers.masks import DEFAULT_OCCLUSION, OCCLUSIONS
from helpers.swap import worn_glasses
from helpers.synthetic import occluders

# What is covered begins where a pixel is surely so, and reaches as far as it is
# more likely so than not. Folds, beards and shade are doubtful all over: a hole
# in a face is worse than a finger swapped away.
SURELY_COVERED = 0.9
# The outline's edge, drawn in and softened as `masks.blending_mask` does the
# egg's: as shares of the mask's side, which is 0.8 of the stored crop's.
OUTLINE_ERODE_SHARE = masks.ERODE_SHARE / 0.8
OUTLINE_FEATHER_SHARE = masks.FEATHER_SHARE / 0.8
# The outline ends close above the brows that it sees. The source's may be
# higher, and above both is skin, or hair, which counts as before the face: so
# it reaches further up by this share of the mask's side. More would show the
# lower end of a source's fringe on a bare forehead.
UPWARD_SHARE = 0.03
# Beside the brows the outline reaches further out by this share of the side,
# and only the egg ends the mask: drawn in, it leaves the target's brow ends
# beside the source's (`benchmarks.brows`). That begins a little below the eyes
# and is whole a little above, in distances between them.
BROW_REACH_SHARE = 0.03
BROWS_BEGIN = 0.1
# The edge of what is covered, drawn in and softened as shares of the mask's
# side. Far less than at the outline: below a finger the decoder has learned
# what to draw, and between two fingers there is little room.
ERODE_SHARE = 0.02
FEATHER_SHARE = 0.008
# a face of which less than this share is seen stays as it is
LEAST_SEEN = 0.1


def visible_face(shares, eggs, worn=False):
    """Masks of what is seen of some faces.

    The border follows the face's own outline, within the egg: beyond that a
    decoder may have learned nothing.

    Args:
        shares: float array, shape `(faces, size, size, 3)`, 0-1, of
            `face_mask.FaceMask.read_masks`.
        eggs: float array, shape `(faces, side, side)`, 0-1, network crops of
            `masks.face_mask`, of at least the same size.
        worn: bool, whether these faces wear glasses, see `worn_glasses`: then
            all that may be glasses is left out.

    Returns:
        float32 array, shape `(faces, side, side)`, 0-1: nowhere more than the
        eggs, and 0 all over where hardly any of a face is seen.

    Raises:
        ValueError: if the arrays do not fit each other.
    """
    shares, eggs = np.asarray(shares), np.asarray(eggs, np.float32)
    if shares.ndim != 4 or eggs.ndim != 3 or len(shares) != len(eggs):
        raise ValueError(
            "Expected an egg (side, side) for each face (size, size, 3). "
            f"Received: shapes {shares.shape} and {eggs.shape}"
        )
    result = np.zeros_like(eggs)
    for index, (seen, egg) in enumerate(zip(shares, eggs, strict=True)):
        outline, bare, glasses = np.float32(seen).transpose(2, 0, 1).copy()
        bare = _surely_bare(worn_glasses.without_glasses(bare, glasses))
        cover = worn_glasses.cover_of(glasses) if worn else 0 * glasses
        if bare.shape != egg.shape:
            outline, bare, cover = (
                cv2.resize(part, egg.shape[::-1])
                for part in (outline, bare, cover)
            )
        above = np.ones((1 + round(UPWARD_SHARE * len(outline)), 1), np.uint8)
        outline = cv2.dilate(outline, above, anchor=(0, 0))
        outline = _soften_outline(outline)
        bare = masks.soften_mask(bare, ERODE_SHARE, FEATHER_SHARE)
        mask = np.minimum(outline, egg) * bare * (1 - cover)
        if mask.sum() >= LEAST_SEEN * egg.sum():
            result[index] = mask
    return result


def _soften_outline(outline):
    """Drawn in at cheeks and jaw, let out at the brows, soft everywhere."""
    drawn_in = masks.soften_mask(
        outline, OUTLINE_ERODE_SHARE, OUTLINE_FEATHER_SHARE
    )
    reach = round(BROW_REACH_SHARE * len(outline))
    disc = cv2.getStructuringElement(
        cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)
    )
    let_out = cv2.dilate(outline, disc)
    let_out = masks.soften_mask(let_out, 0, OUTLINE_FEATHER_SHARE)
    return drawn_in + _above_eyes(len(outline)) * (let_out - drawn_in)


@functools.cache
def _above_eyes(side):
    """1 in the rows above the eyes, 0 in those below; shape `(side, 1)`."""
    contract = manifests.data_contract()
    eyes = alignment.template_points(contract, 1)[:2] + 0.5
    unit = np.linalg.norm(eyes[1] - eyes[0])
    coverage = contract["coverage"]
    rows = (np.arange(side) + 0.5) / side * coverage + (1 - coverage) / 2
    above = (eyes[:, 1].mean() - rows) / unit
    share = np.clip(above / BROWS_BEGIN / 2 + 0.5, 0, 1)
    return share[:, None].astype(np.float32)


def _surely_bare(bare):
    """What is covered without a doubt set to 0, the rest to 1.

    Reference:
        Canny, "A computational approach to edge detection", 1986, section
        VIII: thresholding with hysteresis.
    """
    likely = (bare < 0.5).astype(np.uint8)
    count, labels = cv2.connectedComponents(likely)
    sure = np.zeros(count, bool)
    sure[labels[bare < 1 - SURELY_COVERED]] = True
    sure[0] = False
    # soft across the edge itself, so that it moves by less than a pixel
    edge = np.clip(2 * bare - 0.5, 0, 1)
    reach = cv2.dilate(sure[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.where(reach > 0, edge, 1).astype(np.float32)


def hold_hand(frame, landmarks, seed=2):
    """A rendered hand held before a face, to try what is seen of it.

    Args:
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in its pixels.
        seed: int. Which hand, and where.

    Returns:
        uint8 array, the shape of `frame`.
    """
    return occluders.occlude(frame, landmarks, "hand", seed=seed)[0]


def see_face(comb, frame, landmarks, occlusion=DEFAULT_OCCLUSION):
    """The mask of what is seen of one face.

    Args:
        comb: comb with `contract` and `resolution`.
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in its pixels.
        occlusion: see `MaskMaker`.

    Returns:
        float32 array, shape `(side, side)`, 0-1, of the square that network
        crops show; as fine as the comb's crops or finer.
    """
    maker = MaskMaker(comb, occlusion)
    return maker.make_masks([maker.look_at_face(frame, landmarks)])[0]


class MaskMaker:
    """Makes the masks along which a comb's faces are pasted.

    It remembers whether the face wore glasses, so that these do not come and
    go: one for each face that is followed.

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
        self._network, self._worn = None, False
        if occlusion == "learned":
            self._network = face_mask.shipped_mask()
            self.resolution = max(self.resolution, self._network.resolution)
        # whole degrees: an egg is made once for each, not for each frame
        self._egg_at = functools.cache(self._make_egg)

    def look_at_face(self, picture, landmarks):
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
        side = self._network.resolution
        matrix = matrix_for(landmarks, self.contract, side)
        return egg, cut_crop(picture, matrix, side)

    def _make_egg(self, yaw):
        if self._network is None:
            return masks.blending_mask(self.contract, self.resolution, yaw)
        size, coverage = self.contract["crop_size"], self.contract["coverage"]
        egg = masks.face_mask(size, self.contract, yaw)[None]
        return cut_network_crops(egg, coverage, self.resolution)[0]

    def make_masks(self, looks):
        """Masks of one face in frames that follow each other.

        Args:
            looks: list of what `look_at_face` returned.

        Returns:
            list of float32 arrays, shape `(side, side)`, 0-1, of the square
            that network crops show; as fine as the comb's crops or finer.
        """
        eggs, crops = [egg for egg, _ in looks], [crop for _, crop in looks]
        if not looks or self._network is None:
            return eggs
        shares = self._network.read_masks(np.stack(crops))
        strengths = [
            worn_glasses.frame_strength(seen[..., 2]) for seen in shares
        ]
        self._worn = worn_glasses.are_worn(strengths, self._worn)
        return list(visible_face(shares, np.stack(eggs), self._worn))
