"""Things held before a face: a canvas and chance in, a `Thing` out."""

import numpy as np

from helpers.synthetic.canvas import Thing, texture
from helpers.synthetic.fields import linear_light, mix


def bar(canvas, random):
    """A stick, pole or microphone before the face."""
    angle = random.uniform(0, np.pi)
    x, y = random.uniform(-0.7, 0.7), random.uniform(-0.4, 1.6)
    radius = random.uniform(0.05, 0.3)
    along = (canvas.x - x) * np.cos(angle) + (canvas.y - y) * np.sin(angle)
    away = (canvas.y - y) * np.cos(angle) - (canvas.x - x) * np.sin(angle)
    distance = np.abs(away) - radius
    if random.random() < 0.5:  # it ends before the face, some in a ball
        distance = np.maximum(distance, along)
        if random.random() < 0.6:
            ball = random.uniform(1, 2.5) * radius
            around = np.hypot(along, away) - ball
            distance, radius = np.minimum(distance, around), ball
    height = np.sqrt(np.clip(-distance * 2 * radius - distance**2, 0, None))
    return Thing(canvas.cover(distance), height, texture(canvas, random))


def blob(canvas, random):
    """A thing of any round outline and colour: a ball, a cup, a fruit."""
    x, y = random.uniform(-1, 1), random.uniform(-0.6, 1.9)
    size, squareness = random.uniform(0.2, 0.9, 2), random.uniform(1.6, 7)
    angle = random.uniform(0, np.pi)
    along = (canvas.x - x) * np.cos(angle) + (canvas.y - y) * np.sin(angle)
    away = (canvas.y - y) * np.cos(angle) - (canvas.x - x) * np.sin(angle)
    radius = np.abs(along / size[0]) ** squareness
    radius = (radius + np.abs(away / size[1]) ** squareness) ** (1 / squareness)
    radius = radius + random.uniform(0, 0.12) * canvas.noise(random, 8)
    distance = (radius - 1) * size.min()
    relief = random.uniform(0.05, 1) * size.min()
    height = relief * np.sqrt(np.clip(1 - radius**2, 0, None))
    return Thing(canvas.cover(distance), height, texture(canvas, random))


def hand(canvas, random):
    """A hand before the face: palm, fingers, thumb and arm."""
    towards = random.uniform(0, 2 * np.pi)  # where the fingers point
    if random.random() < 0.7:
        towards = -np.pi / 2 + random.normal(0, 0.7)  # most come from below
    tip = np.array([random.uniform(-0.9, 0.9), random.uniform(-0.5, 1.5)])
    size = random.uniform(0.8, 1.15)
    ahead = np.array([np.cos(towards), np.sin(towards)])
    reach = size * random.uniform(0.2, 1.2)  # palm's end to the tips
    start = tip - ahead * reach
    x = (canvas.x - start[0]) * ahead[0] + (canvas.y - start[1]) * ahead[1]
    y = (canvas.y - start[1]) * ahead[0] - (canvas.x - start[0]) * ahead[1]
    x, y = x / size, y / size * random.choice((-1, 1))
    height = np.maximum(
        _capsule(x, y, (-1.1, -0.2), (-0.25, -0.22), 0.42),
        _capsule(x, y, (-1.1, 0.2), (-0.25, 0.22), 0.42),
    )
    height = np.maximum(height, _capsule(x, y, (-6, 0), (-1.4, 0), 0.45))
    spread, bent = random.uniform(0, 0.3), random.uniform(0.25, 1)
    nails = np.zeros(canvas.shape, np.float32)
    for place, length in zip(
        (-1.5, -0.5, 0.5, 1.5), (0.95, 1.15, 1.1, 0.85), strict=True
    ):
        turn = spread * place * random.uniform(0.6, 1.2)
        far = length * bent * random.uniform(0.85, 1.05)
        root = np.array([-0.05, 0.3 * place])
        end = root + far * np.array([np.cos(turn), np.sin(turn)])
        thick = 0.15 + 0.01 * random.normal()
        height = np.maximum(height, _capsule(x, y, root, end, thick))
        nails += np.hypot((x - end[0]) / 1.4, y - end[1]) < 0.085
    thumb = np.array([0.35, -1.05]) * random.uniform(0.5, 1, 2)
    height = np.maximum(height, _capsule(x, y, (-0.7, -0.5), thumb, 0.17))
    color = canvas.plain(_hand_tone(canvas, random))
    color *= 1 + 0.06 * canvas.noise(random, 40)[..., None]
    if random.random() < 0.5:  # the back of the hand, with nails
        pale = np.float32([1.25, 1.1, 1.1])
        color = mix(color, color * pale, np.clip(nails, 0, 1)[..., None])
    return Thing(canvas.cover(-height), size * height, color)


def _capsule(x, y, start, end, radius):
    """Height of a round rod over the plane; negative distance outside."""
    start, end = np.float32(start), np.float32(end)
    axis = end - start
    along = ((x - start[0]) * axis[0] + (y - start[1]) * axis[1]) / axis.dot(
        axis
    )
    along = np.clip(along, 0, 1)
    away = np.hypot(
        x - start[0] - along * axis[0], y - start[1] - along * axis[1]
    )
    inside = np.sqrt(np.clip(radius**2 - away**2, 0, None))
    return np.where(away < radius, inside, radius - away).astype(np.float32)


def _hand_tone(canvas, random):
    """Skin of a hand: most often that of the face, or anybody's."""
    if random.random() < 0.6:
        return (
            canvas.skin
            * 1.35
            * random.uniform(0.75, 1.2)
            * random.uniform(0.94, 1.06, 3)
        )
    tone = np.array([96, 60, 42]) + np.array([138, 130, 128]) * random.random()
    return linear_light(tone)
