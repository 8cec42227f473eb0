"""Relighting: the target's light, the face's features."""

import cv2
import numpy as np
from pictures import smooth_picture, soft_disc

from helpers.blending import fit_face


def log_of_light(picture):
    """Without the floor that the code adds; for pictures far from black."""
    return np.log(((picture + 0.055) / 1.055) ** 2.4)


def lit(picture, light):
    """A picture with its linear light multiplied, place by place."""
    linear = ((picture + 0.055) / 1.055) ** 2.4 * light[..., None]
    return (1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


def test_relight_puts_the_targets_light_on_the_face():
    # one skin with its pores, filmed in two lights
    grain = np.random.default_rng(0).normal(0, 0.03, (128, 128, 3))
    skin = (0.6 + grain).astype(np.float32)
    across = np.linspace(0.4, 1.3, 128, dtype=np.float32)
    from_right = np.tile(across, (128, 1))
    face = lit(skin, from_right[:, ::-1])
    target = lit(skin, from_right)
    mask = soft_disc(128)
    fitted = fit_face(face, target, mask, "relight")
    inside = soft_disc(128, radius=0.28) == 1
    before = np.abs(face - target)[inside].mean()
    after = np.abs(fitted - target)[inside].mean()
    assert after < 0.1 * before
    # pores are those of the face: as strong in the shade as in the light
    fine = log_of_light(fitted) - log_of_light(face)
    fine -= cv2.GaussianBlur(fine, (0, 0), 4)
    assert fine[inside].std() < 0.02


def test_relight_does_not_care_how_bright_or_tinted_the_face_is():
    mask, target = soft_disc(64), smooth_picture(64, 64, 2)
    face = smooth_picture(64, 64, 1, low=0.4, high=0.7)
    tint = np.array([0.9, 0.7, 0.5], np.float32)
    tinted = np.stack(
        [
            lit(face[..., c : c + 1], np.full((64, 64), tint[c]))[..., 0]
            for c in range(3)
        ],
        axis=-1,
    )
    first = fit_face(face, target, mask, "relight")
    second = fit_face(tinted, target, mask, "relight")
    assert np.abs(first - second)[mask > 0.5].max() < 0.02
    assert np.abs(tinted - face).max() > 0.1
