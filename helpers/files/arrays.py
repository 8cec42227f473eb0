"""Named arrays on disk, as `.safetensors`: names, shapes and numbers, no code.

What a file holds is checked against what is expected before one number is
taken: its names and shapes, and that it is what was written. A disk that gives
back zeros, or another bit, is not noticed by itself.
"""

import contextlib
import json
import os
import pathlib
import zlib

import numpy as np
import safetensors
import safetensors.numpy

from helpers.files import manifests

# Against disks, not against people: it takes a twentieth of the time of saving,
# a sha256 a quarter. It stands among the details: of a header with two entries
# the order is left to chance, and the same arrays should give the same file.
CHECKSUM = "crc32"


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
    details = {**(details or {}), CHECKSUM: _checksum(arrays, details or {})}
    content = safetensors.numpy.save(arrays, {"details": json.dumps(details)})
    with manifests.atomic_path(path) as partial:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield


def _checksum(arrays, details):
    """A code of all names, types, shapes and numbers, and of the details."""
    code = zlib.crc32(json.dumps(details).encode())
    for name, array in sorted(arrays.items()):
        code = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), code)
        code = zlib.crc32(array.reshape(-1).view(np.uint8), code)
    return f"{code:08x}"


def read_arrays(path):
    """Named arrays and details of a file from `write_arrays()`.

    Returns:
        `(arrays, details)`: dict of name to array, and a dict.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is cut short, of another format, or not what
            was written. Files from before there were checksums are believed.
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
    if isinstance(details, dict) and CHECKSUM in details:
        stated = str(details.pop(CHECKSUM))
        received = _checksum(arrays, details)
        if received != stated:
            raise ValueError(
                f"{path} should hold what was written, of checksum "
                f"{stated:.8}. Received: {received}, so it was damaged on the "
                "disk or on its way. Fetch it again, or take an older one."
            )
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
