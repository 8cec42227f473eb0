"""Batches + a network -> a trained network, level by level, resumable."""

import concurrent.futures
import math
import time

import cv2
import keras
import numpy as np

from helpers import checkpoints, growth
from helpers.models.comb import resolution_of
from helpers.optimizers import KernelMuon

WARM_STEPS = 30  # of each stage, in which the learning rate rises
PREFETCH = 6  # batches made ahead by threads while the network works


class TrainingError(RuntimeError):
    """Training went where it cannot go on from; the last save is clean."""


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
        ValueError: if a checkpoint is there that belongs to another network
            or another schedule, if no layer is called like a frozen one, or
            if a stage waits for a score and no face is held out.
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
        self._saved = None
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
            TrainingError: if the loss is no longer a number.
        """
        saved_at = time.monotonic()
        try:
            while not self.finished:
                if self._model is None:
                    self._prepare_stage()
                for report in self._train_stage(report_every):
                    self.history.append(report)
                    if on_report is not None:
                        on_report(report)
                    if time.monotonic() - saved_at > save_every:
                        self.save()
                        saved_at = time.monotonic()
                self._next_stage()
        except KeyboardInterrupt:
            self._count_cut_step()
            print("Stopped. Run this cell again to go on from here.")
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
            TrainingError: if a weight is no longer a number; then the last
                checkpoint stays as it is.
        """
        if self.checkpoint is None or self._model is None:
            return
        # a loss tells of it a step late
        for name, variable in self.network.variables().items():
            if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
                raise self._diverged(name)
        checkpoints.save_checkpoint(
            self.checkpoint, self.network, self._optimizer, self.state
        )

    def _diverged(self, received):
        return TrainingError(
            "The network's numbers are no longer finite. "
            f"Received: {received} at step {self.state['total_steps']}. Lower "
            "the learning rate and run again from the cell that builds the "
            "network: training goes on from the last checkpoint, which is "
            "clean."
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
        for what, expected, received in (
            ("network", self.network.config(), config),
            ("schedule", self.schedule, state["schedule"]),
        ):
            if expected != received:
                raise ValueError(
                    f"The checkpoint {self.checkpoint} belongs to another "
                    f"{what}. Expected: {expected}. Received: {received}. "
                    "Give the old parameters back, or move the checkpoint "
                    "away to begin anew."
                )
        self._saved = arrays
        self.state = state
        last = min(state["stage"], len(self.schedule) - 1)
        self.network.level = self.schedule[last]["level"]
        if self.finished:
            # nothing left to train: only the network's own numbers count
            checkpoints.assign_arrays(
                self.network.variables(),
                {
                    name.removeprefix("network/"): array
                    for name, array in arrays.items()
                    if name.startswith("network/")
                },
                str(self.checkpoint),
            )

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
            logs = self._model.train_on_batch(inputs, targets, return_dict=True)
            now = time.monotonic()
            spent = 0.0 if started is None else now - started
            state["stage_seconds"] += spent
            state["seconds"] += spent
            state["step"] += 1
            state["total_steps"] += 1
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
        if not math.isfinite(float(logs["loss"])):
            raise self._diverged(f"loss={float(logs['loss'])}")
        progress = self.overall_progress
        # the first step was not timed
        speed = 0.0
        if state["stage_seconds"]:
            speed = (state["step"] - 1) / state["stage_seconds"]
        left = state["seconds"] * (1 - progress) / max(progress, 1e-9)
        return {
            "step": state["total_steps"],
            "stage": state["stage"],
            "level": stage["level"],
            "resolution": resolution_of(stage["level"]),
            "blend": self.blend,
            "seconds": state["seconds"],
            "seconds_left": left,
            "steps_per_second": speed,
            "losses": self._by_output(logs),
            "held_out": self._held_out_losses(),
        }

    def _held_out_losses(self):
        level = self._stage["level"]
        batch = self.data.held_out(level, self.blend)
        if batch is None:
            return {}
        logs = self._model.test_on_batch(*batch, return_dict=True)
        self._model.reset_metrics()
        losses = self._by_output(logs)
        return {name: losses[name] for name in self.data.measured}

    def _by_output(self, logs):
        """Losses by the names of the outputs: identities, or crowd, latents."""
        names = self.data.outputs
        if len(names) == 1:  # Keras then names no output
            return {name: float(logs["loss"]) for name in names.values()}
        return {name: float(logs[f"{key}_loss"]) for key, name in names.items()}

    def _next_stage(self):
        self.state["stage"] += 1
        self.state["step"] = 0
        self.state["stage_seconds"] = 0.0
        if not self.finished:
            self._model = None  # that of the level below


def report_line(report):
    """One line about a report, for a terminal or a notebook."""
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
        f"{report['seconds_left'] / 60:.1f} min left"
    )
