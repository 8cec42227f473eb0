"""Tracking: the face of a clip, from its first frame to its last."""

import numpy as np
from clips import FACE, FakeDetector, face_at, picture, write_clip

from helpers.faces import tracking
from helpers.faces.tracks import KEY_EVERY, LOST_FRAMES, bridge_gaps, has_face


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
    both, gone = 70, LOST_FRAMES
    faces = [[here, there]] * both + [[there]] * (gone + 3)
    track = follow(tmp_path, [picture()] * len(faces), faces)
    found = has_face(track.landmarks)
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


def test_progress_counts_the_frames(tmp_path):
    seen, count = [], tracking.CHUNK + 6
    follow(
        tmp_path,
        [picture()] * count,
        [[face_at()]] * count,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(tracking.CHUNK, count), (count, count)]


def test_a_face_missed_on_two_key_frames_in_a_row_does_not_flash(tmp_path):
    every = KEY_EVERY
    frames = 5 * every + 1
    faces = [[face_at(n / 4)] for n in range(0, frames, every)]
    faces[2:4] = [[], []]
    clip = write_clip(tmp_path / "clip.mp4", [picture()] * frames)
    track = tracking.find_face_track(clip, FakeDetector(faces))
    found = has_face(track.landmarks)
    # where the detector was asked and saw none, the stand-in finds none again
    missed = [2 * every, 3 * every]
    assert np.flatnonzero(~found).tolist() == missed
    assert (track.shots == 0).all()
    assert has_face(bridge_gaps(track).landmarks).all()
