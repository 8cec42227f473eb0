"""Crops: what is cut of a photo, and what the network sees of it."""

import cv2
import numpy as np
import pytest

from helpers import alignment
from helpers.crops import (
    cut_crop,
    cut_network_crops,
    matrix_for,
    network_matrix,
    recut_crops,
)
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


@pytest.mark.parametrize("crop_size", [256, 128, 300])
@pytest.mark.parametrize("resolution", [32, 64, 128, 256])
def test_cutting_stored_crops_agrees_with_the_network_matrix(
    crop_size, resolution
):
    image = smooth_image(400, 500)
    contract = manifests.data_contract(crop_size=crop_size)
    matrix = alignment.crop_matrix(LANDMARKS, contract)
    stored = cut_crop(image, matrix, crop_size)
    cut = cut_network_crops(stored[None], 0.8, resolution)[0]
    network = network_matrix(matrix, crop_size, 0.8, resolution)
    direct = cut_crop(image, network, resolution)
    # a shift by half a network pixel would cost ten times as much
    assert np.abs(cut - direct).mean() < 0.003


def test_a_template_point_lies_where_the_network_matrix_says():
    matrix = network_matrix(np.eye(2, 3), 256, 0.8, 64)
    stored = alignment.template_points(CONTRACT, 256)
    unit = (np.array(manifests.TEMPLATE) - 0.1) / 0.8
    np.testing.assert_allclose(
        alignment.transform_points(matrix, stored), unit * 64 - 0.5, atol=1e-9
    )


def test_the_matrix_of_a_face_is_that_of_its_stored_crop_made_small():
    matrix = alignment.crop_matrix(LANDMARKS, CONTRACT)
    np.testing.assert_array_equal(
        matrix_for(LANDMARKS, CONTRACT, 64),
        network_matrix(matrix, 256, 0.8, 64),
    )


def test_a_crop_cut_anew_is_the_one_cut_there_at_first():
    photo = (smooth_image(400, 500) * 255).astype(np.uint8)
    first = similarity(0.9, 3, -90, -40)
    other = similarity(0.87, -2, -70, -48)
    crop = cut_crop(photo, first, 256)
    (again,) = recut_crops([crop], [first], [other])
    direct = cut_crop(photo, other, 256)
    inside = slice(70, -70)  # beyond it the stored crop may end
    difference = again[inside, inside].astype(int) - direct[inside, inside]
    assert np.abs(difference).max() <= 3
    np.testing.assert_array_equal(
        recut_crops([crop], [first], [first])[0], crop
    )


def test_whole_crops_shrink_as_opencv_shrinks_areas():
    crop = (smooth_image(256, 256) * 255).astype(np.uint8)
    expected = cv2.resize(
        crop.astype(np.float32) / 255, (64, 64), interpolation=cv2.INTER_AREA
    )
    cut = cut_network_crops(crop[None], 1.0, 64)[0]
    np.testing.assert_allclose(cut, expected, atol=1e-5)


def test_network_crops_keep_the_mean_and_take_masks_too():
    crops = np.full((2, 100, 100, 3), 51, np.uint8)
    cut = cut_network_crops(crops, 0.7, 48)
    assert cut.shape == (2, 48, 48, 3) and cut.dtype == np.float32
    np.testing.assert_allclose(cut, 0.2, atol=1e-5)
    cut = cut_network_crops(crops[..., 0] / 255, 0.7, 160)
    assert cut.shape == (2, 160, 160)
    np.testing.assert_allclose(cut, 0.2, atol=1e-5)


def test_crops_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match="Received: shape"):
        cut_network_crops(np.zeros((1, 64, 32, 3)), 0.8, 64)
    with pytest.raises(ValueError, match="coverage=1.5"):
        cut_network_crops(np.zeros((1, 64, 64, 3)), 1.5, 64)


def test_a_large_photo_is_averaged_instead_of_skipped():
    stripes = np.zeros((1024, 1024), np.uint8)
    stripes[:, ::2] = 255
    crop = cut_crop(stripes, similarity(1 / 8, 0, -3, -3), 100)
    assert np.abs(crop.astype(float) - 127.5).max() < 20


def test_beyond_the_edge_the_last_pixels_go_on():
    image = np.full((50, 50, 3), 200, np.uint8)
    crop = cut_crop(image, similarity(1, 0, 30, 30), 64)
    assert crop.min() == 200
    crop = cut_crop(image, similarity(1, 0, 30, 30), 64, cv2.BORDER_CONSTANT)
    assert crop[0, 0].max() == 0
