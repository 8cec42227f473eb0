"""A top level and a number of steps -> the stages that grow a network."""

import itertools

import numpy as np

FADE_SHARE = 0.3  # part of a stage in which its level is faded in
LEAST_GAIN = 0.01  # a score that falls by less than this share stands still


def growth_schedule(level, steps, first_level=0, batch_size=32, patience=None):
    """Stages that grow a network from a low level to the top one.

    Args:
        level: int. Top level.
        steps: int. Steps in all stages together. Half of them train the top
            level; each level below gets half of what the one above has.
        first_level: int. Level to begin at; `level` to train flat.
        batch_size: int. Crops a step (of each identity, for a comb).
        patience: int or `None`. Steps without a better held-out
            reconstruction after which the next level begins, however many
            were planned; the top level gets all of its own. `None` to go by
            steps and time alone.

    Returns:
        list of dict with `level`, `steps`, `batch_size`, `share` (of the
        time, which is spent in proportion to the steps' cost) and `fade`;
        below the top level also `patience`, if there is one.

    Raises:
        ValueError: if there are fewer steps than stages, if there is no
            stage, or if the patience is no number of steps.

    Example:
        >>> from helpers.growth import growth_schedule
        >>> stages = growth_schedule(level=2, steps=700)
        >>> [(stage["level"], stage["steps"]) for stage in stages]
        [(0, 100), (1, 200), (2, 400)]
    """
    levels = range(first_level, level + 1)
    if not levels:
        raise ValueError(
            f"Training begins at level {level} or below. "
            f"Received: first_level={first_level!r}"
        )
    if patience is not None and patience < 1:
        raise ValueError(
            "A stage waits one step or more for a better score; None does "
            f"not look at the score. Received: patience={patience!r}"
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
    # twice the steps at each next level, each about twice as long
    costs = [4.0**k for k in levels]
    stages = [
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
    if patience is not None:
        for stage in stages[:-1]:
            stage["patience"] = patience
    return stages


def has_stalled(reports, patience, names):
    """Whether the held-out reconstruction of a stage no longer improves.

    It depends on the reports alone, so a run that was stopped and goes on
    ends its stages where it would have ended them.

    Args:
        reports: list of reports of one stage, oldest first. Those of the
            fade are passed over: their pictures become harder all the time.
        patience: int. Steps.
        names: held-out losses that count, by their mean.

    Returns:
        bool: whether the best of the last `patience` steps is not at least
        1 % (`LEAST_GAIN`) below the best before them.

    Example:
        >>> from helpers.growth import has_stalled
        >>> reports = [
        ...     {"step": step, "blend": 1.0, "held_out": {"face": loss}}
        ...     for step, loss in ((100, 0.5), (200, 0.3), (300, 0.3))
        ... ]
        >>> [has_stalled(reports[:n], 100, ["face"]) for n in (1, 2, 3)]
        [False, False, True]
    """
    scores = [
        (report["step"], np.mean([report["held_out"][name] for name in names]))
        for report in reports
        if report["blend"] >= 1
    ]
    if not scores:
        return False
    since = scores[-1][0] - patience
    before = [score for step, score in scores if step <= since]
    recent = [score for step, score in scores if step > since]
    if not before:
        return False
    return bool(min(recent) > (1 - LEAST_GAIN) * min(before))


def check_patience(schedule, data):
    """Raise a ValueError if a stage waits for a score that nothing gives."""
    waiting = [stage for stage in schedule if stage.get("patience")]
    if waiting and data.held_out(waiting[0]["level"], 1.0) is None:
        raise ValueError(
            "A stage with patience waits for the score of held-out faces. "
            f"Received: data without any, and {waiting[0]}. Hold some out, "
            "or make the schedule without patience."
        )
