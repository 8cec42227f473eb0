"""Eyes and the inside of the mouth, drawn pixel by pixel over the paint.

Lids, irises and teeth have sharp edges and move under the skin. They are
therefore formulas over template coordinates, evaluated anew in each frame,
and keep sharp edges at every size.
"""

import numpy as np

from helpers.synthetic.expressions import JAW_ANGLE, mouth_opening
from helpers.synthetic.fields import (
    color_column,
    linear_light,
    mix,
    smoothstep,
    unit_vectors,
)
from helpers.synthetic.template import EYE_X, LIP_HALF_WIDTH, LIP_Y, SEAM

EYE_HALF_WIDTH = 1.52
IRIS_RADIUS, PUPIL_RADIUS = 0.62, 0.25
LOOK_X, LOOK_Y = 0.5, 0.35  # cm that the iris moves at a gaze of 1
LIP_TO_HINGE = 8.7  # cm in front of the jaw's hinge
LIP_RAISE = 0.42  # cm
SCLERA = (0.52, 0.49, 0.47)
CARUNCLE = (0.50, 0.26, 0.23)
THROAT, TONGUE = (0.055, 0.014, 0.013), (0.22, 0.065, 0.06)
TEETH = (0.56, 0.51, 0.43)


def paint_eyes(pixels, identity, frame, head, light):
    """Paint lids, eyeballs and lashes, and bend the eyeballs' normals.

    Args:
        pixels: `SurfacePixels`, changed in place.
        identity: dict, complete identity parameters.
        frame: dict, complete frame parameters.
        head: float32 array, shape `(3, 3)`. Rotation of the head.
        light: float32 array, shape `(3,)`. Direction towards the lamp.
    """
    distance = np.abs(np.abs(pixels.x) - EYE_X)
    near = (distance < 2.1) & (np.abs(pixels.y - 0.1) < 1.4)
    near = np.flatnonzero(near & (pixels.front > 0.3))
    if not len(near):
        return
    eye = _EyePixels(pixels, near, identity, frame)
    ball = eye.eyeball(identity)
    skin = eye.lids(pixels.color[:, near], identity)
    upper_lashes, lower_lashes = eye.lashes(identity)
    color = mix(skin, ball, eye.inside)
    pixels.color[:, near] = (
        color * (1 - 0.93 * upper_lashes) * (1 - lower_lashes)
    )
    pixels.normal[:, near] = mix(
        pixels.normal[:, near], head @ eye.normal(), eye.inside * 0.9
    )
    pixels.shine[near] *= 1 - eye.inside
    pixels.glint[near] = eye.glint(light)


def lid_heights(identity, frame, along):
    """How far the lids of an eye are open.

    Args:
        identity: dict, complete identity parameters.
        frame: dict, complete frame parameters.
        along: float array of any shape, -1 at the eye's inner corner, 1 at
            its outer corner.

    Returns:
        Tuple of two float arrays of the shape of `along`: template y of the
        upper and of the lower lid's edge, in cm. Shut lids meet.
    """
    arc = np.sqrt(np.clip(1 - along**2, 0, 1))
    opened = np.clip(1 - frame["blink"], 0, 1)
    squint = frame["squint"] + 0.4 * max(frame["smile"], 0)
    slant = 0.10 * along
    height = 0.55 + 0.13 * identity["eye_opening"] - 0.10 * along
    lifted = mix(-0.65, 1, opened) * (1 - 0.18 * squint)
    upper = height * arc**1.05 * lifted + slant
    upper = upper + 0.05 * frame["brow_up"] * arc
    lower = -(0.42 + 0.08 * along) * arc**1.2 * (1 - 0.45 * squint)
    lower = lower + slant
    return np.maximum(upper, lower), lower


class _EyePixels:
    """Pixels around both eyes, in coordinates of one eye.

    x runs outwards from the eye's centre, y up; both in cm. `along` is -1 at
    the inner and 1 at the outer corner.
    """

    def __init__(self, pixels, near, identity, frame):
        self.mirror = np.sign(pixels.x[near])
        self.x = np.abs(pixels.x[near]) - EYE_X
        self.y = pixels.y[near]
        self.softness = pixels.softness
        self.along = self.x / EYE_HALF_WIDTH
        self.arc = np.sqrt(np.clip(1 - self.along**2, 0, 1))
        self.open = np.clip(1 - frame["blink"], 0, 1)
        self._open_lids(identity, frame)
        # from the iris' centre, in image directions: both eyes look one way
        self.from_iris_x = self.x * self.mirror - frame["gaze_x"] * LOOK_X
        self.from_iris_y = self.y - frame["gaze_y"] * LOOK_Y - 0.06

    def _open_lids(self, identity, frame):
        along, softness = self.along, self.softness
        self.upper, self.lower = lid_heights(identity, frame, along)
        below_upper = smoothstep(-softness, softness, self.upper - self.y)
        above_lower = smoothstep(-softness, softness, self.y - self.lower)
        self.inside = below_upper * above_lower * (np.abs(along) < 1)

    def eyeball(self, identity):
        """Colour of sclera, iris and pupil, `(3, pixels)`."""
        soft = self.softness
        x, y = self.from_iris_x, self.from_iris_y
        distance = np.hypot(x, y)
        color = color_column(SCLERA) * (1 - 0.45 * np.abs(self.along) ** 3)
        inner_corner = smoothstep(0.78, 1.0, -self.along) * 0.8
        color = mix(color, color_column(CARUNCLE), inner_corner)
        angle = np.arctan2(y, x)
        fibres = 1 + 0.22 * np.sin(angle * 23) * np.sin(angle * 9 + 1)
        # light falls in from above and lights the lower half of the iris
        depth = (1.2 - 0.35 * np.clip(y / 0.6, -1, 1)) * 1.1
        iris = color_column(linear_light(identity["iris_color"]))
        iris = iris * (fibres * depth)
        iris *= 1 - 0.8 * smoothstep(0.44, IRIS_RADIUS, distance)
        edge = smoothstep(IRIS_RADIUS + soft, IRIS_RADIUS - soft, distance)
        color = mix(color, iris, edge)
        pupil = smoothstep(PUPIL_RADIUS + soft, PUPIL_RADIUS - soft, distance)
        color *= 1 - 0.97 * pupil
        # the upper lid throws a shade on the ball
        return color * (1 - 0.62 * smoothstep(0.38, 0.0, self.upper - self.y))

    def lids(self, skin, identity):
        """Skin around the eye with its creases, `(3, pixels)`."""
        arc, y = self.arc, self.y
        crease_y = self.upper + (0.24 + 0.10 * self.open) * arc**0.6
        crease = np.exp(-(((y - crease_y) / 0.085) ** 2)) * arc
        crease = crease * (0.35 + 0.65 * self.open)
        below = smoothstep(0, -0.12, y - self.lower)
        below = below * smoothstep(-0.34, -0.2, y - self.lower) * arc
        lid = smoothstep(0.02, 0.12, y - self.upper)
        lid = lid * smoothstep(0.02, -0.08, y - crease_y) * arc
        skin = skin * (1 - 0.62 * identity["lid_fold"] * crease)
        return skin * (1 - 0.18 * below) * (1 + 0.12 * lid)

    def lashes(self, identity):
        """Cover of upper and of lower lashes, two arrays `(pixels,)`."""
        along, soft, length = self.along, self.softness, identity["lashes"]
        wing = np.where(along > 0.6, 0.075 * (along - 0.6), 0)
        width = 0.055 + 0.075 * length + soft * 0.35
        upper = np.exp(-(((self.y - self.upper - 0.03 - wing) / width) ** 2))
        upper = np.clip(upper * (0.8 + 0.45 * length + 0.25 * along), 0, 1)
        upper = upper * smoothstep(1.10, 0.98, np.abs(along))
        width = 0.05 + soft * 0.3
        lower = np.exp(-(((self.y - self.lower + 0.02) / width) ** 2))
        lower = lower * (0.36 + 0.25 * identity["makeup"])
        return upper, lower * (np.abs(along) < 1)

    def normal(self):
        """Directions of a ball, in the head's frame, `(3, pixels)`."""
        x, y = self.x * self.mirror / 1.35, self.y / 1.25
        return unit_vectors(np.stack([x, y, np.ones_like(x)]))

    def glint(self, light):
        """Mirror image of the lamp, on the lamp's side of the iris."""
        away = (self.from_iris_x - 0.26 * light[0]) ** 2
        away = away + (self.from_iris_y - 0.26 * light[1] - 0.06) ** 2
        lamp = np.exp(-away / (0.09 + 0.25 * self.softness) ** 2)
        lamp = lamp * smoothstep(-0.1, 0.25, self.upper - self.y)
        return self.inside * (0.62 * lamp + 0.012)


def paint_mouth(pixels, frame):
    """Paint throat, tongue and teeth onto the stretched rows of the seam.

    Args:
        pixels: `SurfacePixels`, changed in place.
        frame: dict, complete frame parameters.
    """
    widest = frame["jaw"] * JAW_ANGLE * LIP_TO_HINGE
    widest = widest + frame["lip_raise"] * LIP_RAISE
    height = (pixels.y - LIP_Y) / SEAM  # -1 at the lower lip, 1 at the upper
    shown = (np.abs(height) < 1) & (np.abs(pixels.x) < LIP_HALF_WIDTH)
    shown = np.flatnonzero(shown & (pixels.front > 0.3))
    if widest <= 0.03 or not len(shown):
        return
    x, height = pixels.x[shown], height[shown]
    gap = widest * mouth_opening(x) + 1e-3
    below_upper_lip = (1 - height) / 2 * gap  # cm
    above_lower_lip = (1 + height) / 2 * gap  # cm
    absolute_x = np.abs(x)
    tongue = smoothstep(0.35, 1.1, below_upper_lip)
    tongue = tongue * smoothstep(-0.05, 0.4, above_lower_lip)
    tongue = tongue * smoothstep(2.0, 0.8, absolute_x) * 0.7
    color = mix(color_column(THROAT), color_column(TONGUE), tongue)
    teeth = _teeth_color(x, below_upper_lip)
    soft = pixels.softness
    length = 0.58 + 0.35 * frame["lip_raise"] + 0.12 * frame["smile"]
    length = length - 0.07 * (absolute_x / 1.6) ** 2
    upper = smoothstep(length + soft, length - soft, below_upper_lip)
    color = mix(color, teeth, upper * smoothstep(2.35, 2.05, absolute_x))
    lower = smoothstep(0.22 + soft, 0.22 - soft, above_lower_lip)
    lower = lower * smoothstep(1.9, 1.4, absolute_x)
    lower = lower * smoothstep(0.7, 1.4, gap) * 0.8
    color = mix(color, teeth * 0.6 + 0.02, lower)
    cover = smoothstep(0, 0.10, gap) * smoothstep(1.0, 0.85, np.abs(height))
    pixels.color[:, shown] = mix(pixels.color[:, shown], color, cover)
    pixels.normal[:, shown] = mix(
        pixels.normal[:, shown], color_column((0, 0, 1)), 0.7 * cover
    )
    pixels.shine[shown] *= 1 - cover


def _teeth_color(x, below_upper_lip):
    gaps = 0.5 + 0.5 * np.cos(x / 0.76 * 2 * np.pi)
    light = (1 - 0.30 * np.exp(-gaps / 0.06)).astype(np.float32)
    light = light * (1 - 0.55 * smoothstep(0.4, 2.2, np.abs(x)))
    light = light * smoothstep(-0.15, 0.30, below_upper_lip)
    return color_column(TEETH) * light
