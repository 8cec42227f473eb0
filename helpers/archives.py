"""Zips of strangers: what none may hold, whatever it is for."""

import stat


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
