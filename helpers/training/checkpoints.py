"""Training on disk: checkpoints to go on from.

Bundles, to share with others, are in `bundles.py`.
"""

import copy
import math
import pathlib

import keras
import numpy as np

from helpers.files.arrays import assign_arrays, read_arrays, written_arrays
from helpers.training.checkpoint_files import (
    KEPT,
    beside,
    checkpoint_names,
    held_out_loss,
    left_overs,
    measured_checkpoints,
)


def checkpoint_of(variables, config, state):
    """All that training needs to go on, as one consistent set.

    Args:
        variables: dict of name to Keras variable, weights and moments, from
            `TrainingStep.variables()`.
        config: dict, the network's; it holds the contract.
        state: dict that JSON can hold: stage, step, level, blend,
            parameters, history, ... It names the random state too: what a
            step sees depends on the seed and the step alone.

    Returns:
        `(arrays, details)`: dict of name to array, a copy, and a dict.
    """
    # a copy, as training goes on in what these were taken from
    arrays = {
        name: np.array(keras.ops.convert_to_numpy(variable))
        for name, variable in variables.items()
    }
    return arrays, {"config": config, "state": copy.deepcopy(state)}


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
    for left_over in left_overs(path):
        left_over.unlink(missing_ok=True)
    with written_arrays(path, arrays, details):
        _make_way(path)


def _make_way(path):
    """Free the newest name; of all, only the oldest may go, if not best."""
    names = checkpoint_names(path)
    losses = [held_out_loss(name) for name in names]
    for name, loss in zip(names, losses, strict=True):
        if loss is None and name.is_file():
            name.replace(beside(name, "damaged"))
    *last, best = names
    if all(name.is_file() for name in last):
        if losses[-2] < (math.inf if losses[-1] is None else losses[-1]):
            # headers told the losses: the best gives way to a whole one only
            whole = _is_whole(last[-1])
            last[-1].replace(best if whole else beside(last[-1], "damaged"))
    # a gap, as a kill leaves it, is filled: nothing older need go
    gap = next((k for k, n in enumerate(last) if not n.is_file()), KEPT - 1)
    for k in range(gap, 0, -1):
        last[k - 1].replace(last[k])


def read_checkpoint(path):
    """Arrays, configuration and state of the last whole checkpoint.

    A file that was damaged is passed over for the one before it, and said; it
    is set aside as `<name>.damaged`, so that it pushes no good one out.

    Returns:
        `(arrays, config, state)`, or `None` where there is no checkpoint.

    Raises:
        ValueError: if files are there and none of them can be read.
    """
    names = [name for name in checkpoint_names(path) if name.is_file()]
    if not names:
        return None
    name, arrays, details = _first_whole(names, "the checkpoint before it")
    for damaged in names[: names.index(name)]:
        damaged.replace(beside(damaged, "damaged"))
    return arrays, details["config"], details["state"]


def _is_whole(name):
    try:
        read_arrays(name)
    except ValueError:
        return False
    return True


def _first_whole(names, instead):
    """Name, arrays and details of the first file that is undamaged."""
    problems = []
    for name in names:
        try:
            arrays, details = read_arrays(name)
            if "state" not in details:
                raise ValueError(
                    f"{name} should be a checkpoint of training. Received: "
                    "other weights. Move them away, or give another name."
                )
            return name, arrays, details
        except ValueError as error:
            problems.append(str(error))
            if name != names[-1]:
                print(f"{error} Trying {instead}.")
    raise ValueError(" ".join(problems))


def restore_network(network, arrays, origin):
    """Give the network alone what `read_checkpoint()` gave of it.

    Args:
        network: `Swapper`, or another with `variables()`.
        arrays: dict of name to array.
        origin: str or path, named in errors.

    Raises:
        ValueError: if they belong to another network.
    """
    own = {k: a for k, a in arrays.items() if k.startswith("network/")}
    variables = {f"network/{n}": v for n, v in network.variables().items()}
    assign_arrays(variables, own, str(origin))


def load_best(network, path):
    """Give a network the weights of the best checkpoint.

    Args:
        network: `Comb` or `Crowd` that was trained with this checkpoint.
        path: str or path that was given to `Trainer`.

    Returns:
        int: the step they are from. A file that was damaged is passed over
        for the next best, and said.

    Raises:
        FileNotFoundError: if no checkpoint was measured on unseen pictures.
        ValueError: if none that was measured can be read.
    """
    measured = measured_checkpoints(path)
    if not measured:
        raise FileNotFoundError(
            f"No checkpoint at {path} was measured on unseen pictures at the "
            "top level. Train on, or take the last one as it is."
        )
    names = [name for name, _, _ in measured]
    name, arrays, details = _first_whole(names, "the next best")
    restore_network(network, arrays, name)
    network.level = details["state"]["level"]
    return details["state"]["total_steps"]
