"""Frames to train small networks on: in harder light than a take's.

Renders are to be like photographs, which are not all lit by a friend.
"""

from helpers import synthetic

TAKE_LENGTH = 60  # frames that one is drawn from


def sample_frame(seed, random):
    """A frame of a take, in a light that is often harder than there.

    Args:
        seed: int, of the take.
        random: `numpy.random.Generator`.

    Returns:
        dict of frame parameters.
    """
    take = synthetic.sample_take(TAKE_LENGTH, seed=seed, max_yaw=38)
    frame = dict(take[random.integers(TAKE_LENGTH)])
    light_hard(frame, random)
    if random.random() < 0.3:
        frame["jaw"] = float(random.random())
        frame["pitch"] = float(random.uniform(-22, 22))
    return frame


def light_hard(frame, random):
    """Put every second frame into a light from anywhere.

    Args:
        frame: dict of frame parameters, changed in place.
        random: `numpy.random.Generator`.
    """
    if random.random() < 0.5:
        light = random.normal(size=3) * (1, 1, 0.4) + (0, 0.2, 0.6)
        frame["light"] = [float(value) for value in light]
        frame["key"] = float(random.uniform(0.3, 1.5))
        frame["ambient"] = float(random.uniform(0.08, 0.6))
