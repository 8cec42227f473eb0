"""Counts of work are those of arithmetic; estimates follow from them."""

import keras
import pytest
from keras import layers

from helpers import growth
from helpers.comb import build_comb
from helpers.crowd import build_crowd
from helpers.training import estimate

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
    line = estimate.estimate_line(small_comb(), stages, RATES)
    assert line.startswith("70 steps up to 16 pixels take about ")
    assert line.count("\n") == 0
