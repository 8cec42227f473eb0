"""How people move in a take: a seed in, a frame's parameters at a time out."""

import numpy as np

# beyond this yaw the far half of the face is hidden
LARGEST_YAW = 42.0
BLINK_SECONDS = 0.075
GAZE_SECONDS = 0.8


def sample_take(
    num_frames, seed, frame_rate=25, talk=1.0, move=1.0, max_yaw=30
):
    """Frame parameters of one take: somebody talks in one room and light.

    Every channel is a sum of a few slow waves, so that neighbouring frames
    resemble each other as in film. Another seed is another room, lamp,
    camera and talk.

    Args:
        num_frames: int, at least 1.
        seed: int, 0 or more. The same seed is the same take.
        frame_rate: float, frames per second.
        talk: float, how much the mouth moves: 0 silent, 1 lively.
        move: float, how much the head moves: 0 still, 1 lively.
        max_yaw: float in 0-42, degrees; the head turns no further. MTCNN
            found every synthetic face up to 30.

    Returns:
        list of dicts of frame parameters (see `FRAME_DEFAULTS`) that JSON can
        hold, one a frame.

    Raises:
        ValueError: if a value is out of range.
    """
    if num_frames < 1:
        raise ValueError(
            "A take has at least one frame. "
            f"Received: num_frames={num_frames!r}"
        )
    if frame_rate <= 0:
        raise ValueError(
            "The frame rate is a number of frames per second above 0. "
            f"Received: frame_rate={frame_rate!r}"
        )
    if not 0 <= max_yaw <= LARGEST_YAW:
        raise ValueError(
            f"The largest yaw lies in 0-{LARGEST_YAW:g} degrees. "
            f"Received: max_yaw={max_yaw!r}"
        )
    take = _Take(num_frames, seed, frame_rate)
    # the order of these three calls decides which random numbers each gets
    speech, blink = take.speech(talk), take.blinks()
    moving = {**take.pose(move, max_yaw), **take.face(speech)}
    moving = {**moving, "blink": blink, **take.gaze()}
    fixed = take.room()
    return [
        {
            **fixed,
            "seed": int(seed) * 100000 + frame,
            **{name: float(value[frame]) for name, value in moving.items()},
        }
        for frame in range(num_frames)
    ]


class _Take:
    """Random courses over the frames of one take."""

    def __init__(self, num_frames, seed, frame_rate):
        self.random = np.random.default_rng(seed)
        self.num_frames, self.frame_rate = num_frames, frame_rate
        self.time = np.arange(num_frames) / frame_rate  # seconds

    def wave(self, slowest, fastest, count=4):
        """Sum of `count` sines between two frequencies in Hz."""
        total = 0
        for _ in range(count):
            strength = self.random.normal()
            cycles = self.random.uniform(slowest, fastest) * self.time
            start = self.random.random()
            total = total + strength * np.sin(2 * np.pi * (cycles + start))
        return total / np.sqrt(count / 2)

    def soften(self, values, seconds):
        """Running average, so that nothing jumps."""
        window = np.hanning(int(seconds * self.frame_rate) * 2 + 3)
        values = np.pad(values, len(window) // 2, mode="edge")
        return np.convolve(values, window / window.sum(), "valid")

    def speech(self, talk):
        """Times of talk and of silence, 0-1."""
        speaks = (self.wave(0.1, 0.35) > -0.3).astype(float)
        self.syllables = np.clip(self.wave(2.0, 4.5, 3), 0, 2)
        return self.soften(speaks, 0.25) * talk

    def blinks(self):
        blink = np.zeros(self.num_frames)
        moment = self.random.uniform(0.3, 2.5)
        while moment < self.time[-1]:
            away = (self.time - moment) / BLINK_SECONDS
            blink = np.maximum(blink, np.exp(-(away**2)))
            moment += self.random.uniform(1.5, 5)
        return blink

    def pose(self, move, max_yaw):
        wave, clip = self.wave, np.clip
        yaw = 16 * wave(0.05, 0.3) + self.random.normal() * 8
        return {
            "yaw": clip(move * yaw, -max_yaw, max_yaw),
            "pitch": clip(move * 7 * wave(0.08, 0.4), -24, 24),
            "roll": clip(move * 4 * wave(0.06, 0.3), -15, 15),
            "shift_x": 0.02 * wave(0.05, 0.2),
            "shift_y": 0.012 * wave(0.05, 0.2),
        }

    def face(self, speech):
        wave, clip = self.wave, np.clip
        return {
            "jaw": clip(speech * self.syllables * 0.35, 0, 1),
            "pucker": clip(speech * wave(0.8, 2) * 0.45, -0.2, 0.9),
            "lip_raise": clip(speech * wave(1, 2.5) * 0.3, 0, 0.8),
            "smile": clip(0.25 + 0.45 * wave(0.08, 0.3), -0.15, 1),
            "sneer": clip(0.2 * wave(0.1, 0.4), 0, 0.6),
            "brow_up": clip(0.5 * wave(0.15, 0.6), -0.25, 1),
            "frown": clip(0.4 * wave(0.1, 0.4), 0, 1),
            "squint": clip(0.3 * wave(0.1, 0.3), 0, 0.6),
        }

    def gaze(self):
        """The eyes rest on a point for a while and leap to the next."""
        rest = max(1, round(GAZE_SECONDS * self.frame_rate))  # frames

        def course(spread):
            points = self.random.normal(size=self.num_frames // rest + 2)
            points = np.clip(points * spread, -1, 1)
            points = np.repeat(points, rest)[: self.num_frames]
            return self.soften(points, 0.06)

        return {"gaze_x": course(0.5), "gaze_y": course(0.3)}

    def room(self):
        """What stays the same during a take: lamp, room and camera."""
        random = self.random
        around, above = random.uniform(-1.2, 1.2), random.uniform(0.1, 0.9)
        warmth = random.uniform(-0.12, 0.12)
        towards = float(np.cos(around)) * 0.9 + 0.25
        return {
            "light": [float(np.sin(around)), above, towards],
            "key": random.uniform(0.75, 1.15),
            "key_color": [1 + warmth, 0.97, 0.92 - warmth],
            "ambient": random.uniform(0.2, 0.45),
            "background": int(random.integers(1, 40)),
            "blur": random.uniform(0.3, 0.8),
            "noise": random.uniform(0.006, 0.02),
            "zoom": random.uniform(0.92, 1.1),
        }
