"""Two crowds of points -> how well they mix, cover each other and differ."""

import numpy as np

from helpers.latents.spaces import find_nearest

NEIGHBOURS = 5


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
