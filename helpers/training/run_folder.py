"""A folder to train in -> the same run goes on there, or it is made free.

What is finished and of another run moves aside as a whole, under a number.
What is unfinished is never decided about here: an error says what it is,
before any work has begun.
"""

import pathlib
import shutil

from helpers.files import manifests
from helpers.files.asides import set_aside
from helpers.training import other_runs
from helpers.training.checkpoint_files import read_newest_details
from helpers.training.origins import WEIGHTS
from helpers.training.trainer import Trainer

CHECKPOINT = "checkpoint.safetensors"


class Run:
    """A training that has its folder, and waits for its data.

    Attributes:
        folder: pathlib.Path or `None`.
        network: what is trained.
        schedule: list of stages from `growth_schedule()`.
        made_from: dict, see `begin_run()`.
        seed: int.
        options: dict, the rest of what `Trainer` takes.
    """

    def __init__(self, folder, network, schedule, made_from, seed, options):
        self.folder = None if folder is None else pathlib.Path(folder)
        self.network = network
        self.schedule = schedule
        self.made_from = made_from
        self.seed = seed
        self.options = options

    def known_by(self):
        """All that this run is known by, see `other_runs.run_of()`."""
        # what Trainer takes where nothing is said has to be said here
        parameters = other_runs.parameters_of(
            self.options["learning_rate"],
            self.options.get("minutes"),
            self.options.get("frozen", ()),
            self.seed,
            self.made_from,
        )
        state = {"schedule": self.schedule, "parameters": parameters}
        return other_runs.run_of(self.network.config(), state)

    def trainer(self, data):
        """What trains the network, or goes on where it was stopped.

        Args:
            data: `TrainingData`, of the run's seed.

        Returns:
            `Trainer`.
        """
        checkpoint = None if self.folder is None else self.folder / CHECKPOINT
        return Trainer(
            self.network,
            data,
            self.schedule,
            checkpoint=checkpoint,
            made_from=self.made_from,
            **self.options,
        )


def begin_run(
    folder,
    network,
    schedule,
    made_from,
    learning_rate,
    seed=0,
    start=None,
    **options,
):
    """Make a folder ready for a run: before its data are made.

    The same run stays, to be gone on with or read back. A finished one of
    something else moves aside with all its folder, and a line says so; so
    does a bundle without a checkpoint, which the new one would overwrite.

    Args:
        folder: str or path, or `None` to keep nothing.
        network: what will be trained, with its starting weights.
        schedule: list of stages from `growth_schedule()`.
        made_from: dict of short names, as an error may say them, to values
            that JSON can hold: what else decides the outcome.
        learning_rate: float, see `Trainer`.
        seed: int, that of the data.
        start: str, path or `None`. Where the starting weights lie: if that is
            this folder, a copy of them stays there.
        **options: more of `Trainer`: `minutes`, `frozen`, ...

    Returns:
        `Run`.

    Raises:
        other_runs.OtherRunError: if an unfinished run of something else is
            there: two lines that say what it is, what differs, and what to do.
    """
    options["learning_rate"] = learning_rate
    run = Run(folder, network, schedule, made_from, seed, options)
    if folder is None:
        return run
    own = run.folder.resolve()
    starts_here = start is not None and pathlib.Path(start).resolve() == own
    there = read_newest_details(run.folder / CHECKPOINT)
    if there is None:
        _free_of_bundle(run.folder, starts_here)
        return run
    config, state = there["config"], there["state"]
    finished = other_runs.is_finished(state)
    known = other_runs.run_of(config, state)
    texts = other_runs.differences(run.known_by(), known, finished)
    if texts and not finished:
        raise other_runs.other_run_error(run.folder, config, state, texts)
    if texts:
        kept = _move_aside(run.folder, starts_here)
        print(
            f"{other_runs.short_path(run.folder)} held a finished run of "
            f"{other_runs.whose(config)}: kept as {kept.name} (what "
            f"differs: {'; '.join(texts)})"
        )
    return run


def _free_of_bundle(folder, starts_here):
    """Move a bundle away that nobody's checkpoint belongs to."""
    manifest = folder / manifests.MANIFEST
    if not manifest.is_file():
        return
    if starts_here and _is_kept(manifest):
        return  # the copy of an earlier call
    kept = _move_aside(folder, starts_here)
    print(f"{other_runs.short_path(folder)} held weights: kept as {kept.name}")


def _is_kept(manifest):
    """Whether a folder that moved aside has this very manifest."""
    home = manifest.parent
    others = home.parent.glob(f"{home.name}.[0-9]*/{manifest.name}")
    return any(other.read_bytes() == manifest.read_bytes() for other in others)


def _move_aside(folder, keep_bundle):
    """Move a folder under a number; a copy of its bundle may take its place.

    Killed at any moment, all of it is in the one place or in the other.
    """
    keep_bundle = keep_bundle and (folder / manifests.MANIFEST).is_file()
    copy = folder.with_name(f".{folder.name}.part")
    if keep_bundle:
        shutil.rmtree(copy, ignore_errors=True)  # half of a killed one
        copy.mkdir()
        for name in (WEIGHTS, manifests.MANIFEST):
            shutil.copy2(folder / name, copy / name)
    kept = set_aside(folder)
    if keep_bundle:
        copy.rename(folder)
    return kept
