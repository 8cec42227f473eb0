"""Where eyes, nose and mouth are in crops, and how far a swap's are off.

MTCNN is asked, as it asks nobody who was trained here.
"""

import numpy as np

from helpers import alignment, augmentation

# Distance from the target's landmarks, in distances between its eyes, up to
# which a swap counts as doing the same.
CLOSE = 0.04

# MTCNN's landmarks move by 0.02 of that distance when a picture is shifted a
# little; their mean over a few shifted views is steadier.
VIEWS = 4
VIEW_OPTIONS = {"rotation": 3.0, "zoom": 0.04, "shift": 0.03}
# A face that fills the picture is not found: the crop's side times this.
ROOM = 1.5


def find_landmarks(crops, detector, seed=0):
    """Landmarks of the face in each stored crop: the mean of a few looks.

    Args:
        crops: uint8 array, shape `(faces, size, size, 3)`.
        detector: `detection.FaceDetector`.
        seed: int. Other views for another seed.

    Returns:
        float64 array, shape `(faces, 5, 2)`, `(x, y)` in pixels of the crop;
        NaN where a face was not found in every view.
    """
    random = np.random.default_rng(seed)
    size = crops.shape[1]
    side = round(ROOM * size)
    views = []
    for _ in range(VIEWS):
        # from the view's pixels to the crop's: a view is that much larger
        view = augmentation.sample_view(
            random, size, ROOM, side, VIEW_OPTIONS
        ).astype(np.float64)
        looks = detector.detect(
            [augmentation.cut_view(crop, view, side) for crop in crops]
        )
        views.append(
            [
                alignment.transform_points(view, faces[0]["landmarks"])
                if faces
                else np.full((5, 2), np.nan)
                for faces in looks
            ]
        )
    return np.mean(views, axis=0)


def landmark_scores(detector, target, swaps, own):
    """How far eyes, nose and mouth of a swap are from where the target's are.

    All distances are means over the five landmarks, in distances between the
    target's eyes.

    Args:
        detector: `detection.FaceDetector`.
        target: uint8 array, shape `(faces, size, size, 3)`. Stored crops.
        swaps: uint8 array, same shape. The same crops, swapped.
        own: uint8 array, same shape. The same crops with the target's own
            reconstruction pasted in.

    Returns:
        dict of floats:

        - `landmark_error_share`: mean distance of the swaps' landmarks.
        - `landmark_close_share`: swaps nearer than `CLOSE`; one in which no
          face was found is not.
        - `landmark_own_share`: mean distance of the own reconstructions'.
        - `landmark_noise_share`: mean distance of the target's own, found a
          second time in other views: what the measurement cannot see.
        - `landmark_motion_share`: like the error, after the difference of
          the mean landmarks was taken out: a right swap has the source's
          proportions, and people are built differently.
        - `landmark_still_share`: mean distance of the target's own mean
          landmarks: a face that never moves, to hold the motion against. It
          is small, for the alignment has taken the head's place, size and
          turn out before.
        - `landmark_found_share`: swaps in which a face was found.

    Raises:
        ValueError: if no face was found in the target, or none in the swaps.
    """
    true, again = (find_landmarks(target, detector, seed) for seed in (0, 1))
    moved, copied = (find_landmarks(each, detector) for each in (swaps, own))
    eyes = np.linalg.norm(true[:, 1] - true[:, 0], axis=1)
    seen = np.isfinite(eyes)
    both = seen & np.isfinite(moved).all(axis=(1, 2))
    if not both.any():
        raise ValueError(
            "Landmarks are compared where both faces are found. Received: "
            f"{int(seen.sum())} found of {len(target)} targets, and "
            f"{int(both.sum())} of their swaps. Look at the pictures first."
        )

    def distance(landmarks, others):
        return np.linalg.norm(landmarks - others, axis=-1).mean(axis=1) / eyes

    errors = distance(moved, true)
    still = true[both].mean(axis=0)
    shift = moved[both].mean(axis=0) - still
    return {
        "landmark_error_share": float(errors[both].mean()),
        "landmark_close_share": float(
            (errors[both] <= CLOSE).sum() / seen.sum()
        ),
        "landmark_own_share": float(np.nanmean(distance(copied, true))),
        "landmark_noise_share": float(np.nanmean(distance(again, true))),
        "landmark_still_share": float(distance(still, true)[both].mean()),
        "landmark_motion_share": float(
            distance(moved - shift, true)[both].mean()
        ),
        "landmark_found_share": float(both.sum() / seen.sum()),
    }
