"""A zip of photos and videos into a person's folder, whoever made the zip."""

import contextlib
import os
import pathlib
import shutil
import struct
import tempfile
import zipfile
import zlib

from helpers.files import fetching
from helpers.files.archives import (
    HostileError,
    listed_contents,
    reason_to_refuse,
)
from helpers.footage import consent, footage_folder, footage_log, media

MOST_ENTRIES = 20_000
# bytes of the list of contents; Python reads it as a whole, 350 each at most
MOST_CONTENTS = 350 * MOST_ENTRIES
LARGEST = 16 * 2**30  # bytes of a file
MOST_BYTES = 64 * 2**30  # and of all of them
# Photos and videos are packed already. Flat drawings as BMP or PPM are not,
# hence this much; small files may be anything.
MOST_SQUEEZED = 200
FREE = 2**28  # bytes of the disk that stay free
# how a zip's files are packed everywhere; others can be made to fill memory
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ZIPS = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
TAKEN = (*media.PHOTO_ENDINGS, *media.VIDEO_ENDINGS)
LONGEST_STATEMENT = 2**16  # bytes of a consent.toml
FOREIGN = "passed over: neither photo nor video"
TEMPORARY = ".unpacking-"
# what Python's readers raise on a zip that is none, or damaged
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    UnicodeDecodeError,
    struct.error,
)


def unpack_zip(path, folder, origin=None):
    """Photos and videos of a zip into a person's folder: all of it or none.

    Its folders are kept, but for one that holds everything. A `consent.toml`
    is taken if the folder has none yet. Whatever else is in it is passed
    over. Nothing that is there is overwritten.

    Args:
        path: str or path of the zip.
        folder: str or path of the person's footage, made if need be.
        origin: str for `sources.jsonl`, or `None` for the zip's name.

    Returns:
        dict from the name of each file in the zip to what happened to it, in
        words.

    Raises:
        FileNotFoundError: if there is no such zip.
        HostileError: if it holds what footage does not; nothing is unpacked.
        ValueError: if it is no zip, damaged, or without photo and video.
        OSError: if the disk is full or cannot be written.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no zip at {path}. Check the name.")
    try:
        _check_contents(path)
        with zipfile.ZipFile(path) as archive:
            entries = _look_through(archive, path)
            folder = pathlib.Path(folder)
            return _unpack(archive, entries, path, folder, origin or path.name)
    except BROKEN as error:
        raise ValueError(
            f"{path.name} should be a whole zip file. Received: {error}. "
            "Nothing was unpacked. Copy or fetch it again."
        ) from error


def _check_contents(path):
    """Stop at a list of contents that is too long to be read at all."""
    count, length = listed_contents(path)
    if count > MOST_ENTRIES or length > MOST_CONTENTS:
        raise _hostile(
            path,
            f"{count} entries, listed on {length} bytes, where {MOST_ENTRIES} "
            f"and {MOST_CONTENTS} are the most",
        )


def _look_through(archive, path):
    """Every entry by its name, after all were found harmless.

    Also those that would not be taken: one reason to distrust a zip is
    enough.
    """
    entries, keys, folders = {}, {}, set()
    for entry in archive.infolist():
        name = _name(entry)
        reason = _reason_to_refuse(entry, name)
        if reason:
            raise _hostile(path, f"{entry.orig_filename!r}: {reason}")
        if entry.is_dir():
            continue
        key = footage_folder.same_name(name)
        if key in keys:
            raise _hostile(
                path, f"{name!r} and {keys[key]!r}, which are one on some disks"
            )
        keys[key], entries[name] = name, entry
        parts = key.split("/")
        folders |= {"/".join(parts[:n]) for n in range(1, len(parts))}
    for key in folders & set(keys):
        raise _hostile(path, f"{keys[key]!r}, a file and a folder in one")
    size = path.stat().st_size
    if not all(0 <= entry.header_offset < size for entry in entries.values()):
        raise zipfile.BadZipFile("files that lie outside of it")
    if sum(entry.compress_size for entry in entries.values()) > size:
        raise _hostile(path, "files that lie on top of each other")
    total = sum(entry.file_size for entry in entries.values())
    if total > MOST_BYTES:
        raise _hostile(path, f"{total} bytes where {MOST_BYTES} are the most")
    return entries


def _name(entry):
    """Name of an entry in its own alphabet."""
    says_utf8 = entry.flag_bits & 0x800
    if not says_utf8:
        with contextlib.suppress(UnicodeError):  # macOS writes it all the same
            return entry.orig_filename.encode("cp437").decode("utf-8")
    return entry.orig_filename


def _reason_to_refuse(entry, name):
    if not name or "\\" in name:
        return "an empty name, or a backslash in it"
    reason = reason_to_refuse(entry, LARGEST, 10**9)
    if reason:
        return reason
    for part in name.rstrip("/").split("/"):
        reason = footage_folder.reason_against(part)
        if reason:
            return reason
    if entry.is_dir():
        return None
    if entry.compress_type not in METHODS:
        return "packed by a method that is not the usual one"
    if entry.file_size > max(2**20, MOST_SQUEEZED * entry.compress_size):
        return (
            f"{entry.file_size} bytes packed into {entry.compress_size}, "
            "which is made to fill the disk"
        )
    if name.lower().endswith(ZIPS):
        return "an archive in the archive"
    return None


def _unpack(archive, entries, path, folder, origin):
    names = _targets(entries)
    happened = {name: FOREIGN for name in entries if name not in names}
    if not names:
        raise ValueError(
            f"{path.name} should hold photos or videos. Received: "
            f"{len(entries)} other files. Photos end in "
            f"{' '.join(media.PHOTO_ENDINGS)}; videos in "
            f"{' '.join(media.VIDEO_ENDINGS)}."
        )
    with footage_folder.locked(folder):
        footage_log.read_log(folder)  # a damaged one stops before, not after
        _check_room(sum(entries[name].file_size for name in names), folder)
        for left in folder.glob(f"{TEMPORARY}*"):
            shutil.rmtree(left)  # by a run that was killed
        with tempfile.TemporaryDirectory(dir=folder, prefix=TEMPORARY) as room:
            files = {}
            for number, (name, target) in enumerate(names.items()):
                _check_inside(folder, target, path)
                files[target] = pathlib.Path(room) / f"{number}.part"
                # no more is ever read than the size that was looked at
                with archive.open(entries[name]) as packed:
                    with open(files[target], "wb") as file:
                        shutil.copyfileobj(packed, file, fetching.PIECE)
            note = _judge_consent(files, folder)
            placed = footage_folder.place_files(files, folder)
        words = {target: word for target, (_, word) in placed.items()} | note
        happened |= {name: words[target] for name, target in names.items()}
        taken = [n for n, word in placed.values() if word.startswith("taken")]
        footage_log.note_source(folder, "zip", origin, taken)
    return {name: happened[name] for name in entries}


def _targets(entries):
    """Where each file that is taken goes, by its name in the zip."""
    visible = [
        name
        for name in entries
        if not any(
            part.startswith(".") or part == "__MACOSX"
            for part in name.split("/")
        )
    ]
    first = {name.partition("/")[0] for name in visible}
    above = f"{first.pop()}/" if len(first) == 1 else ""
    targets = {name: name.removeprefix(above) for name in visible}
    return {
        name: target
        for name, target in targets.items()
        if target == consent.FILE or target.lower().endswith(TAKEN)
    }


def _check_room(size, folder):
    free = shutil.disk_usage(folder).free
    if size + FREE > free:
        raise OSError(
            f"The files need {size} bytes and {FREE} should stay free. "
            f"Received: {free} free bytes on the disk of {folder}. Nothing was "
            "unpacked. Make room, or choose another folder."
        )


def _check_inside(folder, target, path):
    """A folder that is there may be a link that leads out of it."""
    if not (folder / target).resolve().is_relative_to(folder.resolve()):
        raise _hostile(path, f"{target!r}, a way out of the folder by a link")


def _judge_consent(files, folder):
    """Leave a statement out that is none, or where there is one already."""
    partial = files.get(consent.FILE)
    if partial is None:
        return {}
    if (folder / consent.FILE).exists():
        word = "passed over: there is one already"
    elif partial.stat().st_size > LONGEST_STATEMENT:
        word = "passed over: too long"
    else:
        readable = partial.with_name(consent.FILE)
        os.replace(partial, readable)
        files[consent.FILE] = readable
        try:
            consent.read_consent(readable.parent)
        except ValueError as error:
            word = f"passed over: {error}"
        else:
            return {}
    del files[consent.FILE]
    return {consent.FILE: word}


def _hostile(path, received):
    return HostileError(
        f"A zip of footage holds photos and videos under plain names. "
        f"Received: {path.name} with {received}. Nothing was unpacked. If you "
        "trust who made it, unpack it by hand and look at what comes out; "
        "else throw it away."
    )
