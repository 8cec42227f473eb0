"""Compositing: a paste that nobody sees, and pixels that stay."""

import cv2
import numpy as np
import pytest
from pictures import smooth_picture, soft_disc

from helpers import alignment, blending, color_transfer, compositing
from helpers.crops import cut_crop, cut_network_crops, network_matrix
from helpers.files import manifests

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
    stored = cut_crop(frame, matrix, size)
    crop = cut_network_crops(stored[None], coverage, resolution)[0]
    return crop, network_matrix(matrix, size, coverage, resolution)


@pytest.mark.parametrize("face", LANDMARKS)
def test_cut_and_paste_is_a_round_trip(face):
    frame = np.rint(smooth_picture(360, 420) * 255).astype(np.uint8)
    crop, matrix = cut_for_network(frame, LANDMARKS[face][1], 64)
    pasted = compositing.paste_crop(frame, crop, matrix, soft_disc(64))
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
    pasted = compositing.paste_crop(frame, crop, matrix, mask)
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
    pasted = compositing.paste_crop(frame, crop, matrix, soft_disc(64))
    np.testing.assert_array_equal(pasted, frame)
    empty = np.zeros((64, 64), np.float32)
    pasted = compositing.paste_crop(frame, crop, matrix, empty)
    np.testing.assert_array_equal(pasted, frame)


def test_a_flat_crop_is_pasted_without_an_edge():
    frame = np.full((240, 240, 3), 100, np.uint8)
    crop = np.full((64, 64, 3), 200 / 255, np.float32)
    matrix = np.array([[0.3, 0, 0], [0, 0.3, 0]])
    pasted = compositing.paste_crop(frame, crop, matrix, soft_disc(64))
    assert pasted.min() == 100 and pasted.max() == 200
    steps = np.abs(np.diff(pasted[..., 0].astype(int), axis=1))
    assert steps.max() <= 10  # the feather is 13 pixels of this frame wide


@pytest.mark.parametrize("blend", blending.BLENDS)
@pytest.mark.parametrize("color", color_transfer.COLORS)
def test_compositing_the_target_itself_changes_nothing(color, blend):
    frame = np.rint(smooth_picture(360, 420) * 255).astype(np.uint8)
    crop, matrix = cut_for_network(frame, LANDMARKS["large"][1], 64)
    result = compositing.composite_face(
        frame, crop, crop, matrix, soft_disc(64), color, blend
    )
    assert np.abs(result.astype(int) - frame).max() <= 3


def test_errors_say_what_was_expected():
    face, mask = smooth_picture(64, 64), soft_disc(64)
    frame = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(ValueError, match="uint8 array.*float32"):
        compositing.paste_crop(face, face, np.eye(2, 3), mask)
    with pytest.raises(ValueError, match="squeezes the plane"):
        compositing.paste_crop(frame, face, np.zeros((2, 3)), mask)
    with pytest.raises(ValueError, match="alpha, multiband.*'seamless'"):
        compositing.check_modes("mean", "seamless")


def test_a_black_and_white_frame_stays_without_color():
    frame = np.rint(smooth_picture(360, 420) * 255).astype(np.uint8)
    frame = np.repeat(frame[..., :1], 3, axis=-1)
    crop, matrix = cut_for_network(frame, LANDMARKS["large"][1], 64)
    face = smooth_picture(64, 64, seed=3)
    for modes in (("none", "relight"), ("reinhard", "alpha")):
        result = compositing.composite_face(
            frame, face, crop, matrix, soft_disc(64), *modes
        )
        assert np.ptp(result, axis=-1).max() == 0
        assert np.abs(result.astype(int) - frame).max() > 5


@pytest.mark.parametrize("side", [250, 32])
def test_a_mask_of_other_pixels_is_not_rounded_out_of_range(side):
    # OpenCV makes 1.0000001 of ones, from 250 pixels to 64
    face, target = (np.full((64, 64, 3), v, np.float32) for v in (0.2, 0.6))
    frame = np.full((64, 64, 3), 153, np.uint8)
    mask, matrix = np.ones((side, side), np.float32), np.eye(2, 3)
    result = compositing.composite_face(
        frame, face, target, matrix, mask, blend="alpha"
    )
    assert np.abs(result[2:-2, 2:-2].astype(int) - 51).max() <= 1
    with pytest.raises(ValueError, match="A mask lies in 0-1"):
        compositing.composite_face(frame, face, target, matrix, 1.1 * mask)
