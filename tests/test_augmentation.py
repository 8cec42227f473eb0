"""Views, warps and light: input and target stay in step."""

import cv2
import numpy as np
import pytest

from helpers import augmentation
from helpers.crops import cut_network_crops


def random(seed=0):
    return np.random.default_rng(seed)


def picture(side=80):
    noise = random().uniform(0, 255, (10, 10, 3)).astype("uint8")
    return cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)


def test_a_plain_view_is_the_crop_that_prediction_sees():
    crop = picture()
    view = augmentation.sample_view(random(), 80, 0.8, 64, augmentation.PLAIN)
    seen = augmentation.cut_view(crop, view, 64) / 255
    expected = cut_network_crops(crop[None], 0.8, 64)[0]
    np.testing.assert_allclose(seen, expected, atol=1 / 255)


@pytest.mark.parametrize("size", [80, 160, 256])
def test_views_of_any_stored_size_show_the_same(size):
    large = picture(size)
    view = augmentation.sample_view(random(), size, 0.8, 64, augmentation.PLAIN)
    # the middle of the network crop is the middle of the stored crop
    middle = view @ np.array([31.5, 31.5, 1])
    np.testing.assert_allclose(middle, (size - 1) / 2, atol=1e-3)
    # and it is `coverage` wide
    assert view[0, 0] * 64 == pytest.approx(0.8 * size, rel=1e-5)
    assert augmentation.cut_view(large, view, 64).shape == (64, 64, 3)


def test_views_stay_within_their_options():
    options = {**augmentation.PLAIN, "rotation": 10.0, "zoom": 0.1}
    for seed in range(50):
        view = augmentation.sample_view(random(seed), 80, 0.8, 64, options)
        scale = np.sqrt(np.linalg.det(view[:, :2]))
        angle = np.degrees(np.arctan2(view[1, 0], view[0, 0]))
        assert 0.9 - 1e-4 <= scale <= 1.1 + 1e-4
        assert abs(angle) <= 10 + 1e-4


def test_x_and_y_of_a_warp_are_independent():
    # in one known tool they share memory, so every warp is its own transpose
    warp = augmentation.sample_warp(random(), 64, 0.02)
    correlation = np.corrcoef(warp[..., 0].ravel(), warp[..., 1].ravel())[0, 1]
    assert not np.allclose(warp[..., 0], warp[..., 1])
    assert not np.allclose(warp[..., 0], warp[..., 1].T)
    assert abs(correlation) < 0.9


def test_a_warp_of_nothing_is_the_plain_cut():
    crop = picture()
    options = augmentation.DEFAULT
    view = augmentation.sample_view(random(1), 80, 0.8, 64, options)
    warped = augmentation.cut_view(
        crop, view, 64, np.zeros((64, 64, 2), "float32")
    )
    plain = augmentation.cut_view(crop, view, 64)
    # OpenCV's two samplers round differently
    assert np.abs(warped.astype(int) - plain.astype(int)).max() <= 4


def test_a_warp_moves_pixels_by_its_displacement():
    crop = np.zeros((64, 64), "uint8")
    crop[30, 40] = 255
    view = augmentation.sample_view(random(), 64, 1.0, 64, augmentation.PLAIN)
    warp = np.zeros((64, 64, 2), "float32")
    warp[..., 0], warp[..., 1] = 3, -2
    moved = augmentation.cut_view(crop, view, 64, warp)
    assert np.unravel_index(moved.argmax(), moved.shape) == (32, 37)


def test_light_keeps_the_range_and_changes_the_level():
    image = np.full((8, 8, 3), 0.6, "float32")
    light = augmentation.sample_light(random(3), 0.3)
    lit = augmentation.change_light(image, light)
    assert lit.min() >= 0 and lit.max() <= 1
    np.testing.assert_allclose(lit[0, 0], np.minimum(0.6 * light, 1))
    assert not np.allclose(lit, image)
    np.testing.assert_array_equal(augmentation.sample_light(random(), 0.0), 1)


def test_shrinking_averages_blocks():
    images = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    assert augmentation.shrink_pictures(images, 2)[0, :, :, 0].tolist() == [
        [2.5, 4.5],
        [10.5, 12.5],
    ]
    assert augmentation.shrink_pictures(images, 4) is images


def test_faded_pictures_begin_as_the_level_below():
    images = random().uniform(size=(2, 8, 8, 3)).astype("float32")
    coarse = augmentation.fade_pictures(images, 0.0)
    np.testing.assert_allclose(
        augmentation.shrink_pictures(coarse, 4),
        augmentation.shrink_pictures(images, 4),
        atol=1e-6,
    )
    np.testing.assert_allclose(coarse[:, ::2, ::2], coarse[:, 1::2, 1::2])
    assert augmentation.fade_pictures(images, 1.0) is images
