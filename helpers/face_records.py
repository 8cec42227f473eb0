"""Face records: what was found, appended to a folder that survives a crash.

`faces.jsonl` holds a line for each face. `files.jsonl` holds the settings, then
a line for each finished part of the footage: some short files, or about a
thousand frames of a long one. What stands after the last finished part was
broken off, and is done again.
"""

import json

from helpers import manifests

MADE_BY = "01_data_generation"
RECORDS = "faces.jsonl"
FILES = "files.jsonl"
REPORT = "report.json"
CROPS, MASKS = "crops", "masks"
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
        self._lines.append(json.dumps(record, ensure_ascii=False) + "\n")
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
    place, start = position
    for entry in part["files"]:
        planned = plans[place] if place < len(plans) else None
        if (entry["plan"], entry["start"]) != (planned, start):
            return None
        start = entry["next"] or 0
        place += entry["next"] is None
    return place, start


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


def sum_up(parts):
    """Counts over all finished parts.

    Args:
        parts: list of dicts, see `RecordWriter.finish_part`.

    Returns:
        dict of `files`, `left_out_files` (name to reason) and the sums of
        `COUNTS`.
    """
    entries = [entry for part in parts for entry in part["files"]]
    return {
        "files": sum(entry["next"] is None for entry in entries),
        "left_out_files": {
            entry["plan"]["file"]: entry["error"]
            for entry in entries
            if entry["error"] is not None
        },
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
            finished.append(json.loads(line))
        except json.JSONDecodeError:
            break  # what stands after a torn line is done again
    return finished


def read_records(path):
    """All faces of a folder.

    Args:
        path: pathlib.Path of `faces.jsonl`.

    Returns:
        list of dicts.

    Raises:
        FileNotFoundError: if it is gone.
        ValueError: if a line is no record.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is gone. Run notebooks/{MADE_BY}.ipynb again."
        )
    lines = path.read_text(encoding="utf-8").split("\n")
    lines = lines if lines[-1] else lines[:-1]
    return [
        _parse_record(path, number, line)
        for number, line in enumerate(lines, start=1)
    ]


def _parse_record(path, number, line):
    try:
        record = json.loads(line)
        good = isinstance(record, dict) and {"crop", "split"} <= set(record)
    except json.JSONDecodeError:
        good = False
    if not good:
        raise ValueError(
            f"Line {number} of {path} should be a face's record in JSON. "
            f"Received: {line[:60]!r}. Delete the folder {path.parent} "
            f"and run notebooks/{MADE_BY}.ipynb again."
        )
    return record


def write_records(path, records):
    """Write all faces of a folder anew, in one step.

    Args:
        path: pathlib.Path of `faces.jsonl`.
        records: list of dicts.
    """
    manifests.write_text(
        path,
        "".join(
            json.dumps(each, ensure_ascii=False) + "\n" for each in records
        ),
    )
