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

from helpers.latents import descriptions
from helpers.latents.encoding import (
    find_nearest,
    identities_of,
    shifted_latents,
)
from helpers.latents.overlap import own_halves

NEIGHBOURS = 5
# Where these lie was tried out with holes cut into the footage of eight
# rendered people; `benchmarks.latents` tests them on others.
LONELY = 1.28  # times the distance to one's own faces: without a counterpart
SPLITS = 3  # of the own footage in halves
MOST_REFERENCES = 3000  # faces that are searched; more only take longer
LEAST_SHARE = 0.03  # of the target's images: rarer things are not worth a take
LEAST_IMAGES = 10
HARDLY = 0.2  # of the target's share: the source hardly ever does it
FARTHER = 1.03  # times as far from a counterpart as the other images
LUCK = {1: 0.01, 2: 0.001}  # chance that the takes fell so, by things in common
EDGES = 18  # places tried for where a gap begins


@dataclasses.dataclass
class Gap:
    """Images of the target that have no counterpart in the source.

    Attributes:
        words: tuple of str. What they have in common.
        conditions: tuple of `(feature, sign, edge)`, one for each of the
            words: beyond the edge, upwards (1) or downwards (-1).
        target_share: float. Part of the target's images that are so.
        source_share: float. Part of the source's.
        lonely_share: float. Part of these images without a counterpart.
        lonely_elsewhere: float. The same of the target's other images.
        farther: float. Times as far from the source as the other images
            are, on average; as above, in own distances.
        rows: int array. These images: rows of the encoded faces, those
            furthest from a counterpart first.
        counterparts: int array, shape `(images, 5)`. The nearest faces of the
            source, nearest first.
        advice: str. One sentence.
    """

    words: tuple
    conditions: tuple
    target_share: float
    source_share: float
    lonely_share: float
    lonely_elsewhere: float
    farther: float
    rows: np.ndarray
    counterparts: np.ndarray
    advice: str


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
        gaps: list of `Gap`, the largest first.
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
        encoded: `latents.EncodedFaces` of two identities or more.
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
    search = _Search(
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


class _Search:
    """Looks among the images of one target for what one source lacks."""

    def __init__(self, pair, own, other, own_blocks, other_blocks):
        self.pair, self.own, self.other = pair, own, other
        self.own_blocks, self.other_blocks = own_blocks, other_blocks
        self.left = np.ones(len(own), bool)  # not in a gap found before

    def all_gaps(self):
        """One gap after another: single things, then two at once."""
        for candidates in (self._single, self._double):
            while True:
                gaps = [each for each in candidates() if each is not None]
                if not gaps:
                    break
                weights = [len(gap.rows) * np.log(gap.farther) for gap in gaps]
                gap = gaps[int(np.argmax(weights))]
                self.left &= ~np.isin(self.pair.rows, gap.rows)
                yield gap

    def _single(self):
        for column, sign, feature in all_ends():
            yield self._widest(column, sign, feature)

    def _double(self):
        for first, second in itertools.combinations(list(all_ends()), 2):
            if first[0] != second[0]:
                both = [(*end, begin_of(*end[1:])) for end in (first, second)]
                yield self._judge(both)

    def _widest(self, column, sign, feature):
        """The gap that begins soonest at one end of one feature, or None."""
        begin = begin_of(sign, feature)
        readings = sign * self.own[self.left, column]
        if not len(readings):
            return None
        tried = np.quantile(readings, np.linspace(0.3, 0.98, EDGES))
        # in order, from the one that takes in the most images
        for edge in (begin, *sign * np.unique(tried[tried > sign * begin])):
            gap = self._judge([(column, sign, feature, edge)])
            if gap is not None:
                return gap
        return None

    def _judge(self, ends):
        """A `Gap` of the images beyond all these edges, if it is one."""
        inside, others = self.left.copy(), np.ones(len(self.other), bool)
        for column, sign, feature, edge in ends:
            inside &= sign * self.own[:, column] >= sign * edge
            reading = sign * self.other[:, column] + feature.doubt
            others &= reading >= sign * edge
        enough = max(LEAST_IMAGES, LEAST_SHARE * len(self.own))
        if inside.sum() < enough:
            return None
        outside = self.left & ~inside
        if not outside.any():
            return None
        lonely, distances = self.pair.lonely, np.log(self.pair.distances)
        farther = np.exp(distances[inside].mean() - distances[outside].mean())
        shares = {
            "target_share": float(inside.mean()),
            "source_share": float(others.mean()),
            "lonely_share": float(lonely[inside].mean()),
            "lonely_elsewhere": float(lonely[outside].mean()),
            "farther": float(farther),
        }
        if (
            shares["source_share"] > HARDLY * shares["target_share"]
            or farther < FARTHER
            or luck((self.own_blocks, inside), (self.other_blocks, others))
            > LUCK[len(ends)]
        ):
            return None
        return self._gap(ends, inside, others, shares)

    def _gap(self, ends, inside, others, shares):
        pair = self.pair
        order = np.flatnonzero(inside)
        order = order[np.argsort(-pair.distances[order], kind="stable")]
        words = tuple(
            feature.low if sign < 0 else feature.high
            for _, sign, feature, _ in ends
        )
        count, others = int(inside.sum()), int(others.sum())
        lacking = shares["target_share"] - shares["source_share"]
        more = max(LEAST_IMAGES, -10 * int(-lacking * len(self.other) // 10))
        beyond = [(feature, edge) for _, _, feature, edge in ends]
        advice = (
            f"Film about {more} more frames of {pair.source}: "
            f"{gap_in_words(words, beyond)}. "
            f"{pair.target} does it in {count} of {len(self.own)} images, "
            f"{pair.source} in {others} of {len(self.other)}."
        )
        return Gap(
            words,
            tuple(
                (feature.name, sign, round(float(edge), 3))
                for _, sign, feature, edge in ends
            ),
            **shares,
            rows=pair.rows[order],
            counterparts=pair.counterparts[order],
            advice=advice,
        )


def all_ends():
    """All that can be asked for: yields column, sign and feature."""
    for column, feature in enumerate(descriptions.FEATURES):
        for sign, word in ((-1, feature.low), (1, feature.high)):
            if word:
                yield column, sign, feature


def begin_of(sign, feature):
    """Where one end of a feature begins, in the feature's unit."""
    return feature.low_from if sign < 0 else feature.high_from


def gap_in_words(words, beyond):
    """What is missing, and from where on: `mouth open (beyond 0.15)`.

    Args:
        words: sequence of str.
        beyond: sequence of `(feature, edge)`, one for each of the words.

    Returns:
        str.
    """
    return " and ".join(
        f"{word} (beyond {descriptions.reading_as_text(feature, edge)})"
        for word, (feature, edge) in zip(words, beyond, strict=True)
    )


def luck(target, source):
    """Chance that stretches of footage fell so unevenly by themselves.

    Args:
        target: `(stretches, rows)`. Which stretch each image is of, and a
            bool array: which images do the thing.
        source: the same of the one who hardly does it.

    Returns:
        float, Fisher's exact test over stretches: frames of one stretch are
        near-copies and prove nothing.
    """
    # seconds to import: only where used
    from scipy.stats import fisher_exact

    counts = []
    for stretches, rows in (target, source):
        doing = len(np.unique(stretches[rows]))
        counts.append((doing, len(np.unique(stretches)) - doing))
    return fisher_exact(counts, alternative="greater").pvalue
