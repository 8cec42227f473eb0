"""The losses look inside the mask and nowhere else."""

import keras
import numpy as np
import pytest

from helpers.losses import LatentPairLoss, MaskedFaceLoss, masked_mean

UNUSED = np.zeros((256, 1), "float32")


def number(tensor):
    return float(keras.ops.convert_to_numpy(tensor))


def pictures(seed=0, side=16):
    random = np.random.default_rng(seed)
    return random.uniform(size=(4, side, side, 3)).astype("float32")


def half_mask(side=16):
    mask = np.zeros((4, side, side, 1), "float32")
    mask[:, :, : side // 2] = 1
    return mask


def with_mask(images, mask):
    return np.concatenate([images, mask], axis=-1)


def test_masked_mean_of_ones_is_one_whatever_the_mask():
    values = np.ones((4, 16, 16, 3), "float32")
    means = keras.ops.convert_to_numpy(masked_mean(values, half_mask()))
    np.testing.assert_allclose(means, 1, atol=1e-5)


def test_an_empty_mask_costs_nothing_and_is_no_division_by_zero():
    targets = with_mask(pictures(), 0 * half_mask())
    assert number(MaskedFaceLoss()(targets, pictures(1))) == 0


def test_what_lies_outside_the_mask_does_not_count():
    truth, mask = pictures(), half_mask()
    prediction = truth.copy()
    prediction[:, :, 8:] = pictures(1)[:, :, 8:]
    # the difference across the mask's edge belongs to the masked pixel's left
    loss = MaskedFaceLoss(detail=0)(with_mask(truth, mask), prediction)
    assert number(loss) == pytest.approx(0, abs=1e-6)


def test_a_uniform_error_costs_its_size_and_no_detail():
    truth, mask = 0.5 * pictures(), half_mask()
    for detail in (0.0, 0.5):
        loss = MaskedFaceLoss(detail)(with_mask(truth, mask), truth + 0.1)
        assert number(loss) == pytest.approx(0.1, abs=1e-4)


def test_detail_compares_each_pixel_with_the_one_below_and_beside():
    truth, drawn = pictures(), pictures(1)
    mask = np.random.default_rng(2).uniform(size=(4, 16, 16, 1))
    error = drawn - truth
    down, right = np.diff(error, axis=1), np.diff(error, axis=2)
    expected = sum(
        weight * (abs(part) * own).sum((1, 2, 3)) / (3 * own.sum((1, 2, 3)))
        for weight, part, own in (
            (1, error, mask),
            (0.3, down, mask[:, 1:]),
            (0.3, right, mask[:, :, 1:]),
        )
    )
    loss = MaskedFaceLoss(0.3)(with_mask(truth, mask), drawn)
    assert number(loss) == pytest.approx(expected.mean(), rel=1e-4)


def test_detail_tells_a_shifted_edge_from_a_faint_veil():
    mask = np.ones((1, 16, 16, 1), "float32")
    truth = np.zeros((1, 16, 16, 3), "float32")
    truth[:, 8:] = 1
    shifted = np.zeros_like(truth)
    shifted[:, 9:] = 1
    veil = truth + np.abs(truth - shifted).mean()
    color = MaskedFaceLoss(detail=0)
    target = with_mask(truth, mask)
    assert number(color(target, shifted)) == pytest.approx(
        number(color(target, veil)), rel=1e-3
    )
    both = MaskedFaceLoss(detail=0.5)
    assert number(both(target, shifted)) > 1.5 * number(both(target, veil))


def paired_latents(seed=0, pairs=16, size=64):
    latents = np.random.default_rng(seed).normal(size=(pairs, size))
    return np.repeat(latents, 2, axis=0).astype("float32")


def test_a_pair_that_is_found_costs_little_and_strangers_cost_chance():
    loss = LatentPairLoss()
    strangers = np.random.default_rng(1).normal(size=(256, 64))
    assert number(loss(UNUSED, paired_latents())) < 0.1
    assert number(loss(UNUSED, strangers)) == pytest.approx(1, abs=0.15)
    # all the same: nobody can be told from anybody
    same = np.ones((32, 64), "float32")
    assert number(loss(UNUSED, same)) == pytest.approx(1, abs=1e-4)


def test_the_pair_loss_does_not_see_how_large_or_where_the_latents_are():
    loss, latents = LatentPairLoss(), paired_latents() + strange(0.5)
    expected = number(loss(UNUSED, latents))
    assert number(loss(UNUSED, 0.5 * latents)) == pytest.approx(
        expected, rel=1e-3
    )
    assert number(loss(UNUSED, latents + 3)) == pytest.approx(
        expected, rel=1e-3
    )


def test_one_loud_direction_does_not_pass_for_agreement():
    loud = strange(1.0)
    loud[:, 0] = 100 * paired_latents()[:, 0]
    assert number(LatentPairLoss()(UNUSED, loud)) > 0.5


def strange(scale):
    noise = np.random.default_rng(2).normal(size=(32, 64))
    return (scale * noise).astype("float32")


def test_losses_come_back_from_their_configuration():
    loss = MaskedFaceLoss.from_config(MaskedFaceLoss(detail=0.2).get_config())
    assert loss.detail == 0.2
    loss = LatentPairLoss.from_config(LatentPairLoss(0.3).get_config())
    assert loss.temperature == 0.3
