"""A frame and landmarks -> the files of a face, and what they say of it."""

import hashlib

import cv2
import numpy as np

from helpers import alignment, masks
from helpers.crops import cut_crop
from helpers.footage import media

# 20 kB a crop of 256 pixels, with its colours at full resolution
JPEG_QUALITY = 95


def cut_face(image, landmarks, contract, painted=None):
    """The files of a face, and what its landmarks and its crop say.

    Args:
        image: uint8 array, shape `(height, width, 3)`, RGB, the whole frame.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in its pixels.
        contract: dict from `manifests.data_contract()`.
        painted: uint8 array, shape `(height, width)`, the face's true mask,
            or `None` for the egg that all faces have.

    Returns:
        Tuple of `crop`, bytes of a JPEG file; `mask`, bytes of a PNG file; and
        dict of `landmarks`, `matrix`, `eyes` (their distance in pixels of the
        frame), `outside` (share of the network's crop beyond the picture's
        edge), `sharpness` (variance of the crop's Laplacian), `yaw`, `pitch`,
        `roll` (degrees) and `sha256` of the crop's file.

    Raises:
        ValueError: if the landmarks lie in one place.
    """
    size = contract["crop_size"]
    landmarks = np.asarray(landmarks, dtype=np.float64)
    matrix = alignment.crop_matrix(landmarks, contract)
    yaw, pitch, roll = alignment.estimate_pose(landmarks)
    crop = cut_crop(image, matrix, size)
    if painted is None:
        mask = masks.face_mask(size, contract, yaw)
        mask = np.round(mask * 255).astype(np.uint8)
    else:
        mask = masks.warp_mask(painted, matrix, size)
    written = media.encode_image(crop, ".jpg", JPEG_QUALITY)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    facts = {
        "landmarks": landmarks.tolist(),
        "matrix": matrix.tolist(),
        "eyes": float(np.linalg.norm(landmarks[1] - landmarks[0])),
        "outside": outside_share(matrix, contract, image.shape),
        "sharpness": float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "sha256": hashlib.sha256(written).hexdigest(),
    }
    return written, media.encode_image(mask, ".png"), facts


def outside_share(matrix, contract, shape):
    """Share of what the network sees that lies beyond the picture's edge.

    Args:
        matrix: float array, shape `(2, 3)`, photo pixels to crop pixels.
        contract: dict from `manifests.data_contract()`.
        shape: tuple `(height, width, ...)` of the picture in pixels.

    Returns:
        float, 0-1.
    """
    margin = (1 - contract["coverage"]) / 2
    steps = (np.linspace(margin, 1 - margin, 16)) * contract["crop_size"]
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    back = alignment.invert_transform(matrix)
    points = alignment.transform_points(back, grid)
    inside = (points >= 0) & (points < (shape[1], shape[0]))
    return float(1 - inside.all(axis=1).mean())
