"""Light on a surface: pixels without light in, linear colours out."""

import cv2
import numpy as np

from helpers.synthetic.fields import color_column, mix

BACKDROP_DEPTH = -30.0  # cm, where the frame shows nobody
SHADOW_STEPS = np.linspace(0.5, 9.0, 9)  # cm towards the lamp
# Light wanders inside skin, red the furthest: it bends around the form and
# gives shadows a warm edge.
SKIN_WRAP = (0.38, 0.20, 0.14)
SHADOW_BLEED = (0.30, -0.04, -0.08)
CREVICE_TINT = (0.12, -0.05, -0.08)


def light_direction(frame):
    """Direction towards the lamp, float32 `(3,)` of length 1."""
    light = np.array(frame["light"], np.float32)
    return light / np.linalg.norm(light)


def ambient_occlusion(depth):
    """How much of the room's light reaches each pixel.

    Two unsharp masks of the depth: what lies deeper than its surroundings is
    a crevice.

    Args:
        depth: float32 array, shape `(height, width)`, in cm, larger is nearer.

    Returns:
        float32 array, shape `(height, width)`, in 0-1.
    """
    # a far backdrop would darken the silhouette
    depth = np.maximum(depth, -14)
    light = np.ones_like(depth)
    for radius, strength in ((0.012, 0.16), (0.04, 0.055)):
        around = cv2.GaussianBlur(depth, (0, 0), radius * len(depth))
        light *= 1 - np.clip(strength * (around - depth), 0, 0.6)
    return light


def cast_shadows(depth, light, pixels_per_cm):
    """How much of the lamp's light reaches each pixel.

    Marches from every pixel towards the lamp; what is nearer to the camera
    than the ray, but not by much, stands in its way.

    Args:
        depth: float32 array, shape `(height, width)`, in cm, larger is nearer.
        light: float32 array, shape `(3,)`. Direction towards the lamp.
        pixels_per_cm: float, of `depth`.

    Returns:
        float32 array, shape `(height, width)`, in 0-1.
    """
    size = len(depth)
    blocked = np.zeros_like(depth)
    for step in SHADOW_STEPS:
        move_x = -step * light[0] * pixels_per_cm
        move_y = step * light[1] * pixels_per_cm
        matrix = np.array([[1, 0, move_x], [0, 1, move_y]], np.float32)
        towards_lamp = cv2.warpAffine(
            depth, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE
        )
        in_front = towards_lamp - depth - np.float32(step * light[2])
        nearer = np.clip(in_front * 2 - 0.3, 0, 1)
        not_far = np.clip(2.2 - in_front * 0.25, 0, 1)
        np.maximum(blocked, np.minimum(nearer, not_far), out=blocked)
    return 1 - cv2.GaussianBlur(blocked, (0, 0), 0.9 * size / 128)


def shade(pixels, frame, light, open_sky, lamp_seen):
    """Colours under the frame's lamp and room.

    Args:
        pixels: `SurfacePixels` with normals of length 1.
        frame: dict, complete frame parameters.
        light: float32 array, shape `(3,)`. Direction towards the lamp.
        open_sky: float32 array, shape `(pixels,)`. Ambient occlusion.
        lamp_seen: float32 array, shape `(pixels,)`. Cast shadows.

    Returns:
        float32 array, shape `(3, pixels)`. Linear RGB.
    """
    lamp = color_column(frame["key_color"]) * np.float32(frame["key"] * 1.45)
    skin = (1 - pixels.hair) * (1 - pixels.cloth)
    facing = light @ pixels.normal
    wrap = color_column(SKIN_WRAP) * skin
    bleed = color_column(SHADOW_BLEED) * skin * (lamp_seen * (1 - lamp_seen))
    diffuse = np.clip((facing + wrap) / (1 + wrap), 0, 1) * (lamp_seen + bleed)
    room = _room_light(pixels.normal, frame, open_sky)
    halfway = light + np.array([0, 0, 1], np.float32)
    halfway /= np.linalg.norm(halfway)
    gloss = _skin_highlight(pixels, halfway) * lamp_seen
    slant = 1 - np.clip(pixels.normal[2], 0, 1)
    sheen = (0.04 + 0.5 * slant**2 * slant**2 * slant) * skin * open_sky
    gloss = gloss + 0.25 * frame["rim"] * sheen
    strands = _hair_highlight(pixels, halfway, facing) * lamp_seen
    tint = 0.7 + 0.3 * np.minimum(pixels.color * 6, 1)
    mirrored = gloss + (strands + pixels.glint) * tint
    return pixels.color * (diffuse * lamp + room) + mirrored * lamp


def _room_light(normal, frame, open_sky):
    above = color_column(frame["ambient_top"])
    below = color_column(frame["ambient_bottom"])
    # light that was thrown back and forth in a crevice has its colour
    reach = open_sky + color_column(CREVICE_TINT) * (1 - open_sky)
    reach = reach * (0.55 + 0.45 * normal[2])
    share = 0.5 + 0.5 * normal[1]
    return mix(below, above, share) * (frame["ambient"] * reach)


def _skin_highlight(pixels, halfway):
    """A sharp and a broad highlight: oil on the skin, and its roughness."""
    power = np.clip(halfway @ pixels.normal, 0, 1)
    for _ in range(3):
        power = power * power
    broad = power  # to the power of 8
    sharp = (broad * broad) ** 2
    return pixels.shine * (sharp * 0.17 + broad * 0.05)


def _hair_highlight(pixels, halfway, facing):
    """Band of light across strands.

    Reference:
        Kajiya and Kay, "Rendering fur with three dimensional textures", 1989,
        section 5.2: the highlight of a cylinder.
    """
    normal, tangent = pixels.normal, pixels.tangent
    along = np.stack(
        [
            normal[1] * tangent[2] - normal[2] * tangent[1],
            normal[2] * tangent[0] - normal[0] * tangent[2],
            normal[0] * tangent[1] - normal[1] * tangent[0],
        ]
    )
    band = np.clip(1 - (halfway @ along) ** 2, 0, 1)
    for _ in range(5):
        band = band * band
    lit = 0.10 * np.clip(facing + 0.3, 0, 1)
    strength = pixels.hair * np.clip(0.35 + pixels.strand, 0, 2)
    return strength * band * lit
