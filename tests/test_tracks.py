"""Tracks: the main one, those at a place, gaps bridged, trembling calmed."""

import numpy as np
import pytest
from clips import FACE, FakeDetector, face_at, picture, write_clip

from helpers.faces import tracking
from helpers.faces.tracks import (
    LOST_FRAMES,
    FaceTrack,
    bridge_gaps,
    check_position,
    stabilise_track,
    tracks_at,
)


def centres(track):
    return np.round(track.landmarks.mean(axis=1) - FACE.mean(axis=0), 3)


def test_stabilising_calms_each_shot_and_does_not_cross_the_cut():
    noise = np.random.default_rng(0).normal(0, 0.7, (40, 1, 2))
    steady = np.repeat(FACE[None], 40, axis=0)
    # at the cut the second person is only 4 pixels away from the first
    steady[20:] += 4
    landmarks = steady + noise
    landmarks[[5, 30]] = np.nan
    shots = np.repeat([0, 1], 20)
    track = FaceTrack(
        landmarks, np.arange(40) / 25, np.ones(40, int), shots, None
    )
    calm = stabilise_track(track).landmarks
    assert np.isnan(calm[[5, 30]]).all()
    rest = np.setdiff1d(np.arange(40), [5, 30])
    error = np.abs(calm - steady)[rest].mean()
    assert error < 0.75 * np.abs(noise[rest]).mean()
    # what the second shot shows has no influence on the first
    moved = track.landmarks.copy()
    moved[20:] += 3
    again = stabilise_track(track._replace(landmarks=moved)).landmarks
    np.testing.assert_array_equal(again[:20], calm[:20])


def test_a_short_gap_is_bridged_evenly_and_a_long_one_is_left():
    landmarks = np.stack([FACE + n for n in range(20)])
    gaps = [0, 3, 4, 5, 8, 9, 10, 11, 15, 19]
    track = FaceTrack(
        np.where(
            np.isin(np.arange(20), gaps)[:, None, None], np.nan, landmarks
        ),
        np.arange(20) / 25,
        np.ones(20, int),
        np.repeat([0, 1], [15, 5]),
        None,
    )
    bridged = bridge_gaps(track).landmarks
    # at the ends, over four frames and across a cut nothing is known
    left = [0, 8, 9, 10, 11, 15, 19]
    assert np.isnan(bridged[left]).all()
    rest = np.setdiff1d(np.arange(20), left)
    np.testing.assert_allclose(bridged[rest], landmarks[rest])


# -- by position ------------------------------------------------------------

WIDE = (160, 320)


def at(tmp_path, positions, faces, frames=None):
    frames = frames or [picture(3, WIDE)] * len(faces)
    path = write_clip(tmp_path / "clip.mp4", frames)
    tracks = tracking.find_tracks(path, FakeDetector(faces), 1)
    return [
        centres(track)[:, 0].tolist()
        for track in tracks_at(tracks, positions, WIDE)
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
    gone = LOST_FRAMES + 1
    both = [face_at(0), face_at(140)]
    # the right one goes, and comes back later as a new track
    faces = [both] * 3 + [[face_at(0)]] * gone + [both] * 2
    left, right = at(tmp_path, ["left", "right"], faces)
    assert left == [0] * len(faces)
    assert np.isnan(right[3:-2]).all() and right[-2:] == [140, 140]


@pytest.mark.parametrize("position", ["top", (0.5,), (2, 0.5), None, 3])
def test_a_position_that_is_none_is_refused(position):
    with pytest.raises(ValueError, match="'left', 'right' or"):
        check_position(position)
