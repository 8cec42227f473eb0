"""Worn glasses: what a network takes for glasses in, whole frames or none out.

Thin rims are doubtful in places, and half a frame is worse than none. So it is
asked of the whole frame, in many pictures of a clip at once, whether there are
glasses; and if there are, their doubtful places stay too.
"""

import bisect

import cv2
import numpy as np

# A frame of glasses reaches from one side of the face over the nose to the
# other: connected, and as wide as this share of the network crop's side, 1.4
# distances between the eyes. Folds, brows and shadows around eyes do not.
FRAME_WIDTH = 0.6
# shares between which the weakest place of such a frame is sought
WEAKEST = (0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.32, 0.48, 0.64)
# what counts as glasses beyond doubt, when their area is asked
PLAIN = 0.25
# Strengths from which glasses are seen, and below which they are gone again. Of
# three real clips with thin ones the medians are 0.95 to 1.3, of two without
# but with bags and bushy brows 0.2; and 0.0 of most.
SEEN, LOST = 0.65, 0.45
# Shares from which a place of seen glasses begins to stay, and stays wholly. As
# low as this, a rim stays to its edge, and where the skin is as bright.
BEGINS, STAYS = 0.05, 0.12


def frame_strength(glasses):
    """How surely a face wears glasses.

    Args:
        glasses: float array, shape `(side, side)`, 0-1, the channel of
            `face_mask.FaceMask.read_masks` that says so.

    Returns:
        float, 0 without a frame as wide as a face: the geometric mean of the
        share at its weakest place and the percentage of the crop that plainly
        shows glasses.
    """
    area = 100 * float((glasses > PLAIN).mean())
    if area == 0:
        return 0.0
    wide = FRAME_WIDTH * len(glasses)
    passed = bisect.bisect_left(
        WEAKEST, True, key=lambda share: bool(_widest(glasses > share) < wide)
    )
    return (WEAKEST[passed - 1] * area) ** 0.5 if passed else 0.0


def are_worn(strengths, worn=False):
    """Whether a face that is followed wears glasses.

    Args:
        strengths: sequence of float, of `frame_strength` in frames in a row.
        worn: bool. What was said of the frames before.

    Returns:
        bool. Once seen, glasses are there until they are surely gone.
    """
    return bool(np.median(strengths) >= (LOST if worn else SEEN))


def without_glasses(bare, glasses):
    """What would be bare if there were no glasses.

    Args:
        bare, glasses: float32 arrays, shape `(side, side)`, 0-1, channels of
            `face_mask.FaceMask.read_masks`.

    Returns:
        float32 array, same shape: 1 where most of what covers is glasses.
    """
    return np.where(glasses > (1 - bare) / 2, np.float32(1), bare)


def cover_of(glasses):
    """Where worn glasses are seen, doubtful places as well.

    Args:
        glasses: float32 array, as for `frame_strength`.

    Returns:
        float32 array, same shape, 0-1.
    """
    return np.clip((glasses - BEGINS) / (STAYS - BEGINS), 0, 1)


def _widest(likely):
    """Width in pixels of the widest part that is connected."""
    parts = cv2.connectedComponentsWithStats(likely.view(np.uint8))[2]
    # the first is what is not likely
    return parts[1:, cv2.CC_STAT_WIDTH].max(initial=0)
