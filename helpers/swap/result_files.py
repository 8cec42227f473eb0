"""Result files: what a result is made from in, a name of its own out.

Beside each result lies a record, `<stem>.json`, of what it was made from. By
it the same result is known again and kept; another one gets the next number.
"""

import itertools
import json
import pathlib
import re

from helpers.files import foreign_files, manifests
from helpers.files.names import safe_stem
from helpers.footage import listing

RECORD = ".json"
# what may lie beside a result and begin with its stem
SHOWN = ("_before_after.png", "_side_by_side.mp4", ".gif")
# (a swap that was begun before there were records goes on where it was)
ENDINGS = (RECORD, ".mp4", ".png", *SHOWN)
# so that the endings above, and a temporary name, find room in 255 bytes
MOST_BYTES = 180


def result_stem(source, target, media_path):
    """What a result is called, less its ending and number.

    Args:
        source: name of the identity whose face appears.
        target: name of whose footage it is, or of its folder.
        media_path: str or path of the photo or video that is swapped.

    Returns:
        str, a name that every disk takes, such as `Marco_on_Rosa_clip`.
    """
    media_name = listing.shown_name(pathlib.PurePath(media_path).stem)
    stem = safe_stem(f"{source}_on_{target}_{media_name}", MOST_BYTES)
    # a photo that is called like what lies beside the result of another
    shown = stem.endswith(tuple(pathlib.Path(each).stem for each in SHOWN[:2]))
    return f"{stem}_1" if shown else stem


def claim_result(folder, stem, ending, job):
    """The path of a result, and its record: its own, or the next free one.

    A result of exactly this job that is there already is given again, and
    that is printed. So is one that was begun: it goes on where it was.
    Whatever else is there stays as it is, and the number behind it is taken;
    that is printed, too.

    Args:
        folder: str or path, made if need be.
        stem: str, see `result_stem`.
        ending: str, of the result, such as `".mp4"`.
        job: dict that JSON can hold: all that decides what the result is.

    Returns:
        Tuple `(path, record)`: pathlib.Path of the result, and a dict whose
        `finished` says whether it is there. Else write the result, then
        `finish_record()`.
    """
    folder, job = pathlib.Path(folder), json.loads(json.dumps(job))
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(
        _stems_in(folder, stem), key=lambda each: (len(each), each)
    ):
        path, record = folder / f"{name}{ending}", read_record(folder, name)
        if record is not None and record["job"] == job:
            record["finished"] = record["finished"] and path.is_file()
            if record["finished"]:
                same = "is there, made of exactly the same: it is kept."
                print(f"{path.name} {same}")
            return path, record
    numbered = (f"{stem}_{number}" for number in itertools.count(2))
    name, other = stem, None
    while _is_taken(folder, name):
        other, name = name, next(numbered)
    if other is not None:
        print(f"{_other_made(folder, other, job)}\nThis one becomes {name}.")
    record = {"format": 1, "finished": False, "job": job}
    manifests.write_json(folder / f"{name}{RECORD}", record)
    return folder / f"{name}{ending}", record


def finish_record(path, record, **details):
    """Write down that a result is there, and what is known of it.

    Args:
        path: pathlib.Path of the result.
        record: dict from `claim_result`.
        **details: further entries that JSON can hold.

    Returns:
        dict: the record.
    """
    record = {**record, "finished": True, "result": path.name, **details}
    manifests.write_json(path.with_suffix(RECORD), record)
    return record


def read_record(folder, stem):
    """What is written down beside a result.

    Args:
        folder: str or path.
        stem: str, the result's name less its ending.

    Returns:
        dict with `finished` and `job` at least; `None` where there is no
        such record, or something else under its name.
    """
    path = pathlib.Path(folder) / f"{stem}{RECORD}"
    if not path.is_file():
        return None
    try:
        record = foreign_files.read_json(path, "")
    except ValueError:
        return None  # somebody else's file, which is left alone
    good = isinstance(record.get("job"), dict) and "finished" in record
    return record if good else None


def _stems_in(folder, stem):
    """Stems in a folder that are this one, with or without a number."""
    pattern = re.compile(re.escape(stem) + r"(_\d+)?")
    names = (path.name.removesuffix(RECORD) for path in folder.glob("*.json"))
    return [name for name in names if pattern.fullmatch(name)]


def _is_taken(folder, name):
    return any((folder / f"{name}{ending}").exists() for ending in ENDINGS)


def _other_made(folder, name, job):
    """A sentence about a result that is in the way."""
    record = read_record(folder, name)
    if record is None:
        return f"There is something called {name} already, which stays."
    keys = {**record["job"], **job}
    differ = [key for key in keys if record["job"].get(key) != job.get(key)]
    begun = "is there" if record["finished"] else "was begun"
    return f"{name} {begun} already, of other {', '.join(differ)}, and stays."
