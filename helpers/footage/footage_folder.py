"""One person's footage: safe names, and nothing overwritten."""

import contextlib
import os
import pathlib
import secrets
import shutil
import time
import unicodedata

import filelock

from helpers.files import manifests, names

LOCK_SECONDS = 600  # that another run may keep the folder
ABANDONED = 60  # seconds after which a file that nobody writes on is left over


def reason_against(name):
    """Why a file should not be called so.

    Args:
        name: str, without folders.

    Returns:
        str, or `None` for a name that any system can have.
    """
    if not name.strip(". "):
        return "an empty name"
    if names.RESERVED.fullmatch(name):
        return "a name that Windows reserves"
    if any(map(names.is_forbidden, name)) or name != name.rstrip(". "):
        return "a name that not every system can have"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "a name that is no text"
    if size > names.MOST_BYTES:
        return f"a name of {size} bytes where {names.MOST_BYTES} are the most"
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
    name = unicodedata.normalize("NFC", name)
    name = "".join("_" if names.is_forbidden(c) else c for c in name)
    # a leading dot would hide it
    name = name.strip(". ")
    if names.RESERVED.fullmatch(name):
        name = f"_{name}"
    stem, ending = os.path.splitext(name)
    while len((stem + ending).encode()) > names.MOST_BYTES:
        stem, ending = (stem[:-1], ending) if stem else ("", ending[:-1])
    stem, ending = stem.strip(". "), ending.strip(" ")
    return (stem or fallback) + ending


def same_name(name):
    """What two names share that are one on some disk.

    Args:
        name: str.

    Returns:
        str, to be compared with that of another name.
    """
    return unicodedata.normalize("NFC", name).casefold()


@contextlib.contextmanager
def locked(folder, purpose="sources", seconds=LOCK_SECONDS):
    """A person's folder for one run alone; made if need be.

    Args:
        folder: str or path.
        purpose: str. Runs of another purpose do not wait for each other.
        seconds: float. How long to wait for another run.

    Yields:
        pathlib.Path of the folder.

    Raises:
        OSError: if it cannot be written to.
        TimeoutError: if another run keeps it.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / f".{purpose}.lock", seconds):
            yield folder
    except filelock.Timeout as error:
        raise TimeoutError(
            f"Another run is writing to {folder} ({purpose}). Wait for it, or "
            "end it."
        ) from error


def place_files(files, folder):
    """Move files into a folder, all or none, without overwriting anything.

    Call it within `locked()`.

    Args:
        files: dict from name to the path of a file, gone afterwards. A name
            is safe and may hold folders, parted by "/".
        folder: path of the folder.

    Returns:
        dict from name to a tuple `(name, word)`: where the file lies now,
        relative to `folder`; and `"taken"`, `"taken as ..."` if another one
        has that name already, or `"there already, the same"`.

    Raises:
        OSError: if one of them cannot be moved; none is there then.
    """
    placed, listed = {}, {}
    try:
        for name, path in files.items():
            placed[name] = _place_one(path, folder, name, listed)
    except OSError as error:
        for name, word in placed.values():
            if word.startswith("taken"):
                (folder / name).unlink(missing_ok=True)
        raise OSError(
            error.errno,
            f"{error.strerror}. Nothing was put into {folder}. Make room or "
            "give it the right to be written, or choose another folder",
            error.filename,
        ) from error
    return placed


def _place_one(path, folder, name, listed):
    wanted = folder / name
    home = wanted.parent
    if home not in listed:
        home.mkdir(parents=True, exist_ok=True)
        listed[home] = {same_name(p.name): p for p in home.iterdir()}
    there, target, number = listed[home], wanted, 1
    while (other := there.get(same_name(target.name))) is not None:
        if _same_content(path, other):
            path.unlink()
            return _inside(other, folder), "there already, the same"
        number += 1
        target = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    shutil.move(path, target)
    there[same_name(target.name)] = target
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
    taken = [p.stem for p in pathlib.Path(folder).glob(f"{stem}_*")]
    numbers = [int(n) for s in taken if (n := s[len(stem) + 1 :]).isdecimal()]
    return f"{stem}_{max(numbers, default=0) + 1:03d}{ending}"


def recover_recordings(folder, stem):
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
    for path in abandoned_files(folder, stem):
        if path.stat().st_size == 0:
            path.unlink()
            continue
        name = next_name(folder, stem, path.suffix)
        placed = place_files({name: path}, folder)
        recovered.append(placed[name][0])
    return recovered


def abandoned_files(folder, stem):
    """Hidden files of a stem on which nobody writes any more.

    Args:
        folder: path.
        stem: str, as given to `partial_path`.

    Returns:
        list of paths.
    """
    # another process may still be writing a newer one
    latest = time.time() - ABANDONED
    hidden = sorted(folder.glob(f".{stem}.*.part.*"))
    return [path for path in hidden if path.stat().st_mtime < latest]


def partial_path(folder, stem, ending):
    """A hidden name, of no other process, for what is being written.

    Args:
        folder: path.
        stem: str.
        ending: str, with its dot.

    Returns:
        path in the folder.
    """
    token = f"{os.getpid()}-{secrets.token_hex(4)}"
    return folder / f".{stem}.{token}.part{ending}"
