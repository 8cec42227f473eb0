"""Face records: what was found, appended to a folder that survives a crash.

`faces.jsonl` holds a line for each face. `files.jsonl` holds the settings, then
a line for each finished part of the footage: some short files, or about a
thousand frames of a long one. What stands after the last finished part was
broken off, and is done again.
"""

import collections
import json
import re

from helpers.files import foreign_files, manifests
from helpers.files.foreign_files import is_array, is_count, is_number

MADE_BY = "01_data_generation"
RECORDS = "faces.jsonl"
FILES = "files.jsonl"
REPORT = "report.json"
CROPS, MASKS = "crops", "masks"
# what to do about a file in which no face was found
NO_FACE = (
    "no face was found. Use footage in which the face is lit, not in profile "
    "and at least a tenth of the picture's height, or lower the detector's "
    "min_face_share"
)
# ten times the faces of an hour's footage; a stranger's file may claim more
MOST_FACES = 200_000
LONGEST_LINE = 100_000
AGAIN = f"run notebooks/{MADE_BY}.ipynb again"
COUNTS = ("frames", "no_face", "one_face", "several_faces", "faces")


class RecordWriter:
    """Appends faces and finished parts; knows where a run was broken off.

    Args:
        folder: pathlib.Path of one identity's faces.
        settings: dict. Faces of other settings are not kept.

    Attributes:
        faces: int. Faces so far: the number that the next one gets.
        parts: list of dicts, the finished parts.
    """

    def __init__(self, folder, settings):
        self.folder, self.settings = folder, settings
        self.faces = 0
        self.parts = []
        self._lines = []

    def resume(self, plans):
        """Keep what is finished and still as planned.

        Args:
            plans: list of dicts, see `takes.plan_files`.

        Returns:
            Tuple of ints: place in `plans` of the file to go on with, and
            the index of its first frame that is left. After all files it is
            `(len(plans), 0)`.
        """
        todo = f"Delete it and {AGAIN}."
        foreign_files.check_no_links(self.folder, todo)
        old = read_lines(self.folder / FILES)
        position = (0, 0)
        if old[:1] == [{"settings": self.settings}]:
            known = complete_lines(self.folder / RECORDS)
            for part in old[1:]:
                after = _position_after(part, position, plans)
                if after is None or part["faces"] > len(known):
                    break
                position = after
                self.parts.append(part)
                self.faces = part["faces"]
        if position != (len(plans), 0) or len(self.parts) != len(old) - 1:
            self._cut_back()
        return position

    def _cut_back(self):
        """Take away what does not belong to a finished part."""
        lines = complete_lines(self.folder / RECORDS)[: self.faces]
        (self.folder / REPORT).unlink(missing_ok=True)
        head = [{"settings": self.settings}, *self.parts]
        manifests.write_text(
            self.folder / FILES,
            "".join(json.dumps(each) + "\n" for each in head),
        )
        manifests.write_text(
            self.folder / RECORDS, "".join(line + "\n" for line in lines)
        )
        for pattern in (f"{CROPS}/*.jpg", f"{MASKS}/*.png"):
            for path in self.folder.glob(pattern):
                if path.stem.isdigit() and int(path.stem) >= self.faces:
                    path.unlink()

    def write_face(self, crop, mask, record):
        """Write a face's pictures; its record waits for the part's end.

        Args:
            crop: bytes of a JPEG file.
            mask: bytes of a PNG file.
            record: dict, to which the pictures' names are added in front.
        """
        name = f"{self.faces:06d}"
        crop_name, mask_name = f"{CROPS}/{name}.jpg", f"{MASKS}/{name}.png"
        _write_bytes(self.folder / crop_name, crop)
        _write_bytes(self.folder / mask_name, mask)
        record = {"crop": crop_name, "mask": mask_name, **record}
        self._lines.append(line_of_record(record))
        self.faces += 1

    def finish_part(self, files):
        """Note a part as done, after its records are written.

        Args:
            files: list of dicts of `plan`, `start` (index of the first
                frame), `next` (of the first one that is left, `None` at the
                end of the file), `counts` and `error`.
        """
        part = {"files": files, "faces": self.faces}
        _append(self.folder / RECORDS, "".join(self._lines))
        _append(self.folder / FILES, json.dumps(part) + "\n")
        self._lines = []
        self.parts.append(part)


def _position_after(part, position, plans):
    """Where a finished part ends, or `None` if it is not what is planned."""
    if not _is_part(part):
        return None
    place, start = position
    for entry in part["files"]:
        planned = plans[place] if place < len(plans) else None
        if (entry["plan"], entry["start"]) != (planned, start):
            return None
        start = entry["next"] or 0
        place += entry["next"] is None
    return place, start


def _is_part(part):
    """Whether something is what `RecordWriter.finish_part` notes."""
    if not isinstance(part, dict) or not is_count(part.get("faces")):
        return False
    files = part.get("files")
    return isinstance(files, list) and all(map(_is_entry, files))


def _is_entry(entry):
    if not isinstance(entry, dict) or not is_count(entry.get("start")):
        return False
    counts = entry.get("counts")
    return (
        isinstance(counts, dict)
        and set(counts) == set(COUNTS)
        and all(map(is_count, counts.values()))
        and (entry.get("next", "") is None or is_count(entry.get("next")))
        and isinstance(entry.get("error", 0), str | None)
        and "plan" in entry
    )


def _append(path, text):
    with open(path, "a", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _write_bytes(path, content):
    """A crop's file. Waiting for the disk each time would halve the speed;
    what a crash leaves behind has no record, and the next run removes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def sum_up_parts(parts):
    """Counts over all finished parts.

    Args:
        parts: list of dicts, see `RecordWriter.finish_part`.

    Returns:
        dict of `files`, `left_out_files` (name to reason), `no_face_files`
        (names, see `NO_FACE`) and the sums of `COUNTS`.
    """
    entries = [entry for part in parts for entry in part["files"]]
    faces = collections.Counter()
    for entry in entries:
        faces[entry["plan"]["file"]] += entry["counts"]["faces"]
    return {
        "files": sum(entry["next"] is None for entry in entries),
        "left_out_files": {
            entry["plan"]["file"]: entry["error"]
            for entry in entries
            if entry["error"] is not None
        },
        "no_face_files": sorted(
            {
                entry["plan"]["file"]
                for entry in entries
                if entry["counts"]["frames"]
            }
            - set(+faces)
        ),
        **{
            name: sum(entry["counts"][name] for entry in entries)
            for name in COUNTS
        },
    }


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
    needed = set(CHECKS) if complete else {"crop", "split"}
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
