"""What was found in everybody's footage, in short lines to be printed."""

import textwrap

from helpers.faces import face_records
from helpers.footage import consent

WIDTH = 78  # of a line
COUNTS = (
    "frames",
    "no_face",
    "one_face",
    "several_faces",
    "kept",
    "train",
    "test",
)
UNUSABLE = "left_out_files"  # or only in part
NO_FOOTAGE = "other_files"
PASSED_OVER = "file_notes"
MOST_FILES = 40  # of each kind; `report.json` names all


def extraction_as_text(reports):
    """A table of counts, then each person's files that gave nothing.

    Args:
        reports: dict from identity to dict from `extraction.extract_faces`.

    Returns:
        str.
    """
    columns = [max(9, len(name) + 2) for name in COUNTS]
    first = max([len(identity) for identity in reports], default=0)
    head = [name.replace("_", " ") for name in COUNTS]
    lines = [_row(first, "", head, columns)]
    for identity, report in reports.items():
        counts = [report[name] for name in COUNTS]
        lines.append(_row(first, identity, counts, columns))
    for identity, report in reports.items():
        lines += ["", _fill(consent.consent_line(identity, report["consent"]))]
        lines += [_fill(line, 4) for line in _left_out(report["left_out"])]
        lines += [_fill(line, 4) for line in _doubts(identity, report)]
        lines += _reasons(report[UNUSABLE], "of no use, or only in part")
        notes = report.get(PASSED_OVER, {})
        lines += _reasons(notes, "used, with what is said here")
        lines += _reasons(report[NO_FOOTAGE], "no footage")
        lines += _grouped(_no_face(report), "without a face")
        lines += _grouped(report.get("useless_files"), "without a good face")
        lines += _grouped(report.get("photo_notes"), "changed by reading")
    return "\n".join(lines)


def _row(first, name, cells, columns):
    cells = zip(cells, columns, strict=True)
    return f"{name:{first}}" + "".join(f"{text:>{w}}" for text, w in cells)


def _left_out(counts):
    """A line on why faces were left out, the most frequent reason first."""
    if not counts:
        return
    reasons = sorted(counts.items(), key=lambda each: -each[1])
    each = ", ".join(f"{reason} {count}" for reason, count in reasons)
    yield f"  left out {sum(counts.values())}: {each}"


def _doubts(identity, report):
    """A line on each person of this identity who may be several people."""
    for person in report.get("people", ()):
        if not person["parts"] or not person["kept"]:
            continue
        names = [each["name"] for each in person["parts"]]
        each = ", ".join(
            f"{part['name']} ({part['faces']} faces, first in {part['file']})"
            for part in person["parts"]
        )
        yield (
            f"  person {person['person']} may be several people: {each}. Are "
            "their rows one person? If not, name whose faces are "
            f'{identity}\'s: PERSON = {{"{identity}": ["{names[0]}"]}}'
        )


def _reasons(files, title):
    """A line for each file, with what is wrong and what to do."""
    if not files:
        return
    yield f"  {_files(files)} {title}:"
    for name, reason in list(files.items())[:MOST_FILES]:
        yield _fill(f"    {name}: {_without(reason, name)}")
    yield from _more(files)


def _without(reason, name):
    """A reason that begins with the file's own name, said before."""
    return reason.removeprefix(name.rsplit("/", 1)[-1]).lstrip()


def _no_face(report):
    """Files without a face, and why; older reports do not say why."""
    reasons = report.get("no_face_reasons", {})
    return {
        name: reasons.get(name, face_records.NO_FACE)
        for name in report["no_face_files"]
    }


def _grouped(files, title):
    """Lines on files, those of one reason together."""
    if not files:
        return
    yield f"  {_files(files)} {title}:"
    names = {}
    for name, reason in list(files.items())[:MOST_FILES]:
        names.setdefault(reason, []).append(name)
    for reason, same in names.items():
        yield _fill(f"    {', '.join(same)}: {reason}")
    yield from _more(files)


def _files(files):
    return "1 file" if len(files) == 1 else f"{len(files)} files"


def _more(files):
    if len(files) > MOST_FILES:
        yield f"    and {len(files) - MOST_FILES} more: see its report.json"


def _fill(line, indent=6):
    return textwrap.fill(
        line, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False
    )
