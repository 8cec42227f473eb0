"""What eyes and mouth do, in a swap and in its target: points in, errors out.

Five landmarks say where a mouth is, not whether it is open. The 68 do. The
head's place, size and turn in the picture are taken out by the points that no
muscle moves; what is left of lids and lips is compared.
"""

import numpy as np

from helpers import alignment
from helpers.alignment import EYES, MOUTH, NOSE
from helpers.faces.readers.face_measures import (
    corner_distance,
    eye_opening,
    mouth_opening,
)

# what no muscle moves: the corners of the eyes, and the nose
UNMOVED = (36, 39, 42, 45, *range(NOSE.start, NOSE.stop))


def align_points(points, onto):
    """Points moved, turned and scaled so that the heads lie alike.

    Args:
        points: float array, shape `(faces, 68, 2)`.
        onto: float array, shape `(faces, 68, 2)`, in any unit.

    Returns:
        float64 array, shape `(faces, 68, 2)`, in the unit of `onto`.
    """
    rows = list(UNMOVED)
    return np.stack(
        [
            alignment.transform_points(
                alignment.similarity_transform(one[rows], other[rows]), one
            )
            for one, other in zip(points, onto, strict=True)
        ]
    )


def expression_distance(points, others):
    """How far lids and lips are from those of another face.

    Args:
        points: float array, shape `(faces, 68, 2)`.
        others: float array, shape `(faces, 68, 2)`: of the target.

    Returns:
        float array, shape `(faces,)`. Mean distance of the points of eyes and
        mouth once the heads lie alike, in the distance of the eyes' outer
        corners, which is the median of the others'.
    """
    away = align_points(points, others) - others
    return _moving(away) / np.median(corner_distance(others))


def _moving(away):
    """Mean length over the points of eyes and mouth."""
    lengths = np.linalg.norm(away, axis=-1)
    return np.concatenate((lengths[:, EYES], lengths[:, MOUTH]), 1).mean(axis=1)


def expression_errors(reader, target, swaps, own):
    """Whether eyes and mouth of swaps do what the target's do.

    Distances are those of `expression_distance()`.

    Args:
        reader: `face_landmarks.LandmarkReader`.
        target: uint8 array, shape `(faces, size, size, 3)`. Stored crops.
        swaps: uint8 array, same shape. The same crops, swapped.
        own: uint8 array, same shape. The same crops with the target's own
            reconstruction pasted in.

    Returns:
        dict of floats:

        - `expression_error_share`: mean distance of the swaps' points.
        - `expression_motion_share`: like it, after the difference of the mean
          points was taken out: a right swap has the source's lips.
        - `expression_own_share`: mean distance of the own reconstructions'.
        - `expression_noise_share`: of the target's own, read in the mirror:
          what the measurement cannot see.
        - `expression_still_share`: of the target's own mean: a face that
          never moves, to hold the motion against.
        - `mouth_opening_error`, `eye_opening_error`: mean absolute difference
          of `face_measures.mouth_opening()` and `eye_opening()`.
    """
    true, moved, copied = (
        reader.landmarks(crops) for crops in (target, swaps, own)
    )
    again = reader.read_in_mirror(target)
    unit = np.median(corner_distance(true))
    away = align_points(moved, true) - true
    # the mean face, laid on each frame's head
    still = np.broadcast_to(true.mean(axis=0), true.shape)
    errors = {
        "expression_error_share": _moving(away) / unit,
        "expression_motion_share": _moving(away - away.mean(axis=0)) / unit,
        "expression_own_share": expression_distance(copied, true),
        "expression_noise_share": expression_distance(again, true),
        "expression_still_share": expression_distance(still, true),
        "mouth_opening_error": np.abs(
            mouth_opening(moved) - mouth_opening(true)
        ),
        "eye_opening_error": np.abs(eye_opening(moved) - eye_opening(true)),
    }
    return {name: float(value.mean()) for name, value in errors.items()}
