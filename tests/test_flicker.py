"""Flicker: pictures and clips whose steadiness is known."""

import cv2
import numpy as np
import pytest
from clips import FACE, picture, write_clip

from helpers.faces.tracks import FaceTrack
from helpers.files import manifests
from helpers.proof import clip_measures, flicker

CONTRACT = manifests.data_contract()
SIDE = clip_measures.SIDE
MASK = clip_measures.mask_at(CONTRACT, 0.0)
INSIDE = MASK > 0.5


def texture(seed=0):
    """A picture with edges in all directions, shape (SIDE, SIDE, 3)."""
    noise = np.random.default_rng(seed).random((SIDE, SIDE)) * 255
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    soft = (soft - soft.min()) / np.ptp(soft) * 200 + 20
    return np.repeat(soft[..., None], 3, axis=-1).astype(np.uint8)


def track_of(landmarks, shots=None):
    frames = len(landmarks)
    shots = np.zeros(frames, int) if shots is None else np.array(shots)
    return FaceTrack(
        np.array(landmarks, float),
        np.arange(frames) / 25,
        np.ones(frames, int),
        shots,
        None,
    )


def moved(image, right):
    matrix = np.float64([[1, 0, right], [0, 1, 0]])
    return cv2.warpAffine(
        image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT
    )


def film(frames=8, light=None, cut=None):
    """Frames of a picture that moves; a light of the face in each."""
    moving = []
    for n in range(frames):
        seed = int(cut is not None and n >= cut)
        frame = moved(picture(seed), 1.5 * n).astype(float)
        if light is not None:
            frame[15:110, 35:125] += light[n]
        moving.append(np.clip(frame, 0, 255).astype(np.uint8))
    return moving


@pytest.fixture
def target(tmp_path):
    return write_clip(tmp_path / "target.mp4", film())


def test_flow_is_the_motion_and_explains_it():
    before, after = texture(), moved(texture(), 3)
    flow, known = flicker.find_flow(before, after)
    assert known[INSIDE].mean() > 0.99
    np.testing.assert_allclose(flow[INSIDE].mean(axis=0), (3, 0), atol=0.1)
    error = flicker.warping_error(before, after, flow, INSIDE & known)
    still = flicker.warping_error(before, after, 0 * flow, INSIDE)
    assert error < 0.1 * still


def test_what_is_seen_in_one_frame_only_is_not_known():
    before, after = texture(), texture()
    after[60:120, 60:120] = texture(seed=5)[60:120, 60:120]
    _, known = flicker.find_flow(before, after)
    assert known[62:118, 62:118].mean() < 0.8
    assert known[140:, 140:].mean() > 0.99


def test_warping_error_is_the_brightness_that_changes():
    before = texture()
    after = before + np.uint8(10)
    flow = np.zeros((SIDE, SIDE, 2), np.float32)
    error = flicker.warping_error(before, after, flow, INSIDE)
    assert error == pytest.approx(10 / 255)
    nothing = np.zeros_like(INSIDE)
    assert np.isnan(flicker.warping_error(before, after, flow, nothing))


def test_jitter_is_acceleration_and_stops_at_cuts():
    steady = np.arange(8.0)[:, None, None] + np.zeros((8, 5, 2))
    indices = np.arange(8)
    track = track_of(steady)
    assert flicker.jitter(steady, indices, track) == 0
    trembling = steady + (-1.0) ** np.arange(8)[:, None, None]
    assert flicker.jitter(trembling, indices, track) == pytest.approx(4)
    jumped = steady + 50 * (np.arange(8) >= 4)[:, None, None]
    assert flicker.jitter(jumped, indices, track) > 10
    cut = track_of(steady, shots=[0] * 4 + [1] * 4)
    assert flicker.jitter(jumped, indices, cut) == 0
    # neither across frames without a face
    some = np.array([0, 1, 5, 6])
    assert np.isnan(flicker.jitter(steady[some], some, track))


def test_a_clip_does_not_flicker_more_than_itself(target):
    track = track_of([FACE] * 8)
    ratio = flicker.flicker_ratio(CONTRACT, target, target, track)
    assert ratio == 1


def test_flicker_of_the_face_counts_and_of_the_room_does_not(tmp_path, target):
    track = track_of([FACE] * 8)
    light = np.random.default_rng(0).normal(0, 12, 8)
    flickering = write_clip(tmp_path / "a.mp4", film(light=light))
    ratio = flicker.flicker_ratio(CONTRACT, target, flickering, track)
    assert ratio > 3
    room = film()
    for n, frame in enumerate(room):
        frame[:, :20] = 255 * (n % 2)
    room = write_clip(tmp_path / "b.mp4", room)
    ratio = flicker.flicker_ratio(CONTRACT, target, room, track)
    assert ratio < 1.3  # compression


def test_no_flicker_is_measured_across_a_cut(tmp_path):
    clip = write_clip(tmp_path / "cut.mp4", film(cut=4))
    light = np.where(np.arange(8) >= 4, 30, 0)
    brighter = write_clip(tmp_path / "a.mp4", film(cut=4, light=light))
    shots = [0] * 4 + [1] * 4
    track = track_of([FACE] * 8, shots)
    ratio = flicker.flicker_ratio(CONTRACT, clip, brighter, track)
    assert ratio < 1.3  # compression
    alone = np.full((8, 5, 2), np.nan)
    alone[[1, 4]] = FACE
    with pytest.raises(ValueError, match="no two neighbouring frames"):
        flicker.flicker_ratio(CONTRACT, clip, clip, track_of(alone))
