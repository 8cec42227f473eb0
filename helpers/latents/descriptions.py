"""Crops -> what can be said of them: where a face looks, its mouth, its light.

The expression reader says what the face does; light and sharpness are
measured in the crop itself. The reader learned on rendered people. Of
photographed ones all but yaw is read by a public reader of real faces
(`readers.blendshapes`), and brought to the renderer's units.

Left and right are those of the picture.
"""

from collections import namedtuple

import numpy as np

from helpers.crops import cut_network_crops
from helpers.faces.readers import blendshapes, face_measures
from helpers.faces.readers.blendshapes import BEHAVIOURS, behaviours
from helpers.faces.readers.expression_reader import read_expression_reader
from helpers.faces.readers.face_measures import lips_apart
from helpers.faces.sorting import face_reasons
from helpers.synthetic.frame import EXPRESSION_PARAMETERS

Feature = namedtuple("Feature", "name unit low low_from high high_from doubt")
Feature.__doc__ = """One number that describes a face, its ends in words.

Args:
    name: str.
    unit: str, what follows the number.
    low: str. What a low number is called, or `""` if it is nothing to film.
    low_from: float. From here downwards it is called so.
    high: str. The same at the other end.
    high_from: float.
    doubt: float. How far a reading of one person may lie beside the same
        reading of another person who does the same.
"""

# The reader's numbers first, in its order. The doubts are the largest mean
# errors of one person among eight rendered ones, rounded up.
FEATURES = (
    Feature("yaw", "°", "head turned left", -8, "head turned right", 8, 1.5),
    Feature("pitch", "°", "head down", -5, "head up", 5, 3.5),
    Feature("jaw", "", "mouth shut", 0.03, "mouth open", 0.15, 0.05),
    Feature("smile", "", "no smile", 0.1, "smiling", 0.4, 0.2),
    Feature("blink", "", "", 0, "eyes shut", 0.4, 0.1),
    Feature(
        "gaze_x", "", "eyes to the left", -0.3, "eyes to the right", 0.3, 0.1
    ),
    Feature("gaze_y", "", "eyes down", -0.25, "eyes up", 0.25, 0.15),
    Feature(
        "light",
        " stops",
        "light from the left",
        -0.15,
        "light from the right",
        0.15,
        0.1,
    ),
    Feature("brightness", " stops", "dark", -0.7, "bright", 0.7, 0.3),
    Feature("sharpness", " stops", "blurred", -1.5, "", 0, 0.5),
)
# for readers; the other names are words already
LABELS = {
    "yaw": "head sideways",
    "pitch": "head up or down",
    "jaw": "mouth",
    "blink": "eyelids",
    "gaze_x": "look sideways",
    "gaze_y": "look up or down",
}
READ_SIZE = 80  # side of a whole crop, in pixels, that is looked at
# Renderer's units for what the public reader says, by lines fitted on ten
# rendered people (`bench expression_reader --public`): the jaw for lips that
# are apart by the distance of the eyes' corners; a smile, shut lids and a look
# aside for their blendshapes. A look up has the line of a look aside, as lids
# of rendered people do not follow their eyes, and real ones do.
JAW_OF_LIPS, SMILE, BLINK, GAZE = 4.0, 1.1, 1.45, 1.2
# Shut lips of people who keep still come out at most 0.005 apart, and lids that
# are open up to 0.34 shut; whose are further always talks, or looks down.
SHUT_LIPS, OPEN_LIDS = 0.02, 0.35
# a lid that falls says `looks down`, too: as much of it is taken off again
DOWN_OF_BLINK = 0.85
# Degrees by which real heads lean back further than rendered ones. Portraits
# and snapshots of ten people, who look at the camera, have -3 to 17.
REAL_LEANING = 10.0


def describe_faces(face_set, rows=None, reader=None):
    """What can be said of the faces of one identity.

    Args:
        face_set: `FaceSet`.
        rows: int array. Which of its records; `None` for all.
        reader: `ExpressionReader`, or `None` for the course's own.

    Returns:
        float64 array, shape `(faces, features)`, a column for each of
        `FEATURES`. Light is how much brighter the right half of the face is
        than the left, in photographic stops (doublings). Brightness and
        sharpness are relative to the middle one of these faces, because
        skins and lenses differ.
    """
    if rows is not None:
        face_set = face_set.pick(rows)
    reader = reader or read_expression_reader()
    crops = face_set.load_crops(READ_SIZE)
    masks = face_set.load_masks(READ_SIZE)
    coverage = face_set.contract["coverage"]
    seen = cut_network_crops(crops, coverage, round(READ_SIZE * coverage))
    read = reader.read_expressions(seen)
    if not face_set.rendered:
        columns = EXPRESSION_PARAMETERS.index
        for name, values in read_photographed(face_set).items():
            read[:, columns(name)] = values
    light, brightness = light_of(crops, masks)
    sharpness = np.array([each["sharpness"] for each in face_set.records])
    sharpness = np.log2(np.maximum(sharpness, 1e-3))
    return np.column_stack(
        [
            read,
            light,
            brightness - np.median(brightness),
            sharpness - np.median(sharpness),
        ]
    )


def describe_encoded(face_sets, encoded, reader=None):
    """Descriptions of encoded faces, in their order.

    Args:
        face_sets: dict from identity to `FaceSet`, as encoded.
        encoded: `encoding.EncodedFaces`.
        reader: see `describe_faces()`.

    Returns:
        float64 array, shape `(faces, features)`.
    """
    reader = reader or read_expression_reader()
    described = np.empty((len(encoded.labels), len(FEATURES)))
    for identity, face_set in face_sets.items():
        own = encoded.labels == identity
        described[own] = describe_faces(face_set, encoded.rows[own], reader)
    return described


def read_photographed(face_set):
    """What real faces do, in the units of the renderer.

    People's lids are as different as their lips: both are relative to the
    same person's other faces.

    Args:
        face_set: `FaceSet` of at least one face.

    Returns:
        dict of float64 arrays, shape `(faces,)`: `pitch` in degrees; `jaw`, 0
        for shut lips to 1, `smile`, `blink`, 0 for open eyes to 1; `gaze_x`
        and `gaze_y`, -1 to 1.
    """
    reader = blendshapes.shipped_blendshapes()

    def ask(crops):
        shapes, points = reader.read_in_depth(crops)
        measured = face_measures.head_pitch(points), lips_apart(points)
        return np.column_stack((behaviours(shapes), *measured))

    answers = face_reasons.ask_about_crops(
        face_set, range(len(face_set)), reader.side, ask
    )
    *_, pitch, lips = answers.T
    does = dict(zip(BEHAVIOURS, answers.T, strict=False))
    shut = min(np.quantile(lips, 0.1), SHUT_LIPS)
    fallen = does["blink"] - min(np.quantile(does["blink"], 0.25), OPEN_LIDS)
    down = does["gaze_y"] + DOWN_OF_BLINK * fallen
    return {
        "pitch": pitch - REAL_LEANING,
        "jaw": np.clip(JAW_OF_LIPS * (lips - shut), 0, 1),
        "smile": SMILE * does["smile"],
        "blink": np.clip(BLINK * fallen, 0, 1),
        "gaze_x": np.clip(GAZE * does["gaze_x"], -1, 1),
        "gaze_y": np.clip(GAZE * down, -1, 1),
    }


def light_of(crops, masks):
    """Where the light comes from, and how bright a face is.

    Both halves of the face are compared, each side of the middle of its mask:
    a turned head leaves the middle of the crop. On rendered people of eight
    kinds it follows the lamp's place with a correlation of 0.94.

    Args:
        crops: uint8 array, shape `(faces, height, width, 3)`.
        masks: uint8 array, shape `(faces, height, width)`, 0 outside the face.

    Returns:
        Tuple of two float64 arrays, shape `(faces,)`, in stops: how much
        brighter the right half is than the left, and the brightness of all,
        of which 0 is white.
    """
    width = crops.shape[2]
    across = (np.arange(width) + 0.5) / width
    right, left = np.empty(len(crops)), np.empty(len(crops))
    for index, (crop, mask) in enumerate(zip(crops, masks, strict=True)):
        grey = crop.mean(axis=-1) / 255
        # a face without a mask is looked at as a whole
        weight = mask / 255 if mask.any() else np.ones(mask.shape)
        middle = (weight * across).sum() / weight.sum()
        share = 1 / (1 + np.exp((middle - across) / 0.02))
        for side, half in (
            (right, weight * share),
            (left, weight * (1 - share)),
        ):
            total = max(half.sum(), 1e-9)
            side[index] = max((grey * half).sum() / total, 1 / 255)
    return np.log2(right / left), np.log2((right + left) / 2)


def feature_label(feature):
    """What a feature is called where people read it: `look sideways`.

    Args:
        feature: `Feature`.

    Returns:
        str.
    """
    return LABELS.get(feature.name, feature.name)


def reading_as_text(feature, value):
    """A reading as people write it: `-15°`, `0.4`.

    Args:
        feature: `Feature`.
        value: float.

    Returns:
        str.
    """
    digits = 0 if feature.unit == "°" else 2
    return f"{value:.{digits}f}{feature.unit}"
