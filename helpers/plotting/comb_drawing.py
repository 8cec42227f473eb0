"""A comb's shape in, its drawing out; and the way of the data as a drawing."""

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from helpers.plotting.drawing import (
    DPI,
    INK,
    PALE,
    PALETTE,
    PAPER,
    WIDTH,
    Picture,
    strip_axes,
)

# the way of the data, and the notebooks that go it
STAGES = {
    "footage": "01",
    "faces": "01",
    "comb": "02 · 03",
    "latents": "04",
    "swap": "05",
}


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
    strip_axes(axes)
    axes.set(xlim=(0, WIDTH), ylim=(0, 1.15))
    step, width = WIDTH / len(STAGES), 1.35
    for index, stage in enumerate(STAGES):
        left = index * step + (step - width) / 2
        _draw_stage(axes, stage, left, width, stage == current)
        if index:
            _draw_arrow(
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


def _draw_arrow(axes, start, end, color=PALE):
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
        strip_axes(self.axes)
        self.axes.set(xlim=(0, width), ylim=(0, self.height))
        self.draw_panel(
            self.encoder - 0.16, span + 0.12, body, "shared encoder"
        )
        self.draw_panel(
            self.decoder - 0.16, span + 0.5, body, "a decoder for each identity"
        )

    def draw_panel(self, left, width, height, title):
        self.draw_box((left, 0.14), width, height, 0.14, PAPER, "none")
        self.write_text(left + width / 2, height + 0.34, title, weight="bold")

    def draw_box(self, corner, width, height, rounding, face, edge, style="-"):
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

    def write_text(self, x, y, text, **style):
        style = {"ha": "center", "va": "center", "color": INK} | style
        self.axes.text(x, y, text, **{"fontsize": 10.5} | style)

    def draw_bar(self, x, y, index, color, largest):
        """A level, the taller the larger its pictures; its foot's height."""
        tall = largest * (0.3 + 0.7 * (index + 1) / self.levels)
        trained = index <= self.level
        face, style = (color, "-") if trained else ("white", (0, (2, 1.5)))
        bottom = y - tall / 2
        self.draw_box((x, bottom), self.bar, tall, 0.06, face, color, style)
        return bottom

    def draw_size(self, x, foot, index):
        unit = " px" if index == self.levels - 1 else ""
        text = f"{4 * 2**index}{unit}"
        style = {"fontsize": 7.5, "color": "#5D6B78"}
        self.write_text(x + self.bar / 2, foot - 0.1, text, **style)

    def draw_encoder(self):
        for place in range(self.levels):
            index = self.levels - 1 - place
            x = self.encoder + place * self.pitch
            foot = self.draw_bar(x, self.middle, index, INK, self.largest)
            self.draw_size(x, foot, index)
        self.write_text(0.38, self.middle, "any\nface")
        self.draw_arrow((0.7, self.middle), (self.encoder - 0.03, self.middle))

    def draw_latent(self):
        end = self.encoder + self.levels * self.pitch - self.pitch + self.bar
        self.draw_arrow(
            (end + 0.04, self.middle), (self.latent - 0.04, self.middle)
        )
        self.draw_box(
            (self.latent, self.middle - 0.2), 0.26, 0.4, 0.13, "#F0E442", INK
        )
        self.write_text(
            self.latent + 0.13, self.middle - 0.34, "latent", fontsize=9
        )

    def draw_shared(self, shared_levels):
        if not shared_levels:
            return
        start = (self.latent + 0.3, self.middle)
        self.draw_arrow(start, (self.decoder - 0.04, self.middle))
        for index in range(min(shared_levels, self.levels)):
            x = self.decoder + index * self.pitch
            foot = self.draw_bar(x, self.middle, index, INK, 0.82)
            self.draw_size(x, foot, index)
        wide = min(shared_levels, self.levels) - 1
        middle = self.decoder + (wide * self.pitch + self.bar) / 2
        style = {"fontsize": 9, "color": "#5D6B78"}
        self.write_text(middle, self.middle + 0.5, "shared", **style)

    def draw_tooth(self, row, identity, shared_levels):
        color = PALETTE[row % len(PALETTE)]
        y = self.middle + ((self.teeth - 1) / 2 - row) * self.tooth
        first = min(shared_levels, self.levels)
        left = self.decoder + first * self.pitch + 0.2
        root = self.latent + 0.3
        if first:
            root = left - 0.2 - self.pitch + self.bar + 0.04
        self.draw_branch((root, self.middle), (left - 0.03, y), color)
        for index in range(first, self.levels):
            x = self.decoder + index * self.pitch + 0.2
            foot = self.draw_bar(x, y, index, color, 0.74)
            self.draw_size(x, foot, index)
        style = {"ha": "left", "color": color, "fontsize": 12}
        self.write_text(self.names, y, identity, weight="bold", **style)

    def draw_arrow(self, start, end):
        _draw_arrow(self.axes, start, end, INK)

    def draw_branch(self, start, end, color):
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
