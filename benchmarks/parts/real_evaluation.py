"""How good is a swap of real people: no truth in, witnesses out.

Nobody can film the truth of a real swap. What can be asked is whether the way
back leads home (cycle), whether eyes, nose and mouth are where the target has
them (landmarks) and do what they do there (expression), whose face it is
(identity, likeness), and whether it looks like film (sharpness, seam,
flicker). Each is fooled alone: a comb that changes nothing has perfect
landmarks, a still picture of the source a perfect identity. So they are given
together, each beside what it says of cases whose answer is known.
"""

from collections import namedtuple

import cv2
import numpy as np

from benchmarks.parts.crop_landmarks import landmark_scores
from benchmarks.parts.film_scores import picture_scores, stretch_of
from helpers.faces.face_set import evenly
from helpers.faces.readers import blendshapes, face_landmarks, likeness
from helpers.files import manifests
from helpers.proof import (
    evaluation,
    expression_error,
    expression_match,
    swap_pairs,
)
from helpers.proof.likeness_gap import LikenessGap, pasted_alike
from helpers.proof.scores import cycle_error, masked_error

ALIKE = 60  # faces of a clip, evenly spread, that the likeness is asked of
DETAIL_SIDE = 256  # pixels at which an own reconstruction's error is measured

Seen = namedtuple(
    "Seen",
    "face_set test crops inside codes plain drawn clip clip_codes likeness",
)
Seen.__doc__ = """What is known of an identity, whatever it is swapped with.

Args:
    face_set: `FaceSet`, all of it.
    test: `FaceSet`, some of the faces that nothing was trained on.
    crops: float32 array, shape `(faces, resolution, resolution, 3)`, 0-1. What
        the encoder sees of the test faces.
    inside: float32 array, shape `(faces, resolution, resolution)`: their masks.
    codes: float32 array, shape `(faces, latent_dim)`: their latents.
    plain: float32 array, shape `(faces, resolution, resolution, 3)`: what the
        identity's own decoder makes of them.
    drawn: float32 array, shape `(faces, side, side, 3)`: the same by its
        detail network, if there is one.
    clip: `FaceSet`, a stretch of a clip, see `stretch_of`.
    clip_codes: float32 array, shape `(faces, latent_dim)`: its latents.
    likeness: `likeness_gap.LikenessGap` of this identity.
"""


def real_scores(comb, face_sets, detector, judge, most=40):
    """Scores of every ordered pair of identities that need no truth.

    Whatever is judged as a viewer sees it is pasted into the target's crop, in
    its light. Way back, landmarks and identity are asked of test faces; what
    is of film, of a stretch of a clip, as one swaps clips that one trained on.

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
        `scores.cycle_error`, `crop_landmarks.landmark_scores`,
        `expression_error.expression_errors`, `IdentityJudge.score` (of the
        swaps as the source), `identity_controls` and `film_scores`, and the
        source's `error_over_bicubic`.

    Raises:
        ValueError: if there are fewer than two identities, one without test
            faces, or one that the judge does not know.
        ContractError: if a face set and the comb follow different contracts.
    """
    tests = _checked_tests(comb, face_sets, most)
    known = {
        name: _look_at(comb, face_sets[name], test)
        for name, test in tests.items()
    }
    scores, reader = [], face_landmarks.shipped_landmarks()
    for target, seen in known.items():
        stored = seen.test.load_crops()
        own = paste_into(comb, seen.test, seen.drawn)
        for source in known:
            if source == target:
                continue
            shift = comb.shift(source, target)
            swaps = comb.decode(seen.codes + shift, source)
            swaps = comb.enlarge(swaps, source)
            swaps = paste_into(comb, seen.test, swaps)
            way = (seen.crops, seen.inside, source, target, shift)
            scores.append(
                {"source": source, "target": target, "frames": len(stored)}
                | cycle_error(comb, *way)
                | landmark_scores(detector, stored, swaps, own)
                | expression_error.expression_errors(reader, stored, swaps, own)
                | judge.score(swaps, source)
                | identity_controls(comb, judge, tests[source], seen.test)
                | film_scores(comb, known[source], seen)
                | {"error_over_bicubic": error_over_bicubic(known[source])}
            )
    return evaluation.average_scores(scores)


def _look_at(comb, face_set, test):
    """`Seen` of one identity."""
    crops, name = test.network_crops(comb.resolution), face_set.identity
    codes = comb.encode(crops)
    plain = comb.decode(codes, name)
    clip = stretch_of(face_set)
    return Seen(
        face_set,
        test,
        crops,
        test.network_masks(comb.resolution),
        codes,
        plain,
        comb.enlarge(plain, name),
        clip,
        comb.encode(clip.network_crops(comb.resolution)),
        LikenessGap(likeness.shipped_first(), face_set),
    )


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
        comb: `helpers.comb.Comb`, for its contract.
        face_set: `FaceSet` of the target.
        faces: float32 array, shape `(faces, side, side, 3)`, 0-1. One network
            crop of any side for each of the set's records.

    Returns:
        uint8 array, shape `(faces, crop_size, crop_size, 3)`.

    Raises:
        ValueError: if there is not one face for each record.
    """
    yaws = [record["yaw"] for record in face_set.records]
    return swap_pairs.paste_faces(comb, face_set.load_crops(), faces, yaws)


def film_scores(comb, source, target):
    """How a clip looks once it is swapped.

    Args:
        comb: `helpers.comb.Comb`.
        source: `Seen`. Whose face appears.
        target: `Seen`. Whose clip is swapped.

    Returns:
        dict: `expression_correlation`, `expression_slope` and
        `expression_by_behaviour`, see `expression_match`; `likeness_gap` and
        its ceiling, see `LikenessGap.gaps`; `sharpness`, `seam`,
        `flicker_ratio`, see `picture_scores`.
    """
    clip, names = target.clip, (source.face_set.identity, target.clip.identity)
    crops = clip.load_crops()
    swaps = comb.decode(target.clip_codes + comb.shift(*names), names[0])
    swaps = paste_into(comb, clip, comb.enlarge(swaps, names[0]))
    reader = blendshapes.shipped_blendshapes()
    some = evenly(len(clip), ALIKE)
    real = pasted_alike(
        comb, source.face_set, crops[some], clip.pick(some).records
    )
    return {
        **expression_match.match_expressions(
            reader.read(crops)[0], reader.read(swaps)[0]
        ),
        **source.likeness.gaps(crops[some], swaps[some], real),
        **picture_scores(clip, crops, swaps),
    }


def error_over_bicubic(seen):
    """What drawing finer than the network's pixels is worth.

    Args:
        seen: `Seen` of an identity.

    Returns:
        float: error of the own reconstructions at `DETAIL_SIDE` pixels inside
        the mask, over that of the same at the network's resolution, enlarged
        bicubically. 1 where the comb draws no finer.
    """
    truth = seen.test.network_crops(DETAIL_SIDE)
    inside = seen.test.network_masks(DETAIL_SIDE)
    plain = seen.plain
    errors = [
        masked_error(_enlarged(faces), truth, inside)
        for faces in (seen.drawn, plain)
    ]
    return errors[0] / errors[1]


def _enlarged(faces):
    sides = (DETAIL_SIDE,) * 2
    larger = [
        cv2.resize(each, sides, interpolation=cv2.INTER_CUBIC) for each in faces
    ]
    return np.clip(larger, 0, 1)


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
