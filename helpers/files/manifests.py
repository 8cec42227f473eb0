"""Folders handed from notebook to notebook: crash-safe files and manifests.

A folder is finished when it holds a `manifest.json`; the manifest is written
last. It says who made the folder, with which parameters and versions, under
which data contract, and what each file's sha256 is.
"""

import contextlib
import datetime
import functools
import hashlib
import importlib.metadata
import json
import os
import pathlib
import platform

from helpers.files import foreign_files
from helpers.files.names import longer_name

FORMAT = 1
MANIFEST = "manifest.json"

# insightface's five ArcFace points on 112 px, moved up by 0.15 of the crop so
# that brows to chin stand in its middle. (x, y) in the unit crop; left eye,
# right eye, nose, left mouth corner, right mouth corner; left = image left.
TEMPLATE = (
    (0.3419, 0.3116),
    (0.6566, 0.3098),
    (0.5003, 0.4905),
    (0.3710, 0.6747),
    (0.6324, 0.6733),
)


# a side in pixels: a face set of these fills the memory
LARGEST_CROP = 4096


class ContractError(ValueError):
    """Two folders follow different data contracts."""


def project_root():
    """Folder of the course, above the package `helpers`.

    A notebook's folders are given relative to it, so that they mean the same
    wherever the notebook is opened from.

    Returns:
        pathlib.Path, absolute.
    """
    return pathlib.Path(__file__).resolve().parents[2]


def path_from_root(path):
    """A path as it is written down: from the course's folder, if it is in it.

    Args:
        path: str or path.

    Returns:
        str, to which `project_root() / text` leads back.
    """
    path, root = pathlib.Path(path).absolute(), project_root()
    inside = path.is_relative_to(root)
    return (path.relative_to(root) if inside else path).as_posix()


def data_contract(crop_size=256, coverage=0.8, template=TEMPLATE):
    """The data contract: the numbers that every stage has to agree on.

    Args:
        crop_size: int. Side of a stored crop, in pixels.
        coverage: float in (0, 1]. Share of the stored crop's side that the
            network sees, the same number at training and at prediction.
        template: five `(x, y)` pairs in the unit crop, order left eye, right
            eye, nose, left mouth corner, right mouth corner.

    Returns:
        dict that JSON can hold, with the keys `crop_size`, `coverage`,
        `template` and `channels`.

    Raises:
        ValueError: if a value is out of range.
    """
    if crop_size < 16:
        raise ValueError(
            "A crop needs at least 16 pixels a side. "
            f"Received: crop_size={crop_size!r}"
        )
    if not 0 < coverage <= 1:
        raise ValueError(
            "The coverage is a share of the crop in (0, 1]. "
            f"Received: coverage={coverage!r}"
        )
    if len(template) != 5:
        raise ValueError(
            "The template holds five (x, y) landmarks. "
            f"Received: {len(template)} of them"
        )
    return {
        "crop_size": int(crop_size),
        "coverage": float(coverage),
        "template": [[float(x), float(y)] for x, y in template],
        "channels": "RGB, 0-1",
    }


def check_contract(expected, received, notebook):
    """Stop when two stages do not follow the same data contract.

    Args:
        expected: dict. Contract of the stage that reads.
        received: dict. Contract of what it reads.
        notebook: str. The notebook to run again, named in the error.

    Raises:
        ContractError: names every field that differs, with both values.
    """
    fields = sorted(set(expected) | set(received))
    differences = [
        f"{field}: expected {expected.get(field)!r}, "
        f"received {received.get(field)!r}"
        for field in fields
        if expected.get(field) != received.get(field)
    ]
    if differences:
        raise ContractError(
            "These two were made under different data contracts: "
            + "; ".join(differences)
            + f". Run notebooks/{notebook}.ipynb again with one set of values."
        )


@contextlib.contextmanager
def atomic_path(path, finish=None):
    """A temporary name beside `path` that takes its place if all goes well.

    Readers see the old file or the new one, never half of one, whatever
    happens in between (a crash, a full disk, an interrupt).

    Args:
        path: str or path of the file to write. Its folder is made if needed.
        finish: called with the temporary path after it is written and before
            it takes the place of `path`, or `None`.

    Yields:
        pathlib.Path to write to, with the same file ending.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # the ending is kept because writers choose the format by it, and the
    # process id keeps two runs out of each other's way
    added = f".{os.getpid()}.part{path.suffix}"
    partial = path.with_name(longer_name(f".{path.stem}", added))
    try:
        yield partial
        if finish is not None:
            finish(partial)
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path, text):
    """Write a text file in one step. See `atomic_path`."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path, content):
    """Write a JSON file in one step. See `atomic_path`."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def file_sha256(path):
    """sha256 of a file as a hexadecimal string, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def versions():
    """Versions that decide what a run computes, as a dict of strings."""
    numbers = {"python": platform.python_version()}
    for name in ("keras", "tensorflow", "jax", "torch", "numpy", "mtcnn"):
        try:
            numbers[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a backend the reader has not installed
    return numbers


def write_manifest(
    folder, made_by, contract=None, parameters=None, files=(), **details
):
    """Finish a folder: write its `manifest.json`, the last file of all.

    Args:
        folder: str or path.
        made_by: str. Stem of the notebook, for example
            `"01_data_generation"`.
        contract: dict from `data_contract()`, or `None` where no crop passes.
        parameters: dict of the notebook's parameters.
        files: paths relative to `folder`. Each is listed with its sha256.
        **details: further entries that JSON can hold.

    Returns:
        dict: the manifest.

    Raises:
        FileNotFoundError: if one of `files` is not there.
    """
    folder = pathlib.Path(folder)
    manifest = {
        "format": FORMAT,
        "made_by": made_by,
        "made_at": datetime.datetime.now(datetime.UTC).isoformat(
            timespec="seconds"
        ),
        "versions": versions(),
        "contract": contract,
        "parameters": parameters or {},
        **details,
        "files": {
            pathlib.PurePath(name).as_posix(): file_sha256(folder / name)
            for name in files
        },
    }
    write_json(folder / MANIFEST, manifest)
    return manifest


def read_manifest(folder, made_by, verify=False, by_others=False, again=None):
    """Manifest of a folder that an earlier notebook wrote.

    Args:
        folder: str or path.
        made_by: str or sequence of str. Stem of the notebook, or of any of
            the notebooks, that make this folder. Errors name the first.
        verify: bool. Whether to compare each file with its sha256.
        by_others: bool. Whether a folder that something else made will do,
            as with weights: what they are is told by their shapes and hash,
            not by who made them.
        again: str, what to do where it cannot be read, or `None` to name the
            notebook.

    Returns:
        dict.

    Raises:
        FileNotFoundError: if the folder is missing or unfinished, or if a
            listed file is gone.
        ValueError: if the manifest cannot be read, is of another format, was
            made by another notebook, or if a file has changed.
    """
    folder = pathlib.Path(folder)
    path = folder / MANIFEST
    makers = (made_by,) if isinstance(made_by, str) else tuple(made_by)
    todo = again or f"Run notebooks/{makers[0]}.ipynb; it writes this folder."
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}. {todo}")
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} has no {MANIFEST}: it is unfinished. {todo}"
        )
    manifest = foreign_files.read_json(path, todo)
    if manifest.get("format") != FORMAT:
        raise ValueError(
            f"{path} should be of format {FORMAT}. "
            f"Received: format={str(manifest.get('format'))[:60]}. {todo}"
        )
    if manifest.get("made_by") not in makers and not by_others:
        raise ValueError(
            f"{folder} should have been made by {' or '.join(makers)}. "
            f"Received: made_by={str(manifest.get('made_by'))[:60]!r}. {todo}"
        )
    _check_parts(path, manifest, todo)
    if verify:
        _verify_files(folder, manifest, todo)
    return manifest


def _check_parts(path, manifest, todo):
    """What a manifest names lies in its folder; its contract is one."""
    files = manifest.setdefault("files", {})
    good = isinstance(files, dict) and all(
        isinstance(sha256, str) and foreign_files.is_inside(name)
        for name, sha256 in files.items()
    )
    if not good:
        raise ValueError(
            f"{path} should list files of its folder with their sha256. "
            f"Received: {str(files)[:200]}. {todo}"
        )
    contract = manifest.get("contract")
    if contract is not None and not is_contract(contract):
        raise ValueError(
            f"{path} should hold a data contract. Received: "
            f"{str(contract)[:200]}. {todo}"
        )


def is_contract(contract):
    """Whether something is a data contract, see `data_contract`.

    Args:
        contract: anything.

    Returns:
        bool.
    """
    if not isinstance(contract, dict):
        return False
    size, coverage = contract.get("crop_size"), contract.get("coverage")
    return (
        foreign_files.is_count(size)
        and 16 <= size <= LARGEST_CROP
        and foreign_files.is_number(coverage)
        and 0 < coverage <= 1
        and foreign_files.is_array(contract.get("template"), (5, 2))
    )


def _verify_files(folder, manifest, todo):
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} is gone. {todo}")
        received = file_sha256(folder / name)
        if received != expected:
            raise ValueError(
                f"{folder / name} has changed since it was written: expected "
                f"sha256 {expected[:12]}, received {received[:12]}. {todo}"
            )
