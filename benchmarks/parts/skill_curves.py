"""Training runs in, a picture of their skill over time out."""

import numpy as np

from helpers.plotting.drawing import (
    INK,
    WIDTH,
    identity_colors,
    make_figure,
    style_axes,
)


def plot_skill_curves(curves, skills=("own", "swap")):
    """Skill over training time: the mean over the seeds, and their spread.

    Args:
        curves: list of dicts, one a training run: `system` (str), `seed` and
            `points`, dicts with `seconds` and one float for each skill.
        skills: keys of the points, one panel each.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is no curve.
    """
    if not curves:
        raise ValueError("There is nothing to plot. Received: no curves")
    systems = list(dict.fromkeys(curve["system"] for curve in curves))
    colors = identity_colors(systems)
    figure = make_figure(WIDTH, 3.4)
    panels = figure.subplots(1, len(skills), squeeze=False)[0]
    for axes, skill in zip(panels, skills, strict=True):
        for system in systems:
            runs = [c["points"] for c in curves if c["system"] == system]
            _plot_skill(axes, runs, skill, system, colors[system])
        axes.axhline(0, color=INK, linewidth=1)
        axes.set_ylim(bottom=-1)  # an untrained network is far below
        axes.set_title(f"{skill} skill", color=INK, loc="left", fontsize=11)
        axes.set_xlabel("seconds of training", color=INK)
        style_axes(axes)
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside upper left",
        ncols=len(systems),
        frameon=False,
        fontsize=9,
    )
    return figure


def _plot_skill(axes, runs, skill, label, color):
    # no run is extended beyond its end
    end = min(points[-1]["seconds"] for points in runs)
    seconds = np.linspace(0, end, 200)
    values = np.array(
        [
            np.interp(
                seconds,
                [point["seconds"] for point in points],
                [point[skill] for point in points],
            )
            for points in runs
        ]
    )
    axes.plot(seconds, values.mean(axis=0), color=color, label=label)
    axes.fill_between(
        seconds,
        values.min(axis=0),
        values.max(axis=0),
        color=color,
        alpha=0.15,
        linewidth=0,
    )
