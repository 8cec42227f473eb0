"""Sights of one face, frame by frame -> where it is, or should be."""

from collections import namedtuple

import numpy as np

from helpers.faces.tracks import place_between

# frames over which a speed is averaged, and in which it dies away
CALM_FRAMES, SLOWING_FRAMES = 4, 16
MOST_LOOKS = 4  # that are kept

Sight = namedtuple("Sight", "landmarks spread score")
Sight.__doc__ = "A face in one frame, see `Tracker.faces_at`."


class FollowedFace:
    """A track in the making.

    Args:
        shot: int, number of the shot that it is in.
        first: int, index of the frame in which it is seen first.

    Attributes:
        last: int, index of the last frame in which the detector saw it.
        place: float64 array, shape `(5, 2)`, landmarks in that frame.
        width: float, of its box in that frame, in pixels.
        speed: float64 array, shape `(2,)`, of its centre, pixels a frame.
        looks: list of what is known of its looks, see `linking.cut_look`.
        hidden: bool, whether it went out of sight beside another face.
        behind: set of frames in which it is behind another face.
        sights: dict from frame to `Sight`, where the last network is sure.
        doubtful: the same where it is not.
        weight: float, how much it matters: the more, the longer it is seen,
            and the larger than others.
    """

    def __init__(self, shot, first):
        self.shot, self.last = shot, first
        self.place = self.width = None
        self._moved = False
        self.sights, self.doubtful, self.weight = {}, {}, 0.0
        self.speed, self.looks = np.zeros(2), []
        self.hidden, self.behind = False, set()

    def note_detection(self, frame, detected):
        """Note where the detector saw it."""
        place = np.asarray(detected["landmarks"], np.float64)
        if self.place is not None and frame > self.last:
            passed = frame - self.last
            speed = (place - self.place).mean(axis=0) / passed
            share = 1 - np.exp(-passed / CALM_FRAMES) if self._moved else 1
            self.speed = self.speed + share * (speed - self.speed)
            self._moved = True
        self.last, self.width, self.place = frame, detected["box"][2], place
        self.hidden = False

    def note_look(self, look):
        """Keep how it looks: at first, and lately."""
        self.looks = [*self.looks[:1], *self.looks[1:][2 - MOST_LOOKS :], look]

    def centre_at(self, frame):
        """Where its centre should be in a later frame, `(x, y)`.

        It goes on as it moved, slower and slower: nobody knows for how long.
        """
        passed = SLOWING_FRAMES * (
            1 - np.exp((self.last - frame) / SLOWING_FRAMES)
        )
        return self.place.mean(axis=0) + passed * self.speed

    def place_toward(self, detected, frame, between):
        """Where it should be in a frame between the last and this sight."""
        share = (between - self.last) / (frame - self.last)
        return place_between(self.place, detected["landmarks"], share)

    def place_beside(self, frame):
        """Where it should be, from the frames beside this, one of them known.

        It goes on as it moved from the frame before to the next.
        """
        before = self.sights.get(frame - 1)
        after = self.sights.get(frame + 1)
        if before and after:
            return (before.landmarks + after.landmarks) / 2
        near = before or after
        step = -2 if before else 2
        far = self.sights.get(frame + step)
        if far is None:
            return near.landmarks
        moved = (near.landmarks - far.landmarks).mean(axis=0)
        return near.landmarks + moved

    def landmarks(self, frames):
        """Array of shape `(frames, 5, 2)`, NaN where it was not found."""
        result = np.full((frames, 5, 2), np.nan)
        for frame, sight in self.sights.items():
            result[frame] = sight.landmarks
        return result

    def hidden_in(self, frames):
        """Bool array of shape `(frames,)`: where it is behind another face."""
        result = np.zeros(frames, bool)
        result[list(self.behind - set(self.sights))] = True
        return result

    def spread(self, frames):
        """Array of shape `(frames,)`, NaN where it was not found."""
        result = np.full(frames, np.nan)
        for frame, sight in self.sights.items():
            result[frame] = sight.spread
        return result
