"""Expression error: what lids and lips do is seen, how a head lies is not."""

import functools

import numpy as np
import pytest

from helpers import alignment, synthetic
from helpers.crops import cut_crop
from helpers.faces.readers import face_landmarks, face_measures
from helpers.files import manifests
from helpers.proof import expression_error
from helpers.synthetic.face_points import face_points

NUMBER = 76_000  # of those whom the network has never seen


@functools.cache
def person(number=NUMBER):
    identity = {**synthetic.random_identity(number), "glasses": None}
    return synthetic.Person(identity, texture_size=256)


def true_points(*frames):
    return np.stack([face_points(person(), frame, 256)[0] for frame in frames])


@functools.cache
def crops_of(number, mouths, yaw=0.0):
    """Stored crops in which a mouth opens as told."""
    crops = []
    for jaw in mouths:
        frame = {"jaw": jaw, "yaw": yaw}
        shot = synthetic.render(person(number), frame, 300)
        matrix = alignment.crop_matrix(
            shot["landmarks"], manifests.data_contract(128)
        )
        crops.append(cut_crop(shot["image"], matrix, 128))
    return np.stack(crops)


def test_how_a_head_lies_in_the_picture_is_no_expression():
    points = true_points({}, {"jaw": 0.5}, {"blink": 1.0})
    turn = np.array([[0.9, 0.5, 20.0], [-0.5, 0.9, 60.0]])
    moved = alignment.transform_points(turn, points)
    away = expression_error.expression_distance(moved, points)
    np.testing.assert_allclose(away, 0, atol=1e-6)
    aligned = expression_error.align_points(moved, points)
    np.testing.assert_allclose(aligned, points, atol=1e-3)


def test_an_open_mouth_beside_a_shut_one_and_a_blink_are_errors():
    rest, jaw, blink, gaze = true_points(
        {}, {"jaw": 1.0}, {"blink": 1.0}, {"gaze_x": 1.0}
    )

    def distance(one, other):
        return expression_error.expression_distance(one[None], other[None])[0]

    assert distance(jaw, rest) > 0.06
    assert 0.01 < distance(blink, rest) < distance(jaw, rest)
    assert distance(gaze, rest) == 0  # irises are not among the 68
    half = true_points({"jaw": 0.5})[0]
    assert distance(half, rest) == pytest.approx(
        distance(jaw, rest) / 2, rel=0.2
    )


def test_a_swap_that_shuts_the_mouth_is_told_from_one_that_follows():
    reader = face_landmarks.read_face_landmarks()
    mouths = (0.0, 0.3, 0.6, 0.9)
    target = crops_of(NUMBER, mouths)
    follows = crops_of(NUMBER + 1, mouths)
    shut = crops_of(NUMBER + 1, (0.0,) * 4)
    good, bad = (
        expression_error.expression_errors(reader, target, swaps, target)
        for swaps in (follows, shut)
    )
    assert set(good) == set(bad)
    for name in (
        "expression_error_share",
        "expression_motion_share",
        "mouth_opening_error",
    ):
        assert bad[name] > 1.5 * good[name], name
    assert good["expression_own_share"] == 0
    assert 0 < good["expression_noise_share"] < good["expression_still_share"]
    # a face that never moves is as bad as the still one that is given
    assert bad["expression_motion_share"] == pytest.approx(
        bad["expression_still_share"], rel=0.5
    )


def test_reading_in_the_mirror_gives_the_crop_s_own_places():
    reader = face_landmarks.read_face_landmarks()
    crops = crops_of(NUMBER, (0.0, 0.9), yaw=20.0)
    points = reader.landmarks(crops)
    again = reader.read_in_mirror(crops)
    assert again.shape == points.shape
    away = np.linalg.norm(again - points, axis=-1).mean()
    assert away > 0  # one look is not the mean of two
    assert away / face_measures.corner_distance(points).mean() < 0.02
