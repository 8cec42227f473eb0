"""Face sets -> what can be known of footage before any training.

Where the faces look, what they do, where their light comes from
(`descriptions.describe_faces`), how far apart the eyes are, how fine the detail
is, and from which takes they are. Only small networks are asked: the
expression reader and, of photographed people, the public one.
"""

from collections import namedtuple

import cv2
import numpy as np

from helpers.faces.face_set import evenly
from helpers.latents import descriptions
from helpers.latents.descriptions import FEATURES
from helpers.latents.encoding import stretch_of

MOST = 3000  # faces of one identity that are described; the rest is alike
MOST_PHOTOGRAPHED = 600  # the public reader takes 25 ms for each
MOST_FOR_DETAIL = 300
NETWORK_SIZES = (64, 128)
# How much finer than a network's pixel the eye still sees a difference. A
# blur by this many of its pixels takes half of the finest octave away.
OCTAVE_BEGINS = 0.625
# Rendered faces have 0.58 to 0.78 of it, sharp photographs 0.56 to 0.85. With
# a blur of 1.25 of the network's pixels it is 0.39 to 0.53, with nothing left
# in the octave 0.28.
SOFT = 0.5
# How far a reading of a photographed face may be off, judged by the pictures of
# sixteen people: sorted by pitch, jaw, smile, blink and gaze sideways, their
# faces do go from one end to the other, but one of four posed smiles was not
# seen, and where a head is level nobody knows. Gaze up and down follows no
# truth that we have. What is not named is as certain as of rendered faces.
PHOTO_DOUBTS = {
    "yaw": 4,
    "pitch": 7,
    "jaw": 0.12,
    "smile": 0.3,
    "blink": 0.2,
    "gaze_x": 0.2,
    "gaze_y": 0.6,
}
ROUGH = 2.8  # times the doubt about a rendered face

Facts = namedtuple(
    "Facts",
    "identity face_set described stretches train doubts eyes detail",
)
Facts.__doc__ = """What is known of the faces of one identity.

Args:
    identity: str.
    face_set: `FaceSet`, all of it.
    described: float64 array, shape `(faces, features)`, see
        `descriptions.describe_faces()`.
    stretches: int array, shape `(faces,)`. Stretch of footage of each.
    train: bool array, shape `(faces,)`. False for held-out faces.
    doubts: float64 array, shape `(features,)`. How far readings may be off.
    eyes: float64 array, shape `(faces,)`. Distance of the eyes in pixels of
        the frame.
    detail: dict from network size to float64 array, see `detail_of()`.
"""


def facts_of(face_set, reader=None, most=MOST):
    """Look at the faces of one identity.

    Args:
        face_set: `FaceSet` of at least one face.
        reader: `ExpressionReader`, or `None` for the course's own.
        most: int. Of more faces, so many are looked at, evenly spread.

    Returns:
        `Facts`.

    Raises:
        ValueError: if there is no face.
    """
    if not len(face_set):
        raise ValueError(
            "A report needs faces. Received: none of "
            f"{face_set.identity!r}. Run notebooks/01_data_generation.ipynb "
            "with footage of this person"
        )
    if not face_set.rendered:
        most = min(most, MOST_PHOTOGRAPHED)
    some = face_set.pick(evenly(len(face_set), most))
    stretches = [stretch_of("", record) for record in some.records]
    numbers = {name: n for n, name in enumerate(dict.fromkeys(stretches))}
    few = some.pick(evenly(len(some), MOST_FOR_DETAIL))
    crops, masks = few.load_crops(), few.load_masks()
    coverage = face_set.contract["coverage"]
    return Facts(
        face_set.identity,
        face_set,
        descriptions.describe_faces(some, reader=reader),
        np.array([numbers[name] for name in stretches]),
        np.array([record["split"] == "train" for record in some.records]),
        doubts_of(some),
        np.array([eyes_of(record) for record in some.records]),
        {
            size: detail_of(crops, masks, crops.shape[1] * coverage / size)
            for size in NETWORK_SIZES
        },
    )


def doubts_of(face_set):
    """How far readings may be off, float64 array of shape `(features,)`."""
    photographed = {} if face_set.rendered else PHOTO_DOUBTS
    return np.array(
        [photographed.get(each.name, each.doubt) for each in FEATURES], float
    )


def is_rough(feature, doubt):
    """Whether readings are too doubtful to be told in a feature's words.

    Args:
        feature: `descriptions.Feature`.
        doubt: float, see `doubts_of()`.

    Returns:
        bool. Never of rendered faces, whose doubt is the feature's own.
    """
    return bool(doubt >= ROUGH * feature.doubt)


def eyes_of(record):
    """Distance of the eyes of a face's record, in pixels of the frame."""
    left, right = np.asarray(record["landmarks"], float)[:2]
    return float(np.linalg.norm(right - left))


def network_eyes(contract, size):
    """Distance of the eyes that a network of this size sees, in its pixels."""
    left, right = np.asarray(contract["template"], float)[:2]
    return float(np.linalg.norm(right - left) * size / contract["coverage"])


def detail_of(crops, masks, pixel):
    """How much is in the finest octave that a network can draw.

    The octave's strength over that of the next coarser one: in pictures of
    things it changes little with contrast and light, and a blur takes it away.

    Args:
        crops: uint8 array, shape `(faces, height, width, 3)`.
        masks: uint8 array, shape `(faces, height, width)`, 0 outside the face.
        pixel: float. Side of a pixel of the network, in pixels of the crop.

    Returns:
        float64 array, shape `(faces,)`: below `SOFT` a face is softer than
        the network.
    """
    details = np.empty(len(crops))
    for index, (crop, mask) in enumerate(zip(crops, masks, strict=True)):
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
        inside = mask > 127 if mask.any() else np.ones(mask.shape, bool)
        sigmas = pixel * OCTAVE_BEGINS * np.array([1, 2, 4])
        fine, middle, coarse = (
            cv2.GaussianBlur(grey, (0, 0), float(sigma)) for sigma in sigmas
        )
        strength = (middle - coarse)[inside].std()
        details[index] = (fine - middle)[inside].std() / max(strength, 1e-6)
    return details
