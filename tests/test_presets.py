"""Presets: every one is a network with a batch size and steps a level."""

import contextlib
import math

import keras
import numpy as np
import pytest
import test_trainer

from benchmarks.parts import presets
from helpers.comb import build_comb
from helpers.encoder_decoder import resolution_of
from helpers.swapper import face_key
from helpers.training.identity_data import IdentityData
from helpers.training.trainer import Trainer

NAMES = ("Rosa", "Marco")


def noise(side, identities=NAMES, count=4):
    random = np.random.default_rng(0)
    shape = (count, side, side, 3)
    crops = {n: random.integers(0, 256, shape, np.uint8) for n in identities}
    masks = {n: np.full(shape[:3], 255, np.uint8) for n in identities}
    return IdentityData(crops, masks, 1.0, side)


@contextlib.contextmanager
def precision(name):
    before = keras.config.dtype_policy().name
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_level_of_a_preset_has_channels_steps_and_a_batch(name):
    preset = presets.read_preset(name)
    stages = presets.preset_schedule(preset)
    widths = preset["network"]["widths"]
    sides = [resolution_of(stage["level"]) for stage in stages]
    assert sides == [4 * 2**k for k in range(len(widths))]
    assert sides[-1] == preset["network"]["resolution"]
    assert sum(stage["steps"] for stage in stages) == preset["steps"]
    sizes = [stage["batch_size"] for stage in stages]
    assert sizes == list(preset["batch_sizes"])
    # larger pictures, fewer of them and narrower layers
    assert sizes == sorted(sizes, reverse=True)
    assert list(widths) == sorted(widths, reverse=True)
    with precision(preset["precision"]):
        assert keras.config.dtype_policy().variable_dtype == "float32"


def test_a_preset_that_is_changed_leaves_the_next_one_as_it_was():
    presets.read_preset("tiny")["network"]["resolution"] = 8
    assert presets.read_preset("tiny")["network"]["resolution"] == 16


def test_unknown_presets_and_missing_batch_sizes_are_told():
    with pytest.raises(ValueError, match="tiny, laptop.*Received: name='huge'"):
        presets.read_preset("huge")
    preset = presets.read_preset("tiny") | {"batch_sizes": (8, 8)}
    with pytest.raises(ValueError, match="3 levels.*Received"):
        presets.preset_schedule(preset)


def test_the_tiny_preset_trains_from_4_pixels_up():
    preset = presets.read_preset("tiny")
    network = build_comb(NAMES, **preset["network"])
    trainer = Trainer(network, noise(16), presets.preset_schedule(preset))
    with test_trainer.untraced():
        history = trainer.run(report_every=1)
    assert trainer.finished
    assert [report["resolution"] for report in history[::3]] == [4, 8, 16, 16]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "batch_size"),
    [("laptop", 4), ("workshop", 2), ("studio", 1)],
)
def test_a_preset_takes_a_step_at_its_top_level(name, batch_size):
    # in float32: a CPU works with halves many times slower
    preset = presets.read_preset(name)
    network = build_comb(NAMES[:1], **preset["network"])
    stage = presets.preset_schedule(preset)[-1]
    stage = {**stage, "steps": 1, "batch_size": batch_size, "share": 1.0}
    data = noise(preset["network"]["resolution"], NAMES[:1], 2)
    trainer = Trainer(network, data, [stage])
    with test_trainer.untraced():
        (report,) = trainer.run(report_every=1)
    assert 0 < report["losses"][NAMES[0]] < 1


@pytest.mark.slow
def test_the_paper_preset_has_combmodels_widths_up_to_1024_pixels():
    preset = presets.read_preset("paper")
    network = build_comb(NAMES[:1], **preset["network"])
    model = network.autoencoder()
    key = face_key(NAMES[0])
    assert model.input[key].shape == (None, 1024, 1024, 3)
    assert model.output[key].shape == (None, 1024, 1024, 3)
    # one step, where it fits into the memory of any machine
    stage = test_trainer.stages(1, first_level=3, batch_size=1)
    trainer = Trainer(network, noise(1024, NAMES[:1], 1), stage)
    with test_trainer.untraced():
        (report,) = trainer.run(report_every=1)
    assert 0 < report["losses"][NAMES[0]] < 1


@pytest.mark.parametrize("top", [6, pytest.param(8, marks=pytest.mark.slow)])
def test_levels_up_to_1024_pixels_need_one_parameter_only(top):
    widths = (4,) * 9
    network = build_comb(
        NAMES[:1], resolution=1024, widths=widths, latent_dim=4
    )
    data = noise(1024, NAMES[:1], 1)
    stages = [
        {**stage, "batch_size": 1}
        for level in (0, top)
        for stage in test_trainer.stages(1, first_level=level)
    ]
    trainer = Trainer(network, data, stages)
    # untraced the top level would keep whatever it computes: 6 GB
    traced = contextlib.nullcontext if top == 8 else test_trainer.untraced
    with traced():
        low, high = trainer.run(report_every=1)
    assert (low["resolution"], high["resolution"]) == (4, 4 * 2**top)
    assert math.isfinite(high["losses"][NAMES[0]])
    network.level = 8
    crops = np.zeros((1, 1024, 1024, 3), "float32")
    assert network.swap(crops, NAMES[0]).shape == crops.shape


def test_half_precision_trains_like_full_precision():
    losses = {}
    for policy in ("float32", "mixed_bfloat16"):
        with precision(policy):
            network = test_trainer.small_comb()
            trainer = Trainer(
                network,
                test_trainer.identity_data(),
                test_trainer.stages(4, 4),
                learning_rate=1e-3,
            )
            with test_trainer.untraced():
                history = trainer.run(report_every=1)
            losses[policy] = [list(r["losses"].values()) for r in history]
            pictures = network.swap(np.zeros((2, 16, 16, 3)), "Rosa")
        assert np.isfinite(pictures).all()
        # half the bits in the layers' work, none less in what is learned
        names = {v.dtype for v in network.variables().values()}
        assert names == {"float32"}
    full, half = losses.values()
    assert np.isfinite(half).all()
    np.testing.assert_allclose(half, full, rtol=0.03)
    assert not np.array_equal(half, full)
