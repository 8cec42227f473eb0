"""Batches + a network -> a trained network, level by level, resumable."""

import concurrent.futures
import copy
import math
import time

import cv2
import keras
import numpy as np

from helpers import growth
from helpers.encoder_decoder import resolution_of
from helpers.training import checkpoints, distribution, training_watch
from helpers.training.optimizers import KernelMuon

WARM_STEPS = 30  # of each stage, in which the learning rate rises
PREFETCH = 6  # batches made ahead by threads while the network works


class TrainingError(RuntimeError):
    """Training went where it cannot go on from; it is back where it was."""


class SaveError(RuntimeError):
    """A checkpoint could not be written; nothing in memory is lost."""


def course_optimizer(learning_rate):
    """The optimizer that trains combs and crowds in the course."""
    return KernelMuon(learning_rate, global_clipnorm=1.0)


class Trainer:
    """Trains a comb, a crowd or a classic through the stages of a schedule.

    Args:
        network: `Comb`, `Crowd` or `Classic`. Trained in place.
        data: `IdentityData` or `CrowdData`.
        schedule: list of stages from `growth_schedule()`.
        learning_rate: float. Of the first step; falls along a cosine.
        minutes: float or `None`. Time for the whole schedule on this machine.
            A stage ends after its steps or its share of the time, whichever
            comes first; `None` for no limit.
        checkpoint: path ending in `.safetensors`, or `None` to save nothing.
        frozen: tuple of str. Beginnings of names of layers that stay as they
            are, for instance `("encoder",)`.
        optimizer: function from a learning rate to a new Keras optimizer:
            each stage begins with one.

    Raises:
        ValueError: if a checkpoint is there that belongs to another network,
            schedule, seed or choice of frozen layers, or that cannot be read,
            if no layer is called like a frozen one, or if a stage waits for a
            score and no face is held out.
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
    ):
        self.network = network
        self.data = data
        self.schedule = schedule
        self.learning_rate = learning_rate
        self.minutes = minutes
        self.checkpoint = checkpoint
        self.optimizer = optimizer
        self.frozen = self._checked_frozen(frozen)
        growth.check_patience(schedule, data)
        self.state = {
            "stage": 0,
            "step": 0,  # in this stage
            "stage_seconds": 0.0,
            "seconds": 0.0,
            "total_steps": 0,
            "schedule": schedule,
            "history": [],
        }
        self._model = None  # of the present stage, once it is prepared
        self._optimizer = None
        self._train_step = None
        self._saved = None  # arrays that the present stage starts from
        self._good = None  # the last good set: `checkpoint_of()`
        self._written = True  # whether the disk has it
        if checkpoint is not None:
            self._read_checkpoint()

    def _checked_frozen(self, frozen):
        frozen = (frozen,) if isinstance(frozen, str) else tuple(frozen)
        names = [layer.name for layer in self.network.layers()]
        for beginning in frozen:
            if not any(name.startswith(beginning) for name in names):
                raise ValueError(
                    "Frozen layers are told by how their names begin, for "
                    f"instance {names[0]!r}. Received: frozen={frozen!r}"
                )
        return frozen

    @property
    def history(self):
        """List of reports, oldest first."""
        return self.state["history"]

    @property
    def finished(self):
        """Whether all stages are done."""
        return self.state["stage"] >= len(self.schedule)

    @property
    def blend(self):
        """Blend of the level that is trained now, 0-1."""
        return 1.0 if self.finished else self._blend_at(self.state["step"])

    @property
    def _stage(self):
        return self.schedule[self.state["stage"]]

    @property
    def _top_level(self):
        return self.schedule[-1]["level"]

    def _blend_at(self, step):
        fade = self._stage["fade"]
        return min(1.0, self._progress_at(step) / fade) if fade else 1.0

    def _progress_at(self, step):
        """Share of the stage that is done, by steps or by time, 0-1."""
        progress = step / self._stage["steps"]
        if self.minutes is not None:
            limit = 60 * self.minutes * self._stage["share"]
            progress = max(progress, self.state["stage_seconds"] / limit)
        return min(1.0, progress)

    @property
    def overall_progress(self):
        """Share of the whole schedule's work that is done, 0-1."""
        done = sum(s["share"] for s in self.schedule[: self.state["stage"]])
        if self.finished:
            return 1.0
        return done + self._stage["share"] * self._progress_at(
            self.state["step"]
        )

    def run(self, report_every=50, on_report=None, save_every=120.0):
        """Train until the schedule is done, from wherever it stands.

        A keyboard interrupt (the stop button of a notebook) saves and ends
        the run; calling `run()` again goes on.

        Args:
            report_every: int. Steps between two reports.
            on_report: function of one report (a dict) or `None`.
            save_every: float. Seconds between two checkpoints.

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
        room_checked = False
        try:
            while not self.finished:
                if self._model is None:
                    self._prepare_stage()
                if self._good is None:
                    self._remember()  # the start
                    self._written = True  # and nothing to save
                if not room_checked:
                    self._check_room()
                    room_checked = True
                for report in self._train_stage(report_every):
                    self._check(report["held_out"], report["spread"])
                    self.history.append(report)
                    if on_report is not None:
                        on_report(report)
                    if time.monotonic() - saved_at > save_every:
                        self._save_or_say()
                        saved_at = time.monotonic()
                self._remember()
                self._next_stage()
        except KeyboardInterrupt:
            self._count_cut_step()
            self.save()
            print("Stopped. Run this cell again to go on from here.")
            return self.history
        self.save()
        return self.history

    def _count_cut_step(self):
        """Count the step whose weights had moved when the interrupt came."""
        if self._model is not None:
            done = int(keras.ops.convert_to_numpy(self._optimizer.iterations))
            self.state["total_steps"] += done - self.state["step"]
            self.state["step"] = done

    def save(self):
        """Write the checkpoint, if one was asked for.

        Raises:
            TrainingError: if a weight is no longer a number, or if a decoder
                has collapsed: then the checkpoints stay as they are.
            SaveError: if the disk is full or may not be written to.
        """
        if self._model is not None:
            self._remember()
        if self.checkpoint is None or self._written:
            return
        try:
            checkpoints.save_checkpoint(self.checkpoint, *self._good)
        except OSError as error:
            raise self._not_saved(error) from error
        self._written = True

    def _save_or_say(self):
        try:
            self.save()
        except SaveError as error:
            print(f"{error} Training goes on.")

    def _not_saved(self, error):
        return SaveError(
            f"The checkpoint {self.checkpoint} could not be written. "
            f"Received: {error}. Nothing is lost while this program runs: "
            "make room there, or set trainer.checkpoint to a new path on "
            "another disk, and call trainer.save() or trainer.run()."
        )

    def _check_room(self):
        if self.checkpoint is None:
            return
        size = sum(array.nbytes for array in self._good[0].values())
        try:
            checkpoints.check_room(self.checkpoint, size)
        except OSError as error:
            raise self._not_saved(error) from error

    def _remember(self):
        """Take the present as the last good set, if it is good."""
        losses, spread = self._look()
        self._check(losses, spread)
        # losses at other levels, or in a fade, are not to be compared
        loss = None
        if self.network.level == self._top_level and self.blend >= 1:
            loss = training_watch.total_loss(losses, self.data)
        found = checkpoints.checkpoint_of(
            self.network,
            self._optimizer,
            {
                **self.state,
                "level": self.network.level,
                "blend": self.blend,
                "held_out_loss": loss,
                "parameters": self._parameters(),
            },
        )
        # a loss tells of it a step late
        for name, array in found[0].items():
            if not np.isfinite(array).all():
                self._fail(f"{name.partition('/')[2]} is no longer finite")
        self._good = found
        self._written = False

    def _parameters(self):
        return {
            "learning_rate": self.learning_rate,
            "minutes": self.minutes,
            "frozen": list(self.frozen),
            "seed": self.data.seed,
        }

    def _check(self, held_out, spread):
        """Stop if a picture is no number, or if a decoder has collapsed."""
        for name, number in [*held_out.items(), *spread.items()]:
            if not math.isfinite(number):
                self._fail(f"what is drawn of {name} is no longer finite")
        now = {"step": self.state["total_steps"], "spread": spread}
        names = training_watch.collapsed_identities(
            [*self.history, now], self.state.get("watched_from", 0)
        )
        if names:
            self._fail(
                f"the decoder of {' and of '.join(names)} has collapsed: it "
                "draws one picture, whatever it is shown"
            )

    def _check_losses(self, logs):
        if math.isfinite(logs["loss"]):
            return
        losses = self._by_output(logs)
        bad = {k: v for k, v in losses.items() if not math.isfinite(v)}
        which = ", ".join(f"{name}={loss}" for name, loss in bad.items())
        self._fail(f"loss={logs['loss']} ({which})")

    def _fail(self, received):
        """Go back to the last good set, and say why."""
        step = self.state["total_steps"]
        if self._good is None:
            raise TrainingError(
                "The weights that training begins with should be good. "
                f"Received: {received}. Take other weights, or an older "
                "checkpoint."
            )
        arrays, details = self._good
        self._stand_at(arrays, details["state"])
        self.state["watched_from"] = self.state["total_steps"]
        raise TrainingError(
            f"Training went wrong at step {step}. Received: {received}. The "
            f"network is back at step {self.state['total_steps']}, where all "
            "was well. Set trainer.learning_rate lower than "
            f"{self.learning_rate} and run again: training goes on from there."
        )

    def preview(self, faces=8):
        """What the network draws now of faces it was never trained on.

        Args:
            faces: int. Columns, at most.

        Returns:
            dict of row title to float32 array `(faces, side, side, 3)`, 0-1,
            for `plotting.plot_preview()`.
        """
        level = self.network.level
        batch = self.data.held_out(level, 1.0) or self.data.batch(
            0, level, 1.0, 2 * faces
        )
        inputs, targets = batch
        inputs = {**inputs, "blend": np.ones_like(inputs["blend"])}
        # a finished run that was read from its checkpoint has no model
        model = self._model or self.network.autoencoder(level)
        drawn = model.predict_on_batch(inputs)
        return self.data.preview_rows(inputs, targets, drawn, faces)

    def _read_checkpoint(self):
        found = checkpoints.read_checkpoint(self.checkpoint)
        if found is None:
            return
        arrays, config, state = found
        own = self._parameters()
        # those of an older version of the course hold no parameters
        saved = state.get("parameters", own)
        for what, expected, received in (
            ("network", self.network.config(), config),
            ("schedule", self.schedule, state["schedule"]),
            ("seed", own["seed"], saved["seed"]),
            ("choice of frozen layers", own["frozen"], saved["frozen"]),
        ):
            if expected != received:
                raise ValueError(
                    f"The checkpoint {self.checkpoint} belongs to another "
                    f"{what}. Expected: {expected}. Received: {received}. "
                    "Give the old parameters back, or move the checkpoints "
                    "away to begin anew."
                )
        self._stand_at(arrays, state)
        print(f"Going on from step {state['total_steps']}: {self.checkpoint}")

    def _stand_at(self, arrays, state):
        """Put the network, and what comes next, where a saved set was."""
        self._model = None  # first: what an interrupt finds, it may save
        self.state = copy.deepcopy(state)
        last = min(state["stage"], len(self.schedule) - 1)
        self.network.level = self.schedule[last]["level"]
        checkpoints.restore_network(
            self.network, arrays, self.checkpoint or "the last good set"
        )
        self._saved = None if self.finished else arrays

    def _prepare_stage(self):
        """Model and a fresh optimizer for the level of this stage."""
        level = self._stage["level"]
        self.network.level = level
        for layer in self.network.layers():
            layer.trainable = not layer.name.startswith(self.frozen)
        model = self.network.autoencoder(level)
        # new moments at each level: the old ones are those of another loss
        optimizer = self.optimizer(self.learning_rate)
        optimizer.build(model.trainable_variables)
        model.compile(
            optimizer=optimizer,
            loss=self.data.losses,
            loss_weights=self.data.loss_weights,
        )
        if self._saved is not None:
            checkpoints.restore_checkpoint(
                self.network, optimizer, self._saved, self.checkpoint
            )
            self._saved = None
        # last of all: what an interrupt finds here, it may save
        self._train_step = distribution.training_step(model)
        self._model, self._optimizer = model, optimizer

    def _train_stage(self, report_every):
        """Train the stage; yields a report every `report_every` steps."""
        state = self.state
        if self._stage_is_done():
            return  # it was stopped at its last report
        # the first step compiles: its seconds are not the stage's pace
        started = None
        for inputs, targets in self._batches():
            self._optimizer.learning_rate = self._rate()
            logs = self._train_step(inputs, targets)
            now = time.monotonic()
            spent = 0.0 if started is None else now - started
            state["stage_seconds"] += spent
            state["seconds"] += spent
            state["step"] += 1
            state["total_steps"] += 1
            self._check_losses(logs)
            last = self._progress_at(state["step"]) >= 1
            if last or state["step"] % report_every == 0:
                yield self._report(logs)
            if self._stage_is_done():
                return
            started = now

    def _stage_is_done(self):
        """Whether the stage has had its steps or time, or improves no more."""
        if self._progress_at(self.state["step"]) >= 1:
            return True
        patience = self._stage.get("patience")
        if patience is None:
            return False
        reports = [r for r in self.history if r["stage"] == self.state["stage"]]
        return growth.has_stalled(reports, patience, self.data.reconstructed)

    def _rate(self):
        # the cosine runs over the whole schedule, not over each stage
        falling = (1 + math.cos(math.pi * self.overall_progress)) / 2
        # fresh moments know nothing: begin each stage gently
        warm = min(1.0, (self.state["step"] + 1) / WARM_STEPS)
        return self.learning_rate * warm * (0.05 + 0.95 * falling)

    def _batches(self):
        """Endless batches from the present step on, made ahead by threads."""
        # a thread cuts a whole batch; OpenCV's own would get in its way
        opencv_threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        stage, state = self._stage, self.state
        # where the stage began, in steps of the whole run
        before = state["total_steps"] - state["step"]
        upcoming = state["step"]
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            queue = []
            try:
                while True:
                    while len(queue) < PREFETCH:
                        queue.append(
                            threads.submit(
                                self.data.batch,
                                before + upcoming,
                                stage["level"],
                                self._blend_at(upcoming),
                                stage["batch_size"],
                            )
                        )
                        upcoming += 1
                    yield queue.pop(0).result()
            finally:
                for batch in queue:
                    batch.cancel()
                cv2.setNumThreads(opencv_threads)

    def _report(self, logs):
        """What a reader wants to know now, as numbers that JSON can hold."""
        stage, state = self._stage, self.state
        self._model.reset_metrics()
        progress = self.overall_progress
        # the first step was not timed
        speed = 0.0
        if state["stage_seconds"]:
            speed = (state["step"] - 1) / state["stage_seconds"]
        left = state["seconds"] * (1 - progress) / max(progress, 1e-9)
        held_out, spread = self._look()
        report = {
            "step": state["total_steps"],
            "stage": state["stage"],
            "level": stage["level"],
            "resolution": resolution_of(stage["level"]),
            "blend": self.blend,
            "seconds": state["seconds"],
            "seconds_left": left,
            "steps_per_second": speed,
            "losses": self._by_output(logs),
            "held_out": held_out,
            "held_out_loss": training_watch.total_loss(held_out, self.data),
            "spread": spread,
        }
        # below the top level training goes on whatever the loss does
        report["trend"] = None
        if stage["level"] == self._top_level:
            history = [*self.history, report]
            report["trend"] = training_watch.held_out_trend(history)
        return report

    def _look(self):
        return training_watch.look(
            self._model, self.data, self.network.level, self.blend
        )

    def _by_output(self, logs):
        """Losses by the names of the outputs: identities, or crowd, latents."""
        names = self.data.outputs
        if len(names) == 1:  # Keras then names no output
            return {name: float(logs["loss"]) for name in names.values()}
        return {name: float(logs[f"{key}_loss"]) for key, name in names.items()}

    def _next_stage(self):
        following = self.state["stage"] + 1
        if following < len(self.schedule):
            self._model = None  # that of the level below
        # in one step: an interrupt finds the old stage or the new one
        self.state = {
            **self.state,
            "stage": following,
            "step": 0,
            "stage_seconds": 0.0,
        }

    def summary(self):
        """What to know after a run, as lines: does more pay, what is kept.

        Returns:
            str.
        """
        top = [r for r in self.history if r["level"] == self._top_level]
        lines = [training_watch.stop_advice(top)]
        if self.checkpoint is None:
            return lines[0]
        best = checkpoints.best_checkpoint(self.checkpoint)
        if best is not None:
            lines.append(
                f"Best checkpoint: step {best[2]}, unseen loss {best[1]:.4f} "
                f"({best[0].name}); checkpoints.load_best() takes it."
            )
        files, size = checkpoints.disk_use(self.checkpoint)
        lines.append(f"{files} checkpoints take {size / 1e6:.1f} MB.")
        return "\n".join(lines)


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
