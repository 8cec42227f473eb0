"""Face sets in, pictures of who was found and what was left out.

A row for each group or reason; figures as in `drawing`.
"""

import numpy as np

from helpers.faces.face_set import evenly
from helpers.faces.sorting import choosing
from helpers.plotting.drawing import INK, make_figure
from helpers.plotting.sheets import plot_contact_sheet

CELL = 0.95  # inches
LABEL = 1.45  # inches, left of a row
SIZE = 96  # side in pixels of a shown face


def plot_face_sets(face_sets, count=20, size=96):
    """Some faces of everybody, spread over all that were kept.

    Args:
        face_sets: dict from identity to `FaceSet`.
        count: int. Faces of each.
        size: int. Side of a shown face in pixels.

    Returns:
        `drawing.Picture`.
    """
    shown = [
        own.pick(_spread(range(len(own)), count)).load_crops(size)
        for own in face_sets.values()
    ]
    return plot_contact_sheet(np.concatenate(shown))


def plot_people(face_set, most=12, columns=8):
    """A row of faces for each person found, seen most first.

    Of one who may be several people each part has a row: `0a`, `0b`.

    Args:
        face_set: `FaceSet` of `read_face_set(..., everything=True)`.
        most: int. People that are shown; the rest are named in the last row's
            label.
        columns: int. Faces of each, spread over all that are theirs.

    Returns:
        `drawing.Picture`.

    Raises:
        ValueError: if there is no face of anybody.
    """
    people = {}
    for row, record in enumerate(face_set.records):
        if record.get("person") is not None:
            who = record["person"], record.get("part") or ""
            people.setdefault(who, []).append(row)
    rows = []
    for number, part in sorted(people)[:most]:
        own = people[number, part]
        kept = sum(face_set.records[row].get("left_out") is None for row in own)
        faces = "1 face" if len(own) == 1 else f"{len(own)} faces"
        label = f"person {number}{part}\n{faces}\n{kept} kept"
        if part:
            label += f"\nall {number}?"
        rows.append((label, _best_first(face_set, own, columns)))
    if len(people) > most:
        label, shown = rows[-1]
        rows[-1] = (f"{label}\nand {len(people) - most} more", shown)
    return _plot_rows(face_set, rows, columns, "There is nobody to show")


def _best_first(face_set, rows, columns):
    """Some faces, spread over all; those that may be of use, if there are."""
    good = [
        row
        for row in rows
        if face_set.records[row].get("left_out")
        in (None, "another person", "near-duplicate")
    ]
    return _spread(good or rows, columns)


def plot_left_out(face_set, columns=8):
    """A row of faces for each reason for which some are left out.

    Args:
        face_set: `FaceSet` of `read_face_set(..., everything=True)`.
        columns: int. Faces of each, spread over all.

    Returns:
        `drawing.Picture`.

    Raises:
        ValueError: if no face is left out.
    """
    rows = []
    for reason in choosing.REASONS:
        left_out = [
            row
            for row, record in enumerate(face_set.records)
            if record.get("left_out") == reason
        ]
        if left_out:
            label = f"{reason.replace(' by', chr(10) + 'by')}\n{len(left_out)}"
            rows.append((label, _spread(left_out, columns)))
    return _plot_rows(face_set, rows, columns, "No face is left out")


def _spread(rows, most):
    return [rows[place] for place in evenly(len(rows), most)]


def _plot_rows(face_set, rows, columns, fault):
    if not rows:
        raise ValueError(
            f"{fault}. Received: {len(face_set)} faces of "
            f"{face_set.identity!r}. Read them with everything=True, after "
            "choosing.choose_faces."
        )
    figure = make_figure(LABEL + CELL * columns, CELL * len(rows))
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, hspace=0, wspace=0)
    widths = [LABEL / CELL] + [1] * columns
    grid = figure.subplots(
        len(rows), columns + 1, squeeze=False, width_ratios=widths
    )
    for places, (label, shown) in zip(grid, rows, strict=True):
        for axes in places:
            axes.set_axis_off()
        places[0].text(0, 0.5, label, va="center", fontsize=9, color=INK)
        crops = face_set.pick(shown).load_crops(SIZE)
        for axes, crop in zip(places[1:], crops, strict=False):
            axes.imshow(crop, interpolation="lanczos")
    return figure
