"""The latent explorer: a map to walk over, faces and files behind it.

Runs in JupyterLab, VS Code and Colab. Hovering is done by the browser alone; a
click, a lasso and the sliders ask the kernel, so they answer while no other
cell is running.
"""

import base64
import csv
import html
import io
import pathlib

import anywidget
import ipywidgets
import numpy as np
import traitlets
from PIL import Image

from helpers import plotting
from helpers.files import manifests
from helpers.latents import descriptions, gap_report
from helpers.latents.spaces import PrincipalSpace

HERE = pathlib.Path(__file__).resolve().parent
TILE = 48  # pixels of a face in the atlas that hovering shows
LARGE = 176  # pixels of a face that was clicked on
SMALL = 64  # pixels of its counterparts
DIRECTIONS = 4  # principal directions with a slider
LISTED = 500  # files written into the page; an export has them all
FIELDS = ("identity", *gap_report.RECORD_FIELDS, "split")


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


class LatentExplorer(ipywidgets.VBox):
    """A map of all faces, with what is behind each.

    Hover to see a face. Click it to see it large, its reconstruction, its
    swap into everybody else, its nearest counterparts, and where it is from.
    Drag around several to list and export their files. The sliders walk the
    latent, from one face to another or along principal directions, drawn by
    any identity.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to `FaceSet`, as encoded.
        encoded: `encoding.EncodedFaces`.
        points: float array, shape `(faces, 2)`: `spaces.joint_map()`.
        thumbnails: uint8 array, shape `(faces, height, width, 3)`.
        described: float array, shape `(faces, features)`.
        pairs: list of `gaps.Pair`.
        folder: path that lists are exported to.

    Raises:
        ValueError: if the arrays are not of the same faces.
    """

    def __init__(
        self,
        comb,
        face_sets,
        encoded,
        points,
        thumbnails,
        described,
        pairs,
        folder,
    ):
        lengths = {
            "encoded": len(encoded.labels),
            "points": len(points),
            "thumbnails": len(thumbnails),
            "described": len(described),
        }
        if len(set(lengths.values())) != 1:
            raise ValueError(
                "Row i of everything is the same face. "
                f"Received: lengths {lengths}"
            )
        self.comb, self.face_sets, self.encoded = comb, face_sets, encoded
        self.described, self.pairs = described, pairs
        self.folder = pathlib.Path(folder)
        self.missing = gap_report.missing_table(pairs, encoded)
        self.places = {
            row: place
            for pair in pairs
            for place, row in enumerate(pair.rows.tolist())
        }
        self.space = PrincipalSpace(encoded.latents)
        self.ends = [0, 0]  # faces that the walk leads from and to
        self._make_controls(points, thumbnails)
        super().__init__(self._layout())
        self._color()
        self._draw_walk()

    # --- what is on the page ----------------------------------------------

    def _make_controls(self, points, thumbnails):
        names = list(self.face_sets)
        low, high = points.min(axis=0), points.max(axis=0)
        unit = (points - low) / np.maximum(high - low, 1e-12)
        unit[:, 1] = 1 - unit[:, 1]  # a screen counts downwards
        columns = int(np.ceil(np.sqrt(len(points))))
        self.map = LatentMap(
            points=unit.astype("<f4").tobytes(),
            atlas=_jpeg(_atlas(thumbnails, columns)),
            columns=columns,
            captions=[self._caption(row) for row in range(len(points))],
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
        self.drawn_by = ipywidgets.Dropdown(
            options=names, description="drawn by"
        )
        self.start = ipywidgets.Button(description="Start at this face")
        self.end = ipywidgets.Button(description="End at this face")
        self.along = _slider("along", 0.0, 1.0)
        self.directions = [
            _slider(f"direction {n + 1}", -3.0, 3.0)
            for n in range(min(DIRECTIONS, len(self.space.shares)))
        ]
        self.walked = ipywidgets.HTML()
        self.map.observe(lambda change: self._open(change.new), "clicked")
        self.map.observe(lambda change: self._list(change.new), "selected")
        self.color_by.observe(lambda _: self._color(), "value")
        self.export.on_click(lambda _: self._export())
        self.start.on_click(lambda _: self._set_end(0))
        self.end.on_click(lambda _: self._set_end(1))
        for control in (self.drawn_by, self.along, *self.directions):
            control.observe(lambda _: self._draw_walk(), "value")

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

    # --- what is behind a face --------------------------------------------

    def _record(self, row):
        identity = str(self.encoded.labels[row])
        return self.face_sets[identity].records[self.encoded.rows[row]]

    def _caption(self, row):
        record = self._record(row)
        split = ", held out" if self.encoded.held_out[row] else ""
        return f"{self.encoded.labels[row]}, {_moment(record)}{split}"

    def face_of(self, row):
        """Everything that a click shows.

        Args:
            row: int, of the encoded faces.

        Returns:
            dict: `face` and `reconstruction`, `swaps` (dict from identity),
            all float arrays of shape `(height, width, 3)`, 0-1, and
            `counterparts` (dict from identity to rows), `missing` (list of
            identities without a counterpart), `record`.
        """
        identity = str(self.encoded.labels[row])
        face_set = self.face_sets[identity].pick([self.encoded.rows[row]])
        latent = self.encoded.latents[row : row + 1]
        swaps = {
            name: self.comb.decode(
                latent + self.comb.shift(name, identity), name
            )[0]
            for name in self.face_sets
            if name != identity
        }
        return {
            "face": face_set.load_crops(LARGE)[0] / 255,
            "reconstruction": self.comb.decode(latent, identity)[0],
            "swaps": swaps,
            "counterparts": {
                pair.source: pair.counterparts[self.places[row]]
                for pair in self.pairs
                if pair.target == identity
            },
            "missing": [
                name for name, lonely in self.missing.items() if lonely[row]
            ],
            "record": self._record(row),
        }

    def _open(self, row):
        if not 0 <= row < len(self.encoded.labels):
            return
        found = self.face_of(row)
        pictures = [
            _figure(found["face"], "as filmed"),
            _figure(found["reconstruction"], "reconstructed"),
            *(
                _figure(swap, f"swapped: {name}")
                for name, swap in found["swaps"].items()
            ),
        ]
        lines = [f"<b>{html.escape(self.map.captions[row])}</b>"]
        lines.append(html.escape(self._in_words(row)))
        lines.append("".join(pictures))
        for name, rows in found["counterparts"].items():
            lonely = name in found["missing"]
            crops = self.face_sets[name].pick(self.encoded.rows[rows])
            lines.append(
                f"nearest of {html.escape(name)}"
                + (" (<b>no counterpart</b>)" if lonely else "")
            )
            lines.append(
                "".join(
                    _figure(crop / 255, "", SMALL)
                    for crop in crops.load_crops(SMALL)
                )
            )
        self.face.value = "<br>".join(lines)

    def _in_words(self, row):
        return ", ".join(
            f"{feature.name} {descriptions.reading_as_text(feature, value)}"
            for feature, value in zip(
                descriptions.FEATURES, self.described[row], strict=True
            )
        )

    # --- colours, lists, walks --------------------------------------------

    def _color(self):
        chosen = self.color_by.value
        if chosen == "identity":
            colors = plotting.identity_colors(list(self.face_sets))
            self._paint([colors[name] for name in self.encoded.labels])
            self.map.legend = [[color, name] for name, color in colors.items()]
        elif chosen.startswith("missing "):
            name = chosen.removeprefix("missing ")
            words = {True: "no counterpart", False: "has one"}
            colors = {True: plotting.PALETTE[1], False: "#B8C2CA"}
            self._paint([colors[bool(is_so)] for is_so in self.missing[name]])
            self.map.legend = [[colors[key], words[key]] for key in words]
        else:
            names = [feature.name for feature in descriptions.FEATURES]
            column = names.index(chosen)
            feature = descriptions.FEATURES[column]
            colors, ends = plotting.value_colors(self.described[:, column])
            self._paint(colors)
            self.map.legend = [
                [color, descriptions.reading_as_text(feature, value)]
                for color, value in ends
            ]

    def _paint(self, colors):
        text = "".join(color.removeprefix("#") for color in colors)
        self.map.colors = bytes.fromhex(text)

    def _list(self, rows):
        names = [
            f"{self.encoded.labels[row]}/{self._record(row)['crop']}  "
            f"{_moment(self._record(row))}"
            for row in rows[:LISTED]
        ]
        if len(rows) > LISTED:
            names.append(f"and {len(rows) - LISTED} more: export them")
        self.listed.value = "\n".join(names)
        self.export.disabled = not rows
        self.said.value = f"{len(rows)} faces" if rows else ""

    def _export(self):
        path = self.folder / "chosen.csv"
        rows = self.map.selected
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            manifests.atomic_path(path) as partial,
            open(partial, "w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, FIELDS, extrasaction="ignore")
            writer.writeheader()
            for row in rows:
                identity = str(self.encoded.labels[row])
                writer.writerow({**self._record(row), "identity": identity})
        self.said.value = f"{len(rows)} faces written to {path}"

    def _set_end(self, which):
        if self.map.clicked >= 0:
            self.ends[which] = self.map.clicked
            self._draw_walk()

    def walk(self):
        """The latent that the sliders stand at, for the chosen decoder.

        Returns:
            float32 array, shape `(1, latent_dim)`.
        """
        drawn_by = self.drawn_by.value
        start, end = (
            self.encoded.latents[row]
            + self.comb.shift(drawn_by, str(self.encoded.labels[row]))
            for row in self.ends
        )
        latent = start + (end - start) * self.along.value
        for index, slider in enumerate(self.directions):
            latent = latent + self.space.step_along(index) * slider.value
        return np.asarray(latent, np.float32)[None]

    def _draw_walk(self):
        drawn = self.comb.decode(self.walk(), self.drawn_by.value)[0]
        self.walked.value = _figure(drawn, self.drawn_by.value)


def _slider(name, low, high):
    return ipywidgets.FloatSlider(
        0.0,
        min=low,
        max=high,
        step=(high - low) / 60,
        description=name,
        readout_format=".2f",
    )


def _moment(record):
    """Where a crop is from: `talk.mp4, frame 12, 0.48 s`."""
    if record["time"] is None:
        return record["file"]
    return f"{record['file']}, frame {record['frame']}, {record['time']:.2f} s"


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


def _figure(picture, caption, size=LARGE):
    """A picture of floats, 0-1, as HTML with its caption below."""
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
