"""Colour transfer: what each mode takes back, and what does not count."""

import cv2
import numpy as np
import pytest
from face_footage import CONTRACT, shot
from pictures import smooth_picture, soft_disc

from helpers import alignment, color_transfer
from helpers.color_transfer import COLORS, match_color
from helpers.crops import cut_crop, cut_network_crops


def spectrum(crop, mask):
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB)[mask > 0.5]
    return lab.mean(axis=0), lab.std(axis=0)


def test_mean_takes_back_an_offset():
    target = smooth_picture(64, 64)
    tinted = target + np.array([0.1, -0.05, 0.02], np.float32)
    mask = soft_disc(64)
    matched = match_color(tinted, target, mask, "mean")
    assert np.abs(matched - target).max() < 1e-5


def test_reinhard_takes_back_a_tint_and_a_change_of_contrast():
    target = smooth_picture(64, 64, low=0.35, high=0.65)
    lab = cv2.cvtColor(target, cv2.COLOR_RGB2LAB)
    changed = (lab - lab.mean((0, 1))) * [0.7, 0.8, 0.9] + [60, 5, 9]
    face = cv2.cvtColor(changed.astype(np.float32), cv2.COLOR_LAB2RGB)
    matched = match_color(face, target, soft_disc(64), "reinhard")
    assert np.abs(face - target).max() > 0.1
    assert np.abs(matched - target).max() < 2 / 255


def test_reinhard_gives_the_targets_mean_and_spread():
    mask = soft_disc(64)
    face = smooth_picture(64, 64, seed=1, low=0.3, high=0.6)
    target = smooth_picture(64, 64, seed=2, low=0.4, high=0.7)
    matched = match_color(face, target, mask, "reinhard")
    for received, expected in zip(
        spectrum(matched, mask), spectrum(target, mask), strict=True
    ):
        np.testing.assert_allclose(received, expected, atol=0.2)


@pytest.mark.parametrize("method", list(COLORS)[1:])
def test_pixels_outside_the_mask_do_not_count(method):
    mask = soft_disc(64)
    face = smooth_picture(64, 64, seed=1)
    target = smooth_picture(64, 64, seed=2)
    expected = match_color(face, target, mask, method)
    outside = mask <= 0.5
    face_2, target_2 = face.copy(), target.copy()
    face_2[outside], target_2[outside] = 0, 1
    received = match_color(face_2, target_2, mask, method)
    np.testing.assert_array_equal(received[~outside], expected[~outside])


def test_a_flat_face_does_not_get_its_noise_blown_up():
    noise = np.random.default_rng(0).normal(0, 2e-3, (64, 64, 3))
    face = (0.5 + noise).astype(np.float32)
    target = smooth_picture(64, 64)
    matched = match_color(face, target, soft_disc(64))
    # three times the noise at most; the target's spread would be 0.1
    assert matched[16:48, 16:48].std(axis=(0, 1)).max() < 8e-3


def test_no_color_method_changes_nothing():
    face, target = smooth_picture(64, 64, 1), smooth_picture(64, 64, 2)
    matched = match_color(face, target, soft_disc(64), "none")
    np.testing.assert_array_equal(matched, face)


def test_histogram_gives_the_targets_quantiles():
    mask = soft_disc(64)
    face = smooth_picture(64, 64, seed=1)
    target = smooth_picture(64, 64, seed=2) ** 2
    matched = match_color(face, target, mask, "histogram")
    levels = np.linspace(0.01, 0.99, 20)
    for channel in range(3):
        np.testing.assert_allclose(
            np.quantile(matched[mask > 0.5, channel], levels),
            np.quantile(target[mask > 0.5, channel], levels),
            atol=0.01,
        )
    # a darker pixel stays darker: only the scale is changed
    order = np.argsort(face[mask > 0.5, 0], kind="stable")
    assert (np.diff(matched[mask > 0.5, 0][order]) >= -1e-6).all()


def test_linear_gives_the_targets_mean_and_covariance():
    mask = soft_disc(64)
    face = smooth_picture(64, 64, seed=1, low=0.35, high=0.65)
    target = smooth_picture(64, 64, seed=2, low=0.4, high=0.6)
    matched = match_color(face, target, mask, "linear")[mask > 0.5]
    wanted = target[mask > 0.5]
    np.testing.assert_allclose(matched.mean(0), wanted.mean(0), atol=1e-4)
    np.testing.assert_allclose(np.cov(matched.T), np.cov(wanted.T), atol=1e-4)


def test_linear_moves_no_color_when_there_is_nothing_to_match():
    face = smooth_picture(64, 64)
    matched = match_color(face, face, soft_disc(64), "linear")
    # of all maps that keep mean and covariance the one that moves least
    np.testing.assert_allclose(matched, face, atol=1e-5)


@pytest.mark.parametrize("method", COLORS)
def test_faces_of_one_color_stay_within_the_range(method):
    flat = np.full((64, 64, 3), 0.5, np.float32)
    matched = match_color(flat, smooth_picture(64, 64), soft_disc(64), method)
    assert matched.dtype == np.float32 and matched.shape == flat.shape
    assert np.isfinite(matched).all()
    assert 0 <= matched.min() <= matched.max() <= 1


def test_errors_say_what_was_expected():
    face, mask = smooth_picture(64, 64), soft_disc(64)
    with pytest.raises(ValueError, match="none, mean, reinhard.*'rct'"):
        match_color(face, face, mask, "rct")
    with pytest.raises(ValueError, match="one shape.*32, 32"):
        match_color(face, face[:32, :32], mask)
    with pytest.raises(ValueError, match="divide uint8 by 255"):
        match_color((face * 255).astype(np.uint8), face, mask)
    with pytest.raises(ValueError, match="0-1. Received: 0.0 to 255"):
        match_color(face, face, mask * 255)
    with pytest.raises(ValueError, match="at least 16.*Received: 0"):
        color_transfer.pixels_inside(np.zeros_like(mask))


TINTS = {
    "grey": ([0, 0, 0], [1, 1, 1]),
    "sepia": ([0, 0, 0], [1.0, 0.86, 0.66]),
    "blue on cream": ([0.1, 0.12, 0.3], [1.0, 0.97, 0.86]),
}


def toned(picture, tint):
    dark, bright = np.float32(TINTS[tint])
    grey = (picture @ color_transfer.TO_GREY)[..., None]
    return dark + (bright - dark) * grey


@pytest.mark.parametrize("tint", TINTS)
@pytest.mark.parametrize("blurred", [0, 1.5])
def test_a_face_gets_only_the_colors_that_a_toned_target_has(tint, blurred):
    face, mask = smooth_picture(64, 64, seed=1), soft_disc(64)
    target = toned(smooth_picture(64, 64, seed=2), tint)
    if blurred:  # as video and JPEG store colour
        grey = (target @ color_transfer.TO_GREY)[..., None]
        target = grey + cv2.GaussianBlur(target - grey, (0, 0), blurred)
    followed = color_transfer.follow_tint(face, target, mask)
    grey = followed @ color_transfer.TO_GREY
    # the tint's own colour at that grey
    dark, bright = np.float32(TINTS[tint])
    ends = dark @ color_transfer.TO_GREY, bright @ color_transfer.TO_GREY
    share = (grey - ends[0]) / (ends[1] - ends[0])
    known = target[mask > 0.5] @ color_transfer.TO_GREY
    within = (mask > 0.5) & (grey > known.min()) & (grey < known.max())
    wanted = dark + (bright - dark) * share[..., None]
    assert np.abs(followed - wanted)[within].max() < 3 / 255
    assert np.abs(grey - face @ color_transfer.TO_GREY).max() < 0.1
    if tint == "grey":
        assert np.ptp(followed, axis=-1).max() == 0


def test_an_ordinary_target_changes_no_bit():
    face, mask = smooth_picture(64, 64, seed=1), soft_disc(64)
    image, landmarks = shot(5, 1)
    matrix = alignment.crop_matrix(landmarks, CONTRACT)
    crop = cut_crop(image, matrix, CONTRACT["crop_size"])[None]
    rendered = cut_network_crops(crop, CONTRACT["coverage"], 64)[0]
    pale = 0.3 * rendered + 0.7 * toned(rendered, "grey")
    for target in (rendered, pale, smooth_picture(64, 64, seed=2)):
        followed = color_transfer.follow_tint(face, target, mask)
        np.testing.assert_array_equal(followed, face)
