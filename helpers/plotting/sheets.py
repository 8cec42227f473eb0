"""Crops in, sheets of them side by side out."""

import textwrap

import numpy as np

from helpers.plotting.drawing import (
    INK,
    PALETTE,
    WIDTH,
    as_uint8,
    make_figure,
    strip_axes,
)

CARD = 110  # letters of a line


def plot_contact_sheet(crops, captions=None, columns=10):
    """Crops side by side, row by row.

    Args:
        crops: uint8 array, 0-255, or float array, 0-1, shape
            `(faces, height, width, 3)`.
        captions: sequence of str, one a crop, or `None`.
        columns: int.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is no crop, or not one caption a crop.
    """
    if not len(crops):
        raise ValueError("A contact sheet needs crops. Received: 0 of them")
    if captions is not None and len(captions) != len(crops):
        raise ValueError(
            "Expected one caption a crop. Received: "
            f"{len(captions)} captions for {len(crops)} crops"
        )
    columns = min(columns, len(crops))
    rows = -(-len(crops) // columns)
    cell = min(WIDTH / columns, 1.8)
    tall = cell + (0.2 if captions is not None else 0)
    figure = make_figure(cell * columns, tall * rows)
    figure.get_layout_engine().set(w_pad=0.015, h_pad=0.015, hspace=0, wspace=0)
    grid = figure.subplots(rows, columns, squeeze=False)
    for index, axes in enumerate(grid.flat):
        strip_axes(axes)
        if index < len(crops):
            axes.imshow(as_uint8(crops[index]), interpolation="lanczos")
            if captions is not None:
                axes.set_title(captions[index], fontsize=8, color=INK, pad=2)
    return figure


def plot_card(words, picture=None):
    """Some words, and the picture that they are about below them.

    Args:
        words: str, of one line or more.
        picture: uint8 array, 0-255, or float array, 0-1, shape `(height,
            width, 3)`, or `None` for the words alone.

    Returns:
        `matplotlib.figure.Figure`.
    """
    lines = [textwrap.fill(line, CARD) for line in words.splitlines()]
    text = "\n".join(lines)
    tall = 0.45 + 0.19 * text.count("\n")
    if picture is not None:
        tall += min(WIDTH * picture.shape[0] / picture.shape[1], WIDTH)
    figure = make_figure(WIDTH, tall)
    figure.suptitle(text, x=0.01, ha="left", color=INK, fontsize=10)
    if picture is not None:
        axes = figure.subplots()
        strip_axes(axes)
        axes.imshow(as_uint8(picture))
    return figure


def plot_preview(rows, columns=8):
    """Rows of crops that belong together: target, own, swap, truth, ...

    Args:
        rows: dict from row title to uint8 array, 0-255, or float array, 0-1,
            shape `(faces, height, width, 3)`; column i of all rows is the
            same frame.
        columns: int. Faces shown at most.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is nothing to show, or if the rows differ in
            length.
    """
    counts = {title: len(images) for title, images in rows.items()}
    if len(set(counts.values())) != 1 or not max(counts.values()):
        raise ValueError(
            "Every row needs the same number of crops, at least one. "
            f"Received: {counts}"
        )
    columns = min(columns, max(counts.values()))
    lines = [line for title in rows for line in title.split("\n")]
    margin = 0.25 + 0.09 * max(len(line) for line in lines)
    side = min((WIDTH - margin) / columns, 1.6)
    figure = make_figure(side * columns + margin, side * len(rows))
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, hspace=0, wspace=0)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (title, images) in zip(grid, rows.items(), strict=True):
        for axes, image in zip(line, images, strict=False):
            strip_axes(axes)
            axes.imshow(as_uint8(image), interpolation="lanczos")
        line[0].set_ylabel(
            title,
            rotation=0,
            ha="right",
            va="center",
            color=INK,
            fontsize=11,
            labelpad=8,
        )
    return figure


def plot_swap_matrix(targets, swaps):
    """Everybody as everybody: columns are targets, rows are sources.

    The framed pictures are those of a person as themselves: their own
    reconstruction.

    Args:
        targets: dict from identity to uint8 array, 0-255, or float array,
            0-1, shape `(height, width, 3)`. A crop of each.
        swaps: dict from the source's identity to an array, shape `(targets,
            height, width, 3)`: what its decoder draws of each target.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if a source has not one picture a target.
    """
    rows = {"target": np.stack(list(targets.values()))}
    rows |= {f"as {source}": drawn for source, drawn in swaps.items()}
    figure = plot_preview(rows, columns=len(targets))
    # room for the titles, and for labels at the very edge
    figure.set_size_inches(figure.get_size_inches() + (0.2, 0.3))
    figure.get_layout_engine().set(w_pad=0.03)
    grid = np.reshape(figure.axes, (len(rows), len(targets)))
    for axes, target in zip(grid[0], targets, strict=True):
        axes.set_title(target, fontsize=11, color=INK)
    for line, source in zip(grid[1:], swaps, strict=True):
        for axes, target in zip(line, targets, strict=True):
            if source == target:
                axes.spines[:].set(visible=True, color=PALETTE[0], linewidth=3)
    return figure
