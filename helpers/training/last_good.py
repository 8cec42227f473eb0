"""The last set of weights that was good: in memory, and on the disk."""

import math

import numpy as np

from helpers.training import training_watch
from helpers.training.checkpoint_files import check_room
from helpers.training.checkpoints import save_checkpoint


class TrainingError(RuntimeError):
    """Training went where it cannot go on from; it is back where it was."""


class SaveError(RuntimeError):
    """A checkpoint could not be written; nothing in memory is lost."""


class NotGoodError(Exception):
    """What was trained is not to be kept; the text says what is wrong."""


class LastGood:
    """What training goes back to when it goes wrong, and what is saved.

    Attributes:
        arrays: dict of name to array, or `None` before the first set.
        details: dict, see `checkpoints.checkpoint_of()`.
        written: bool. Whether the disk has this set.
    """

    def __init__(self):
        self.arrays = self.details = None
        self.written = True

    def take(self, arrays, details):
        """Take a set as the last good one.

        Raises:
            NotGoodError: if an array holds something that is no number.
        """
        # a loss tells of it a step late
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                name = name.partition("/")[2]
                raise NotGoodError(f"{name} is no longer finite")
        self.arrays, self.details = arrays, details
        self.written = False

    def save(self, path):
        """Write the set, if the disk does not have it.

        Raises:
            SaveError: if the disk is full or may not be written to.
        """
        if self.written:
            return
        try:
            save_checkpoint(path, self.arrays, self.details)
        except OSError as error:
            raise _not_saved(path, error) from error
        self.written = True

    def check_room(self, path):
        """Raise a `SaveError` if checkpoints of this size find no room."""
        size = sum(array.nbytes for array in self.arrays.values())
        try:
            check_room(path, size)
        except OSError as error:
            raise _not_saved(path, error) from error


def _not_saved(path, error):
    return SaveError(
        f"The checkpoint {path} could not be written. Received: {error}. "
        "Nothing is lost while this program runs: make room there, or set "
        "trainer.checkpoint to a new path on another disk, and call "
        "trainer.save() or trainer.run()."
    )


def check_losses(total, losses):
    """Stop at a loss that is no number.

    Args:
        total: float, see `TrainingStep.train()`.
        losses: dict of float.

    Raises:
        NotGoodError: names the outputs whose loss it is.
    """
    if math.isfinite(total):
        return
    bad = {k: loss for k, loss in losses.items() if not math.isfinite(loss)}
    which = ", ".join(f"{name}={loss}" for name, loss in bad.items())
    raise NotGoodError(f"loss={total} ({which})")


def check_pictures(held_out, spread, state):
    """Stop if a picture is no number, or if a decoder has collapsed.

    Args:
        held_out: dict of losses from `training_watch.watch_pictures()`.
        spread: dict of shares from `training_watch.watch_pictures()`.
        state: dict, `Pace.state`.

    Raises:
        NotGoodError: names the identities.
    """
    for name, number in [*held_out.items(), *spread.items()]:
        if not math.isfinite(number):
            raise NotGoodError(f"what is drawn of {name} is no longer finite")
    now = {"step": state["total_steps"], "spread": spread}
    names = training_watch.collapsed_identities(
        [*state["history"], now], state.get("watched_from", 0)
    )
    if names:
        raise NotGoodError(
            f"the decoder of {' and of '.join(names)} has collapsed: it "
            "draws one picture, whatever it is shown"
        )
