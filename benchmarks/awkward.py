"""What becomes of awkward files: a folder of them in, a table out.

    python -m benchmarks.awkward --folder ../shared/data/awkward

All of them go through `extract_faces` in one run, in a process of its own. A
file is used, or said to be left out and why; one of which nothing is said is
lost. `--alone` makes a footage of each file instead: so many of these show one
person that most are duplicates of others. `--sheets` writes a picture of each
file's crops, to be looked at. Prints a table, and last one line of JSON:
`files`, `tracebacks`, `lost`, `peak_mib` (the most memory of the process).
"""

import argparse
import collections
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

import numpy as np

from helpers.faces import detection, face_records
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.footage import media

IDENTITY = "Awkward"
CROPS_ON_A_SHEET = 12
# ends of what `probe_video` says that is about pictures, not about an mp4
SEEN_IN_CROPS = (
    "degrees",
    "matrix says",
    "become 8",
    "squares",
    "BT.709",
    "(BT.709)",
    "BT.601",
    "de-interlaced",
    "white",
)


def extract(folder, output):
    """The run that is measured; its report goes to standard output."""
    report = extraction.extract_faces(
        folder,
        output,
        manifests.data_contract(),
        detection.FaceDetector(),
        IDENTITY,
    )
    print(json.dumps(report))


def extract_alone(folder, output):
    """Each file as a footage of its own; a line of JSON for each."""
    detector = detection.FaceDetector()
    for number, name in enumerate(names_in(folder)):
        footage = pathlib.Path(output, "footage", str(number))
        footage.mkdir(parents=True)
        shutil.copy(folder / name, footage / pathlib.Path(name).name)
        contract, faces = manifests.data_contract(), output / str(number)
        try:
            report = extraction.extract_faces(
                footage, faces, contract, detector, IDENTITY
            )
            said = []
        except ValueError as error:  # no face is of use: the report says more
            path = faces / IDENTITY / face_records.REPORT
            report = json.loads(path.read_text()) if path.is_file() else {}
            said = [] if report else [str(error)]
        print(json.dumps([name, say_report(report) + said]), flush=True)


def say_report(report):
    """What a report of one file says, in words."""
    said = []
    if report.get("faces"):
        said = [f"used: {report.get('kept', 0)} faces"]
    if report.get("left_out"):
        reasons = report["left_out"].items()
        words = ", ".join(f"{count} {word}" for word, count in reasons)
        said.append(f"left out: {words}")
    said += [
        f"left out: {reason}"
        for reason in report.get("no_face_reasons", {}).values()
    ]
    for reasons in (report.get("left_out_files"), report.get("other_files")):
        rest = "the rest left out" if said else "left out"
        said += [f"{rest}: {reason}" for reason in (reasons or {}).values()]
    return said


def names_in(folder):
    return sorted(
        os.path.relpath(os.path.join(where, name), folder)
        for where, _, files in os.walk(folder)
        for name in files
    )


def read_lines(path):
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return [json.loads(line) for line in text.split("\n") if line]


def counted(words):
    return ", ".join(
        f"{count} {word}" for word, count in collections.Counter(words).items()
    )


def say_faces(records):
    """What became of a file's faces, in words."""
    reasons = [record.get("left_out") for record in records]
    said = [f"used: {reasons.count(None)} faces"]
    if any(reasons):
        said.append(f"left out: {counted(filter(None, reasons))}")
    turned = [each for each in records if abs(each["roll"]) > 60]
    if turned:
        said.append(f"turned by {turned[0]['roll']:.0f} degrees")
    return said


def say_file(path, name, records, report):
    """What became of a file, in words; empty if nothing was said of it."""
    said = say_faces(records) if records else []
    if name in report["no_face_reasons"]:
        said.append(f"left out: {report['no_face_reasons'][name]}")
    for which in ("left_out_files", "other_files"):
        if name in report[which]:
            rest = "the rest left out" if records else "left out"
            said.append(f"{rest}: {report[which][name]}")
    if said:
        said += [f"note: {note}" for note in notes_of(path)]
    return said


def notes_of(path):
    if path.suffix.lower() in media.PHOTO_ENDINGS:
        return media.photo_notes(path)
    try:
        notes = media.probe_video(path)["notes"]
        return [note for note in notes if note.endswith(SEEN_IN_CROPS)]
    except (media.MediaError, OSError):
        return []


def write_sheet(path, folder, records):
    """A row of crops; those that are left out have a red frame."""
    most = np.linspace(0, len(records) - 1, min(len(records), CROPS_ON_A_SHEET))
    crops = []
    for record in [records[int(place)] for place in most]:
        crop = media.read_photo(folder / record["crop"])[::2, ::2].copy()
        if record.get("left_out"):
            crop[:4] = crop[-4:] = (255, 0, 0)
        crops.append(crop)
    media.write_image(path, np.concatenate(crops, axis=1))


def print_alone(folder, run, tracebacks, peak):
    """The table of files that were tried one by one."""
    if run.returncode:
        print(run.stderr)
    words = dict(map(json.loads, run.stdout.splitlines()))
    lost = 0
    for name in names_in(folder):
        said = words.get(name)
        lost += not said
        notes = [f"note: {note}" for note in notes_of(folder / name)]
        print(f"{name!r:<46} {'; '.join(said + notes) if said else 'LOST'}")
    result = {"files": len(names_in(folder)), "tracebacks": tracebacks}
    print(json.dumps({**result, "lost": lost, "peak_mib": round(peak)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default="../shared/data/awkward")
    parser.add_argument("--sheets", help="folder for pictures of the crops")
    parser.add_argument("--output", help="folder to keep the face set in")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--child", action="store_true", help="for itself")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder)
    if options.child:
        work = extract_alone if options.alone else extract
        return work(folder, pathlib.Path(options.output))
    with tempfile.TemporaryDirectory() as temporary:
        measure(folder, pathlib.Path(options.output or temporary), options)


def measure(folder, output, options):
    command = [sys.executable, "-m", "benchmarks.awkward", "--child"]
    command += ["--folder", str(folder), "--output", str(output)]
    command += ["--alone"] * options.alone
    run = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    tracebacks = run.stderr.count("Traceback (most recent call last)")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    if options.alone:
        return print_alone(folder, run, tracebacks, peak)
    faces = output / IDENTITY
    report = {"left_out_files": {}, "other_files": {}, "no_face_reasons": {}}
    if run.returncode:
        print(run.stderr)
    else:
        report = json.loads(run.stdout.splitlines()[-1])
    records, lost = read_lines(faces / face_records.RECORDS), []
    names = names_in(folder)
    for name in names:
        here = [record for record in records if record["file"] == name]
        said = say_file(folder / name, name, here, report)
        lost += [] if said else [name]
        print(f"{name!r:<46} {'; '.join(said) or 'LOST'}")
        if options.sheets and here:
            sheet = name.replace("/", "_") + ".png"
            write_sheet(pathlib.Path(options.sheets, sheet), faces, here)
    result = {"files": len(names), "tracebacks": tracebacks, "lost": len(lost)}
    print(json.dumps({**result, "peak_mib": round(peak)}))


if __name__ == "__main__":
    main()
