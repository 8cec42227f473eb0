"""Foreign files: JSON and names that anybody may have written, looked through.

A face set may come from a stranger. Nothing in it is believed: sizes are
looked at before a file is read, and a name in it leads nowhere else.
"""

import json
import math
import os
import pathlib
import re

MIB = 2**20
# of a coordinate in pixels, or anything else that is measured
LARGEST_NUMBER = 1e9


def parse_json(text):
    """What JSON says, of numbers only those that are numbers.

    Args:
        text: str.

    Returns:
        What `json.loads` gives.

    Raises:
        ValueError: if it is no JSON, holds NaN or infinity, or is nested
            without end.
    """
    try:
        value = json.loads(
            text, parse_constant=_no_number, parse_float=_finite_float
        )
        if "\\ud" in text.lower():
            # half a letter can be read, but not written
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _no_number(name):
    raise ValueError(f"{name} is no number")


def _finite_float(text):
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def read_json(path, todo, most_bytes=64 * MIB):
    """What a JSON file of a dict says.

    Args:
        path: pathlib.Path.
        todo: str. What to do if it cannot be used, as sentences.
        most_bytes: int. Larger files are not read.

    Returns:
        dict.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is too large or holds no dict in JSON.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is gone. {todo}")
    size = path.stat().st_size
    if size > most_bytes:
        raise ValueError(
            f"{path} should have at most {most_bytes} bytes. Received: "
            f"{size}. {todo}"
        )
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path} should be readable JSON. Received: {error}. {todo}"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} should hold an object in JSON. Received: "
            f"{type(content).__name__}. {todo}"
        )
    return content


def is_number(value):
    """Whether something is a number of a size that is measured."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and abs(value) <= LARGEST_NUMBER


def is_count(value):
    """Whether something is a whole number from 0 on."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and 0 <= value <= LARGEST_NUMBER


def is_array(value, shape):
    """Whether something is a list of lists of numbers, of this shape."""
    if not shape:
        return is_number(value)
    if not isinstance(value, list) or len(value) != shape[0]:
        return False
    return all(is_array(each, shape[1:]) for each in value)


def is_inside(name):
    """Whether a name, or path with `/`, stays below the folder it is read in.

    Args:
        name: anything.

    Returns:
        bool. Absolute paths, drives, `..`, and what Windows takes for either
        do not.
    """
    if not isinstance(name, str) or not 0 < len(name) < 1000:
        return False
    if re.search(r'[\\:\x00-\x1f<>|?*"]', name) or name.startswith("/"):
        return False
    return all(part not in ("", ".", "..") for part in name.split("/"))


def check_no_links(folder, todo):
    """Stop if a folder of ours holds links: they lead to files of others.

    Args:
        folder: str or path, that may be a link itself.
        todo: str. What to do about it, as sentences.

    Raises:
        ValueError: if there is a link in it or in its folders.
    """
    for where, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = pathlib.Path(where, name)
            if path.is_symlink():
                raise ValueError(
                    f"{folder} should hold files of its own. Received: a link, "
                    f"{path}. {todo}"
                )
