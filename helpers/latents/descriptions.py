"""Crops -> what can be said of them: where a face looks, its mouth, its light.

The expression reader says what the face does; light and sharpness are
measured in the crop itself. The reader learned on rendered people. Lips and
lids of photographed ones are read from their 68 landmarks, which order real
mouths and eyes rightly where the reader does not.

Left and right are those of the picture.
"""

from collections import namedtuple

import numpy as np

from helpers.crops import cut_network_crops
from helpers.faces.readers import face_landmarks, face_measures
from helpers.faces.readers.expression_reader import read_expression_reader
from helpers.faces.sorting import face_reasons

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
# How far the renderer's jaw is open where the lips are apart by the distance of
# the eyes' outer corners: 3.1 and 3.6 for two people. Shut lips of photographed
# people come out up to so far apart; whose are further always talks.
JAW_OF_LIPS = 3.3
SHUT_LIPS = 0.05


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
        names = [feature.name for feature in FEATURES]
        columns = [names.index("jaw"), names.index("blink")]
        read[:, columns] = np.stack(lips_and_lids(face_set), axis=1)
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


def lips_and_lids(face_set):
    """How far mouth and eyes are open, in the units of the renderer.

    People's lids are as different as their lips: both are relative to the
    same person's other faces.

    Args:
        face_set: `FaceSet` of at least one face.

    Returns:
        Tuple of two float64 arrays, shape `(faces,)`: `jaw`, 0 for shut lips
        to 1, and `blink`, 0 for open eyes to 1.
    """
    reader = face_landmarks.shipped_landmarks()
    points = face_reasons.ask_about_crops(
        face_set, range(len(face_set)), reader.resolution, reader.landmarks
    )
    lips = face_measures.mouth_opening(points).astype(np.float64)
    lids = face_measures.eye_opening(points).mean(axis=-1).astype(np.float64)
    shut = min(np.quantile(lips, 0.1), SHUT_LIPS)
    blink = 1 - lids / max(np.quantile(lids, 0.75), 1e-6)
    return (
        np.clip(JAW_OF_LIPS * (lips - shut), 0, 1),
        np.clip(blink, 0, 1),
    )


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
