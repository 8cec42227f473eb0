"""A comb and crops on the device -> a comb trained for some minutes.

Not by `Trainer`, which waits for every step: here the device gets the next
steps while it works.
"""

import time

import keras
import numpy as np

from helpers import augmentation, growth
from helpers.training.device_crops import device_autoencoder, sample_batch
from helpers.training.pace import Pace
from helpers.training.trainer import course_optimizer

LEARNING_RATE = 5e-3  # of `Trainer`


class Clock(keras.callbacks.Callback):
    """Ends a stage in time, and sets what changes meanwhile.

    Args:
        pace: `Pace`.
        steps: int, in an epoch, after which the device is waited for.
        deadline: float, as of `time.time()`.
    """

    def __init__(self, pace, steps, deadline):
        super().__init__()
        self.pace, self.steps, self.deadline = pace, steps, deadline
        self.epochs, self.spent = 0, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        rate = self.pace.learning_rate(LEARNING_RATE)
        self.model.optimizer.learning_rate = rate
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        if not np.isfinite(logs["loss"]):
            raise ValueError(f"The loss is a number. Received: {logs['loss']}")
        seconds = time.perf_counter() - self.began
        if epoch == 0:
            seconds = 0.0  # it compiles
        else:
            self.epochs += 1
            self.spent += seconds
        for _ in range(self.steps):
            self.pace.count_step(seconds / self.steps)
        late = self.epochs > 0 and time.time() > self.deadline
        self.model.stop_training = self.pace.stage_ended or late


def train(comb, crops, batch_sizes, minutes, deadline, steps=50):
    """Train a comb for some minutes, its batches cut on the device.

    The level below the top, then the top. What compiles is not counted.

    Args:
        comb: `Comb`.
        crops: dict of identity to `DeviceCrops`.
        batch_sizes: sequence of int, one a level: crops of each identity.
        minutes: float.
        deadline: float, as of `time.time()`, after which it ends anyway.
        steps: int, after which the device is waited for.

    Returns:
        `(seconds, trained)`: float, of a step at the top level, and all
        seconds of training.
    """
    top = comb.level
    schedule = growth.growth_schedule(top, 10**6, top - 1)
    pace, random = Pace(schedule, minutes), np.random.default_rng(0)
    while not pace.finished:
        level = pace.stage["level"]
        count = batch_sizes[level]

        def batches(count=count):
            while True:
                blend, plan = pace.blend, augmentation.DEFAULT
                yield (sample_batch(crops, random, count, blend, plan),)

        model = device_autoencoder(comb, crops, level)
        model.compile(course_optimizer(LEARNING_RATE))
        clock = Clock(pace, steps, deadline)
        model.fit(
            batches(),
            steps_per_epoch=steps,
            epochs=10**6,
            callbacks=[clock],
            shuffle=False,
            verbose=0,
        )
        pace.next_stage()
    seconds = clock.spent / max(1, clock.epochs * steps)
    return seconds, pace.state["seconds"]
