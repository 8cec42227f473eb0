"""The head that all people share: nothing in, a grid with coordinates out.

Everything on a face is placed in *template coordinates* `(x, y)`: the same
point of two people's faces (a mouth corner, a brow) has the same template
coordinates, whatever the shape of the head. Pose, expression, paint, mask and
landmarks therefore mean the same for everybody, and a true swap is exact.

Units are centimetres: x to the image's right, y up, z towards the camera. The
origin lies midway between the eyes, at the depth of the ears.
"""

import functools

import cv2
import numpy as np

from helpers.synthetic.fields import gaussian, mix, smoothstep

# The head as a stack of rings from the crown down to the chest. A row holds
# y at the front, the side and the back; z at the front, at the widest place
# and at the back; half the width; and how square the ring is (2: an ellipse).
RINGS = (
    (11.8, 11.8, 11.8, -1.0, -1.0, -1.0, 0.0, 2.0),
    (11.55, 11.5, 11.5, 1.6, -1.0, -3.4, 2.3, 2.0),
    (10.7, 10.6, 10.5, 4.4, -1.0, -6.2, 4.4, 2.05),
    (9.0, 9.0, 8.7, 7.0, -1.0, -8.4, 6.0, 2.1),
    (6.6, 6.6, 6.3, 8.7, -0.8, -9.7, 7.1, 2.2),
    (4.0, 4.0, 3.6, 9.5, -0.5, -10.1, 7.55, 2.3),
    (2.0, 2.0, 1.6, 9.7, 0.0, -10.0, 7.6, 2.3),
    (0.0, 0.0, -0.5, 9.3, 0.5, -9.5, 7.45, 2.25),
    (-2.0, -1.9, -2.6, 9.2, 1.0, -8.8, 7.25, 2.2),
    (-4.0, -3.6, -4.6, 9.25, 1.2, -7.9, 6.95, 2.12),
    (-6.0, -5.0, -6.3, 9.5, 1.3, -7.0, 6.5, 2.05),
    (-8.0, -6.2, -7.8, 9.4, 1.2, -6.4, 5.95, 2.0),
    (-9.5, -7.0, -9.0, 9.1, 1.0, -6.1, 5.6, 1.95),
    (-10.6, -7.6, -9.9, 8.6, 0.7, -5.9, 5.25, 1.9),
    (-11.2, -8.1, -10.6, 7.5, 0.2, -5.8, 4.85, 1.9),
    (-11.6, -8.7, -11.2, 5.4, -0.6, -5.8, 4.45, 2.0),
    (-12.6, -10.8, -12.2, 3.8, -1.2, -6.0, 4.6, 2.0),
    (-14.3, -13.3, -13.3, 3.4, -1.2, -6.4, 5.1, 2.0),
    (-16.1, -14.9, -14.6, 3.5, -1.6, -7.0, 6.4, 2.0),
    (-17.4, -15.9, -15.7, 4.6, -1.8, -8.0, 10.5, 2.1),
    (-19.0, -17.7, -17.3, 6.2, -1.8, -9.0, 15.6, 2.2),
    (-22.7, -21.5, -20.7, 8.6, -1.5, -10.0, 19.2, 2.4),
    (-33.0, -33.0, -33.0, 10.0, -1.5, -10.5, 20.2, 2.5),
)
# Rows of the grid from each ring to the next: dense at eyes, nose and mouth.
ROWS_BETWEEN_RINGS = (2, 3, 3, 4, 5, 5, 8, 8, 7, 9, 9, 9, 7, 6, 4) + (
    3,
    3,
    3,
    3,
    3,
    3,
    2,
)
COLUMNS = 97

EYE_X = 3.15  # distance of an eye's centre from the middle of the face
LIP_Y = -7.0  # height of the line where the lips meet
LIP_HALF_WIDTH = 2.55
SEAM = 0.03  # half height of the rows that open into the mouth

# left eye, right eye, nose, left and right mouth corner; left = image left
LANDMARK_POINTS = (
    (-EYE_X, 0.0),
    (EYE_X, 0.0),
    (0.0, -4.35),
    (-2.45, LIP_Y),
    (2.45, LIP_Y),
)


class Surface:
    """Template coordinates at a set of points, and hills placed by them.

    Args:
        x: float array, shape `(height, width)`. Template x in cm.
        y: float array, shape `(height, width)`. Template y in cm.
        angle: float array, shape `(height, width)`. Angle around the head in
            radians: 0 in front, pi at the back, negative at image left.
        front: float array, shape `(height, width)`. 1 on the face, 0 from
            the ears backwards.
    """

    def __init__(self, x, y, angle, front):
        self.x, self.y, self.angle, self.front = x, y, angle, front
        self.absolute_x = np.abs(x)
        self.side = np.sign(x)

    def spot(self, x, y, radius_x, radius_y):
        """Hill at `(x, y)` and at its mirror image `(-x, y)`, front only."""
        hill = gaussian(self.absolute_x, self.y, (x, y), (radius_x, radius_y))
        return hill * self.front

    def band(self, y, radius):
        """Hill along a height, all around the head."""
        return np.exp(-(((self.y - y) / radius) ** 2))


class Template(Surface):
    """The grid of the shared head, at rest and with a shut mouth.

    Attributes:
        base: float32 array, shape `(rows, columns, 3)`. Positions in cm.
        landmark_cells: float array, shape `(5, 2)`. `(row, column)` in the
            grid of each of `LANDMARK_POINTS`.
    """

    def __init__(self):
        rings = _interpolate_rings(_ring_positions())
        heights = rings[:, 0].astype(np.float32)
        spread = np.linspace(-1, 1, COLUMNS)
        # the cube puts more columns on the face than behind the ears
        angles = np.pi * (0.5 * spread + 0.5 * spread**3)
        self.base = _loft(rings, angles)
        shape = self.base.shape[:2]
        angle = np.broadcast_to(angles[None].astype(np.float32), shape).copy()
        # constant along a row, so that features follow the grid
        y = np.broadcast_to(heights[:, None], shape).copy()
        front = smoothstep(0.0, 0.45, np.cos(angle))
        super().__init__(self.base[..., 0].copy(), y, angle, front)
        self.landmark_cells = self.find_cells(LANDMARK_POINTS)

    def sample(self, size):
        """The coordinates at every pixel of a texture.

        Args:
            size: int, side of the texture in pixels. Its columns and rows run
                along those of the grid.

        Returns:
            `Surface` of shape `(size, size)`.
        """
        rows, columns = self.x.shape
        y, x = np.mgrid[0:size, 0:size].astype(np.float32)
        x *= (columns - 1) / (size - 1)
        y *= (rows - 1) / (size - 1)
        fields = (self.x, self.y, self.angle, self.front)
        return Surface(
            *(
                cv2.remap(field.astype(np.float32), x, y, cv2.INTER_LINEAR)
                for field in fields
            )
        )

    def find_cells(self, points):
        """Where points of the face lie in the grid.

        Args:
            points: sequence of `(x, y)`. Template coordinates in cm, on the
                front of the head.

        Returns:
            float array, shape `(points, 2)`. `(row, column)` each.
        """
        facing = np.flatnonzero(np.abs(self.angle[0]) < 1.3)
        heights = self.y[:, 0]
        cells = []
        for x, y in points:
            row = np.interp(-y, -heights, np.arange(len(heights)))
            above = int(row)
            below = min(above + 1, len(heights) - 1)
            line = mix(self.x[above], self.x[below], row - above)
            cells.append((row, np.interp(x, line[facing], facing)))
        return np.array(cells)


@functools.lru_cache(maxsize=1)
def build_template():
    """The shared head, built once. See `Template`; do not write into it."""
    return Template()


def _interpolate_rings(positions):
    """Catmull-Rom curve through the rings, read at fractions of a ring."""
    table = np.array(RINGS, np.float32)
    padded = np.pad(table, ((1, 1), (0, 0)), mode="edge")
    index = np.clip(positions.astype(int), 0, len(table) - 2)
    t = (positions - index)[:, None]
    a, b, c, d = (padded[index + step] for step in range(4))
    cubic = 2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)
    return b + 0.5 * t * (c - a + t * cubic)


def _ring_positions():
    """Where the grid's rows lie among the rings, with the mouth's seam."""
    positions = [
        ring + np.arange(count) / count
        for ring, count in enumerate(ROWS_BETWEEN_RINGS)
    ]
    positions = np.concatenate([*positions, [len(RINGS) - 1.0]])
    # Six rows squeezed into the line of the lips are hidden while the mouth
    # is shut. Opening it stretches them: they become its inside.
    fine = np.linspace(10, 11, 2001)
    heights = _interpolate_rings(fine)[:, 0]
    steps = np.array((1, 0.6, 0.2, -0.2, -0.6, -1))
    seam = np.interp(-(LIP_Y + SEAM * steps), -heights, fine)
    away = positions[np.abs(positions - seam.mean()) > 0.06]
    return np.sort(np.concatenate([away, seam]))


def _loft(rings, angles):
    """Positions on superelliptic rings, `(rows, columns, 3)`."""
    y_front, y_side, y_back, z_front, z_wide, z_back, width, power = (
        column[:, None] for column in rings.T
    )

    def superellipse(value):
        return np.sign(value) * np.abs(value) ** (2 / power)

    cosine, sine = np.cos(angles)[None], np.sin(angles)[None]
    ahead = cosine > 0
    x = np.maximum(width, 0.01) * superellipse(sine)
    depth = np.where(ahead, z_front - z_wide, z_wide - z_back)
    z = z_wide + depth * superellipse(cosine)
    turn = 1 - cosine  # 0 in front, 1 at the side, 2 at the back
    y = np.where(
        ahead,
        y_front + (y_side - y_front) * np.clip(turn, 0, 1) ** 1.5,
        y_side + (y_back - y_side) * np.clip(turn - 1, 0, 1),
    )
    return np.stack([x, y, z], -1).astype(np.float32)
