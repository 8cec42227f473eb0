"""What is not skin of the head: ears, hanging hair, a bun. Grids out."""

import numpy as np

from helpers.synthetic.fields import gaussian, smoothstep

HEAD, EAR, HAIR = 0, 1, 2  # kinds of grid


class Attachment:
    """A grid that follows the head.

    Attributes:
        vertices: float32 array, shape `(rows, columns, 3)`. In cm.
        kind: int, `EAR` or `HAIR`.
        shade: float32 array, shape `(rows, columns)`. Painted light, 1: full.
        flipped: bool, whether its outside is the other side of the grid.
        follows: float32 number, or array `(rows, columns, 1)`. 1 where it
            turns with the head, less where it rests on the shoulders.
    """

    def __init__(self, vertices, kind, shade, flipped):
        self.vertices = np.stack(np.broadcast_arrays(*vertices), -1)
        self.vertices = self.vertices.astype(np.float32)
        self.kind, self.flipped = kind, flipped
        shape = self.vertices.shape[:2]
        self.shade = np.broadcast_to(shade, shape).astype(np.float32)
        self.follows = np.float32(1)
        if kind == HAIR:
            y = self.vertices[..., 1:2]
            self.follows = smoothstep(-17, -8, y) * np.float32(0.6)
            self.follows = self.follows + np.float32(0.4)


def build_attachments(identity):
    """Ears and hair that the head's own grid cannot show.

    Args:
        identity: dict, complete identity parameters.

    Returns:
        list of `Attachment`.
    """
    style = identity["hair_style"]
    if style in ("long", "bob"):  # these cover the ears
        return _hanging_hair(identity)
    ears = [_ear(identity, side) for side in (-1, 1)]
    return ears + ([_bun()] if style == "bun" else [])


def _ear(identity, side):
    size = 1 + 0.2 * identity["ears"]
    angle = np.linspace(-np.pi, np.pi, 25)[None]
    radius = np.linspace(0, 1, 8)[:, None]
    across = radius * np.cos(angle) * (1 + 0.12 * np.sin(angle))
    up = radius * np.sin(angle)
    # how far each point stands off the head: a rim around a hollow
    rim = 0.28 * np.exp(-(((radius - 0.9) / 0.13) ** 2))
    hollow = 0.25 * np.exp(-(((radius - 0.55) / 0.22) ** 2))
    canal = 0.15 * gaussian(across, up, (0.35, -0.1), (0.3, 0.3))
    lift = 0.55 * radius**2 * smoothstep(-0.9, 0.6, -np.cos(angle))
    lift = lift + rim - hollow - canal
    x = 7.15 + 0.4 * identity["face_width"]
    x = side * (x + (lift * 1.1 - 0.55 * across) * size)
    y = -1.7 + (up * 2.95 - 0.25 * up**2 + 0.2) * size
    z = 0.4 + (across * 1.55 - 0.35 * up) * size
    shade = np.clip(0.62 + 0.55 * (lift - 0.05), 0.35, 1.05)
    return Attachment((x, y, z), EAR, shade, flipped=side > 0)


def _hanging_hair(identity):
    """An open tube of hair, drawn twice: outside, and darker inside."""
    down = np.linspace(0, 1, 26)[:, None]
    # angle from the back of the head; the tube is open in front
    turn = np.linspace(-1, 1, 49)[None] * np.radians(132)
    longer = 5 if identity["hair_style"] == "long" else 1.5
    end = -4.5 - identity["hair_length"] - longer
    width = np.interp(down, (0, 0.15, 0.35, 0.6, 1), (6.6, 8.2, 8.6, 8.7, 8.0))
    depth = 9.4 * np.interp(down, (0, 0.3, 1), (0.86, 1.0, 0.93))
    waves = 0.25 * np.sin(turn * 11 + 2 * np.sin(down * 5))
    waves = waves + 0.22 * np.sin(turn * 23 + 9 * down)
    waves = waves + identity["curl"] * 0.5 * np.sin(down * 22 + turn * 5)
    radius = 1 + 0.025 * waves + 0.07 * smoothstep(1.6, 2.3, np.abs(turn))
    x = width * np.sin(turn) * radius
    y = np.interp(down, (0, 0.2, 1), (8.5, 4.5, end))
    y = y + 0.5 * np.sin(turn * 17) * smoothstep(0.8, 1, down)
    z = -1.2 - depth * np.cos(turn) * radius + 1.2 * smoothstep(0.3, 1, down)
    shade = np.clip(0.55 + 0.5 * down + 0.25 * waves, 0.3, 1.1)
    return [
        Attachment((x, y, z), HAIR, shade, flipped=True),
        Attachment((x, y, z), HAIR, shade * 0.4, flipped=False),
    ]


def _bun():
    around = np.linspace(-np.pi, np.pi, 25)[None]
    down = np.linspace(0, np.pi, 13)[:, None]
    x = 2.8 * np.sin(down) * np.sin(around)
    y = 11.8 + 2.6 * np.cos(down)
    z = -4.5 + 2.8 * np.sin(down) * np.cos(around)
    return Attachment((x, y, z), HAIR, 0.95, flipped=False)
