"""Tracks of a clip in; the main one, those at a place, calmed tracks out."""

import itertools
from collections import namedtuple

import numpy as np

from helpers.faces import steadying

# frames from one detection to the next
KEY_EVERY = 8
# After as many frames without a face its track is over. MTCNN may miss a face
# that looks at the camera on two key frames in a row: between those that it saw
# lie three times as many frames.
LOST_FRAMES = 3 * KEY_EVERY + 1
# As many frames that the detector misses are bridged: a face that is there
# before and after was there in between, and a swap must not flash.
BRIDGED_FRAMES = 3

FaceTrack = namedtuple(
    "FaceTrack",
    "landmarks times face_counts shots broken spread notes hidden",
    defaults=(None, (), None),
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
    notes: tuple of str, what of the video was passed over.
    hidden: bool array, shape `(frames,)`, where it is behind another face;
        `None` if nobody knows.
"""


def main_track(tracks):
    """One track of the face that matters most, shot by shot.

    Args:
        tracks: list of `FaceTrack` of one clip, from
            `tracking.find_tracks`.

    Returns:
        `FaceTrack`.
    """
    first = tracks[0]
    taken = np.zeros(len(first.times), bool)
    pieces = []
    for track in tracks:
        seen = has_face(track.landmarks)
        if not seen.any():
            continue
        begin, end = np.flatnonzero(seen)[[0, -1]]
        # alone in the picture: the clip is about this one now
        lone = track.face_counts[begin : end + 1].max() <= 1
        margin = 0 if lone else LOST_FRAMES
        shot = first.shots == first.shots[begin]
        seen &= ~_widened(taken & shot, margin)
        taken |= seen
        pieces.append((track, seen))
    return _join_tracks(first, pieces)


def tracks_at(tracks, positions, size):
    """The faces at some places, each followed through its shot.

    A face counts as being where it is when it comes into sight, so it stays
    the left one when two people change places. In each shot a position gets
    the nearest face, and another one only when that is out of sight.

    Args:
        tracks: list of `FaceTrack` of one clip, from
            `tracking.find_tracks`.
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
        frames = np.flatnonzero(has_face(track.landmarks))
        if not len(frames):
            continue
        place = track.landmarks[frames[0]].mean(axis=0)
        for index, position in enumerate(positions):
            distance = _distance(place, position, size)
            near.append((track.shots[frames[0]], distance, index, number))
    chosen = [[] for _ in positions]
    busy = np.zeros((len(positions), len(tracks[0].times)), bool)
    given = set()
    for _, _, index, number in sorted(near):
        seen = has_face(tracks[number].landmarks)
        if number in given or (busy[index] & seen).any():
            continue
        given.add(number)
        busy[index] |= seen
        chosen[index].append((tracks[number], seen))
    return [_join_tracks(tracks[0], pieces) for pieces in chosen]


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


def _join_tracks(first, pieces):
    """One track of pairs `(track, frames)`, no frame in two of them."""
    landmarks = np.full_like(first.landmarks, np.nan)
    spread = np.full(len(landmarks), np.nan)
    hidden = np.zeros(len(landmarks), bool)
    joined = np.zeros(len(landmarks), int)
    for number, (track, frames) in enumerate(pieces, start=1):
        landmarks[frames] = track.landmarks[frames]
        if track.spread is not None:
            spread[frames] = track.spread[frames]
        if track.hidden is not None:
            hidden |= track.hidden
        joined[frames] = number
    return first._replace(
        landmarks=landmarks,
        spread=spread,
        hidden=hidden,
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
        the frame after it, but where another face hides this one.
    """
    landmarks = track.landmarks.copy()
    frames = np.flatnonzero(has_face(landmarks))
    for before, after in itertools.pairwise(frames.tolist()):
        inside = range(before + 1, after)
        same_shot = track.shots[before] == track.shots[after]
        if not same_shot or len(inside) > longest:
            continue
        if track.hidden is not None and track.hidden[inside].any():
            continue
        for frame in inside:
            landmarks[frame] = place_between(
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


def place_between(before, after, share):
    """Landmarks between two sights of a face.

    Args:
        before: array-like, shape `(5, 2)`.
        after: array-like, shape `(5, 2)`.
        share: float, 0-1, of the way from the one to the other.

    Returns:
        float array, shape `(5, 2)`.
    """
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
