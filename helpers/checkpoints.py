"""Networks on disk: bundles to share, and checkpoints to go on from.

Both are `.safetensors` files: names, shapes and numbers, no code. What a file
holds is checked against what the network expects before one number is taken.
"""

import json
import pathlib

import keras
import numpy as np
import safetensors
import safetensors.numpy

from helpers import manifests
from helpers.models.classic import Classic
from helpers.models.comb import Comb
from helpers.models.crowd import Crowd

WEIGHTS = "weights.safetensors"
KINDS = {"comb": Comb, "crowd": Crowd, "classic": Classic}


def write_arrays(path, arrays, details=None, keep_as=None):
    """Write named arrays to one file, in one step.

    Args:
        path: str or path, ending in `.safetensors`.
        arrays: dict of name to array.
        details: dict that JSON can hold, kept in the file's header.
        keep_as: path or `None`. Where an older file of this name goes once
            the new one is whole.
    """
    path = pathlib.Path(path)
    # not ascontiguousarray(): it gives a single number an axis
    arrays = {name: np.asarray(a, order="C") for name, a in arrays.items()}
    with manifests.atomic_path(path) as partial:
        safetensors.numpy.save_file(
            arrays, partial, {"details": json.dumps(details or {})}
        )
        if keep_as is not None and path.is_file():
            path.replace(keep_as)


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


def save_bundle(network, folder, made_by, **details):
    """Write a network as a folder that others can load.

    Args:
        network: `Comb`, `Crowd` or `Classic`.
        folder: str or path.
        made_by: str. Stem of the notebook that writes it.
        **details: more for the manifest, for instance scores.

    Returns:
        dict: the manifest.
    """
    kind = type(network).__name__.lower()
    folder = pathlib.Path(folder)
    write_arrays(folder / WEIGHTS, _values(network.variables()))
    return manifests.write_manifest(
        folder,
        made_by,
        contract=network.contract,
        files=[WEIGHTS],
        kind=kind,
        config={**network.config(), "level": network.level},
        **details,
    )


def load_bundle(folder, kinds=("comb",)):
    """Network of a bundle, built anew and given its weights.

    Args:
        folder: str or path of a folder from `save_bundle()`.
        kinds: tuple of str. What will do: any of `KINDS`.

    Returns:
        `Comb`, `Crowd` or `Classic`.

    Raises:
        FileNotFoundError: if the folder is missing or unfinished.
        ValueError: if the bundle is damaged or holds another kind.
    """
    makers = ("03_full_training", "02_layerwise_pretraining")
    manifest = manifests.read_manifest(
        folder, makers if "crowd" not in kinds else makers[::-1], verify=True
    )
    if manifest.get("kind") not in kinds:
        raise ValueError(
            f"{folder} should hold a {' or a '.join(kinds)}. "
            f"Received: kind={manifest.get('kind')!r}"
        )
    if WEIGHTS not in manifest["files"]:
        raise ValueError(
            f"The manifest of {folder} should hold the sha256 of {WEIGHTS}. "
            f"Received: {sorted(manifest['files'])}. Fetch the bundle again."
        )
    config = dict(manifest["config"])
    level = config.pop("level")
    network = KINDS[manifest["kind"]](**config)
    network.level = level
    arrays, _ = read_arrays(pathlib.Path(folder) / WEIGHTS)
    assign_arrays(network.variables(), arrays, str(folder))
    return network


def save_checkpoint(path, network, optimizer, state):
    """Write all that training needs to go on, as one consistent file.

    The last checkpoint stays beside the new one as `<name>.previous`.

    Args:
        path: str or path, ending in `.safetensors`.
        network: `Comb`, `Crowd` or `Classic`.
        optimizer: a built Keras optimizer.
        state: dict that JSON can hold: level, step, seconds, history, ...
    """
    arrays = {
        **_values(network.variables(), "network/"),
        **_values(_optimizer_variables(optimizer), "optimizer/"),
    }
    details = {"config": network.config(), "state": state}
    write_arrays(path, arrays, details, keep_as=_previous(path))


def read_checkpoint(path):
    """Arrays, configuration and state of a checkpoint.

    A file that was damaged is passed over for the one before it, and said.

    Returns:
        `(arrays, config, state)`, or `None` where there is no checkpoint.

    Raises:
        ValueError: if neither file can be read.
    """
    candidates = (pathlib.Path(path), _previous(path))
    found = [candidate for candidate in candidates if candidate.is_file()]
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


def _previous(path):
    path = pathlib.Path(path)
    return path.with_name(f"{path.stem}.previous{path.suffix}")


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
