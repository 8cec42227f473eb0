"""Masks: a data contract or a painted mask in, soft face masks of crops out."""

import cv2
import numpy as np

from helpers import alignment
from helpers.alignment import LEFT_EYE, OUTER_LIPS, RIGHT_EYE
from helpers.crops import cut_crop, cut_network_crops

# The egg's measures in units of the distance between the eyes: how far it
# reaches above them, and to each side. It holds whole brows and most of the
# cheeks. With 0.52 and 1.02 the ends of the target's brows stood beside the
# source's, and real faces that were pasted alike were not half way from the
# target to the source, for a recognition network (`benchmarks.real --ceiling`).
ABOVE_EYES, HALF_WIDTH = 0.62, 1.15
# what hair seldom covers, to ask whether a face is seen
INNER_ABOVE_EYES, INNER_HALF_WIDTH = 0.52, 1.02
CHIN_BELOW_MOUTH = 0.70

# How fast the far side of a turned head goes out of sight. With 0.9 a swap of a
# head turned by 30 degrees kept the target's far eye, so that one was green and
# one brown; with 0.6 what is drawn beside the nose smears into the room.
FORESHORTENING = 0.7

# how much slimmer than the middle the chin end is; the brow end is wider
SLENDERING = 0.22

# Exponent of the brow end's curve: 2 is an ellipse, more is squarer.
BROW_END_POWER = 2.5

# width of the egg's soft edge, as a share of the crop's side
SOFT_EDGE = 0.02

# what stands before a face: left out, as a network sees it, or not looked for
OCCLUSIONS = ("learned", "none")
DEFAULT_OCCLUSION = "learned"

# A mask to paste along is drawn in by little more than its soft edge spreads,
# as a decoder has learned nothing about what lies outside. Any more, and the
# ends of the target's brows stay beside the source's. Shares of the side.
ERODE_SHARE = 0.025
FEATHER_SHARE = 0.015


def face_mask(size, contract, yaw=0.0, inner=False):
    """The face region of any aligned crop: an egg from above brows to chin.

    One egg for everybody, because a mask cut to the person would tell the
    encoder who it is. It ends inside the part that the network sees. Of a
    turned head the far cheek is out of sight: that side is narrower.

    Args:
        size: int. Side of the mask in pixels (of the whole stored crop).
        contract: dict from `manifests.data_contract()`.
        yaw: float. Turn of the head in degrees from
            `alignment.estimate_pose()`, positive to the picture's right.
        inner: bool. Whether a smaller egg is asked for, which hair seldom
            covers.

    Returns:
        float32 array, shape `(size, size)`, 0 outside to 1 inside.

    Raises:
        ValueError: if the template has no distance between the eyes.

    Example:
        >>> from helpers import masks
        >>> from helpers.files import manifests
        >>> mask = masks.face_mask(64, manifests.data_contract())
        >>> float(mask[0, 0]), float(mask[32, 32])
        (0.0, 1.0)
    """
    template = alignment.template_points(contract, 1) + 0.5  # unit crop
    eyes, mouth = template[:2].mean(axis=0), template[3:].mean(axis=0)
    unit = np.linalg.norm(template[1] - template[0])
    if unit <= 0:
        raise ValueError(
            "The template's eyes should be apart. "
            f"Received: {template.tolist()}"
        )
    above, wide = ABOVE_EYES, HALF_WIDTH
    if inner:
        above, wide = INNER_ABOVE_EYES, INNER_HALF_WIDTH
    margin = (1 - contract["coverage"]) / 2 + SOFT_EDGE
    top = max(eyes[1] - above * unit, margin)
    bottom = min(mouth[1] + CHIN_BELOW_MOUTH * unit, 1 - margin)
    middle_x = (eyes[0] + mouth[0]) / 2
    half_width = min(wide * unit, 0.5 - margin)
    half_height = (bottom - top) / 2

    centres = (np.arange(size) + 0.5) / size
    down = ((centres - (top + bottom) / 2) / half_height)[:, None]
    across = ((centres - middle_x) / half_width)[None, :]
    far = across * np.sign(yaw) > 0
    turn = np.radians(min(abs(yaw), 60))
    across = np.where(far, across / (1 - FORESHORTENING * np.sin(turn)), across)
    slimmer = 1 - SLENDERING * np.clip(down, -0.4, 1)
    # squarer above the eyes, where brows end
    power = np.where(down < 0, BROW_END_POWER, 2.0)
    distance = np.abs(across / slimmer) ** power + np.abs(down) ** power
    distance = distance ** (1 / power)
    # from the share of the radius to a share of the crop's side
    depth = (1 - distance) * min(half_width, half_height)
    return np.clip(depth / SOFT_EDGE + 0.5, 0, 1).astype(np.float32)


def feature_weights(resolution, contract, weight=3.0):
    """How much a pixel of a network crop should count: eyes and mouth more.

    They are a tenth of a face and most of its expression; a mean error hardly
    sees them.

    Args:
        resolution: int. Side of the network crop in pixels.
        contract: dict from `manifests.data_contract()`.
        weight: float of at least 1, in the middle of an eye or the mouth; the
            rest counts 1.

    Returns:
        float32 array, shape `(resolution, resolution)`, 1 to `weight`.

    Example:
        >>> from helpers import masks
        >>> from helpers.files import manifests
        >>> weights = masks.feature_weights(64, manifests.data_contract(), 3.0)
        >>> weights.round().min().item(), weights.round().max().item()
        (1.0, 3.0)
    """
    coverage = contract["coverage"]
    template = alignment.template_points(contract, 1) + 0.5  # unit crop
    seen = (template - (1 - coverage) / 2) / coverage  # unit network crop
    unit = np.linalg.norm(seen[1] - seen[0])
    mouth = seen[3:].mean(axis=0)
    centres = (np.arange(resolution) + 0.5) / resolution
    x, y = np.meshgrid(centres, centres)
    bump = np.zeros((resolution, resolution))
    # half widths in eye distances: across and down
    for (middle_x, middle_y), across, down in (
        (seen[0], 0.32, 0.2),
        (seen[1], 0.32, 0.2),
        (mouth, 0.5, 0.28),
    ):
        distance = ((x - middle_x) / across) ** 2 + ((y - middle_y) / down) ** 2
        bump = np.maximum(bump, np.exp(-distance / unit**2))
    return (1 + (weight - 1) * bump).astype(np.float32)


def landmark_weights(points, size, weight=3.0):
    """Like `feature_weights`, but where this crop has its eyes and mouth.

    Args:
        points: float array, shape `(68, 2)`, `(x, y)` in pixels of the crop.
        size: int. Side of the crop in pixels.
        weight: as for `feature_weights`.

    Returns:
        float32 array, shape `(size, size)`, 1 to `weight`.

    Raises:
        ValueError: if these are not 68 points.

    Example:
        >>> from helpers import masks
        >>> points = np.full((68, 2), 8.0)  # a face as small as one pixel
        >>> weights = masks.landmark_weights(points, 16, 3.0)
        >>> float(weights[8, 8]), float(weights[0, 0])
        (3.0, 1.0)
    """
    points = check_points(points)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    bump = np.zeros((size, size), np.float32)
    # half widths are at least these shares of the feature's length, which a
    # shut eye needs; and 1.4 times its own, for what is around it
    for feature, least in (
        (points[LEFT_EYE], 0.45),
        (points[RIGHT_EYE], 0.45),
        (points[OUTER_LIPS], 0.35),
    ):
        middle, reach = feature.mean(axis=0), np.ptp(feature, axis=0) / 2
        reach = np.maximum(reach, least * reach.max()) * 1.4 + 1e-6
        distance = ((x - middle[0]) / reach[0]) ** 2
        distance = distance + ((y - middle[1]) / reach[1]) ** 2
        bump = np.maximum(bump, np.exp(-distance))
    return (1 + (weight - 1) * bump).astype(np.float32)


def check_points(points):
    """The 68 points of a face as an array, or a ValueError."""
    points = np.asarray(points, dtype=np.float64)
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise ValueError(
            "A face has 68 points (x, y) that are finite. "
            f"Received: shape {points.shape}. Read them with faces.readers."
            "face_landmarks.read_face_landmarks().landmarks(crops)."
        )
    return points


def warp_mask(mask, matrix, size):
    """A photo's mask in the pixels of a crop.

    Beyond the photo's edge nothing is face; the crop itself goes on there.

    Args:
        mask: uint8 array (0-255) or float32 array (0-1), shape
            `(height, width)`.
        matrix: float array, shape `(2, 3)`, photo pixels to crop pixels.
        size: int. Side of the crop in pixels.

    Returns:
        Array of the mask's dtype, shape `(size, size)`.

    Raises:
        ValueError: if the mask is not a plane of numbers.

    Example:
        >>> from helpers import masks
        >>> mask = np.ones((4, 4), np.float32)
        >>> masks.warp_mask(mask, [[1, 0, 2], [0, 1, 0]], 4)[0].tolist()
        [0.0, 0.0, 1.0, 1.0]
    """
    mask = np.asarray(mask)
    if mask.ndim != 2:
        raise ValueError(
            "A mask has the shape (height, width). "
            f"Received: shape {mask.shape}"
        )
    return cut_crop(mask, matrix, size, cv2.BORDER_CONSTANT)


def soften_mask(mask, erode_share=ERODE_SHARE, feather_share=FEATHER_SHARE):
    """Draw a mask's edge in and make it soft, for pasting.

    Args:
        mask: float array, shape `(height, width)`, values 0-1.
        erode_share: float. How far the edge moves in, as a share of the
            shorter side.
        feather_share: float. Standard deviation of the Gaussian that softens
            the edge, the same way.

    Returns:
        float32 array, same shape, values 0-1.

    Raises:
        ValueError: if a share is negative or the mask is not a plane.

    Example:
        >>> from helpers import masks
        >>> mask = np.ones((100, 100), np.float32)
        >>> float(masks.soften_mask(mask, 0.1, 0)[50].sum())
        80.0
    """
    mask = np.asarray(mask, dtype=np.float32)
    if mask.ndim != 2 or min(erode_share, feather_share) < 0:
        raise ValueError(
            "Expected a mask (height, width) and shares of at least 0. "
            f"Received: shape {mask.shape}, erode_share={erode_share!r}, "
            f"feather_share={feather_share!r}"
        )
    side = min(mask.shape)
    radius = round(erode_share * side)
    if radius:
        kernel = cv2.getStructuringElement(
            cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)
        )
        # outside the picture counts as outside the face
        mask = cv2.erode(
            mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0
        )
    if feather_share * side > 0:
        mask = cv2.GaussianBlur(
            mask,
            (0, 0),
            feather_share * side,
            borderType=cv2.BORDER_CONSTANT,
        )
    return np.clip(mask, 0, 1)


def blending_mask(contract, resolution, yaw=0.0):
    """The soft egg along which a face is pasted, as network crops show it.

    Args:
        contract: dict from `manifests.data_contract()`.
        resolution: int. Side of the result in pixels.
        yaw: float, as for `face_mask`.

    Returns:
        float32 array, shape `(resolution, resolution)`, 0-1.

    Example:
        >>> from helpers import masks
        >>> from helpers.files import manifests
        >>> mask = masks.blending_mask(manifests.data_contract(), 64)
        >>> mask.shape, float(mask[0, 0]), float(mask[32, 32])
        ((64, 64), 0.0, 1.0)
    """
    mask = face_mask(contract["crop_size"], contract, yaw)
    mask = soften_mask(mask)
    coverage = contract["coverage"]
    return cut_network_crops(mask[None], coverage, resolution)[0]
