"""How a face moves: positions at rest in, one displacement a muscle out.

Expressions are linear blendshapes: the face is its rest shape plus each
displacement times how strongly it is expressed. Template coordinates say
where a displacement acts, so everybody smiles with the same muscles.
"""

import numpy as np

from helpers.synthetic.fields import mix, smoothstep
from helpers.synthetic.template import LIP_HALF_WIDTH, LIP_Y, SEAM

# The frame parameters that deform the face, in the order of the blendshapes.
BLENDSHAPES = (
    "jaw",
    "smile",
    "pucker",
    "brow_up",
    "frown",
    "lip_raise",
    "sneer",
)
JAW_HINGE = (0.0, -1.5, 1.0)  # below and in front of the ears
JAW_ANGLE = 0.30  # radians of a wide open jaw


def build_blendshapes(vertices, template):
    """Displacements of a head at full expression.

    Args:
        vertices: float32 array, shape `(rows, columns, 3)`. The head at rest,
            `(x, y, z)` in cm.
        template: `Template`.

    Returns:
        float32 array, shape `(shapes, rows, columns, 3)`. Displacements in
        cm, in the order of `BLENDSHAPES`.
    """
    shapes = np.zeros((len(BLENDSHAPES), *vertices.shape), np.float32)
    _open_jaw(shapes[0], vertices, template)
    _smile(shapes[1], template)
    _pucker(shapes[2], template)
    _raise_brows(shapes[3], template)
    _frown(shapes[4], template)
    _raise_upper_lip(shapes[5], template)
    shapes[6, ..., 1] = 0.3 * template.spot(1.4, -4.6, 0.9, 0.8)
    shapes[6, ..., 2] = 0.1 * template.spot(1.2, -4.6, 0.6, 0.6)
    return shapes


def mouth_opening(x):
    """Half ellipse over the lips: 1 in their middle, 0 at the corners."""
    return np.sqrt(np.clip(1 - (x / LIP_HALF_WIDTH) ** 2, 0, 1))


def _height_in_seam(template):
    return np.clip((template.y - LIP_Y) / SEAM, -1, 1)


def _open_jaw(shape, vertices, template):
    above = template.y - LIP_Y
    opening = mouth_opening(template.x)
    # At the corners both lips follow the jaw by the same share, so that the
    # mouth opens as an ellipse; ramps away from the lips avoid a crease.
    corner = 0.38 * (1 - opening)
    upper_lip = corner * (1 - smoothstep(0.0, 2.6, above))
    lower_lip = mix(corner + opening, 1, smoothstep(0, 1.8, -above))
    height = _height_in_seam(template)
    seam = mix(corner + opening, corner, (height + 1) / 2)
    lips = np.where(above > 0, upper_lip, lower_lip)
    share = np.where(np.abs(above) <= SEAM, seam, lips)
    share = share * smoothstep(1.75, 0.75, np.abs(template.angle))
    share = share * smoothstep(-15, -11.6, template.y)
    from_hinge = vertices - np.array(JAW_HINGE, np.float32)
    # the rotation about the hinge to first order, so that it stays linear
    shape[..., 1] = -JAW_ANGLE * from_hinge[..., 2] * share
    shape[..., 2] = JAW_ANGLE * 0.7 * from_hinge[..., 1] * share
    # the rows of the seam sink inwards: the back of the mouth
    sunk = (1 - height**2) * opening * (np.abs(above) < SEAM)
    shape[..., 2] -= 0.9 * sunk
    pulled_in = template.spot(3.2, -6.9, 1.4, 1.8)
    shape[..., 0] -= template.side * 0.25 * pulled_in


def _smile(shape, template):
    spot = template.spot
    corner = spot(2.7, -7.0, 1.15, 1.3)
    outward = 0.60 * corner + 0.25 * spot(2, -7, 1.6, 0.7)
    shape[..., 0] = template.side * outward
    shape[..., 1] = 0.62 * corner - 0.12 * spot(0, -7.0, 1.2, 0.7)
    shape[..., 1] += 0.3 * spot(4.0, -3.4, 1.5, 1.5)
    shape[..., 2] = -0.35 * corner + 0.42 * spot(4.0, -4.2, 1.3, 1.2)
    shape[..., 2] -= 0.2 * spot(3.2, -6.0, 0.5, 1.0)
    shape[..., 2] -= 0.10 * spot(0, -7, 2.2, 0.8)


def _pucker(shape, template):
    mouth = template.spot(0, -7.05, 2.6, 1.2)
    shape[..., 0] = -0.46 * template.x * mouth
    shape[..., 1] = -0.12 * (template.y - LIP_Y) * mouth
    shape[..., 2] = 0.75 * mouth


def _raise_brows(shape, template):
    brows = template.spot(3.0, 2.1, 2.6, 1.2)
    shape[..., 1] = 0.75 * brows + 0.25 * template.spot(2.5, 4.5, 3, 1.6)


def _frown(shape, template):
    spot = template.spot
    shape[..., 0] = -template.side * 0.3 * spot(1.7, 1.9, 1.3, 0.9)
    shape[..., 1] = -0.5 * spot(1.7, 1.9, 1.4, 0.9)
    shape[..., 1] -= 0.12 * spot(3.0, 2.1, 2.6, 1.2)
    # skin bunches up on both sides of a furrow
    shape[..., 2] = 0.18 * spot(0.9, 2.0, 0.6, 0.7)
    shape[..., 2] -= 0.15 * spot(0, 2.0, 0.25, 0.7)


def _raise_upper_lip(shape, template):
    above = template.y - LIP_Y
    lip = template.spot(0, -6.5, 2.0, 0.75) * (above > SEAM * 0.9)
    share = (_height_in_seam(template) + 1) / 2
    seam = np.where(np.abs(above) <= SEAM, share, 0)
    lip = lip + seam * template.spot(0, -6.9, 2.0, 0.75)
    shape[..., 1] = 0.42 * lip * mouth_opening(template.x) ** 0.5
    shape[..., 2] = 0.05 * lip
