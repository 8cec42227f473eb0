"""Two identities' latents -> how far they share one space, in numbers.

One person's own footage, cut in two halves, is the yardstick: two halves of
the same footage share all there is to share, and still not every face has a
twin in the other half.
"""

import itertools

import numpy as np

from helpers.faces.face_set import evenly
from helpers.latents.encoding import (
    PrincipalSpace,
    find_nearest,
    identities_of,
    shifted_latents,
)

NEIGHBOURS = 5
CYCLED = 200  # faces of each identity that are sent there and back


def mixing_rate(latents, labels, neighbours=NEIGHBOURS, seed=0):
    """How well two identities mix: 1 = as one crowd, 0 = apart.

    The share of the other identity among each face's nearest neighbours, over
    the share that chance gives, n_other / (n - 1). The larger identity is
    thinned to the size of the smaller.

    Args:
        latents: float array, shape `(faces, dims)`. Of principal space.
        labels: string array, shape `(faces,)`, with two different values.
        neighbours: int.
        seed: int. Chooses who is thinned out.

    Returns:
        float from 0; slightly above 1 by chance.

    Raises:
        ValueError: if there are not two identities or too few faces.

    Reference:
        Schilling, "Multivariate two-sample tests based on nearest
        neighbors", 1986, section 2; Henze, 1988.
    """
    labels = np.asarray(labels)
    names = np.unique(labels)
    if len(names) != 2:
        raise ValueError(
            "The mixing rate compares two identities. "
            f"Received: {names.tolist()}"
        )
    rows = _balanced_rows(labels, names, seed)
    if len(rows) < neighbours + 2:
        raise ValueError(
            f"{neighbours} neighbours need more faces. Received: {len(rows)} "
            "after both were thinned to equal numbers"
        )
    points, labels = np.asarray(latents)[rows], labels[rows]
    near = _others(points, find_nearest(points, points, neighbours + 1)[1])
    share = np.mean(labels[near] != labels[:, None])
    return float(share / (len(rows) / 2 / (len(rows) - 1)))


def _balanced_rows(labels, names, seed):
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(labels == name) for name in names]
    size = min(len(group) for group in groups)
    chosen = [random.choice(group, size, replace=False) for group in groups]
    return np.sort(np.concatenate(chosen))


def _others(points, near):
    """Neighbours without the point itself, which is one of its nearest.

    A twin may stand before it, or push it out: then the furthest goes.
    """
    own = near == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True
    return near[~own].reshape(len(points), -1)


def _reach(points, neighbours):
    """Distance of each face to the k-th nearest of the others."""
    if len(points) <= neighbours:
        raise ValueError(
            f"{neighbours} neighbours need more than {neighbours} faces. "
            f"Received: {len(points)}"
        )
    # the nearest of all is the face itself, or a twin of it
    return find_nearest(points, points, neighbours + 1)[0][:, -1]


def has_counterpart(latents_one, latents_other, neighbours=NEIGHBOURS):
    """For each face of one identity, whether the other has one like it.

    Like it: nearer than its own k-th nearest neighbour within its identity.

    Args:
        latents_one: float array, shape `(faces, dims)`. Of principal space.
        latents_other: float array, shape `(others, dims)`.
        neighbours: int, k.

    Returns:
        bool array, shape `(faces,)`.

    Raises:
        ValueError: if there are too few faces.

    Reference:
        Naeem et al., "Reliable fidelity and diversity metrics for generative
        models", 2020, equation 6 (the indicator inside coverage).
    """
    reach = _reach(latents_one, neighbours)
    return find_nearest(latents_one, latents_other, 1)[0][:, 0] < reach


def covered_share(latents_one, latents_other, neighbours=NEIGHBOURS):
    """Share of one identity's faces that have a counterpart in the other.

    See `has_counterpart`. Two equal crowds of equal size reach about
    1 - 2^-k (0.97 for k = 5), not 1.

    Args:
        latents_one: float array, shape `(faces, dims)`. Of principal space.
        latents_other: float array, shape `(others, dims)`.
        neighbours: int, k.

    Returns:
        float in 0-1.
    """
    covered = has_counterpart(latents_one, latents_other, neighbours)
    return float(np.mean(covered))


def density(latents_one, latents_other, neighbours=NEIGHBOURS):
    """How thickly the other identity lies where one identity is.

    For each face of the other, the number of faces of one within whose reach
    (the distance to their own k-th nearest) it lies, over k: 1 for two equal
    crowds, 0 for two that are apart.

    Args: see `covered_share`.

    Returns:
        float from 0.

    Reference:
        Naeem et al., 2020, equation 5.
    """
    reach = _reach(latents_one, neighbours)
    # seconds to import: only where used
    from sklearn.neighbors import BallTree

    inside = BallTree(latents_other).query_radius(
        latents_one, reach, count_only=True
    )
    return float(inside.sum() / (neighbours * len(latents_other)))


def classifier_accuracy(one, other, blocks_one, blocks_other, folds=4):
    """How often a plain classifier tells whose latents they are.

    Logistic regression, tested on stretches of footage that it was not
    trained on: 0.5 is guessing, 1 is never wrong. Being told apart is no fault
    by itself: a little that says who is seen does no harm as long as the rest
    says what the face does. Notebook 04's comb, which swaps, is told in 0.72.

    Args:
        one: float array, shape `(faces, dims)`. Of principal space.
        other: float array, shape `(others, dims)`.
        blocks_one: int array, shape `(faces,)`. Stretch of footage of each.
        blocks_other: int array, shape `(others,)`.
        folds: int.

    Returns:
        float in 0-1: mean of the two identities' accuracies.

    Raises:
        ValueError: if an identity has fewer stretches than folds.

    Reference:
        Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", 2017.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict

    fewest = min(len(np.unique(b)) for b in (blocks_one, blocks_other))
    if fewest < folds:
        raise ValueError(
            f"{folds} folds need as many stretches of footage of each "
            f"identity. Received: {fewest}"
        )
    points = np.concatenate([one, other])
    truth = np.repeat([0, 1], (len(one), len(other)))
    # stretches are numbered through all identities, so no two share a number
    guessed = cross_val_predict(
        LogisticRegression(max_iter=200, class_weight="balanced"),
        points / np.maximum(points.std(axis=0), 1e-12),
        truth,
        groups=np.concatenate([blocks_one, blocks_other]),
        cv=GroupKFold(folds),
    )
    right = guessed == truth
    return float((right[truth == 0].mean() + right[truth == 1].mean()) / 2)


def own_halves(blocks, seed=0):
    """True for the faces of one random half of a person's footage.

    Whole stretches of footage, since a frame's neighbour in time is its twin.

    Args:
        blocks: int array, shape `(faces,)`. Stretch of each face.
        seed: int.

    Returns:
        bool array, shape `(faces,)`.

    Raises:
        ValueError: if there is only one stretch.
    """
    names, numbers = np.unique(blocks, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            "A person's footage is compared with its other half, which needs "
            "two takes, or more than a few seconds. Received: one stretch"
        )
    order = np.random.default_rng(seed).permutation(len(names))
    return order[numbers] < len(names) // 2


def cycle_ratio(comb, encoded, source, target, most=CYCLED):
    """How much worse a latent survives the source's decoder than one's own.

    The target's latents are decoded as the source and encoded again. If the
    source's decoder understands them, they come back where they were, as
    nearly as from the target's own decoder.

    Args:
        comb: `helpers.comb.Comb`, trained.
        encoded: `EncodedFaces`.
        source: str.
        target: str.
        most: int. Faces of the target looked at, evenly spread.

    Returns:
        float: median distance of there and back over the same through the
        target's own decoder; 1 is as good as own.
    """
    rows = evenly(np.sum(encoded.labels == target), most)
    space = PrincipalSpace(encoded.latents)

    def distance(identity):
        sent = shifted_latents(encoded, comb.shifts, identity, target)[rows]
        back = comb.encode(comb.decode(sent, identity))
        way = space.coordinates_of(back) - space.coordinates_of(sent)
        return float(np.median(np.linalg.norm(way, axis=1)))

    return distance(source) / max(distance(target), 1e-12)


def overlap_table(encoded, shifts=None, neighbours=NEIGHBOURS, seed=0):
    """One row for each target and source: how far their latents overlap.

    Args:
        encoded: `EncodedFaces` of two identities or more.
        shifts: `comb.shifts`: the target's latents are moved as a swap moves
            them; `None` for as they are.
        neighbours: int.
        seed: int. Chooses who is thinned out to equal numbers.

    Returns:
        List of dicts: `target`, `source`, `mixing_rate` (the headline),
        `coverage` (share of the target's faces with a counterpart in the
        source), `density`, `classifier_accuracy` (`None` with too little
        footage), and, as yardsticks, `coverage_within` and `density_within`:
        the same between two halves of the target's own footage.

    Raises:
        ValueError: if there are fewer than two identities.
    """
    names = identities_of(encoded)
    if len(names) < 2:
        raise ValueError(f"An overlap needs two identities. Received: {names}")
    space = PrincipalSpace(encoded.latents)
    return [
        _overlap(encoded, space, shifts or {}, pair, neighbours, seed)
        for pair in itertools.permutations(names, 2)
    ]


def mean_overlap(table):
    """The overlap of all identities: means over their pairs.

    Args:
        table: from `overlap_table()`.

    Returns:
        dict of the same figures; `None` where no pair has one.
    """
    figures = [name for name in table[0] if name not in ("target", "source")]
    known = {
        name: [row[name] for row in table if row[name] is not None]
        for name in figures
    }
    return {
        name: float(np.mean(values)) if values else None
        for name, values in known.items()
    }


def _overlap(encoded, space, shifts, pair, neighbours, seed):
    target, source = pair
    one = space.coordinates_of(shifted_latents(encoded, shifts, source, target))
    other = space.coordinates[encoded.labels == source]
    blocks_one = encoded.blocks[encoded.labels == target]
    blocks_other = encoded.blocks[encoded.labels == source]
    half = own_halves(blocks_one, seed)
    # three crowds of one size: two halves of the target's, and the source's
    size = min(half.sum(), (~half).sum(), len(other))
    random = np.random.default_rng(seed)
    looked, twins = (
        random.choice(np.flatnonzero(rows), size, replace=False)
        for rows in (half, ~half)
    )
    others = random.choice(len(other), size, replace=False)
    labels = np.repeat(pair, (len(one), len(other)))
    row = {"target": target, "source": source}
    row["mixing_rate"] = mixing_rate(
        np.concatenate([one, other]), labels, neighbours, seed
    )
    for name, measure in (("coverage", covered_share), ("density", density)):
        row[name] = measure(one[looked], other[others], neighbours)
        row[f"{name}_within"] = measure(one[looked], one[twins], neighbours)
    few = min(len(np.unique(b)) for b in (blocks_one, blocks_other)) < 4
    row["classifier_accuracy"] = (
        None
        if few
        else classifier_accuracy(one, other, blocks_one, blocks_other)
    )
    return row
