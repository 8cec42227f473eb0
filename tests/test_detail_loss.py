"""What drawn faces cost: colours as ever, and fog more than before."""

import cv2
import keras
import numpy as np
import pytest

from helpers.losses import MaskedFaceLoss
from helpers.training.detail_loss import DetailLoss

SIDE = 96


def texture(seed=0):
    """Spots of a few pixels, as skin and brows have them."""
    random = np.random.default_rng(seed)
    spots = cv2.GaussianBlur(
        random.normal(size=(SIDE, SIDE, 3)).astype(np.float32), (0, 0), 1.5
    )
    return np.clip(0.5 + 0.15 * spots / spots.std(), 0, 1)


def with_mask(picture, mask=None):
    mask = np.ones((SIDE, SIDE, 1)) if mask is None else mask
    return np.concatenate([picture, mask], axis=-1)[None].astype(np.float32)


def cost(loss, filmed, drawn):
    value = loss(filmed, drawn[None].astype(np.float32))
    return float(keras.ops.convert_to_numpy(value))


def test_perfect_costs_nothing_and_without_the_network_all_is_as_ever():
    filmed, drawn = texture(), texture(1)
    assert cost(DetailLoss(), with_mask(filmed), filmed) < 1e-5
    plain = MaskedFaceLoss(detail=1.0)
    assert cost(
        DetailLoss(seen=0.0), with_mask(filmed), drawn
    ) == pytest.approx(cost(plain, with_mask(filmed), drawn), rel=1e-5)


def test_fog_costs_more_beside_a_wrong_tone_than_colours_say():
    filmed = texture()
    fog = cv2.GaussianBlur(filmed, (0, 0), 2.5)
    darker = filmed - np.abs(fog - filmed).mean()
    costs = [
        [cost(loss, with_mask(filmed), drawn) for drawn in (fog, darker)]
        for loss in (MaskedFaceLoss(detail=0.0), DetailLoss(detail=0.0))
    ]
    assert costs[0][0] == pytest.approx(costs[0][1], rel=0.05)
    assert costs[1][0] > 2 * costs[1][1]


def test_what_is_no_face_does_not_count():
    filmed, mask = texture(), np.zeros((SIDE, SIDE, 1))
    mask[30:60, 30:60] = 1
    drawn = np.where(mask > 0, filmed, texture(1))
    loss = DetailLoss(detail=0.0)  # it compares neighbours over the edge
    assert cost(loss, with_mask(filmed, mask), drawn) < 1e-5


def test_its_network_is_not_trained_with_the_faces():
    inputs = keras.Input((SIDE, SIDE, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))
    loss = DetailLoss()
    before = [np.array(w) for w in loss._features.get_weights()]
    model.compile("sgd", loss=loss)
    first, *_ = model.get_weights()
    model.train_on_batch(texture(1)[None], with_mask(texture()))
    assert not np.array_equal(first, model.get_weights()[0])
    for weights, old in zip(loss._features.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, old)
    assert loss.get_config()["seen"] == 0.5
