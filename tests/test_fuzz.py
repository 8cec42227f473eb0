"""Fuzzing: a few hundred tries of each target; `benchmarks.fuzz` makes more."""

import os

import pytest

from benchmarks import fuzz
from benchmarks.parts import fuzz_targets

TRIES = int(os.environ.get("FUZZ_TRIES", 60))
NAMES = (
    "manifest records crops unfinished report choose by_hand consent name "
    "truth photo video landmarks matrix"
).split()


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    return fuzz_targets.targets(tmp_path_factory.mktemp("seeds"))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_a_stranger_sends_is_a_traceback(targets, tmp_path, name):
    trial = fuzz.run(*targets[name], TRIES, tmp_path / "try")
    assert trial.kinds == {}
    assert sum(trial.counts.values()) >= TRIES // 2
