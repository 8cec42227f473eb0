"""A top level and a number of steps -> the stages that grow a network."""

import itertools

FADE_SHARE = 0.3  # part of a stage in which its level is faded in


def growth_schedule(level, steps, first_level=0, batch_size=32):
    """Stages that grow a network from a low level to the top one.

    Args:
        level: int. Top level.
        steps: int. Steps in all stages together. Half of them train the top
            level; each level below gets half of what the one above has.
        first_level: int. Level to begin at; `level` to train flat.
        batch_size: int. Crops a step (of each identity, for a comb).

    Returns:
        list of dict with `level`, `steps`, `batch_size`, `share` (of the
        time, which is spent in proportion to the steps' cost) and `fade`.

    Raises:
        ValueError: if there are fewer steps than stages, or no stage.
    """
    levels = range(first_level, level + 1)
    if not levels:
        raise ValueError(
            f"Training begins at level {level} or below. "
            f"Received: first_level={first_level!r}"
        )
    weights = [2.0**k for k in levels]
    if steps < len(weights):
        raise ValueError(
            f"{len(weights)} levels take at least as many steps. "
            f"Received: steps={steps!r}"
        )
    # the step each stage ends at: rounded once, so that the sum is right
    ends = [
        max(round(steps * done / sum(weights)), stage + 1)
        for stage, done in enumerate(itertools.accumulate(weights))
    ]
    # a step costs about twice as much at each next level
    costs = [4.0**k for k in levels]
    return [
        {
            "level": k,
            "steps": end - begin,
            "batch_size": batch_size,
            "share": cost / sum(costs),
            "fade": FADE_SHARE if k > first_level else 0.0,
        }
        for k, begin, end, cost in zip(
            levels, [0, *ends[:-1]], ends, costs, strict=True
        )
    ]
