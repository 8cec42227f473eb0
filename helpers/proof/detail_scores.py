"""What a detail network is worth: held-out faces in, errors at full size out.

Each figure stands beside that of smooth enlargement, which needs no network.
"""

import numpy as np

from helpers.faces.face_set import evenly
from helpers.proof.paired_faces import paired_tests, truth_of
from helpers.proof.scores import masked_error, mean_face
from helpers.swapper import resize_pictures


def detail_scores(comb, face_sets, most=100):
    """Errors and sharpness of what is drawn at the footage's size.

    Args:
        comb: `helpers.comb.Comb` with its `detail`.
        face_sets: dict from identity to its `FaceSet`, with test faces.
        most: int. Faces of each identity, or pair, at most.

    Returns:
        dict of floats:

        - `error_over_bicubic`: error inside the mask of own reconstructions
          of unseen faces, over that of the comb's drawing enlarged
          bicubically; below 1 the network knows more than it was given;
        - `sharpness`, `sharpness_bicubic`: mean step from pixel to pixel
          inside the mask, over that of the footage; 1 is as sharp;
        - `large_swap_skill`, `swap_skill_bicubic`: skill of the swap at this
          size, see `scores.score_pair`, of people with a truth.

    Raises:
        ValueError: if the comb has no detail network.
    """
    if comb.detail is None:
        raise ValueError(
            "Detail is scored of a comb with a detail network. Received: one "
            "without. Train it as notebook 03 does."
        )
    own = [_own_scores(comb, each, most) for each in face_sets.values()]
    scores = _means(own)
    skills = [
        _skills(comb, source, target, most)
        for source in face_sets.values()
        for target in face_sets.values()
        if source is not target
    ]
    if skills and all(skills):
        scores |= _means(skills)
    return scores


def _means(scores):
    return {
        name: float(np.mean([s[name] for s in scores])) for name in scores[0]
    }


def _own_scores(comb, face_set, most):
    """Figures of an identity's own unseen faces."""
    unseen = face_set.select("test")
    unseen = unseen.pick(evenly(len(unseen), most))
    side, name = comb.drawn_side, face_set.identity
    latents = comb.encode(unseen.network_crops(comb.resolution))
    ways = _both_ways(comb, comb.decode(latents, name), name)
    filmed = unseen.network_crops(side)
    mask = unseen.network_masks(side)
    errors = [masked_error(way, filmed, mask) for way in ways]
    steps = [mean_steps(way, mask) for way in (*ways, filmed)]
    return {
        "error_over_bicubic": errors[1] / errors[0],
        "sharpness": steps[1] / steps[2],
        "sharpness_bicubic": steps[0] / steps[2],
    }


def _skills(comb, source, target, most):
    """Skills of one pair's swap; empty where there is no truth."""
    ours, theirs = paired_tests(source, target, most)
    if not len(ours):
        return {}
    side = comb.drawn_side
    truth, mask = truth_of(comb, ours, theirs, side)
    seen = theirs.network_crops(comb.resolution)
    view = comb.looking_at(target.identity)
    ways = _both_ways(comb, view.swap(seen, source.identity), source.identity)
    train = source.select("train")
    mean = mean_face(train.pick(evenly(len(train), 300)).network_crops(side))
    mean = masked_error(np.broadcast_to(mean, truth.shape), truth, mask)
    skills = [1 - masked_error(way, truth, mask) / mean for way in ways]
    return {"swap_skill_bicubic": skills[0], "large_swap_skill": skills[1]}


def _both_ways(comb, drawn, identity):
    """What a comb drew, enlarged smoothly and by its detail network."""
    return resize_pictures(drawn, comb.drawn_side), comb.enlarge(
        drawn, identity
    )


def mean_steps(pictures, mask):
    """Mean step from a pixel to its right and lower neighbour, in the mask."""
    right = np.abs(np.diff(pictures, axis=2)).mean(axis=-1)
    down = np.abs(np.diff(pictures, axis=1)).mean(axis=-1)
    total = (right * mask[:, :, 1:]).sum() + (down * mask[:, 1:]).sum()
    return float(total / (mask[:, :, 1:].sum() + mask[:, 1:].sum()))
