"""Corrections that a file holds: used if they are sound, else refused."""

import pathlib
import re

# what a face gets that was cut again, by landmarks that a hand placed
NUMBERS = ("yaw", "pitch", "roll", "sharpness", "eyes", "outside")
RECUT = ("landmarks", "matrix", "crop", "mask", "sha256", *NUMBERS)
KEYS = {"file", "frame", "face", "take", "place", *RECUT}
PATTERNS = {
    "crop": r"crops/\w{1,40}_by_hand_\d{1,6}\.jpg",
    "mask": r"masks/\w{1,40}_by_hand_\d{1,6}\.png",
    "sha256": r"[0-9a-f]{64}",
}
LARGEST_NUMBER = 1e9


def check_corrections(corrections, path):
    """Stop where an entry is not what it should be.

    Args:
        corrections: anything that JSON can hold.
        path: named in the error.

    Raises:
        ValueError: says which entry and what is wrong with it.
    """
    if not isinstance(corrections, list):
        raise ValueError(broken_corrections(path, f"{str(corrections)[:80]!r}"))
    seen = set()
    for number, entry in enumerate(corrections):
        fault = _fault(entry)
        known_by = None
        if fault is None:
            place = tuple(entry.get("place", ()))
            known_by = entry["file"], entry["frame"], entry["face"], place
            fault = "the same face twice" if known_by in seen else None
        if fault is not None:
            reason = f"entry {number} with {fault}: {str(entry)[:120]}"
            raise ValueError(broken_corrections(path, reason))
        seen.add(known_by)


def _fault(entry):
    """What is wrong with one correction, in words, or `None`."""
    if not isinstance(entry, dict):
        return "no names"
    if not {"file", "frame", "face", "take"} <= set(entry) <= KEYS:
        return "other names than " + ", ".join(sorted(KEYS))
    if not stays_in_folder(entry["file"]):
        return "a file that is not in the footage's folder"
    for name in ("frame", "face"):
        if type(entry[name]) is not int or not 0 <= entry[name] < 10**9:
            return f"a {name} that is no whole number"
    if not (entry["take"] is None or isinstance(entry["take"], bool)):
        return "a take that is neither true, false nor null"
    if "place" in entry and not _is_numbers(entry["place"], (2,)):
        return "a place that is no (x, y)"
    present = set(RECUT) & set(entry)
    if present and present != set(RECUT):
        return "a part of " + ", ".join(RECUT)
    return _fault_of_recut(entry) if present else None


def _fault_of_recut(entry):
    for name, shape in (("landmarks", (5, 2)), ("matrix", (2, 3))):
        if not _is_numbers(entry[name], shape):
            return f"a {name} that is not of shape {shape}"
    for name, pattern in PATTERNS.items():
        text = entry[name]
        if not isinstance(text, str) or not re.fullmatch(pattern, text, re.A):
            return f"a {name} that is not written like {pattern}"
    for name in NUMBERS:
        if not _is_numbers(entry[name], ()):
            return f"a {name} that is no number"
    return None


def stays_in_folder(name):
    """Whether a name of footage stays in its folder."""
    if not isinstance(name, str) or not name or "\0" in name:
        return False
    path = pathlib.PurePath(name)
    return not (path.drive or path.root or ".." in path.parts)


def _is_numbers(value, shape):
    """Whether it is finite numbers, in lists of these lengths."""
    if shape:
        return (
            isinstance(value, list)
            and len(value) == shape[0]
            and all(_is_numbers(each, shape[1:]) for each in value)
        )
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) < LARGEST_NUMBER


def broken_corrections(path, reason):
    """What an error says of a file of corrections: path and str in, str out."""
    return (
        f"{path} should hold the corrections of a face set. Received: "
        f"{reason}. Move it away to go on without them, or put a copy of "
        "before in its place."
    )
