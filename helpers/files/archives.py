"""Zips of strangers: what none may hold, whatever it is for."""

import stat
import struct
import zipfile


class HostileError(ValueError):
    """What was given does harm, or looks as if; nothing of it is kept."""


def reason_to_refuse(entry, most, most_squeezed):
    """Why an entry of a zip should not be unpacked.

    Args:
        entry: `zipfile.ZipInfo`.
        most: int. Bytes that it may have.
        most_squeezed: int. How many times larger than in the zip it may be.

    Returns:
        str, or `None` where nothing speaks against it.
    """
    # as it is written in the file: Python has made one slash of the other
    name = entry.orig_filename.replace("\\", "/")
    if not entry.filename:
        return "an empty name"  # or one that begins with a zero
    if name.startswith("/") or ":" in name or ".." in name.split("/"):
        return "a way out of the folder"
    if stat.S_IFMT(entry.external_attr >> 16) not in (
        0,
        stat.S_IFREG,
        stat.S_IFDIR,
    ):
        return "a link or a device"
    if entry.flag_bits & 1:
        return "which is encrypted"
    if entry.is_dir():
        return None
    if entry.file_size > most:
        return f"{entry.file_size} bytes where {most} are the most"
    if entry.file_size > most_squeezed * max(entry.compress_size, 1000):
        return (
            f"{entry.file_size} bytes packed into {entry.compress_size}, "
            "which is made to fill the disk"
        )
    return None


def listed_contents(path):
    """How long a zip's list of contents is, without reading the list.

    Python reads all of it as soon as the zip is opened, however long it is.

    Args:
        path: path of the zip.

    Returns:
        Tuple `(entries, bytes)` of int, as the zip states them. Only the
        bytes bound what is read.

    Raises:
        zipfile.BadZipFile: if it has no such list.
    """
    size = path.stat().st_size
    end_size, locator_size, large_size = 22, 20, 56
    with open(path, "rb") as file:
        file.seek(max(0, size - 2**16 - end_size - locator_size - large_size))
        tail = file.read()
    place = len(tail) - end_size
    if place < 0 or tail[place:][:4] != b"PK\5\6" or tail[-2:] != b"\0\0":
        place = tail.rfind(b"PK\5\6")  # a comment stands behind it
    if place < 0 or len(tail) < place + end_size:
        raise zipfile.BadZipFile("no list of contents at its end")
    locator = place - locator_size
    if locator < 0 or tail[locator:][:4] != b"PK\6\7":
        return struct.unpack_from("<HL", tail, place + 10)
    # a zip of more than 4 GiB states it once more, in larger numbers
    large = locator - large_size
    if large < 0 or tail[large:][:4] != b"PK\6\6":
        raise zipfile.BadZipFile("a list of contents that is not there")
    return struct.unpack_from("<QQ", tail, large + 32)
