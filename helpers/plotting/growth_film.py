"""What a network draws at one level after the other -> a face that grows.

As a film, and as a sheet: a row of faces for each level.
"""

import base64
import itertools
import pathlib

import cv2
import numpy as np
from IPython.display import HTML

from helpers.faces.face_set import evenly
from helpers.footage import media
from helpers.plotting.drawing import as_uint8
from helpers.plotting.sheets import plot_preview

LAST_SECONDS = 2.0  # the last moment stays, before the film begins anew


def write_growth_film(path, moments, side=128, seconds=0.2, most=8):
    """Write how the faces of a network grew, level by level, as a GIF.

    Args:
        path: str or path, ending in `.gif`.
        moments: list of float arrays, shape `(faces, height, width, 3)`, 0-1,
            oldest first: what was drawn of the same faces, at any level.
        side: int. Side of each face in the film, in pixels.
        seconds: float. How long a moment is shown.
        most: int. Moments of each level that are shown, evenly spread.

    Raises:
        ValueError: if there is no moment, or not the same number of faces in
            each.
    """
    counts = {len(faces) for faces in moments}
    if len(counts) != 1:
        raise ValueError(
            "A film of growing faces takes one moment or more, of the same "
            f"faces. Received: {len(moments)} moments of {sorted(counts)} "
            "faces"
        )
    levels = itertools.groupby(moments, key=lambda faces: np.shape(faces)[1])
    levels = [list(of_level) for _, of_level in levels]
    shown = [level[k] for level in levels for k in evenly(len(level), most)]
    frames = [
        np.concatenate([_enlarge(face, side) for face in as_uint8(faces)], 1)
        for faces in shown
    ]
    lengths = [seconds] * (len(frames) - 1) + [LAST_SECONDS]
    media.write_animation(path, frames, lengths)


def show_film(path):
    """A GIF as a page shows it, one that is exported as well.

    An exported page knows PNG and JPEG, and of a GIF only that it was one.

    Args:
        path: str or path of a .gif file.

    Returns:
        `IPython.display.HTML`.
    """
    code = base64.b64encode(pathlib.Path(path).read_bytes()).decode()
    return HTML(f'<img alt="film" src="data:image/gif;base64,{code}">')


def plot_growth(moments, truth=None, side=64):
    """The same faces as each level drew them last, in a row for each level.

    Args:
        moments: see `write_growth_film()`.
        truth: array of the faces that should have been drawn, for a last
            row, or `None`.
        side: int. Side of each face on the sheet, in pixels.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is no moment, or not the same number of faces in
            each.
    """
    last = {np.shape(faces)[1]: faces for faces in moments}
    rows = {f"{level} px": faces for level, faces in last.items()}
    if truth is not None:
        rows["truth"] = truth
    return plot_preview(
        {
            title: np.stack([_enlarge(face, side) for face in as_uint8(faces)])
            for title, faces in rows.items()
        }
    )


def _enlarge(face, side):
    """A face whose pixels can be counted: its level is to be seen."""
    return cv2.resize(face, (side, side), interpolation=cv2.INTER_NEAREST)
