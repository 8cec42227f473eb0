"""Blending: each mode's face in its target's crop."""

import cv2
import numpy as np
import pytest
from pictures import smooth_picture, soft_disc

from helpers.blending import BLENDS, blend_crop, fit_face
from helpers.relighting import take_light


def test_alpha_is_the_face_inside_and_the_target_outside():
    face, target = smooth_picture(64, 64, 1), smooth_picture(64, 64, 2)
    mask = soft_disc(64)
    blend = blend_crop(face, target, mask, "alpha")
    np.testing.assert_array_equal(blend[mask == 1], face[mask == 1])
    np.testing.assert_array_equal(blend[mask == 0], target[mask == 0])


@pytest.mark.parametrize("size", [64, 50, 97])
def test_multiband_of_a_picture_with_itself_is_the_picture(size):
    target = smooth_picture(size, size)
    blend = blend_crop(target, target, soft_disc(size), "multiband")
    assert np.abs(blend - target).max() < 2e-3


def test_multiband_keeps_the_low_frequencies_of_the_target():
    mask = np.ones((64, 64), np.float32)
    ramp = np.linspace(0.25, 0.6, 64, dtype=np.float32)
    target = np.repeat(np.tile(ramp, (64, 1))[..., None], 3, axis=2)
    grain = np.random.default_rng(3).normal(0, 0.05, (64, 64, 3))
    lit_from_the_other_side = target[:, ::-1] + grain.astype(np.float32)
    face = np.clip(lit_from_the_other_side, 0, 1)
    blend = blend_crop(face, target, mask, "multiband")

    def light(picture):
        return picture[:, 44:].mean() - picture[:, :20].mean()

    # lit from the target's side, not the face's; with the face's own grain
    assert light(face) < -0.2
    lights = [
        light(blend_crop(face, target, mask, "multiband", keep_low=keep))
        for keep in range(5)
    ]
    assert lights == sorted(lights)
    assert lights[0] < -0.2 and lights[2] > 0.1
    assert lights[4] == pytest.approx(light(target), abs=0.02)
    fine = blend - cv2.GaussianBlur(blend, (0, 0), 2)
    grain = face - cv2.GaussianBlur(face, (0, 0), 2)
    assert np.corrcoef(fine.ravel(), grain.ravel())[0, 1] > 0.98


def test_multiband_does_not_care_how_bright_the_face_is():
    mask, target = soft_disc(64), smooth_picture(64, 64, 2)
    face = smooth_picture(64, 64, 1, low=0.3, high=0.6)
    lab = cv2.cvtColor(face, cv2.COLOR_RGB2LAB)
    lab[..., 0] += 12
    brighter = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    first = blend_crop(face, target, mask, "multiband")
    second = blend_crop(brighter, target, mask, "multiband")
    assert np.abs(first - second).max() < 3e-3


def test_multiband_ignores_what_the_decoder_drew_outside_the_mask():
    mask, target = soft_disc(64), smooth_picture(64, 64, 2)
    face = smooth_picture(64, 64, 1)
    garbage = face.copy()
    garbage[mask == 0] = 1
    first = blend_crop(face, target, mask, "multiband")
    second = blend_crop(garbage, target, mask, "multiband")
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("method", ["poisson", "relight"])
def test_what_lies_outside_the_mask_does_not_leak_in(method):
    mask, target = soft_disc(64), smooth_picture(64, 64, 2)
    face = smooth_picture(64, 64, 1)
    garbage, hat = face.copy(), target.copy()
    far = cv2.dilate(mask, np.ones((5, 5))) == 0
    garbage[far], hat[far] = 1, 0
    first = fit_face(face, target, mask, method)
    second = fit_face(garbage, hat, mask, method)
    np.testing.assert_array_equal(first[mask > 0.5], second[mask > 0.5])


def test_poisson_takes_back_an_offset_and_keeps_the_gradients():
    mask, target = soft_disc(64), smooth_picture(64, 64, 2)
    face = np.clip(target - 0.15, 0, 1)
    fitted = fit_face(face, target, mask, "poisson")
    assert np.abs(fitted - target)[mask > 0.5].max() < 3 / 255


def test_poisson_stays_in_place_under_a_mask_that_is_off_centre():
    # seamlessClone puts the middle of the mask's rectangle to a point
    mask = np.zeros((64, 64), np.float32)
    mask[0:25, 3:30] = 1
    target = smooth_picture(64, 64, 2)
    fitted = fit_face(target, target, mask, "poisson")
    assert np.abs(fitted - target).max() < 3 / 255


@pytest.mark.parametrize("method", BLENDS)
def test_outside_the_mask_is_the_target_to_the_last_bit(method):
    face, target = smooth_picture(64, 64, 1), smooth_picture(64, 64, 2)
    mask = soft_disc(64)
    blend = blend_crop(face, target, mask, method)
    np.testing.assert_array_equal(blend[mask == 0], target[mask == 0])


def test_errors_say_what_was_expected():
    face, mask = smooth_picture(64, 64), soft_disc(64)
    with pytest.raises(ValueError, match="alpha, multiband.*'seamless'"):
        blend_crop(face, face, mask, "seamless")
    with pytest.raises(ValueError, match="keep_low is 0 to 6.*keep_low=7"):
        blend_crop(face, face, mask, "multiband", keep_low=7)
    with pytest.raises(ValueError, match="above 0.*light_share=0"):
        take_light(face, face, mask, light_share=0)
