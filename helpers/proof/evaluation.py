"""How good are swaps: face sets and a comb in, scores of every pair out."""

import numpy as np

from helpers.faces import facesets
from helpers.faces.readers import expression_reader
from helpers.proof.detail_scores import detail_scores
from helpers.proof.expression_watch import ExpressionWatch
from helpers.proof.paired_faces import paired_crops
from helpers.proof.scores import cycle_error, score_pair

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
        expression reader, for people with a truth; and all of
        `detail_scores()` where there is a detail network.
    """
    sets = list(face_sets.values())
    large = {} if comb.detail is None else detail_scores(comb, face_sets)
    if not all(
        one.pairs(two) for one in sets for two in sets if one is not two
    ):
        return large
    reader = expression_reader.read_expression_reader()
    before, after = [], []
    for pair in paired_crops(comb, face_sets):
        before.append(_score(comb, pair, shift=0.0)["swap_skill"])
        after.append(_score(comb, pair, reader))
    before = {"unshifted_skill": float(np.mean(before))}
    return {**before, **average_scores(after), **large}


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


def watch_expressions(comb, face_sets):
    """What to ask at each report of a training, of people without a truth.

    Args:
        comb: `helpers.comb.Comb` that is trained.
        face_sets: dict from identity to its `FaceSet`.

    Returns:
        `expression_watch.ExpressionWatch`.
    """
    return ExpressionWatch(comb, face_sets)


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
