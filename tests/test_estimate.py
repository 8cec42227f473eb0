"""Counts of work are those of arithmetic; estimates follow from them."""

import time

import keras
import pytest
from keras import layers

from helpers import growth
from helpers.comb import build_comb
from helpers.crowd import build_crowd
from helpers.training import distribution, estimate
from helpers.training.pace import Pace

OPTIONS = {"resolution": 16, "widths": (8, 6, 4), "latent_dim": 5}
RATES = {"flops": 1e9, "outputs": 1e8}


def small_comb(*names):
    return build_comb(names or ("Rosa", "Marco"), **OPTIONS)


def test_work_of_a_known_network_is_counted():
    inputs = keras.Input((8, 8, 3))
    outputs = layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    outputs = layers.Flatten()(keras.ops.relu(outputs))
    model = keras.Model(inputs, layers.Dense(10)(outputs))
    work = estimate.count_work(model, batch_size=5)
    convolved = 5 * 4 * 4 * 4
    assert work["flops"] == 2 * (convolved * 27 + 5 * 10 * 64)
    # relu and flatten
    assert work["outputs"] == 2 * convolved
    assert work["bytes"] == 4 * (3 * convolved + 50)


def test_a_layer_that_is_called_twice_counts_twice():
    # the lowest decoder levels are everybody's, and everybody pays
    one = estimate.count_work(small_comb("Rosa").autoencoder(), 4)
    two = estimate.count_work(small_comb().autoencoder(), 4)
    assert two["flops"] == 2 * one["flops"]


@pytest.mark.parametrize(
    "build", [small_comb, lambda: build_crowd(3, **OPTIONS)]
)
def test_work_grows_with_the_batch_and_with_the_level(build):
    network = build()
    work = [estimate.count_work(network.autoencoder(k), 4) for k in range(3)]
    assert work[0]["flops"] < work[1]["flops"] < work[2]["flops"]
    double = estimate.count_work(network.autoencoder(2), 8)
    assert double["flops"] == 2 * work[2]["flops"]
    assert double["bytes"] == pytest.approx(2 * work[2]["bytes"], rel=1e-6)


def test_counting_leaves_the_network_as_it_was():
    network = small_comb()
    before = [v.path for v in network.autoencoder().trainable_variables]
    estimate.count_work(network.autoencoder(), 4)
    after = [v.path for v in network.autoencoder().trainable_variables]
    assert before == after


def test_half_precision_takes_half_the_memory_for_what_is_put_out():
    full = estimate.count_work(small_comb().autoencoder(), 4)
    before = keras.config.dtype_policy().name
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = estimate.count_work(small_comb().autoencoder(), 4)
    finally:
        keras.config.set_dtype_policy(before)
    assert half["flops"] == full["flops"]
    assert half["bytes"] < 0.6 * full["bytes"]


def test_a_training_is_the_sum_of_its_stages():
    network = small_comb()
    stages = growth.growth_schedule(2, 70, batch_size=4)
    found = estimate.estimate_training(network, stages, RATES)
    steps = [stage["steps"] for stage in stages]
    assert steps == [10, 20, 40]
    assert found["seconds"] == pytest.approx(
        sum(s * t for s, t in zip(steps, found["step_seconds"], strict=True))
    )
    fast = {name: 2 * rate for name, rate in RATES.items()}
    twice = estimate.estimate_training(network, stages, fast)
    assert twice["seconds"] == pytest.approx(found["seconds"] / 2)
    assert twice["bytes"] == found["bytes"]


def test_the_estimate_counts_multiplications_and_the_optimizers_own():
    network = small_comb()
    stages = growth.growth_schedule(2, 1, first_level=2, batch_size=4)
    only = {"flops": 1e9, "outputs": float("inf")}
    (seconds,) = estimate.estimate_training(network, stages, only)[
        "step_seconds"
    ]
    work = estimate.count_work(network.autoencoder(), 4)
    assert seconds > 3 * work["flops"] / 1e9


def test_the_machines_rates_are_numbers_one_can_divide_by():
    rates = estimate.measure_rates(0.01)
    assert rates["flops"] > 1e6
    assert rates["outputs"] > 1e4


def test_a_line_tells_steps_time_and_memory():
    stages = growth.growth_schedule(2, 70, batch_size=4)
    needs = {"seconds": 601.0, "bytes": 2**29, "step_seconds": [1, 2, 3]}
    line = estimate.estimate_line(small_comb(), stages, needs)
    assert line == (
        "70 steps up to 16 pixels take about 10 minutes here and 0.5 GiB of "
        "memory, within a third."
    )
    ended = estimate.estimate_line(small_comb(), stages, needs, minutes=6)
    assert ended == line + "\nMINUTES = 6 ends them before that."
    assert estimate.estimate_line(small_comb(), stages, needs, 11) == line
    for seconds, told in ((61, "61 seconds"), (3 * 3600, "3 hours")):
        line = estimate.estimate_line(
            small_comb(), stages, needs | {"seconds": seconds}
        )
        assert f"about {told} here" in line


def test_what_is_frozen_has_no_backward_pass():
    network = small_comb()
    work = estimate.count_work(network.autoencoder(), 4)
    assert work["trained_flops"] == work["flops"]
    for layer in network.layers_of("encoder"):
        layer.trainable = False
    frozen = estimate.count_work(network.autoencoder(), 4)
    assert frozen["flops"] == work["flops"]
    assert 0 < frozen["trained_flops"] < work["flops"]
    stages = growth.growth_schedule(2, 7, 2, 4)
    before = estimate.estimate_training(small_comb(), stages, RATES)["seconds"]
    after = estimate.estimate_training(network, stages, RATES)["seconds"]
    assert after < before
    # a frozen layer behind one that is trained has to hand its gradient on
    for layer in network.layers():
        layer.trainable = layer in network.layers_of("encoder")
    work = estimate.count_work(network.autoencoder(), 4)
    assert work["trained_flops"] == work["flops"]


class SlowData:
    """Batches that take their time to be cut."""

    seed = 0

    def batch(self, *arguments):
        time.sleep(0.2)


def test_batches_that_are_cut_beside_the_network_count(monkeypatch):
    stages = growth.growth_schedule(2, 7, 2, 4)
    monkeypatch.setattr(estimate.os, "cpu_count", lambda: 2)
    (fast,), (slow,) = (
        estimate.estimate_training(small_comb(), stages, RATES, data)[
            "step_seconds"
        ]
        for data in (None, SlowData())
    )
    assert slow - fast == pytest.approx(0.1, abs=0.03)
    # beside a GPU only what takes longer counts
    monkeypatch.setattr(distribution, "is_on_gpu", lambda: True)
    (beside,) = estimate.estimate_training(
        small_comb(), stages, RATES, SlowData()
    )["step_seconds"]
    assert beside == pytest.approx(0.1, abs=0.03)


def at_step(pace, stage, step, seconds, history=()):
    """A pace that stands at a step of a stage."""
    before = history[-1]["step"] if history else 0
    pace.state |= {
        "stage": stage,
        "step": step,
        "total_steps": before + step,
        "seconds": seconds,
        "stage_seconds": seconds,
        "history": list(history),
    }
    return pace


def test_the_time_left_goes_by_the_estimate_until_steps_tell_more():
    # the low levels cost more than their share of the schedule says
    stages = growth.growth_schedule(2, 700)
    pace = Pace(stages)
    pace.expected = [0.5, 0.6, 1.0]
    whole = 100 * 0.5 + 200 * 0.6 + 400 * 1.0
    as_expected = at_step(pace, 0, 10, 5.0).seconds_left
    assert as_expected == pytest.approx(whole - 5, rel=0.01)
    first = [{"stage": 0, "step": 100}]
    # a minute of twice the time says that half of the rest is slower, too
    slow = at_step(pace, 1, 50, 160.0, first).seconds_left
    rest = 150 * 0.6 + 400 * 1.0
    assert slow == pytest.approx(rest * (160 + 60) / (80 + 60), rel=0.01)
    assert at_step(pace, 3, 0, 900.0, first).seconds_left == 0


def test_the_time_left_ends_with_the_minutes_given():
    stages = growth.growth_schedule(2, 700)
    pace = Pace(stages, minutes=2)
    pace.expected = [0.5, 0.6, 1.0]
    assert pace.seconds_left == pytest.approx(120)
    pace.expected = [0.001, 0.001, 0.001]
    assert pace.seconds_left == pytest.approx(0.7)
