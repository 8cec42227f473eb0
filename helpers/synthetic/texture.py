"""The paint of one person's head: identity parameters in, textures out.

A texture's columns and rows run along the columns and rows of the head's
grid. Colours are linear light (see `fields.linear_light`). Layers are painted
in order: skin, its marks, lips, brows, beard, hair, cloth.
"""

import numpy as np

from helpers.synthetic.fields import (
    linear_light,
    mix,
    noise_field,
    smoothstep,
)
from helpers.synthetic.regions import (
    beard_region,
    hair_region,
    inner_face,
)
from helpers.synthetic.relief import nose_breadth
from helpers.synthetic.skin import BLOOD, SkinPaint, outer_skin_light
from helpers.synthetic.template import EYE_X

BEARD_DENSITY = {
    "none": 0.0,
    "stubble": 0.34,
    "short": 0.8,
    "goatee": 0.9,
    "moustache": 0.92,
    "full": 0.97,
}
GREY_HAIR = np.full(3, 0.42, np.float32)


class Texture:
    """Paint of one person.

    Args:
        identity: dict, complete identity parameters.
        template: `Template`.
        size: int, side of the textures in pixels.
        face_random: numpy random generator for the face.
        hair_random: numpy random generator for hair and cloth.

    Attributes:
        color: float32 array, shape `(size, size, 4)`. Linear RGB, and how
            strongly the surface shines.
        material: float32 array, shape `(size, size, 3)`. Hair (0-1), height
            of strands and pores (-1.5 to 1.5), cloth (0-1).
        hair_strip: float32 array, shape `(size, size, 3)`. Linear RGB of hair
            alone, for hair that hangs.
        ear_color: float32 array, shape `(3,)`. Linear RGB.
    """

    def __init__(self, identity, template, size, face_random, hair_random):
        self.identity, self.shape = identity, (size, size)
        self.random, self.hair_random = face_random, hair_random
        self.surface = template.sample(size)
        ears = mix(np.float32(1), BLOOD, 0.35)
        self.ear_color = outer_skin_light(identity) * ears
        self._paint(SkinPaint(identity, self.surface, face_random))

    def _noise(self, height, width):
        return noise_field(self.random, self.shape, (height, width))

    def _hair_noise(self, height, width):
        return noise_field(self.hair_random, self.shape, (height, width))

    def _paint(self, skin):
        """Beard, hair and cloth over the skin; then shine and materials."""
        identity, surface = self.identity, self.surface
        fibre = self._hair_noise(self.shape[0] // 2, self.shape[0] // 2)
        folds = self._hair_noise(14, 14)
        strands = self._strands(fibre)
        hair = self._hair_cover(fibre)
        hair_color = linear_light(identity["hair_color"])
        self.hair_strip = hair_color * _strand_light(strands)
        self.hair_strip = self.hair_strip.astype(np.float32)
        grey = identity["grey"] * (1 + 0.5 * strands)
        grey = np.clip(grey, 0, 1)[..., None]
        color = mix(
            self.hair_strip,
            GREY_HAIR * (1 + 0.25 * strands[..., None]),
            grey,
        )
        beard = beard_region(identity, surface)
        bare = self._paint_beard(skin, beard, strands, grey)
        color = mix(bare, color, hair[..., None])
        color, cloth = self._paint_cloth(color, fibre, folds)
        shine = self._shine(skin.lips) * (1 - 0.75 * np.clip(beard, 0, 1))
        shine = shine * (1 - hair) * (1 - cloth)
        color = color * self._crevices()[..., None]
        color = np.concatenate([color, shine[..., None]], -1)
        self.color = color.astype(np.float32)
        hairy = np.maximum(hair, beard * BEARD_DENSITY[identity["beard"]] * 0.8)
        rough = mix(fibre, skin.pores, inner_face(surface.x, surface.y))
        height = strands * hairy + 0.12 * rough * (1 - hair)
        height = np.clip(height, -1.5, 1.5)
        self.material = np.stack([hair, height, cloth], -1).astype(np.float32)

    def _strands(self, fibre):
        """Noise of few rows and many columns: strands that run down."""
        size, curl = self.shape[0], self.identity["curl"]
        strands = 0.75 * self._hair_noise(30, size // 2)
        strands = strands + 0.5 * self._hair_noise(14, size // 5)
        strands = strands + 0.25 * self._hair_noise(8, 40)
        if curl:
            curls = 0.9 * self._hair_noise(size // 5, size // 5) + 0.5 * fibre
            strands = mix(strands, curls, curl)
        return strands

    def _hair_cover(self, fibre):
        fringe, size = self.identity["fringe"], self.shape[0]
        ragged = 0.22 if fringe else 0.12
        ragged = ragged * self._hair_noise(14, size // 2)
        ragged = ragged + 0.16 * self._hair_noise(6, 50) + 0.16 * fibre
        width = 0.45 if fringe else 1.2
        return hair_region(self.identity, self.surface, ragged, width)

    def _paint_beard(self, skin, beard, strands, grey):
        identity, size = self.identity, self.shape[0]
        color = identity["beard_color"] or identity["hair_color"]
        light = np.clip(1 + 0.35 * strands, 0.4, 1.8)[..., None]
        white = np.full(3, 0.40, np.float32)
        color = mix(linear_light(color) * light, white, grey * 0.8)
        specks = np.clip(0.9 + 0.2 * self._noise(size // 3, size // 2), 0, 1.3)
        cover = smoothstep(0.25, 0.75, beard + 0.12 * skin.strokes) * specks
        cover = np.clip(cover * BEARD_DENSITY[identity["beard"]], 0, 1)
        return mix(skin.color, color, cover[..., None])

    def _paint_cloth(self, color, fibre, folds):
        identity, surface = self.identity, self.surface
        rise = 0.9 * smoothstep(2, 7, surface.absolute_x)
        above = surface.y - (identity["collar"] + rise)
        cloth = smoothstep(0.25, -0.1, above)
        paint = linear_light(identity["cloth_color"])
        paint = paint * (1 + 0.06 * fibre + 0.10 * folds)[..., None]
        hem = 0.45 * np.exp(-((above / 0.22) ** 2))
        paint = paint * (1 - hem)[..., None]
        return mix(color, paint, cloth[..., None]), cloth

    def _shine(self, lips):
        spot, identity = self.surface.spot, self.identity
        shine = spot(0, 4, 3, 3) + spot(0, -3, 1, 2.5)
        shine = 0.35 + 0.65 * (shine + 0.7 * spot(4, -2.4, 1.6, 1.2))
        shine = shine + 1.1 * lips * (0.6 + identity["makeup"])
        return shine * identity["shine"]

    def _crevices(self):
        """Painted shade where little light reaches, at any pose."""
        surface, spot = self.surface, self.surface.spot
        wing = 1.85 * nose_breadth(self.identity)
        light = (
            1
            - 0.34 * spot(EYE_X - 1.1, 0.6, 0.8, 0.8)
            - 0.20 * spot(EYE_X - 0.1, 0.95, 1.5, 0.4)
            - 0.34 * spot(wing, -4.9, 0.3, 0.5)
            - 0.30 * spot(0.5, -5.4, 0.8, 0.2)
            - 0.25 * spot(0, -8.45, 1.3, 0.35)
            - 0.15 * spot(2.9, -7.1, 0.4, 0.4)
        )
        neck = smoothstep(-11.0, -12.0, surface.y)
        neck = neck * smoothstep(-15.5, -12.6, surface.y)
        return light * (1 - 0.45 * neck * (np.cos(surface.angle) > -0.2))


def _strand_light(strands):
    return np.clip(1 + 0.42 * strands, 0.25, 2.2)[..., None]
