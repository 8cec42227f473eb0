"""Extraction: footage in, a face set out; every split, every reason."""

import json

import pytest
from footage import (
    CONTRACT,
    LANDMARKS,
    FakeDetector,
    extract,
    film,
    picture,
    write_footage,
)

from helpers.faces import detection
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.footage import consent, listing, media

pytestmark = pytest.mark.usefixtures("every_face_counts")


@pytest.fixture
def footage(tmp_path):
    return write_footage(tmp_path / "footage")


def test_the_report_counts_every_frame_and_every_reason(footage, tmp_path):
    report = extract(footage, tmp_path / "faces")
    assert report["files"] == 9 and report["frames"] == 20
    assert (report["no_face"], report["one_face"]) == (1, 18)
    assert report["several_faces"] == 1 and report["kept"] == 19
    assert list(report["other_files"]) == ["notes.txt"]
    assert list(report["left_out_files"]) == ["zz_broken.jpg"]
    assert report["train"] + report["test"] == 19


def test_the_split_is_by_take_and_never_by_frame(footage, tmp_path):
    film(footage / "plain.mp4", 40)
    extract(footage, tmp_path / "faces", held_out_share=0.25)
    lines = (tmp_path / "faces/Ada/faces.jsonl").read_text().splitlines()
    takes, order = {}, {}
    for record in map(json.loads, lines):
        takes.setdefault(record["take"], set()).add(record["split"])
        order.setdefault(record["file"], []).append(record["split"])
    assert all(len(splits) == 1 for splits in takes.values())
    assert takes["test_000.mp4"] == {"test"}
    assert takes["train_000.mp4"] == {"train"}
    # a lone video: its last part is held out, in one piece
    assert order["plain.mp4"] == ["train"] * 30 + ["test"] * 10
    assert takes["photos held out"] == {"test"}


def test_of_many_videos_whole_ones_are_held_out(tmp_path):
    for index in range(8):
        film(tmp_path / "footage" / f"{index}.mp4", 2)
    extract(tmp_path / "footage", tmp_path / "faces", held_out_share=0.25)
    lines = (tmp_path / "faces/Ada/faces.jsonl").read_text().splitlines()
    held_out = {
        record["file"]
        for record in map(json.loads, lines)
        if record["split"] == "test"
    }
    assert held_out == {"3.mp4", "7.mp4"}


def test_small_and_cut_off_faces_are_left_out_with_their_reason(
    footage, tmp_path
):
    tiny = FakeDetector(LANDMARKS / 3)
    with pytest.raises(ValueError, match="too small"):
        extract(footage, tmp_path / "a", detector=tiny)
    edge = FakeDetector(LANDMARKS - (40, 0))
    with pytest.raises(ValueError, match="edge"):
        extract(footage, tmp_path / "b", detector=edge)


def test_a_broken_truth_costs_its_clip_only(footage, tmp_path):
    (footage / "train_000.truth.json").write_text("{")
    (footage / "test_000.masks.npz").write_bytes(b"PK\x03\x04 broken")
    report = extract(footage, tmp_path / "faces")
    assert sorted(report["left_out_files"]) == [
        "test_000.mp4",
        "train_000.mp4",
        "zz_broken.jpg",
    ]
    assert report["kept"] == 5


def test_nothing_usable_stops_with_advice(tmp_path):
    folder = tmp_path / "footage"
    media.write_image(folder / "black.png", picture(0))
    (folder / "broken.mp4").write_text("no video")
    with pytest.raises(ValueError, match="at least one face.*broken.mp4"):
        extract(folder, tmp_path / "faces")
    with pytest.raises(FileNotFoundError, match="no folder"):
        extract(tmp_path / "nowhere", tmp_path / "faces")
    for identity in ("", "../x", "a/b", ".x", "a" * 999):
        with pytest.raises(ValueError, match="identity"):
            extract(folder, tmp_path / "faces", identity)
    with pytest.raises(ValueError, match="every=0"):
        extract(folder, tmp_path / "faces", every=0)


def test_a_real_clip_becomes_a_face_set(shared_data, tmp_path):
    report = extraction.extract_faces(
        shared_data / "people" / "person_a",
        tmp_path / "faces",
        manifests.data_contract(),
        detection.FaceDetector(min_face_share=0.2),
        "person_a",
        max_faces=12,
    )
    assert report["frames"] and report["kept"] >= 0.9 * report["frames"]
    assert report["train"] and report["test"]


def test_a_consent_that_says_too_little_stops_before_any_work(
    footage, tmp_path
):
    (footage / consent.FILE).write_text('who = "Ada"')
    with pytest.raises(ValueError, match="should state"):
        extract(footage, tmp_path / "faces")
    assert not (tmp_path / "faces").exists()


def test_everybody_is_extracted_told_and_handed_over(footage, tmp_path, capsys):
    everybody = {name: listing.Footage(footage, []) for name in ("Ada", "Bob")}
    output = tmp_path / "faces"
    found = extraction.extract_people(
        everybody, output, CONTRACT, FakeDetector(), every=2
    )
    out = capsys.readouterr().out
    report = json.loads((output / "Ada" / "report.json").read_text())
    assert len(found["Ada"]) == report["faces"] > report["kept"]
    assert "kept" in out and "Ada, frames: " in out
    for reason, count in report["left_out"].items():
        assert f"{reason} {count}" in out
    sets = extraction.finish_face_sets(output, list(everybody), CONTRACT)
    assert {name: len(own) for name, own in sets.items()} == {
        "Ada": report["kept"],
        "Bob": report["kept"],
    }
    with pytest.raises(ValueError, match="PERSON"):
        extraction.extract_people(
            everybody, output, CONTRACT, FakeDetector(), {"Cay": 0}
        )
