"""What the camera sees before light falls on it: a pose in, pixels out."""

import cv2
import numpy as np

from helpers.synthetic.attachments import EAR, HAIR, HEAD
from helpers.synthetic.fields import color_column, unit_vectors
from helpers.synthetic.frame import grid_normals
from helpers.synthetic.rasterizer import rasterize


class SurfacePixels:
    """All pixels of a frame that show the person, one column each.

    Args:
        person: `Person`.
        pose: `Pose`.
        grids: list of float32 arrays from `pose_grids`.
        projected: list of float32 arrays, the same grids in the frame.
        size: int, side of the frame in pixels.

    Attributes:
        index: int array, shape `(pixels,)`. Flat place in the frame.
        depth: float32 array, shape `(pixels,)`. In cm, larger is nearer.
        normal: float32 array, shape `(3, pixels)`. Where the surface faces.
        tangent: float32 array, shape `(3, pixels)`. Across strands of hair.
        x: float32 array, shape `(pixels,)`. Template x in cm.
        y: float32 array, shape `(pixels,)`. Template y in cm.
        front: float32 array, shape `(pixels,)`. 1 on the face; on ears and
            hanging hair, their painted shade.
        kind: float32 array, shape `(pixels,)`. `HEAD`, `EAR` or `HAIR`.
        color: float32 array, shape `(3, pixels)`. Linear RGB without light.
        shine: float32 array, shape `(pixels,)`. Strength of highlights.
        hair: float32 array, shape `(pixels,)`, 0-1.
        strand: float32 array, shape `(pixels,)`. Height of strands.
        cloth: float32 array, shape `(pixels,)`, 0-1.
        glint: float32 array, shape `(pixels,)`. Light mirrored by the eyes.
        softness: float, width in cm of an edge that is painted analytically,
            about half a pixel.
    """

    def __init__(self, person, pose, grids, projected, size):
        flipped = [grid.flipped for grid in person.attachments]
        normals = np.concatenate(
            [
                grid_normals(grid, flip)
                for grid, flip in zip(grids, [False, *flipped], strict=True)
            ]
        )
        points = np.concatenate([grid.reshape(-1, 3) for grid in projected])
        self.index, corners, weights, self.depth = rasterize(
            points, person.triangles, size, size
        )
        values = np.concatenate([normals, person.coordinates], 1)
        values = sum(
            values[corner] * weight[:, None]
            for corner, weight in zip(corners, weights, strict=True)
        )
        values = np.ascontiguousarray(values.T)
        self.normal = unit_vectors(values[:3])
        self._column, self._row = values[3], values[4]
        self.x, self.y, self.front, self.kind = values[5:]
        self.softness = 0.55 / pose.pixels_per_cm
        self.glint = np.zeros(len(self.index), np.float32)
        self._paint(person)
        self._bump(pose)

    def _read(self, texture, where=None):
        """Values of a texture at the pixels: `(channels, pixels)`."""
        last = len(texture) - 1
        column, row = self._column * last, self._row * last
        if where is not None:
            column, row = column[where], row[where]
        # cv2.remap takes no line longer than 32,767: fold it to 64 columns
        count, fill = len(column), -len(column) % 64
        column = np.pad(column, (0, fill)).reshape(-1, 64)
        row = np.pad(row, (0, fill)).reshape(-1, 64)
        values = cv2.remap(texture, column, row, cv2.INTER_LINEAR)
        return values.reshape(-1, texture.shape[2])[:count].T.copy()

    def _paint(self, person):
        texture = person.texture
        values = self._read(texture.color)
        self.color, self.shine = values[:3], values[3]
        self.hair, self.strand, self.cloth = self._read(texture.material)
        ears = self.where(EAR)
        if len(ears):
            shade = self.front[ears] ** 1.6
            self.color[:, ears] = color_column(texture.ear_color) * shade
            self.shine[ears] = 0.3 * person.identity["shine"]
            self.hair[ears] = self.strand[ears] = self.cloth[ears] = 0
        hanging = self.where(HAIR)
        if len(hanging):
            strip = self._read(texture.hair_strip, hanging)
            height = strip.mean(0) / (texture.hair_strip.mean() + 1e-6) - 1
            self.color[:, hanging] = strip * self.front[hanging]
            self.shine[hanging] = self.cloth[hanging] = 0
            self.hair[hanging] = 1
            self.strand[hanging] = np.clip(height, -1, 1)

    def _bump(self, pose):
        """Tilt the normals sideways by the height of strands and pores."""
        up = pose.head[:, 1]
        across = np.stack(
            [
                up[1] * self.normal[2] - up[2] * self.normal[1],
                up[2] * self.normal[0] - up[0] * self.normal[2],
                up[0] * self.normal[1] - up[1] * self.normal[0],
            ]
        )
        self.tangent = unit_vectors(across)
        self.normal += self.tangent * (self.strand * (0.12 + 0.35 * self.hair))

    def where(self, kind):
        """Positions among the pixels of one kind of grid, int array."""
        return np.flatnonzero(np.abs(self.kind - kind) < 0.5)

    def on_head(self):
        """Which pixels show the head itself, bool array `(pixels,)`."""
        return self.kind < HEAD + 0.5

    def scatter(self, values, background):
        """Pixels put into a frame.

        Args:
            values: float array, shape `(pixels,)` or `(channels, pixels)`.
            background: float32 array, shape `(height, width)` or
                `(height, width, channels)`. Overwritten.

        Returns:
            `background`.
        """
        flat = background.reshape(-1, *background.shape[2:])
        flat[self.index] = values.T
        return background
