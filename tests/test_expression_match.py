"""Expressions of swaps beside their target's: known slopes come back."""

import numpy as np
import pytest

from helpers.faces.readers.blendshapes import NAMES
from helpers.proof import expression_match
from helpers.proof.expression_match import match_expressions


def film(frames=50, **moving):
    """Blendshapes of which some move as they are told."""
    read = np.full((frames, 52), 0.1)
    for name, values in moving.items():
        read[:, NAMES.index(name)] = values
    return read


WAVE = np.sin(np.linspace(0, 9, 50))


def test_a_swap_that_does_the_same_is_right():
    target = film(jawOpen=0.4 + 0.3 * WAVE)
    match = match_expressions(target, target)
    assert match["expression_correlation"] == pytest.approx(1)
    assert match["expression_slope"] == pytest.approx(1)
    assert list(match["expression_by_behaviour"]) == ["jaw"]


def test_half_a_movement_has_half_the_slope_and_all_of_the_correlation():
    target = film(jawOpen=0.4 + 0.3 * WAVE, mouthPucker=0.4 - 0.2 * WAVE)
    # another face: it smiles all the time, which is no fault here
    swaps = film(jawOpen=0.2 + 0.15 * WAVE, mouthPucker=0.2, mouthSmileLeft=0.9)
    match = match_expressions(target, swaps)
    jaw, pucker = match["expression_by_behaviour"].values()
    assert jaw["correlation"] == pytest.approx(1)
    assert jaw["slope"] == pytest.approx(0.5)
    assert jaw["spread"] == pytest.approx(0.3 * WAVE.std())
    # what stands still goes with nothing
    assert pucker["correlation"] == pytest.approx(0, abs=1e-9)
    assert pucker["slope"] == pytest.approx(0, abs=1e-9)
    assert match["expression_slope"] == pytest.approx(0.25)


def test_what_stands_still_in_the_target_is_not_judged():
    least = expression_match.LEAST_SPREAD / WAVE.std()
    still = film(jawOpen=0.4 + 0.9 * least * WAVE)
    assert np.isnan(match_expressions(still, still)["expression_slope"])
    with pytest.raises(ValueError, match="their own frames"):
        match_expressions(still, still[1:])
