"""Where a run of training stands in its schedule, by steps and by time."""

import math

from helpers import growth

WARM_STEPS = 30  # of each stage, in which the learning rate rises
TRUST = 60.0  # seconds of training that an estimate weighs as much as


class Pace:
    """How far a run has come, and so what its next step looks like.

    Args:
        schedule: list of stages from `growth.growth_schedule()`.
        minutes: float or `None`. Time for the whole schedule. A stage ends
            after its steps or its share of the time, whichever comes first.

    Attributes:
        state: dict that JSON can hold, and a checkpoint does: number of the
            `stage`, `step` in it, `stage_seconds`, `seconds`, `total_steps`,
            `schedule`, and the `history` of reports.
        expected: list of float, seconds of a step of each stage, from
            `estimate.estimate_training()`, or `None` where nobody asked.
    """

    def __init__(self, schedule, minutes=None):
        self.schedule = schedule
        self.minutes = minutes
        self.expected = None
        self.state = {
            "stage": 0,
            "step": 0,  # in this stage
            "stage_seconds": 0.0,
            "seconds": 0.0,
            "total_steps": 0,
            "schedule": schedule,
            "history": [],
        }

    @property
    def stage(self):
        """The present stage: a dict."""
        return self.schedule[self.state["stage"]]

    @property
    def level(self):
        """Level of the present stage; of the last one, once all are done."""
        last = len(self.schedule) - 1
        return self.schedule[min(self.state["stage"], last)]["level"]

    @property
    def top_level(self):
        """Level of the last stage."""
        return self.schedule[-1]["level"]

    @property
    def finished(self):
        """Whether all stages are done."""
        return self.state["stage"] >= len(self.schedule)

    @property
    def blend(self):
        """How far the present level is faded in, 0-1."""
        return 1.0 if self.finished else self.blend_at(self.state["step"])

    def blend_at(self, step):
        """How far the level is faded in at a step of the present stage."""
        fade = self.stage["fade"]
        return min(1.0, self._progress_at(step) / fade) if fade else 1.0

    def _progress_at(self, step):
        """Share of the stage that is done, by steps or by time, 0-1."""
        progress = step / self.stage["steps"]
        if self.minutes is not None:
            limit = 60 * self.minutes * self.stage["share"]
            progress = max(progress, self.state["stage_seconds"] / limit)
        return min(1.0, progress)

    @property
    def stage_ended(self):
        """Whether the stage has had its steps or its time."""
        return self._progress_at(self.state["step"]) >= 1

    def stage_is_done(self, reconstructed):
        """Whether the stage has ended, or improves no more.

        Args:
            reconstructed: names of held-out losses, see `has_stalled()`.

        Returns:
            bool.
        """
        if self.stage_ended:
            return True
        patience = self.stage.get("patience")
        if patience is None:
            return False
        number, history = self.state["stage"], self.state["history"]
        reports = [report for report in history if report["stage"] == number]
        return growth.has_stalled(reports, patience, reconstructed)

    @property
    def overall_progress(self):
        """Share of the whole schedule's work that is done, 0-1."""
        if self.finished:
            return 1.0
        done = sum(s["share"] for s in self.schedule[: self.state["stage"]])
        now = self._progress_at(self.state["step"])
        return done + self.stage["share"] * now

    @property
    def seconds_left(self):
        """Seconds of training still to come, by what is known now."""
        if self.finished:
            return 0.0
        done = max(self.overall_progress, 1e-9)
        if self.expected is None:
            # as if each level took twice the time of the one below: wrong
            # for long, as the lowest ones take more
            return self.state["seconds"] * (1 - done) / done
        slower = (self.state["seconds"] + TRUST) / (
            self._expected_so_far() + TRUST
        )
        left = 0.0
        for number in range(self.state["stage"], len(self.schedule)):
            stage, steps, spent = self.schedule[number], 0, 0.0
            if number == self.state["stage"]:
                steps, spent = self.state["step"], self.state["stage_seconds"]
            seconds = (stage["steps"] - steps) * self.expected[number] * slower
            if self.minutes is not None:
                limit = 60 * self.minutes * stage["share"]
                seconds = min(seconds, max(0.0, limit - spent))
            left += seconds
        return left

    def _expected_so_far(self):
        """Seconds that the steps taken should have needed."""
        ends = {r["stage"]: r["step"] for r in self.state["history"]}
        ends[self.state["stage"]] = self.state["total_steps"]
        seconds, begin = 0.0, 0
        for number, end in sorted(ends.items()):
            seconds += (end - begin) * self.expected[number]
            begin = end
        return seconds

    def learning_rate(self, highest):
        """The rate of the next step, from that of the first."""
        # the cosine runs over the whole schedule, not over each stage
        falling = (1 + math.cos(math.pi * self.overall_progress)) / 2
        # fresh moments know nothing: begin each stage gently
        warm = min(1.0, (self.state["step"] + 1) / WARM_STEPS)
        return highest * warm * (0.05 + 0.95 * falling)

    @property
    def stage_begin(self):
        """Step of the whole run at which the present stage began."""
        return self.state["total_steps"] - self.state["step"]

    def count_step(self, seconds):
        """One more step of the present stage has been taken."""
        state = self.state
        state["stage_seconds"] += seconds
        state["seconds"] += seconds
        state["step"] += 1
        state["total_steps"] += 1

    def count_to(self, step):
        """So many steps of the present stage have been taken."""
        self.state["total_steps"] += step - self.state["step"]
        self.state["step"] = step

    @property
    def in_last_stage(self):
        """Whether no stage follows the present one."""
        return self.state["stage"] + 1 >= len(self.schedule)

    def next_stage(self):
        """Begin the following stage."""
        # in one go: an interrupt finds the old stage or the new one
        self.state = {
            **self.state,
            "stage": self.state["stage"] + 1,
            "step": 0,
            "stage_seconds": 0.0,
        }
