"""What one hardly ever does: its words, and whether it was chance."""

import numpy as np
import pytest

from helpers.latents import gap_search
from helpers.latents.descriptions import FEATURES

NAMES = [feature.name for feature in FEATURES]


def test_words_of_a_gap_are_those_of_notebook_04():
    yaw = FEATURES[NAMES.index("yaw")]
    assert gap_search.gap_in_words(("head turned left",), [(yaw, -15)]) == (
        "head turned left (beyond -15°)"
    )


def test_stretches_of_footage_and_not_frames_say_what_is_luck():
    stretches = np.repeat(np.arange(10), 8)
    always, never = np.ones(80, bool), np.zeros(80, bool)
    # ten of ten stretches against none: 1 / (20 over 10)
    chance = gap_search.luck((stretches, always), (stretches, never))
    assert chance == pytest.approx(1 / 184756)
    assert gap_search.luck((stretches, always), (stretches, always)) == 1
    # as many frames of a single stretch prove nothing
    lone = np.zeros(80, int)
    assert gap_search.luck((lone, always), (lone, never)) == pytest.approx(0.5)
