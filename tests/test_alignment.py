"""Alignment: transforms, their inverse, and the pose of a head."""

import numpy as np
import pytest

from helpers import alignment
from helpers.files import manifests

CONTRACT = manifests.data_contract()
LANDMARKS = np.array(
    [[180, 150], [260, 155], [222, 200], [190, 240], [255, 242]], float
)


def similarity(scale, degrees, x, y):
    turn = np.radians(degrees)
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[cosine, -sine, x], [sine, cosine, y]])


def project_head(yaw, pitch, roll):
    """The generic head's landmarks, seen from far away."""
    yaw, pitch, roll = np.radians([yaw, pitch, -roll])
    turn_y = np.array(
        [
            [np.cos(yaw), 0, -np.sin(yaw)],
            [0, 1, 0],
            [np.sin(yaw), 0, np.cos(yaw)],
        ]
    )
    turn_x = np.array(
        [
            [1, 0, 0],
            [0, np.cos(pitch), np.sin(pitch)],
            [0, -np.sin(pitch), np.cos(pitch)],
        ]
    )
    turn_z = np.array(
        [
            [np.cos(roll), -np.sin(roll), 0],
            [np.sin(roll), np.cos(roll), 0],
            [0, 0, 1],
        ]
    )
    head = np.array(alignment.FACE_POINTS) @ (turn_z @ turn_y @ turn_x).T
    return head[:, :2] * 60 + 100


def test_a_similarity_is_found_again_from_its_points():
    matrix = similarity(0.7, 33, -12, 40)
    moved = alignment.transform_points(matrix, LANDMARKS)
    found = alignment.similarity_transform(LANDMARKS, moved)
    np.testing.assert_allclose(found, matrix, atol=1e-10)
    assert found.dtype == np.float64


def test_no_other_similarity_fits_noisy_points_better():
    noise = np.random.default_rng(1).normal(0, 5, (5, 2))
    target = alignment.template_points(CONTRACT, 256)
    source = LANDMARKS + noise
    best = alignment.similarity_transform(source, target)

    def error(matrix):
        moved = alignment.transform_points(matrix, source)
        return np.sum((moved - target) ** 2)

    for change in ((1.01, 0, 0, 0), (1, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1)):
        step = similarity(*change)
        linear = step[:, :2] @ best[:, :2]
        shift = step[:, :2] @ best[:, 2] + step[:, 2]
        assert error(np.column_stack([linear, shift])) > error(best)


def test_the_matrix_follows_the_photo_when_it_is_moved():
    motion = similarity(1.3, -20, 15, -7)
    moved = alignment.transform_points(motion, LANDMARKS)
    matrix = alignment.crop_matrix(LANDMARKS, CONTRACT)
    after = alignment.crop_matrix(moved, CONTRACT)
    there = alignment.transform_points(after, moved)
    here = alignment.transform_points(matrix, LANDMARKS)
    np.testing.assert_allclose(there, here, atol=1e-9)


@pytest.mark.parametrize(
    "source, target",
    [
        (np.full((5, 2), 7.0), LANDMARKS),
        (LANDMARKS, np.full((5, 2), 7.0)),
        (LANDMARKS[:1], LANDMARKS[:1]),
        (LANDMARKS[:4], LANDMARKS),
        (LANDMARKS.T, LANDMARKS.T),
        (LANDMARKS * np.nan, LANDMARKS),
    ],
)
def test_points_that_fix_no_similarity_are_refused(source, target):
    with pytest.raises(ValueError, match="Received"):
        alignment.similarity_transform(source, target)


def test_an_inverse_leads_back_and_a_flat_matrix_has_none():
    matrix = similarity(0.4, 12, 5, 6)
    back = alignment.invert_transform(matrix)
    moved = alignment.transform_points(matrix, LANDMARKS)
    there_and_back = alignment.transform_points(back, moved)
    np.testing.assert_allclose(there_and_back, LANDMARKS, atol=1e-9)
    with pytest.raises(ValueError, match="no way back"):
        alignment.invert_transform(np.zeros((2, 3)))


@pytest.mark.parametrize(
    "pose", [(0, 0, 0), (25, 0, 0), (-35, 0, 0), (0, 18, 0), (20, -12, 15)]
)
def test_the_pose_of_the_generic_head_is_found_again(pose):
    found = alignment.estimate_pose(project_head(*pose))
    np.testing.assert_allclose(found, pose, atol=1e-6)


def test_the_pose_has_the_signs_it_promises():
    frontal = project_head(0, 0, 0)
    right, up = frontal.copy(), frontal.copy()
    right[2, 0] += 10
    up[2, 1] -= 10
    assert alignment.estimate_pose(right)[0] > 5
    assert alignment.estimate_pose(up)[1] > 5
    clockwise = alignment.transform_points(similarity(1, 10, 0, 0), frontal)
    assert alignment.estimate_pose(clockwise)[2] == pytest.approx(-10)
