"""Tracking: faces followed from frame to frame, and only where they are."""

import numpy as np
import pytest
from clips import FACE, FakeDetector, face_at, picture, write_clip

from helpers.faces import tracking

# -- a track ----------------------------------------------------------------


def follow(tmp_path, frames, faces, every=1, **options):
    path = write_clip(tmp_path / "clip.mp4", frames)
    return tracking.find_face_track(path, FakeDetector(faces), every, **options)


def centres(track):
    return np.round(track.landmarks.mean(axis=1) - FACE.mean(axis=0), 3)


def test_the_followed_face_is_the_nearest_not_the_largest(tmp_path):
    here, moved = face_at(-30), face_at(-28)
    large = face_at(40, scale=1.2)
    faces = [[here], [moved], [large, here], [large], [here]]
    track = follow(tmp_path, [picture()] * 5, faces)
    assert centres(track)[[0, 1, 2, 4], 0].tolist() == [-30, -28, -30, -30]
    # somebody else is not swapped just because the right one is missing
    assert np.isnan(track.landmarks[3]).all()
    assert track.face_counts.tolist() == [1, 1, 2, 1, 1]
    assert track.shots.tolist() == [0] * 5


def test_another_face_is_taken_up_when_the_first_is_gone_for_long(tmp_path):
    here, there = face_at(-30), face_at(40)
    both, gone = 70, tracking.LOST_FRAMES
    faces = [[here, there]] * both + [[there]] * (gone + 3)
    track = follow(tmp_path, [picture()] * len(faces), faces)
    found = tracking.has_face(track.landmarks)
    assert found.tolist() == [True] * both + [False] * gone + [True] * 3
    assert centres(track)[[0, -1], 0].tolist() == [-30, 40]
    assert track.shots.tolist() == [0] * (both + gone) + [1] * 3


def test_a_new_shot_begins_at_a_cut(tmp_path):
    frames = [picture(1)] * 3 + [picture(7)] * 3
    # the second person sits where the first one sat, and another is larger
    faces = [[face_at()]] * 3 + [[face_at(30), face_at()]] * 3
    track = follow(tmp_path, frames, faces)
    assert track.shots.tolist() == [0, 0, 0, 1, 1, 1]
    assert centres(track)[:, 0].tolist() == [0, 0, 0, 30, 30, 30]


def test_a_lone_face_that_jumps_is_taken_up_at_once(tmp_path):
    faces = [[face_at(-40)]] * 2 + [[]] + [[face_at(40)]] * 2
    track = follow(tmp_path, [picture()] * 5, faces)
    assert track.shots.tolist() == [0, 0, 0, 1, 1]
    assert np.isnan(track.landmarks[2]).all()
    assert np.isfinite(track.landmarks[[0, 1, 3, 4]]).all()


def test_stabilising_calms_each_shot_and_does_not_cross_the_cut():
    noise = np.random.default_rng(0).normal(0, 0.7, (40, 1, 2))
    steady = np.repeat(FACE[None], 40, axis=0)
    # at the cut the second person is only 4 pixels away from the first
    steady[20:] += 4
    landmarks = steady + noise
    landmarks[[5, 30]] = np.nan
    shots = np.repeat([0, 1], 20)
    track = tracking.FaceTrack(
        landmarks, np.arange(40) / 25, np.ones(40, int), shots, None
    )
    calm = tracking.stabilise_track(track).landmarks
    assert np.isnan(calm[[5, 30]]).all()
    rest = np.setdiff1d(np.arange(40), [5, 30])
    error = np.abs(calm - steady)[rest].mean()
    assert error < 0.75 * np.abs(noise[rest]).mean()
    # what the second shot shows has no influence on the first
    moved = track.landmarks.copy()
    moved[20:] += 3
    again = tracking.stabilise_track(track._replace(landmarks=moved)).landmarks
    np.testing.assert_array_equal(again[:20], calm[:20])


def test_a_short_gap_is_bridged_evenly_and_a_long_one_is_left():
    landmarks = np.stack([FACE + n for n in range(20)])
    gaps = [0, 3, 4, 5, 8, 9, 10, 11, 15, 19]
    track = tracking.FaceTrack(
        np.where(
            np.isin(np.arange(20), gaps)[:, None, None], np.nan, landmarks
        ),
        np.arange(20) / 25,
        np.ones(20, int),
        np.repeat([0, 1], [15, 5]),
        None,
    )
    bridged = tracking.bridge_gaps(track).landmarks
    # at the ends, over four frames and across a cut nothing is known
    left = [0, 8, 9, 10, 11, 15, 19]
    assert np.isnan(bridged[left]).all()
    rest = np.setdiff1d(np.arange(20), left)
    np.testing.assert_allclose(bridged[rest], landmarks[rest])


def test_progress_counts_the_frames(tmp_path):
    seen, count = [], tracking.CHUNK + 6
    follow(
        tmp_path,
        [picture()] * count,
        [[face_at()]] * count,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(tracking.CHUNK, count), (count, count)]


# -- key frames -------------------------------------------------------------


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
    tracker = tracking.Tracker(detector, every)
    for chunk in numbered(len(places), shift):
        tracker.add(chunk)
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
    found = tracking.has_face(track.landmarks)
    assert found.tolist() == [True] * 60 + [False] * 68
    np.testing.assert_allclose(
        track.landmarks.mean(axis=1)[:60, 0] - FACE[:, 0].mean(),
        np.ravel(places[:60]),
    )


def test_what_comes_later_does_not_change_what_was_found():
    places = [[-30, 23 * np.sin(n / 3.2) + 40] for n in range(192)]
    tracker = tracking.Tracker(CountingDetector(places))
    seen = []
    for chunk in numbered(192):
        first = len(tracker.times)
        tracker.add(chunk)
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
    tracker = tracking.Tracker(CountingDetector([[0]] * 20))
    tracker.add(numbered(20)[0], begins=[0, 5, 6])
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
    tracker = tracking.Tracker(detector)
    tracker.add(numbered(3)[0])
    scores = [
        [sight.score for sight in tracker.faces_at(frame).values()]
        for frame in range(3)
    ]
    assert scores == [[0.25], [], [0.25]]  # on key frames only
    assert not tracking.has_face(tracker.tracks()[0].landmarks).any()


def test_a_face_is_tracked_from_its_first_to_its_last_frame():
    places = [[0] if 13 <= n < 44 else [] for n in range(64)]
    (track,), _ = track_all(places)
    found = np.flatnonzero(tracking.has_face(track.landmarks))
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
    tracker = tracking.Tracker(detector)
    tracker.add(numbered(64)[0])
    (track,) = tracker.tracks()
    assert tracking.has_face(track.landmarks).all()


def test_two_people_have_two_tracks_and_none_takes_the_others_place():
    places = [[-30, 40] if n < 30 else [40] for n in range(64)]
    tracks, _ = track_all(places)
    assert len(tracks) == 2
    counts = [int(tracking.has_face(t.landmarks).sum()) for t in tracks]
    assert sorted(counts) == [30, 64]
    assert tracks[0].face_counts.tolist() == [2] * 30 + [1] * 34


def test_tracks_end_at_a_cut_between_key_frames():
    places = [[0]] * 20
    tracks, detector = track_all(places, shift=11)
    assert {10, 11} <= set(detector.detected)
    found = [np.flatnonzero(tracking.has_face(t.landmarks)) for t in tracks]
    assert sorted(frames.tolist() for frames in found) == [
        list(range(11)),
        list(range(11, 20)),
    ]
    assert tracking.main_track(tracks).shots.tolist() == [0] * 11 + [1] * 9


def test_landmarks_are_in_pixels_of_the_frame_not_of_the_shrunken_picture():
    detector = FakeDetector([[face_at()]])
    detector.min_face_share = 0.5
    # half its height is 48 pixels at least, a row so many times 32
    size = tracking.looked_at_size(detector, 400, 600)
    assert size == (107, 160)
    tracker = tracking.Tracker(detector, ratio=(600 / 160, 400 / 107))
    tracker.add([(0.0, np.zeros((*size, 3), np.uint8))])
    (track,) = tracker.tracks()
    expected = (FACE + 0.5) * [600 / 160, 400 / 107] - 0.5
    np.testing.assert_allclose(track.landmarks[0], expected)


def test_a_clip_without_faces_has_one_empty_track():
    tracks, _ = track_all([[]] * 10)
    (track,) = tracks
    assert np.isnan(track.landmarks).all() and len(track.times) == 10
    assert not tracking.has_face(tracking.main_track(tracks).landmarks).any()


# -- by position ------------------------------------------------------------

WIDE = (160, 320)


def at(tmp_path, positions, faces, frames=None):
    frames = frames or [picture(3, WIDE)] * len(faces)
    path = write_clip(tmp_path / "clip.mp4", frames)
    tracks = tracking.find_tracks(path, FakeDetector(faces), 1)
    return [
        centres(track)[:, 0].tolist()
        for track in tracking.tracks_at(tracks, positions, WIDE)
    ]


def test_who_was_left_stays_left_when_two_change_places(tmp_path):
    faces = [
        [face_at(20 * n, 60), face_at(140 - 20 * n, -20)] for n in range(8)
    ]
    left, right = at(tmp_path, ["left", "right"], faces)
    assert left == [20.0 * n for n in range(8)]
    assert right == [140.0 - 20 * n for n in range(8)]


def test_after_a_cut_it_is_looked_anew_who_is_where(tmp_path):
    frames = [picture(1, WIDE)] * 3 + [picture(7, WIDE)] * 3
    # the one who matters more, named first, changes sides
    faces = [[face_at(0), face_at(140)]] * 3 + [[face_at(140), face_at(0)]] * 3
    left, right = at(tmp_path, ["left", "right"], faces, frames)
    assert left == [0] * 6 and right == [140] * 6


def test_the_nearest_face_to_a_point_is_taken(tmp_path):
    faces = [[face_at(0, 20), face_at(70, 20), face_at(140, 20)]] * 2
    (middle,) = at(tmp_path, [(0.5, 0.5)], faces)
    assert middle == [70, 70]
    left, right = at(tmp_path, [(0.2, 0.5), "right"], faces)
    assert (left, right) == ([0, 0], [140, 140])


def test_one_face_is_not_at_two_places_and_a_free_place_is_given_again(
    tmp_path,
):
    gone = tracking.LOST_FRAMES + 1
    both = [face_at(0), face_at(140)]
    # the right one goes, and comes back later as a new track
    faces = [both] * 3 + [[face_at(0)]] * gone + [both] * 2
    left, right = at(tmp_path, ["left", "right"], faces)
    assert left == [0] * len(faces)
    assert np.isnan(right[3:-2]).all() and right[-2:] == [140, 140]


@pytest.mark.parametrize("position", ["top", (0.5,), (2, 0.5), None, 3])
def test_a_position_that_is_none_is_refused(position):
    with pytest.raises(ValueError, match="'left', 'right' or"):
        tracking.check_position(position)


def test_a_face_missed_on_two_key_frames_in_a_row_does_not_flash(tmp_path):
    every = tracking.KEY_EVERY
    frames = 5 * every + 1
    faces = [[face_at(n / 4)] for n in range(0, frames, every)]
    faces[2:4] = [[], []]
    clip = write_clip(tmp_path / "clip.mp4", [picture()] * frames)
    track = tracking.find_face_track(clip, FakeDetector(faces))
    found = tracking.has_face(track.landmarks)
    # where the detector was asked and saw none, the stand-in finds none again
    missed = [2 * every, 3 * every]
    assert np.flatnonzero(~found).tolist() == missed
    assert (track.shots == 0).all()
    assert tracking.has_face(tracking.bridge_gaps(track).landmarks).all()
