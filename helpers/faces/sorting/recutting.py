"""A face cut again from its footage, by landmarks that a hand placed."""

import pathlib

import numpy as np

from helpers.faces import face_cutting
from helpers.faces.sorting import correction_checks, corrections
from helpers.files import manifests
from helpers.footage import media
from helpers.synthetic.truth import read_painted_masks, read_truth, truth_path


class Frame:
    """A frame of footage, upright.

    Attributes:
        image: uint8 array, shape `(height, width, 3)`, RGB.
        mask: uint8 array, shape `(height, width)`, of a rendered person's
            face, or `None`.
    """

    def __init__(self, image, mask=None):
        self.image, self.mask = image, mask


def read_frame_of(footage, record):
    """The frame that a face was found in.

    Args:
        footage: str or path of the folder that extraction read, or `None`
            if nobody knows it.
        record: dict, the face's record.

    Returns:
        Frame.

    Raises:
        FileNotFoundError: if the footage is gone.
        media.MediaError: if it cannot be read, or has no such frame.
    """
    path = pathlib.Path(footage or "footage") / record["file"]
    if (
        not footage
        or not correction_checks.stays_in_folder(record["file"])
        or not path.is_file()
    ):
        raise FileNotFoundError(
            f"The footage of this face is not there: {path}. Put it back, or "
            "say by footage= where it lies. Until then a face can be left "
            "out and taken back, but not be cut again."
        )
    if path.suffix.lower() in media.PHOTO_ENDINGS:
        return Frame(media.read_photo(path))
    image = media.read_frame(path, record["frame"], record["time"])
    return Frame(image, _painted_mask(path, record))


def _painted_mask(path, record):
    """The true mask of a rendered clip, which is its one person's."""
    if not record["frame_parameters"]:
        return None
    truth = read_truth(truth_path(path))
    painted = read_painted_masks(path, len(truth["frames"]))
    return painted[record["frame"]]


def check_landmarks(landmarks):
    """Five points that a crop can be cut by.

    Args:
        landmarks: array-like, shape `(5, 2)`, `(x, y)` in pixels of the
            frame: left eye, right eye, nose, left and right corner of the
            mouth; left is left in the picture.

    Returns:
        float64 array, shape `(5, 2)`.

    Raises:
        ValueError: if they are something else, or too near to each other.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    good = points.shape == (5, 2) and (abs(points) < 1e6).all()
    if not good or np.linalg.norm(points[1] - points[0]) < 1:
        raise ValueError(
            "Landmarks are five (x, y) points in pixels of the frame, the "
            f"eyes at least a pixel apart. Received: {points.tolist()}. Move "
            "them onto eyes, nose and corners of the mouth."
        )
    return points


def recut_face(frame, landmarks, contract):
    """Cut a face as extraction does, by other landmarks.

    Args:
        frame: `Frame`.
        landmarks: see `check_landmarks`.
        contract: dict from `manifests.data_contract()`.

    Returns:
        See `face_cutting.cut_face`.

    Raises:
        ValueError: see `check_landmarks`.
    """
    landmarks = check_landmarks(landmarks)
    return face_cutting.cut_face(frame.image, landmarks, contract, frame.mask)


def write_recut_face(folder, record, crop, mask, facts):
    """Write a face that was cut again as files of its own.

    Args:
        folder: pathlib.Path that holds `crops/` and `masks/`.
        record: dict, the face's record.
        crop: bytes, see `face_cutting.cut_face`.
        mask: bytes, see `face_cutting.cut_face`.
        facts: dict, see `face_cutting.cut_face`.

    Returns:
        dict: the facts, and the names `crop` and `mask` of the new files.
    """
    stem = pathlib.PurePosixPath(corrections.as_found(record)["crop"]).stem
    number = 1
    while True:
        name = f"{stem}_by_hand_{number}"
        names = {"crop": f"crops/{name}.jpg", "mask": f"masks/{name}.png"}
        if not any((folder / each).exists() for each in names.values()):
            break
        number += 1  # what was cut before stays, so that it can come back
    for each, content in (("crop", crop), ("mask", mask)):
        with manifests.atomic_path(folder / names[each]) as partial:
            partial.write_bytes(content)
    return {**facts, **names}
