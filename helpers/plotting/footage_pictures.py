"""The report on footage as a picture: what everybody does, what is missing.

Drawn with matplotlib through `drawing`, whose colours and figures it shares.
"""

import textwrap

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from helpers.latents.descriptions import FEATURES, feature_label
from helpers.plotting.drawing import INK, PALE, PALETTE, WIDTH, make_figure

ROW = 0.72  # inches a feature
COLUMN = 2.4  # inches an identity, at least
HAS, LACKS = PALETTE[0], PALETTE[1]


def plot_footage_report(report):
    """A row a feature, a column an identity, bars for how often.

    Filled bars are the identity's own faces, the line is what the others do
    on average. Hatched is what others do and this one lacks, or too little of
    it: told apart by its hatching, too, not by colour alone.

    Args:
        report: dict from `footage_report.footage_report()`.

    Returns:
        `matplotlib.figure.Figure`.
    """
    identities = report["identities"]
    width = max(WIDTH, COLUMN * len(identities) + 0.8)
    figure = make_figure(width, ROW * len(FEATURES) + 0.9)
    figure.get_layout_engine().set(h_pad=0.01, hspace=0.02)
    grid = figure.subplots(len(FEATURES), len(identities), squeeze=False)
    for row, feature in zip(grid, FEATURES, strict=True):
        edges = np.array(report["edges"][feature.name])
        shares = {
            name: _shares(own["features"][feature.name]["counts"])
            for name, own in identities.items()
        }
        top = max(share.max() for share in shares.values())
        for axes, (name, own) in zip(row, identities.items(), strict=True):
            others = [shares[each] for each in shares if each != name]
            missing = own["features"][feature.name]["missing"]
            _draw(axes, edges, shares[name], others, missing)
            axes.set_ylim(0, 1.5 * top)  # room for the words
            _write_ends(axes, feature)
            if own["features"][feature.name]["rough"]:
                _write(axes, 0.5, 0.73, "rough reading", "center", PALE)
        row[0].set_ylabel(
            "\n".join(
                [
                    *textwrap.wrap(feature_label(feature), 11),
                    feature.unit.strip(),
                ]
            ),
            rotation=0,
            ha="right",
            va="center",
            color=INK,
            fontsize=9,
        )
    for axes, (name, own) in zip(grid[0], identities.items(), strict=True):
        axes.set_title(f"{name}\n{own['verdict']}", fontsize=10, color=INK)
    _explain(figure, len(identities) > 1)
    return figure


def _shares(counts):
    return np.array(counts) / max(sum(counts), 1)


def _draw(axes, edges, shares, others, missing):
    axes.stairs(shares, edges, fill=True, color=HAS)
    if others:
        others = np.mean(others, axis=0)
        axes.stairs(others, edges, color=INK, linewidth=1.1)
        wanted = np.where(missing, np.maximum(others, shares), np.nan)
    else:
        wanted = np.where(missing, shares, np.nan)
    axes.bar(
        edges[:-1],
        wanted,
        np.diff(edges),
        align="edge",
        facecolor="none",
        edgecolor=LACKS,
        linewidth=0,
        hatch="////",
    )
    for place in np.flatnonzero(missing):
        axes.axvspan(
            edges[place], edges[place + 1], 0, 0.06, color=LACKS, linewidth=0
        )
    axes.set_xlim(edges[0], edges[-1])
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PALE)
    axes.tick_params(axis="x", colors=PALE, labelsize=6, length=2, pad=1)
    axes.locator_params(axis="x", nbins=5)


def _write_ends(axes, feature):
    # arrows: a bar at the end may be of faces that all look ahead
    if feature.low:
        _write(axes, 0.01, 0.87, f"\u2190 {feature.low}", "left", INK)
    if feature.high:
        _write(axes, 0.99, 0.87, f"{feature.high} \u2192", "right", INK)


def _write(axes, x, y, text, side, color):
    axes.text(
        x,
        y,
        text,
        transform=axes.transAxes,
        ha=side,
        va="center",
        fontsize=6.5,
        color=color,
    )


def _explain(figure, compared):
    """What bars, line and hatching mean, in one line below."""
    handles = [Patch(color=HAS, label="own faces")]
    if compared:
        handles += [
            Line2D([], [], color=INK, label="what the others do"),
            Patch(fill=False, edgecolor=LACKS, hatch="////", label="missing"),
        ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=8,
        title="left and right are those of the picture",
        title_fontsize=8,
    )
