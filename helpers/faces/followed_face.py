"""Sights of one face, frame by frame -> where it is, or should be."""

from collections import namedtuple

import numpy as np

from helpers.faces.tracks import place_between

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
        sights: dict from frame to `Sight`, where the last network is sure.
        doubtful: the same where it is not.
        weight: float, how much it matters: the more, the longer it is seen,
            and the larger than others.
    """

    def __init__(self, shot, first):
        self.shot, self.last = shot, first
        self.place = self.width = None
        self.sights, self.doubtful, self.weight = {}, {}, 0.0

    def note_detection(self, frame, detected):
        """Note where the detector saw it."""
        self.last, self.width = frame, detected["box"][2]
        self.place = np.asarray(detected["landmarks"], np.float64)

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

    def spread(self, frames):
        """Array of shape `(frames,)`, NaN where it was not found."""
        result = np.full(frames, np.nan)
        for frame, sight in self.sights.items():
            result[frame] = sight.spread
        return result
