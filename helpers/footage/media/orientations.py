"""Orientations: how a picture is stored in, the same picture upright out.

Cameras store pixels in the order of their sensor and write beside them how the
picture is to be shown: photos one of EXIF's eight marks, videos a display
matrix. The front camera's mirror is in there as well. Both are read as marks.
"""

import functools

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type

# what EXIF's marks make of a picture
ORIENTATIONS = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "turned upside down and mirrored",
    5: "turned by 90 degrees and mirrored",
    6: "turned by 90 degrees",
    7: "turned by 270 degrees and mirrored",
    8: "turned by 270 degrees",
}

SIDEWAYS = (5, 6, 7, 8)  # of these, the marks that swap height and width

# where a display matrix takes right and down of the stored picture, by mark
DIRECTIONS = {
    1: ((1, 0), (0, 1)),
    2: ((-1, 0), (0, 1)),
    3: ((-1, 0), (0, -1)),
    4: ((1, 0), (0, -1)),
    5: ((0, 1), (1, 0)),
    6: ((0, 1), (-1, 0)),
    7: ((0, -1), (-1, 0)),
    8: ((0, -1), (1, 0)),
}
# degrees counter-clockwise that follow the mirror, if there is one
TURNS = {1: 0, 2: 0, 3: 180, 4: 180, 5: 90, 6: 270, 7: 270, 8: 90}
NEAR = 0.01  # what a matrix may be off and still be said to be one of these


def as_stored(upright, mark):
    """A view of an upright picture in the order in which its file holds it.

    Args:
        upright: array, shape `(height, width, ...)`.
        mark: int, 1-8, of EXIF.

    Returns:
        array; what is written to it reaches `upright`.
    """
    if mark in SIDEWAYS:
        upright = upright.swapaxes(0, 1)
    if mark in (3, 4, 6, 7):
        upright = upright[::-1]
    if mark in (2, 3, 7, 8):
        upright = upright[:, ::-1]
    return upright


def make_upright(picture, mark):
    """A picture as it is to be shown.

    Args:
        picture: array, shape `(height, width, ...)`, as it is stored.
        mark: int, 1-8, of EXIF.

    Returns:
        array, contiguous; of marks 5 to 8 height and width are swapped.
    """
    if mark == 1:
        return np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    shape = (width, height) if mark in SIDEWAYS else (height, width)
    upright = np.empty((*shape, *picture.shape[2:]), picture.dtype)
    as_stored(upright, mark)[:] = picture
    return upright


def mark_of(frame):
    """How a frame of a video is to be shown.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        int, 1-8, the mark that EXIF has for it: 1 where it says nothing, the
        nearest where it is turned by any other angle.
    """
    matrix = _matrix_of(frame)
    return 1 if matrix is None else _nearest(matrix)[0]


def describe_mark(frame):
    """What is done about a frame's display matrix, in words.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        list of str.
    """
    matrix = _matrix_of(frame)
    if matrix is None:
        return []
    mark, near = _nearest(matrix)
    said = []
    if mark in (2, 4, 5, 7):
        said.append("mirrored as its display matrix says")
    if TURNS[mark]:
        said.append(f"turned upright by {TURNS[mark]} degrees")
    if not near:
        said.append("its display matrix, no quarter turn, is taken for one")
    return said


def _matrix_of(frame):
    # `frame.side_data` would keep itself and the frame's pixels in memory
    matrix = SideDataContainer(frame).get(Type.DISPLAYMATRIX)
    return None if matrix is None else bytes(matrix)


@functools.lru_cache
def _nearest(content):
    """The mark of a display matrix, and whether it is just that."""
    # nine numbers, row by row; the last row moves the picture
    if len(content) < 36:
        return 1, False
    matrix = np.frombuffer(content[:36], "<i4").reshape(3, 3)[:2, :2]
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    if not lengths.all():
        return 1, False
    # how much it enlarges is no concern of its orientation
    unit = matrix / lengths
    if abs(np.linalg.det(unit)) < NEAR:
        return 1, False
    marks = list(DIRECTIONS)
    off = [np.abs(unit - DIRECTIONS[mark]).max() for mark in marks]
    fit = [(unit * DIRECTIONS[mark]).sum() for mark in marks]
    best = int(np.argmax(fit))
    return marks[best], bool(off[best] < NEAR)
