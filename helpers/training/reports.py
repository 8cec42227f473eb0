"""Training -> what a reader wants to know of it, as numbers and as lines."""

from helpers.training import training_watch
from helpers.training.checkpoint_files import best_checkpoint, disk_use


def build_report(pace, data, losses, held_out, spread):
    """What there is to know now, as numbers that JSON can hold.

    Args:
        pace: `Pace`.
        data: `TrainingData`.
        losses: dict of float by name in reports.
        held_out: dict of losses from `training_watch.watch_pictures()`.
        spread: dict of shares from `training_watch.watch_pictures()`.

    Returns:
        dict: a report.
    """
    state, stage = pace.state, pace.stage
    # the first step was not timed
    speed = 0.0
    if state["stage_seconds"]:
        speed = (state["step"] - 1) / state["stage_seconds"]
    report = {
        "step": state["total_steps"],
        "stage": state["stage"],
        "level": stage["level"],
        "resolution": data.side(stage["level"]),
        "blend": pace.blend,
        "seconds": state["seconds"],
        "seconds_left": pace.seconds_left,
        "steps_per_second": speed,
        "losses": losses,
        "held_out": held_out,
        "held_out_loss": training_watch.total_loss(held_out, data),
        "spread": spread,
    }
    # below the top level training goes on whatever the loss does
    report["trend"] = None
    if stage["level"] == pace.top_level:
        history = [*state["history"], report]
        report["trend"] = training_watch.held_out_trend(history)
    return report


def report_line(report):
    """One line about a report, for a terminal or a notebook."""
    trend = ""
    if report.get("trend"):
        trend = " | unseen {} since step {}".format(*report["trend"])
    losses = ", ".join(
        f"{name} {value:.4f}"
        + (
            f" (unseen {report['held_out'][name]:.4f})"
            if name in report["held_out"]
            else ""
        )
        for name, value in report["losses"].items()
    )
    return (
        f"step {report['step']:5d} | {report['resolution']:3d} px, blend "
        f"{report['blend']:.2f} | loss {losses} | "
        f"{report['steps_per_second']:.1f} steps/s | about "
        f"{report['seconds_left'] / 60:.1f} min left{trend}"
    )


def summary_lines(history, top_level, checkpoint=None):
    """What to know after a run: does more pay, and what is kept.

    Args:
        history: list of reports.
        top_level: int. Level of the last stage.
        checkpoint: path that was given to `Trainer`, or `None`.

    Returns:
        list of str.
    """
    top = [report for report in history if report["level"] == top_level]
    lines = [training_watch.stop_advice(top)]
    if checkpoint is None:
        return lines
    best = best_checkpoint(checkpoint)
    if best is not None:
        path, loss, step = best
        lines.append(
            f"Best checkpoint: step {step}, unseen loss {loss:.4f} "
            f"({path.name}); checkpoints.load_best() takes it."
        )
    files, size = disk_use(checkpoint)
    lines.append(f"{files} checkpoints take {size / 1e6:.1f} MB.")
    return lines
