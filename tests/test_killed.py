"""Kill -9 at random moments: what goes on comes out the same, to the bit."""

import pytest

from benchmarks import kill


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_run_killed_at_random_moments_comes_out_the_same(tmp_path, kills):
    kill.film(tmp_path / "footage", 1, 4, 40)
    _, whole, killed = kill.kill_often(tmp_path / "footage", tmp_path, kills)
    assert whole == killed
