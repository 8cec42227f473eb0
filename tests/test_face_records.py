"""Face records: a line each, and what is no record is named."""

import json

import pytest

from helpers.faces import face_records


def test_a_name_with_a_line_separator_is_one_line(tmp_path):
    records = [
        {"crop": "crops/a.jpg", "file": "a\u2028b", "split": "train"},
        {"crop": "crops/c.jpg", "split": "test"},
    ]
    path = tmp_path / face_records.RECORDS
    face_records.write_records(path, records)
    assert face_records.read_records(path) == records
    assert len(face_records.complete_lines(path)) == 2


@pytest.mark.parametrize("line", ["{", "[]", json.dumps({"crop": "x"})])
def test_a_line_that_is_no_record_is_named(tmp_path, line):
    path = tmp_path / face_records.RECORDS
    good = json.dumps({"crop": "crops/a.jpg", "split": "test"})
    path.write_text(f"{good}\n{line}\n")
    with pytest.raises(ValueError, match="Line 2 .*Delete the folder"):
        face_records.read_records(path)
    with pytest.raises(FileNotFoundError, match="01_data_generation"):
        face_records.read_records(tmp_path / "gone.jsonl")
