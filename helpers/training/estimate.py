"""A network and a schedule -> the memory and the time that training takes.

The work of a step is counted on the network's graph: multiplications of the
convolutions and dense layers, and bytes of what every other operation puts
out. Two small networks, timed for a second, tell how fast this machine does
either. Nothing of the network itself is run.
"""

import math
import time

import keras
import numpy as np
from keras import layers, ops

from helpers.training import distribution
from helpers.training.optimizers import KernelMuon

# The backward pass multiplies twice: for the kernels and for what came in.
TRAINING_FLOPS = 3
# What the optimizer does to each trained number besides turning kernels, in
# operations of a forward pass, which have a backward one too.
OPTIMIZER_OUTPUTS = 3
# Copies of the trained numbers: gradients, these clipped, momentum, the step.
COPIES = 4
# Code and tables of the backend, and batches made ahead: measured on two CPU
# cores, beside what all operations put out, which is held until its gradient
# is known.
LIBRARY_BYTES = 150 * 2**20


def count_work(model, batch_size):
    """Work of one forward pass, counted on a model's graph.

    Args:
        model: `keras.Model` from `network.autoencoder()`.
        batch_size: int. Crops a step, of each identity.

    Returns:
        dict of int: `flops`, of convolutions and dense layers; `outputs`,
        numbers that the other operations put out; `bytes`, of everything
        that is put out.
    """
    work = {"flops": 0, "outputs": 0, "bytes": 0}

    def count(operation, *inputs, **options):
        result = operation(*inputs, **options)
        for tensor in keras.tree.flatten(result):
            numbers = math.prod(tensor.shape)
            work["bytes"] += numbers * (2 if "16" in tensor.dtype else 4)
            if isinstance(operation, layers.Conv2D | layers.Dense):
                # each number sums over all of the kernel but its last axis
                terms = math.prod(operation.kernel.shape[:-1])
                work["flops"] += 2 * numbers * terms
            else:
                work["outputs"] += numbers
        return result

    inputs = keras.tree.map_structure(
        lambda tensor: keras.Input(
            batch_shape=(batch_size, *tensor.shape[1:]),
            dtype=tensor.dtype,
            name=tensor.name,
        ),
        model.input,
    )
    keras.models.clone_model(
        model, inputs, clone_function=lambda layer: layer, call_function=count
    )
    return work


def measure_rates(seconds=1.0, clock=time.perf_counter):
    """How fast this machine trains, with the backend and precision in use.

    Args:
        seconds: float. How long each of two small networks is timed.
        clock: function that returns seconds. `time.process_time` counts what
            this process uses of a machine that others use too.

    Returns:
        dict of float: `flops` a second of convolutions, forward and backward;
        `outputs` a second, numbers that other operations put out in training.
    """
    crops = keras.Input((32, 32, 3))
    # a first layer, so that those behind it have both gradients
    wide = narrow = layers.Conv2D(64, 1)(crops)
    for _ in range(4):
        wide = layers.Conv2D(64, 3, padding="same")(wide)
    for _ in range(8):
        # what follows every convolution of a decoder
        narrow = ops.leaky_relu(narrow, 0.2)
        square = ops.mean(ops.square(narrow), axis=-1, keepdims=True)
        narrow = narrow * ops.rsqrt(square + 1e-6)
    return {
        "flops": TRAINING_FLOPS
        * _rate(keras.Model(crops, wide), "flops", seconds, clock),
        "outputs": _rate(keras.Model(crops, narrow), "outputs", seconds, clock),
    }


def _rate(model, what, seconds, clock):
    """Work a second of a model's training steps."""
    optimizer = distribution.release_graphs(keras.optimizers.SGD(1e-6))
    model.compile(optimizer, "mse")
    batch_size, spent = 8, 0.0
    while spent < 0.02 and batch_size < 1024:  # a GPU wants more at a time
        batch_size *= 2
        batch = np.zeros((batch_size, 32, 32, 3), "float32")
        target = np.zeros((batch_size, 32, 32, 64), "float32")
        model.train_on_batch(batch, target)  # the first one compiles
        started = time.perf_counter()
        model.train_on_batch(batch, target)
        spent = time.perf_counter() - started
    steps, started, begin = 0, clock(), time.perf_counter()
    while time.perf_counter() - begin < seconds:
        model.train_on_batch(batch, target)
        steps += 1
    return count_work(model, batch_size)[what] * steps / (clock() - started)


def estimate_training(network, schedule, rates=None):
    """Memory and time of a training, before it begins.

    Args:
        network: `Comb`, or another network with an `autoencoder()`.
        schedule: list of stages from `growth.growth_schedule()`.
        rates: dict from `measure_rates()`, or `None` to measure them now.

    Returns:
        dict: `step_seconds`, a list of float, one a stage; `seconds`, float,
        of the whole schedule; `bytes`, int, that training adds to what the
        process, or the GPU, holds already.
    """
    rates = rates or measure_rates()
    optimizer = KernelMuon()
    needs = []
    for stage in schedule:
        model = network.autoencoder(stage["level"])
        work = count_work(model, stage["batch_size"])
        trained = model.trainable_variables
        numbers = sum(math.prod(variable.shape) for variable in trained)
        flops = TRAINING_FLOPS * work["flops"] + optimizer.step_flops(trained)
        outputs = work["outputs"] + OPTIMIZER_OUTPUTS * numbers
        needs.append(
            (
                flops / rates["flops"] + outputs / rates["outputs"],
                4 * COPIES * numbers + work["bytes"],
            )
        )
    step_seconds = [seconds for seconds, _ in needs]
    return {
        "step_seconds": step_seconds,
        "seconds": sum(
            seconds * stage["steps"]
            for seconds, stage in zip(step_seconds, schedule, strict=True)
        ),
        "bytes": LIBRARY_BYTES + round(max(held for _, held in needs)),
    }


def estimate_line(network, schedule, rates=None):
    """One sentence about a training that has not begun, for a notebook."""
    needs = estimate_training(network, schedule, rates)
    minutes = needs["seconds"] / 60
    long = (
        f"{minutes:.0f} minutes"
        if minutes < 120
        else (
            f"{minutes / 60:.0f} hours"
            if minutes < 2880
            else f"{minutes / 1440:.0f} days"
        )
    )
    steps = sum(stage["steps"] for stage in schedule)
    return (
        f"{steps} steps up to {network.resolution} pixels take about {long} "
        f"here and {needs['bytes'] / 2**30:.1f} GiB of memory, within a third."
    )
