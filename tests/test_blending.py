"""Blending: colour, bands, and a paste that nobody sees."""

import cv2
import numpy as np
import pytest

from helpers import alignment, blending, manifests


def smooth_picture(height, width, seed=0, low=0.2, high=0.8):
    """A colourful, smooth picture, float32 (height, width, 3) in 0-1."""
    noise = np.random.default_rng(seed).random((6, 6, 3)).astype(np.float32)
    picture = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(low + (high - low) * picture, 0, 1)


def soft_disc(size, radius=0.35, feather=0.06):
    """A round mask with a soft edge, float32 (size, size) in 0-1."""
    axis = (np.arange(size) + 0.5) / size - 0.5
    distance = np.hypot(*np.meshgrid(axis, axis))
    return np.clip((radius - distance) / feather + 0.5, 0, 1).astype("float32")


def spectrum(crop, mask):
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB)[mask > 0.5]
    return lab.mean(axis=0), lab.std(axis=0)


def test_mean_takes_back_an_offset():
    target = smooth_picture(64, 64)
    tinted = target + np.array([0.1, -0.05, 0.02], np.float32)
    mask = soft_disc(64)
    matched = blending.match_color(tinted, target, mask, "mean")
    assert np.abs(matched - target).max() < 1e-5


def test_reinhard_takes_back_a_tint_and_a_change_of_contrast():
    target = smooth_picture(64, 64, low=0.35, high=0.65)
    lab = cv2.cvtColor(target, cv2.COLOR_RGB2LAB)
    changed = (lab - lab.mean((0, 1))) * [0.7, 0.8, 0.9] + [60, 5, 9]
    face = cv2.cvtColor(changed.astype(np.float32), cv2.COLOR_LAB2RGB)
    matched = blending.match_color(face, target, soft_disc(64), "reinhard")
    assert np.abs(face - target).max() > 0.1
    assert np.abs(matched - target).max() < 2 / 255


def test_reinhard_gives_the_targets_mean_and_spread():
    mask = soft_disc(64)
    face = smooth_picture(64, 64, seed=1, low=0.3, high=0.6)
    target = smooth_picture(64, 64, seed=2, low=0.4, high=0.7)
    matched = blending.match_color(face, target, mask, "reinhard")
    for received, expected in zip(
        spectrum(matched, mask), spectrum(target, mask), strict=True
    ):
        np.testing.assert_allclose(received, expected, atol=0.2)


@pytest.mark.parametrize("method", ["mean", "reinhard"])
def test_pixels_outside_the_mask_do_not_count(method):
    mask = soft_disc(64)
    face = smooth_picture(64, 64, seed=1)
    target = smooth_picture(64, 64, seed=2)
    expected = blending.match_color(face, target, mask, method)
    outside = mask <= 0.5
    face_2, target_2 = face.copy(), target.copy()
    face_2[outside], target_2[outside] = 0, 1
    received = blending.match_color(face_2, target_2, mask, method)
    np.testing.assert_array_equal(received[~outside], expected[~outside])


def test_a_flat_face_does_not_get_its_noise_blown_up():
    noise = np.random.default_rng(0).normal(0, 2e-3, (64, 64, 3))
    face = (0.5 + noise).astype(np.float32)
    target = smooth_picture(64, 64)
    matched = blending.match_color(face, target, soft_disc(64))
    # three times the noise at most; the target's spread would be 0.1
    assert matched[16:48, 16:48].std(axis=(0, 1)).max() < 8e-3


def test_no_color_method_changes_nothing():
    face, target = smooth_picture(64, 64, 1), smooth_picture(64, 64, 2)
    matched = blending.match_color(face, target, soft_disc(64), "none")
    np.testing.assert_array_equal(matched, face)


def test_alpha_is_the_face_inside_and_the_target_outside():
    face, target = smooth_picture(64, 64, 1), smooth_picture(64, 64, 2)
    mask = soft_disc(64)
    blend = blending.blend_crop(face, target, mask, "alpha")
    np.testing.assert_array_equal(blend[mask == 1], face[mask == 1])
    np.testing.assert_array_equal(blend[mask == 0], target[mask == 0])


@pytest.mark.parametrize("size", [64, 50, 97])
def test_multiband_of_a_picture_with_itself_is_the_picture(size):
    target = smooth_picture(size, size)
    blend = blending.blend_crop(target, target, soft_disc(size), "multiband")
    assert np.abs(blend - target).max() < 2e-3


def test_multiband_keeps_the_low_frequencies_of_the_target():
    mask = np.ones((64, 64), np.float32)
    ramp = np.linspace(0.25, 0.6, 64, dtype=np.float32)
    target = np.repeat(np.tile(ramp, (64, 1))[..., None], 3, axis=2)
    grain = np.random.default_rng(3).normal(0, 0.05, (64, 64, 3))
    lit_from_the_other_side = target[:, ::-1] + grain.astype(np.float32)
    face = np.clip(lit_from_the_other_side, 0, 1)
    blend = blending.blend_crop(face, target, mask, "multiband")

    def light(picture):
        return picture[:, 44:].mean() - picture[:, :20].mean()

    # lit from the target's side, not the face's; with the face's own grain
    assert light(face) < -0.2
    lights = [
        light(blending.blend_crop(face, target, mask, "multiband", keep))
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
    first = blending.blend_crop(face, target, mask, "multiband")
    second = blending.blend_crop(brighter, target, mask, "multiband")
    assert np.abs(first - second).max() < 3e-3


def test_multiband_ignores_what_the_decoder_drew_outside_the_mask():
    mask, target = soft_disc(64), smooth_picture(64, 64, 2)
    face = smooth_picture(64, 64, 1)
    garbage = face.copy()
    garbage[mask == 0] = 1
    first = blending.blend_crop(face, target, mask, "multiband")
    second = blending.blend_crop(garbage, target, mask, "multiband")
    np.testing.assert_array_equal(first, second)


LANDMARKS = {
    "large": (
        180,
        [(150, 130), (255, 141), (200, 190), (151, 251), (240, 258)],
    ),
    "as the crop": (
        90,
        [(100, 90), (125, 92), (112, 106), (101, 120), (123, 121)],
    ),
    "smaller": (30, [(60, 50), (68, 50), (64, 55), (60, 60), (68, 60)]),
}


def cut_for_network(frame, landmarks, resolution):
    contract = manifests.data_contract()
    size, coverage = contract["crop_size"], contract["coverage"]
    matrix = alignment.crop_matrix(np.array(landmarks, float), contract)
    stored = alignment.cut_crop(frame, matrix, size)
    crop = alignment.cut_network_crops(stored[None], coverage, resolution)[0]
    return crop, alignment.network_matrix(matrix, size, coverage, resolution)


@pytest.mark.parametrize("face", LANDMARKS)
def test_cut_and_paste_is_a_round_trip(face):
    frame = np.rint(smooth_picture(360, 420) * 255).astype(np.uint8)
    crop, matrix = cut_for_network(frame, LANDMARKS[face][1], 64)
    pasted = blending.paste_crop(frame, crop, matrix, soft_disc(64))
    difference = np.abs(pasted.astype(int) - frame)
    assert difference.max() <= 2
    assert difference.mean() < 0.5


def test_pixels_outside_the_mask_are_bit_identical():
    noise = np.random.default_rng(5)
    frame = noise.integers(0, 256, (200, 300, 3), dtype=np.uint8)
    before = frame.copy()
    crop = noise.random((64, 64, 3), np.float32)
    mask = soft_disc(64)
    # the face hangs over the left edge of the frame
    matrix = np.array([[0.4, 0.1, 26.0], [-0.1, 0.4, 0.0]])
    pasted = blending.paste_crop(frame, crop, matrix, mask)
    warped = cv2.warpAffine(
        (mask > 0).astype(np.float32),
        matrix,
        (300, 200),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    outside = warped == 0
    np.testing.assert_array_equal(pasted[outside], frame[outside])
    assert (pasted != frame).any()
    assert (pasted[:60, 0] != frame[:60, 0]).any()
    np.testing.assert_array_equal(frame, before)


def test_a_face_wholly_outside_the_frame_changes_nothing():
    frame = np.full((50, 60, 3), 90, np.uint8)
    crop = np.ones((64, 64, 3), np.float32)
    matrix = np.array([[1.0, 0, -900], [0, 1, -900]])
    pasted = blending.paste_crop(frame, crop, matrix, soft_disc(64))
    np.testing.assert_array_equal(pasted, frame)
    empty = np.zeros((64, 64), np.float32)
    pasted = blending.paste_crop(frame, crop, matrix, empty)
    np.testing.assert_array_equal(pasted, frame)


def test_a_flat_crop_is_pasted_without_an_edge():
    frame = np.full((240, 240, 3), 100, np.uint8)
    crop = np.full((64, 64, 3), 200 / 255, np.float32)
    matrix = np.array([[0.3, 0, 0], [0, 0.3, 0]])
    pasted = blending.paste_crop(frame, crop, matrix, soft_disc(64))
    assert pasted.min() == 100 and pasted.max() == 200
    steps = np.abs(np.diff(pasted[..., 0].astype(int), axis=1))
    assert steps.max() <= 10  # the feather is 13 pixels of this frame wide


@pytest.mark.parametrize("blend", blending.BLENDS)
@pytest.mark.parametrize("color", blending.COLORS)
def test_compositing_the_target_itself_changes_nothing(color, blend):
    frame = np.rint(smooth_picture(360, 420) * 255).astype(np.uint8)
    crop, matrix = cut_for_network(frame, LANDMARKS["large"][1], 64)
    result = blending.composite_face(
        frame, crop, crop, matrix, soft_disc(64), color, blend
    )
    assert np.abs(result.astype(int) - frame).max() <= 3


def test_errors_say_what_was_expected():
    face, mask = smooth_picture(64, 64), soft_disc(64)
    frame = np.zeros((64, 64, 3), np.uint8)
    eye = np.eye(2, 3)
    with pytest.raises(ValueError, match="none, mean, reinhard.*'rct'"):
        blending.match_color(face, face, mask, "rct")
    with pytest.raises(ValueError, match="alpha, multiband.*'poisson'"):
        blending.blend_crop(face, face, mask, "poisson")
    with pytest.raises(ValueError, match="one shape.*32, 32"):
        blending.match_color(face, face[:32, :32], mask)
    with pytest.raises(ValueError, match="divide uint8 by 255"):
        blending.match_color((face * 255).astype(np.uint8), face, mask)
    with pytest.raises(ValueError, match="0-1. Received: 0.0 to 255"):
        blending.match_color(face, face, mask * 255)
    with pytest.raises(ValueError, match="at least 16.*Received: 0"):
        blending.match_color(face, face, np.zeros_like(mask))
    with pytest.raises(ValueError, match="keep_low is 0 to 6.*keep_low=7"):
        blending.blend_crop(face, face, mask, "multiband", keep_low=7)
    with pytest.raises(ValueError, match="uint8 array.*float32"):
        blending.paste_crop(face, face, eye, mask)
    with pytest.raises(ValueError, match="squeezes the plane"):
        blending.paste_crop(frame, face, np.zeros((2, 3)), mask)
