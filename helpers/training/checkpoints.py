"""Networks on disk: files of arrays, and checkpoints to go on from.

All are `.safetensors` files: names, shapes and numbers, no code. What a file
holds is checked against what the network expects before one number is taken.
Bundles, to share with others, are in `bundles.py`.
"""

import contextlib
import copy
import errno
import glob
import json
import math
import os
import pathlib
import shutil
import tempfile

import keras
import numpy as np
import safetensors
import safetensors.numpy

from helpers.files import manifests

KEPT = 3  # last checkpoints of a run; the best is kept beside them


def write_arrays(path, arrays, details=None):
    """Write named arrays to one file, in one step.

    Args:
        path: str or path, ending in `.safetensors`.
        arrays: dict of name to array.
        details: dict that JSON can hold, kept in the file's header.

    Raises:
        OSError: if the disk is full or may not be written to; then the file
            that was there is untouched.
    """
    with _written(path, arrays, details):
        pass


@contextlib.contextmanager
def _written(path, arrays, details):
    """Wholly on disk under a temporary name; takes its place at the end."""
    # not ascontiguousarray(): it gives a single number an axis
    arrays = {name: np.asarray(a, order="C") for name, a in arrays.items()}
    # safetensors' own writer hides the reason when a disk fails, and leaves
    # a file of a name that nobody knows when it is killed
    content = safetensors.numpy.save(
        arrays, {"details": json.dumps(details or {})}
    )
    with manifests.atomic_path(path) as partial:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield


def read_arrays(path):
    """Named arrays and details of a file from `write_arrays()`.

    Returns:
        `(arrays, details)`: dict of name to array, and a dict.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is cut short or of another format.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There are no weights at {path}.")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}
            details = json.loads((file.metadata() or {}).get("details", "{}"))
    except (safetensors.SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path} should be a whole .safetensors file. Received: {error}. "
            "Fetch it again, or take an older one."
        ) from error
    return arrays, details


def assign_arrays(variables, arrays, origin):
    """Give variables the values of arrays, all of them or none.

    Args:
        variables: dict of name to Keras variable.
        arrays: dict of name to array. Has to hold the same names.
        origin: str, named in the error.

    Raises:
        ValueError: if names or shapes differ; then no variable was touched.
    """
    missing = sorted(set(variables) - set(arrays))
    unknown = sorted(set(arrays) - set(variables))
    if missing or unknown:
        raise ValueError(
            f"{origin} belongs to another network. Missing: "
            f"{missing[:3] or 'nothing'}; not expected: "
            f"{unknown[:3] or 'nothing'} ({len(missing)} and {len(unknown)} "
            "in all). Build the network with the same widths and identities."
        )
    for name, variable in variables.items():
        if tuple(variable.shape) != tuple(arrays[name].shape):
            raise ValueError(
                f"{origin} holds weights of another size. Expected: {name} of "
                f"shape {tuple(variable.shape)}. Received: "
                f"{tuple(arrays[name].shape)}"
            )
    for name, variable in variables.items():
        variable.assign(arrays[name])


def checkpoint_of(network, optimizer, state):
    """All that training needs to go on, as one consistent set.

    Args:
        network: `Comb` or `Crowd`. Its configuration holds the contract.
        optimizer: a built Keras optimizer.
        state: dict that JSON can hold: stage, step, level, blend,
            parameters, history, ... It names the random state too: what a
            step sees depends on the seed and the step alone.

    Returns:
        `(arrays, details)`: dict of name to array, a copy, and a dict.
    """
    arrays = {
        **_values(network.variables(), "network/"),
        **_values(_optimizer_variables(optimizer), "optimizer/"),
    }
    # training goes on in what these were taken from
    arrays = {name: np.array(array) for name, array in arrays.items()}
    details = {"config": network.config(), "state": copy.deepcopy(state)}
    return arrays, details


def save_checkpoint(path, arrays, details):
    """Write a checkpoint; those before it move one name on.

    The last `KEPT` stay, as `<name>`, `<name>.previous`, ... and beside them
    the best of all, by `details["state"]["held_out_loss"]`. Killed at any
    moment it leaves the last whole checkpoint to be found.

    Args:
        path: str or path, ending in `.safetensors`.
        arrays: dict of name to array, from `checkpoint_of()`.
        details: dict, from `checkpoint_of()`.

    Raises:
        OSError: if the disk is full or may not be written to; then all
            checkpoints are as they were.
    """
    path = pathlib.Path(path)
    for left_over in _left_overs(path):
        left_over.unlink(missing_ok=True)
    with _written(path, arrays, details):
        _make_way(path)


def _make_way(path):
    """Free the newest name; of all, only the oldest may go, if not best."""
    names = _names(path)
    losses = [_held_out_loss(name) for name in names]
    for name, loss in zip(names, losses, strict=True):
        if loss is None and name.is_file():
            name.replace(_beside(name, "damaged"))
    *last, best = names
    if all(name.is_file() for name in last):
        if losses[-2] < (math.inf if losses[-1] is None else losses[-1]):
            last[-1].replace(best)
    # a gap, as a kill leaves it, is filled: nothing older need go
    gap = next((k for k, n in enumerate(last) if not n.is_file()), KEPT - 1)
    for k in range(gap, 0, -1):
        last[k - 1].replace(last[k])


def read_checkpoint(path):
    """Arrays, configuration and state of the last whole checkpoint.

    A file that was damaged is passed over for the one before it, and said.

    Returns:
        `(arrays, config, state)`, or `None` where there is no checkpoint.

    Raises:
        ValueError: if files are there and none of them can be read.
    """
    found = [name for name in _names(path) if name.is_file()]
    if not found:
        return None
    problems = []
    for candidate in found:
        try:
            arrays, details = read_arrays(candidate)
        except ValueError as error:
            problems.append(str(error))
            print(f"{error} Trying the checkpoint before it.")
            continue
        if "state" not in details:
            raise ValueError(
                f"{candidate} should be a checkpoint of training. Received: "
                "other weights. Move them away, or give another name."
            )
        return arrays, details["config"], details["state"]
    raise ValueError(" ".join(problems))


def restore_checkpoint(network, optimizer, arrays, origin):
    """Give network and optimizer what `read_checkpoint()` found."""
    assign_arrays(
        {
            **_prefixed(network.variables(), "network/"),
            **_prefixed(_optimizer_variables(optimizer), "optimizer/"),
        },
        arrays,
        str(origin),
    )


def restore_network(network, arrays, origin):
    """Give the network alone what `read_checkpoint()` found."""
    found = {k: v for k, v in arrays.items() if k.startswith("network/")}
    variables = _prefixed(network.variables(), "network/")
    assign_arrays(variables, found, str(origin))


def best_checkpoint(path):
    """The saved set with the lowest loss on unseen pictures.

    Args:
        path: str or path that was given to `save_checkpoint()`.

    Returns:
        `(path, loss, step)`, or `None` if none of them was measured.
    """
    names = _names(path)
    losses = [_held_out_loss(name) for name in names]
    known = [loss for loss in losses if loss not in (None, math.inf)]
    if not known:
        return None
    best = names[losses.index(min(known))]
    return best, min(known), _state_of(best)["total_steps"]


def load_best(network, path):
    """Give a network the weights of the best checkpoint.

    Args:
        network: `Comb` or `Crowd` that was trained with this checkpoint.
        path: str or path that was given to `Trainer`.

    Returns:
        int: the step they are from.

    Raises:
        FileNotFoundError: if no checkpoint was measured on unseen pictures.
    """
    best = best_checkpoint(path)
    if best is None:
        raise FileNotFoundError(
            f"No checkpoint at {path} was measured on unseen pictures at the "
            "top level. Train on, or take the last one as it is."
        )
    arrays, details = read_arrays(best[0])
    restore_network(network, arrays, best[0])
    network.level = details["state"]["level"]
    return best[2]


def disk_use(path):
    """Files and bytes that a run's checkpoints take.

    Args:
        path: str or path that was given to `save_checkpoint()`.

    Returns:
        `(files, bytes)`: two ints.
    """
    path = pathlib.Path(path)
    names = _names(path)
    names += [_beside(name, "damaged") for name in names]
    files = [name for name in names if name.is_file()] + _left_overs(path)
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


def _beside(path, word):
    path = pathlib.Path(path)
    return path.with_name(f"{path.stem}.{word}{path.suffix}")


def _names(path):
    """All names of a run's checkpoints: the newest first, the best last."""
    older = [f"previous{k or ''}" for k in (0, *range(2, KEPT))][: KEPT - 1]
    words = [*older, "best"]
    return [pathlib.Path(path), *(_beside(path, word) for word in words)]


def _left_overs(path):
    """Halves of files that a killed run of this checkpoint left."""
    path = pathlib.Path(path)
    name = glob.escape(f".{path.stem}.")
    return list(path.parent.glob(f"{name}[0-9]*.part{path.suffix}"))


def _state_of(path):
    """State of a checkpoint, from its header; `None` if there is none."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            details = json.loads((file.metadata() or {}).get("details", "{}"))
    except (
        FileNotFoundError,
        safetensors.SafetensorError,
        json.JSONDecodeError,
    ):
        return None
    return details.get("state")


def _held_out_loss(path):
    """Loss of a checkpoint on unseen pictures; `inf` where not measured.

    `None` where there is no such file, or a damaged one.
    """
    state = _state_of(path)
    if state is None:
        return None
    loss = state.get("held_out_loss")
    return math.inf if loss is None else loss


def _optimizer_variables(optimizer):
    # Keras would drop the moments silently if they were not built yet;
    # their order is fixed, their names need not be unique
    return {f"{k:04d}": v for k, v in enumerate(optimizer.variables)}


def _values(variables, prefix=""):
    return {
        prefix + name: keras.ops.convert_to_numpy(variable)
        for name, variable in variables.items()
    }


def _prefixed(variables, prefix):
    return {prefix + name: variable for name, variable in variables.items()}
