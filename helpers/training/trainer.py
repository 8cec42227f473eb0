"""Batches + a network -> a trained network, level by level, resumable."""

import contextlib
import copy
import itertools
import pathlib
import time

from helpers import growth
from helpers.training import (
    checkpoints,
    estimate,
    other_runs,
    training_watch,
)
from helpers.training.batches_ahead import make_ahead
from helpers.training.last_good import (
    LastGood,
    NotGoodError,
    SaveError,
    TrainingError,
    check_losses,
    check_pictures,
)
from helpers.training.optimizers import KernelMuon
from helpers.training.pace import Pace
from helpers.training.reports import (
    build_report,
    report_line,
    summary_lines,
)
from helpers.training.training_step import SupervisedStep


def course_optimizer(learning_rate):
    """The optimizer that trains combs and crowds in the course."""
    return KernelMuon(learning_rate, global_clipnorm=1.0)


class Trainer:
    """Trains a network through the stages of a schedule.

    It takes one step after the other (`TrainingStep`), reports, and keeps
    the last good weights, to go back to and to save.

    Args:
        network: `Comb`, `Crowd`, `Classic` or another. Trained in place.
        data: `TrainingData`.
        schedule: list of stages from `growth_schedule()`.
        learning_rate: float. Of the first step; falls along a cosine.
        minutes: float or `None`. Time for the whole schedule on this machine.
            A stage ends after its steps or its share of the time, whichever
            comes first; `None` for no limit.
        checkpoint: path ending in `.safetensors`, or `None` to save nothing.
        frozen: parts of the network, or names of layers, that stay as they
            are, for instance `("encoder",)`; see `frozen_layers()`.
        optimizer: function from a learning rate to a new Keras optimizer:
            each stage begins with one.
        step: `TrainingStep`, or `None` for a `SupervisedStep`, which frozen
            and optimizer are for: another step has its own.
        made_from: dict that JSON can hold, kept in the checkpoint: what else
            decides the outcome, see `run_folder.begin_run()`.

    Raises:
        other_runs.OtherRunError: if a checkpoint is there that belongs to
            another network, schedule, seed or choice of frozen layers, or
            that was made from something else.
        ValueError: if a checkpoint cannot be read, if nothing is called like
            what should be frozen, if frozen or an optimizer is given beside
            a step, or if a stage waits for a score and no face is held out.
    """

    def __init__(
        self,
        network,
        data,
        schedule,
        learning_rate=5e-3,
        minutes=None,
        checkpoint=None,
        frozen=(),
        optimizer=course_optimizer,
        step=None,
        made_from=None,
    ):
        self.network = network
        self.data = data
        self.schedule = schedule
        self.learning_rate = learning_rate
        self.checkpoint = checkpoint
        self.frozen = (frozen,) if isinstance(frozen, str) else tuple(frozen)
        if step is None:
            step = SupervisedStep(network, data, optimizer, self.frozen)
        elif self.frozen or optimizer is not course_optimizer:
            raise ValueError(
                "A step has its own optimizers and frozen layers: give them "
                f"to {type(step).__name__}(...), not to Trainer. Received: "
                f"frozen={self.frozen!r}, optimizer={optimizer!r}"
            )
        self.step = step
        self.made_from = made_from
        growth.check_patience(schedule, data)
        self.pace = Pace(schedule, minutes)
        self._last_good = LastGood()
        self._resumed = None  # arrays that the present stage starts from
        if checkpoint is not None:
            self._read_checkpoint()

    @property
    def state(self):
        """Where the run stands, as a dict, see `Pace`."""
        return self.pace.state

    @property
    def history(self):
        """List of reports, oldest first."""
        return self.pace.state["history"]

    @property
    def finished(self):
        """Whether all stages are done."""
        return self.pace.finished

    @property
    def blend(self):
        """How far the level that is trained now is faded in, 0-1."""
        return self.pace.blend

    def run(self, report_every=50, on_report=None, save_every=120.0, tell=None):
        """Train until the schedule is done, from wherever it stands.

        A keyboard interrupt (the stop button of a notebook) saves and ends
        the run; calling `run()` again goes on.

        Args:
            report_every: int. Steps between two reports.
            on_report: function of one report (a dict) or `None`.
            save_every: float. Seconds between two checkpoints.
            tell: function of each report's line, such as `print`, or `None`.

        Returns:
            list of reports: the history.

        Raises:
            TrainingError: if a loss or a weight is no longer a number, or if
                a decoder has collapsed. The network, and what comes next,
                are then those of the last good set.
            SaveError: if the disk is full or may not be written to, before
                the first step or at the end. In between it is printed, and
                training goes on.
        """
        saved_at = time.monotonic()
        try:
            self._check_start()
            while not self.finished:
                self._begin_stage()
                for report in self._train_stage(report_every):
                    self.history.append(report)
                    if tell is not None:
                        tell(report_line(report))
                    if on_report is not None:
                        on_report(report)
                    if time.monotonic() - saved_at > save_every:
                        self._save_or_say()
                        saved_at = time.monotonic()
                self._end_stage()
        except KeyboardInterrupt:
            if self.step.is_prepared:
                # the weights may have moved before the step was counted
                self.pace.count_to(self.step.taken())
            self.save()
            print("Stopped. Run this cell again to go on from here.")
            return self.history
        self.save()
        return self.history

    def estimate(self):
        """What this training takes, in a line, before it begins.

        It times the machine for seconds. From then on the time left in
        reports goes by it.

        Returns:
            str.
        """
        if self.finished:
            return "Nothing is left to train: this run is finished."
        # frozen layers have no backward pass
        self.step.freeze()
        needs = estimate.estimate_training(
            self.network, self.schedule, data=self.data
        )
        self.pace.expected = needs["step_seconds"]
        return estimate.estimate_line(
            self.network, self.schedule, needs, self.pace.minutes
        )

    def _check_start(self):
        """What training begins with is good, and there is room to save it."""
        if self.finished:
            return
        self._begin_stage()
        if self.checkpoint is not None:
            self._last_good.check_room(self.checkpoint)

    def _begin_stage(self):
        if not self.step.is_prepared:
            self.network.level = self.pace.level
            self.step.prepare(
                self.learning_rate, self._resumed, self.checkpoint
            )
            self._resumed = None
        if self._last_good.arrays is None:
            self._remember()
            self._last_good.written = True  # the start: nothing to save

    def _train_stage(self, report_every):
        """Take the steps of a stage; yields a report now and then."""
        # the first step compiles: its seconds are not the stage's pace
        started = None
        with contextlib.closing(self._batches()) as batches:
            # it may have been stopped at its last report
            while not self.pace.stage_is_done(self.data.reconstructed):
                rate = self.pace.learning_rate(self.learning_rate)
                total, losses = self.step.train(*next(batches), rate)
                now = time.monotonic()
                self.pace.count_step(0.0 if started is None else now - started)
                started = now
                with self._going_back():
                    check_losses(total, losses)
                if (
                    self.pace.stage_ended
                    or self.state["step"] % report_every == 0
                ):
                    yield self._report(losses)

    def _end_stage(self):
        self._remember()
        if not self.pace.in_last_stage:
            self.step.forget()  # the models are those of the level below
        self.pace.next_stage()

    def _batches(self):
        """Endless batches of the stage, from the present step on."""
        stage, begin = self.pace.stage, self.pace.stage_begin

        def make(step):
            blend, size = self.pace.blend_at(step), stage["batch_size"]
            return self.data.batch(begin + step, stage["level"], blend, size)

        return make_ahead(make, itertools.count(self.state["step"]))

    def _report(self, losses):
        """A report of now, if all is well."""
        self.step.begin_mean()
        with self._going_back():
            held_out, spread = self._checked_pictures()
        return build_report(self.pace, self.data, losses, held_out, spread)

    def _checked_pictures(self):
        """Losses on unseen pictures, and how far drawn ones differ, if good."""
        held_out, spread = training_watch.watch_pictures(
            self.step.draw, self.data, self.network.level, self.pace.blend
        )
        check_pictures(held_out, spread, self.state)
        return held_out, spread

    def _remember(self):
        """Take the present as the last good set, if it is good."""
        with self._going_back():
            losses, _ = self._checked_pictures()
            # losses at other levels, or in a fade, are not to be compared
            at_top = self.network.level == self.pace.top_level
            loss = None
            if at_top and self.pace.blend >= 1:
                loss = training_watch.total_loss(losses, self.data)
            now = {
                **self.state,
                "level": self.network.level,
                "blend": self.pace.blend,
                "held_out_loss": loss,
                "parameters": self._parameters(),
            }
            self._last_good.take(
                *checkpoints.checkpoint_of(
                    self.step.variables(), self.network.config(), now
                )
            )

    def save(self):
        """Write the checkpoint, if one was asked for.

        Raises:
            TrainingError: if a weight is no longer a number, or if a decoder
                has collapsed: then the checkpoints stay as they are.
            SaveError: if the disk is full or may not be written to.
        """
        if self.step.is_prepared:
            self._remember()
        if self.checkpoint is not None:
            self._last_good.save(self.checkpoint)

    def _save_or_say(self):
        try:
            self.save()
        except SaveError as error:
            print(f"{error} Training goes on.")

    def _parameters(self):
        return other_runs.parameters_of(
            self.learning_rate,
            self.pace.minutes,
            self.frozen,
            self.data.seed,
            self.made_from,
        )

    @contextlib.contextmanager
    def _going_back(self):
        """Go back to the last good set if something is not good."""
        try:
            yield
        except NotGoodError as wrong:
            raise self._go_back(wrong) from None

    def _go_back(self, wrong):
        """The error that says what was wrong, and where training is now."""
        step, good = self.state["total_steps"], self._last_good
        if good.arrays is None:
            return TrainingError(
                "The weights that training begins with should be good. "
                f"Received: {wrong}. Take other weights, or an older "
                "checkpoint."
            )
        self._stand_at(good.arrays, good.details["state"])
        self.state["watched_from"] = self.state["total_steps"]
        return TrainingError(
            f"Training went wrong at step {step}. Received: {wrong}. The "
            f"network is back at step {self.state['total_steps']}, where all "
            "was well. Set trainer.learning_rate lower than "
            f"{self.learning_rate} and run again: training goes on from there."
        )

    def _read_checkpoint(self):
        saved = checkpoints.read_checkpoint(self.checkpoint)
        if saved is None:
            return
        arrays, config, state = saved
        own = {"schedule": self.schedule, "parameters": self._parameters()}
        texts = other_runs.differences(
            other_runs.run_of(self.network.config(), own),
            other_runs.run_of(config, state),
        )
        if texts:
            folder = pathlib.Path(self.checkpoint).parent
            raise other_runs.other_run_error(folder, config, state, texts)
        self._stand_at(arrays, state)
        done = "Finished before, at" if self.finished else "Going on from"
        print(f"{done} step {state['total_steps']}: {self.checkpoint}")

    def _stand_at(self, arrays, state):
        """Put the network, and what comes next, where a saved set was."""
        self.step.forget()  # first: what an interrupt finds, it may save
        self.pace.state = copy.deepcopy(state)
        self.network.level = self.pace.level
        checkpoints.restore_network(
            self.network, arrays, self.checkpoint or "the last good set"
        )
        self._resumed = None if self.finished else arrays

    def preview(self, faces=8):
        """What the network draws now of faces it was never trained on.

        Args:
            faces: int. Columns, at most.

        Returns:
            dict of row title to float32 array `(faces, side, side, 3)`, 0-1,
            for `plotting.plot_preview()`.
        """
        level = self.network.level
        inputs, targets = self.data.held_out(level, 1.0) or self.data.batch(
            0, level, 1.0, 2 * faces
        )
        drawn = self.step.draw(inputs)
        return self.data.preview_rows(inputs, targets, drawn, faces)

    def summary(self):
        """What to know after a run, as lines: does more pay, what is kept.

        Returns:
            str.
        """
        lines = summary_lines(
            self.history, self.pace.top_level, self.checkpoint
        )
        return "\n".join(lines)
