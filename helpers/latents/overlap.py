"""Two identities' latents -> how far they share one space, in numbers.

One person's own footage, cut in two halves, is the yardstick: two halves of
the same footage share all there is to share, and still not every face has a
twin in the other half.
"""

import itertools

import numpy as np

from helpers.faces.face_set import evenly
from helpers.latents import two_samples
from helpers.latents.encoding import identities_of, shifted_latents
from helpers.latents.spaces import PrincipalSpace
from helpers.latents.two_samples import NEIGHBOURS

# of the table that is printed, and what stands in each
COLUMNS = {
    "mixing rate": ("mixing_rate",),
    "coverage": ("coverage", "coverage_within"),
    "density": ("density", "density_within"),
    "classifier": ("classifier_accuracy",),
    "cycle": ("cycle_ratio",),
}
CYCLED = 200  # faces of each identity that are sent there and back


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


def measure_overlap(comb, encoded, neighbours=NEIGHBOURS, seed=0):
    """All figures of each pair: `overlap_table` and `cycle_ratio`.

    Args:
        comb: `helpers.comb.Comb`, trained, with its `shifts`.
        encoded: see `overlap_table()`, as are `neighbours` and `seed`.

    Returns:
        List of dicts, as of `overlap_table()`, with `cycle_ratio`.

    Raises:
        ValueError: if there are fewer than two identities.
    """
    table = overlap_table(encoded, comb.shifts, neighbours, seed)
    for row in table:
        source, target = row["source"], row["target"]
        row["cycle_ratio"] = cycle_ratio(comb, encoded, source, target)
    return table


def overlap_as_text(table):
    """The figures of each pair in a row, and their means, to be printed.

    Args:
        table: from `measure_overlap()`.

    Returns:
        str.
    """
    rows = [(f"{each['source']} on {each['target']}", each) for each in table]
    if len(rows) > 1:
        rows.append(("all pairs", mean_overlap(table)))
    first = max(len(name) for name, _ in rows)
    lines = [" " * first + "".join(f"{name:>13}" for name in COLUMNS)]
    for name, figures in rows:
        cells = [_cell(figures, keys) for keys in COLUMNS.values()]
        lines.append(f"{name:{first}}" + "".join(f"{c:>13}" for c in cells))
    return "\n".join(lines)


def _cell(figures, keys):
    """A figure, and beside it what one's own other half has."""
    if figures[keys[0]] is None:
        return "-"  # too little footage
    return " / ".join(f"{figures[key]:.2f}" for key in keys)


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
    half = two_samples.own_halves(blocks_one, seed)
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
    row["mixing_rate"] = two_samples.mixing_rate(
        np.concatenate([one, other]), labels, neighbours, seed
    )
    for name, measure in (
        ("coverage", two_samples.covered_share),
        ("density", two_samples.density),
    ):
        row[name] = measure(one[looked], other[others], neighbours)
        row[f"{name}_within"] = measure(one[looked], one[twins], neighbours)
    few = min(len(np.unique(b)) for b in (blocks_one, blocks_other)) < 4
    row["classifier_accuracy"] = (
        None
        if few
        else two_samples.classifier_accuracy(
            one, other, blocks_one, blocks_other
        )
    )
    return row
