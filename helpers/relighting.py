"""Relighting: a swapped face in, the same in its target's light out."""

import cv2
import numpy as np

from helpers.color_transfer import pixels_inside

# Standard deviation of the Gaussian at which light ends and features begin, as
# a share of the crop's side. With 0.06 light is nearer to the truth, but beards
# and brows vary slowly, too: a judge took two of five real faces that were put
# into another's crop for the target's, and with 0.1 one of forty.
LIGHT_SHARE = 0.1

# The same for colour. Light's colour varies less than its strength, and with
# 0.1 red lips of the target stained the chin of a source with pale ones.
TONE_SHARE = 0.4

# linear light is between this and 1: the logarithm of black has no end, and a
# camera's noise in it would
DARKEST = 0.02


def take_light(
    face, target_crop, mask, light_share=LIGHT_SHARE, tone_share=TONE_SHARE
):
    """The face's features in the target's light.

    Light and skin are multiplied on their way to the camera, so in the
    logarithm of linear light they are added. What varies slowly is taken for
    light and tone of the skin, and comes from the target; the rest, from the
    face. A feature in the shade is darker by as much as its surroundings, so
    contrast follows the light, place by place.

    Args:
        face: float32 array, shape `(height, width, 3)`, RGB 0-1.
        target_crop: float32 array, same shape.
        mask: float32 array, shape `(height, width)`, 0-1. Pixels above 0.5
            say what the light is.
        light_share: float. Standard deviation of the Gaussian that parts
            slow from fast, as a share of the crop's side, for the strength
            of light.
        tone_share: float. The same for its colour.

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Raises:
        ValueError: if a share is not above 0.

    Example:
        >>> from helpers.relighting import take_light
        >>> face, target = np.full((8, 8, 3), 0.4), np.full((8, 8, 3), 0.8)
        >>> face[4, 4] = 0.1  # a mole
        >>> lit = take_light(face, target, np.ones((8, 8)))
        >>> [round(float(lit[place]), 1) for place in ((0, 0, 0), (4, 4, 0))]
        [0.8, 0.4]

    Reference:
        Oppenheim, Schafer and Stockham, "Nonlinear filtering of multiplied
        and convolved signals", 1968, section IV: homomorphic filtering.
    """
    if not min(light_share, tone_share) > 0:
        raise ValueError(
            "Light is what is blurred by a share of the crop's side above 0. "
            f"Received: light_share={light_share!r}, tone_share={tone_share!r}"
        )
    inside = pixels_inside(mask).astype(np.float32)
    side = min(mask.shape)
    face, target_crop = _log_of_light(face), _log_of_light(target_crop)
    difference = target_crop - face
    strength = np.repeat(difference.mean(axis=-1, keepdims=True), 3, axis=-1)
    tone = difference - strength
    return _from_log_of_light(
        face
        + _blur_inside(strength, inside, light_share * side)
        + _blur_inside(tone, inside, tone_share * side)
    )


def _blur_inside(image, inside, sigma):
    """Blur that nothing outside leaks into; far outside it is 0."""

    def blur(plane):
        return cv2.GaussianBlur(
            plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE
        )

    weight = blur(inside)[..., None]
    return blur(image * inside[..., None]) / np.maximum(weight, 1e-4)


def _log_of_light(picture):
    """Logarithm of linear light, of sRGB 0-1 (IEC 61966-2-1)."""
    light = np.where(
        picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4
    )
    return np.log(light + DARKEST)


def _from_log_of_light(logarithm):
    """The way back: sRGB 0-1."""
    light = np.clip(np.exp(logarithm) - DARKEST, 0, 1)
    picture = np.where(
        light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055
    )
    return picture.astype(np.float32)
