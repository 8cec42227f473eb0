"""Live tracking: one face followed as frames come, without looking ahead.

Between two detections a face is found again from where it was and how it
moved. What trembles is calmed, at the price of a small lag: `tracking` has
none, as it knows what comes next.
"""

import concurrent.futures

import cv2
import numpy as np

from helpers.faces import tracking
from helpers.faces.linking import REACH
from helpers.faces.tracker import ASTRAY, CUT_DIFFERENCE, SURE, THUMBNAIL

# The one-euro filter's: below LEAST_CUTOFF Hz nothing is taken out of what
# stands still, and GAIN Hz more pass for each distance between the eyes that
# the face moves in a second. From `benchmarks.live`.
LEAST_CUTOFF = 2.0
GAIN = 12.0
SPEED_CUTOFF = 2.0

# Frames from one detection to the next. The face is found again without, so
# they only see whether it is one.
KEY_EVERY = 12
# A face that the last network follows and as many detections in a row miss
# is no face.
MISSED = 2


class LiveTracker:
    """Follows the face that matters most, frame by frame.

    Args:
        detector: `detection.FaceDetector`.
        every: int. Frames from one detection to the next.
        beside: bool. Whether detections run in a thread of their own, so that
            no frame waits for them; what they say then holds for a picture
            that is a few frames old, and is found again from there.
    """

    def __init__(self, detector, every=KEY_EVERY, beside=True):
        self.detector, self.every = detector, every
        self._thread = None
        if beside:
            self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self._thumbnail = self._asked = None
        self._since = 0  # frames since the last detection was asked for
        self._forget()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the thread."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def follow(self, frame, seconds):
        """Where the face is in the next frame.

        Args:
            frame: uint8 array, shape `(height, width, 3)`, RGB.
            seconds: float. Its time; frames may be missing in between.

        Returns:
            float64 array, shape `(5, 2)`, `(x, y)` in frame pixels, calmed;
            or `None` if no face is followed.
        """
        height, width = frame.shape[:2]
        size = tracking.looked_at_size(self.detector, height, width)
        picture = frame
        if size != (height, width):
            picture = cv2.resize(
                frame, size[::-1], interpolation=cv2.INTER_AREA
            )
        if self._is_cut(picture):
            self._forget()
            self._asked = None  # it was about another shot
        self._hear()
        self._find(picture, seconds)
        self._since += 1
        if self._asked is None and (
            self._place is None or self._since >= self.every
        ):
            self._ask(picture)
            if self._thread is None:
                self._hear()
                if self._seconds != seconds:
                    self._find(picture, seconds)
        if self._place is None:
            return None
        # integer coordinates are pixel centres in both pictures
        ratio = width / size[1], height / size[0]
        return (self._calm.place + 0.5) * ratio - 0.5

    def _forget(self):
        self._place = self._seconds = None
        self._missed, self._calm = 0, OneEuro()

    def _is_cut(self, picture):
        before = self._thumbnail
        self._thumbnail = cv2.resize(
            picture, THUMBNAIL, interpolation=cv2.INTER_AREA
        )
        if before is None:
            return False
        difference = cv2.absdiff(self._thumbnail, before).mean()
        return difference > CUT_DIFFERENCE

    def _ask(self, picture):
        """Begin a detection, and note where the face was thought to be."""
        self._since = 0
        if self._thread is None:
            answer = concurrent.futures.Future()
            answer.set_result(self.detector.detect([picture]))
        else:
            answer = self._thread.submit(self.detector.detect, [picture])
        self._asked = answer, self._place

    def _hear(self):
        """Take up what a detection says, once it is there."""
        if self._asked is None or not self._asked[0].done():
            return
        (answer, place), self._asked = self._asked, None
        faces = answer.result()[0]
        if self._place is None:
            if faces:
                self._place = np.asarray(faces[0]["landmarks"], np.float64)
        elif place is not None:
            seen = any(_is_near(place, face) for face in faces)
            self._missed = 0 if seen else self._missed + 1
            if self._missed >= MISSED:
                self._forget()

    def _find(self, picture, seconds):
        """Find the face again from where it should be by now, or lose it."""
        if self._place is None:
            return
        expected = self._place
        if self._seconds is not None:
            passed = seconds - self._seconds
            expected = expected + self._calm.speed.mean(axis=0) * passed
        landmarks, scores, _ = self.detector.refine([picture], expected[None])
        eyes = max(np.linalg.norm(expected[1] - expected[0]), 1)
        away = np.linalg.norm((landmarks[0] - expected).mean(axis=0)) / eyes
        if scores[0] < SURE or away > ASTRAY:
            self._forget()
            return
        self._place, self._seconds = landmarks[0], seconds
        self._calm.add_landmarks(landmarks[0], seconds)


class OneEuro:
    """Calms landmarks: much while they rest, little while they move.

    Args:
        least_cutoff: float, Hz: what is quicker is calmed while they rest.
        gain: float, Hz for each distance between the eyes in a second.
        speed_cutoff: float, Hz: the same for how fast they move.

    Attributes:
        place: float64 array, shape `(5, 2)`, or `None` before the first.
        speed: float64 array, shape `(5, 2)`, pixels in a second.

    Reference:
        Casiez, Roussel and Vogel, "1 euro filter: a simple speed-based
        low-pass filter for noisy input in interactive systems", 2012. One
        cutoff for all five points is ours, so that a face keeps its shape.
    """

    def __init__(
        self,
        least_cutoff=LEAST_CUTOFF,
        gain=GAIN,
        speed_cutoff=SPEED_CUTOFF,
    ):
        self.least_cutoff, self.gain = least_cutoff, gain
        self.speed_cutoff = speed_cutoff
        self.place, self.speed = None, np.zeros((5, 2))
        self._before = self._seconds = None

    def add_landmarks(self, landmarks, seconds):
        """The next landmarks, and their time.

        Args:
            landmarks: float array, shape `(5, 2)`, `(x, y)` in pixels.
            seconds: float, later than the one before.

        Returns:
            float64 array, shape `(5, 2)`: `place`.
        """
        landmarks = np.asarray(landmarks, np.float64)
        if self.place is None:
            self.place = landmarks
        else:
            passed = max(seconds - self._seconds, 1e-3)
            speed = (landmarks - self._before) / passed
            share = _share(self.speed_cutoff, passed)
            self.speed = self.speed + share * (speed - self.speed)
            eyes = max(np.linalg.norm(landmarks[1] - landmarks[0]), 1)
            pace = np.linalg.norm(self.speed, axis=1).mean() / eyes
            share = _share(self.least_cutoff + self.gain * pace, passed)
            self.place = self.place + share * (landmarks - self.place)
        self._before, self._seconds = landmarks, seconds
        return self.place


def _share(cutoff, passed):
    """Share of the new value in a low-pass filter of first order."""
    return 1 / (1 + 1 / (2 * np.pi * cutoff * passed))


def _is_near(place, face):
    centre = np.mean(face["landmarks"], axis=0)
    distance = np.linalg.norm(place.mean(axis=0) - centre)
    return distance <= REACH * face["box"][2]
