"""A bundle -> a copy that may be given to others, with what has to be said."""

import pathlib
import zipfile

import numpy as np

from helpers.comb import Comb
from helpers.crowd import Crowd
from helpers.files import manifests
from helpers.files.arrays import write_arrays
from helpers.training.bundles import read_bundle_manifest, read_weights
from helpers.training.origins import (
    WEIGHTS,
    local_folder,
)


def share_bundle(
    origin, path, licence, data, consent, half=True, kinds=(Comb, Crowd)
):
    """Write a copy of a bundle that may be given to others.

    Args:
        origin: str or path of a bundle, see `load_bundle()`.
        path: str or path that does not exist yet. A zip if it ends in
            `.zip`, else a folder.
        licence: str. What others may do with the weights.
        data: str. What they were trained on, and where that is from.
        consent: str. How the people in the data agreed, or why nobody had
            to. Weights can show the faces that they were trained on.
        half: bool. Whether to store numbers as float16, in half the space;
            they are loaded as float32.
        kinds: see `load_bundle()`.

    Returns:
        str: sha256 of the manifest, for `load_bundle()`. Give it to others by
        another way than the bundle.

    Raises:
        ValueError: if a statement is missing, or a number too large for
            float16.
        FileExistsError: if there is something at `path`.
    """
    sharing = {"licence": licence, "data": data, "consent": consent}
    for name, text in sharing.items():
        if not isinstance(text, str) or not text.strip():
            raise ValueError(
                "Who shares weights says under which licence, trained on what "
                f"and with whose consent. Received: {name}={text!r}"
            )
    path = pathlib.Path(path)
    if path.exists():
        raise FileExistsError(
            f"{path} is there already. Move it away, or give another name."
        )
    with local_folder(origin) as folder:
        manifest = read_bundle_manifest(folder, kinds)
        arrays = read_weights(folder)
    if half:
        arrays = {name: _halve(name, a) for name, a in arrays.items()}
    target = path.with_name(f".{path.name}.part") if _is_zip(path) else path
    write_arrays(target / WEIGHTS, arrays)
    manifest["sharing"] = sharing
    manifest["files"] = {WEIGHTS: manifests.file_sha256(target / WEIGHTS)}
    manifests.write_json(target / manifests.MANIFEST, manifest)
    sha256 = manifests.file_sha256(target / manifests.MANIFEST)
    if _is_zip(path):
        _zip_folder(target, path)
    return sha256


def _is_zip(path):
    return path.suffix == ".zip"


def _zip_folder(folder, path):
    """Put a bundle's two files into a zip, and remove the folder."""
    files = [folder / WEIGHTS, folder / manifests.MANIFEST]
    with manifests.atomic_path(path) as partial:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, f"{path.stem}/{file.name}")
    for file in files:
        file.unlink()
    folder.rmdir()


def _halve(name, array):
    with np.errstate(over="ignore"):
        half = array.astype("float16")
    if not np.isfinite(half).all():
        raise ValueError(
            "float16 holds numbers up to 65504. Received: "
            f"{name} with {np.abs(array).max()}. Share it with half=False."
        )
    return half
