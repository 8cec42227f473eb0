"""What one identity's footage has and another's lacks, before any training.

`helpers.latents.gaps` asks the same after training, where the latents are a
second witness and every image has its nearest counterpart. Here there is one
witness, the descriptions of the crops, so what is doubtful counts in favour of
the footage.
"""

import itertools

import numpy as np

from helpers.latents import gap_search

# Images of a kind that are asked for at most, however often others do it: with
# 147 of them in 15 takes a swap in a light that its source had lost came from a
# skill of 0.33 to 0.58 (notebook 04). `benchmarks.frames_needed` tries fewer.
ENOUGH = 150
EDGES = 12  # places tried for where a gap begins
# As `gap_search.LUCK`, but smaller: no second witness has to agree.
LUCK = {1: 0.002, 2: 0.0005}


def find_lacks(target, source):
    """What the target does and the source's training faces hardly show.

    Args:
        target: `footage_facts.Facts`: what is asked for.
        source: the same of the person whose face is to do it.

    Returns:
        List of dicts, the largest first: `words`, `conditions` (tuples of
        feature, sign and edge, as in `gap_search.Gap`), `target`,
        `target_share`, `images` (of the source), `source_share`, `missing`
        (images) and `does`, the words with their edges.
    """
    return list(_Search(target, source).all_lacks())


def meets_conditions(described, conditions, doubts=None):
    """Which faces meet all conditions.

    Args:
        described: float array, shape `(faces, features)`.
        conditions: sequence of `(column, sign, edge)`.
        doubts: float array, shape `(features,)`, in favour of the faces, or
            `None`.

    Returns:
        bool array, shape `(faces,)`.
    """
    matching = np.ones(len(described), bool)
    for column, sign, edge in conditions:
        slack = 0 if doubts is None else doubts[column]
        matching &= sign * described[:, column] + slack >= sign * edge
    return matching


class _Search:
    """Looks for what the source hardly does, the most common things first."""

    def __init__(self, target, source):
        self.target, self.source = target, source
        self.described = source.described[source.train]
        self.stretches = source.stretches[source.train]
        # of more faces than were looked at
        self.scale = len(source.face_set) / len(source.described)
        self.left = np.ones(len(target.described), bool)
        self.named = set()  # ends that were found, each as column and sign

    def all_lacks(self):
        """One after another: single things, then two at once."""
        for candidates in (self._single, self._double):
            while True:
                lacks = [each for each in candidates() if each is not None]
                if not lacks:
                    break
                inside, ends, lack = max(lacks, key=lambda each: each[0].sum())
                self.left &= ~inside
                self.named |= ends
                yield lack

    def _single(self):
        for column, sign, feature in gap_search.all_ends():
            if (column, sign) not in self.named:
                yield self._widest(column, sign, feature)

    def _double(self):
        for one, two in itertools.combinations(list(gap_search.all_ends()), 2):
            if one[0] != two[0] and not {one[:2], two[:2]} & self.named:
                edges = [gap_search.begin_of(*end[1:]) for end in (one, two)]
                yield self._judge((one, two), edges)

    def _widest(self, column, sign, feature):
        """What begins soonest at one end of one feature, or None."""
        begin = gap_search.begin_of(sign, feature)
        readings = sign * self.target.described[self.left, column]
        if not len(readings):
            return None
        # in even steps, from what takes in the most to what hardly anybody does
        last = max(
            np.quantile(readings, 1 - gap_search.LEAST_SHARE), sign * begin
        )
        edges = list(sign * np.linspace(sign * begin, last, EDGES))
        if feature.low and feature.high:
            # all but the other end: the middle is missing, too
            edges.insert(0, gap_search.begin_of(-sign, feature))
        for edge in edges:
            lack = self._judge([(column, sign, feature)], [edge])
            if lack is not None:
                return lack
        return None

    def _judge(self, ends, edges):
        """Faces of the target that do it, its ends and the lack, or None."""
        conditions = [
            (column, sign, edge)
            for (column, sign, _), edge in zip(ends, edges, strict=True)
        ]
        inside = self.left & meets_conditions(self.target.described, conditions)
        least = max(
            gap_search.LEAST_IMAGES, gap_search.LEAST_SHARE * len(inside)
        )
        if inside.sum() < least or not len(self.described):
            return None
        does = meets_conditions(self.described, conditions, self.source.doubts)
        share = inside.mean()
        wanted = min(ENOUGH, share * len(does) * self.scale)
        has = does.sum() * self.scale
        if (
            has > wanted / 2
            or does.mean() > gap_search.HARDLY * share
            or gap_search.luck(
                (self.target.stretches, inside), (self.stretches, does)
            )
            > LUCK[len(ends)]
        ):
            return None
        lack = self._lack(ends, edges, (share, does.mean()), wanted)
        return inside, {end[:2] for end in ends}, lack

    def _lack(self, ends, edges, shares, wanted):
        words, beyond = [], []
        for (_, sign, feature), edge in zip(ends, edges, strict=True):
            own, other = feature.low, feature.high
            if sign > 0:
                own, other = other, own
            whole = sign * edge < sign * gap_search.begin_of(sign, feature)
            words.append(f"anything but {other}" if whole else own)
            beyond.append((feature, edge))
        has = shares[1] * len(self.described) * self.scale
        return {
            "words": tuple(words),
            "conditions": tuple(
                (feature.name, sign, round(float(edge), 3))
                for (_, sign, feature), edge in zip(ends, edges, strict=True)
            ),
            "target": self.target.identity,
            "target_share": float(shares[0]),
            "images": round(has),
            "source_share": float(shares[1]),
            "missing": rounded_up(max(wanted - has, gap_search.LEAST_IMAGES)),
            "does": gap_search.gap_in_words(words, beyond),
        }


def rounded_up(count):
    """Images to be filmed, in whole tens."""
    return int(-(-count // 10) * 10)
