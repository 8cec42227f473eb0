"""Faces as they are found -> a folder that survives a crash.

`faces.jsonl` holds a line for each face. `files.jsonl` holds the settings, then
a line for each finished part of the footage: some short files, or about a
thousand frames of a long one. What stands after the last finished part was
broken off, and is done again.
"""

import collections
import json

from helpers.faces import face_records
from helpers.faces.face_records import (
    AGAIN,
    COUNTS,
    CROPS,
    FILES,
    MASKS,
    RECORDS,
    REPORT,
)
from helpers.files import foreign_files, manifests
from helpers.files.foreign_files import is_count


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
        old = face_records.read_lines(self.folder / FILES)
        position = (0, 0)
        if old[:1] == [{"settings": self.settings}]:
            known = face_records.complete_lines(self.folder / RECORDS)
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
        lines = face_records.complete_lines(self.folder / RECORDS)[: self.faces]
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
        self._lines.append(face_records.line_of_record(record))
        self.faces += 1

    def finish_part(self, files):
        """Note a part as done, after its records are written.

        Args:
            files: list of dicts of `plan`, `start` (index of the first
                frame), `next` (of the first one that is left, `None` at the
                end of the file), `counts`, `error`, `notes`, and `why` a
                photo shows no face, or `None`.
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
        if planned is None or entry["start"] != start:
            return None
        if not _is_same(entry["plan"], planned):
            return None
        start = entry["next"] or 0
        place += entry["next"] is None
    return place, start


def _is_same(before, planned):
    """Whether a file is what it was when its faces were found.

    Plans of before said of every file what is held out.
    """
    keys = [key for key, value in planned.items() if value is not None]
    return isinstance(before, dict) and all(
        before.get(key) == planned[key] for key in keys
    )


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
        and isinstance(entry.get("why"), str | None)
        and _are_notes(entry.get("notes", []))
        and "plan" in entry
    )


def _are_notes(notes):
    return isinstance(notes, list) and all(isinstance(n, str) for n in notes)


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
        dict of `files`, `left_out_files` (name to reason), `file_notes`
        (name to what of a file was passed over), `no_face_files` (names),
        `no_face_reasons` (of each what is seen there and what to do, or
        `NO_FACE`) and the sums of `COUNTS`.
    """
    entries = [entry for part in parts for entry in part["files"]]
    faces = collections.Counter()
    for entry in entries:
        faces[entry["plan"]["file"]] += entry["counts"]["faces"]
    no_face = sorted(
        {
            entry["plan"]["file"]
            for entry in entries
            if entry["counts"]["frames"]
        }
        - set(+faces)
    )
    why = {entry["plan"]["file"]: entry.get("why") for entry in entries}
    return {
        "files": sum(entry["next"] is None for entry in entries),
        "left_out_files": {
            entry["plan"]["file"]: entry["error"]
            for entry in entries
            if entry["error"] is not None
        },
        "file_notes": {
            entry["plan"]["file"]: "; ".join(entry["notes"])
            for entry in entries
            if entry.get("notes")
        },
        "no_face_files": no_face,
        "no_face_reasons": {
            name: why[name] or face_records.NO_FACE for name in no_face
        },
        **{
            name: sum(entry["counts"][name] for entry in entries)
            for name in COUNTS
        },
    }
