"""Latents of all identities in, one space and one map of them out.

Every number is computed after one pooled standardisation and a principal
component analysis of all identities together, never in the two-dimensional
map: a map is for the eye, and one map per person would lay any two people on
top of each other.
"""

import numpy as np

# numbers are computed in this many principal dimensions at most: distances
# between points say little in hundreds of them
DIMENSIONS = 32
# faces that a t-SNE arranges, and how often it moves them: it takes seconds
MAPPED, MOVES = 1000, 500


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
    means, scales = _pooled(latents)
    return (np.asarray(latents, np.float64) - means) * scales


def _pooled(latents):
    """Means of the dimensions, and what to multiply them with."""
    latents = np.asarray(latents, np.float64)
    means = latents.mean(axis=0)
    deviations = (latents - means).std(axis=0)
    # below this a dimension holds only the rounding of its own mean
    largest = np.maximum(np.abs(latents).max(axis=0), 1e-6)
    silent = deviations <= 1e-6 * largest
    return means, np.where(silent, 0, 1 / np.where(silent, 1, deviations))


class PrincipalSpace:
    """Pooled standardisation, then the directions that vary most.

    Args:
        latents: float array, shape `(faces, latent_dim)`, of all identities.
        dims: int. Number of directions at most.

    Attributes:
        coordinates: float64 array, shape `(faces, dims)`, of these latents.
        shares: float64 array, shape `(dims,)`. Share of the variance along
            each direction.
    """

    def __init__(self, latents, dims=DIMENSIONS):
        self.means, self.scales = _pooled(latents)
        standard = self._standardise(latents)
        left, lengths, right = np.linalg.svd(standard, full_matrices=False)
        # a direction has no sign: make the largest coordinate positive
        peaks = np.abs(left).argmax(axis=0)
        signs = np.where(left[peaks, range(left.shape[1])] < 0, -1, 1)
        self.directions = (right * signs[:, None])[:dims].T
        self.coordinates = (left * lengths * signs)[:, :dims]
        total = max(float(np.sum(lengths**2)), np.finfo(float).tiny)
        self.shares = (lengths**2 / total)[:dims]

    def _standardise(self, latents):
        return (np.asarray(latents, np.float64) - self.means) * self.scales

    def coordinates_of(self, latents):
        """Coordinates of latents, shape `(faces, dims)`."""
        return self._standardise(latents) @ self.directions

    def step_along(self, direction):
        """What one standard deviation along a direction adds to a latent.

        Args:
            direction: int, 0 for the first.

        Returns:
            float64 array, shape `(latent_dim,)`.
        """
        length = self.coordinates[:, direction].std()
        silent = self.scales == 0
        back = np.where(silent, 0, 1 / np.where(silent, 1, self.scales))
        return self.directions[:, direction] * length * back


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


def find_nearest(points, references, count):
    """Distances to the nearest of some references, and which they are.

    Args:
        points: float array, shape `(faces, dims)`.
        references: float array, shape `(others, dims)`.
        count: int. Neighbours of each point.

    Returns:
        Tuple of float array and int array, both of shape `(faces, count)`:
        distances, nearest first, and rows of `references`.

    Raises:
        ValueError: if there are fewer references than neighbours.
    """
    if len(references) < count:
        raise ValueError(
            f"{count} neighbours need as many faces. "
            f"Received: {len(references)}"
        )
    # seconds to import: only where used
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=count).fit(references)
    return search.kneighbors(points)


def joint_map(latents, method="pca", seed=0, most=MAPPED):
    """One two-dimensional map of all identities together, for the eye.

    Args:
        latents: float array, shape `(faces, latent_dim)`, of all identities.
        method: `"pca"` (a straight projection) or `"tsne"` (keeps neighbours
            together; its distances and gaps mean nothing).
        seed: int, for t-SNE.
        most: int. Faces that a t-SNE arranges, by chance where there are
            more; each of the others is put between the three of these that
            are nearest to it. A figure should say so.

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
    space = PrincipalSpace(latents).coordinates
    if len(space) < 4 or space.shape[1] < 2:
        raise ValueError(
            "A map needs at least 4 faces and 2 latent dimensions. "
            f"Received: shape {np.shape(latents)}"
        )
    if method == "pca":
        return space[:, :2]
    from sklearn.manifold import TSNE

    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(len(space))[:most])
    perplexity = min(30, (len(rows) - 1) / 3)
    embedding = TSNE(
        perplexity=perplexity, init="pca", max_iter=MOVES, random_state=seed
    )
    arranged = embedding.fit_transform(space[rows]).astype(np.float64)
    if len(rows) == len(space):
        return arranged
    distances, neighbours = find_nearest(space, space[rows], 3)
    weights = 1 / np.maximum(distances, 1e-9)
    weights /= weights.sum(axis=1, keepdims=True)
    return (arranged[neighbours] * weights[..., None]).sum(axis=1)
