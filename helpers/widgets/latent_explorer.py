"""The latent explorer: a map to walk over, faces and files behind it.

Runs in JupyterLab, VS Code and Colab. Hovering is done by the browser alone; a
click, a lasso and the sliders ask the kernel, so they answer while no other
cell is running.
"""

import csv
import html
import pathlib

import numpy as np

from helpers import plotting
from helpers.files import manifests
from helpers.files.asides import set_aside
from helpers.latents import descriptions, gap_report
from helpers.latents.spaces import PrincipalSpace
from helpers.widgets.close_up import moment_of
from helpers.widgets.explorer_controls import (
    LARGE,
    SMALL,
    ExplorerControls,
    figure_html,
)
from helpers.widgets.still import LeavesPicture

DIRECTIONS = 4  # principal directions with a slider
LISTED = 500  # files written into the page; an export has them all
FIELDS = ("identity", *gap_report.RECORD_FIELDS, "split")


class LatentExplorer(LeavesPicture, ExplorerControls):
    """A map of all faces, with what is behind each.

    Hover to see a face. Click it to see it large, its reconstruction, its
    swap into everybody else, its nearest counterparts, and where it is from.
    Drag around several to list and export their files. The sliders walk the
    latent, from one face to another or along principal directions, drawn by
    any identity.

    Args:
        inspected: `inspection.Inspection` of a network and face sets.
        points: float array, shape `(faces, 2)`, of the same faces in their
            order: `Inspection.joint_map()`.
        folder: path that lists are exported to.

    Raises:
        ValueError: if the arrays are not of the same faces.
    """

    def __init__(self, inspected, points, folder):
        if len(points) != len(inspected.labels):
            raise ValueError(
                "A map has a point for each face of its inspection. Received: "
                f"{len(points)} points, {len(inspected.labels)} faces. Take "
                "inspected.joint_map()."
            )
        self.comb, self.face_sets = inspected.network, inspected.face_sets
        self.encoded, self.pairs = inspected.encoded, inspected.pairs
        self.described = inspected.described
        self._points, self._thumbnails = points, inspected.thumbnails
        self.folder = pathlib.Path(folder)
        self.missing = gap_report.missing_table(self.pairs, self.encoded)
        self.places = {
            row: place
            for pair in self.pairs
            for place, row in enumerate(pair.rows.tolist())
        }
        self.space = PrincipalSpace(self.encoded.latents)
        self.ends = [0, 0]  # faces that the walk leads from and to
        super().__init__(
            list(self.face_sets),
            points,
            inspected.thumbnails,
            captions=[self._caption(row) for row in range(len(points))],
            directions=min(DIRECTIONS, len(self.space.shares)),
        )
        self._listen()
        self._color()
        self._draw_walk()

    def _listen(self):
        self.map.observe(lambda change: self._open(change.new), "clicked")
        self.map.observe(lambda change: self._list(change.new), "selected")
        self.color_by.observe(lambda _: self._color(), "value")
        self.export.on_click(lambda _: self._export())
        self.start.on_click(lambda _: self._set_end(0))
        self.end.on_click(lambda _: self._set_end(1))
        for control in (self.drawn_by, self.along, *self.directions):
            control.observe(lambda _: self._draw_walk(), "value")

    def draw_still(self):
        """The map, with some of the faces at their places."""
        return plotting.plot_latent_map(
            self._points, self.encoded.labels, self._thumbnails
        )

    # --- what is behind a face --------------------------------------------

    def _record(self, row):
        identity = str(self.encoded.labels[row])
        return self.face_sets[identity].records[self.encoded.rows[row]]

    def _caption(self, row):
        record = self._record(row)
        split = ", held out" if self.encoded.held_out[row] else ""
        return f"{self.encoded.labels[row]}, {moment_of(record)}{split}"

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
        shown = self.face_of(row)
        pictures = [
            figure_html(shown["face"], "as filmed"),
            figure_html(shown["reconstruction"], "reconstructed"),
            *(
                figure_html(swap, f"swapped: {name}")
                for name, swap in shown["swaps"].items()
            ),
        ]
        lines = [f"<b>{html.escape(self.map.captions[row])}</b>"]
        lines.append(html.escape(self._in_words(row)))
        lines.append("".join(pictures))
        for name, rows in shown["counterparts"].items():
            lonely = name in shown["missing"]
            crops = self.face_sets[name].pick(self.encoded.rows[rows])
            lines.append(
                f"nearest of {html.escape(name)}"
                + (" (<b>no counterpart</b>)" if lonely else "")
            )
            lines.append(
                "".join(
                    figure_html(crop / 255, "", SMALL)
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
            f"{moment_of(self._record(row))}"
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
        if path.exists():
            set_aside(path)  # the list of before stays, under a number
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

    def walked_latent(self):
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
        drawn = self.comb.decode(self.walked_latent(), self.drawn_by.value)[0]
        self.walked.value = figure_html(drawn, self.drawn_by.value)
