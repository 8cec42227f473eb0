"""Which images are missing: faces without a counterpart, and what to film.

The source's decoder has learned to draw what the source was seen doing. Where
the target does something else, it guesses. So for every face of the target
the source's faces are searched for one whose latent says the same; a face
that finds none is *without a counterpart*, and what such faces have in common
is what the source's footage lacks.

Two witnesses have to agree before a gap is named:

- the latents: distances along the directions in which a latent moves when the
  face does (`FaceDirections`). In the whole latent a mouth is lost, a small
  part of what varies. Without a counterpart is a face that lies further from
  the source's faces than from the other half of its own person's footage.
- the descriptions of the crops: the source hardly ever does it, even if its
  readings were off by as much as readings of different people are.

`helpers.latents.report.footage_gaps` asks the second one alone, before any
training.
"""

import dataclasses
import itertools

import numpy as np

from helpers.latents.encoding import identities_of, shifted_latents
from helpers.latents.gap_search import GapSearch
from helpers.latents.spaces import find_nearest
from helpers.latents.two_samples import own_halves

NEIGHBOURS = 5
# Where these lie was tried out with holes cut into the footage of eight
# rendered people; `benchmarks.latents` tests them on others.
LONELY = 1.28  # times the distance to one's own faces: without a counterpart
SPLITS = 3  # of the own footage in halves
MOST_REFERENCES = 3000  # faces that are searched; more only take longer


@dataclasses.dataclass
class Pair:
    """What one target asks of one source.

    Attributes:
        target, source: str.
        rows: int array. The target's images, rows of the encoded faces.
        distances: float array, of each: times as far from the source's
            faces as from its own.
        lonely: bool array, of each: without a counterpart.
        counterparts: int array, shape `(images, 5)`: nearest faces of the
            source.
        gaps: list of `gap_search.Gap`, the largest first.
    """

    target: str
    source: str
    rows: np.ndarray
    distances: np.ndarray
    lonely: np.ndarray
    counterparts: np.ndarray
    gaps: list

    @property
    def scattered(self):
        """Rows of images without a counterpart that are in no gap."""
        named = [gap.rows for gap in self.gaps]
        return np.setdiff1d(
            self.rows[self.lonely], np.concatenate([[], *named])
        )


class FaceDirections:
    """The directions in which latents move when a face does something else.

    A linear reading of the descriptions off the latents, within persons: each
    person's mean is taken out first, so that who is seen plays no part. What
    the latents do not know comes out small, and counts little in a distance.

    Args:
        latents: float array, shape `(faces, latent_dim)`.
        labels: string array, shape `(faces,)`.
        described: float array, shape `(faces, features)`.
    """

    def __init__(self, latents, labels, described):
        latents, described = (
            _within_persons(values, labels) for values in (latents, described)
        )
        deviations = np.maximum(described.std(axis=0), 1e-9)
        square = latents.T @ latents
        # a ridge: several latents may say the same thing
        square += 1e-3 * np.trace(square) / len(square) * np.eye(len(square))
        square += np.finfo(float).tiny * np.eye(len(square))
        self.weights = np.linalg.solve(
            square, latents.T @ (described / deviations)
        )

    def coordinates_of(self, latents):
        """Coordinates, float64 array of shape `(faces, features)`."""
        return np.asarray(latents, np.float64) @ self.weights


def _within_persons(values, labels):
    values = np.array(values, np.float64)
    for name in np.unique(labels):
        values[labels == name] -= values[labels == name].mean(axis=0)
    return values


def find_gaps(encoded, described, shifts=None, seed=0):
    """For each target and source, which images have no counterpart.

    Args:
        encoded: `encoding.EncodedFaces` of two identities or more.
        described: float array, shape `(faces, features)`: see
            `descriptions.describe_faces()`, in the order of `encoded`.
        shifts: `comb.shifts`, since a swap adds them; `None` for none.
        seed: int.

    Returns:
        List of `Pair`, one for each target and source.

    Raises:
        ValueError: if there are fewer than two identities, or if one has
            fewer than two stretches of footage.
    """
    names = identities_of(encoded)
    if len(names) < 2 or len(described) != len(encoded.labels):
        raise ValueError(
            "Gaps are between two identities, all of whose faces are "
            f"described. Received: identities {names}, {len(described)} "
            f"descriptions of {len(encoded.labels)} faces"
        )
    directions = FaceDirections(encoded.latents, encoded.labels, described)
    return [
        _compare(encoded, described, directions, shifts or {}, pair, seed)
        for pair in itertools.permutations(names, 2)
    ]


def _compare(encoded, described, directions, shifts, pair, seed):
    target, source = pair
    own_rows = np.flatnonzero(encoded.labels == target)
    source_rows = np.flatnonzero(encoded.labels == source)
    one = directions.coordinates_of(encoded.latents[own_rows])
    sent = directions.coordinates_of(
        shifted_latents(encoded, shifts, source, target)
    )
    other = directions.coordinates_of(encoded.latents[source_rows])
    blocks = encoded.blocks[own_rows]
    distances = _relative_distances(one, sent, other, blocks, seed)
    near = find_nearest(sent, other, min(NEIGHBOURS, len(other)))[1]
    lonely = distances > LONELY
    pair = Pair(
        target, source, own_rows, distances, lonely, source_rows[near], []
    )
    search = GapSearch(
        pair,
        described[own_rows],
        described[source_rows],
        blocks,
        encoded.blocks[source_rows],
    )
    pair.gaps.extend(search.all_gaps())
    return pair


def _relative_distances(one, sent, other, blocks, seed):
    """How far the other's faces are from each face, over how far its own.

    Its own are those of the other half of the footage: whole takes, since the
    next frame of a film is always near. Both crowds are of the same size.
    """
    random = np.random.default_rng(seed)
    total = np.zeros(len(one))
    for split in range(SPLITS):
        half = own_halves(blocks, (seed, split))
        for asked, own in ((half, ~half), (~half, half)):
            size = min(own.sum(), len(other), MOST_REFERENCES)
            chosen = random.choice(np.flatnonzero(own), size, replace=False)
            others = random.choice(len(other), size, replace=False)
            count = min(NEIGHBOURS, size)
            near_own = find_nearest(one[asked], one[chosen], count)[0].mean(
                axis=1
            )
            near = find_nearest(sent[asked], other[others], count)[0].mean(
                axis=1
            )
            tiny = np.finfo(float).tiny
            total[asked] += np.log(np.maximum(near, tiny))
            total[asked] -= np.log(np.maximum(near_own, tiny))
    return np.exp(total / SPLITS)
