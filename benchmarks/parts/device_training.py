"""A comb and crops on the device -> a comb trained for some minutes.

Not by `Trainer`, which waits for every step: here the device gets the next
steps while it works.
"""

import time

import numpy as np

from benchmarks.parts.device_crops import device_autoencoder, sample_batch
from helpers import augmentation, growth
from helpers.training.pace import Pace
from helpers.training.trainer import course_optimizer

LEARNING_RATE = 5e-3  # of `Trainer`
ROUND = 3.0  # seconds, about, after which the device is waited for


def train(comb, crops, batch_sizes, minutes, deadline):
    """Train a comb for some minutes, its batches cut on the device.

    The level below the top, then the top. What compiles is not counted.

    Args:
        comb: `Comb`.
        crops: dict of identity to `DeviceCrops`.
        batch_sizes: sequence of int, one a level: crops of each identity.
        minutes: float.
        deadline: float, as of `time.time()`, after which it ends anyway.

    Returns:
        `(seconds, trained)`: float, of a step at the top level, and all
        seconds of training.

    Raises:
        ValueError: if a loss is no number.
    """
    top = comb.level
    pace = Pace(growth.growth_schedule(top, 10**6, top - 1), minutes)
    random = np.random.default_rng(0)
    while not pace.finished:
        level = pace.stage["level"]
        model = device_autoencoder(comb, crops, level)
        model.compile(course_optimizer(LEARNING_RATE))

        def take_steps(steps, model=model, count=batch_sizes[level]):
            options = pace.blend, augmentation.DEFAULT
            model.optimizer.learning_rate = pace.learning_rate(LEARNING_RATE)
            batches = (
                (sample_batch(crops, random, count, *options),)
                for _ in range(steps)
            )
            begin = time.perf_counter()
            past = model.fit(
                batches, steps_per_epoch=steps, shuffle=False, verbose=0
            )
            seconds = time.perf_counter() - begin
            if not np.isfinite(past.history["loss"][-1]):
                raise ValueError(
                    f"The loss is a number. Received: {past.history['loss']}"
                )
            return seconds

        take_steps(1)  # compiles
        steps = 1
        while not pace.stage_ended:
            seconds = take_steps(steps)
            for _ in range(steps):
                pace.count_step(seconds / steps)
            step_seconds = seconds / steps  # of the last, longest round
            if time.time() > deadline:
                break
            if seconds < ROUND / 2:
                steps *= 2
        pace.next_stage()
    return step_seconds, pace.state["seconds"]
