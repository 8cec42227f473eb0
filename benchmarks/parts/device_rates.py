"""What a device can do -> multiplications a second, and memory at its peak."""

import math
import time

import keras
import numpy as np
from keras import layers


class Held(layers.Layer):
    """Numbers that lie on the device: so none travel there with each step."""

    def __init__(self, shape):
        super().__init__()
        self.held = self.add_weight(
            shape=shape, initializer="uniform", trainable=False
        )

    def call(self, unused):
        return keras.ops.cast(self.held, self.compute_dtype)


class MeanLoss(layers.Layer):
    """A loss of which every number that is put out has a gradient."""

    def call(self, values):
        values = keras.ops.cast(values, "float32")
        self.add_loss(keras.ops.mean(keras.ops.square(values)))
        return keras.ops.mean(values)


def machine_rates(seconds=2.0):
    """How fast large products and convolutions train, in the policy in use.

    Of four layers each, forward and backward: squares of 4096 numbers, and
    3x3 convolutions of 128 channels at 32 pixels.

    Args:
        seconds: float, how long each is timed, at least.

    Returns:
        dict of float: `matrix` and `convolution`, multiplications and
        additions a second.
    """
    rates = {}
    for kind in ("matrix", "convolution"):
        for rows in (8, 64, 512):
            model, flops = _load(kind, rows)
            _train(model, 2)  # the first one compiles
            spent = _train(model, 5) / 5
            if spent > seconds / 50:
                break
        steps = max(2, round(seconds / spent))
        rates[kind] = flops * steps / _train(model, steps)
    return rates


def _load(kind, rows):
    """A model to time, and the multiplications and additions of a step."""
    if kind == "matrix":
        side = min(4096, 64 * rows)
        shape, work = (64 * rows, side), 2 * side
        made = [layers.Dense(side, use_bias=False) for _ in range(4)]
    else:
        shape, work = (rows, 32, 32, 128), 2 * 9 * 128
        made = [
            layers.Conv2D(128, 3, padding="same", use_bias=False)
            for _ in range(4)
        ]
    given = keras.Input((1,))
    values = Held(shape)(given)
    for layer in made:
        values = layer(values)
    model = keras.Model(given, MeanLoss()(values))
    model.compile(keras.optimizers.SGD(1e-9))
    # the first layer has no gradient for what comes in
    passes = 3 * len(made) - 1
    return model, passes * work * math.prod(shape)


def _train(model, steps):
    """Seconds of some steps, sent off without waiting for each."""
    given = np.zeros((steps, 1), "float32")
    begin = time.perf_counter()
    model.fit(given, batch_size=1, shuffle=False, verbose=0)
    return time.perf_counter() - begin


def peak_bytes():
    """Memory of the device at its peak, or `None` where nobody tells it."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        told = jax.local_devices()[0].memory_stats() or {}
        return told.get("peak_bytes_in_use")
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated()
        return None
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return None
