"""The shared latent space: face sets in, one joint map and overlaps out.

Every number is computed after one pooled standardisation and a principal
component analysis of all identities together, never in the two-dimensional
map: a map is for the eye, and one map per person would lay any two people on
top of each other.
"""

import itertools
from collections import namedtuple

import numpy as np

from helpers import alignment, manifests

# numbers are computed in this many principal dimensions at most: distances
# between points say little in hundreds of them
DIMENSIONS = 32

EncodedFaces = namedtuple("EncodedFaces", "latents labels rows held_out")
EncodedFaces.__doc__ = """Latents of the crops of several identities.

Args:
    latents: float32 array, shape `(faces, latent_dim)`.
    labels: string array, shape `(faces,)`. Identity of each.
    rows: int array, shape `(faces,)`. Its row in its face set's records.
    held_out: bool array, shape `(faces,)`. True for test takes.
"""


def encode_face_sets(comb, face_sets, most=None):
    """Latents of several face sets, stacked.

    Args:
        comb: `helpers.models.comb.Comb`.
        face_sets: dict from identity to `facesets.FaceSet`.
        most: int. Faces of each identity at most, evenly spread over its
            records, or `None` for all.

    Returns:
        `EncodedFaces`.

    Raises:
        ValueError: if there is no face set, or if one is empty.
        ContractError: if a face set and the comb follow different contracts.
    """
    if not face_sets or not all(len(each) for each in face_sets.values()):
        raise ValueError(
            "Every identity needs faces. Received: "
            f"{ {name: len(each) for name, each in face_sets.items()} }"
        )
    coverage = comb.contract["coverage"]
    size = round(comb.resolution / coverage)
    size = min(size, comb.contract["crop_size"])
    found = []
    for identity, face_set in face_sets.items():
        manifests.check_contract(
            comb.contract, face_set.contract, "01_data_generation"
        )
        rows = _evenly(len(face_set), most or len(face_set))
        crops = face_set.load_crops(size)[rows]
        crops = alignment.cut_network_crops(crops, coverage, comb.resolution)
        held_out = [face_set.records[row]["split"] == "test" for row in rows]
        found.append(
            (comb.encode(crops), [identity] * len(rows), rows, held_out)
        )
    columns = zip(*found, strict=True)
    return EncodedFaces(*(np.concatenate(column) for column in columns))


def _evenly(count, most):
    chosen = np.linspace(0, count - 1, min(most, count))
    return chosen.round().astype(int)


def standardise(latents):
    """Latents of mean 0 and standard deviation 1 in each dimension.

    Pooled: all identities share one mean and one deviation, so that a
    difference between people stays where it is. A dimension that never
    varies becomes 0.

    Args:
        latents: float array, shape `(faces, latent_dim)`.

    Returns:
        float64 array, same shape.
    """
    latents = np.asarray(latents, dtype=np.float64)
    centred = latents - latents.mean(axis=0)
    scales = centred.std(axis=0)
    # below this a dimension holds only the rounding of its own mean
    silent = scales <= 1e-6 * np.maximum(np.abs(latents).max(axis=0), 1e-6)
    return np.where(silent, 0, centred / np.where(silent, 1, scales))


def pca(latents, dims=DIMENSIONS):
    """Coordinates along the directions in which the latents vary most.

    Args:
        latents: float array, shape `(faces, latent_dim)`.
        dims: int. Number of directions; fewer come back where there are
            fewer faces or dimensions.

    Returns:
        Tuple of the coordinates, float64 array of shape `(faces, dims)`, and
        the share of the variance along each, shape `(dims,)`.
    """
    centred = np.asarray(latents, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    left, scales, _ = np.linalg.svd(centred, full_matrices=False)
    # a direction has no sign of its own: make the largest coordinate positive
    signs = np.sign(left[np.abs(left).argmax(axis=0), range(left.shape[1])])
    total = max(float(np.sum(scales**2)), np.finfo(float).tiny)
    coordinates = left * scales * np.where(signs == 0, 1, signs)
    return coordinates[:, :dims], (scales**2 / total)[:dims]


def principal_space(latents):
    """Standardised, then the first `DIMENSIONS` principal coordinates."""
    return pca(standardise(latents))[0]


def joint_map(latents, method="pca", seed=0):
    """One two-dimensional map of all identities together, for the eye.

    Args:
        latents: float array, shape `(faces, latent_dim)`, of all identities.
        method: `"pca"` (a straight projection) or `"tsne"` (keeps neighbours
            together; its distances and gaps mean nothing).
        seed: int, for t-SNE.

    Returns:
        float64 array, shape `(faces, 2)`.

    Raises:
        ValueError: if the method is unknown or there are too few faces.

    Reference:
        van der Maaten and Hinton, "Visualizing data using t-SNE", 2008.
    """
    if method not in ("pca", "tsne"):
        raise ValueError(
            f'The map is "pca" or "tsne". Received: method={method!r}'
        )
    space = principal_space(latents)
    if len(space) < 4 or space.shape[1] < 2:
        raise ValueError(
            "A map needs at least 4 faces and 2 latent dimensions. "
            f"Received: shape {np.shape(latents)}"
        )
    if method == "pca":
        return space[:, :2]
    from sklearn.manifold import TSNE  # seconds to import: only where used

    perplexity = min(30, (len(space) - 1) / 3)
    embedding = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    return embedding.fit_transform(space).astype(np.float64)


def squared_distances(one, other):
    """Squared distance of every row of one array to every row of another.

    Args:
        one: float array, shape `(faces, dims)`.
        other: float array, shape `(others, dims)`.

    Returns:
        float64 array, shape `(faces, others)`.
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
    return np.maximum(squares - 2 * one @ other.T, 0)


def mixing_rate(latents, labels, neighbours=5, seed=0):
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
    labels = labels[rows]
    distances = squared_distances(latents[rows], latents[rows])
    np.fill_diagonal(distances, np.inf)
    nearest = np.argpartition(distances, neighbours, axis=1)[:, :neighbours]
    share = np.mean(labels[nearest] != labels[:, None])
    return float(share / (len(rows) / 2 / (len(rows) - 1)))


def _balanced_rows(labels, names, seed):
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(labels == name) for name in names]
    size = min(len(group) for group in groups)
    chosen = [random.choice(group, size, replace=False) for group in groups]
    return np.sort(np.concatenate(chosen))


def has_counterpart(latents_one, latents_other, neighbours=5):
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
    if len(latents_one) <= neighbours or not len(latents_other):
        raise ValueError(
            f"{neighbours} neighbours need more than {neighbours} faces. "
            f"Received: {len(latents_one)} and {len(latents_other)}"
        )
    within = squared_distances(latents_one, latents_one)
    np.fill_diagonal(within, np.inf)
    reach = np.partition(within, neighbours - 1, axis=1)[:, neighbours - 1]
    across = squared_distances(latents_one, latents_other).min(axis=1)
    return across < reach


def coverage(latents_one, latents_other, neighbours=5):
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
    found = has_counterpart(latents_one, latents_other, neighbours)
    return float(np.mean(found))


def overlap_table(latents, labels, neighbours=5, seed=0):
    """One row for each pair of identities: how far their latents overlap.

    All are standardised and projected together; of each pair the larger
    identity is thinned to the size of the smaller.

    Args:
        latents: float array, shape `(faces, latent_dim)`.
        labels: string array, shape `(faces,)`.
        neighbours: int.
        seed: int.

    Returns:
        List of dicts: `one`, `other`, `mixing_rate` (the headline),
        `coverage_one` (share of `one` with a counterpart in `other`) and
        `coverage_other`.

    Raises:
        ValueError: if there are fewer than two identities.
    """
    labels = np.asarray(labels)
    names = np.unique(labels)
    if len(names) < 2:
        raise ValueError(
            f"An overlap needs two identities. Received: {names.tolist()}"
        )
    space = principal_space(latents)
    table = []
    for one, other in itertools.combinations(names.tolist(), 2):
        rows = _balanced_rows(labels, (one, other), seed)
        points, pair = space[rows], labels[rows]
        first, second = points[pair == one], points[pair == other]
        table.append(
            {
                "one": one,
                "other": other,
                "mixing_rate": mixing_rate(points, pair, neighbours),
                "coverage_one": coverage(first, second, neighbours),
                "coverage_other": coverage(second, first, neighbours),
            }
        )
    return table


def nearest_counterparts(latents, labels, identity, other, count=5):
    """For each face of one identity, the nearest faces of another.

    Args:
        latents: float array, shape `(faces, latent_dim)`, of all identities.
        labels: string array, shape `(faces,)`.
        identity: str. Whose faces are asked.
        other: str. Whose faces are found.
        count: int.

    Returns:
        int array, shape `(faces of identity, count)`: rows of `latents`,
        nearest first.

    Raises:
        ValueError: if an identity is not there or has too few faces.
    """
    labels = np.asarray(labels)
    asked = np.flatnonzero(labels == identity)
    found = np.flatnonzero(labels == other)
    if not len(asked) or len(found) < count:
        raise ValueError(
            f"Expected faces of {identity} and at least {count} of {other}. "
            f"Received: {len(asked)} and {len(found)}"
        )
    space = principal_space(latents)
    distances = squared_distances(space[asked], space[found])
    return found[np.argsort(distances, axis=1, kind="stable")[:, :count]]


def loneliest(encoded, one, other, count=10):
    """The faces of two identities that lie furthest from each other's.

    Args:
        encoded: `EncodedFaces` of these identities at least.
        one: str.
        other: str.
        count: int. Faces of each.

    Returns:
        dict from identity to an int array, shape `(count,)`: rows of
        `encoded`, the loneliest first.
    """
    space = principal_space(encoded.latents)
    found = {}
    for identity, counterpart in ((one, other), (other, one)):
        own = np.flatnonzero(encoded.labels == identity)
        theirs = space[encoded.labels == counterpart]
        distances = squared_distances(space[own], theirs).min(axis=1)
        found[identity] = own[np.argsort(-distances)[:count]]
    return found


def crops_of(face_sets, encoded, size):
    """The stored crops behind encoded faces, in their order.

    Args:
        face_sets: dict from identity to `facesets.FaceSet`, as encoded.
        encoded: `EncodedFaces`.
        size: int. Side of the crops in pixels.

    Returns:
        uint8 array, shape `(faces, size, size, 3)`.
    """
    crops = np.empty((len(encoded.labels), size, size, 3), np.uint8)
    for identity, face_set in face_sets.items():
        own = encoded.labels == identity
        picked = face_set.pick(encoded.rows[own])
        crops[own] = picked.load_crops(size)
    return crops
