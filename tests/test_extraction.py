"""Extraction: footage in, faces out; every frame, every reason, every break."""

import json

import numpy as np
import pytest
from footage import (
    CONTRACT,
    LANDMARKS,
    FakeDetector,
    extract,
    film,
    picture,
    read_all_files,
    write_footage,
)

from helpers import (
    alignment,
    consent,
    detection,
    extraction,
    face_finder,
    facesets,
    manifests,
    media,
)


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


def test_a_record_says_where_its_crop_comes_from(footage, tmp_path):
    extract(footage, tmp_path / "faces")
    extract(footage, tmp_path / "faces", "Bob")
    facesets.write_face_sets(tmp_path / "faces", ["Ada", "Bob"], CONTRACT)
    faces = facesets.read_face_set(tmp_path / "faces", "Ada")
    record = next(
        each
        for each in faces.records
        if each["file"] == "train_000.mp4" and each["frame"] == 3
    )
    assert record["time"] == pytest.approx(3 / 25)
    assert record["take"] == "train_000.mp4" and record["split"] == "train"
    assert record["frame_parameters"] == {"yaw": 3}
    np.testing.assert_allclose(record["landmarks"], LANDMARKS)
    matrix = alignment.crop_matrix(LANDMARKS, CONTRACT)
    np.testing.assert_allclose(record["matrix"], matrix)
    crop_path = faces.folder / record["crop"]
    assert manifests.file_sha256(crop_path) == record["sha256"]
    crop = alignment.cut_crop(picture(120), matrix, 64)
    assert np.abs(media.read_photo(crop_path) - crop.astype(int)).mean() < 8
    photo = next(each for each in faces.records if each["file"] == "z4.png")
    assert photo["faces_in_frame"] == 2 and photo["time"] is None


def test_the_true_mask_is_warped_like_its_crop(footage, tmp_path):
    extract(footage, tmp_path / "faces")
    lines = (tmp_path / "faces/Ada/faces.jsonl").read_text().splitlines()
    record = json.loads(lines[0])
    mask = media.read_photo(tmp_path / "faces/Ada" / record["mask"])[..., 0]
    edge = alignment.transform_points(record["matrix"], [[48, 39.5]])[0, 1]
    below = int(np.ceil(edge)) + 2
    assert mask[: below - 4].max() == 0 and mask[below, 10:54].min() == 255


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


@pytest.mark.parametrize("break_after", [1, 7, 11, 15])
def test_an_interrupted_run_resumes_to_the_same_files(
    footage, tmp_path, monkeypatch, break_after
):
    monkeypatch.setattr(face_finder, "CHUNK_FRAMES", 3)
    monkeypatch.setattr(face_finder, "PART_FRAMES", 4)
    extract(footage, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        extract(
            footage,
            tmp_path / "broken",
            detector=FakeDetector(break_after=break_after),
        )
    # a process that is killed leaves half a line and a crop without record
    with open(tmp_path / "broken/Ada/faces.jsonl", "a") as file:
        file.write('{"crop": "crops/0000')
    again = FakeDetector()
    extract(footage, tmp_path / "broken", detector=again)
    assert read_all_files(tmp_path / "broken") == read_all_files(
        tmp_path / "whole"
    )
    if break_after == 15:
        assert again.seen < 10  # what was finished was not looked at again


def test_a_finished_set_is_not_extracted_again(footage, tmp_path):
    first = extract(footage, tmp_path / "faces")
    before = read_all_files(tmp_path / "faces")
    detector = FakeDetector()
    assert extract(footage, tmp_path / "faces", detector=detector) == first
    assert detector.seen == 0
    assert read_all_files(tmp_path / "faces") == before


def test_new_footage_and_new_settings_are_noticed(footage, tmp_path):
    extract(footage, tmp_path / "faces")
    media.write_image(footage / "zzz.png", picture(90))
    detector = FakeDetector()
    report = extract(footage, tmp_path / "faces", detector=detector)
    assert report["kept"] == 20 and detector.seen < 20
    extract(footage, tmp_path / "faces", every=2)
    extract(footage, tmp_path / "faces2", every=2)
    assert read_all_files(tmp_path / "faces") == read_all_files(
        tmp_path / "faces2"
    )


def test_frames_are_thinned_out_evenly(footage, tmp_path):
    report = extract(footage, tmp_path / "faces", max_faces=8)
    assert report["every"] == {"frames": 3, "photos": 3}
    assert report["kept"] <= 8 and report["train"] and report["test"]


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


def test_a_full_disk_passes_and_leaves_no_half_crop(
    footage, tmp_path, monkeypatch
):
    def full_disk(path, content):
        with open(path, "wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", full_disk)
        with pytest.raises(OSError, match="disk .* is full. Make room"):
            extract(footage, tmp_path / "faces")
    assert not list((tmp_path / "faces/Ada").rglob("*.jpg"))
    extract(footage, tmp_path / "faces")


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
