"""Frames in, some at a time -> the faces in them, followed, out."""

import itertools

import cv2
import numpy as np

from helpers.faces import linking
from helpers.faces.followed_face import FollowedFace, Sight
from helpers.faces.tracks import KEY_EVERY, LOST_FRAMES, FaceTrack

# Between two frames of one shot small pictures of them differ by at most 9
# grey levels (hand-held trial clips); at a hard cut by 17 to 100.
CUT_DIFFERENCE = 12
THUMBNAIL = (32, 32)
# frames that the detector takes at once
DETECTED_AT_ONCE = 16

# Below this the last network does not see a face where it should be.
SURE = 0.7
# What is found further than this from where it should be, in distances between
# the eyes, is another face.
ASTRAY = 0.5

# why a face should be somewhere: the detector saw it there; it saw it before
# and after; or it may have come or gone between two detections
DETECTED, LINKED, SUPPOSED = range(3)


class Tracker:
    """Follows all faces, some frames at a time.

    Args:
        detector: `detection.FaceDetector`.
        every: int. Frames from one detection to the next.
        ratio: tuple of floats, how many times as wide and as high a frame is
            as its picture, in which the faces are looked for.
        views: int, see `FaceDetector.refine`, or `None` for all.

    Attributes:
        times: list of float, seconds, of the frames so far.
        broken: `None`, or why the video could not be read to its end.
        notes: list of str, what of the video was passed over.
    """

    def __init__(self, detector, every=KEY_EVERY, ratio=(1.0, 1.0), views=None):
        self.detector, self.every, self.ratio = detector, every, ratio
        self._views = {} if views is None else {"views": views}
        self.times, self.shots = [], []
        self.broken, self.notes = None, []
        self._faces, self._active = [], []
        self._thumbnail = None

    def add_frames(self, chunk, begins=()):
        """Follow the faces through the next frames.

        What is found in them does not change with frames that come later.

        Args:
            chunk: list of tuples `(time, picture)`: float, seconds; uint8
                array, shape `(height, width, 3)`, RGB.
            begins: places in `chunk` at which a shot begins, whatever it
                looks like: the first frames of other files.
        """
        start = len(self.times)
        pictures = [picture for _, picture in chunk]
        cuts = [
            self._is_cut(picture) or place in begins
            for place, picture in enumerate(pictures)
        ]
        for (seconds, _), cut in zip(chunk, cuts, strict=True):
            shot = self.shots[-1] + cut if self.shots else 0
            self.times.append(seconds)
            self.shots.append(shot)
        keys = [
            place
            for place in range(len(chunk))
            if (start + place) % self.every == 0
            or cuts[place]
            or place + 1 == len(chunk)
            or cuts[place + 1]
        ]
        guesses = []
        for key, faces in zip(keys, self._detect(pictures, keys), strict=True):
            guesses += self._link(start, start + key, faces, pictures[key])
        self._refine(pictures, start, guesses)
        self._close_gaps(pictures, start, guesses)

    def faces_at(self, frame):
        """The faces of one frame, those of which nobody is sure as well.

        Args:
            frame: int, index of a frame that was added.

        Returns:
            dict from the number of a track to its `landmarks`, float64 array,
            shape `(5, 2)`, `(x, y)` in pixels of the frame; `spread`, in
            pixels; and `score`, 0-1, see `FaceDetector.refine`. Where the
            detector saw a face that `refine` is not sure of, they are the
            detector's landmarks with the score of `refine`.
        """
        return {
            number: face.sights.get(frame) or face.doubtful[frame]
            for number, face in enumerate(self._faces)
            if frame in face.sights or frame in face.doubtful
        }

    def tracks(self):
        """All `FaceTrack` so far, those that matter most first."""
        times = np.array(self.times, np.float64)
        shots = np.array(self.shots, int)
        counts = np.zeros(len(times), int)
        for face in self._faces:
            counts[list(face.sights)] += 1
        seen = [face for face in self._faces if face.sights]
        seen.sort(key=lambda face: -face.weight)
        nobody = FollowedFace(0, None)
        return [
            FaceTrack(
                face.landmarks(len(times)),
                times,
                counts,
                shots,
                self.broken,
                face.spread(len(times)),
                tuple(self.notes),
                face.hidden_in(len(times)),
            )
            for face in seen or [nobody]
        ]

    def _is_cut(self, picture):
        before = self._thumbnail
        # a quarter of the pixels says as much of a cut
        step = max(1, min(picture.shape[:2]) // (4 * max(THUMBNAIL)))
        self._thumbnail = cv2.resize(
            picture[::step, ::step], THUMBNAIL, interpolation=cv2.INTER_AREA
        )
        if before is None:
            return False
        return cv2.absdiff(self._thumbnail, before).mean() > CUT_DIFFERENCE

    def _detect(self, pictures, keys):
        faces = []
        for start in range(0, len(keys), DETECTED_AT_ONCE):
            batch = keys[start : start + DETECTED_AT_ONCE]
            faces += self.detector.detect([pictures[key] for key in batch])
        return faces

    def _link(self, start, frame, detections, picture):
        """Continue and begin tracks at a key frame; guesses to be refined."""
        shot = self.shots[frame]
        self._active = [
            face
            for face in self._active
            if face.shot == shot
            and frame - face.last
            <= (linking.HIDDEN_FRAMES if face.hidden else LOST_FRAMES)
        ]
        crowded = max(len(self._active), len(detections)) > 1
        if crowded:  # looks may be asked for, now or later
            for each in detections:
                each["look"] = linking.cut_look(picture, each["landmarks"])
        linked, confused = linking.link_faces(self._active, detections, frame)
        guesses, free = [], [f for f in self._active if f not in linked]
        for rank, (detected, face) in enumerate(
            zip(detections, linked, strict=True)
        ):
            if face is None:
                face = FollowedFace(shot, frame)
                self._faces.append(face)
                self._active.append(face)
                guesses += self._guess_before(face, start, frame, detected)
            else:
                why = SUPPOSED if face.hidden else LINKED
                guesses += [
                    (face, n, face.place_toward(detected, frame, n), why)
                    for n in range(max(start, face.last + 1), frame)
                ]
            face.weight += 1 / (1 + rank)
            face.note_detection(frame, detected)
            if crowded and rank not in confused:
                face.note_look(detected["look"])
            guesses.append((face, frame, detected["landmarks"], DETECTED))
        for face in free:
            face.hidden = face.hidden or linking.is_hidden(
                face, detections, frame
            )
            # it may still have been there after the key frame before
            if frame - face.last <= self.every:
                guesses += [
                    (face, n, face.place, SUPPOSED)
                    for n in range(max(start, face.last + 1), frame + 1)
                ]
        return guesses

    def _guess_before(self, face, start, frame, detected):
        """A new face may have come since the key frame before."""
        first = max(start, frame - self.every + 1)
        first += sum(n != face.shot for n in self.shots[first:frame])
        return [
            (face, n, detected["landmarks"], SUPPOSED)
            for n in range(first, frame)
        ]

    def _refine(self, pictures, start, guesses):
        """Put what the last network says into the tracks, where it is sure."""
        if not guesses:
            return
        expected = np.array([place for _, _, place, _ in guesses], np.float64)
        seen = [pictures[frame - start] for _, frame, _, _ in guesses]
        landmarks, scores, spread = self.detector.refine(
            seen, expected, **self._views
        )
        eyes = np.linalg.norm(expected[:, 1] - expected[:, 0], axis=-1)
        away = np.linalg.norm(
            (landmarks - expected).mean(axis=1), axis=-1
        ) / np.maximum(eyes, 1)
        sure = (scores >= SURE) & (away <= ASTRAY)
        for index in self._hidden_ones(guesses, seen, sure, landmarks, away):
            sure[index] = False
            guesses[index][0].behind.add(guesses[index][1])
        # what is linked goes before what is only supposed
        order = sorted(
            np.flatnonzero(sure), key=lambda n: guesses[n][3] == SUPPOSED
        )
        order += np.flatnonzero(~sure).tolist()
        taken = {}
        for index in order:
            face, frame, place, why = guesses[index]
            if not sure[index] and why != DETECTED:
                continue
            centre = (landmarks[index] if sure[index] else place).mean(axis=0)
            others = taken.setdefault(frame, self._centres(frame))
            apart = [np.linalg.norm(centre - other) for other in others]
            known = min(apart, default=np.inf) < eyes[index]
            if known and (why == SUPPOSED or not sure[index]):
                face.behind.add(frame)
                continue  # this is somebody who has a track
            others.append(centre)
            kept = face.sights if sure[index] else face.doubtful
            points = landmarks[index] if sure[index] else place
            kept[frame] = Sight(
                # integer coordinates are pixel centres in both pictures
                (points + 0.5) * self.ratio - 0.5,
                float(spread[index] * np.mean(self.ratio)),
                float(scores[index]),
            )

    def _hidden_ones(self, guesses, seen, sure, landmarks, away):
        """Of two that pass and are found at one place, the one behind."""
        frames = {}
        for index in np.flatnonzero(sure).tolist():
            if guesses[index][3] == LINKED:
                frames.setdefault(guesses[index][1], []).append(index)
        pairs = [
            sorted(pair, key=lambda index: away[index])
            for rows in frames.values()
            for pair in itertools.combinations(rows, 2)
            if _is_one_place(*landmarks[list(pair)])
        ]
        hidden = []
        for near, far in pairs:
            look = linking.cut_look(seen[near], landmarks[near])
            behind = linking.is_other(
                look, guesses[near][0], guesses[far][0], away[far] - away[near]
            )
            hidden.append(near if behind else far)
        return hidden

    def _close_gaps(self, pictures, start, guesses):
        """Feel the way from frame to frame where a face moves too fast.

        Half way between two detections it may be far from the straight line
        between them, but not from where it is a frame earlier or later.
        """
        gaps = [guess for guess in guesses if guess[3] != DETECTED]
        tried = set()
        for _ in range(self.every):
            guesses = []
            for face, n, *_ in gaps:
                beside = (face, n, n - 1 in face.sights, n + 1 in face.sights)
                if n in face.sights or beside in tried or not any(beside[2:]):
                    continue
                tried.add(beside)
                place = (face.place_beside(n) + 0.5) / self.ratio - 0.5
                guesses.append((face, n, place, SUPPOSED))
            if not guesses:
                return
            self._refine(pictures, start, guesses)

    def _centres(self, frame):
        """Where faces were found in a frame, in pixels of its picture."""
        return [
            (face.sights[frame].landmarks.mean(axis=0) + 0.5) / self.ratio - 0.5
            for face in self._faces
            if frame in face.sights
        ]


def _is_one_place(one, other):
    """Whether two faces' landmarks cannot be two faces'."""
    apart = np.linalg.norm(one.mean(axis=0) - other.mean(axis=0))
    return apart < np.linalg.norm(one[1] - one[0])
