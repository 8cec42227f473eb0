"""What is on the latent explorer's page: faces in, its map and controls out.

What a click, a lasso or a slider does is told by `latent_explorer`.
"""

import base64
import html
import io
import pathlib

import anywidget
import ipywidgets
import numpy as np
import traitlets
from PIL import Image

from helpers import plotting
from helpers.latents import descriptions

HERE = pathlib.Path(__file__).resolve().parent
TILE = 48  # pixels of a face in the atlas that hovering shows
LARGE = 176  # pixels of a face that was clicked on
SMALL = 64  # pixels of its counterparts


class LatentMap(anywidget.AnyWidget):
    """The map itself: points, colours and small pictures in, choices out."""

    _esm = HERE / "latent_map.js"
    _css = HERE / "latent_map.css"
    points = traitlets.Bytes().tag(sync=True)  # float32 x and y, 0-1, y down
    colors = traitlets.Bytes().tag(sync=True)  # uint8 red, green, blue
    legend = traitlets.List().tag(sync=True)  # (colour, word)
    captions = traitlets.List().tag(sync=True)  # one a face
    atlas = traitlets.Bytes().tag(sync=True)  # JPEG of all faces, row by row
    columns = traitlets.Int(1).tag(sync=True)  # faces in a row of the atlas
    tile = traitlets.Int(TILE).tag(sync=True)
    clicked = traitlets.Int(-1).tag(sync=True)
    selected = traitlets.List().tag(sync=True)


class ExplorerControls(ipywidgets.VBox):
    """The map, lists, buttons and sliders, each in its place.

    Args:
        names: list of str. The identities.
        points: float array, shape `(faces, 2)`: where each lies on the map.
        thumbnails: uint8 array, shape `(faces, height, width, 3)`.
        captions: list of str, one a face.
        directions: int. Principal directions with a slider.
    """

    def __init__(self, names, points, thumbnails, captions, directions):
        low, high = points.min(axis=0), points.max(axis=0)
        unit = (points - low) / np.maximum(high - low, 1e-12)
        unit[:, 1] = 1 - unit[:, 1]  # a screen counts downwards
        columns = int(np.ceil(np.sqrt(len(points))))
        self.map = LatentMap(
            points=unit.astype("<f4").tobytes(),
            atlas=_jpeg(_atlas(thumbnails, columns)),
            columns=columns,
            captions=captions,
            layout={"flex": "1 1 auto", "min_width": "300px"},
        )
        self.color_by = ipywidgets.Dropdown(
            options=[
                ("who", "identity"),
                *((f"missing in {name}", f"missing {name}") for name in names),
                *((f.name, f.name) for f in descriptions.FEATURES),
            ],
            description="colour by",
        )
        self.face = ipywidgets.HTML("Click a face.")
        self.listed = ipywidgets.Textarea(
            placeholder="Drag around some faces: their files are listed here.",
            layout={"width": "100%", "height": "110px"},
        )
        self.export = ipywidgets.Button(description="Export", disabled=True)
        self.said = ipywidgets.Label("")
        self._make_walk(names, directions)
        super().__init__(self._layout())

    def _make_walk(self, names, directions):
        self.drawn_by = ipywidgets.Dropdown(
            options=names, description="drawn by"
        )
        self.start = ipywidgets.Button(description="Start at this face")
        self.end = ipywidgets.Button(description="End at this face")
        self.along = _slider("along", 0.0, 1.0)
        self.directions = [
            _slider(f"direction {n + 1}", -3.0, 3.0) for n in range(directions)
        ]
        self.walked = ipywidgets.HTML()

    def _layout(self):
        beside = {"width": "400px", "flex": "0 0 400px"}
        wide = {"flex": "1 1 auto", "min_width": "300px"}
        row, column = ipywidgets.HBox, ipywidgets.VBox
        return [
            self.color_by,
            row([self.map, column([self.face], layout=beside)]),
            row(
                [
                    column(
                        [row([self.export, self.said]), self.listed],
                        layout=wide,
                    ),
                    column(
                        [
                            self.drawn_by,
                            row([self.start, self.end]),
                            self.along,
                            *self.directions,
                            self.walked,
                        ],
                        layout=beside,
                    ),
                ]
            ),
        ]


def _slider(name, low, high):
    return ipywidgets.FloatSlider(
        0.0,
        min=low,
        max=high,
        step=(high - low) / 60,
        description=name,
        readout_format=".2f",
    )


def _atlas(thumbnails, columns):
    """All faces in one picture, row by row."""
    rows = -(-len(thumbnails) // columns)
    atlas = Image.new("RGB", (columns * TILE, rows * TILE), "white")
    for index, picture in enumerate(thumbnails):
        tile = Image.fromarray(picture).resize((TILE, TILE))
        place = index % columns * TILE, index // columns * TILE
        atlas.paste(tile, place)
    return atlas


def _jpeg(image, quality=85):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def figure_html(picture, caption, size=LARGE):
    """A picture as HTML, with its caption below.

    Args:
        picture: uint8 array, 0-255, or float array, 0-1, shape `(height,
            width, 3)`.
        caption: str.
        size: int. Its side on the page in pixels.

    Returns:
        str.
    """
    image = Image.fromarray(plotting.as_uint8(np.asarray(picture)))
    shown = image.resize((size, size), Image.Resampling.LANCZOS)
    data = base64.b64encode(_jpeg(shown, 92)).decode("ascii")
    words = html.escape(caption)
    return (
        '<figure style="display:inline-block;margin:2px;line-height:1.2">'
        f'<img src="data:image/jpeg;base64,{data}" alt="{words}" '
        f'width="{size}" height="{size}"><figcaption>{words}</figcaption>'
        "</figure>"
    )
