"""A network and a schedule -> the memory and the time that training takes.

The work of a step is counted on the network's graph: multiplications of the
convolutions and dense layers, and bytes of what every other operation puts
out. Two small networks, timed for a second, tell how fast this machine does
either. Nothing of the network itself is run. Batches are cut beside it, and
are timed: at low levels they take longer than the network.
"""

import math
import os
import time

import keras
import numpy as np
from keras import layers, ops

from helpers.training import distribution
from helpers.training.optimizers import KernelMuon

# The backward pass multiplies twice: for the kernels and for what came in.
TRAINING_FLOPS = 3
CUTTERS = 2  # threads that cut batches, see `batches_ahead.py`
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
        numbers that the other operations put out; `trained_flops` and
        `trained_outputs`, the part of either that has a backward pass, as
        something that is trained lies before it; `bytes`, of everything that
        is put out.
    """
    names = ("flops", "outputs", "trained_flops", "trained_outputs", "bytes")
    work = dict.fromkeys(names, 0)
    trained = {}  # tensors by id, behind something that is trained

    def count(operation, *inputs, **options):
        result = operation(*inputs, **options)
        given = keras.tree.flatten((inputs, options))
        has_backward = bool(
            getattr(operation, "trainable_variables", ())
            or any(id(tensor) in trained for tensor in given)
        )
        for tensor in keras.tree.flatten(result):
            numbers = math.prod(tensor.shape)
            work["bytes"] += numbers * (2 if "16" in tensor.dtype else 4)
            kind = "outputs"
            if isinstance(operation, layers.Conv2D | layers.Dense):
                # each number sums over all of the kernel but its last axis
                numbers *= 2 * math.prod(operation.kernel.shape[:-1])
                kind = "flops"
            work[kind] += numbers
            if has_backward:
                work[f"trained_{kind}"] += numbers
                trained[id(tensor)] = tensor
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


def estimate_training(network, schedule, rates=None, data=None):
    """Memory and time of a training, before it begins.

    Args:
        network: `Comb`, or another network with an `autoencoder()`. Layers
            that are frozen have no backward pass.
        schedule: list of stages from `growth.growth_schedule()`.
        rates: dict from `measure_rates()`, or `None` to measure them now.
        data: `TrainingData`, whose batches are timed, or `None`.

    Returns:
        dict: `step_seconds`, a list of float, one a stage; `seconds`, float,
        of the whole schedule; `bytes`, int, that training adds to what the
        process, or the GPU, holds already.
    """
    rates = rates or measure_rates()
    optimizer = KernelMuon()
    step_seconds, held = [], []
    for stage in schedule:
        model = network.autoencoder(stage["level"])
        work = count_work(model, stage["batch_size"])
        trained = model.trainable_variables
        numbers = sum(math.prod(variable.shape) for variable in trained)
        flops = work["flops"] + (TRAINING_FLOPS - 1) * work["trained_flops"]
        flops += optimizer.step_flops(trained)
        # the rate is that of both passes: the forward one is a third of them
        outputs = (work["outputs"] + 2 * work["trained_outputs"]) / 3
        outputs += OPTIMIZER_OUTPUTS * numbers
        seconds = flops / rates["flops"] + outputs / rates["outputs"]
        cutting = 0.0 if data is None else _cutting_seconds(data, stage)
        step_seconds.append(_beside(seconds, cutting))
        held.append(4 * COPIES * numbers + work["bytes"])
    return {
        "step_seconds": step_seconds,
        "seconds": sum(
            seconds * stage["steps"]
            for seconds, stage in zip(step_seconds, schedule, strict=True)
        ),
        "bytes": LIBRARY_BYTES + round(max(held)),
    }


def _cutting_seconds(data, stage):
    """Seconds that one thread takes for a batch of a stage."""
    arguments = stage["level"], 1.0, stage["batch_size"]
    data.batch(0, *arguments)  # the first one finds everything cold
    started = time.perf_counter()
    data.batch(1, *arguments)
    return time.perf_counter() - started


def _beside(seconds, cutting):
    """Seconds of a step whose batch is cut by threads in the meantime."""
    if distribution.is_on_gpu():
        return max(seconds, cutting / CUTTERS)
    # the processor does both
    return seconds + cutting / max(CUTTERS, os.cpu_count() or 1)


def estimate_line(network, schedule, needs, minutes=None):
    """One sentence about a training that has not begun, for a notebook.

    Args:
        network: what is trained.
        schedule: list of stages.
        needs: dict from `estimate_training()`.
        minutes: float or `None`, after which it ends anyway.

    Returns:
        str.
    """
    taken = needs["seconds"] / 60
    if taken < 2:
        long = f"{needs['seconds']:.0f} seconds"
    elif taken < 120:
        long = f"{taken:.0f} minutes"
    elif taken < 2880:
        long = f"{taken / 60:.0f} hours"
    else:
        long = f"{taken / 1440:.0f} days"
    steps = sum(stage["steps"] for stage in schedule)
    line = (
        f"{steps} steps up to {network.resolution} pixels take about {long} "
        f"here and {needs['bytes'] / 2**30:.1f} GiB of memory, within a third."
    )
    if minutes is not None and minutes < taken:
        line += f"\nMINUTES = {minutes:g} ends them before that."
    return line
