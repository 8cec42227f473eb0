"""Pictures: crops, numbers and latents in, matplotlib figures out.

The only user of matplotlib. Figures are made without pyplot, so nothing is
shown, kept or changed behind the reader's back, with or without a screen.
"""

import io
import textwrap

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.ticker import LogLocator, NullLocator
from PIL import Image

from helpers.faces.face_set import evenly
from helpers.files import manifests

# Okabe and Ito's colours, told apart by colour-blind readers too
PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#8A6D00",
)
INK = "#22303C"
PALE = "#8A97A3"
PAPER = "#F3F5F7"
WIDTH = 9.0  # inches: a notebook's column at DPI
DPI = 100
# the way of the data, and the notebooks that go it
STAGES = {
    "footage": "01",
    "faces": "01",
    "comb": "02 · 03",
    "latents": "04",
    "swap": "05",
}


class Picture(Figure):
    """A figure that a notebook shows by itself, without pyplot."""

    def _repr_png_(self):
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def identity_colors(identities):
    """A colour for each identity, the same in every figure of a notebook.

    Args:
        identities: sequence of str, in a fixed order.

    Returns:
        dict from identity to a colour as `"#rrggbb"`.
    """
    return {
        identity: PALETTE[index % len(PALETTE)]
        for index, identity in enumerate(identities)
    }


def value_colors(values):
    """A colour for each number, from dark for low ones to bright for high.

    Args:
        values: float array, shape `(faces,)`. The outermost hundredths share
            the end colours.

    Returns:
        Tuple of a list of `"#rrggbb"` and a list of `(colour, value)` that
        explains both ends and the middle.
    """
    low, high = np.quantile(values, [0.01, 0.99])
    span = max(high - low, 1e-12)

    def colors_of(numbers):
        shades = colormaps["viridis"]((np.asarray(numbers) - low) / span)
        return [to_hex(shade) for shade in shades]

    ends = [low, (low + high) / 2, high]
    return colors_of(values), list(zip(colors_of(ends), ends, strict=True))


def _figure(width, height):
    return Picture(
        figsize=(width, height),
        dpi=DPI,
        layout="constrained",
        facecolor="white",
    )


def _plain_axes(axes, grid="y"):
    """Axes with no box, small pale ticks and a faint grid."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PALE)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color="#E3E8EC", linewidth=0.8)


def _empty_axes(axes):
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def as_uint8(images):
    """Images ready to be shown, whatever their range.

    Args:
        images: uint8 array, 0-255, or float array, 0-1.

    Returns:
        uint8 array, same shape, 0-255.
    """
    images = np.asarray(images)
    if images.dtype == np.uint8:
        return images
    return (np.clip(images, 0, 1) * 255).round().astype(np.uint8)


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
    figure = _figure(cell * columns, tall * rows)
    figure.get_layout_engine().set(w_pad=0.015, h_pad=0.015, hspace=0, wspace=0)
    grid = figure.subplots(rows, columns, squeeze=False)
    for index, axes in enumerate(grid.flat):
        _empty_axes(axes)
        if index < len(crops):
            axes.imshow(as_uint8(crops[index]), interpolation="lanczos")
            if captions is not None:
                axes.set_title(captions[index], fontsize=8, color=INK, pad=2)
    return figure


def plot_histograms(records, fields=("yaw", "pitch", "sharpness")):
    """How the faces of each identity are spread.

    Args:
        records: dict from identity to a list of records of its face set.
        fields: sequence of str. Number fields of a record, one plot each;
            yaw, pitch and roll are in degrees.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if no record holds one of the fields.
    """
    units = {name: "degrees" for name in ("yaw", "pitch", "roll")}
    colors = identity_colors(records)
    figure = _figure(WIDTH, 2.5)
    plots = figure.subplots(1, len(fields), squeeze=False)[0]
    for axes, field in zip(plots, fields, strict=True):
        values = {
            identity: [
                record[field] for record in own if record.get(field) is not None
            ]
            for identity, own in records.items()
        }
        pooled = [value for own in values.values() for value in own]
        if not pooled:
            raise ValueError(
                f"No record holds {field!r}. Received: {len(records)} "
                "identities; write the face sets again with notebook "
                "01_data_generation"
            )
        edges = np.histogram_bin_edges(pooled, bins=24)
        for identity, own in values.items():
            axes.hist(own, edges, color=colors[identity], alpha=0.18)
            axes.hist(
                own,
                edges,
                color=colors[identity],
                histtype="step",
                linewidth=1.6,
                label=identity,
            )
        unit = f" ({units[field]})" if field in units else ""
        axes.set_xlabel(field + unit, color=INK)
        _plain_axes(axes)
    plots[0].set_ylabel("faces", color=INK)
    handles, names = plots[0].get_legend_handles_labels()
    figure.legend(
        handles, names, loc="outside upper left", ncols=8, frameon=False
    )
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
    figure = _figure(side * columns + margin, side * len(rows))
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, hspace=0, wspace=0)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (title, images) in zip(grid, rows.items(), strict=True):
        for axes, image in zip(line, images, strict=False):
            _empty_axes(axes)
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
    figure = _figure(WIDTH, 3.2)
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
        _plain_axes(axes)
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
    for entry in history:
        if entry.get("level") is None or entry["level"] == level:
            continue
        level = entry["level"]
        axes.axvline(entry["step"], color=PALE, linewidth=0.9, linestyle=":")
        axes.text(
            entry["step"],
            1.01,
            f"{4 * 2**level} px",
            transform=axes.get_xaxis_transform(),
            color=PALE,
            fontsize=8,
            ha="center",
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
    figure = _figure(WIDTH, 3.4)
    panels = figure.subplots(1, len(skills), squeeze=False)[0]
    for axes, skill in zip(panels, skills, strict=True):
        for system in systems:
            runs = [c["points"] for c in curves if c["system"] == system]
            _plot_skill(axes, runs, skill, system, colors[system])
        axes.axhline(0, color=INK, linewidth=1)
        axes.set_ylim(bottom=-1)  # an untrained network is far below
        axes.set_title(f"{skill} skill", color=INK, loc="left", fontsize=11)
        axes.set_xlabel("seconds of training", color=INK)
        _plain_axes(axes)
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
    figure = _figure(WIDTH, 6.5 if thumbnails is not None else 5.0)
    axes = figure.subplots()
    _empty_axes(axes)
    for identity, color in colors.items():
        own = points[labels == identity]
        axes.scatter(
            *own.T,
            s=16,
            color=color,
            alpha=0.75,
            linewidths=0,
            label=f"{identity} ({len(own)})",
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


def plot_gaps(pairs, thumbnails, columns=9):
    """What is missing: images without a counterpart, and the nearest there is.

    For every gap its advice, a row of the target's images, the loneliest
    first, and below each the face of the source that comes nearest.

    Args:
        pairs: list of `gaps.Pair`.
        thumbnails: uint8 array, shape `(faces, height, width, 3)`, of all
            encoded faces.
        columns: int. Images of a gap shown at most, evenly spread over it.

    Returns:
        `matplotlib.figure.Figure`.
    """
    found = [(pair, gap) for pair in pairs for gap in pair.gaps]
    if not found:
        figure = _figure(WIDTH, 0.6)
        figure.suptitle("Nothing is missing", color=INK, fontsize=11)
        return figure
    figure = _figure(WIDTH, 2.5 * len(found))
    parts = figure.subfigures(len(found), squeeze=False)[:, 0]
    for part, (pair, gap) in zip(parts, found, strict=True):
        lines = textwrap.fill(gap.advice, 100)
        part.suptitle(lines, color=INK, fontsize=10, x=0.01, ha="left")
        shown = evenly(len(gap.rows), columns)
        grid = part.subplots(2, columns, squeeze=False)
        for axes in grid.flat:
            _empty_axes(axes)
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
    figure = _figure(WIDTH, 1.1 + 0.25 * len(bars) * len(pairs))
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
    _plain_axes(axes, grid="x")
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
    figure = _figure(WIDTH, 3 * side + 0.5 + 0.75 * len(names))
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
            _empty_axes(axes)
        place[0].set_title(caption, fontsize=8, color=INK)
    for axes, name in zip(
        grid[:, 0], ("target", "swap", "3 x difference"), strict=True
    ):
        axes.set_ylabel(name, fontsize=8, color=INK)
    curves = below.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name, color in zip(curves, names, PALETTE, strict=False):
        axes.plot(report.curves["times"], report.curves[name], color=color)
        _plain_axes(axes)
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


def plot_stages(current):
    """The way of the data, with the notebook's own stage marked.

    Args:
        current: str. One of `STAGES`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is no such stage.
    """
    if current not in STAGES:
        raise ValueError(
            f"The stages are {', '.join(STAGES)}. Received: {current!r}"
        )
    figure = Picture(figsize=(WIDTH, 1.15), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    _empty_axes(axes)
    axes.set(xlim=(0, WIDTH), ylim=(0, 1.15))
    step, width = WIDTH / len(STAGES), 1.35
    for index, stage in enumerate(STAGES):
        left = index * step + (step - width) / 2
        _draw_stage(axes, stage, left, width, stage == current)
        if index:
            _arrow(
                axes, (left - step + width + 0.06, 0.59), (left - 0.06, 0.59)
            )
    return figure


def _draw_stage(axes, stage, left, width, here):
    axes.add_patch(
        FancyBboxPatch(
            (left, 0.36),
            width,
            0.46,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=PALETTE[0] if here else PAPER,
            edgecolor=PALETTE[0] if here else "#C9D3DB",
            linewidth=1.2,
        )
    )
    style = {"ha": "center", "va": "center"}
    name = {"color": "white", "weight": "bold"} if here else {"color": INK}
    axes.text(left + width / 2, 0.58, stage, fontsize=12, **name, **style)
    note = "you are here" if here else STAGES[stage]
    color = PALETTE[0] if here else PALE
    axes.text(left + width / 2, 0.2, note, color=color, fontsize=9, **style)


def _arrow(axes, start, end, color=PALE):
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            color=color,
            linewidth=1.4,
            shrinkA=0,
            shrinkB=0,
        )
    )


def plot_comb(resolution, identities, shared_levels, level=None):
    """The comb as a drawing: shared encoder, latent, a tooth an identity.

    Args:
        resolution: int. Side of the largest pictures, 8, 16, 32, ...
        identities: sequence of str.
        shared_levels: int. Lowest decoder levels that all identities share.
        level: int, or `None`. The level that is trained now; those above it
            are drawn as outlines.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if the resolution is no power of two, or if there is no
            identity.
    """
    levels = int(resolution).bit_length() - 2
    if resolution != 4 * 2 ** (levels - 1) or levels < 1 or not identities:
        raise ValueError(
            "A comb has identities and a resolution of 4, 8, 16, ... pixels. "
            f"Received: resolution={resolution!r}, {len(identities)} identities"
        )
    level = levels - 1 if level is None else level
    drawing = _CombDrawing(levels, len(identities), level)
    drawing.draw_encoder()
    drawing.draw_latent()
    drawing.draw_shared(shared_levels)
    for row, identity in enumerate(identities):
        drawing.draw_tooth(row, identity, shared_levels)
    return drawing.figure


class _CombDrawing:
    """Where the parts of a comb stand on the page, in inches."""

    tooth = 0.98  # from one tooth to the next
    bar = 0.22  # thickness of a level

    def __init__(self, levels, teeth, level):
        self.levels, self.teeth, self.level = levels, teeth, level
        body = max(teeth * self.tooth + 0.22, 1.75)
        self.height = body + 0.62
        self.middle = body / 2 + 0.14
        self.largest = min(body - 0.4, 1.9)  # of the encoder's bars
        self.pitch = min(0.43, 3.3 / levels)
        span = levels * self.pitch
        self.encoder = 1.0
        self.latent = self.encoder + span + 0.32
        self.decoder = self.latent + 0.82
        self.names = self.decoder + span + 0.5
        width = self.names + 1.05
        self.figure = Picture(
            figsize=(width, self.height), dpi=DPI, facecolor="white"
        )
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        _empty_axes(self.axes)
        self.axes.set(xlim=(0, width), ylim=(0, self.height))
        self.panel(self.encoder - 0.16, span + 0.12, body, "shared encoder")
        self.panel(
            self.decoder - 0.16, span + 0.5, body, "a decoder for each identity"
        )

    def panel(self, left, width, height, title):
        self.box((left, 0.14), width, height, 0.14, PAPER, "none")
        self.write(left + width / 2, height + 0.34, title, weight="bold")

    def box(self, corner, width, height, rounding, face, edge, style="-"):
        self.axes.add_patch(
            FancyBboxPatch(
                corner,
                width,
                height,
                boxstyle=f"round,pad=0,rounding_size={rounding}",
                facecolor=face,
                edgecolor=edge,
                linewidth=1.3,
                linestyle=style,
            )
        )

    def write(self, x, y, text, **style):
        style = {"ha": "center", "va": "center", "color": INK} | style
        self.axes.text(x, y, text, **{"fontsize": 10.5} | style)

    def draw_bar(self, x, y, index, color, largest):
        """A level, the taller the larger its pictures; its foot's height."""
        tall = largest * (0.3 + 0.7 * (index + 1) / self.levels)
        trained = index <= self.level
        face, style = (color, "-") if trained else ("white", (0, (2, 1.5)))
        bottom = y - tall / 2
        self.box((x, bottom), self.bar, tall, 0.06, face, color, style)
        return bottom

    def draw_size(self, x, foot, index):
        unit = " px" if index == self.levels - 1 else ""
        text = f"{4 * 2**index}{unit}"
        style = {"fontsize": 7.5, "color": "#5D6B78"}
        self.write(x + self.bar / 2, foot - 0.1, text, **style)

    def draw_encoder(self):
        for place in range(self.levels):
            index = self.levels - 1 - place
            x = self.encoder + place * self.pitch
            foot = self.draw_bar(x, self.middle, index, INK, self.largest)
            self.draw_size(x, foot, index)
        self.write(0.38, self.middle, "any\nface")
        self.arrow((0.7, self.middle), (self.encoder - 0.03, self.middle))

    def draw_latent(self):
        end = self.encoder + self.levels * self.pitch - self.pitch + self.bar
        self.arrow((end + 0.04, self.middle), (self.latent - 0.04, self.middle))
        self.box(
            (self.latent, self.middle - 0.2), 0.26, 0.4, 0.13, "#F0E442", INK
        )
        self.write(self.latent + 0.13, self.middle - 0.34, "latent", fontsize=9)

    def draw_shared(self, shared_levels):
        if not shared_levels:
            return
        start = (self.latent + 0.3, self.middle)
        self.arrow(start, (self.decoder - 0.04, self.middle))
        for index in range(min(shared_levels, self.levels)):
            x = self.decoder + index * self.pitch
            foot = self.draw_bar(x, self.middle, index, INK, 0.82)
            self.draw_size(x, foot, index)
        wide = min(shared_levels, self.levels) - 1
        middle = self.decoder + (wide * self.pitch + self.bar) / 2
        style = {"fontsize": 9, "color": "#5D6B78"}
        self.write(middle, self.middle + 0.5, "shared", **style)

    def draw_tooth(self, row, identity, shared_levels):
        color = PALETTE[row % len(PALETTE)]
        y = self.middle + ((self.teeth - 1) / 2 - row) * self.tooth
        first = min(shared_levels, self.levels)
        left = self.decoder + first * self.pitch + 0.2
        root = self.latent + 0.3
        if first:
            root = left - 0.2 - self.pitch + self.bar + 0.04
        self.branch((root, self.middle), (left - 0.03, y), color)
        for index in range(first, self.levels):
            x = self.decoder + index * self.pitch + 0.2
            foot = self.draw_bar(x, y, index, color, 0.74)
            self.draw_size(x, foot, index)
        style = {"ha": "left", "color": color, "fontsize": 12}
        self.write(self.names, y, identity, weight="bold", **style)

    def arrow(self, start, end):
        _arrow(self.axes, start, end, INK)

    def branch(self, start, end, color):
        """A soft S from the root of the teeth to one of them."""
        bend = (start[0] + end[0]) / 2
        points = [start, (bend, start[1]), (bend, end[1]), end]
        codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
        self.axes.add_patch(
            FancyArrowPatch(
                path=Path(points, codes),
                arrowstyle="-|>",
                mutation_scale=10,
                color=color,
                linewidth=1.8,
            )
        )


def save_figure(figure, path, max_kilobytes=200):
    """Write a figure as PNG or JPEG, small enough for a repository.

    A PNG that is too large is reduced to 256 colours, then its resolution is
    lowered until it fits.

    Args:
        figure: `matplotlib.figure.Figure`.
        path: str or path, ending in `.png` or `.jpg`.
        max_kilobytes: int. Largest size in units of 1000 bytes.

    Returns:
        int: bytes written.

    Raises:
        ValueError: if the ending is another one, or if it cannot fit.
    """
    ending = str(path).lower().rsplit(".", 1)[-1]
    if ending not in ("png", "jpg", "jpeg"):
        raise ValueError(
            f"A picture is written as .png or .jpg. Received: path={path!r}"
        )
    for share in (1.0, 0.85, 0.7, 0.55, 0.4):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI * share)
        for content in _encodings(buffer, ending):
            if len(content) <= max_kilobytes * 1000:
                with manifests.atomic_path(path) as partial:
                    partial.write_bytes(content)
                return len(content)
    raise ValueError(
        f"This figure does not fit {max_kilobytes} kB even at 40 % of its "
        f"size. Received: {len(content)} bytes; show fewer faces"
    )


def _encodings(buffer, ending):
    """The picture in this format, best quality first."""
    picture = Image.open(buffer).convert("RGB")
    if ending == "png":
        yield buffer.getvalue()
        picture = picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
        options = [{"format": "PNG", "optimize": True}]
    else:
        options = [{"format": "JPEG", "quality": q} for q in (92, 85, 75)]
    for chosen in options:
        content = io.BytesIO()
        picture.save(content, **chosen)
        yield content.getvalue()
