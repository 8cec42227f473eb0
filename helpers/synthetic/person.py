"""A synthetic person, ready to film: identity parameters in, meshes out."""

import functools

import numpy as np

from helpers.synthetic.attachments import HAIR, HEAD, build_attachments
from helpers.synthetic.expressions import build_blendshapes
from helpers.synthetic.fields import smoothstep
from helpers.synthetic.identity import complete_identity, identity_parameters
from helpers.synthetic.rasterizer import grid_triangles
from helpers.synthetic.relief import shape_head
from helpers.synthetic.template import build_template
from helpers.synthetic.texture import Texture

# Template coordinates of ears and hair: far away from every facial feature.
NOWHERE = 99.0


class Person:
    """Shape, expressions and paint of one identity, about 0.3 s to build.

    Args:
        identity: dict of identity parameters, see `IDENTITY_DEFAULTS`. What
            is left out takes its default.
        texture_size: int, side of the textures in pixels.

    Attributes:
        identity: dict, all identity parameters.
        template: `Template`, the grid that all people share.
        vertices: float32 array, shape `(rows, columns, 3)`. Head at rest, cm.
        blendshapes: float32 array, shape `(shapes, rows, columns, 3)`.
        attachments: list of `Attachment`, ears and hanging hair.
        texture: `Texture`.
        triangles: int array, shape `(3, triangles)`. Into all grids' vertices.
        coordinates: float32 array, shape `(vertices, 6)`. Texture column and
            row (0-1), template x and y (cm), front of the head or painted
            shade of an attachment (0-1), kind of grid.
        follows: float32 array, shape `(rows, columns, 1)`. 1 where the head
            turns, 0 on the chest.

    Raises:
        ValueError: if an identity parameter does not exist, or if
            `texture_size` is too small for strands of hair.
    """

    def __init__(self, identity, texture_size=512):
        if texture_size < 64:
            raise ValueError(
                "The texture needs at least 64 pixels a side. "
                f"Received: texture_size={texture_size!r}"
            )
        self.identity = complete_identity(identity)
        self.template = build_template()
        face_random = np.random.default_rng(self.identity["seed"])
        hair_random = np.random.default_rng(self.identity["hair_seed"])
        self.vertices = shape_head(
            self.identity, self.template, face_random, hair_random
        )
        self.blendshapes = build_blendshapes(self.vertices, self.template)
        self.attachments = build_attachments(self.identity)
        self.texture = Texture(
            self.identity,
            self.template,
            texture_size,
            face_random,
            hair_random,
        )
        follows = smoothstep(-16.5, -11.0, self.template.y)
        self.follows = follows[..., None].astype(np.float32)
        self.triangles, self.coordinates = self._join_grids()

    def _join_grids(self):
        """What does not change from frame to frame, for all grids at once."""
        template = self.template
        head = _grid_coordinates(*template.x.shape, HEAD)
        head[..., 2], head[..., 3] = template.x, template.y
        head[..., 4] = template.front
        coordinates = [head.reshape(-1, 6)]
        triangles = [grid_triangles(*template.x.shape)]
        offset = template.x.size
        for grid in self.attachments:
            shape = grid.shade.shape
            values = _grid_coordinates(*shape, grid.kind)
            values[..., 4] = grid.shade
            coordinates.append(values.reshape(-1, 6))
            triangles.append(grid_triangles(*shape, offset, grid.flipped))
            offset += grid.shade.size
        triangles = np.ascontiguousarray(np.concatenate(triangles).T)
        return triangles, np.concatenate(coordinates)


@functools.lru_cache(maxsize=2)
def build_named_person(name):
    """Person of a name, kept for the next clip. See `identity_parameters`."""
    return Person(identity_parameters(name))


def _grid_coordinates(rows, columns, kind):
    values = np.zeros((rows, columns, 6), np.float32)
    values[..., 0] = np.linspace(0, 1, columns)[None]
    values[..., 1] = np.linspace(0, 1, rows)[:, None]
    values[..., 2:4] = NOWHERE
    values[..., 5] = kind
    if kind == HAIR:
        # hanging hair shows a part of the strands only: long, not mottled
        values[..., 0] *= 0.35
        values[..., 1] *= 0.2
    return values
