"""Where footage is from: a log beside it, `sources.jsonl`.

It says of every file that came through this package from where and when it
came, a line for each time. What the person agreed to stands in `consent.toml`
(see `consent.py`): nobody but the user can know that.
"""

import datetime
import json
import os
import pathlib

from helpers.files import manifests

FILE = "sources.jsonl"


def read_log(folder):
    """Where the files of a person's folder are from.

    Args:
        folder: str or path.

    Returns:
        list of dicts, oldest first: `at` (ISO 8601), `source` (its kind),
        `origin` (str) and `files` (dict from name to sha256). A last line
        that was not written to its end counts as none.

    Raises:
        ValueError: if the file is there and damaged.
    """
    path = pathlib.Path(folder) / FILE
    if not path.is_file():
        return []
    try:
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
        log = [json.loads(line) for line in whole.splitlines()]
    except (ValueError, RecursionError) as error:
        raise ValueError(_damaged(path, error)) from error
    for entry in log:
        if not isinstance(entry, dict) or not isinstance(
            entry.get("files"), dict
        ):
            raise ValueError(_damaged(path, f"{entry!r:.100}"))
    return log


def _damaged(path, received):
    return (
        f"{path} should be the list of sources that this package wrote. "
        f"Received: {received}. Repair it or give it another name; nothing "
        "was taken."
    )


def note_source(folder, source, origin, names):
    """Add a line: where some files are from; see `read_log`.

    Call it within `footage_folder.locked()`. Nothing is ever taken out.

    Args:
        folder: path.
        source: str, the kind of source.
        origin: str, the address, the zip's name, the camera ...
        names: sequence of str, the files, relative to `folder`.
    """
    if not names:
        return
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    files = {name: manifests.file_sha256(folder / name) for name in names}
    entry = {"at": now, "source": source, "origin": str(origin), "files": files}
    with open(folder / FILE, "ab+") as file:
        _cut_half_a_line(file)
        file.write(json.dumps(entry).encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _cut_half_a_line(file):
    """What a run that was killed did not write to its end."""
    size = file.seek(0, os.SEEK_END)
    if not size:
        return
    file.seek(size - 1)
    if file.read() != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
