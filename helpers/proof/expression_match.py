"""Expression match: what faces do in footage and in its swap in, how alike out.

By a public reader that nobody here trained, see `readers.blendshapes`. The
correlation says whether a swap does the same at the same time, the slope how
much of it: half for a blink that shuts the eyes half.
"""

import numpy as np

from helpers.faces.readers.blendshapes import BEHAVIOURS, behaviours

LEAST_SPREAD = 0.02  # a behaviour that varies less in the target stands still


def match_expressions(target, swaps):
    """How far swaps do what their target does.

    Args:
        target: float array, shape `(faces, 52)`, blendshapes of frames of the
            target, from `BlendshapeReader.read()`.
        swaps: float array, same shape: of the same frames, swapped.

    Returns:
        dict: `expression_correlation` and `expression_slope`, floats, the
        means over the behaviours that move in the target (NaN if none does);
        and `expression_by_behaviour`, a dict by name of `spread` (standard
        deviation in the target), `correlation`, and `slope`, of the least
        squares line of the swaps over the target. 1 is right for both.

    Raises:
        ValueError: if the two do not pair.
    """
    target, swaps = np.asarray(target), np.asarray(swaps)
    if target.shape != swaps.shape or not len(target):
        raise ValueError(
            "Swaps are compared with their own frames, at least one. "
            f"Received: blendshapes of shapes {target.shape}, {swaps.shape}"
        )
    columns = zip(
        BEHAVIOURS, behaviours(target).T, behaviours(swaps).T, strict=True
    )
    moving = {
        name: _match(*pair)
        for name, *pair in columns
        if np.std(pair[0]) >= LEAST_SPREAD
    }
    means = {
        f"expression_{name}": float(
            np.mean([each[name] for each in moving.values()])
        )
        if moving
        else float("nan")
        for name in ("correlation", "slope")
    }
    return {**means, "expression_by_behaviour": moving}


def _match(target, swaps):
    """Spread, correlation and slope of one behaviour."""
    target, swaps = target - target.mean(), swaps - swaps.mean()
    spreads = np.std(target), np.std(swaps)
    together = np.mean(target * swaps)
    return {
        "spread": float(spreads[0]),
        # a face that stands still goes with nothing
        "correlation": float(together / max(np.prod(spreads), 1e-12)),
        "slope": float(together / spreads[0] ** 2),
    }
