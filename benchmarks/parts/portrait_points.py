"""Hand-placed points of studio portraits as the 68: a .tem file in, points out.

The Face Research Lab London Set (DeBruine and Jones, 2017, CC BY 4.0) has 189
points a face. Which of them stand for which of the 68 was found by drawing
both with their numbers. Where the sets differ, a point of the 68 is a weighted
mean of its neighbours: lids have three points between the corners there and
two here, and the ridge of the nose runs between two lines there. The tip of
the nose has no point there: it lies a little below the two on its shoulders.
The jaw is that outline from ear to ear, each half divided into equal lengths.
"""

import numpy as np

PUPILS = (0, 1)
# from the ear to the chin, on the image's left and right
JAW_LINES = (
    (109, 185, 110, 186, 111, 125, 126, 127, 128, 129),
    (112, 187, 113, 188, 114, 133, 132, 131, 130, 129),
)
_THIRD = (2 / 3, 1 / 3)
# points 17-67: numbers of the 189 and their weights
SAME_PLACES = (
    # brows, upper edge
    *(((number,), (1,)) for number in (71, 72, 73, 74, 75)),
    *(((number,), (1,)) for number in (78, 79, 80, 81, 82)),
    # nose: ridge, tip, lower edge
    ((51, 57), (0.5, 0.5)),
    ((52, 58), (0.5, 0.5)),
    ((53, 59), (0.5, 0.5)),
    ((54, 60, 55), (0.4, 0.4, 0.2)),
    ((63, 64), (0.5, 0.5)),
    ((64, 180), (0.5, 0.5)),
    ((55,), (1,)),
    ((69, 181), (0.5, 0.5)),
    ((69, 68), (0.5, 0.5)),
    # left eye: outer corner, upper lid, inner corner, lower lid
    ((18,), (1,)),
    ((19, 20), _THIRD),
    ((21, 20), _THIRD),
    ((22,), (1,)),
    ((30, 29), _THIRD),
    ((28, 29), _THIRD),
    # right eye: inner corner, upper lid, outer corner, lower lid
    ((23,), (1,)),
    ((24, 25), _THIRD),
    ((26, 25), _THIRD),
    ((27,), (1,)),
    ((33, 32), _THIRD),
    ((31, 32), _THIRD),
    # around the lips
    *(((number,), (1,)) for number in range(87, 94)),
    *(((number,), (1,)) for number in (108, 107, 106, 105, 104)),
    # inside them: the corners lie a little inwards
    ((87, 94, 99), (0.6, 0.2, 0.2)),
    *(((number,), (1,)) for number in (95, 96, 97)),
    ((93, 98, 103), (0.6, 0.2, 0.2)),
    *(((number,), (1,)) for number in (102, 101, 100)),
)


def read_portrait_points(path):
    """The 68 points of a portrait, and its pupils.

    Args:
        path: str or path of a `.tem` file.

    Returns:
        Tuple of float arrays, shapes `(68, 2)` and `(2, 2)`, `(x, y)` in
        pixels of the portrait.
    """
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    placed = [line.split() for line in lines[1 : int(lines[0]) + 1]]
    placed = np.array(placed, np.float64)
    left, right = (_divide(placed[list(line)], 9) for line in JAW_LINES)
    others = [
        np.average(placed[list(numbers)], axis=0, weights=weights)
        for numbers, weights in SAME_PLACES
    ]
    points = np.concatenate((left, right[-2::-1], others))
    return points, placed[list(PUPILS)]


def _divide(line, count):
    """Points at equal distances on a line through points."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate(([0], np.cumsum(steps)))
    wanted = np.linspace(0, along[-1], count)
    return np.stack([np.interp(wanted, along, axis) for axis in line.T], 1)
