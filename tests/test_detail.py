"""Fine detail: faces whose softness is known."""

import cv2
import numpy as np
import pytest

from helpers import compositing, detail

SIZE = 64
MASK = np.zeros((SIZE, SIZE), np.float32)
MASK[12:52, 12:52] = 1


def texture(seed=0, sigma=1.0):
    """Soft random shapes, shape (SIZE, SIZE, 3), 0-1."""
    noise = np.random.default_rng(seed).random((SIZE, SIZE, 3))
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    soft = (soft - soft.mean()) / soft.std() * 0.1 + 0.5
    return np.clip(soft, 0, 1).astype(np.float32)


def fine(picture):
    return (picture - cv2.GaussianBlur(picture, (0, 0), 1))[MASK > 0].std()


def test_a_soft_face_gets_as_sharp_as_its_target():
    target = texture(1)
    face = cv2.GaussianBlur(texture(2), (0, 0), 0.5)
    matched = detail.match_sharpness(face, target, MASK, most=4)
    assert fine(face) < 0.9 * fine(target)
    assert fine(matched) == pytest.approx(fine(target), rel=0.15)
    # and nothing but its fine detail changes
    broad = [cv2.GaussianBlur(each, (0, 0), 5) for each in (face, matched)]
    np.testing.assert_allclose(*broad, atol=0.02)


def test_detail_never_gets_weaker_and_has_a_limit():
    sharp, soft = texture(1), texture(2, sigma=4)
    np.testing.assert_array_equal(
        detail.match_sharpness(sharp, soft, MASK), sharp
    )
    most = detail.match_sharpness(soft, sharp, MASK)
    assert 1.05 < fine(most) / fine(soft) < 1.25 * 1.25
    with pytest.raises(ValueError, match="at least 1"):
        detail.match_sharpness(sharp, soft, MASK, most=0.5)


def test_grain_is_the_noise_and_no_feature():
    smooth = np.full((40, 40, 3), 0.5, np.float32)
    noise = np.random.default_rng(0).normal(0, 3, (40, 40, 3))
    picture = smooth * 255 + noise
    picture[10:14, 5:35] = 0  # a brow
    picture = np.rint(picture.clip(0, 255)).astype(np.uint8)
    alpha = np.ones((40, 40, 1), np.float32)
    grain = detail.find_grain(picture, smooth, alpha) * 255
    skin = np.r_[0:7, 17:40]
    assert grain[skin].std() == pytest.approx(2.7, abs=0.5)
    assert np.abs(grain[10:14, 7:33]).max() == 0  # of the brow's 128
    nothing = detail.find_grain(picture, smooth, 0 * alpha)
    assert not nothing.any()


def paste_grainy(blend):
    """A smooth face in a grainy frame that is three times as large."""
    side = 3 * SIZE
    smooth = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    noise = np.random.default_rng(0).normal(0, 4, (side, side, 3))
    frame = np.rint(127.5 + noise).clip(0, 255).astype(np.uint8)
    matrix = np.array([[1 / 3, 0, -1 / 3], [0, 1 / 3, -1 / 3]])
    result = compositing.composite_face(
        frame, smooth, smooth, matrix, MASK, blend=blend
    )
    inside = (slice(side // 3, side // 2),) * 2
    assert np.array_equal(result[:30], frame[:30])
    return result[inside].std(), frame[inside].std()


def test_a_face_is_as_grainy_as_its_frame_unless_left_as_it_is():
    swapped, target = paste_grainy("relight")
    assert 0.6 * target < swapped < target
    assert paste_grainy("alpha")[0] == 0


def test_a_face_that_is_drawn_large_may_get_sharper(monkeypatch):
    limits = []

    def sharpen(face, target_crop, mask, most):
        limits.append(most)
        return face

    monkeypatch.setattr(compositing, "sharpen_face", sharpen)
    for side in (SIZE, 2 * SIZE):
        face = np.full((side, side, 3), 0.5, np.float32)
        frame = np.full((side, side, 3), 128, np.uint8)
        mask = cv2.resize(MASK, (side, side))
        compositing.composite_face(frame, face, face, np.eye(2, 3), mask)
    small, large = limits
    assert 1 < small == detail.MOST_SHARPENED < large
