"""Choosing: all faces that were found in, who each is and which are of use out.

Nothing is deleted. Each record says whose face it is (`person`, a number) and
why it is no part of the face set (`left_out`); what was decided by hand wins.
"""

import pathlib

from helpers.faces import face_records, facesets, takes
from helpers.faces.face_set import FaceSet
from helpers.faces.sorting import corrections, face_reasons, grouping, repeats
from helpers.files import folder_lock, foreign_files, manifests

# Largest difference in grey levels of two pictures of the same (`repeats`).
# Grain of 12 grey levels, or a JPEG of quality 30, makes 2 to 3, a shift by
# half a pixel of 256 makes 2 to 6; half a blink 11 to 36, eyes that turn 12 to
# 36, a head by 3 degrees 12 to 63 (`benchmarks.choosing`).
LARGEST_REPEAT = 6

# the first that holds is the one that counts; by hand wins over all
REASONS = (
    "false detection",
    "landmarks in doubt",
    "too small",
    "cut off by the picture's edge",
    "blurred",
    "duplicate",
    "near-duplicate",
    "another person",
    "too dark",
    corrections.LEFT_OUT,
)


def choose_faces(folder, identity, person=None, progress=None):
    """Say of each face who it is, and why it is left out, if it is.

    Args:
        folder: str or path that `finding.find_faces` wrote to.
        identity: str, whose footage it is.
        person: int or str, or a list of them: the groups that are this
            identity, as `0`, or parts of one that may be several people, as
            `"0a"`; `None` for the group that is seen most.
        progress: called as `progress(faces done, faces)`, or `None`.

    Returns:
        dict: the report of the extraction with `kept`, `left_out` (reason to
        count), `train`, `test`, `useless_files` (those of whose faces none is
        of use by itself, name to reason and advice) and `people`, a list of
        dicts in the order of their numbers: `person`, `faces`, `tracks`,
        `file` and `time` of the first face, `kept`, and `parts`, a list of
        the same (each with its `name`) of those who may be several people,
        else empty.

    Raises:
        FileNotFoundError: if there are no faces, or a crop is gone.
        ValueError: if a crop cannot be read, if there is no such person among
            the groups, or if `by_hand.json` is broken.
        folder_lock.FolderError: if the folder cannot be written, or another
            run is writing into it.
    """
    folder = pathlib.Path(folder)
    home = facesets.home_of(folder, identity)
    _read_report(home)  # before a folder is made for a wrong name
    instead = f"Wait until the other run is done, or copy {home}."
    with folder_lock.locked_folder(home, instead):
        return _choose(folder, identity, person, progress)


def _choose(folder, identity, person, progress):
    home = folder / identity
    report = _read_report(home)
    stored = face_records.read_records(
        home / face_records.RECORDS, complete=True
    )
    records = [corrections.as_found(record) for record in stored]
    by_hand = corrections.read_corrections(home)
    face_set = FaceSet(identity, home, _contract_of(home), records)
    measures = face_reasons.measure_faces(face_set, progress)
    reasons = face_reasons.find_reasons(records, measures)
    people, parts = grouping.group_faces(face_set, reasons)
    chosen = _chosen_people(people, parts, person)
    is_chosen = [
        whose in chosen or name_part(whose, part) in chosen
        for whose, part in zip(people, parts, strict=True)
    ]
    own = [
        row
        for row, reason in enumerate(reasons)
        if reason is None
        and is_chosen[row]
        and measures["brightness"][row] >= face_reasons.LEAST_BRIGHTNESS
    ]
    share = report.get("held_out_share")  # reports of before do not say it
    if foreign_files.is_number(share) and 0 <= share < 1:
        takes.hold_out(records, own, share)
    _leave_out_others(records, measures, reasons, is_chosen)
    for row, record in enumerate(records):
        record["person"], record["part"] = people[row], parts[row]
        record["left_out"] = reasons[row]
    records = corrections.apply_corrections(records, by_hand)
    # the folder is unfinished until its manifest is written anew
    (folder / manifests.MANIFEST).unlink(missing_ok=True)
    face_records.write_records(home / face_records.RECORDS, records)
    report |= sum_up_faces(records)
    manifests.write_json(home / face_records.REPORT, report)
    return report


def _read_report(home):
    path = home / face_records.REPORT
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no {path}: the faces are missing or unfinished. Run "
            f"notebooks/{face_records.MADE_BY}.ipynb again."
        )
    return foreign_files.read_json(path, facesets.AGAIN_FOR_IT)


def _contract_of(home):
    if not (home / face_records.FILES).is_file():
        return manifests.data_contract()
    return facesets.contract_of(home)


def name_part(person, part):
    """What a person, or a part of one, is called: `0` or `"0a"`."""
    return person if part is None else f"{person}{part}"


def _chosen_people(people, parts, person):
    whole = sorted({each for each in people if each is not None})
    named = zip(people, parts, strict=True)
    known = {*whole, *(name_part(*each) for each in named)} - {None}
    if person is None:
        return {0}
    chosen = {person} if isinstance(person, int | str) else set(person)
    if not chosen or not chosen <= known:
        some = [*whole, *sorted(known - set(whole))]
        raise ValueError(
            "A person is one of the groups that were found, or a part of one, "
            f"{some}, or a list of them. Received: person={person!r}. "
            "plotting.plot_people shows who they are."
        )
    return chosen


def _leave_out_others(records, measures, reasons, is_chosen):
    """The reasons that need more than the face itself, put into `reasons`.

    Held-out faces go first: it is the training face that repeats one which is
    left out, and the test stays a test. A rendered test frame is the truth of
    a swap of its twin (`FaceSet.pairs`), so it repeats nothing.
    """
    free = [row for row, reason in enumerate(reasons) if reason is None]
    order = sorted(free, key=lambda row: records[row]["split"] != "test")
    repeated = repeats.find_repeats(measures["looks"], order, LARGEST_REPEAT)
    for row in free:
        record = records[row]
        is_truth = record["split"] == "test" and record["frame_parameters"]
        if repeated[row] >= 0 and not is_truth:
            same = record["file"] == records[repeated[row]]["file"]
            reasons[row] = "near-duplicate" if same else "duplicate"
        elif not is_chosen[row]:
            reasons[row] = "another person"
        elif measures["brightness"][row] < face_reasons.LEAST_BRIGHTNESS:
            reasons[row] = "too dark"


def sum_up_faces(records):
    """What a report says of the faces of an identity.

    Args:
        records: list of dicts.

    Returns:
        dict of `kept`, `left_out`, `train`, `test`, `useless_files` and
        `people`, see `choose_faces`.
    """
    kept = [each for each in records if each["left_out"] is None]
    reasons = [each["left_out"] for each in records]
    return {
        "kept": len(kept),
        "left_out": {
            reason: reasons.count(reason)
            for reason in REASONS
            if reason in reasons
        },
        "train": sum(each["split"] == "train" for each in kept),
        "test": sum(each["split"] == "test" for each in kept),
        "useless_files": _useless_files(records),
        "people": _sum_up_people(records),
    }


def _useless_files(records):
    """Files all of whose faces have a fault, with that of the first one."""
    faults = {}
    for record in records:
        faults.setdefault(record["file"], []).append(record["left_out"])
    return {
        file: f"{reasons[0]}. {face_reasons.ADVICE[reasons[0]]}"
        for file, reasons in faults.items()
        if set(reasons) <= set(face_reasons.ADVICE)
    }


def _sum_up_people(records):
    people = {}
    for record in records:
        if record["person"] is not None:
            people.setdefault(record["person"], []).append(record)
    result = []
    for number, faces in sorted(people.items()):
        parts = {}
        for face in faces:
            if face.get("part") is not None:  # face sets of before have none
                parts.setdefault(face["part"], []).append(face)
        summed = {"person": number, **_sum_up(faces), "parts": []}
        for part, own in sorted(parts.items()):
            name = name_part(number, part)
            summed["parts"].append({"name": name, **_sum_up(own)})
        result.append(summed)
    return result


def _sum_up(faces):
    return {
        "faces": len(faces),
        "tracks": len({face["track"] for face in faces}),
        "file": faces[0]["file"],
        "time": faces[0]["time"],
        "kept": sum(face["left_out"] is None for face in faces),
    }
