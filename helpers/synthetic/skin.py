"""The paint of skin: identity parameters in, colours of a face out."""

import cv2
import numpy as np

from helpers.synthetic.fields import (
    gaussian,
    linear_light,
    mix,
    noise_field,
    smoothstep,
)
from helpers.synthetic.regions import inner_face, shaven_region
from helpers.synthetic.relief import nose_breadth
from helpers.synthetic.template import EYE_X, LIP_Y

BROW_START = 1.25  # cm from the middle of the face
BOW_PEAK = 0.62  # cm from the middle of the upper lip to its two peaks
BLOOD = np.array((1.0, 0.55, 0.5), np.float32)  # what redness lets through


class SkinPaint:
    """Skin with its marks, lips and brows, layer over layer.

    Args:
        identity: dict, complete identity parameters.
        surface: `Surface` at the pixels of a texture.
        random: numpy random generator for the face.

    Attributes:
        color: float array, shape `(size, size, 3)`. Linear RGB.
        pores: float32 array, shape `(size, size)`. Fine noise.
        lips: float array, shape `(size, size)`, 0-1.
        strokes: float32 array, shape `(size, size)`. Noise of slanted hairs.
    """

    def __init__(self, identity, surface, random):
        self.identity, self.surface = identity, surface
        self.random, self.shape = random, surface.x.shape
        skin, self.pores = self._paint_skin(outer_skin_light(identity))
        self._paint_marks(skin)
        skin, self.lips = self._paint_lips(skin)
        self.color, self.strokes = self._paint_brows(skin)

    def _noise(self, height, width):
        return noise_field(self.random, self.shape, (height, width))

    def _paint_skin(self, outer):
        identity, surface = self.identity, self.surface
        spot, size = surface.spot, self.shape[0]
        inner = linear_light(identity["skin_color"])
        skin = mix(outer, inner, _inner_face(surface)[..., None])
        pores = self._noise(size // 2, size // 2)
        blotches = self._noise(60, 60)
        uneven = 0.05 * pores + 0.035 * blotches + 0.04 * self._noise(14, 14)
        skin *= (1 + uneven)[..., None]
        blush = 0.55 * spot(4.2, -3.2, 1.8, 1.4) + 0.45 * spot(0, -4.3, 1, 0.9)
        blush = blush + 0.25 * spot(0, -9.6, 1.3, 0.8)
        blush = blush + 0.15 * blotches * spot(3, -3, 4, 3)
        blush = identity["redness"] * blush
        blush += 0.35 * identity["makeup"] * spot(4.8, -2.9, 1.6, 1.0)
        blush = np.clip(blush, 0, 1)[..., None]
        skin = mix(skin, skin * BLOOD, blush * 0.55)
        forehead = (0.05 * spot(0, 4.2, 5, 2.6))[..., None]
        shaven = smoothstep(0.1, 0.9, shaven_region(surface)) * surface.front
        shaven = (0.10 * identity["beard_shadow"] * shaven)[..., None]
        skin *= (
            1
            + forehead * np.array([0.9, 1, 0.2], np.float32)
            - shaven * np.array([2.2, 1.6, 1.0], np.float32)
        )
        return skin, pores

    def _paint_marks(self, skin):
        """Lids, wrinkles, freckles, moles and nostrils, in place."""
        identity, surface = self.identity, self.surface
        spot, age = surface.spot, identity["age"]
        lids = 0.22 * spot(EYE_X, 0.55, 1.6, 0.8)
        lids = lids + (0.16 + 0.2 * age) * spot(EYE_X - 0.2, -1.0, 1.3, 0.5)
        shadow = spot(EYE_X + 0.1, 0.62, 1.35, 0.42)
        lids = lids + 0.45 * identity["makeup"] * shadow
        skin *= 1 - lids[..., None] * np.array([0.7, 1.0, 0.9], np.float32)
        wrinkles = spot(0, 4.3, 4, 0.12) + spot(0, 5.2, 4, 0.12)
        wrinkles = wrinkles + spot(0, 3.5, 3, 0.10)
        wrinkles = wrinkles + spot(5.0, 0.1, 0.6, 0.12)
        wrinkles = wrinkles + spot(5.0, -0.35, 0.6, 0.12)
        skin *= 1 - 0.25 * age * wrinkles[..., None]
        if identity["freckles"]:
            self._sprinkle_freckles(skin)
        front = surface.front[..., None]
        for _ in range(identity["moles"]):
            mole = gaussian(surface.x, surface.y, self._mole(), (0.13, 0.13))
            mole = np.clip(1.6 * mole, 0, 1)[..., None]
            skin *= 1 - 0.75 * mole * front
        slanted = surface.y - 0.25 * (surface.absolute_x - 0.66)
        nostrils = gaussian(
            surface.absolute_x,
            slanted,
            (0.68 * nose_breadth(identity), -5.14),
            (0.34, 0.13),
        )
        skin *= 1 - 0.9 * np.clip(1.5 * nostrils, 0, 1)[..., None] * front

    def _sprinkle_freckles(self, skin):
        spot = self.surface.spot
        dots = (
            self.random.random(self.shape) < 0.035 * self.identity["freckles"]
        )
        dots = 5 * cv2.GaussianBlur(dots.astype(np.float32), (0, 0), 1.0)
        where = spot(3.2, -2.6, 2.6, 1.6) + spot(0, -2.5, 1.6, 1.6)
        where = where + 0.3 * spot(0, 4, 5, 3)
        dots = np.clip(dots * where, 0, 1)[..., None]
        skin *= 1 - dots * np.array([0.28, 0.42, 0.5], np.float32)

    def _mole(self):
        """A place on cheeks, chin or forehead, never on eyes or mouth."""
        x = self.random.uniform(-4.5, 4.5)
        heights = [
            self.random.uniform(low, high)
            for low, high in ((-5.8, -2.5), (-9.5, -8.3), (3.3, 6))
        ]
        return x, self.random.choice(heights)

    def _paint_lips(self, skin):
        identity, surface = self.identity, self.surface
        x, y, absolute_x = surface.x, surface.y, surface.absolute_x
        size = self.shape[0]
        top, bottom = lip_edges(identity, x)
        lips = smoothstep(0.09, -0.07, y - top)
        lips = lips * smoothstep(-0.12, 0.1, y - bottom)
        lips = lips * (absolute_x < 2.55) * surface.front
        color = linear_light(identity["lip_color"])
        color = color * (1 + 0.10 * self._noise(20, size // 3)[..., None])
        # the upper lip faces down and is darker
        color = color * np.where(y > LIP_Y, 0.78, 1.0)[..., None]
        cover = lips * (0.75 + 0.25 * identity["makeup"])
        skin = mix(skin, color, cover[..., None])
        line = 0.72 * np.exp(-(((y - LIP_Y) / 0.075) ** 2))
        line = line * smoothstep(2.8, 2.3, absolute_x) * surface.front
        corners = 0.3 * surface.spot(2.62, -7.03, 0.22, 0.16)
        skin *= 1 - (line + corners)[..., None]
        return skin, lips

    def _paint_brows(self, skin):
        """A band along an arc, made of slanted strokes."""
        identity, surface = self.identity, self.surface
        size = self.shape[0]
        along = surface.absolute_x - BROW_START
        along = np.clip(along / brow_length(identity), -0.2, 1.3)
        middle, thickness = brow_band(identity, along)
        strokes = cv2.warpAffine(
            self._noise(size // 8, size // 2),
            np.array([[1, 0.8, 0], [0, 1, 0]], np.float32),
            self.shape,
            borderMode=cv2.BORDER_WRAP,
        )
        distance = np.abs(surface.y - middle) / thickness + 0.28 * strokes
        brows = smoothstep(1.25, 0.55, distance) * surface.front
        brows = brows * smoothstep(-0.06, 0.06, along)
        brows = brows * smoothstep(1.08, 0.9, along)
        cover = brows * (0.7 + 0.3 * identity["brow_thickness"])
        cover = np.clip(cover, 0, 0.95)[..., None]
        return mix(skin, linear_light(identity["brow_color"]), cover), strokes


def lip_edges(identity, x):
    """How far up and down the red of the lips reaches.

    Args:
        identity: dict, complete identity parameters.
        x: float array of any shape, template x in cm.

    Returns:
        Tuple of two float arrays of the shape of `x`: template y of the upper
        lip's top and of the lower lip's bottom, in cm.
    """
    absolute_x = np.abs(x)
    arc = np.sqrt(np.clip(1 - (x / 2.5) ** 2, 0, 1))
    # cupid's bow: a dip in the middle between two peaks
    bow = (
        1
        - 0.34 * np.exp(-((x / 0.30) ** 2))
        + 0.20 * np.exp(-(((absolute_x - BOW_PEAK) / 0.42) ** 2))
        - 0.1 * np.exp(-(((absolute_x - 1.7) / 0.6) ** 2))
    )
    top = LIP_Y + (0.56 + 0.16 * identity["upper_lip"]) * arc**0.9 * bow
    bottom = LIP_Y - (0.74 + 0.16 * identity["lower_lip"]) * arc**1.3
    return top, bottom


def brow_length(identity):
    """How far a brow reaches from its inner end, in cm."""
    return 3.7 + 0.5 * identity["brow_length"]


def brow_band(identity, along):
    """Where a brow runs.

    Args:
        identity: dict, complete identity parameters.
        along: float array of any shape, 0 at the brow's inner end, 1 at its
            outer end.

    Returns:
        Tuple of two float arrays of the shape of `along`: template y of the
        brow's middle line, and half its thickness, in cm.
    """
    arc = np.sin(np.clip(along, 0, 1) ** 0.85 * np.pi * 0.78)
    middle = 1.45 + 0.7 * identity["brow_arch"] * arc + 0.15 * along
    taper = np.interp(along, (0, 0.1, 0.5, 1.0), (0.8, 1, 0.85, 0.22))
    thickness = (0.16 + 0.26 * identity["brow_thickness"]) * taper
    return middle, thickness


def outer_skin_light(identity):
    """Linear RGB of neck and ears, float32 `(3,)`."""
    color = identity["outer_skin_color"] or identity["skin_color"]
    return linear_light(color)


def _inner_face(surface):
    return inner_face(surface.x, surface.y) * surface.front
