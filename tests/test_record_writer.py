"""Records as they are written: what a broken-off run keeps, what it drops."""

import pytest

from helpers.faces import face_records, record_writer

SETTINGS = {"contract": {"crop_size": 64}, "detector": {}}


def plan(name, changed=1):
    return {"file": name, "bytes": 10, "changed": changed}


def entry(name, start=0, after=None, **counts):
    return {
        "plan": plan(name),
        "start": start,
        "next": after,
        "counts": dict.fromkeys(face_records.COUNTS, 0) | counts,
        "error": None,
    }


PLANS = [plan("clip.mp4"), plan("one.jpg"), plan("two.jpg")]


@pytest.fixture
def folder(tmp_path):
    """A long clip in two parts, then two photos in one: six faces."""
    writer = record_writer.RecordWriter(tmp_path, SETTINGS)
    assert writer.resume(PLANS) == (0, 0)
    parts = (
        [entry("clip.mp4", 0, 100, frames=100)],
        [entry("clip.mp4", 100, frames=50)],
        [entry("one.jpg", frames=1, faces=1), entry("two.jpg", frames=1)],
    )
    for files in parts:
        for number in range(2):
            record = {"split": "train", "file": files[0]["plan"]["file"]}
            writer.write_face(b"jpeg", b"png", {**record, "frame": number})
        writer.finish_part(files)
    return tmp_path


def resume(folder, plans=PLANS, settings=SETTINGS):
    writer = record_writer.RecordWriter(folder, settings)
    return writer.resume(plans), writer.faces, len(writer.parts)


def crops(folder):
    return sorted(path.stem for path in folder.glob("crops/*.jpg"))


def test_what_is_finished_is_kept_as_it_is(folder):
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert resume(folder) == ((3, 0), 6, 3)
    assert before == {
        p: p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
    records = face_records.read_records(folder / face_records.RECORDS)
    assert [each["crop"] for each in records] == [
        f"crops/{number:06d}.jpg" for number in range(6)
    ]
    assert list(records[0])[:2] == ["crop", "mask"]


def test_a_run_goes_on_in_the_middle_of_a_file(folder):
    path = folder / face_records.FILES
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2]) + lines[2][:20])
    assert resume(folder) == ((0, 100), 2, 1)
    assert crops(folder) == ["000000", "000001"]
    assert len(face_records.read_lines(folder / face_records.RECORDS)) == 2
    assert path.read_text() == "".join(lines[:2])


def test_records_that_are_missing_count_more_than_what_was_noted(folder):
    path = folder / face_records.RECORDS
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:3]) + lines[3][:9])
    assert resume(folder) == ((0, 100), 2, 1)
    assert path.read_text() == "".join(lines[:2])


def test_changed_files_and_settings_are_done_again(folder):
    changed = [*PLANS[:2], plan("two.jpg", changed=2)]
    assert resume(folder, changed) == ((1, 0), 4, 2)
    assert resume(folder, PLANS, {"contract": {}}) == ((0, 0), 0, 0)
    assert crops(folder) == []


def test_files_that_are_gone_and_new_ones_are_noticed(folder):
    assert resume(folder, [*PLANS, plan("three.jpg")]) == ((3, 0), 6, 3)
    assert resume(folder, PLANS[:2]) == ((1, 0), 4, 2)


def test_counts_are_summed_over_parts_and_a_file_counts_once(folder):
    parts = face_records.read_lines(folder / face_records.FILES)[1:]
    parts[2]["files"][1]["error"] = "cannot be read"
    report = record_writer.sum_up_parts(parts)
    assert report["files"] == 3 and report["frames"] == 152
    assert report["faces"] == 1
    assert report["left_out_files"] == {"two.jpg": "cannot be read"}
