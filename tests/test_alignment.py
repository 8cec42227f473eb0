"""Alignment: transforms, crops, the network's cut, pose, calm landmarks."""

import cv2
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


def smooth_image(height, width, seed=0):
    noise = np.random.default_rng(seed).random((height, width, 3))
    image = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 6)
    return (image - image.min()) / (image.max() - image.min())


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


@pytest.mark.parametrize("crop_size", [256, 128, 300])
@pytest.mark.parametrize("resolution", [32, 64, 128, 256])
def test_cutting_stored_crops_agrees_with_the_network_matrix(
    crop_size, resolution
):
    image = smooth_image(400, 500)
    contract = manifests.data_contract(crop_size=crop_size)
    matrix = alignment.crop_matrix(LANDMARKS, contract)
    stored = alignment.cut_crop(image, matrix, crop_size)
    cut = alignment.cut_network_crops(stored[None], 0.8, resolution)[0]
    network = alignment.network_matrix(matrix, crop_size, 0.8, resolution)
    direct = alignment.cut_crop(image, network, resolution)
    # a shift by half a network pixel would cost ten times as much
    assert np.abs(cut - direct).mean() < 0.003


def test_a_template_point_lies_where_the_network_matrix_says():
    matrix = alignment.network_matrix(np.eye(2, 3), 256, 0.8, 64)
    stored = alignment.template_points(CONTRACT, 256)
    unit = (np.array(manifests.TEMPLATE) - 0.1) / 0.8
    np.testing.assert_allclose(
        alignment.transform_points(matrix, stored), unit * 64 - 0.5, atol=1e-9
    )


def test_a_crop_cut_anew_is_the_one_cut_there_at_first():
    photo = (smooth_image(400, 500) * 255).astype(np.uint8)
    first = similarity(0.9, 3, -90, -40)
    other = similarity(0.87, -2, -70, -48)
    crop = alignment.cut_crop(photo, first, 256)
    (again,) = alignment.recut_crops([crop], [first], [other])
    direct = alignment.cut_crop(photo, other, 256)
    inside = slice(70, -70)  # beyond it the stored crop may end
    difference = again[inside, inside].astype(int) - direct[inside, inside]
    assert np.abs(difference).max() <= 3
    np.testing.assert_array_equal(
        alignment.recut_crops([crop], [first], [first])[0], crop
    )


def test_whole_crops_shrink_as_opencv_shrinks_areas():
    crop = (smooth_image(256, 256) * 255).astype(np.uint8)
    expected = cv2.resize(
        crop.astype(np.float32) / 255, (64, 64), interpolation=cv2.INTER_AREA
    )
    cut = alignment.cut_network_crops(crop[None], 1.0, 64)[0]
    np.testing.assert_allclose(cut, expected, atol=1e-5)


def test_network_crops_keep_the_mean_and_take_masks_too():
    crops = np.full((2, 100, 100, 3), 51, np.uint8)
    cut = alignment.cut_network_crops(crops, 0.7, 48)
    assert cut.shape == (2, 48, 48, 3) and cut.dtype == np.float32
    np.testing.assert_allclose(cut, 0.2, atol=1e-5)
    cut = alignment.cut_network_crops(crops[..., 0] / 255, 0.7, 160)
    assert cut.shape == (2, 160, 160)
    np.testing.assert_allclose(cut, 0.2, atol=1e-5)


def test_crops_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match="Received: shape"):
        alignment.cut_network_crops(np.zeros((1, 64, 32, 3)), 0.8, 64)
    with pytest.raises(ValueError, match="coverage=1.5"):
        alignment.cut_network_crops(np.zeros((1, 64, 64, 3)), 1.5, 64)


def test_a_large_photo_is_averaged_instead_of_skipped():
    stripes = np.zeros((1024, 1024), np.uint8)
    stripes[:, ::2] = 255
    crop = alignment.cut_crop(stripes, similarity(1 / 8, 0, -3, -3), 100)
    assert np.abs(crop.astype(float) - 127.5).max() < 20


def test_beyond_the_edge_the_last_pixels_go_on():
    image = np.full((50, 50, 3), 200, np.uint8)
    crop = alignment.cut_crop(image, similarity(1, 0, 30, 30), 64)
    assert crop.min() == 200
    crop = alignment.cut_crop(
        image, similarity(1, 0, 30, 30), 64, cv2.BORDER_CONSTANT
    )
    assert crop[0, 0].max() == 0


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


def test_standing_landmarks_lose_their_tremble():
    rng = np.random.default_rng(2)
    moved = [
        alignment.transform_points(
            similarity(1 + rng.normal(0, 0.02), rng.normal(0, 1.5), *shift),
            LANDMARKS,
        )
        for shift in rng.normal(0, 2, (60, 2))
    ]
    calm = alignment.stabilise_landmarks(moved, np.ones(60, bool), sigma=3)
    before = np.std([each.mean(axis=0) for each in moved], axis=0)
    after = np.std(calm.mean(axis=1), axis=0)
    assert (after < 0.6 * before).all()


def test_smoothing_neither_lags_nor_touches_steady_motion():
    steps = np.arange(40)[:, None, None] * np.array([3.0, -1.0])
    moving = LANDMARKS[None] + steps
    calm = alignment.stabilise_landmarks(moving, np.ones(40, bool), 2)
    np.testing.assert_allclose(calm, moving, atol=1e-6)


def test_smoothing_leaves_the_expression_alone():
    landmarks = np.repeat(LANDMARKS[None], 30, axis=0)
    landmarks[15, 3:, 1] += 12  # the mouth opens for one frame
    calm = alignment.stabilise_landmarks(landmarks, np.ones(30, bool), 2)

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
    calm = alignment.stabilise_landmarks(landmarks, valid, 2)
    assert np.isnan(calm[4]).all()
    np.testing.assert_allclose(calm[valid], landmarks[valid], atol=1e-6)
    nothing = alignment.stabilise_landmarks(landmarks, np.zeros(20, bool))
    assert np.isnan(nothing).all()
    with pytest.raises(ValueError, match="sigma=-1"):
        alignment.stabilise_landmarks(landmarks, valid, -1)
