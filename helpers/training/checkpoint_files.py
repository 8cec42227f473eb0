"""A run's checkpoints on disk: the last few, the best, and what they take."""

import errno
import glob
import json
import math
import pathlib
import shutil
import tempfile

import safetensors
import safetensors.numpy

KEPT = 3  # last checkpoints of a run; the best is kept beside them


def best_checkpoint(path):
    """The saved set with the lowest loss on unseen pictures.

    Args:
        path: str or path that was given to `save_checkpoint()`.

    Returns:
        `(path, loss, step)`, or `None` if none of them was measured.
    """
    return next(iter(measured_checkpoints(path)), None)


def measured_checkpoints(path):
    """The saved sets that were measured on unseen pictures, the best first.

    Args:
        path: str or path that was given to `save_checkpoint()`.

    Returns:
        list of `(path, loss, step)`.
    """
    measured = []
    for name in checkpoint_names(path):
        loss = held_out_loss(name)
        if loss not in (None, math.inf):
            measured.append((name, loss, _state_of(name)["total_steps"]))
    # of equal ones the newer stays before the older
    return sorted(measured, key=lambda each: each[1])


def disk_use(path):
    """Files and bytes that a run's checkpoints take.

    Args:
        path: str or path that was given to `save_checkpoint()`.

    Returns:
        `(files, bytes)`: two ints.
    """
    path = pathlib.Path(path)
    names = checkpoint_names(path)
    names += [beside(name, "damaged") for name in names]
    files = [name for name in names if name.is_file()] + left_overs(path)
    sizes = [file.stat().st_size for file in files]
    return len(sizes), sum(sizes)


def check_room(path, size):
    """Stop before training if its checkpoints cannot be written.

    Args:
        path: str or path of the checkpoint.
        size: int. Bytes of one.

    Raises:
        OSError: if the folder may not be written to, or has no room for all
            that is kept.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent) as probe:
        probe.write(b"room?")
    # all that are kept, and the one being written
    needed = (KEPT + 2) * size - disk_use(path)[1]
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise OSError(
            errno.ENOSPC,
            f"expected {needed / 1e6:.0f} MB for {KEPT + 2} checkpoints of "
            f"{size / 1e6:.0f} MB, received {free / 1e6:.0f} MB",
            str(path.parent),
        )


def beside(path, word):
    path = pathlib.Path(path)
    return path.with_name(f"{path.stem}.{word}{path.suffix}")


def checkpoint_names(path):
    """All names of a run's checkpoints: the newest first, the best last."""
    older = [f"previous{k or ''}" for k in (0, *range(2, KEPT))][: KEPT - 1]
    words = [*older, "best"]
    return [pathlib.Path(path), *(beside(path, word) for word in words)]


def left_overs(path):
    """Halves of files that a killed run of this checkpoint left."""
    path = pathlib.Path(path)
    name = glob.escape(f".{path.stem}.")
    return list(path.parent.glob(f"{name}[0-9]*.part{path.suffix}"))


def read_newest_details(path):
    """Configuration and state of the newest checkpoint, from its header.

    Args:
        path: str or path that was given to `save_checkpoint()`.

    Returns:
        dict with `config` and `state`, or `None` where no file of a
        checkpoint can be read.
    """
    for name in checkpoint_names(path):
        details = _details_of(name)
        if details is not None and {"config", "state"} <= set(details):
            return details
    return None


def _details_of(path):
    """Details in a file's header; `None` if there is none."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return json.loads((file.metadata() or {}).get("details", "{}"))
    except (
        FileNotFoundError,
        safetensors.SafetensorError,
        json.JSONDecodeError,
    ):
        return None


def _state_of(path):
    """State of a checkpoint; `None` if there is none."""
    return (_details_of(path) or {}).get("state")


def held_out_loss(path):
    """Loss of a checkpoint on unseen pictures; `inf` where not measured.

    `None` where there is no such file, or a damaged one.
    """
    state = _state_of(path)
    if state is None:
        return None
    loss = state.get("held_out_loss")
    return math.inf if loss is None else loss
