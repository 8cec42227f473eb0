"""What `bench training` says of the input: whether a step waits for it."""

import time

import test_trainer

from benchmarks.training import measure_steps


class SlowData:
    """Batches from a slow disk: they take time, and nothing of the CPU."""

    def __init__(self, data, seconds):
        self.data = data
        self.seconds = seconds

    def __getattr__(self, name):
        return getattr(self.data, name)

    def batch(self, *options):
        time.sleep(self.seconds)
        return self.data.batch(*options)


def test_a_step_waits_for_batches_that_take_no_cpu():
    comb, data = test_trainer.small_comb(), test_trainer.identity_data()
    measured = measure_steps(comb, SlowData(data, 1.0), 2, steps=4)
    assert measured["seconds"][0] > 0.4  # two threads, a second each
    assert measured["pipeline"] < 0.7  # the network takes milliseconds
    assert measured["input"] < 1
