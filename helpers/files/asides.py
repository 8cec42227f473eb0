"""What is there already moves aside, under a number: nothing is lost."""

import itertools
import pathlib

from helpers.files.names import longer_name


def aside_name(path):
    """The name that something moves to: the first free number behind it.

    Args:
        path: str or path of a file or folder.

    Returns:
        pathlib.Path: `<path>.1`, or `.2` where that is taken, and so on.
    """
    path = pathlib.Path(path)
    names = (
        path.with_name(longer_name(path.name, f".{k}"))
        for k in itertools.count(1)
    )
    return next(name for name in names if not name.exists())


def set_aside(path):
    """Move a file or folder to its `aside_name()`.

    Args:
        path: str or path of a file or folder.

    Returns:
        pathlib.Path it has now.

    Raises:
        FileNotFoundError: if nothing is there.
        OSError: if it cannot be moved; then it stays as it is.
    """
    return pathlib.Path(path).rename(aside_name(path))
