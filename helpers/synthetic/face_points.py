"""Where the 68 points of a face are seen: a posed person in, points out.

The points and their order are the usual ones of 68, which `alignment` names.
Brows, nose, lids and lips are fixed to the skin and follow it. The jaw is the
outline that is *seen*, from ear to ear: of a turned head it runs along the far
cheek. Ears and chin end its two halves, which are divided into equal lengths.
"""

import numpy as np

from helpers.synthetic.features import EYE_HALF_WIDTH, lid_heights
from helpers.synthetic.frame import (
    Pose,
    complete_frame,
    pose_grids,
    project_landmarks,
    read_grid,
)
from helpers.synthetic.relief import nose_breadth
from helpers.synthetic.skin import (
    BOW_PEAK,
    BROW_START,
    brow_band,
    brow_length,
    lip_edges,
)
from helpers.synthetic.template import EYE_X, LIP_Y, SEAM

# The jaw begins a little below the eyes: as it is seen from the front, by 0.12
# of their distance. In OpenFace's mean of faces marked with 68 points: 0.13.
EAR_Y = -0.5  # cm
EAR_ANGLE = np.radians(84)  # from the middle of the face to the ear's front
CHIN_Y = -11.2  # cm, where the chin turns under
NOSE_TIP = -4.1
# What is no outline of the jaw though it may stand out further, in cm.
NOSE_HALF_WIDTH, NOSE_BOTTOM = 2.6, -6.0
INSIDE = (0.0, -4.8, 3.5)  # cm, a place in the head that every outline is round
DIRECTION_STEP = np.radians(2.5)  # at which the outline is sought


def project_face_points(person, frame, pose, projected):
    """Where the 68 points of a face are seen.

    Args:
        person: `Person`.
        frame: dict, complete frame parameters.
        pose: `Pose`.
        projected: float32 array, shape `(rows, columns, 3)`. The head's grid
            in pixels of the frame.

    Returns:
        float32 array, shape `(68, 2)`. `(x, y)` in pixels of the frame.
    """
    template = person.template
    fixed = _points_on_skin(person.identity, frame)
    fixed = read_grid(projected, template.find_cells(fixed))
    jaw = _jaw(frame, template, pose, projected)
    points = np.concatenate((jaw, fixed)).astype(np.float32)
    # the mouth's inner corners: between both lips, where these part
    points[60] = (points[60] + points[68]) / 2
    points[64] = (points[64] + points[69]) / 2
    return points[:68]


def _points_on_skin(identity, frame):
    """Template points 17-67, and two more below the mouth's inner corners."""
    brows, nose = _brows(identity), _nose(identity)
    eyes, mouth = _eyes(identity, frame), _mouth(identity)
    return np.concatenate((brows, nose, eyes, mouth))


def _brows(identity):
    """The upper edge of each brow, in equal steps."""
    along = np.linspace(0.97, 0.02, 5)  # left brow: from its outer end
    middle, thickness = brow_band(identity, along)
    x = BROW_START + brow_length(identity) * along
    y = middle + 0.9 * thickness
    left = np.stack((-x, y), 1)
    return np.concatenate((left, left[::-1] * (-1, 1)))


def _nose(identity):
    """The ridge from the height of the inner corners, then the lower edge."""
    ridge = [(0, y) for y in np.linspace(-0.1, NOSE_TIP, 4)]
    breadth = nose_breadth(identity)
    wing, nostril = 1.45 * breadth, 0.72 * breadth
    below = ((-wing, -5.05), (-nostril, -5.35), (0, -5.45))
    return np.array((*ridge, *below, (nostril, -5.35), (wing, -5.05)))


def _eyes(identity, frame):
    """Corners, and each lid's edge at a third and two thirds."""
    along = np.array((1, 1 / 3, -1 / 3, -1, -1 / 3, 1 / 3))
    upper, lower = lid_heights(identity, frame, along)
    y = np.where(np.arange(6) < 4, upper, lower)
    left = np.stack((-EYE_X - EYE_HALF_WIDTH * along, y), 1)
    # the right eye begins at its inner corner
    right = left[[3, 2, 1, 0, 5, 4]] * (-1, 1)
    return np.concatenate((left, right))


def _mouth(identity):
    """Corners, both peaks and the middle of each lip, outside and inside."""
    upper = np.array((-2.5, -1.55, -BOW_PEAK, 0, BOW_PEAK, 1.55, 2.5))
    lower = np.array((1.55, 0.75, 0, -0.75, -1.55))
    top, bottom = lip_edges(identity, upper)[0], lip_edges(identity, lower)[1]
    inner = np.array((-2.2, -0.66, 0, 0.66, 2.2))
    inner = np.concatenate((inner, (0.66, 0, -0.66), (-2.2, 2.2)))
    side = np.where(np.arange(10) < 5, SEAM, -SEAM)
    x = np.concatenate((upper, lower, inner))
    y = np.concatenate((top, bottom, LIP_Y + side))
    return np.stack((x, y), 1)


def _jaw(frame, template, pose, projected):
    """The seen outline from ear to ear by way of the chin, 17 points."""
    middle = pose.project(pose.place(np.float32(INSIDE), np.float32(1)))[:2]
    away = projected[..., :2] - middle
    roll = np.radians(frame["roll"])
    across, down = np.moveaxis(away @ _turn(roll).T, -1, 0)
    direction = np.arctan2(across, down)  # 0 at the chin, negative at the left
    face = (np.abs(template.angle) < EAR_ANGLE) & (template.y > CHIN_Y)
    ears = face & (np.abs(template.y - EAR_Y) < 0.2)
    nose = template.absolute_x < NOSE_HALF_WIDTH
    face &= (template.y < EAR_Y) & ~(nose & (template.y > NOSE_BOTTOM))
    radius = np.hypot(across, down)
    outline = _farthest(direction[face], radius[face])
    ends = direction[ears][[across[ears].argmin(), across[ears].argmax()]]
    chin = read_grid(projected, template.find_cells([(0, CHIN_Y)]))[0] - middle
    chin = np.arctan2(*(_turn(roll) @ chin))
    halves = [
        _divide(np.linspace(*half, 33), outline)
        for half in ((ends[0], chin), (chin, ends[1]))
    ]
    points = np.concatenate((halves[0], halves[1][1:]))
    return points @ _turn(roll) + middle


def _turn(roll):
    """Matrix that takes `(x, y)` of the frame to across and down the head."""
    cosine, sine = np.cos(roll), np.sin(roll)
    return np.array(((cosine, -sine), (sine, cosine)))


def _farthest(direction, radius):
    """Radius of an outline over directions: a function of radians."""
    places = np.rint((direction + np.pi) / DIRECTION_STEP).astype(int)
    farthest = np.zeros(places.max() + 1)
    np.maximum.at(farthest, places, radius)
    known = np.flatnonzero(farthest)
    smooth = np.pad(farthest[known], 1, mode="edge")
    smooth = (smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]) / 4
    known = known * DIRECTION_STEP - np.pi
    return lambda wanted: np.interp(wanted, known, smooth)


def _divide(directions, outline):
    """Nine points of equal distances on an outline, ends included."""
    line = np.stack((np.sin(directions), np.cos(directions)), 1)
    line = line * outline(directions)[:, None]
    length = np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()
    length = np.concatenate(([0], length))
    wanted = np.linspace(0, length[-1], 9)
    return np.stack([np.interp(wanted, length, axis) for axis in line.T], 1)


def face_points(person, frame_parameters=None, size=256):
    """The 68 points of a frame, without rendering it.

    Args:
        person: `Person`.
        frame_parameters: dict of frame parameters, see `FRAME_DEFAULTS`.
        size: int, side of the frame in pixels.

    Returns:
        Tuple of float32 arrays, shapes `(68, 2)` and `(5, 2)`: the points,
        and the five landmarks, `(x, y)` in pixels of the frame.
    """
    frame = complete_frame(frame_parameters)
    pose = Pose(frame, size)
    projected = pose.project(pose_grids(person, frame, pose)[0])
    return (
        project_face_points(person, frame, pose, projected),
        project_landmarks(person.template, projected),
    )
