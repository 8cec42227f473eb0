"""Losses and scores in, curves and bars of them out."""

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from helpers.plotting.drawing import (
    INK,
    PALE,
    PALETTE,
    WIDTH,
    identity_colors,
    make_figure,
    strip_axes,
    style_axes,
)


def plot_losses(history):
    """Losses of each identity over the steps, with the growth marked.

    Args:
        history: list of dicts, one a line of the log, each with `step`
            (int) and some of: `losses` (dict from identity to float),
            `held_out` (dict from identity to float, the error of
            reconstructing takes never trained on), `level` (int).

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if the history is empty.
    """
    if not history:
        raise ValueError("There is nothing to plot. Received: no history")
    names = list(dict.fromkeys(n for e in history for n in e.get("losses", {})))
    colors = identity_colors(names)
    has_held_out = any(entry.get("held_out") for entry in history)
    figure = make_figure(WIDTH, 3.2)
    plots = figure.subplots(1, 1 + has_held_out, squeeze=False)[0]
    style = {"color": INK, "loc": "left", "fontsize": 11, "pad": 16}
    plots[0].set_title("Loss in training", **style)
    _plot_curves(plots[0], history, "losses", colors)
    if has_held_out:
        plots[1].set_title("The same on takes never trained on", **style)
        _plot_curves(plots[1], history, "held_out", colors)
    for axes in plots:
        _mark_levels(axes, history)
        axes.set_xlabel("step", color=INK)
        style_axes(axes)
    if names:
        plots[0].legend(frameon=False, fontsize=9, loc="upper right")
    return figure


def _plot_curves(axes, history, key, colors):
    lowest = np.inf
    for name, color in colors.items():
        entries = [e for e in history if name in (e.get(key) or {})]
        steps = [entry["step"] for entry in entries]
        values = [entry[key][name] for entry in entries]
        axes.plot(steps, values, color=color, linewidth=1.8, label=name)
        if values:
            axes.plot(steps[-1], values[-1], "o", color=color, markersize=4)
        lowest = min([lowest, *values])
    # a logarithm shows the late, small gains; it cannot show a zero
    if 0 < lowest < np.inf:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
        axes.yaxis.set_minor_locator(NullLocator())


def _mark_levels(axes, history):
    """A line where a level starts, with the side of its pictures."""
    level = None
    top = max((entry.get("level") or 0 for entry in history), default=0)
    for entry in history:
        if entry.get("level") is None or entry["level"] == level:
            continue
        level = entry["level"]
        # the low levels are soon over: their numbers stand side by side
        unit = " px" if level == top else ""
        axes.axvline(entry["step"], color=PALE, linewidth=0.9, linestyle=":")
        axes.text(
            entry["step"],
            1.01,
            f"{4 * 2**level}{unit}",
            transform=axes.get_xaxis_transform(),
            color=PALE,
            fontsize=8,
            ha="center",
        )


def plot_scores(scores):
    """Skills of each pair as bars: swap, ceiling, unchanged, mean face.

    Args:
        scores: dict from `evaluation.swap_scores`, or a list of its pairs:
            dicts with `source`, `target`, `swap_skill`, `ceiling`,
            `unchanged_skill`, and maybe `expression_skill`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is no pair.
    """
    pairs = scores["pairs"] if isinstance(scores, dict) else scores
    if not pairs:
        raise ValueError("There is nothing to plot. Received: no pairs")
    bars = {
        "ceiling": ("the source's own decoder (ceiling)", "#C9D3DB"),
        "swap_skill": ("swap", PALETTE[0]),
        "expression_skill": ("expression of the swap", PALETTE[2]),
        "unchanged_skill": ("target left as it is", PALETTE[1]),
    }
    bars = {key: bar for key, bar in bars.items() if key in pairs[0]}
    figure = make_figure(WIDTH, 1.1 + 0.25 * len(bars) * len(pairs))
    axes = figure.subplots()
    height = 0.8 / len(bars)
    lowest = min(0, *(pair[key] for pair in pairs for key in bars))
    # a bar far below zero would flatten all others: cut it, write its number
    floor = max(lowest, -1.0)
    for index, (key, (label, color)) in enumerate(bars.items()):
        values = np.array([pair[key] for pair in pairs])
        middles = np.arange(len(pairs)) + (index - (len(bars) - 1) / 2) * height
        lengths = np.maximum(values, floor)
        axes.barh(middles, lengths, 0.86 * height, color=color, label=label)
        for middle, value in zip(middles, values, strict=True):
            _write_skill(axes, value, middle, floor)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_xlim(floor - 0.03, 1.08)
    axes.set_yticks(
        range(len(pairs)),
        [f"{pair['source']}\non {pair['target']}" for pair in pairs],
    )
    axes.invert_yaxis()
    axes.set_xlabel("skill: 0 = the mean face, 1 = the truth", color=INK)
    style_axes(axes, grid="x")
    figure.legend(loc="outside upper left", ncols=4, frameon=False, fontsize=9)
    return figure


def _write_skill(axes, value, middle, floor):
    style = {"va": "center", "fontsize": 9}
    number = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
    axes.text(max(value, 0) + 0.01, middle, number, color=INK, **style)
    if value < floor:
        axes.text(floor + 0.01, middle, "◀", color="white", **style)


def plot_clip_report(report):
    """The worst frames of a swapped clip, and its figures frame by frame.

    Args:
        report: `clip_report.ClipReport`.

    Returns:
        `matplotlib.figure.Figure`: on top the frames before and after the
        swap, and three times their difference; below a curve for each figure.
    """
    columns = len(report.shown)
    names = [name for name in report.curves if name != "times"]
    names = [n for n in names if np.isfinite(report.curves[n]).any()]
    side = WIDTH / columns
    figure = make_figure(WIDTH, 3 * side + 0.5 + 0.75 * len(names))
    above, below = figure.subfigures(
        2, 1, height_ratios=(3 * side + 0.5, 0.75 * len(names))
    )
    grid = above.subplots(3, columns, squeeze=False)
    for place, (caption, target, swap) in zip(
        grid.T, report.shown, strict=True
    ):
        difference = np.abs(swap.astype(int) - target) * 3
        rows = target, swap, np.minimum(difference, 255).astype(np.uint8)
        for axes, picture in zip(place, rows, strict=True):
            axes.imshow(picture)
            strip_axes(axes)
        place[0].set_title(caption, fontsize=8, color=INK)
    for axes, name in zip(
        grid[:, 0], ("target", "swap", "3 x difference"), strict=True
    ):
        axes.set_ylabel(name, fontsize=8, color=INK)
    curves = below.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name, color in zip(curves, names, PALETTE, strict=False):
        axes.plot(report.curves["times"], report.curves[name], color=color)
        style_axes(axes)
        axes.tick_params(labelsize=7)
        axes.set_ylabel(
            name.replace("_", "\n"),
            fontsize=8,
            color=INK,
            rotation=0,
            ha="right",
        )
    curves[-1].set_xlabel("seconds", fontsize=8, color=INK)
    return figure
