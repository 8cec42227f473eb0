"""What a notebook was made from: it runs again where any of that changed.

A stamp beside the executed copy says so. Nothing here runs a notebook.
"""

import hashlib
import json

from helpers.files import manifests

INJECTED = "injected-parameters"


def sha256(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def folder_state(path):
    """Checksum of a file or folder: its names, sizes and manifest.

    Reading every byte of an hour of footage to learn that nothing has
    changed would take longer than the answer is worth.
    """
    if path.is_file():
        status = path.stat()
        return sha256(path.name, str(status.st_size), str(status.st_mtime_ns))
    files = [
        f"{file.relative_to(path).as_posix()} {file.stat().st_size}"
        for file in sorted(path.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    ]
    manifest = path / manifests.MANIFEST
    text = manifest.read_text(encoding="utf-8") if manifest.is_file() else ""
    return sha256(*files, text)


def strings(value):
    """Every string in a parameter's value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(list(value.values()))
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from strings(item)


def dependencies(notebook, parameters, root):
    """Everything that decides what a notebook makes, as a dict for JSON.

    The inputs are the files and folders that its parameters name.

    Args:
        notebook: nbformat node.
        parameters: dict of its parameters, overrides included.
        root: path of the course's folder.

    Returns:
        dict.
    """
    helpers = sorted((root / "helpers").rglob("*.py"))
    output = parameters.get("OUTPUT_FOLDER")
    named = sorted(set(strings(parameters)) - {output, ""})
    inputs = {name: root / name for name in named if len(name) < 250}
    code = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code"
        and INJECTED not in cell.metadata.get("tags", [])
    ]
    return {
        "code": sha256(*code),
        # through JSON, so that it compares equal to what was read back
        "parameters": json.loads(json.dumps(parameters, default=sorted)),
        "helpers": sha256(*[p.read_text(encoding="utf-8") for p in helpers]),
        "inputs": {
            name: folder_state(path)
            for name, path in inputs.items()
            if path.exists() and path.resolve() != root
        },
    }


def read_stamp(path):
    """Stamp that a run left, as a dict; empty where there is none."""
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}  # cut short by hand: the notebook runs again


def write_stamp(path, finished, seconds, now):
    """Leave the stamp of a run.

    Args:
        path: path of the stamp.
        finished: bool.
        seconds: float. Those of its interrupted parts included.
        now: dict from `dependencies()`.

    Returns:
        dict: what was written.
    """
    content = {
        "finished": finished,
        "seconds": round(seconds, 1),
        "dependencies": now,
    }
    manifests.write_json(path, content)
    return content


def changed(stamp, output_folder, now):
    """Why a notebook has to run (again), as a text; empty: it need not."""
    if not stamp:
        return "it has not run yet"
    output = output_folder / manifests.MANIFEST
    if not stamp["finished"] or not output.is_file():
        return "it was not finished"
    names = [k for k in now if stamp["dependencies"].get(k) != now[k]]
    return "its " + ", ".join(names) + " changed" if names else ""


def is_resumed(stamp, now):
    """Whether a run goes on with one that was cut short."""
    return (
        bool(stamp)
        and not stamp["finished"]
        and all(
            stamp["dependencies"][key] == now[key]
            for key in ("code", "parameters", "helpers")
        )
    )
