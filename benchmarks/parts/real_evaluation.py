"""How good is a swap of real people: no truth in, three witnesses out.

Nobody can film the truth of a real swap. What can be asked is whether the way
back leads home (cycle), whether eyes, nose and mouth are where the target has
them (landmarks), and whose face it is (identity). Each is fooled alone: a comb
that changes nothing has perfect landmarks, a still picture of the source a
perfect identity. So they are given together, each beside what it says of cases
whose answer is known.
"""

import numpy as np

from helpers import alignment, augmentation
from helpers.faces.face_set import evenly
from helpers.faces.readers import face_landmarks
from helpers.files import manifests
from helpers.proof import evaluation, expression_error, swap_pairs
from helpers.proof.scores import cycle_error

# Distance from the target's landmarks, in distances between its eyes, up to
# which a swap counts as doing the same.
CLOSE = 0.04

# MTCNN's landmarks move by 0.02 of that distance when a picture is shifted a
# little; their mean over a few shifted views is steadier.
VIEWS = 4
VIEW_OPTIONS = {"rotation": 3.0, "zoom": 0.04, "shift": 0.03}
# A face that fills the picture is not found: the crop's side times this.
ROOM = 1.5


def real_scores(comb, face_sets, detector, judge, most=40):
    """Scores of every ordered pair of identities that need no truth.

    Landmarks and identity are judged as a viewer sees the swap: pasted into
    the target's crop, in its colours.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to its `FaceSet`, at least two of
            them, with test faces.
        detector: `detection.FaceDetector`.
        judge: `identity_judge.IdentityJudge` that knows these identities.
        most: int. Test faces of each target at most, evenly spread.

    Returns:
        dict: the mean over pairs of each figure, and `pairs`, a list of dicts
        with `source`, `target`, `frames` and that pair's figures: those of
        `scores.cycle_error`, `landmark_scores`,
        `expression_error.expression_errors`, `IdentityJudge.score` (of the
        swaps as the source) and `identity_controls`.

    Raises:
        ValueError: if there are fewer than two identities, one without test
            faces, or one that the judge does not know.
        ContractError: if a face set and the comb follow different contracts.
    """
    tests = _checked_tests(comb, face_sets, most)
    scores, reader = [], face_landmarks.read_face_landmarks()
    for target, test in tests.items():
        stored = test.load_crops()
        crops = test.network_crops(comb.resolution)
        inside = test.network_masks(comb.resolution)
        codes = comb.encode(crops)
        own = paste_into(comb, test, comb.decode(codes, target))
        for source in tests:
            if source == target:
                continue
            shift = comb.shift(source, target)
            swaps = paste_into(comb, test, comb.decode(codes + shift, source))
            scores.append(
                {"source": source, "target": target, "frames": len(test)}
                | cycle_error(comb, crops, inside, source, target, shift)
                | landmark_scores(detector, stored, swaps, own)
                | expression_error.expression_errors(reader, stored, swaps, own)
                | judge.score(swaps, source)
                | identity_controls(comb, judge, tests[source], test)
            )
    return evaluation.average_scores(scores)


def _checked_tests(comb, face_sets, most):
    """Test faces of each identity, at most so many, evenly spread."""
    tests = {}
    for name, face_set in face_sets.items():
        comb.check_identity(name)
        manifests.check_contract(
            comb.contract, face_set.contract, "01_data_generation"
        )
        test = face_set.select("test")
        tests[name] = test.pick(evenly(len(test), most))
    counts = {name: len(test) for name, test in tests.items()}
    if len(counts) < 2 or not all(counts.values()):
        raise ValueError(
            "A swap is scored between two identities at least, on test faces "
            f"of each. Received test faces: {counts}. Run "
            "notebooks/01_data_generation.ipynb with HELD_OUT_SHARE above 0."
        )
    return tests


def paste_into(comb, face_set, faces):
    """Faces pasted into a target's stored crops, as a swapped frame shows them.

    Args:
        comb: `helpers.comb.Comb`, for its resolution and contract.
        face_set: `FaceSet` of the target.
        faces: float32 array, shape `(faces, resolution, resolution, 3)`, 0-1.
            One network crop for each of the set's records.

    Returns:
        uint8 array, shape `(faces, crop_size, crop_size, 3)`.

    Raises:
        ValueError: if there is not one face for each record.
    """
    yaws = [record["yaw"] for record in face_set.records]
    return swap_pairs.paste_faces(comb, face_set.load_crops(), faces, yaws)


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


def identity_controls(comb, judge, source, target):
    """What the judge says where the answer is known.

    Args:
        comb: `helpers.comb.Comb`.
        judge: `identity_judge.IdentityJudge`.
        source: `FaceSet` of the source's test faces.
        target: `FaceSet` of the target's test faces.

    Returns:
        dict of floats, each a share of faces taken for the source, and what
        it should be:

        - `identity_accuracy_held_out`: the source's test crops; 1.
        - `identity_pasted_share`: the source's real faces pasted into the
          target's crops, in its colours; 1 if the judge looks at the face
          and nothing else.
        - `identity_own_share`: the source's own reconstructions, pasted
          alike: what this comb's drawing can reach. What the swaps' share
          lacks to it is the latent's fault.
        - `identity_unchanged_share`: the target's test crops; 0.
    """
    rows = np.linspace(0, len(source) - 1, len(target)).round().astype(int)
    faces = source.pick(rows).network_crops(comb.resolution)
    own = comb.swap(faces, source.identity)
    shown = {
        "accuracy_held_out": source.load_crops(),
        "pasted_share": paste_into(comb, target, faces),
        "own_share": paste_into(comb, target, own),
        "unchanged_share": target.load_crops(),
    }
    return {
        f"identity_{name}": judge.score(crops, source.identity)[
            "identity_share"
        ]
        for name, crops in shown.items()
    }
