"""Named arrays on disk, as `.safetensors`: names, shapes and numbers, no code.

What a file holds is checked against what is expected before one number is
taken.
"""

import contextlib
import json
import os
import pathlib

import numpy as np
import safetensors
import safetensors.numpy

from helpers.files import manifests


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
    with written_arrays(path, arrays, details):
        pass


@contextlib.contextmanager
def written_arrays(path, arrays, details):
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
