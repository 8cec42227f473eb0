"""Face records: files in a folder in, what is known of each face out."""

import json
import re

from helpers.files import foreign_files, manifests
from helpers.files.foreign_files import is_array, is_count, is_number

MADE_BY = "01_data_generation"
RECORDS = "faces.jsonl"
FILES = "files.jsonl"
REPORT = "report.json"
CROPS, MASKS = "crops", "masks"
# what the parts of a person are called who may be several
PARTS = "abcdefgh"
# what to do about a file in which no face was found
NO_FACE = (
    "no face was found. Use footage in which the face is upright, lit, not in "
    "profile and at least a tenth of the picture's height, or lower the "
    "detector's min_face_share"
)
# ten times the faces of an hour's footage; a stranger's file may claim more
MOST_FACES = 200_000
LONGEST_LINE = 100_000
AGAIN = f"run notebooks/{MADE_BY}.ipynb again"
COUNTS = ("frames", "no_face", "one_face", "several_faces", "faces")


def complete_lines(path):
    """Lines of a file that was appended to; a half-written last one goes.

    Args:
        path: pathlib.Path; it need not be there.

    Returns:
        list of str.
    """
    if not path.is_file():
        return []
    # not splitlines: names may hold characters that it breaks lines at
    return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]


def read_lines(path):
    """What the lines of a JSON file hold, up to the first that is torn.

    Args:
        path: pathlib.Path; it need not be there.

    Returns:
        list.
    """
    finished = []
    for line in complete_lines(path):
        try:
            finished.append(foreign_files.parse_json(line))
        except ValueError:
            break  # what stands after a torn line is done again
    return finished


def read_records(path, complete=False):
    """All faces of a folder.

    Args:
        path: pathlib.Path of `faces.jsonl`.
        complete: bool. Whether a record has to hold all that extraction
            writes; those of older face sets lack some.

    Returns:
        list of dicts.

    Raises:
        FileNotFoundError: if it is gone.
        ValueError: if a line is no record, or there are too many.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is gone. {AGAIN.capitalize()}.")
    needed = set(CHECKS) - {"part"} if complete else {"crop", "split"}
    records = []
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        # not splitlines: names may hold characters that it breaks lines at
        while line := file.readline(LONGEST_LINE):
            number = len(records) + 1
            records.append(_parse_record(path, number, line, needed))
    return records


def _parse_record(path, number, line, needed):
    try:
        record = foreign_files.parse_json(line)
        wrong = _wrong_in(record, needed)
    except ValueError as error:
        wrong = f"{error}, in {line[:60]!r}"
    if number > MOST_FACES:
        wrong = f"more than {MOST_FACES} lines"
    if wrong:
        raise ValueError(
            f"Line {number} of {path} should be a face's record in JSON. "
            f"Received: {wrong}. Delete the folder {path.parent} and {AGAIN}."
        )
    return record


def _wrong_in(record, needed):
    """What is wrong with a face's record, in words; `None` if nothing is."""
    if not isinstance(record, dict):
        return type(record).__name__
    for key in sorted(needed - set(record)):
        return f"no {key!r}"
    if "found" in record:
        # what stood in it before a hand changed it
        wrong = _wrong_in(record["found"], set())
        if wrong is not None:
            return f"found: {wrong}"
    for key, good in CHECKS.items():
        if key in record and not good(record[key]):
            return f"{key}={str(record[key])[:60]!r}"
    return None


def _is_picture_in(folder):
    return lambda name: (
        foreign_files.is_inside(name) and name.startswith(f"{folder}/")
    )


def _is_text(value):
    return isinstance(value, str)


def _is_angle(value):
    return is_number(value) and abs(value) <= 360


# what each part of a face's record has to be
CHECKS = {
    "crop": _is_picture_in(CROPS),
    "mask": _is_picture_in(MASKS),
    "file": _is_text,
    "frame": is_count,
    "face": is_count,
    "time": lambda value: value is None or is_number(value),
    "track": _is_text,
    "take": _is_text,
    "split": lambda value: value in ("train", "test"),
    "score": is_number,
    "landmarks": lambda value: is_array(value, (5, 2)),
    "matrix": lambda value: is_array(value, (2, 3)),
    "box": lambda value: is_array(value, (4,)),
    "eyes": is_number,
    "outside": is_number,
    "sharpness": is_number,
    "yaw": _is_angle,
    "pitch": _is_angle,
    "roll": _is_angle,
    "faces_in_frame": is_count,
    "person": lambda value: value is None or is_count(value),
    "part": lambda value: value is None or value in tuple(PARTS),
    "left_out": lambda value: value is None or _is_text(value),
    "frame_parameters": lambda value: isinstance(value, dict | None),
    "sha256": lambda value: bool(
        isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)
    ),
}


def write_records(path, records):
    """Write all faces of a folder anew, in one step.

    Args:
        path: pathlib.Path of `faces.jsonl`.
        records: list of dicts.
    """
    manifests.write_text(
        path, "".join(line_of_record(each) for each in records)
    )


def line_of_record(record):
    """The line of `faces.jsonl` that holds a record, a str."""
    return json.dumps(record, ensure_ascii=False) + "\n"
