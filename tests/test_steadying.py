"""Steadying: a face's place is calmed, its expression is not."""

import numpy as np
import pytest

from helpers import alignment
from helpers.faces import steadying

LANDMARKS = np.array(
    [[180, 150], [260, 155], [222, 200], [190, 240], [255, 242]], float
)


def similarity(scale, degrees, x, y):
    turn = np.radians(degrees)
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[cosine, -sine, x], [sine, cosine, y]])


def test_standing_landmarks_lose_their_tremble():
    rng = np.random.default_rng(2)
    moved = [
        alignment.transform_points(
            similarity(1 + rng.normal(0, 0.02), rng.normal(0, 1.5), *shift),
            LANDMARKS,
        )
        for shift in rng.normal(0, 2, (60, 2))
    ]
    calm = steadying.stabilise_landmarks(moved, np.ones(60, bool), sigma=3)
    before = np.std([each.mean(axis=0) for each in moved], axis=0)
    after = np.std(calm.mean(axis=1), axis=0)
    assert (after < 0.6 * before).all()


def test_smoothing_neither_lags_nor_touches_steady_motion():
    steps = np.arange(40)[:, None, None] * np.array([3.0, -1.0])
    moving = LANDMARKS[None] + steps
    calm = steadying.stabilise_landmarks(moving, np.ones(40, bool), 2)
    np.testing.assert_allclose(calm, moving, atol=1e-6)


def test_smoothing_leaves_the_expression_alone():
    landmarks = np.repeat(LANDMARKS[None], 30, axis=0)
    landmarks[15, 3:, 1] += 12  # the mouth opens for one frame
    calm = steadying.stabilise_landmarks(landmarks, np.ones(30, bool), 2)

    def mouth_height(points):
        eyes = np.linalg.norm(points[1] - points[0])
        return (points[3:, 1].mean() - points[:2, 1].mean()) / eyes

    assert mouth_height(calm[15]) == pytest.approx(
        mouth_height(landmarks[15]), rel=0.01
    )


def test_cuts_and_missing_frames_are_kept_apart():
    landmarks = np.repeat(LANDMARKS[None], 20, axis=0)
    landmarks[10:] += 400
    valid = np.ones(20, bool)
    valid[4] = False
    landmarks[4] = np.inf
    calm = steadying.stabilise_landmarks(landmarks, valid, 2)
    assert np.isnan(calm[4]).all()
    np.testing.assert_allclose(calm[valid], landmarks[valid], atol=1e-6)
    nothing = steadying.stabilise_landmarks(landmarks, np.zeros(20, bool))
    assert np.isnan(nothing).all()
    with pytest.raises(ValueError, match="sigma=-1"):
        steadying.stabilise_landmarks(landmarks, valid, -1)
