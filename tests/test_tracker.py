"""Tracker: faces followed between detections, and only where they are."""

import numpy as np
from clips import FACE, FakeDetector, face_at, picture

from helpers.faces import tracking
from helpers.faces.tracker import Tracker
from helpers.faces.tracks import has_face, main_track


class CountingDetector(FakeDetector):
    """Sees a face that moves to the right, wherever it really is."""

    def __init__(self, places):
        self.places, self.detected = places, []

    def number(self, image):
        return int(image[0, 0, 0])

    def detect(self, images):
        numbers = [self.number(image) for image in images]
        self.detected += numbers
        return [[face_at(x) for x in self.places[number]] for number in numbers]

    def refine(self, images, landmarks):
        results = []
        for image, guess in zip(images, landmarks, strict=True):
            truths = [
                face_at(x)["landmarks"] for x in self.places[self.number(image)]
            ]
            errors = [np.abs(truth - guess).max() for truth in truths]
            near = min(errors, default=np.inf) < 8
            place = truths[int(np.argmin(errors))] if near else guess
            results.append((place, float(near), 0.5))
        return tuple(np.array(part) for part in zip(*results, strict=True))


def numbered(count, shift=None):
    """Chunks of pictures whose first pixel is their number."""
    frames = []
    for number in range(count):
        frame = picture(3 if shift is None or number < shift else 9)
        frame[0, 0] = number
        frames.append((number / 25, frame))
    size = tracking.CHUNK
    return [frames[n : n + size] for n in range(0, count, size)]


def track_all(places, every=8, shift=None):
    detector = CountingDetector(places)
    tracker = Tracker(detector, every)
    for chunk in numbered(len(places), shift):
        tracker.add_frames(chunk)
    return tracker.tracks(), detector


def test_between_key_frames_faces_are_found_where_they_are_not_where_guessed():
    # faster in the middle than a straight line says
    places = [[-20 + 30 * (n / 80) + 3 * np.sin(n / 3)] for n in range(80)]
    (track,), detector = track_all(places)
    assert sorted(detector.detected) == sorted([*range(0, 80, 8), 63, 79])
    np.testing.assert_allclose(
        track.landmarks.mean(axis=1)[:, 0] - FACE[:, 0].mean(),
        np.ravel(places),
    )
    assert track.spread.tolist() == [0.5] * 80


def test_a_fast_face_is_followed_hand_over_hand():
    # at most 7 pixels from frame to frame, 30 from the straight line
    places = [[23 * np.sin(n / 3.2)] for n in range(128)]
    places[60:] = [[]] * 68
    (track,), _ = track_all(places)
    found = has_face(track.landmarks)
    assert found.tolist() == [True] * 60 + [False] * 68
    np.testing.assert_allclose(
        track.landmarks.mean(axis=1)[:60, 0] - FACE[:, 0].mean(),
        np.ravel(places[:60]),
    )


def test_what_comes_later_does_not_change_what_was_found():
    places = [[-30, 23 * np.sin(n / 3.2) + 40] for n in range(192)]
    tracker = Tracker(CountingDetector(places))
    seen = []
    for chunk in numbered(192):
        first = len(tracker.times)
        tracker.add_frames(chunk)
        frames = range(first, len(tracker.times))
        seen += [tracker.faces_at(frame) for frame in frames]
    assert all(len(faces) == 2 for faces in seen)
    for frame, faces in enumerate(seen):
        again = tracker.faces_at(frame)
        assert again.keys() == faces.keys()
        for number, sight in faces.items():
            np.testing.assert_array_equal(
                again[number].landmarks, sight.landmarks
            )


def test_a_shot_begins_where_it_is_said_to():
    tracker = Tracker(CountingDetector([[0]] * 20))
    tracker.add_frames(numbered(20)[0], begins=[0, 5, 6])
    assert tracker.shots == [0] * 5 + [1] + [2] * 14
    assert sorted(tracker.detector.detected) == [0, 4, 5, 6, 8, 16, 19]
    numbers = [next(iter(tracker.faces_at(frame))) for frame in range(20)]
    assert numbers == tracker.shots


def test_what_the_last_network_doubts_is_given_with_its_score():
    detector = CountingDetector([[0]] * 3)
    detector.refine = lambda images, landmarks: (
        np.array(landmarks),
        np.full(len(images), 0.25),
        np.ones(len(images)),
    )
    tracker = Tracker(detector)
    tracker.add_frames(numbered(3)[0])
    scores = [
        [sight.score for sight in tracker.faces_at(frame).values()]
        for frame in range(3)
    ]
    assert scores == [[0.25], [], [0.25]]  # on key frames only
    assert not has_face(tracker.tracks()[0].landmarks).any()


def test_a_face_is_tracked_from_its_first_to_its_last_frame():
    places = [[0] if 13 <= n < 44 else [] for n in range(64)]
    (track,), _ = track_all(places)
    found = np.flatnonzero(has_face(track.landmarks))
    assert found.tolist() == list(range(13, 44))
    assert track.face_counts.sum() == len(found)


def test_a_face_that_the_detector_misses_is_still_followed():
    places = [[0]] * 64
    detector = CountingDetector(places)
    see = detector.detect
    detector.detect = lambda images: [
        [] if detector.number(image) == 24 else faces
        for image, faces in zip(images, see(images), strict=True)
    ]
    tracker = Tracker(detector)
    tracker.add_frames(numbered(64)[0])
    (track,) = tracker.tracks()
    assert has_face(track.landmarks).all()


def test_two_people_have_two_tracks_and_none_takes_the_others_place():
    places = [[-30, 40] if n < 30 else [40] for n in range(64)]
    tracks, _ = track_all(places)
    assert len(tracks) == 2
    counts = [int(has_face(t.landmarks).sum()) for t in tracks]
    assert sorted(counts) == [30, 64]
    assert tracks[0].face_counts.tolist() == [2] * 30 + [1] * 34


def test_tracks_end_at_a_cut_between_key_frames():
    places = [[0]] * 20
    tracks, detector = track_all(places, shift=11)
    assert {10, 11} <= set(detector.detected)
    found = [np.flatnonzero(has_face(t.landmarks)) for t in tracks]
    assert sorted(frames.tolist() for frames in found) == [
        list(range(11)),
        list(range(11, 20)),
    ]
    assert main_track(tracks).shots.tolist() == [0] * 11 + [1] * 9


def test_landmarks_are_in_pixels_of_the_frame_not_of_the_shrunken_picture():
    detector = FakeDetector([[face_at()]])
    detector.min_face_share = 0.5
    # half its height is 48 pixels at least, a row so many times 32
    size = tracking.looked_at_size(detector, 400, 600)
    assert size == (107, 160)
    tracker = Tracker(detector, ratio=(600 / 160, 400 / 107))
    tracker.add_frames([(0.0, np.zeros((*size, 3), np.uint8))])
    (track,) = tracker.tracks()
    expected = (FACE + 0.5) * [600 / 160, 400 / 107] - 0.5
    np.testing.assert_allclose(track.landmarks[0], expected)


def test_a_clip_without_faces_has_one_empty_track():
    tracks, _ = track_all([[]] * 10)
    (track,) = tracks
    assert np.isnan(track.landmarks).all() and len(track.times) == 10
    assert not has_face(main_track(tracks).landmarks).any()
