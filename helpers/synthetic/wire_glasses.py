"""Thin spectacles: a canvas and chance in, a `Thing` out.

Wire rims, half rims and lenses with no rim at all, whose edges alone are seen:
on most real faces glasses are these, a pixel wide, and shine.
"""

import numpy as np

from helpers.synthetic.canvas import Thing
from helpers.synthetic.fields import linear_light, mix

# of rims, temples and bridges: gold, silver, gunmetal, brown, black
METALS = (
    (176, 138, 84),
    (178, 178, 182),
    (96, 98, 104),
    (84, 58, 40),
    (26, 24, 24),
)


def wire_glasses(canvas, random, width=None):
    """Spectacles of wire, some with rims above only or with none.

    Args:
        canvas: `Canvas`.
        random: numpy random generator.
        width: float, of the wire, in distances between the eyes; or `None`
            for 0.008 to 0.03. The face is 2.2 wide.

    Returns:
        `Thing`.
    """
    width = random.uniform(0.008, 0.03) if width is None else width
    lens = _Lens(canvas, random)
    kind = random.choice(("whole", "whole", "half", "none"))
    # shares of the wire's width, of what it hides, of the metal's light
    parts = [(lens.bridge(random), 1.2, 1.0, 1.0)]
    parts += [(lens.temples(random), 1.3, 1.0, 1.0)]
    parts += [(lens.hinges(), random.uniform(1.5, 4), 1.0, 1.0)]
    if random.random() < 0.8:
        parts += [(lens.pads(random), 0.8, random.uniform(0.4, 1), 1.5)]
    edge = random.uniform(0.35, 0.9), random.uniform(0.5, 4)
    rim = lens.rim, 1.0, 1.0, 1.0
    if kind == "half":
        upper = np.where(lens.down < 0.25 * lens.half[1], lens.rim, 9)
        lower = np.where(lens.down < 0.25 * lens.half[1], 9, lens.rim)
        parts += [(upper, *rim[1:]), (lower, 0.6, *edge)]
    elif kind == "none":
        parts += [(lens.rim, 0.7, *edge)]
    else:
        parts += [rim]
    return _drawn(canvas, random, parts, width, lens)


class _Lens:
    """Two lenses: distances from their lines, in distances between the eyes."""

    def __init__(self, canvas, random):
        self.half = np.array(
            [random.uniform(0.33, 0.45), random.uniform(0.18, 0.36)]
        )
        tilt, turn = random.normal(0, 0.03), random.normal(0, 0.12)
        # of a turned head the far lens is narrower
        x = canvas.x * (1 + np.clip(turn, -0.25, 0.25) * np.sign(canvas.x))
        self.x = x - random.normal(0, 0.02)
        self.down = canvas.y - random.uniform(-0.05, 0.14) - tilt * canvas.x
        self.middle = random.uniform(0.47, 0.55)
        self.out = np.abs(self.x) - self.middle
        power, narrow = random.uniform(1.9, 5), random.uniform(-0.1, 0.25)
        below = np.clip(self.down / self.half[1], -1, 1)
        across = np.abs(self.out) / (self.half[0] * (1 - narrow * below / 2))
        radius = across**power + np.abs(self.down / self.half[1]) ** power
        self.inside = (radius ** (1 / power) - 1) * self.half.min()
        self.rim = np.abs(self.inside)
        self.height = -random.uniform(0.1, 0.8) * self.half[1]

    def bridge(self, random):
        ends = self.middle - self.half[0]
        arch = random.uniform(0.02, 0.1) * (1 - (self.x / ends) ** 2)
        line = np.abs(self.down - self.height + arch)
        return np.where(np.abs(self.x) < ends + 0.03, line, 9)

    def temples(self, random):
        begin = self.middle + self.half[0]
        fall = random.uniform(-0.15, 0.1) * (np.abs(self.x) - begin)
        line = np.abs(self.down - self.height - fall)
        beside = (np.abs(self.x) > begin - 0.02) & (np.abs(self.x) < 1.2)
        return np.where(beside, line, 9)

    def hinges(self):
        place = self.out - self.half[0], self.down - self.height
        return np.hypot(place[0] / 2.5, place[1])

    def pads(self, random):
        """Wires from the rims to pads on both sides of the nose."""
        inner = self.middle - self.half[0]
        top, length = self.height + 0.08, random.uniform(0.1, 0.22)
        share = np.clip((self.down - top) / length, 0, 1)
        line = np.abs(np.abs(self.x) - inner + 0.05 * np.sin(3 * share))
        line = np.where((self.down > top) & (self.down < top + length), line, 9)
        pad = np.hypot(
            np.abs(self.x) - inner + 0.01, (self.down - top - length) / 2
        )
        return np.minimum(line, np.maximum(pad - 0.02, 0))


def _drawn(canvas, random, parts, width, lens):
    """Lines of some widths, with the metal's shine along them."""
    metal = linear_light(METALS[random.integers(len(METALS))])
    metal = metal * random.uniform(0.6, 1.3)
    shine = np.exp(0.8 * canvas.noise(random, int(random.integers(4, 24))))
    # lenses take a little light, and throw some back
    cover = canvas.cover(lens.inside) * random.uniform(0, 0.1)
    color = canvas.plain(linear_light(random.uniform(0, 255)))
    if random.random() < 0.4:
        glare = np.clip(canvas.noise(random, 6) - 0.8, 0, 1)
        glare = glare * canvas.cover(lens.inside) * random.uniform(0, 0.5)
        color = mix(color, np.float32(1), (glare > cover)[..., None])
        cover = np.maximum(cover, glare)
    for line, share, hides, light in parts:
        wide = max(width * share, 1e-4)
        # a line thinner than a pixel covers a part of it
        thin = np.maximum(wide, canvas.pixel)
        seen = canvas.cover(line - thin / 2) * min(1, wide / canvas.pixel)
        seen = seen * hides
        lit = np.clip(metal * light * shine[..., None], 0, 1.5)
        color = mix(color, lit, np.sqrt(seen)[..., None])
        cover = np.maximum(cover, seen)
    return Thing(np.float32(cover), np.zeros_like(canvas.x), np.float32(color))
