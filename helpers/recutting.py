"""A face cut again from its footage, by landmarks that a hand placed."""

import hashlib
import pathlib
import zipfile

import cv2
import numpy as np

from helpers import alignment, corrections, masks, media

JPEG_QUALITY = 95  # as the crops that were found


class Frame:
    """A frame of footage, upright.

    Attributes:
        image: uint8 array, shape `(height, width, 3)`, RGB.
        mask: uint8 array, shape `(height, width)`, of a rendered person's
            face, or `None`.
    """

    def __init__(self, image, mask=None):
        self.image, self.mask = image, mask


def read_frame(footage, record):
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
        or not corrections.is_inside(record["file"])
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
    """Of a rendered clip the true mask, which lies beside it."""
    if not record["frame_parameters"]:
        return None
    path = path.with_name(path.stem + ".masks.npz")
    try:
        with np.load(path) as arrays:
            return arrays["masks"][record["frame"]]
    except (OSError, ValueError, LookupError, zipfile.BadZipFile) as error:
        raise media.MediaError(
            f"{path} should hold the true masks of a rendered clip. "
            f"Received: {error}. Delete the clip with its sidecars and run "
            "notebooks/01_data_generation.ipynb again; it films it anew."
        ) from error


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


def cut_face(frame, landmarks, contract):
    """Cut a face as extraction does, by other landmarks.

    Args:
        frame: `Frame`.
        landmarks: see `check_landmarks`.
        contract: dict from `manifests.data_contract()`.

    Returns:
        Tuple of `crop`, uint8 array, shape `(size, size, 3)`, `mask`, uint8
        array, shape `(size, size)`, and `facts`, dict with what a record
        says of them: `landmarks`, `matrix`, `yaw`, `pitch`, `roll`,
        `sharpness`, `eyes` and `outside`.

    Raises:
        ValueError: see `check_landmarks`.
    """
    landmarks = check_landmarks(landmarks)
    size = contract["crop_size"]
    matrix = alignment.crop_matrix(landmarks, contract)
    yaw, pitch, roll = alignment.estimate_pose(landmarks)
    crop = alignment.cut_crop(frame.image, matrix, size)
    if frame.mask is None:
        mask = masks.face_mask(size, contract, yaw)
        mask = np.round(mask * 255).astype(np.uint8)
    else:
        mask = masks.warp_mask(frame.mask, matrix, size)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    facts = {
        "landmarks": landmarks.tolist(),
        "matrix": matrix.tolist(),
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "sharpness": float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        "eyes": float(np.linalg.norm(landmarks[1] - landmarks[0])),
        "outside": outside_share(matrix, contract, frame.image.shape),
    }
    return crop, mask, facts


def outside_share(matrix, contract, shape):
    """Share of what the network sees that lies beyond the picture's edge."""
    margin = (1 - contract["coverage"]) / 2
    steps = np.linspace(margin, 1 - margin, 16) * contract["crop_size"]
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    back = alignment.invert_transform(matrix)
    points = alignment.transform_points(back, grid)
    inside = (points >= 0) & (points < (shape[1], shape[0]))
    return float(1 - inside.all(axis=1).mean())


def write_face(folder, record, crop, mask, facts):
    """Write a face that was cut again as files of its own.

    Args:
        folder: pathlib.Path that holds `crops/` and `masks/`.
        record: dict, the face's record.
        crop: see `cut_face`.
        mask: see `cut_face`.
        facts: see `cut_face`.

    Returns:
        dict: the facts, and `crop`, `mask` and `sha256` of the new files.
    """
    stem = pathlib.PurePosixPath(corrections.as_found(record)["crop"]).stem
    number = 1
    while True:
        name = f"{stem}_by_hand_{number}"
        names = {"crop": f"crops/{name}.jpg", "mask": f"masks/{name}.png"}
        if not any((folder / each).exists() for each in names.values()):
            break
        number += 1  # what was cut before stays, so that it can come back
    media.write_image(folder / names["crop"], crop, JPEG_QUALITY)
    media.write_image(folder / names["mask"], mask)
    digest = hashlib.sha256((folder / names["crop"]).read_bytes()).hexdigest()
    return {**facts, **names, "sha256": digest}
