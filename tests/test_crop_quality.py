"""What tells good crops from useless ones: sharpness, light, repeats."""

import cv2
import numpy as np
import pytest
from face_footage import CONTRACT, blurred, jpeg, noisy, shot

from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces.sorting import crop_quality, repeats


def crop_of(seed=1, **changes):
    picture, landmarks = shot(1, seed, **changes)
    matrix = alignment.crop_matrix(landmarks, CONTRACT)
    return cut_crop(picture, matrix, 256)


def sharpness(crop):
    return crop_quality.sharpness(crop_quality.look_at(crop))


def test_blur_lowers_sharpness_and_grain_does_not_raise_it():
    crop = crop_of()
    sharp = [sharpness(blurred(crop, sigma)) for sigma in (0.5, 2, 4, 8)]
    assert sharp == sorted(sharp, reverse=True)
    assert sharp[0] > 0.3 and sharp[-1] < 0.1
    for sigma in (4, 8):
        soft = blurred(crop, sigma)
        assert sharpness(noisy(soft, 12)) < sharpness(soft) + 0.03


def test_sharpness_is_that_of_what_a_network_sees():
    crop = crop_of()
    assert sharpness(crop // 2) == pytest.approx(sharpness(crop), abs=0.03)
    small = cv2.resize(crop, (96, 96), interpolation=cv2.INTER_AREA)
    assert sharpness(small) == pytest.approx(sharpness(crop), abs=0.03)
    tiny = cv2.resize(crop, (24, 24), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(tiny, (256, 256), interpolation=cv2.INTER_CUBIC)
    assert sharpness(enlarged) < 0.6 * sharpness(crop)
    flat = np.full_like(crop, 90)
    assert sharpness(flat) == 0


def test_a_face_lit_from_one_side_is_not_dark():
    crop = crop_of()
    bright = crop_quality.brightness(crop_quality.look_at(crop))
    half = crop.copy()
    half[:, :128] //= 10
    lit = crop_quality.brightness(crop_quality.look_at(half))
    assert lit > 0.8 * bright
    dark = crop_quality.brightness(crop_quality.look_at(crop // 10))
    assert dark == pytest.approx(bright / 10, abs=1)


def small(crop):
    return repeats.small_look(crop_quality.look_at(crop))


def difference(crop, other):
    return np.abs(small(crop).astype(int) - small(other)).max()


def test_a_blink_differs_more_than_grain_and_compression():
    crop = crop_of(blink=0.0)
    assert difference(crop, noisy(crop, 12)) <= 3
    assert difference(crop, jpeg(crop, 40)) <= 3
    assert difference(crop, crop_of(blink=1.0)) >= 12


def test_repeats_are_those_of_the_first_that_is_kept():
    looks = np.zeros((6, repeats.SIDE, repeats.SIDE), np.uint8)
    for row, level in enumerate((10, 14, 18, 100, 12, 101)):
        looks[row] = level
    found = repeats.find_repeats(looks, range(6), 5)
    # 18 repeats 14, but 14 is not kept itself
    assert found.tolist() == [-1, 0, -1, -1, 0, 3]
    found = repeats.find_repeats(looks, [4, 3, 2, 1], 5)
    assert found.tolist() == [-1, 4, -1, -1, -1, -1]
    looks[1, 20, 20] = 30  # a small place is enough
    assert repeats.find_repeats(looks, [0, 1], 5).tolist() == [-1] * 6
    assert repeats.find_repeats(looks[:0], [], 5).tolist() == []
