"""Skill over training time: the mean and the spread of the seeds."""

import numpy as np
import pytest

from benchmarks.parts.skill_curves import plot_skill_curves


def test_skill_curves_show_the_mean_and_the_spread_of_the_seeds():
    def run(system, seed, *skills):
        points = [
            {"seconds": 10.0 * k, "own": skill, "swap": -skill}
            for k, skill in enumerate(skills)
        ]
        return {"system": system, "seed": seed, "points": points}

    curves = [run("flat", 0, 0.0, 0.2, 0.4), run("flat", 1, 0.2, 0.4)]
    curves.append(run("classic", 0, 0.0, 0.1))
    figure = plot_skill_curves(curves)
    own, swap = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "own skill",
        "swap skill",
    ]
    mean, _, zero = own.lines
    # no seed is drawn beyond its end
    assert mean.get_xdata()[[0, -1]].tolist() == [0, 10]
    np.testing.assert_allclose(mean.get_ydata()[[0, -1]], [0.1, 0.3])
    np.testing.assert_allclose(swap.lines[0].get_ydata()[[0, -1]], [-0.1, -0.3])
    assert list(zero.get_ydata()) == [0, 0]
    low, high = own.collections[0].get_paths()[0].get_extents().intervaly
    np.testing.assert_allclose([low, high], [0.0, 0.4])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ["flat", "classic"]
    with pytest.raises(ValueError, match="Received: no curves"):
        plot_skill_curves([])
