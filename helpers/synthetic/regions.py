"""Where on the head hair, beard and face are: template points in, 0-1 out."""

import numpy as np

from helpers.synthetic.fields import gaussian, smoothstep
from helpers.synthetic.template import LIP_HALF_WIDTH

# Height of the hairline in cm above the eyes, over the angle in degrees from
# the middle of the face to the back of the head: angles, heights on the
# forehead (above or below the identity's own hairline), heights behind.
_HAIRLINES = {
    "short": (
        (0, 25, 42, 55, 68, 77, 86, 100, 115, 180),
        (0.0, -0.2, -0.9),
        (4.6, 1.2, -2.0, -2.0, -1.6, -6.5, -8.5),
    ),
    "receding": (
        (0, 12, 30, 45, 58, 70, 79, 88, 100, 115, 180),
        (0.5, 1.0, 3.0, 1.5),
        (4.5, 1.5, -1.2, -1.2, -1.2, -6.5, -8.5),
    ),
    "full": (
        (0, 25, 42, 55, 66, 75, 88, 100, 115, 180),
        (0.0, -0.4, -1.4),
        (3.6, 0.2, -2.0, -2.2, -2.4, -8.0, -10.0),
    ),
}
_FRINGE = (
    (0, 30, 50, 62, 75, 88, 100, 115, 180),
    (3.0, 3.0, 3.2, 2.0, -2.6, -2.6, -2.6, -8.0, -10.0),
)


def face_region(x, y):
    """Soft egg from above the brows to the chin: the truth of the mask.

    Args:
        x: float array of any shape, template x in cm.
        y: float array of the same shape, template y in cm.

    Returns:
        float array of the same shape, in 0-1.
    """
    return _egg(x, y, (7.1, 7.0), (1.03, 0.97))


def inner_face(x, y):
    """Softer egg within it: where skin is that of a face, not of an ear.

    Args:
        x, y: as for `face_region()`.

    Returns:
        float array of the same shape, in 0-1.
    """
    return _egg(x, y, (6.3, 6.4), (1.08, 0.80))


def _egg(x, y, reach, border):
    """An egg around the nose, by its reach in cm to the side and upwards, and
    where its border, at 1, begins and ends."""
    wide, up = reach
    height = (y + 3.4) / np.where(y > -3.4, up, 7.3)
    return smoothstep(*border, (x / wide) ** 2 + height * height)


def _hairline(identity, angle):
    degrees = np.abs(np.degrees(angle))
    if identity["fringe"]:
        return np.interp(degrees, *_FRINGE)
    style = identity["hair_style"]
    if style in ("long", "bob", "bun"):
        style = "full"
    positions, on_forehead, behind = _HAIRLINES[style]
    own = [identity["hairline"] + offset for offset in on_forehead]
    line = np.interp(degrees, positions, own + list(behind))
    if identity["hair_parting"]:
        slant = np.sin(np.clip(angle * 1.6, -1.5, 1.5)) * (degrees < 60)
        line = line + 0.5 * np.sign(identity["hair_parting"]) * slant
    return line


def hair_region(identity, surface, raggedness=0.0, width=0.45):
    """Where hair grows on the head.

    Args:
        identity: dict, complete identity parameters.
        surface: `Surface`.
        raggedness: float or array `(height, width)`, cm by which the border
            is moved.
        width: float, width of the border in cm.

    Returns:
        float array, shape `(height, width)`, in 0-1.
    """
    if identity["hair_style"] == "bald":
        return np.zeros_like(surface.y)
    above = surface.y - _hairline(identity, surface.angle) + raggedness
    return smoothstep(-0.3 * width, width, above)


def shaven_region(surface):
    """Where a shaven beard tints the skin, `(height, width)`, above 0."""
    cheek = np.interp(
        surface.absolute_x,
        (0, 2.2, 3.2, 4.5, 5.6, 7),
        (-8.1, -7.5, -6.6, -6, -5, -1),
    )
    moustache = gaussian(
        surface.absolute_x, surface.y, (1.1, -5.95), (1.6, 0.5)
    )
    jaw = smoothstep(1, -1, surface.y - cheek)
    return np.maximum(moustache * 1.4, jaw * smoothstep(-13, -11.5, surface.y))


def beard_region(identity, surface):
    """Where a beard grows.

    Args:
        identity: dict, complete identity parameters.
        surface: `Surface`.

    Returns:
        float32 array, shape `(height, width)`, in 0-1.
    """
    x, y, absolute_x = surface.x, surface.y, surface.absolute_x
    moustache = gaussian(absolute_x, y, (1.1, -5.95), (1.5, 0.42)) * 1.6
    cheek = np.interp(
        absolute_x,
        (0, 2.2, 3.2, 4.5, 5.6, 6.4, 7.5),
        (-8.1, -7.5, -6.9, -6.3, -5.2, -3.0, -1.0),
    )
    style = identity["beard"]
    if style == "none":
        grown = np.zeros_like(x)
    elif style == "stubble":
        grown = 0.8 * shaven_region(surface)
    elif style == "moustache":
        grown = moustache
    elif style == "goatee":
        chin = gaussian(x, y, (0, -9.3), (2.2, 1.9)) * 1.5 * (y < -7.4)
        # two strips join moustache and chin beside the mouth
        strips = smoothstep(0.6, 0.2, np.abs(absolute_x - 2.75))
        strips *= smoothstep(-9, -8.4, y) * smoothstep(-5.8, -6.4, y)
        grown = np.maximum(moustache, chin + strips)
    else:
        jaw = smoothstep(0.5, -0.5, y - cheek) * smoothstep(-13.5, -12.2, y)
        grown = np.maximum(moustache, jaw)
    lips = 1.25 - ((x / LIP_HALF_WIDTH) ** 2 + ((y + 7.08) / 0.72) ** 2)
    bare = np.clip(1 - np.clip(lips, 0, 1) * 4, 0, 1)
    ahead = smoothstep(0.05, 0.3, np.cos(surface.angle))
    return (np.clip(grown, 0, 1) * bare * ahead).astype(np.float32)
