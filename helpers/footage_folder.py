"""One person's footage: safe names, nothing overwritten, where it is from.

`sources.json` beside the footage says of every file that came through this
package from where and when it came; `consent.toml` (see `consent.py`) says
what the person agreed to, which nobody but the user can know.
"""

import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import time
import unicodedata

import filelock

from helpers import manifests

FILE = "sources.json"
LOCK_SECONDS = 600  # that another run may keep the folder
LONGEST = 200  # bytes of a name; file systems end at 255, and a number is added
ABANDONED = 60  # seconds after which a file that nobody writes on is left over
# no file's name on Windows, with any ending
RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?$", re.I)
# what Windows forbids, and what turns the order of writing to hide an ending
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]')


def reason_against(name):
    """Why a file should not be called so.

    Args:
        name: str, without folders.

    Returns:
        str, or `None` for a name that any system can have.
    """
    if not name.strip(". "):
        return "an empty name"
    if RESERVED.match(name):
        return "a name that Windows reserves"
    if FORBIDDEN.search(name) or name != name.rstrip(". "):
        return "a name that not every system can have"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "a name that is no text"
    if size > LONGEST:
        return f"a name of {size} bytes where {LONGEST} are the most"
    return None


def safe_name(name, fallback="file"):
    """A name that any system can have, as near as possible to a given one.

    Args:
        name: str of any origin. Folders in it are left out.
        fallback: str. The name where nothing is left.

    Returns:
        str, in the alphabet it came in.
    """
    name = str(name).replace("\\", "/").rpartition("/")[2]
    name = name.encode(errors="replace").decode()
    name = FORBIDDEN.sub("_", unicodedata.normalize("NFC", name))
    # a leading dot would hide it
    name = name.strip(". ")
    if RESERVED.match(name):
        name = f"_{name}"
    stem, ending = os.path.splitext(name)
    while len((stem + ending).encode()) > LONGEST:
        stem, ending = (stem[:-1], ending) if stem else ("", ending[:-1])
    return stem.strip(". ") + ending if stem.strip(". ") else fallback + ending


def same_name(name):
    """What two names share that are one on some disk.

    Args:
        name: str.

    Returns:
        str, to be compared with that of another name.
    """
    return unicodedata.normalize("NFC", name).casefold()


@contextlib.contextmanager
def locked(folder):
    """A person's folder for one run alone; made if need be.

    Args:
        folder: str or path.

    Yields:
        pathlib.Path of the folder.

    Raises:
        OSError: if it cannot be written to.
        TimeoutError: if another run keeps it.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / ".sources.lock", LOCK_SECONDS):
            yield folder
    except filelock.Timeout as error:
        raise TimeoutError(
            f"Another run has been writing to {folder} for {LOCK_SECONDS} s. "
            "Wait for it, or end it."
        ) from error


def place(path, folder, name):
    """Move a file into a folder without overwriting anything.

    Call it within `locked()`.

    Args:
        path: path of the file; gone afterwards.
        folder: path of the folder.
        name: str, of a safe file. May hold folders, parted by "/".

    Returns:
        Tuple `(name, word)`: where it lies now, relative to `folder`; and
        `"taken"`, `"taken as ..."` if another file has that name already, or
        `"there already, the same"`.
    """
    wanted = pathlib.Path(folder) / name
    wanted.parent.mkdir(parents=True, exist_ok=True)
    there = {same_name(p.name): p for p in wanted.parent.iterdir()}
    target, number = wanted, 1
    while (other := there.get(same_name(target.name))) is not None:
        if _same_content(path, other):
            path.unlink()
            return _inside(other, folder), "there already, the same"
        number += 1
        target = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    shutil.move(path, target)
    name = _inside(target, folder)
    return name, "taken" if target == wanted else f"taken as {name}"


def _same_content(path, other):
    return (
        other.is_file()
        and path.stat().st_size == other.stat().st_size
        and manifests.file_sha256(path) == manifests.file_sha256(other)
    )


def _inside(path, folder):
    return path.relative_to(folder).as_posix()


def next_name(folder, stem, ending):
    """The first of `camera_001.webm`, `camera_002.webm` ... that is free.

    Args:
        folder: str or path.
        stem: str.
        ending: str, with its dot.

    Returns:
        str. A number is taken by a file of any ending.
    """
    found = [p.stem for p in pathlib.Path(folder).glob(f"{stem}_*")]
    numbers = [int(n) for s in found if (n := s[len(stem) + 1 :]).isdecimal()]
    return f"{stem}_{max(numbers, default=0) + 1:03d}{ending}"


def recover(folder, stem):
    """Give recordings that broke off a name of their own.

    A recording is written under a hidden name. One that a power cut or the
    end of its process left there is not lost: what was filmed can be read.

    Args:
        folder: path.
        stem: str, as given to `next_name`.

    Returns:
        list of str, the names they have now.
    """
    recovered = []
    for path in sorted(folder.glob(f".{stem}.*.part.*")):
        # another process may still be writing it
        if time.time() - path.stat().st_mtime < ABANDONED:
            continue
        if path.stat().st_size == 0:
            path.unlink()
            continue
        name, _ = place(path, folder, next_name(folder, stem, path.suffix))
        recovered.append(name)
    return recovered


def read_log(folder):
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


def add_to_log(folder, source, origin, names):
    """Add to `sources.json` where some files are from; see `read_log`.

    Call it within `locked()`. Nothing is ever taken out of it.

    Args:
        folder: path.
        source: str, the kind of source.
        origin: str, the address, the zip's name, the camera ...
        names: sequence of str, the files, relative to `folder`.
    """
    if not names:
        return
    log = read_log(folder)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    files = {name: manifests.file_sha256(folder / name) for name in names}
    log.append(
        {"at": now, "source": source, "origin": str(origin), "files": files}
    )
    manifests.write_json(folder / FILE, log)
