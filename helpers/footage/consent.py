"""Consent: who is seen in some footage, where it is from, what was agreed."""

import json
import pathlib
import tomllib

from helpers.files import manifests

FILE = "consent.toml"
FIELDS = ("who", "origin", "consent")
MOST_BYTES = 100_000
NOT_STATED = "not stated"


def read_consent(folder):
    """What a folder of footage says about the person in it.

    It says so in a file `consent.toml` beside the footage, of three lines:

        who = "Anna Example, actress"
        origin = "filmed by us in Graz on 3 May 2026"
        consent = "in writing, for lessons of this course, until 2028"

    Args:
        folder: str or path of one person's footage.

    Returns:
        dict with `who`, `origin` and `consent`, each `"not stated"` where
        there is no such file.

    Raises:
        ValueError: if there is one that does not state all three, or it
            may not be read.
    """
    path = pathlib.Path(folder) / FILE
    try:
        if not path.is_file():
            return unstated()
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        # what it says must not go unheard
        raise ValueError(
            f"{path} should be readable, if it is there. Received: "
            f"{error.strerror}. Give yourself the right to read it and to "
            f"open {path.parent}."
        ) from error
    except (ValueError, RecursionError) as error:
        # no TOML, no UTF-8, a number of no end, or nested without end
        raise ValueError(_message(path, error)) from error
    entries = {name: stated.get(name) for name in FIELDS}
    if set(stated) != set(FIELDS) or not all(
        isinstance(text, str) and text.strip() for text in entries.values()
    ):
        raise ValueError(_message(path, stated))
    return entries


def unstated():
    """The entries of somebody about whom nothing was said."""
    return dict.fromkeys(FIELDS, NOT_STATED)


def write_consent(folder, who, origin, consent):
    """Write `consent.toml` into a folder of footage, see `read_consent`.

    Args:
        folder: str or path, made if need be.
        who: str. Who is seen.
        origin: str. Where the footage is from.
        consent: str. To what they agreed.
    """
    entries = dict(zip(FIELDS, (who, origin, consent), strict=True))
    # a JSON string of printable characters is one of TOML, too
    lines = [
        f"{name} = {json.dumps(text, ensure_ascii=False)}\n"
        for name, text in entries.items()
    ]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with manifests.atomic_path(folder / FILE) as partial:
        partial.write_text("".join(lines), encoding="utf-8")


def consent_line(identity, entries):
    """One line about one person, to be printed.

    Args:
        identity: str.
        entries: dict from `read_consent`.

    Returns:
        str.
    """
    stated = "; ".join(f"{name}: {entries[name]}" for name in FIELDS)
    missing = NOT_STATED in entries.values()
    hint = f". Write a {FILE} beside the footage" if missing else ""
    return f"{identity}: {stated}{hint}"


def how_to_state(identity):
    """What to write where nothing is stated, to be printed.

    Args:
        identity: str.

    Returns:
        list of str: one line, and the three of the file.
    """
    entries = (
        f"{identity}, as they want to be named",
        "filmed by whom, where and when",
        "agreed to what, how, and until when",
    )
    return [
        f"Write it into a file {FILE} beside the footage, in three lines:",
        *(
            f"    {name} = {json.dumps(text, ensure_ascii=False)}"
            for name, text in zip(FIELDS, entries, strict=True)
        ),
    ]


def line_of(folder):
    """One line about whom a folder's footage shows, never an error.

    Args:
        folder: path of one person's footage, named as the person.

    Returns:
        str.
    """
    try:
        return consent_line(folder.name, read_consent(folder))
    except ValueError as error:
        return str(error)


def _message(path, received):
    return (
        f"{path} should state {', '.join(FIELDS)}, each as a text in "
        f'quotation marks, as in: who = "Anna Example". Received: '
        f"{str(received)[:300]}"
    )
