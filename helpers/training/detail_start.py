"""What a detail network begins with: what the faces of a crowd have in common.

Trained on rendered people by `benchmarks.shared_detail`: their crops, as the
shared crowd draws them, each as itself and in another's place.
"""

import pathlib

import numpy as np

from helpers.detail_network import DetailNetwork
from helpers.files import manifests
from helpers.files.arrays import assign_arrays, read_arrays, write_arrays

DETAIL_FOLDER = manifests.project_root() / "weights/shared/detail"
MADE_BY = "benchmarks.shared_detail"
WEIGHTS = "detail.safetensors"


def write_detail_start(folder, detail, **details):
    """Write a detail network for others to begin from, as float16.

    Args:
        folder: str or path.
        detail: `DetailNetwork`.
        **details: further entries of the manifest, such as its errors.

    Returns:
        dict: the manifest.
    """
    folder = pathlib.Path(folder)
    arrays = {
        name: np.asarray(variable, np.float16)
        for name, variable in detail.variables().items()
    }
    write_arrays(folder / WEIGHTS, arrays)
    return manifests.write_manifest(
        folder, MADE_BY, files=[WEIGHTS], config=detail.config(), **details
    )


def read_detail_start(folder=DETAIL_FOLDER):
    """Read a detail network to begin from; by default the course's own.

    Args:
        folder: str or path.

    Returns:
        `DetailNetwork`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed or does not fit.
    """
    folder = pathlib.Path(folder)
    again = f"Make it with python -m {MADE_BY} --folder {folder}"
    manifest = manifests.read_manifest(
        folder, MADE_BY, verify=True, again=f"Detail begins there. {again}"
    )
    detail = DetailNetwork(**manifest["config"])
    arrays, _ = read_arrays(folder / WEIGHTS)
    assign_arrays(
        detail.variables(),
        {name: array.astype(np.float32) for name, array in arrays.items()},
        f"The detail network in {folder}",
    )
    return detail
