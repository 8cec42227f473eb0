"""Crops + a network -> a trained network, level by level, resumable.

What a step sees depends on the seed and the number of the step alone, never
on what came before: a run that was stopped anywhere goes on as if it had not
been.
"""

import concurrent.futures
import math
import time

import cv2
import keras
import numpy as np

from helpers import augmentation, checkpoints
from helpers.losses import LatentPairLoss, MaskedFaceLoss
from helpers.models.comb import name_key, resolution_of

FADE_SHARE = 0.3  # part of a stage in which its level is faded in
PREFETCH = 6  # batches made ahead by threads while the network works


class TrainingError(RuntimeError):
    """Training went where it cannot go on from; the last save is clean."""


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
        ValueError: if there are fewer steps than stages.
    """
    levels = range(first_level, level + 1)
    weights = [2.0**k for k in levels]
    if steps < len(weights):
        raise ValueError(
            f"{len(weights)} levels take at least as many steps. "
            f"Received: steps={steps!r}"
        )
    # a step costs about twice as much at each next level
    costs = [4.0**k for k in levels]
    return [
        {
            "level": k,
            "steps": max(1, round(steps * weight / sum(weights))),
            "batch_size": batch_size,
            "share": cost / sum(costs),
            "fade": FADE_SHARE if k > first_level else 0.0,
        }
        for k, weight, cost in zip(levels, weights, costs, strict=True)
    ]


class CrowdData:
    """Batches for a crowd: one person in, another one doing the same out.

    Args:
        crops: uint8 array, shape `(people, frames, size, size, 3)`: everybody
            under the same frame parameters.
        masks: uint8 array, shape `(people, frames, size, size)`, 0-255.
        coverage: float. Share of a stored crop that the network sees.
        resolution: int. Side of the network crop at the top level.
        paired_share: float. Part of the pictures whose target is another
            person; the rest reconstruct themselves.
        held_out_frames: int. Last frames of everybody, never trained on.
        options: dict for `augmentation`.
        seed: int.
    """

    def __init__(
        self,
        crops,
        masks,
        coverage,
        resolution,
        paired_share=1.0,
        held_out_frames=0,
        options=None,
        seed=0,
    ):
        if len(crops) < 2:
            raise ValueError(
                "Pairs take at least two people. "
                f"Received: crops of shape {np.shape(crops)}"
            )
        self.crops = crops
        self.masks = masks
        self.coverage = coverage
        self.resolution = resolution
        self.paired_share = paired_share
        self.frames = crops.shape[1] - held_out_frames
        self.options = options or augmentation.DEFAULT
        self.seed = seed
        self.outputs = {"crowd": "crowd", "latents": "latents"}
        self.losses = {"crowd": MaskedFaceLoss(), "latents": LatentPairLoss()}
        self.loss_weights = {"crowd": 1.0, "latents": 0.1}

    def batch(self, step, level, blend, batch_size):
        """Inputs and targets of one step: see `Crowd.autoencoder()`."""
        random = np.random.default_rng((self.seed, step))
        frames = random.integers(self.frames, size=batch_size // 2)
        return self._cut(random, frames, level, blend, self.options)

    def held_out(self, level, blend, pairs=32):
        """Inputs and targets that are the same at every call."""
        random = np.random.default_rng((self.seed, 0))
        last = self.crops.shape[1]
        if self.frames == last:
            return None
        frames = random.integers(self.frames, last, size=pairs)
        return self._cut(random, frames, level, blend, augmentation.PLAIN)

    def _cut(self, random, frames, level, blend, options):
        views, people = [], []
        for frame in frames:
            one, other = random.choice(len(self.crops), 2, replace=False)
            # both directions, so that the latents of the pair can be compared
            for seen, shown in ((one, other), (other, one)):
                if random.uniform() >= self.paired_share:
                    shown = seen
                views.append(
                    _cut_pair(
                        random,
                        self.crops[seen, frame],
                        self.crops[shown, frame],
                        self.masks[shown, frame],
                        self,
                        options,
                    )
                )
                people.append(shown)
        inputs, targets = _at_level(views, level, blend)
        count = len(people)
        return (
            {
                "blend": np.full((count, 1), blend, "float32"),
                "crops": inputs,
                "person": np.array(people, "int32")[:, None],
            },
            {"crowd": targets, "latents": np.zeros((count, 1), "float32")},
        )


class IdentityData:
    """Batches for a comb: every identity reconstructs itself.

    Args:
        crops: dict of identity to uint8 array `(faces, size, size, 3)`.
        masks: dict of identity to uint8 array `(faces, size, size)`, 0-255.
        coverage: float. Share of a stored crop that the network sees.
        resolution: int. Side of the network crop at the top level.
        held_out: dict of identity to `(crops, masks)` never trained on.
        options: dict for `augmentation`.
        seed: int.
    """

    def __init__(
        self,
        crops,
        masks,
        coverage,
        resolution,
        held_out=None,
        options=None,
        seed=0,
    ):
        for identity, found in crops.items():
            if len(found) == 0:
                raise ValueError(
                    f"There is no crop of {identity} to train on. Run "
                    "notebooks/01_data_generation.ipynb with more footage."
                )
        self.crops = crops
        self.masks = masks
        self.coverage = coverage
        self.resolution = resolution
        self.unseen = held_out or {}
        self.options = options or augmentation.DEFAULT
        self.seed = seed
        self.outputs = {name_key(name): name for name in crops}
        self.losses = {key: MaskedFaceLoss() for key in self.outputs}
        self.loss_weights = None

    def batch(self, step, level, blend, batch_size):
        """Inputs and targets of one step: see `Comb.autoencoder()`."""
        random = np.random.default_rng((self.seed, step))
        sets = {name: (self.crops[name], self.masks[name]) for name in self.crops}
        chosen = {
            name: random.integers(len(found), size=batch_size)
            for name, (found, _) in sets.items()
        }
        return self._cut(random, sets, chosen, level, blend, self.options)

    def held_out(self, level, blend, faces=32):
        """Inputs and targets that are the same at every call."""
        if not self.unseen:
            return None
        random = np.random.default_rng((self.seed, 0))
        chosen = {
            name: np.linspace(0, len(crops) - 1, faces).astype(int)
            for name, (crops, _) in self.unseen.items()
        }
        plain = augmentation.PLAIN
        return self._cut(random, self.unseen, chosen, level, blend, plain)

    def _cut(self, random, sets, chosen, level, blend, options):
        inputs, targets = {}, {}
        for name, (crops, masks) in sets.items():
            views = [
                _cut_pair(random, crops[k], crops[k], masks[k], self, options)
                for k in chosen[name]
            ]
            key = name_key(name)
            inputs[key], targets[key] = _at_level(views, level, blend)
        count = len(next(iter(inputs.values())))
        inputs["blend"] = np.full((count, 1), blend, "float32")
        return inputs, targets


def _cut_pair(random, seen, shown, mask, data, options):
    """Input and target with one view: `(side, side, 3)`, `(side, side, 4)`."""
    side = data.resolution
    view = augmentation.sample_view(
        random, seen.shape[0], data.coverage, side, options
    )
    warp = None
    if options["warp"]:
        warp = augmentation.sample_warp(random, side, options["warp"])
    crop = augmentation.cut_view(seen, view, side, warp).astype("float32") / 255
    if options["light"]:
        crop = augmentation.vary_light(random, crop, options["light"])
    target = np.empty((side, side, 4), "float32")
    target[..., :3] = augmentation.cut_view(shown, view, side)
    target[..., 3] = augmentation.cut_view(mask, view, side)
    return crop, target / 255


def _at_level(views, level, blend):
    side = resolution_of(level)
    inputs = augmentation.shrink(np.stack([v[0] for v in views]), side)
    targets = augmentation.shrink(np.stack([v[1] for v in views]), side)
    if level > 0:
        inputs = augmentation.fade_pictures(inputs, blend)
        targets = augmentation.fade_pictures(targets, blend)
    return inputs, targets


class Trainer:
    """Trains a comb or a crowd through the stages of a schedule.

    Args:
        network: `Comb` or `Crowd`. Trained in place.
        data: `IdentityData` or `CrowdData`.
        schedule: list of stages from `growth_schedule()`.
        learning_rate: float. Of the first step; falls along a cosine.
        minutes: float or `None`. Time for the whole schedule on this machine.
            A stage ends after its steps or its share of the time, whichever
            comes first; `None` for no limit.
        checkpoint: path ending in `.safetensors`, or `None` to save nothing.
        frozen: tuple of str. Beginnings of names of layers that stay as they
            are, for instance `("encoder",)`.

    Raises:
        ValueError: if a checkpoint is there that belongs to another network
            or another schedule.
    """

    def __init__(
        self,
        network,
        data,
        schedule,
        learning_rate=1e-3,
        minutes=None,
        checkpoint=None,
        frozen=(),
    ):
        self.network = network
        self.data = data
        self.schedule = schedule
        self.learning_rate = learning_rate
        self.minutes = minutes
        self.checkpoint = checkpoint
        self.frozen = tuple(frozen)
        self.state = {
            "stage": 0,
            "step": 0,  # in this stage
            "stage_seconds": 0.0,
            "seconds": 0.0,
            "total_steps": 0,
            "schedule": schedule,
            "history": [],
        }
        self._model = None
        self._saved = None
        if checkpoint is not None:
            self._read_checkpoint()

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
            print("Stopped. Run this cell again to go on from here.")
        self.save()
        return self.history

    def save(self):
        """Write the checkpoint, if one was asked for."""
        if self.checkpoint is not None and self._model is not None:
            checkpoints.save_checkpoint(
                self.checkpoint,
                self.network,
                self._model.optimizer,
                self.state,
            )

    def _read_checkpoint(self):
        found = checkpoints.read_checkpoint(self.checkpoint)
        if found is None:
            return
        arrays, config, state = found
        expected = self.network.config()
        if config != expected or state["schedule"] != self.schedule:
            what = "network" if config != expected else "schedule"
            raise ValueError(
                f"The checkpoint {self.checkpoint} belongs to another {what}. "
                f"Expected: {expected if what == 'network' else self.schedule}"
                f". Received: {config if what == 'network' else state['schedule']}"
                ". Give the old parameters back, or move the checkpoint away "
                "to begin anew."
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
            layer.trainable = not layer.name.startswith(self.frozen or ("\n",))
        model = self.network.autoencoder(level)
        # new moments at each level: the old ones are those of another loss
        optimizer = keras.optimizers.Adam(
            self.learning_rate, beta_1=0.5, beta_2=0.99
        )
        optimizer.build(model.trainable_variables)
        model.compile(
            optimizer=optimizer,
            loss=self.data.losses,
            loss_weights=self.data.loss_weights,
        )
        self._model = model
        if self._saved is not None:
            checkpoints.restore_checkpoint(
                self.network, optimizer, self._saved, self.checkpoint
            )
            self._saved = None

    def _train_stage(self, report_every):
        """Train the stage; yields a report every `report_every` steps."""
        stage, state = self._stage, self.state
        reported = state["step"]
        # the first step compiles: its seconds are not the stage's pace
        started = None
        for inputs, targets in self._batches():
            self._model.optimizer.learning_rate = self._rate()
            logs = self._model.train_on_batch(
                inputs, targets, return_dict=True
            )
            now = time.monotonic()
            spent = 0.0 if started is None else now - started
            state["stage_seconds"] += spent
            state["seconds"] += spent
            state["step"] += 1
            state["total_steps"] += 1
            last = self._progress_at(state["step"]) >= 1
            if last or state["step"] % report_every == 0:
                yield self._report(logs, state["step"] - reported)
                reported = state["step"]
            if last:
                return
            started = now

    def _rate(self):
        # the cosine runs over the whole schedule, not over each stage
        progress = self.overall_progress
        return self.learning_rate * (
            0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * progress))
        )

    def _batches(self):
        """Endless batches from the present step on, made ahead by threads."""
        # a thread cuts a whole batch; OpenCV's own would get in its way
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

    def _report(self, logs, steps):
        """What a reader wants to know now, as numbers that JSON can hold."""
        stage, state = self._stage, self.state
        self._model.reset_metrics()
        if not math.isfinite(float(logs["loss"])):
            raise TrainingError(
                "The loss is no longer a number. "
                f"Received: {logs} at step {state['total_steps']}. Lower "
                "the learning rate and run this cell again: training goes on "
                "from the last checkpoint, which is clean."
            )
        progress = self.overall_progress
        speed = state["step"] / max(state["stage_seconds"], 1e-9)
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
        return self._by_output(logs)

    def _by_output(self, logs):
        """Losses by the names of the outputs: identities, or crowd, latents."""
        names = self.data.outputs
        if len(names) == 1:  # Keras then names no output
            return {name: float(logs["loss"]) for name in names.values()}
        return {
            name: float(logs[f"{key}_loss"]) for key, name in names.items()
        }

    def _next_stage(self):
        self.state["stage"] += 1
        self.state["step"] = 0
        self.state["stage_seconds"] = 0.0


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
