"""Reports of training -> who has collapsed, and whether it pays to go on."""

import itertools
import math

import numpy as np

# Shares of the truth's spread, from benchmarks/watching.py: a healthy run
# may fall to 0.01 in its first steps, but once it was alive it never fell
# below 0.13, not even where a new level begins nearly grey.
COLLAPSED = 0.02
ALIVE = 0.3
PATIENCE = 300  # steps that a decoder may take to draw its first difference
LOOK_FACES = 16  # looked at where none are held out
LEAST_SPREAD = 1 / 255  # of the truth: below it there is nothing to compare

LEAST_REPORTS = 8  # to tell a trend from noise
LEAST_SHARE = 1 / 3  # of the steps since the level stands, as well
GAIN = 0.02  # a smaller fall of the loss, over all these steps, is none
DEVIATIONS = 3.0  # of the fitted line, so that noise is no trend


def watch_pictures(draw, data, level, blend):
    """How good is what a network draws now of pictures never trained on.

    Args:
        draw: function from inputs to pictures, see `TrainingStep.draw()`.
        data: `TrainingData`.
        level: int.
        blend: float, 0-1.

    Returns:
        `(held_out, spread)`: dicts of float by the names of the outputs, the
        losses of those that have unseen pictures, and `spread_share()` of
        all that draw; trained pictures stand in for missing ones.
    """
    batch = data.held_out(level, blend)
    measured = () if batch is None else data.measured
    inputs, targets = batch or data.batch(0, level, blend, LOOK_FACES)
    drawn = draw(inputs)
    held_out, spread = {}, {}
    for key, name in data.outputs.items():
        if name in measured:
            held_out[name] = float(data.losses[key](targets[key], drawn[key]))
        if np.ndim(drawn[key]) == 4:
            share = spread_share(drawn[key], targets[key])
            if share is not None:
                spread[name] = share
    return held_out, spread


def total_loss(held_out, data):
    """One number for losses on unseen pictures, weighted as in training.

    Args:
        held_out: dict from `watch_pictures()`.
        data: `TrainingData`.

    Returns:
        float, or `None` where nothing was measured.
    """
    given = data.loss_weights or {}
    weights = {
        name: given.get(key, 1.0)
        for key, name in data.outputs.items()
        if name in held_out
    }
    if not weights:
        return None
    total = sum(weights[name] * held_out[name] for name in weights)
    return total / sum(weights.values())


def spread_share(drawn, targets):
    """How much drawn pictures differ from each other, against the truth.

    Args:
        drawn: float array, shape `(batch, height, width, 3)`, 0-1: what one
            decoder draws of different inputs.
        targets: float array, shape `(batch, height, width, 4)`, 0-1: the
            truth and its mask.

    Returns:
        float: 0 for one picture whatever the input, about 1 for the truth;
        `None` where the truth itself hardly differs.
    """
    targets = np.asarray(targets, "float32")
    mask = targets[..., 3].mean(axis=0)
    own, true = (
        float((np.std(pictures, axis=0).mean(axis=-1) * mask).mean())
        for pictures in (np.asarray(drawn, "float32"), targets[..., :3])
    )
    if true < LEAST_SPREAD * mask.mean():
        return None
    return own / true


def collapsed_identities(history, watched_from=0):
    """Identities whose decoder draws one picture, whatever it is shown.

    One that drew different pictures before is named at once. In the first
    steps of a network without pretraining all decoders may draw one mean
    face each, and no harm is done: one that never drew anything else is named
    when it has done so for `PATIENCE` steps and another one does better.

    Args:
        history: list of reports, each with `step` (int) and `spread` (dict
            of identity to float, see `spread_share()`).
        watched_from: int. Step that `PATIENCE` counts from.

    Returns:
        list of names.
    """
    spread = history[-1].get("spread", {}) if history else {}
    others_live = any(share >= ALIVE for share in spread.values())
    collapsed = []
    for name in spread:
        known = [r for r in history if name in r.get("spread", {})]
        dead = list(
            itertools.takewhile(
                lambda r, name=name: r["spread"][name] < COLLAPSED,
                reversed(known),
            )
        )
        if not dead:
            continue
        lived = any(r["spread"][name] >= ALIVE for r in known)
        since = max(dead[-1]["step"], watched_from)
        late = known[-1]["step"] - since >= PATIENCE
        if lived or (late and others_live):
            collapsed.append(name)
    return collapsed


def held_out_trend(history):
    """Whether the loss on unseen pictures has stopped falling, and when.

    Lines are fitted to the reports of the last level at full blend, from each
    of them to the last one. It is *flat* from the first report on after
    which the loss, noise allowed for, has fallen by less than 2 %; *rising*
    if it has gained more than 2 %. A learning rate that still falls may
    bring a flat loss down once more.

    Args:
        history: list of reports, oldest first, each with `step`, `level`,
            `blend` and `held_out_loss` (float or `None`).

    Returns:
        `("flat", step)`, `("rising", step)`, or `None` if it still falls, or
        if that cannot be told: too few reports, or too much noise.
    """
    steps, losses = _comparable(history)
    flat = None
    for first in range(len(steps) - LEAST_REPORTS + 1):
        x, y = steps[first:], losses[first:]
        if x[-1] - x[0] < LEAST_SHARE * (steps[-1] - steps[0]):
            break
        gain, error = _fall(x, y)
        if gain + DEVIATIONS * error < -GAIN:
            return "rising", int(x[0])
        if flat is None and gain + DEVIATIONS * error < GAIN:
            flat = "flat", int(x[0])
    return flat


def _comparable(history):
    """Steps and losses of the last level, once it is no longer faded in."""
    if not history:
        return np.zeros(0), np.zeros(0)
    rows = [
        (report["step"], report["held_out_loss"])
        for report in history
        if report.get("held_out_loss") is not None
        and report["level"] == history[-1]["level"]
        and report["blend"] >= 1
    ]
    table = np.array(rows, "float64").reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _fall(x, y):
    """Fall of a fitted line from end to end, and its standard deviation.

    Both as shares of the mean of `y`.
    """
    centred = x - x.mean()
    slope = (centred @ y) / (centred @ centred)
    rest = y - y.mean() - slope * centred
    variance = rest @ rest / (len(x) - 2)
    # neighbours alike tell less than their number says
    alike = (rest[1:] @ rest[:-1]) / max(rest @ rest, 1e-30)
    alike = min(max(alike, 0.0), 0.9)
    error = math.sqrt(
        variance / (centred @ centred) * (1 + alike) / (1 - alike)
    )
    width = (x[-1] - x[0]) / y.mean()
    return -slope * width, error * width


def stop_advice(history):
    """One sentence on whether longer training pays.

    Args:
        history: see `held_out_trend()`.

    Returns:
        str.
    """
    steps, losses = _comparable(history)
    if history and history[-1].get("held_out_loss") is None:
        return (
            "Nothing unseen was measured: whether longer training pays cannot "
            "be told. Keep some takes for testing."
        )
    if len(steps) < LEAST_REPORTS:
        return (
            f"Whether longer training pays is told from {LEAST_REPORTS} "
            f"reports at the top level on. So far: {len(steps)}."
        )
    trend = held_out_trend(history)
    if trend is None:
        return (
            "The loss on unseen pictures still falls, or is too noisy to "
            "tell: longer training may pay."
        )
    word, step = trend
    if word == "flat":
        return (
            f"The loss on unseen pictures is flat since step {step}: longer "
            "training of this kind gains little."
        )
    best = int(steps[np.argmin(losses)])
    return (
        f"The loss on unseen pictures rises since step {step}: the network "
        "learns its pictures by heart. It was lowest at step "
        f"{best}: stop there, or film more."
    )
