"""Things worn before a face: a canvas and chance in, a `Thing` out."""

import numpy as np

from helpers.synthetic.canvas import Thing, any_color, texture
from helpers.synthetic.fields import linear_light, mix

HAIR_COLORS = (
    (18, 14, 13),
    (34, 24, 20),
    (60, 40, 28),
    (105, 72, 42),
    (160, 122, 74),
    (140, 66, 30),
    (135, 130, 124),
    (205, 200, 192),
)


def hair(canvas, random):
    """Strands that hang over forehead and cheeks, or a whole fringe."""
    side = random.uniform(-1.2, 1.2)
    width, length = random.uniform(0.1, 1.2), random.uniform(0.3, 2.2)
    color = linear_light(HAIR_COLORS[random.integers(len(HAIR_COLORS))])
    down = np.linspace(0, 1, 12)
    sweep, wave = random.normal(0, 0.5), random.uniform(0, 0.08)
    cover = np.zeros(canvas.shape, np.float32)
    shade = np.zeros(canvas.shape, np.float32)
    for _ in range(int(random.integers(2, 9))):
        curves = []
        bend, root = random.normal(0, 0.25), side + width * random.normal()
        for _ in range(int(random.integers(2, 12))):
            x = root + 0.08 * random.normal() * (1 - 0.5 * down)
            x = x + (sweep + bend) * down**2
            x = x + wave * np.sin(7 * down + 3 * bend)
            y = -1.7 + (0.9 + length * random.uniform(0.6, 1)) * down
            curves.append(np.stack((x + 0 * down, y), 1))
        lock = canvas.lines(curves, random.uniform(0.01, 0.07))
        light = random.uniform(0.6, 1.5)
        shade = np.where(lock > 0.3, light, shade)
        cover = np.maximum(cover, lock)
    shade = np.where(shade > 0, shade, 1) * (
        1 + 0.25 * canvas.noise(random, 60)
    )
    color = color * np.clip(shade, 0.2, 2)[..., None]
    return Thing(cover, np.zeros_like(cover), np.float32(color))


def cloth(canvas, random):
    """A scarf or a face mask over nose or mouth and chin."""
    top = random.uniform(0.2, 1.35)
    arch = random.uniform(-0.25, 0.25)
    line = top + arch * canvas.x**2 + 0.015 * canvas.noise(random, 8)
    distance = line - canvas.y
    bottom = random.uniform(1.75, 4)
    distance = np.maximum(distance, canvas.y - bottom + 0.4 * canvas.x**2)
    if random.random() < 0.5:  # a mask, with its loops
        distance = np.maximum(distance, np.abs(canvas.x) - 1.05)
    cover = canvas.cover(distance)
    cells = int(random.integers(4, 14))
    height = random.uniform(0.02, 0.08) * canvas.noise(random, cells)
    height -= 0.15 * canvas.x**2  # it goes round the face
    return Thing(cover, np.float32(height), texture(canvas, random))


def cap(canvas, random):
    """A cap, hat or helmet down to the brows."""
    edge = random.uniform(-1.1, -0.35)
    line = edge + random.uniform(-0.25, 0.25) * canvas.x**2
    line = line + random.uniform(-0.15, 0.15) * canvas.x
    dome = np.hypot(canvas.x / 1.5, (canvas.y + 0.6) / 1.6) - 1
    cover = canvas.cover(np.maximum(canvas.y - line, dome))
    height = -0.2 * (canvas.x**2 + (canvas.y - line) ** 2)
    if random.random() < 0.6:  # a brim, rounded at its edge
        height = height - 0.3 * np.exp((canvas.y - line) / 0.08)
    return Thing(cover, np.float32(height), texture(canvas, random))


def spectacles(canvas, random, dark=None):
    """Spectacles of any form; some with dark lenses.

    Args:
        canvas: `Canvas`.
        random: numpy random generator.
        dark: bool, or `None` for one in three.

    Returns:
        `Thing`.
    """
    dark = random.random() < 0.35 if dark is None else dark
    rim = random.uniform(0.02, 0.075)
    size = np.array([random.uniform(0.27, 0.42), random.uniform(0.2, 0.36)])
    if dark:
        size = size * random.uniform(1, 1.2)
    power = random.uniform(1.8, 5)
    bridge, tilt = random.uniform(-0.12, 0.02), random.normal(0, 0.04)
    lowered = canvas.y - random.uniform(-0.05, 0.12) - tilt * canvas.x
    inner = size[0] - 0.02
    out = np.abs(np.abs(canvas.x) - random.uniform(0.48, 0.54))
    radius = (out / size[0]) ** power + np.abs(lowered / size[1]) ** power
    edge = (radius ** (1 / power) - 1) * size.min()
    frame = np.abs(edge) - rim / 2
    if random.random() < 0.2 and not dark:  # half rims
        frame = np.where(lowered < 0.05, frame, 1)
    between = np.abs(lowered - bridge + 0.15 * canvas.x**2) - rim / 2
    between = np.maximum(between, np.abs(canvas.x) - 0.5 + inner)
    arms = np.abs(lowered + 0.06) - rim / 2
    arms = np.maximum(arms, 0.5 + size[0] - np.abs(canvas.x))
    arms = np.maximum(arms, np.abs(canvas.x) - 1.15)  # to the ears
    frame = np.minimum(np.minimum(frame, between), arms)
    cover = canvas.cover(frame)
    color = canvas.plain(any_color(random))
    if random.random() < 0.6:
        color[:] = linear_light(random.uniform(5, 60, 3))
    if dark:
        lens = canvas.cover(edge)
        tint = linear_light(random.uniform(2, 60, 3))
        shine = np.clip(0.5 - lowered / size[1] / 2, 0, 1)[..., None]
        lenses = tint * (0.4 + random.uniform(0.2, 2.5) * shine)
        color = mix(lenses, color, cover[..., None])
        cover = np.maximum(cover, lens * random.uniform(0.88, 1))
    return Thing(cover, np.zeros_like(cover), np.float32(color))
