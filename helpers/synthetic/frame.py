"""What a frame of film is: parameters in, pose and projection out.

Angles are in degrees. Positive yaw turns the nose to the image's right,
positive pitch lifts the chin, positive roll tilts the head to the image's
left.
"""

import numpy as np

from helpers.synthetic.expressions import BLENDSHAPES
from helpers.synthetic.fields import mix

FRAME_DEFAULTS = {
    # pose
    "yaw": 0.0,  # degrees, -42 to 42
    "pitch": 0.0,  # degrees, -25 to 25
    "roll": 0.0,  # degrees, -25 to 25
    "shift_x": 0.0,  # share of the frame's side
    "shift_y": 0.0,  # share of the frame's side
    "distance": 70.0,  # cm from the camera
    "zoom": 1.0,  # 0.92 to 1.1
    # expression, 0-1; smile, pucker and brow_up down to about -0.2
    "jaw": 0.0,
    "smile": 0.0,
    "pucker": 0.0,
    "brow_up": 0.0,
    "frown": 0.0,
    "lip_raise": 0.0,
    "sneer": 0.0,
    "blink": 0.0,
    "squint": 0.0,
    "gaze_x": 0.0,  # -1 to 1, positive to the image's right
    "gaze_y": 0.0,  # -1 to 1, positive up
    # light, in linear RGB
    "light": (-0.5, 0.55, 0.8),  # direction towards the lamp
    "key": 1.0,  # strength of the lamp, 0.5 to 1.3
    "key_color": (1.0, 0.96, 0.9),
    "ambient": 0.30,  # 0.12 to 0.75
    "ambient_top": (0.95, 1.0, 1.1),
    "ambient_bottom": (1.0, 0.9, 0.8),
    "rim": 0.25,  # sheen of skin seen at a slant
    "background": 1,  # seed of the room
    # camera
    "exposure": 1.0,
    "blur": 0.55,  # pixels at a frame of 256 px
    "noise": 0.012,  # standard deviation of the grain, 0-1
    "seed": 0,  # of the grain
}

# The parameters that a swap has to carry over from the target, and which an
# expression score therefore compares: range of each in `sample_take`.
EXPRESSION_RANGES = {
    "yaw": (-30.0, 30.0),  # degrees
    "pitch": (-24.0, 24.0),  # degrees
    "jaw": (0.0, 1.0),  # mouth: shut to wide open
    "smile": (-0.15, 1.0),  # corners of the mouth
    "blink": (0.0, 1.0),  # eyelids: open to shut
    "gaze_x": (-1.0, 1.0),  # 1: the iris near the corner of the eye
    "gaze_y": (-1.0, 1.0),
}
EXPRESSION_PARAMETERS = tuple(EXPRESSION_RANGES)

PIVOT = np.array((0.0, -9.5, -1.5), np.float32)  # where the head turns, cm
FOCAL_LENGTH = 2.05  # in sides of the frame
EYE_LEVEL = 0.455  # share of the frame's height


def complete_frame(frame_parameters):
    """Frame parameters with every one left out set to its default.

    Args:
        frame_parameters: dict, some of the keys of `FRAME_DEFAULTS`, or
            `None`.

    Returns:
        dict with all keys of `FRAME_DEFAULTS`.

    Raises:
        ValueError: if a parameter does not exist.
    """
    frame_parameters = frame_parameters or {}
    unknown = sorted(set(frame_parameters) - set(FRAME_DEFAULTS))
    if unknown:
        raise ValueError(
            f"There are no frame parameters {unknown}. Choose from: "
            f"{sorted(FRAME_DEFAULTS)}. "
            f"Received: frame_parameters={frame_parameters!r}"
        )
    return {**FRAME_DEFAULTS, **frame_parameters}


def rotation(yaw, pitch, roll):
    """Rotation matrix of a pose: pitch first, then yaw, then roll.

    Args:
        yaw: float, degrees.
        pitch: float, degrees.
        roll: float, degrees.

    Returns:
        float32 array, shape `(3, 3)`, for column vectors `(x, y, z)`.
    """
    cosine, sine = np.cos, np.sin
    yaw, pitch, roll = np.radians([yaw, -pitch, roll])
    turn = np.array(
        [
            [cosine(yaw), 0, sine(yaw)],
            [0, 1, 0],
            [-sine(yaw), 0, cosine(yaw)],
        ]
    )
    nod = np.array(
        [
            [1, 0, 0],
            [0, cosine(pitch), -sine(pitch)],
            [0, sine(pitch), cosine(pitch)],
        ]
    )
    tilt = np.array(
        [
            [cosine(roll), -sine(roll), 0],
            [sine(roll), cosine(roll), 0],
            [0, 0, 1],
        ]
    )
    return (tilt @ turn @ nod).astype(np.float32)


class Pose:
    """How the head stands in a frame, and where the camera sees it.

    Args:
        frame: dict, complete frame parameters.
        size: int, side of the frame in pixels.

    Attributes:
        head: float32 array, shape `(3, 3)`. Rotation of the head.
        pixels_per_cm: float, at the depth of the eyes' origin.
    """

    def __init__(self, frame, size):
        self.head = rotation(frame["yaw"], frame["pitch"], frame["roll"])
        # shoulders follow the head a little
        self._torso = rotation(frame["yaw"] * 0.12, 0, frame["roll"] * 0.1)
        self._distance = frame["distance"]
        self._focal = np.float32(size * FOCAL_LENGTH * frame["zoom"])
        self._center = (
            size / 2 + frame["shift_x"] * size,
            size * EYE_LEVEL + frame["shift_y"] * size,
        )
        self.pixels_per_cm = self._focal / self._distance

    def place(self, vertices, follows):
        """Turn points that follow the head, wholly or partly.

        Args:
            vertices: float32 array, shape `(..., 3)`, in cm.
            follows: float, or array that broadcasts with `(..., 1)`. 1 for
                points of the head, 0 for points of the torso.

        Returns:
            float32 array, shape `(..., 3)`, in cm.
        """
        centered = vertices - PIVOT
        turned = mix(centered @ self._torso.T, centered @ self.head.T, follows)
        return turned + PIVOT

    def project(self, vertices):
        """Where the camera sees points.

        Args:
            vertices: float32 array, shape `(..., 3)`, in cm.

        Returns:
            float32 array, shape `(..., 3)`: `(x, y)` in pixels of the frame,
            and depth in cm, larger is nearer.
        """
        x, y, depth = np.moveaxis(vertices, -1, 0)
        scale = self._focal / (self._distance - depth)
        across = self._center[0] + scale * x
        down = self._center[1] - scale * (y + 1.2)
        return np.stack([across, down, depth], -1).astype(np.float32)


def pose_grids(person, frame, pose):
    """All grids of a person in a frame: the head first, then attachments.

    Args:
        person: `Person`.
        frame: dict, complete frame parameters.
        pose: `Pose`.

    Returns:
        list of float32 arrays, shape `(rows, columns, 3)` each, in cm.
    """
    head = person.vertices.copy()
    for name, shape in zip(BLENDSHAPES, person.blendshapes, strict=True):
        if frame[name]:
            head += np.float32(frame[name]) * shape
    attached = [
        pose.place(grid.vertices, grid.follows) for grid in person.attachments
    ]
    return [pose.place(head, person.follows), *attached]


def grid_normals(vertices, flipped):
    """Directions in which a grid's vertices face, by central differences.

    Args:
        vertices: float32 array, shape `(rows, columns, 3)`, in cm.
        flipped: bool, whether the other side is the outside.

    Returns:
        float32 array, shape `(rows * columns, 3)`, of length 1.
    """
    down, along = np.empty_like(vertices), np.empty_like(vertices)
    down[1:-1] = vertices[2:] - vertices[:-2]
    down[0], down[-1] = vertices[1] - vertices[0], vertices[-1] - vertices[-2]
    along[:, 1:-1] = vertices[:, 2:] - vertices[:, :-2]
    along[:, 0] = vertices[:, 1] - vertices[:, 0]
    along[:, -1] = vertices[:, -1] - vertices[:, -2]
    normals = np.cross(down, along).reshape(-1, 3) * (-1 if flipped else 1)
    length = np.sqrt((normals * normals).sum(1, keepdims=True))
    return normals / (length + 1e-9)


def project_landmarks(template, projected):
    """Where the five landmarks of a face are seen.

    Args:
        template: `Template`.
        projected: float32 array, shape `(rows, columns, 3)`. The head's grid
            in pixels of the frame.

    Returns:
        float32 array, shape `(5, 2)`. `(x, y)` in pixels of the frame: left
        eye, right eye, nose, left and right mouth corner; left = image left.
    """
    return read_grid(projected, template.landmark_cells)


def read_grid(projected, cells):
    """Where places between the vertices of a grid are seen.

    Args:
        projected: float32 array, shape `(rows, columns, 3)`. A grid in pixels
            of the frame.
        cells: float array, shape `(points, 2)`. `(row, column)` each.

    Returns:
        float32 array, shape `(points, 2)`. `(x, y)` in pixels of the frame.
    """
    row, column = cells.astype(int).T
    down, along = (cells - np.stack([row, column], 1)).T
    down, along = down[:, None], along[:, None]
    above = mix(projected[row, column], projected[row, column + 1], along)
    below = mix(
        projected[row + 1, column], projected[row + 1, column + 1], along
    )
    return mix(above, below, down)[:, :2].astype(np.float32)
