"""Choosing: which of the faces found are the person's, and good enough.

A stand-in: the face that matters most in each frame is the person's.
"""

import json
import pathlib

import numpy as np

from helpers import face_records, manifests

SMALLEST_EYES = 14
LARGEST_OUTSIDE = 0.3


def choose_faces(folder, identity, person=None):
    """Say of each face whose it is, and why it is left out, if it is.

    Args:
        folder: str or path that `extraction.find_faces` wrote to.
        identity: str.
        person: not used yet.

    Returns:
        dict: the report, with `kept`, `left_out`, `train` and `test`.
    """
    folder = pathlib.Path(folder)
    (folder / manifests.MANIFEST).unlink(missing_ok=True)
    path = folder / identity / face_records.RECORDS
    records = face_records.read_records(path)
    for record in records:
        record["person"] = 0 if record["face"] == 0 else 1
        record["left_out"] = _reason(record)
    face_records.write_records(path, records)
    report_path = folder / identity / face_records.REPORT
    report = json.loads(report_path.read_text(encoding="utf-8"))
    kept = [each for each in records if each["left_out"] is None]
    reasons = [each["left_out"] for each in records if each["left_out"]]
    report["kept"] = len(kept)
    report["left_out"] = {
        reason: reasons.count(reason) for reason in sorted(set(reasons))
    }
    for split in ("train", "test"):
        report[split] = sum(each["split"] == split for each in kept)
    manifests.write_json(report_path, report)
    return report


def _reason(record):
    if record["eyes"] < SMALLEST_EYES:
        return "too small"
    if record["outside"] > LARGEST_OUTSIDE or np.min(record["landmarks"]) < 0:
        return "cut off by the picture's edge"
    return "another person" if record["person"] else None
