"""How good are swaps: face sets and a comb in, scores of every pair out."""

import cv2
import numpy as np

from helpers.crops import cut_network_crops, recut_crops
from helpers.faces import facesets
from helpers.faces.face_set import evenly
from helpers.faces.readers import expression_reader
from helpers.files import manifests
from helpers.proof.scores import (
    PairedCrops,
    cycle_error,
    mean_face,
    score_pair,
)
from helpers.synthetic.frame import EXPRESSION_PARAMETERS

# of all figures, those that the lessons print and explain
PRINTED = ("swap_skill", "ceiling", "unchanged_skill", "expression_skill")


def swap_scores(comb, face_sets, reader=None, most=240):
    """Score of every ordered pair of identities, on takes never trained on.

    The test takes are filmed with the same frame parameters for everybody, so
    the truth of a swap is the source's same frame, cut by the target's matrix:
    the swap is pasted by that matrix. The source's own crop was cut by where a
    detector saw the landmarks of another face. It lies a pixel aside at 64 px,
    for which a swap would be blamed.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to its `FaceSet`, at least two of
            them, with both splits.
        reader: `expression_reader.ExpressionReader`, or `None` for no
            expression skill.
        most: int. Frames of each pair at most, evenly spread over its takes.

    Returns:
        dict: the mean over pairs of each figure of `score_pair` under its own
        name (errors and skills are computed for each pair, then averaged),
        and `pairs`, a list of dicts with `source`, `target`, `frames`, and
        that pair's figures.

    Raises:
        ValueError: if there are fewer than two identities, or if two of them
            share no test frame.
        ContractError: if a face set and the comb follow different contracts.
    """
    return average_scores(
        [
            _score(comb, pair, reader)
            for pair in paired_crops(comb, face_sets, most)
        ]
    )


def _score(comb, pair, reader=None, shift=None):
    """Score of one of `paired_crops()`, by the comb's shift or another."""
    source, target, paired, mean = pair
    shift = comb.shift(source, target) if shift is None else shift
    return {
        "source": source,
        "target": target,
        "frames": len(paired.truth),
        **score_pair(comb, source, paired, mean, reader, shift),
    }


def score_with_shifts(comb, face_sets):
    """Scores with the comb's shifts, and the swap skill without them.

    Pictures are read once for both.

    Args:
        comb: `helpers.comb.Comb` with its `shifts`.
        face_sets: dict from identity to its `FaceSet`.

    Returns:
        dict: `unshifted_skill`, and all of `swap_scores()` with the course's
        expression reader; empty for people without a truth.
    """
    sets = list(face_sets.values())
    if not all(
        one.pairs(two) for one in sets for two in sets if one is not two
    ):
        return {}
    reader = expression_reader.read_expression_reader()
    before, after = [], []
    for pair in paired_crops(comb, face_sets):
        before.append(_score(comb, pair, shift=0.0)["swap_skill"])
        after.append(_score(comb, pair, reader))
    return {"unshifted_skill": float(np.mean(before)), **average_scores(after)}


def cycle_ratios(comb, face_sets):
    """How much worse a face comes back from a swap than from its own decoder.

    It needs no truth: see `scores.cycle_error()`.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to its `FaceSet`, with test faces.

    Returns:
        dict of float by `(source, target)`; 1 is perfect.
    """
    ratios = {}
    for target, face_set in face_sets.items():
        unseen = face_set.select("test")
        crops = unseen.network_crops(comb.resolution)
        masks = unseen.network_masks(comb.resolution)
        for source in face_sets:
            if source != target:
                shift = comb.shift(source, target)
                cycle = cycle_error(comb, crops, masks, source, target, shift)
                ratios[source, target] = cycle["cycle_ratio"]
    return ratios


def paired_crops(comb, face_sets, most=240):
    """Unseen crops of every ordered pair of identities, with the truth.

    Args: see `swap_scores()`.

    Yields:
        `(source, target, PairedCrops, mean face of the source)`.

    Raises: see `swap_scores()`.
    """
    if len(face_sets) < 2:
        raise ValueError(
            "A swap needs two identities at least. "
            f"Received: {sorted(face_sets)}"
        )
    for face_set in face_sets.values():
        manifests.check_contract(
            comb.contract, face_set.contract, "01_data_generation"
        )
    mean_faces = {
        identity: mean_face(
            face_set.select("train").network_crops(comb.resolution)
        )
        for identity, face_set in face_sets.items()
    }
    tests = {
        identity: face_set.select(split="test")
        for identity, face_set in face_sets.items()
    }
    crops = {
        name: test.network_crops(comb.resolution)
        for name, test in tests.items()
    }
    for source in tests:
        for target in tests:
            if source == target:
                continue
            rows = _paired_rows(tests[source], tests[target], most)
            truth, masks = truth_of(
                comb, tests[source].pick(rows[0]), tests[target].pick(rows[1])
            )
            records = [tests[source].records[row] for row in rows[0]]
            paired = PairedCrops(
                target=crops[target][rows[1]],
                truth=truth,
                masks=masks,
                frame_parameters=_parameters_of(records),
            )
            yield source, target, paired, mean_faces[source]


def truth_of(comb, source, target):
    """What a perfect swap would be: the source, cut as the target was.

    Args:
        comb: `helpers.comb.Comb`.
        source: `FaceSet`. Whose face appears.
        target: `FaceSet`. Row i is the same frame as the source's.

    Returns:
        `(crops, masks)`: float32 arrays, shape `(faces, height, width, 3)` and
        `(faces, height, width)`, 0-1.
    """
    matrices = [
        [np.array(record["matrix"]) for record in face_set.records]
        for face_set in (source, target)
    ]
    return tuple(
        cut_network_crops(
            recut_crops(stored, *matrices, border),
            comb.contract["coverage"],
            comb.resolution,
        )
        for stored, border in (
            (source.load_crops(), cv2.BORDER_REPLICATE),
            # where nothing was stored there is no face either
            (source.load_masks(), cv2.BORDER_CONSTANT),
        )
    )


def _paired_rows(source, target, most):
    pairs = np.array(source.pairs(target), dtype=int).reshape(-1, 2)
    if not len(pairs):
        raise ValueError(
            f"{source.identity} and {target.identity} share no test frame, so "
            "this swap has no truth. Received: face sets whose test takes were "
            "filmed apart; score real people with cycle_error"
        )
    return pairs[evenly(len(pairs), most)].T


def print_scores(comb, faces_folder):
    """Score a comb on its own face sets, and print what the lessons explain.

    Args:
        comb: `helpers.comb.Comb`.
        faces_folder: str or path with the face sets of its identities.

    Returns:
        dict of floats, the means of `swap_scores`; empty for photographed
        people, who have no truth, which is printed.

    Raises:
        FileNotFoundError: if a face set is missing.
        ContractError: see `swap_scores`.
    """
    names = comb.identities
    face_sets = facesets.read_face_sets(faces_folder, names, comb.contract)
    one, other, *_ = (each.select("test") for each in face_sets.values())
    if not one.pairs(other):
        print("No score: photographed people have no true swap to compare.")
        return {}
    reader = expression_reader.read_expression_reader()
    scores = figures_of(swap_scores(comb, face_sets, reader))
    for name in PRINTED:
        if name in scores:
            print(f"{name:20} {scores[name]:+.2f}")
    return scores


def _parameters_of(records):
    frames = [record.get("frame_parameters") for record in records]
    if not all(frames):
        return None  # real footage: nobody knows its parameters
    return {
        name: np.array([frame[name] for frame in frames])
        for name in EXPRESSION_PARAMETERS
    }


def average_scores(scores):
    """Mean of every figure over scores of pairs (or of seeds).

    Args:
        scores: list of dicts. Numbers are averaged, all else is kept below.

    Returns:
        dict: the means, and `pairs`, the list itself.
    """
    figures = [
        name
        for name in figures_of(scores[0])
        if all(name in score for score in scores)
    ]
    means = {
        name: float(np.mean([score[name] for score in scores]))
        for name in figures
    }
    return {**means, "pairs": scores}


def figures_of(scores):
    """The numbers of scores alone, for a manifest: a dict of float by name."""
    return {k: v for k, v in scores.items() if isinstance(v, float)}
