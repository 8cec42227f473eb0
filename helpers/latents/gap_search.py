"""What two people were seen doing -> what one of them hardly ever does."""

import dataclasses
import itertools

import numpy as np

from helpers.latents import descriptions

# As in `gaps`, tried out with holes cut into the footage of eight rendered
# people; `benchmarks.latents` tests them on others.
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


class GapSearch:
    """Looks among the images of one target for what one source lacks.

    Args:
        pair: `gaps.Pair` of the two, without gaps.
        own: float array, shape `(images, features)`. What the target's images
            show, see `descriptions.describe_faces()`.
        other: the same of the source's.
        own_blocks: int array, shape `(images,)`. Stretch of footage of each.
        other_blocks: the same of the source's.
    """

    def __init__(self, pair, own, other, own_blocks, other_blocks):
        self.pair, self.own, self.other = pair, own, other
        self.own_blocks, self.other_blocks = own_blocks, other_blocks
        self.left = np.ones(len(own), bool)  # not in a gap found before

    def all_gaps(self):
        """Yields each `Gap`: of single things, then of two at once."""
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
