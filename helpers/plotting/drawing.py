"""What all pictures share: colours, empty figures and axes, files of them.

Figures are made without pyplot, so nothing is shown, kept or changed behind
the reader's back, with or without a screen.
"""

import io

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

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


def make_figure(width, height):
    """An empty figure.

    Args:
        width: float, inches.
        height: float, inches.

    Returns:
        `Picture`, whose parts find their places by themselves.
    """
    return Picture(
        figsize=(width, height),
        dpi=DPI,
        layout="constrained",
        facecolor="white",
    )


def style_axes(axes, grid="y"):
    """Take the box away, for small pale ticks and a faint grid.

    Args:
        axes: `matplotlib.axes.Axes`.
        grid: `"x"`, `"y"` or `"both"`: what its lines stand on; empty for
            none.
    """
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PALE)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color="#E3E8EC", linewidth=0.8)


def strip_axes(axes):
    """Take box and ticks away: what is left is a place for a picture.

    Args:
        axes: `matplotlib.axes.Axes`.
    """
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


def save_figure(figure, path, max_kilobytes=200):
    """Write a figure as PNG or JPEG, small enough for a repository.

    Args:
        figure: `matplotlib.figure.Figure`.
        path: str or path, ending in `.png` or `.jpg`.
        max_kilobytes: int. See `encode_figure()`.

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
    content = encode_figure(figure, ending, max_kilobytes)
    with manifests.atomic_path(path) as partial:
        partial.write_bytes(content)
    return len(content)


def encode_figure(figure, ending, max_kilobytes=200):
    """A figure as the bytes of a PNG or JPEG file of at most some size.

    A PNG that is too large is reduced to 256 colours, then its resolution is
    lowered until it fits.

    Args:
        figure: `matplotlib.figure.Figure`.
        ending: `"png"`, `"jpg"` or `"jpeg"`.
        max_kilobytes: int. Largest size in units of 1000 bytes.

    Returns:
        bytes.

    Raises:
        ValueError: if it cannot fit.
    """
    for share in (1.0, 0.85, 0.7, 0.55, 0.4):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI * share)
        for content in _encodings(buffer, ending):
            if len(content) <= max_kilobytes * 1000:
                return content
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
