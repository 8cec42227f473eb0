"""Opening: a path in; a file that is there and may be read, or why not."""

import os

import av

from helpers.files.names import path_on_disk

# 8K; each frame that waits for another takes its pixels times four of memory
LARGEST_FRAME = 8192 * 4608

# what PyAV raises on broken files
VIDEO_ERRORS = (
    av.error.FFmpegError,
    OSError,
    ValueError,
    ArithmeticError,
    AttributeError,
    MemoryError,
    RuntimeError,
)


class MediaError(ValueError):
    """A photo or a video cannot be read (further)."""


def words_of(error):
    """What a library says of a fault, less its number.

    Args:
        error: Exception, or str.

    Returns:
        str.
    """
    said = getattr(error, "strerror", None) or str(error)
    return said or type(error).__name__


def existing_file(path):
    """Path of a file that is there and not empty.

    Args:
        path: str or path.

    Returns:
        pathlib.Path.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is empty, or may not be read.
    """
    path = path_on_disk(path)
    if is_shut(path):
        raise MediaError(
            f"{path.name} should be a file that may be read. Received: no "
            "right to. Give yourself the right to read it and to open its "
            "folder."
        )
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"There is no file {path}. Check the name and the folder."
        )
    if not size_of(path):
        raise MediaError(
            f"{path.name} should be a photo or a video. Received: an empty "
            "file. Copy it again from where it came."
        )
    return path


def is_shut(path):
    """Whether something may not be read, or its folder not be entered.

    Args:
        path: str or path.

    Returns:
        bool.
    """
    if os.path.lexists(path):
        return os.path.exists(path) and not os.access(path, os.R_OK)
    folder = os.path.dirname(path) or "."
    return os.path.isdir(folder) and not os.access(folder, os.X_OK)


def size_of(path):
    """Bytes of a file; none, if it is gone meanwhile.

    Args:
        path: str or path.

    Returns:
        int.
    """
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
