"""Where footage is from: a log beside it, `sources.json`.

It says of every file that came through this package from where and when it
came. What the person agreed to stands in `consent.toml` (see `consent.py`):
nobody but the user can know that.
"""

import datetime
import json
import pathlib

from helpers import manifests

FILE = "sources.json"


def read(folder):
    """Where the files of a person's folder are from.

    Args:
        folder: str or path.

    Returns:
        list of dicts, oldest first: `at` (ISO 8601), `source` (its kind),
        `origin` (str) and `files` (dict from name to sha256).

    Raises:
        ValueError: if the file is there and damaged.
    """
    path = pathlib.Path(folder) / FILE
    if not path.is_file():
        return []
    try:
        log = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(_damaged(path, error)) from error
    if not isinstance(log, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("files"), dict)
        for entry in log
    ):
        raise ValueError(_damaged(path, "something else"))
    return log


def _damaged(path, received):
    return (
        f"{path} should be the list of sources that this package wrote. "
        f"Received: {received}. Repair it or give it another name; nothing "
        "was taken."
    )


def add(folder, source, origin, names):
    """Add to `sources.json` where some files are from; see `read`.

    Call it within `footage_folder.locked()`. Nothing is ever taken out of it.

    Args:
        folder: path.
        source: str, the kind of source.
        origin: str, the address, the zip's name, the camera ...
        names: sequence of str, the files, relative to `folder`.
    """
    if not names:
        return
    log = read(folder)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    files = {name: manifests.file_sha256(folder / name) for name in names}
    log.append(
        {"at": now, "source": source, "origin": str(origin), "files": files}
    )
    manifests.write_json(folder / FILE, log)
