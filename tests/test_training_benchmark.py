"""What `bench training` says of the input: whether a step waits for it."""

import numpy as np
import pytest

from benchmarks.training import TURN, compare_turns
from helpers.training.batches_ahead import AHEAD


def seconds_of_steps(cutting, steps):
    """A training whose steps take 1 s, and whose batches two threads cut."""
    threads, ready, ends, now = [0.0, 0.0], [], [], 0.0
    for step in range(steps):
        while len(ready) < step + AHEAD:
            first = int(np.argmin(threads))
            seconds = 0.0 if len(ready) // TURN % 2 else cutting
            threads[first] = max(threads[first], now) + seconds
            ready.append(threads[first])
        now = max(now, ready[step]) + 1.0
        ends.append(now)
    return np.diff(ends)[:, None]


@pytest.mark.parametrize("cutting, ratio", [(1, 1), (1.9, 1), (4, 0.5)])
def test_the_input_holds_a_step_if_two_threads_cut_more_slowly(cutting, ratio):
    cut, fixed = compare_turns(seconds_of_steps(cutting, 4 * TURN))
    assert fixed / cut == pytest.approx(ratio)
