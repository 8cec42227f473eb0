"""Tracking: a video in, the faces in it followed from frame to frame out.

Detecting every frame is slow, and its landmarks tremble. So faces are detected
on key frames only, linked to tracks, and found again in the frames between from
where they should be, by several slightly different views of each. As the key
frames before and after are both known, nothing lags behind.
"""

import contextlib
import itertools
from collections import namedtuple

import cv2
import numpy as np

from helpers.faces import steadying
from helpers.footage import media

# Between two frames of one shot small pictures of them differ by at most 9
# grey levels (hand-held trial clips); at a hard cut by 17 to 100.
CUT_DIFFERENCE = 12
THUMBNAIL = (32, 32)

# frames from one detection to the next
KEY_EVERY = 8
# Frames that are looked at together: many small batches of the networks would
# be slow, many frames large in memory.
CHUNK = 8 * KEY_EVERY
# frames that the detector takes at once
DETECTED_AT_ONCE = 16

# The centre of a face moves less than this many face widths in four frames.
REACH = 0.75
# After as many frames without a face its track is over. MTCNN may miss a face
# that looks at the camera on two key frames in a row: between those that it saw
# lie three times as many frames.
LOST_FRAMES = 3 * KEY_EVERY + 1
# As many frames that the detector misses are bridged: a face that is there
# before and after was there in between, and a swap must not flash.
BRIDGED_FRAMES = 3

# Below this the last network does not see a face where it should be.
SURE = 0.7
# What is found further than this from where it should be, in distances between
# the eyes, is another face.
ASTRAY = 0.5
# Side in pixels of the smallest wanted face in the pictures that are looked
# at: that of the last network.
SMALLEST_SIDE = 48
ROW_STEP = 32

# why a face should be somewhere: the detector saw it there; it saw it before
# and after; or it may have come or gone between two detections
DETECTED, LINKED, SUPPOSED = range(3)

Sight = namedtuple("Sight", "landmarks spread score")
Sight.__doc__ = "A face in one frame, see `Tracker.faces_at`."

FaceTrack = namedtuple(
    "FaceTrack",
    "landmarks times face_counts shots broken spread",
    defaults=(None,),
)
FaceTrack.__doc__ = """One face followed through a clip.

Args:
    landmarks: float64 array, shape `(frames, 5, 2)`, `(x, y)` in pixels of
        the frame, NaN where the face was not found.
    times: float64 array, shape `(frames,)`, seconds.
    face_counts: int array, shape `(frames,)`, faces seen in each frame.
    shots: int array, shape `(frames,)`, number of the shot: it rises at a
        cut and where another face is taken up.
    broken: `None`, or why the video could not be read to its end.
    spread: float64 array, shape `(frames,)`, how unsure the landmarks are, in
        pixels, see `FaceDetector.refine`; `None` if nobody knows.
"""


def find_tracks(video_path, detector, every=KEY_EVERY, progress=None):
    """Follow all faces of a clip: the first pass over a video.

    A track is one person in one shot; at a cut all tracks end. Who it is in
    the next shot is asked by `identity_judge.name_tracks`.

    Args:
        video_path: str or path.
        detector: `detection.FaceDetector`.
        every: int. Frames from one detection to the next; 1 detects in every
            frame.
        progress: function of `(frames done, frames in all)`, or `None`. The
            latter is what the file says, an estimate.

    Returns:
        list of `FaceTrack`, not stabilised, those that matter most first; of
        a clip without faces one track without landmarks.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of the video can be read.
        ValueError: if `every` is below 1.
    """
    if every < 1:
        raise ValueError(
            "Faces are detected every how many frames, at least 1. "
            f"Received: every={every!r}"
        )
    video = media.probe_video(video_path)
    size = looked_at_size(detector, video["height"], video["width"])
    ratio = (video["width"] / size[1], video["height"] / size[0])
    tracker = Tracker(detector, every, ratio)
    frames = _until_broken(video_path, tracker, size)
    with (
        one_opencv_thread(),
        contextlib.closing(media.read_ahead(frames, CHUNK)) as ahead,
    ):
        for chunk in _chunks(ahead):
            tracker.add(chunk)
            if progress is not None:
                progress(len(tracker.times), video["frames"])
    return tracker.tracks()


@contextlib.contextmanager
def one_opencv_thread():
    """OpenCV without threads of its own, while others decode and encode.

    Its parts of a face are done in less time than it takes to wait for a
    thread on a busy core.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def looked_at_size(detector, height, width):
    """How large a picture has to be for faces to be found and placed in it.

    Args:
        detector: `detection.FaceDetector`.
        height: int, of the frame in pixels.
        width: int, likewise.

    Returns:
        tuple `(height, width)` in pixels, at most the frame's own.
    """
    smallest = detector.min_face_share * min(height, width)
    scale = min(1.0, SMALLEST_SIDE / smallest)
    if scale == 1:
        return height, width
    # rows of so many pixels need no copy on their way out of FFmpeg
    wide = min(width, int(np.ceil(width * scale / ROW_STEP)) * ROW_STEP)
    return round(height * wide / width), wide


def find_face_track(video_path, detector, every=KEY_EVERY, progress=None):
    """Follow the face that a clip is about: the first pass over a video.

    Of each shot, that is the face which matters most through it. Where it is
    not to be seen for long, another one is taken up; not before, as somebody
    else should not get a face because the right one looks away.

    Args:
        video_path: str or path.
        detector: `detection.FaceDetector`.
        every: see `find_tracks`.
        progress: see `find_tracks`.

    Returns:
        `FaceTrack`, not stabilised.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of the video can be read.
        ValueError: if `every` is below 1.
    """
    return main_track(find_tracks(video_path, detector, every, progress))


def main_track(tracks):
    """One track of the face that matters most, shot by shot.

    Args:
        tracks: list of `FaceTrack` of one clip, from `find_tracks`.

    Returns:
        `FaceTrack`.
    """
    first = tracks[0]
    landmarks = np.full_like(first.landmarks, np.nan)
    spread = np.full(len(landmarks), np.nan)
    joined = np.zeros(len(landmarks), int)
    for number, track in enumerate(tracks, start=1):
        found = has_face(track.landmarks)
        if not found.any():
            continue
        begin, end = np.flatnonzero(found)[[0, -1]]
        # alone in the picture: the clip is about this one now
        lone = track.face_counts[begin : end + 1].max() <= 1
        margin = 0 if lone else LOST_FRAMES
        shot = first.shots == first.shots[begin]
        found &= ~_widened(has_face(landmarks) & shot, margin)
        landmarks[found] = track.landmarks[found]
        if track.spread is not None:
            spread[found] = track.spread[found]
        joined[found] = number
    return first._replace(
        landmarks=landmarks,
        spread=spread,
        shots=_number_shots(first.shots, joined),
    )


def tracks_at(tracks, positions, size):
    """The faces at some places, each followed through its shot.

    A face counts as being where it is when it comes into sight, so it stays
    the left one when two people change places. In each shot a position gets
    the nearest face, and another one only when that is out of sight.

    Args:
        tracks: list of `FaceTrack` of one clip, from `find_tracks`.
        positions: list of `"left"`, `"right"`, or tuples `(x, y)` as shares
            of the frame, 0-1. No face is at two of them.
        size: tuple `(height, width)` of the frame in pixels.

    Returns:
        list of one `FaceTrack` for each position; its shots are numbered
        anew where another face is taken up.

    Raises:
        ValueError: if a position is none of these.
    """
    near = []
    for number, track in enumerate(tracks):
        found = np.flatnonzero(has_face(track.landmarks))
        if not len(found):
            continue
        place = track.landmarks[found[0]].mean(axis=0)
        for index, position in enumerate(positions):
            distance = _distance(place, position, size)
            near.append((track.shots[found[0]], distance, index, number))
    chosen = [[] for _ in positions]
    busy = np.zeros((len(positions), len(tracks[0].times)), bool)
    given = set()
    for _, _, index, number in sorted(near):
        seen = has_face(tracks[number].landmarks)
        if number in given or (busy[index] & seen).any():
            continue
        given.add(number)
        busy[index] |= seen
        chosen[index].append(tracks[number])
    return [_join_tracks(tracks[0], joined) for joined in chosen]


def check_position(position):
    """Stop if something is no position of `tracks_at`.

    Args:
        position: anything.

    Raises:
        ValueError: if it is none.
    """
    if position in ("left", "right"):
        return
    if isinstance(position, tuple) and len(position) == 2:
        if all(0 <= share <= 1 for share in position):
            return
    raise ValueError(
        "Faces are 'main' or 'all', or those at 'left', 'right' or (x, y), "
        f"two shares of the frame from 0 to 1. Received: {position!r}"
    )


def _distance(place, position, size):
    """Pixels from a place to a position; left and right are at any height."""
    check_position(position)
    height, width = size
    if position == "left":
        return place[0]
    if position == "right":
        return width - place[0]
    x, y = position
    return float(np.hypot(place[0] - x * width, place[1] - y * height))


def _join_tracks(first, tracks):
    """One track of several that are not seen together."""
    landmarks = np.full_like(first.landmarks, np.nan)
    spread = np.full(len(landmarks), np.nan)
    joined = np.zeros(len(landmarks), int)
    for number, track in enumerate(tracks, start=1):
        found = has_face(track.landmarks)
        landmarks[found] = track.landmarks[found]
        if track.spread is not None:
            spread[found] = track.spread[found]
        joined[found] = number
    return first._replace(
        landmarks=landmarks,
        spread=spread,
        shots=_number_shots(first.shots, joined),
    )


def bridge_gaps(track, longest=BRIDGED_FRAMES):
    """Fill short gaps of a track, where the face was not found.

    Args:
        track: `FaceTrack`.
        longest: int. Most frames of a gap; longer ones stay as they are, and
            so do those at the beginning and end of a shot.

    Returns:
        `FaceTrack` with landmarks drawn evenly from the frame before a gap to
        the frame after it.
    """
    landmarks = track.landmarks.copy()
    found = np.flatnonzero(has_face(landmarks))
    for before, after in itertools.pairwise(found.tolist()):
        inside = range(before + 1, after)
        same_shot = track.shots[before] == track.shots[after]
        if not same_shot or len(inside) > longest:
            continue
        for frame in inside:
            landmarks[frame] = _between(
                landmarks[before],
                landmarks[after],
                (frame - before) / (after - before),
            )
    return track._replace(landmarks=landmarks)


def stabilise_track(track, sigma=1.5):
    """Calm the landmarks of a track over time, each shot on its own.

    Args:
        track: `FaceTrack`.
        sigma: float. Width of the smoothing in frames; 0 changes nothing.

    Returns:
        `FaceTrack`.
    """
    landmarks = np.full_like(track.landmarks, np.nan)
    for shot in np.unique(track.shots):
        frames = np.flatnonzero(track.shots == shot)
        points = track.landmarks[frames]
        landmarks[frames] = steadying.stabilise_landmarks(
            points, has_face(points), sigma
        )
    return track._replace(landmarks=landmarks)


def has_face(landmarks):
    """Whether a frame's landmarks are known.

    Args:
        landmarks: float array, shape `(frames, 5, 2)`.

    Returns:
        bool array, shape `(frames,)`.
    """
    return np.isfinite(landmarks).all(axis=(1, 2))


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
    """

    def __init__(self, detector, every=KEY_EVERY, ratio=(1.0, 1.0), views=None):
        self.detector, self.every, self.ratio = detector, every, ratio
        self._views = {} if views is None else {"views": views}
        self.times, self.shots = [], []
        self.broken = None
        self._faces, self._active = [], []
        self._thumbnail = None

    def add(self, chunk, begins=()):
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
            guesses += self._link(start, start + key, faces)
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
            number: face.found.get(frame) or face.doubtful[frame]
            for number, face in enumerate(self._faces)
            if frame in face.found or frame in face.doubtful
        }

    def tracks(self):
        """All `FaceTrack` so far, those that matter most first."""
        times = np.array(self.times, np.float64)
        shots = np.array(self.shots, int)
        counts = np.zeros(len(times), int)
        for face in self._faces:
            counts[list(face.found)] += 1
        seen = [face for face in self._faces if face.found]
        seen.sort(key=lambda face: -face.weight)
        nobody = _Face(0, None)
        return [
            FaceTrack(
                face.landmarks(len(times)),
                times,
                counts,
                shots,
                self.broken,
                face.spread(len(times)),
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
        found = []
        for start in range(0, len(keys), DETECTED_AT_ONCE):
            batch = keys[start : start + DETECTED_AT_ONCE]
            found += self.detector.detect([pictures[key] for key in batch])
        return found

    def _link(self, start, frame, faces):
        """Continue and begin tracks at a key frame; guesses to be refined."""
        shot = self.shots[frame]
        self._active = [
            face
            for face in self._active
            if face.shot == shot and frame - face.last <= LOST_FRAMES
        ]
        guesses, free = [], list(self._active)
        for rank, detected in enumerate(faces):
            face = _nearest(free, detected, frame)
            if face is None:
                face = _Face(shot, frame)
                self._faces.append(face)
                self._active.append(face)
                # it may have come since the key frame before
                first = max(start, frame - self.every + 1)
                first += sum(n != shot for n in self.shots[first:frame])
                guesses += [
                    (face, n, detected["landmarks"], SUPPOSED)
                    for n in range(first, frame)
                ]
            else:
                free.remove(face)
                guesses += [
                    (face, n, face.toward(detected, frame, n), LINKED)
                    for n in range(max(start, face.last + 1), frame)
                ]
            face.weight += 1 / (1 + rank)
            face.see(frame, detected)
            guesses.append((face, frame, detected["landmarks"], DETECTED))
        # it may still have been there after the key frame before
        for face in free:
            if frame - face.last <= self.every:
                guesses += [
                    (face, n, face.place, SUPPOSED)
                    for n in range(max(start, face.last + 1), frame + 1)
                ]
        return guesses

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
                continue  # this is somebody who has a track
            others.append(centre)
            kept = face.found if sure[index] else face.doubtful
            points = landmarks[index] if sure[index] else place
            kept[frame] = Sight(
                # integer coordinates are pixel centres in both pictures
                (points + 0.5) * self.ratio - 0.5,
                float(spread[index] * np.mean(self.ratio)),
                float(scores[index]),
            )

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
                beside = (face, n, n - 1 in face.found, n + 1 in face.found)
                if n in face.found or beside in tried or not any(beside[2:]):
                    continue
                tried.add(beside)
                place = (face.beside(n) + 0.5) / self.ratio - 0.5
                guesses.append((face, n, place, SUPPOSED))
            if not guesses:
                return
            self._refine(pictures, start, guesses)

    def _centres(self, frame):
        """Where faces were found in a frame, in pixels of its picture."""
        return [
            (face.found[frame].landmarks.mean(axis=0) + 0.5) / self.ratio - 0.5
            for face in self._faces
            if frame in face.found
        ]


class _Face:
    """A track in the making."""

    def __init__(self, shot, first):
        self.shot, self.last = shot, first
        self.place = self.width = None
        self.found, self.doubtful, self.weight = {}, {}, 0.0

    def see(self, frame, detected):
        """Note where the detector saw it."""
        self.last, self.width = frame, detected["box"][2]
        self.place = np.asarray(detected["landmarks"], np.float64)

    def toward(self, detected, frame, between):
        """Where it should be in a frame between the last and this sight."""
        share = (between - self.last) / (frame - self.last)
        return _between(self.place, detected["landmarks"], share)

    def beside(self, frame):
        """Where it should be, from the frames beside this, one of them known.

        It goes on as it moved from the frame before to the next.
        """
        before, after = self.found.get(frame - 1), self.found.get(frame + 1)
        if before and after:
            return (before.landmarks + after.landmarks) / 2
        near = before or after
        step = -2 if before else 2
        far = self.found.get(frame + step)
        if far is None:
            return near.landmarks
        moved = (near.landmarks - far.landmarks).mean(axis=0)
        return near.landmarks + moved

    def landmarks(self, frames):
        """Array of shape `(frames, 5, 2)`, NaN where it was not found."""
        result = np.full((frames, 5, 2), np.nan)
        for frame, sight in self.found.items():
            result[frame] = sight.landmarks
        return result

    def spread(self, frames):
        """Array of shape `(frames,)`, NaN where it was not found."""
        result = np.full(frames, np.nan)
        for frame, sight in self.found.items():
            result[frame] = sight.spread
        return result


def _nearest(faces, detected, frame):
    """The one of these tracks that the detected face goes on, or `None`."""
    centre = np.mean(detected["landmarks"], axis=0)
    near = []
    for face in faces:
        distance = np.linalg.norm(face.place.mean(axis=0) - centre)
        reach = REACH * face.width * max(1, (frame - face.last) / 4)
        if distance <= reach:
            near.append((distance, len(near), face))
    return min(near)[-1] if near else None


def _between(before, after, share):
    return (1 - share) * np.asarray(before) + share * np.asarray(after)


def _widened(marked, margin):
    """Frames at most so many frames away from a marked one."""
    window = np.ones(2 * margin + 1)
    return np.convolve(marked, window)[margin : margin + len(marked)] > 0


def _number_shots(shots, joined):
    """Shots anew: a number for each stretch of one shot and one track."""
    numbers, number, owner = [], 0, 0
    for index, (shot, track) in enumerate(zip(shots, joined, strict=True)):
        cut = index > 0 and shot != shots[index - 1]
        other = track != 0 and owner not in (0, track)
        number += bool(cut or other)
        owner = track if track else (0 if cut else owner)
        numbers.append(number)
    return np.array(numbers, int)


def _chunks(items):
    chunk = []
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            # whoever took it holds it until the next one comes
            chunk.clear()
    if chunk:
        yield chunk


def _until_broken(video_path, tracker, size):
    """All frames that can be read; a broken end is noted, not hidden."""
    count = 0
    try:
        for _, seconds, picture in media.read_frames(video_path, size=size):
            count += 1
            yield seconds, picture
    except media.MediaError as error:
        if count == 0:
            raise
        tracker.broken = str(error)
