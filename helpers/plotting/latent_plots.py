"""Latents in, their joint map and the gaps in it as pictures out."""

import textwrap

import numpy as np
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from helpers.faces.face_set import evenly
from helpers.plotting.drawing import (
    DPI,
    INK,
    WIDTH,
    as_uint8,
    identity_colors,
    make_figure,
    strip_axes,
)


def plot_latent_map(points, labels, thumbnails=None, most=150, seed=0):
    """The joint map of the latents, with the faces behind the points.

    Args:
        points: float array, shape `(faces, 2)`. See `spaces.joint_map`.
        labels: string array, shape `(faces,)`. Identity of each.
        thumbnails: uint8 array, 0-255, or float array, 0-1, shape
            `(faces, height, width, 3)`, or `None` for dots alone.
        most: int. Thumbnails drawn at most, where they cover each other
            least.
        seed: int. Chooses among them.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if the lengths differ.
    """
    points, labels = np.asarray(points), np.asarray(labels)
    lengths = {len(points), len(labels)}
    lengths |= {len(points) if thumbnails is None else len(thumbnails)}
    if len(lengths) != 1:
        raise ValueError(
            "Points, labels and thumbnails belong together one by one. "
            f"Received: lengths {sorted(lengths)}"
        )
    colors = identity_colors(dict.fromkeys(labels.tolist()))
    figure = make_figure(WIDTH, 6.5 if thumbnails is not None else 5.0)
    axes = figure.subplots()
    strip_axes(axes)
    for identity, color in colors.items():
        own = points[labels == identity]
        axes.scatter(
            *own.T,
            s=16,
            color=color,
            alpha=0.75,
            linewidths=0,
            label=identity,
        )
    axes.margins(0.06)
    if thumbnails is not None:
        rows = _spread_rows(points, most, seed)
        for row, color in zip(rows, map(colors.get, labels[rows]), strict=True):
            _add_thumbnail(axes, points[row], thumbnails[row], color)
    figure.legend(
        loc="outside upper left", ncols=6, frameon=False, markerscale=2
    )
    return figure


def plot_maps(maps, labels, ringed=()):
    """Maps of the same faces, side by side, some of the faces ringed.

    Args:
        maps: dict from title to float array, shape `(faces, 2)`.
        labels: string array, shape `(faces,)`. Identity of each.
        ringed: int array. Rows of the faces that are ringed.

    Returns:
        `matplotlib.figure.Figure`.
    """
    colors = identity_colors(dict.fromkeys(labels.tolist()))
    figure = make_figure(WIDTH, 1.05 * WIDTH / len(maps))
    grid = figure.subplots(1, len(maps), squeeze=False)[0]
    for axes, (title, points) in zip(grid, maps.items(), strict=True):
        strip_axes(axes)
        axes.set_title(title, fontsize=11, color=INK)
        for identity, color in colors.items():
            own = points[labels == identity]
            axes.scatter(*own.T, s=9, color=color, alpha=0.6, linewidths=0)
        ring = {"facecolors": "none", "edgecolors": INK, "linewidths": 0.7}
        axes.scatter(*points[ringed].T, s=26, **ring)
        axes.margins(0.06)
    for identity, color in colors.items():
        grid[0].scatter([], [], s=16, color=color, label=identity)
    figure.legend(
        loc="outside upper left", ncols=6, frameon=False, markerscale=2
    )
    return figure


def plot_gaps(pairs, thumbnails, columns=9, advice=True):
    """What is missing: images without a counterpart, and the nearest there is.

    For every gap its advice, a row of the target's images, the loneliest
    first, and below each the face of the source that comes nearest.

    Args:
        pairs: list of `gaps.Pair`.
        thumbnails: uint8 array, shape `(faces, height, width, 3)`, of all
            encoded faces.
        columns: int. Images of a gap shown at most, evenly spread over it.
        advice: bool. Whether it is said what they have in common.

    Returns:
        `matplotlib.figure.Figure`.
    """
    gaps = [(pair, gap) for pair in pairs for gap in pair.gaps]
    if not gaps:
        figure = make_figure(WIDTH, 0.6)
        figure.suptitle("No gap is found", color=INK, fontsize=11)
        return figure
    figure = make_figure(WIDTH, 2.5 * len(gaps))
    parts = figure.subfigures(len(gaps), squeeze=False)[:, 0]
    for part, (pair, gap) in zip(parts, gaps, strict=True):
        words = gap.advice if advice else "What do the upper ones do?"
        lines = textwrap.fill(words, 100)
        part.suptitle(lines, color=INK, fontsize=10, x=0.01, ha="left")
        shown = evenly(len(gap.rows), columns)
        grid = part.subplots(2, columns, squeeze=False)
        for axes in grid.flat:
            strip_axes(axes)
        for row, (name, images) in enumerate(
            (
                (pair.target, gap.rows[shown]),
                (f"nearest of\n{pair.source}", gap.counterparts[shown, 0]),
            )
        ):
            for axes, image in zip(grid[row], images, strict=False):
                axes.imshow(thumbnails[image], interpolation="lanczos")
            grid[row, 0].set_ylabel(
                name, rotation=0, ha="right", va="center", color=INK
            )
    return figure


def _add_thumbnail(axes, point, image, color, pixels=34):
    image = as_uint8(image)
    # an OffsetImage is drawn at zoom * 1/72 inch a pixel
    shown = OffsetImage(image, zoom=pixels / len(image) * 72 / DPI)
    frame = {"facecolor": color, "edgecolor": "none"}
    axes.add_artist(AnnotationBbox(shown, point, pad=0.12, bboxprops=frame))


def _spread_rows(points, most, seed, cells=(18, 12)):
    """Rows of which no two share a cell of a grid over the map."""
    low, high = points.min(axis=0), points.max(axis=0)
    place = (points - low) / np.maximum(high - low, 1e-12)
    place = np.minimum(place * cells, np.array(cells) - 1).astype(int)
    order = np.random.default_rng(seed).permutation(len(points))
    _, first = np.unique(place[order] @ (1, cells[0]), return_index=True)
    return order[np.sort(first)][:most]
