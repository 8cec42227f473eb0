"""What a hand changed in a face set, kept apart from what a machine found.

`by_hand.json` lies beside `faces.jsonl`. Extraction and choosing may run again
and rewrite everything else: they end by `apply_corrections`, and by hand wins.
"""

import json
import pathlib

import numpy as np

from helpers import alignment
from helpers.faces.sorting.correction_checks import (
    RECUT,
    broken_corrections,
    check_corrections,
)
from helpers.files import manifests

FILE = "by_hand.json"
LEFT_OUT = "left out by hand"

LARGEST_FILE = 200_000_000  # bytes: of a million corrected faces
# a face counts as the same one within this share of its eyes' distance
NEAR = 1.0


def key_of(record):
    """By what a face is known: `(file, frame, face)`."""
    return record["file"], record["frame"], record.get("face", 0)


def place_of(record):
    """Middle of a face's landmarks as they were found, `[x, y]` in pixels."""
    return np.mean(as_found(record)["landmarks"], axis=0).tolist()


def as_found(record):
    """A record as it was before a hand changed it.

    Args:
        record: dict, a face's record.

    Returns:
        dict, a copy without the key `found`.
    """
    before = record.get("found", {})
    kept = {name: record[name] for name in record if name != "found"}
    return {**kept, **before}


def apply_corrections(records, corrections):
    """Records with what was changed by hand; nothing is read or written.

    What a hand replaces stays in the record's `found`, so that it can be
    taken back, and so that applying twice is applying once. Where only
    landmarks were moved, `left_out` stays as it is.

    Args:
        records: list of dicts, the faces of one identity, see
            `FaceSet`.
        corrections: list of dicts from `read_corrections`.

    Returns:
        list of dicts: new records in the same order.
    """
    result = [as_found(record) for record in records]
    for row, correction in match_corrections(result, corrections)[0].items():
        changes = {
            name: correction[name]
            for name in RECUT
            if name in correction and name in result[row]
        }
        if correction["take"] is not None:
            changes["left_out"] = None if correction["take"] else LEFT_OUT
        before = {name: result[row].get(name) for name in changes}
        result[row] = {**result[row], **changes, "found": before}
    return result


def match_corrections(records, corrections):
    """Which face each correction is about.

    The same place among a frame's faces may be another face when extraction
    ran with other settings, so it also has to be found at the same spot.

    Args:
        records: list of dicts.
        corrections: list of dicts from `read_corrections`.

    Returns:
        Tuple of `matched`, dict from row to correction, and `lost`, list of
        the corrections whose face is not found any more.
    """
    frames = {}
    if corrections:
        for row, record in enumerate(records):
            frames.setdefault(key_of(record)[:2], []).append(row)
    matched, lost = {}, []
    for correction in corrections:
        rows = [
            row
            for row in frames.get(key_of(correction)[:2], [])
            if row not in matched and _is_at(records[row], correction)
        ]
        # its own number first, else who is found at its place
        rows.sort(key=lambda row: key_of(records[row]) != key_of(correction))
        if rows:
            matched[rows[0]] = correction
        else:
            lost.append(correction)
    return matched, lost


def _is_at(record, correction):
    if "place" not in correction:
        return key_of(record) == key_of(correction)
    landmarks = np.asarray(as_found(record)["landmarks"])
    reach = NEAR * np.linalg.norm(landmarks[1] - landmarks[0])
    apart = landmarks.mean(axis=0) - correction["place"]
    return np.linalg.norm(apart) <= reach


# ---- the file


def read_corrections(folder, contract=None):
    """What a hand changed in one identity's faces.

    Args:
        folder: str or path that holds `faces.jsonl`.
        contract: dict, the data contract that the crops should follow, or
            `None`.

    Returns:
        list of dicts, empty without the file. Each has `file`, `frame`,
        `face`, `take` (true: part of the set, false: not, `None`: as found),
        `place` (see `place_of`), and where landmarks were moved `landmarks`,
        `matrix`, `crop`, `mask`, `sha256`, `yaw`, `pitch`, `roll`,
        `sharpness`, `eyes` and `outside`.

    Raises:
        ValueError: if the file is not what `write_corrections` writes.
        manifests.ContractError: if crops were cut under another contract.
    """
    path = pathlib.Path(folder) / FILE
    if not path.is_file():
        return []
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise ValueError(broken_corrections(path, f"{size} bytes"))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(broken_corrections(path, str(error)[:200])) from error
    if not isinstance(content, dict) or set(content) != {"corrections"}:
        raise ValueError(broken_corrections(path, f"{str(content)[:80]!r}"))
    corrections = content["corrections"]
    check_corrections(corrections, path)
    if contract is not None:
        _check_crops(corrections, contract, path)
    return corrections


def write_corrections(folder, corrections):
    """Write `by_hand.json` in one step; see `read_corrections`."""
    path = pathlib.Path(folder) / FILE
    corrections = sorted(corrections, key=key_of)
    check_corrections(corrections, path)
    # names of files may hold bytes that are no text, which JSON can escape
    text = json.dumps({"corrections": corrections}, indent=1)
    manifests.write_text(path, text + "\n")


def _check_crops(corrections, contract, path):
    for entry in corrections:
        if "landmarks" not in entry:
            continue
        try:
            expected = alignment.crop_matrix(entry["landmarks"], contract)
        except ValueError as error:
            raise ValueError(broken_corrections(path, error)) from error
        if not np.allclose(entry["matrix"], expected, atol=0.01):
            raise manifests.ContractError(
                f"{path} holds crops that were cut by hand under another "
                f"data contract, as of {entry['file']}. Received: "
                f"{entry['matrix']}, expected {expected.tolist()}. Extract "
                "under the contract of before, or move the file away and "
                "correct the faces anew."
            )
