"""Curves and bars: that each number is drawn, or written."""

import numpy as np
import pytest

from helpers import plotting


def test_losses_are_drawn_with_every_level_marked_once():
    history = [
        {"step": step, "level": step // 4, "losses": {"Marco": 1 / (step + 1)}}
        for step in range(12)
    ]
    history[-1]["held_out"] = {"Marco": 0.1}
    figure = plotting.plot_losses(history)
    assert len(figure.axes) == 2
    written = [text.get_text() for text in figure.axes[0].texts]
    assert written == ["4", "8", "16 px"]
    np.testing.assert_allclose(
        figure.axes[0].lines[0].get_ydata(), 1 / np.arange(1, 13)
    )
    with pytest.raises(ValueError, match="no history"):
        plotting.plot_losses([])


def test_scores_write_the_number_even_of_a_bar_that_is_cut():
    pair = {
        "source": "Marco",
        "target": "Lena",
        "swap_skill": 0.41,
        "ceiling": 0.7,
        "unchanged_skill": -3.0,
    }
    figure = plotting.plot_scores([pair])
    written = [text.get_text() for text in figure.axes[0].texts]
    assert "0.41" in written
    assert "\N{MINUS SIGN}3.00" in written
    assert figure.axes[0].get_xlim()[0] > -1.5
    with pytest.raises(ValueError, match="no pairs"):
        plotting.plot_scores([])
