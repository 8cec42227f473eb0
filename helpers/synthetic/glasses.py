"""Spectacles: an identity's glasses in, lines over a picture out."""

import cv2
import numpy as np

from helpers.synthetic.fields import linear_light, mix

# `thickness` and radii in cm; `squareness` 2: round lenses, more: square.
GLASSES_DEFAULTS = {
    "color": (25, 22, 22),
    "thickness": 0.2,
    "radius_x": 2.15,
    "radius_y": 1.6,
    "squareness": 2.6,
}


def complete_glasses(glasses):
    """Glasses with every value left out set to its default.

    Raises:
        ValueError: if a value of `glasses` does not exist.
    """
    unknown = sorted(set(glasses) - set(GLASSES_DEFAULTS))
    if unknown:
        raise ValueError(
            f"Glasses have no {unknown}. Choose from: "
            f"{sorted(GLASSES_DEFAULTS)}. Received: glasses={glasses!r}"
        )
    return {**GLASSES_DEFAULTS, **glasses}


def glasses_cover(identity, pose, depth):
    """Where the frame of glasses is seen, hidden where the face is nearer.

    Args:
        identity: dict, complete identity parameters with glasses.
        pose: `Pose`.
        depth: float32 array, shape `(height, width)`, in cm, larger is nearer.

    Returns:
        float32 array, shape `(height, width)`, 0-1.
    """
    glasses = complete_glasses(identity["glasses"])
    height, width = depth.shape
    pixels_per_cm = float(pose.pixels_per_cm)
    thickness = max(1, int(round(glasses["thickness"] * pixels_per_cm)))
    cover = np.zeros((height, width), np.uint8)
    for line in _frame_lines(glasses, 0.35 * identity["eye_gap"]):
        line = line.astype(np.float32)
        points = pose.project(pose.place(line, np.float32(1)))
        nearest = np.rint(points[:, :2]).astype(int)
        nearest = np.clip(nearest, 0, [width - 1, height - 1])
        seen = points[:, 2] > depth[nearest[:, 1], nearest[:, 0]] - 0.35
        # cv2 takes sixteenths of a pixel as whole numbers: shift 4
        ends = np.rint(points[:, :2] * 16).astype(int).tolist()
        for start in np.flatnonzero(seen[:-1] & seen[1:]):
            segment = ends[start], ends[start + 1]
            cv2.line(cover, *segment, 255, thickness, cv2.LINE_AA, 4)
    return cover.astype(np.float32) / 255


def draw_glasses(image, identity, pose, cover):
    """Frame of glasses over a face, with its shadow.

    Args:
        image: float32 array, shape `(height, width, 3)`. Linear RGB.
        identity: dict, complete identity parameters with glasses.
        pose: `Pose`.
        cover: float32 array, shape `(height, width)`, of `glasses_cover`.

    Returns:
        float32 array, shape `(height, width, 3)`. Linear RGB.
    """
    glasses = complete_glasses(identity["glasses"])
    pixels_per_cm = float(pose.pixels_per_cm)
    lowered = np.roll(cover, int(pixels_per_cm * 0.35), 0)
    shadow = cv2.GaussianBlur(lowered, (0, 0), pixels_per_cm * 0.18)
    image = image * (1 - 0.35 * shadow[..., None])
    return mix(image, linear_light(glasses["color"]), cover[..., None] * 0.95)


def _frame_lines(glasses, gap):
    """Rims, temples and bridge: arrays `(points, 3)` in cm."""
    radius_x, radius_y = glasses["radius_x"], glasses["radius_y"]
    turn = np.linspace(0, 2 * np.pi, 40)
    along = np.linspace(0, 1, 16)
    power = 2 / glasses["squareness"]
    cosine = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power
    sine = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power
    lines = []
    for side in (-1, 1):
        x = side * (3.2 + gap) + radius_x * cosine
        # rims follow the face: 1 cm further out, and detectors miss the eyes
        rim = (x, -0.15 + radius_y * sine, 10.15 - 0.055 * x**2)
        lines.append(np.stack(rim, 1))
        hinge = 3.2 + gap + radius_x
        knots = (0, 0.12, 1)
        x = side * np.interp(along, knots, (hinge, 6.0, 7.7))
        z = np.interp(along, knots, (8.55, 8.0, 0))
        lines.append(np.stack((x, 0.5 - 0.6 * along**6, z), 1))
    across = np.linspace(-1, 1, 8)
    arch = 0.25 * (1 - across**2)
    bridge = (across * (3.2 + gap - radius_x), 0.45 + arch, 10.1 + arch)
    lines.append(np.stack(bridge, 1))
    return lines
