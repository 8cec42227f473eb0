"""A picture in the measure of its face, for things that stand before it.

All measures are in distances between the eyes, from the point between them: x
to the picture's right, y down. Brows are at -0.5, the mouth at 1.16, the chin
near 1.9, cheeks at -1 and 1.
"""

from collections import namedtuple

import cv2
import numpy as np

from helpers import alignment
from helpers.files import manifests
from helpers.synthetic.fields import linear_light, mix, noise_field

Thing = namedtuple("Thing", "cover height color")
Thing.__doc__ = """Something that stands before a face.

Args:
    cover: float32 array, shape `(height, width)`, 0-1, share of a pixel.
    height: float32 array, same shape. Relief, in distances between the eyes.
    color: float32 array, shape `(height, width, 3)`. Linear RGB in full light.
"""


class Canvas:
    """The pixels of a picture in the measure of its face.

    Args:
        shape: height and width of the picture.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in its pixels.
        skin: three numbers, linear RGB of the face as it is lit.

    Attributes:
        x, y: float32 arrays, shape `(height, width)`, see above.
        pixel: float, side of a pixel, in the same measure.
    """

    def __init__(self, shape, landmarks, skin):
        template = np.array(manifests.TEMPLATE)
        eyes = template[:2].mean(axis=0)
        unit = np.linalg.norm(template[1] - template[0])
        self._matrix = alignment.similarity_transform(
            landmarks, (template - eyes) / unit
        )
        self.pixel = alignment.matrix_scale(self._matrix)
        rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        across, down = self._matrix.astype(np.float32)
        self.x = across[0] * columns + across[1] * rows + across[2]
        self.y = down[0] * columns + down[1] * rows + down[2]
        self.shape, self.skin = shape[:2], np.asarray(skin, np.float32)

    def cover(self, distance):
        """Share of each pixel with a distance below 0 from a shape's edge."""
        return np.clip(0.5 - distance / self.pixel, 0, 1).astype(np.float32)

    def lines(self, curves, width):
        """Share of each pixel under curves, arrays `(points, 2)`."""
        back = alignment.invert_transform(self._matrix)
        drawn = np.zeros(self.shape, np.uint8)
        thickness = max(1, round(width / self.pixel))
        for curve in curves:
            # cv2 takes sixteenths of a pixel as whole numbers: shift 4
            points = alignment.transform_points(back, curve)
            points = np.rint(points * 16).astype(np.int32)[None]
            cv2.polylines(drawn, points, False, 255, thickness, cv2.LINE_AA, 4)
        # a line thinner than a pixel covers a part of it
        return drawn.astype(np.float32) / 255 * min(1, width / self.pixel)

    def plain(self, color):
        """One colour everywhere, `(height, width, 3)`."""
        return np.broadcast_to(np.float32(color), (*self.shape, 3)).copy()

    def noise(self, random, cells):
        """A smooth random field of about this many cells a side."""
        return noise_field(random, self.shape, (cells, cells))


def any_color(random):
    """A colour of a thing, linear RGB; grey ones are common."""
    color = random.uniform(5, 245, 3)
    grey = mix(color, color.mean(), random.random())
    return linear_light(grey)


def texture(canvas, random):
    """Colour of a thing: plain, striped, checked or cloudy."""
    first, second = (canvas.plain(any_color(random)) for _ in range(2))
    angle, width = random.uniform(0, np.pi), random.uniform(0.05, 0.4)
    along = canvas.x * np.cos(angle) + canvas.y * np.sin(angle)
    across = canvas.y * np.cos(angle) - canvas.x * np.sin(angle)
    kind = random.integers(5)
    if kind == 0:
        share = np.sin(along / width * np.pi) > random.uniform(-0.8, 0.8)
    elif kind == 1:
        share = np.sin(along / width * np.pi) * np.sin(across / width * np.pi)
        share = share > 0
    elif kind == 2:
        cells = int(random.integers(4, 40))
        share = np.clip(0.5 + 0.5 * canvas.noise(random, cells), 0, 1)
    else:
        share = np.clip(0.08 * canvas.noise(random, 60), 0, 1)
    return mix(first, second, np.float32(share)[..., None])
