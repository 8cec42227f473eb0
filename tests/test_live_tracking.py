"""Live tracking: found, followed, lost at once, calmed with little lag."""

import numpy as np
import pytest
from clips import FACE, FakeDetector, face_at, picture

from helpers.faces import live_tracking


def tracker(faces, every=8):
    return live_tracking.LiveTracker(FakeDetector(faces), every, beside=False)


def test_between_detections_the_face_is_found_again():
    detector = FakeDetector([[face_at()], [face_at()]])
    follower = live_tracking.LiveTracker(detector, 4, beside=False)
    for n in range(8):
        found = follower.follow(picture(3), n / 25)
        np.testing.assert_allclose(found, FACE, atol=1e-6)
    assert detector.waiting == []  # frames 0 and 4


def test_a_face_that_is_lost_is_let_go_of_at_once(monkeypatch):
    follower = tracker([[face_at()], [], [face_at(6)]])
    assert follower.follow(picture(3), 0.0) is not None
    sure = follower.detector.refine

    def unsure(images, landmarks):
        landmarks, scores, spread = sure(images, landmarks)
        return landmarks, 0.5 * scores, spread

    monkeypatch.setattr(follower.detector, "refine", unsure)
    assert follower.follow(picture(3), 0.04) is None
    monkeypatch.undo()
    # and found again where it is now, without the old place in it
    found = follower.follow(picture(3), 0.08)
    np.testing.assert_allclose(found, FACE + (6, 0), atol=1e-6)


def test_what_detections_miss_twice_is_no_face():
    follower = tracker([[face_at()], [face_at(90)], [], []], every=1)
    seen = [follower.follow(picture(3), n / 25) is not None for n in range(3)]
    assert seen == [True, True, False]


def test_a_cut_starts_anew():
    follower = tracker([[face_at()], [face_at(30, 20)]])
    follower.follow(picture(3), 0.0)
    found = follower.follow(255 - picture(3), 0.04)
    np.testing.assert_allclose(found, FACE + (30, 20), atol=1e-6)


def test_landmarks_are_those_of_the_frame_not_of_the_small_picture():
    class Seen(FakeDetector):
        min_face_share = 0.2

        def detect(self, images):
            self.shape = images[0].shape
            return super().detect(images)

    detector = Seen([[face_at()]])
    with live_tracking.LiveTracker(detector, beside=False) as follower:
        found = follower.follow(picture(3, (480, 640)), 0.0)
    assert detector.shape == (240, 320, 3)
    np.testing.assert_allclose(found, (FACE + 0.5) * 2 - 0.5, atol=1e-6)


def test_a_detection_beside_is_heard_some_frames_later():
    with live_tracking.LiveTracker(FakeDetector([[face_at()]])) as follower:
        assert follower.follow(picture(3), 0.0) is None
        follower._asked[0].result(timeout=10)
        found = follower.follow(picture(3), 0.04)
    np.testing.assert_allclose(found, FACE, atol=1e-6)


def test_the_filter_calms_what_rests_and_follows_what_moves():
    noise = np.random.default_rng(0).normal(0, 0.5, (200, 5, 2))
    resting = live_tracking.OneEuro()
    calm = np.array(
        [resting.add_landmarks(FACE + noise[n], n / 25) for n in range(200)]
    )
    trembles = [np.abs(np.diff(w, 2, axis=0)).mean() for w in (calm, noise)]
    assert trembles[0] < 0.5 * trembles[1]
    # 90 pixels, three times the distance between the eyes, in a second
    moving = live_tracking.OneEuro()
    for n in range(50):
        truth = FACE + (90 * n / 25, 0)
        found = moving.add_landmarks(truth, n / 25)
    lag = (truth - found)[:, 0] / (90 / 25)
    assert 0 < lag.max() < 0.5
    np.testing.assert_allclose(moving.speed[:, 0], 90, rtol=0.02)


def test_the_filter_does_not_care_for_the_size_of_a_face_or_the_frame_rate():
    way = [FACE + (np.sin(n / 5) * 20, 0) for n in range(50)]
    small, large = live_tracking.OneEuro(), live_tracking.OneEuro()
    for n, place in enumerate(way):
        found = small.add_landmarks(place, n / 25)
        again = large.add_landmarks(4 * place, n / 25)
        np.testing.assert_allclose(again, 4 * found)
    assert live_tracking._share(2, 0.04) == pytest.approx(
        1 / (1 + 1 / (4 * np.pi * 0.04))
    )
