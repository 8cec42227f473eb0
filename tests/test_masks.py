"""Masks: the egg, warped masks, soft edges."""

import numpy as np
import pytest

from helpers import alignment, masks, synthetic
from helpers.crops import cut_network_crops
from helpers.files import manifests

CONTRACT = manifests.data_contract()


def test_the_egg_holds_the_landmarks_and_ends_inside_the_coverage():
    mask = masks.face_mask(256, CONTRACT)
    assert mask.shape == (256, 256) and mask.dtype == np.float32
    points = alignment.template_points(CONTRACT, 256).round().astype(int)
    assert (mask[points[:, 1], points[:, 0]] == 1).all()
    margin = int(256 * (1 - CONTRACT["coverage"]) / 2)
    inner = mask[margin:-margin, margin:-margin]
    assert mask.sum() == pytest.approx(inner.sum())
    assert mask.max() == 1 and 0.25 < mask.mean() < 0.45


def test_the_egg_is_the_same_at_every_size():
    large = masks.face_mask(256, CONTRACT)
    shrunk = cut_network_crops(large[None], 1.0, 64)[0]
    assert np.abs(shrunk - masks.face_mask(64, CONTRACT)).max() < 0.3
    assert np.abs(shrunk - masks.face_mask(64, CONTRACT)).mean() < 0.005


def test_a_turned_head_loses_its_far_cheek_only():
    frontal = masks.face_mask(128, CONTRACT)
    right = masks.face_mask(128, CONTRACT, yaw=30)
    left = masks.face_mask(128, CONTRACT, yaw=-30)
    assert right[:, 80:].sum() < 0.8 * frontal[:, 80:].sum()
    np.testing.assert_array_equal(right[:, :60], frontal[:, :60])
    assert left[:, :48].sum() < 0.8 * frontal[:, :48].sum()


def test_a_warped_mask_is_zero_beyond_the_photo():
    painted = np.full((100, 100), 255, np.uint8)
    shifted = np.array([[1.0, 0, 50], [0, 1.0, 0]])
    warped = masks.warp_mask(painted, shifted, 100)
    assert warped.dtype == np.uint8
    assert warped[:, :48].max() == 0 and warped[:98, 52:].min() == 255
    with pytest.raises(ValueError, match="Received"):
        masks.warp_mask(np.zeros((5, 5, 3)), shifted, 10)


def test_a_mask_warped_there_and_back_is_the_same():
    mask = masks.face_mask(128, CONTRACT)
    matrix = np.array([[0.9, -0.2, 20], [0.2, 0.9, -5]])
    there = masks.warp_mask(mask, matrix, 160)
    back = masks.warp_mask(there, alignment.invert_transform(matrix), 128)
    assert np.abs(back - mask).mean() < 0.01


def test_softening_only_draws_in_and_blurs():
    mask = np.zeros((200, 200), np.float32)
    mask[50:150, 50:150] = 1
    eroded = masks.soften_mask(mask, 0.05, 0)
    assert eroded.sum() == pytest.approx(80 * 80, rel=0.01)
    soft = masks.soften_mask(mask, 0.05, 0.02)
    assert soft.sum() == pytest.approx(eroded.sum(), rel=0.01)
    assert 0.3 < soft[100, 60] < 0.7 and soft[100, 100] == pytest.approx(1)
    np.testing.assert_array_equal(masks.soften_mask(mask, 0, 0), mask)
    with pytest.raises(ValueError, match="erode_share=-1"):
        masks.soften_mask(mask, -1, 0)


def test_eyes_and_mouth_count_more_than_the_rest():
    contract = manifests.data_contract()
    weights = masks.feature_weights(64, contract, weight=3.0)
    assert weights.shape == (64, 64) and weights.dtype == np.float32
    assert weights.min() >= 1 and weights.max() <= 3
    template = np.array(contract["template"])
    seen = (template - 0.1) / 0.8 * 64 - 0.5
    for x, y in seen[:2]:
        assert weights[round(y), round(x)] > 2.8
    x, y = seen[3:].mean(axis=0)
    assert weights[round(y), round(x)] > 2.8
    # forehead and cheek count as before
    assert weights[2, 32] < 1.05 and weights[36, 8] < 1.05


def face_points(size=256):
    """The 68 points of a rendered face that looks ahead, and its mask."""
    person = synthetic.Person({"asymmetry": 0.0}, texture_size=128)
    shot = synthetic.render(person, None, 400, geometry=True)
    matrix = alignment.crop_matrix(
        shot["landmarks"], manifests.data_contract(size)
    )
    mask = np.float32(shot["mask"])
    return (
        alignment.transform_points(matrix, shot["points"]),
        masks.warp_mask(mask, matrix, size),
    )


def test_eyes_and_mouth_are_weighed_where_a_crop_has_them():
    points, _ = face_points()
    weights = masks.landmark_weights(points, 256, weight=4.0)
    assert weights.shape == (256, 256) and weights.dtype == np.float32
    assert 1 <= weights.min() and weights.max() <= 4
    for feature in (points[36:42], points[42:48], points[48:60]):
        x, y = np.rint(feature.mean(axis=0)).astype(int)
        assert weights[y, x] > 3.9
    assert weights[20, 128] < 1.01
    # they go with the points, about as large as the fixed ones
    moved = masks.landmark_weights(points + (20, 8), 256, weight=4.0)
    np.testing.assert_allclose(moved[8:, 20:], weights[:-8, :-20], atol=1e-4)
    contract = manifests.data_contract(256, coverage=1.0)
    fixed = masks.feature_weights(256, contract, weight=4.0)
    assert np.abs(fixed - weights).mean() < 0.15
    assert 0.7 < (weights > 2).sum() / (fixed > 2).sum() < 1.4
