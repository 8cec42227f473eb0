"""Finding: every face recorded, whatever breaks off, at a bearable pace."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

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

from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces import (
    detection,
    face_finder,
    face_records,
    facesets,
    finding,
    record_writer,
    takes,
)
from helpers.faces.boxes import face_box
from helpers.faces.tracker import Tracker
from helpers.files import folder_lock, manifests
from helpers.footage import media

pytestmark = pytest.mark.usefixtures("every_face_counts")


@pytest.fixture
def footage(tmp_path):
    return write_footage(tmp_path / "footage")


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
    crop = cut_crop(picture(120), matrix, 64)
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


@pytest.mark.parametrize("break_after", [1, 7, 11, 15])
def test_an_interrupted_run_resumes_to_the_same_files(
    footage, tmp_path, monkeypatch, break_after
):
    monkeypatch.setattr(face_finder, "CHUNK_FRAMES", 3)
    monkeypatch.setattr(face_finder, "PART_FRAMES", 4)
    first = FakeDetector()
    extract(footage, tmp_path / "whole", detector=first)
    with pytest.raises(KeyboardInterrupt):
        extract(
            footage,
            tmp_path / "broken",
            detector=FakeDetector(break_after=break_after),
        )
    again = FakeDetector()
    extract(footage, tmp_path / "broken", detector=again)
    assert read_all_files(tmp_path / "broken") == read_all_files(
        tmp_path / "whole"
    )
    if break_after == 15:
        assert (
            again.seen < first.seen - 6
        )  # what was finished was not looked at again


class Killed(BaseException):
    """The process ends here, whatever it was about to do."""


def kill_at(patch, stop):
    """Let the `stop`th step on the disk fail half way; count the steps."""
    steps = []

    def step(half):
        steps.append(half)
        if len(steps) == stop:
            half()
            raise Killed

    def patched(module, name, half):
        whole = getattr(module, name)

        def function(*args):
            step(lambda: half(*args))
            return whole(*args)

        patch.setattr(module, name, function)

    def half_a_file(path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[: len(content) // 2])

    def half_a_line(path, text):
        with open(path, "a", encoding="utf-8") as file:
            file.write(text[: len(text) // 2])

    patched(record_writer, "_write_bytes", half_a_file)
    patched(record_writer, "_append", half_a_line)
    patched(manifests.os, "replace", lambda *_: None)
    patched(FakeDetector, "detect", lambda *_: None)
    return steps


def test_killed_at_any_step_it_comes_out_the_same(tmp_path, monkeypatch):
    """A clip longer than a part, photos that share one, two faces in one."""
    monkeypatch.setattr(face_finder, "CHUNK_FRAMES", 2)
    monkeypatch.setattr(face_finder, "PART_FRAMES", 4)
    folder = tmp_path / "footage"
    film(folder / "a.mp4", 6)
    media.write_image(folder / "b.png", picture(100))
    media.write_image(folder / "c.png", picture(250))
    with monkeypatch.context() as patch:
        steps = kill_at(patch, None)
        extract(folder, tmp_path / "whole")
    whole = read_all_files(tmp_path / "whole")
    for stop in range(1, len(steps) + 1):
        output = tmp_path / f"killed_{stop}"
        with monkeypatch.context() as patch:
            kill_at(patch, stop)
            with pytest.raises(Killed):
                extract(folder, output)
        extract(folder, output)
        assert read_all_files(output) == whole, stop
    assert len(steps) > 30


def test_killed_by_the_system_it_goes_on_in_the_middle_of_a_clip(
    tmp_path, monkeypatch
):
    film(tmp_path / "footage" / "long.mp4", 60)
    code = (
        "import os, sys; sys.path.insert(0, 'tests')\n"
        "from footage import FakeDetector, extract\n"
        "from helpers.faces import face_finder, record_writer\n"
        "face_finder.CHUNK_FRAMES, face_finder.PART_FRAMES = 8, 16\n"
        "write = record_writer.RecordWriter.write_face\n"
        "def face(self, *args):\n"
        "    write(self, *args)\n"
        "    self.faces == 40 and os.kill(os.getpid(), 9)\n"
        "record_writer.RecordWriter.write_face = face\n"
        f"extract({str(tmp_path / 'footage')!r}, {str(tmp_path / 'a')!r})\n"
    )
    root = pathlib.Path(__file__).parent.parent
    killed = subprocess.run([sys.executable, "-c", code], cwd=root)
    assert killed.returncode == -9
    monkeypatch.setattr(face_finder, "CHUNK_FRAMES", 8)
    monkeypatch.setattr(face_finder, "PART_FRAMES", 16)
    again = FakeDetector()
    extract(tmp_path / "footage", tmp_path / "a", detector=again)
    whole = FakeDetector()
    extract(tmp_path / "footage", tmp_path / "b", detector=whole)
    assert read_all_files(tmp_path / "a") == read_all_files(tmp_path / "b")
    assert again.seen <= whole.seen / 2  # 32 of 60 frames were safe


def test_a_file_longer_or_shorter_than_it_says_is_read_as_it_is(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(face_finder, "CHUNK_FRAMES", 4)
    monkeypatch.setattr(face_finder, "PART_FRAMES", 8)
    film(tmp_path / "footage" / "a.mp4", 20)
    film(tmp_path / "footage" / "b.mp4", 3)
    for claimed in (1, 500):
        monkeypatch.setattr(takes, "_estimate_frames", lambda _, n=claimed: n)
        output = tmp_path / f"faces_{claimed}"
        report = extract(tmp_path / "footage", output, held_out_share=0)
        assert report["frames"] == report["kept"] == 23
        detector = FakeDetector(break_after=8)
        output = tmp_path / f"broken_{claimed}"
        with pytest.raises(KeyboardInterrupt):
            extract(
                tmp_path / "footage", output, "Ada", detector, held_out_share=0
            )
        extract(tmp_path / "footage", output, held_out_share=0)
        assert read_all_files(output) == read_all_files(
            tmp_path / f"faces_{claimed}"
        )


def test_a_finished_set_is_not_extracted_again(footage, tmp_path):
    first = extract(footage, tmp_path / "faces")
    before = read_all_files(tmp_path / "faces")
    detector = FakeDetector()
    assert extract(footage, tmp_path / "faces", detector=detector) == first
    assert detector.seen == 0
    assert read_all_files(tmp_path / "faces") == before


def test_new_footage_and_new_settings_are_noticed(footage, tmp_path):
    first, detector = FakeDetector(), FakeDetector()
    extract(footage, tmp_path / "faces", detector=first)
    media.write_image(footage / "zzz.png", picture(90))
    report = extract(footage, tmp_path / "faces", detector=detector)
    assert report["kept"] == 20 and detector.seen < first.seen
    extract(footage, tmp_path / "faces", every=2)
    extract(footage, tmp_path / "faces2", every=2)
    assert read_all_files(tmp_path / "faces") == read_all_files(
        tmp_path / "faces2"
    )


def test_frames_are_thinned_out_evenly(footage, tmp_path):
    report = extract(footage, tmp_path / "faces", max_faces=8)
    assert report["every"] == {"frames": 3, "photos": 3}
    assert report["kept"] <= 8 and report["train"] and report["test"]


def test_a_full_disk_passes_and_leaves_no_half_crop(
    footage, tmp_path, monkeypatch
):
    write = pathlib.Path.write_bytes

    def full_disk(path, content):
        if path.name == "000005.jpg":
            write(path, content[:10])
            raise OSError(28, "No space left on device")
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", full_disk)
        with pytest.raises(OSError, match="is full. Make room.*what Ada holds"):
            extract(footage, tmp_path / "faces")
    assert len(list((tmp_path / "faces/Ada").rglob("*.jpg"))) == 5
    extract(footage, tmp_path / "faces")
    extract(footage, tmp_path / "whole")
    assert read_all_files(tmp_path / "faces") == read_all_files(
        tmp_path / "whole"
    )


def test_a_full_disk_is_said_before_anything_is_detected(
    footage, tmp_path, monkeypatch
):
    def full_disk(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full_disk)
    detector = FakeDetector()
    with pytest.raises(folder_lock.FolderError, match="is full. Make room"):
        extract(footage, tmp_path / "faces", detector=detector)
    assert detector.seen == 0


def test_a_second_run_on_the_same_identity_is_told(footage, tmp_path):
    told = f"process {os.getpid()}.*Wait for it.*another output folder"

    def progress(*_):
        with pytest.raises(folder_lock.FolderError, match=told):
            extract(footage, tmp_path / "faces")
        extract(footage, tmp_path / "faces", "Bob")

    extract(footage, tmp_path / "faces", progress=progress)
    whole = tmp_path / "faces/Ada", tmp_path / "faces/Bob"
    assert read_all_files(whole[0]) == read_all_files(whole[1])


def read_records(output, identity="Ada"):
    return face_records.read_records(output / identity / face_records.RECORDS)


def test_all_faces_are_recorded_those_that_matter_most_first(footage, tmp_path):
    report = extract(footage, tmp_path / "faces")
    records = read_records(tmp_path / "faces")
    assert report["faces"] == len(records) == 20
    both = [each for each in records if each["file"] == "z4.png"]
    assert [each["face"] for each in both] == [0, 1]
    assert both[0]["eyes"] == pytest.approx(26)
    assert both[1]["eyes"] == pytest.approx(13)
    assert [each["track"] for each in both] == ["z4.png#0.0", "z4.png#0.1"]
    assert both[0]["left_out"] is None and both[1]["left_out"]
    for record in records:
        assert (tmp_path / "faces/Ada" / record["crop"]).is_file()
        assert 0 <= record["outside"] <= 1 and record["score"] == 0.98
        assert list(record["box"]) == pytest.approx(
            face_box(record["landmarks"])
        )
    clip = [each for each in records if each["file"] == "train_000.mp4"]
    assert {each["track"] for each in clip} == {"train_000.mp4#0.0"}
    assert all(each["frame_parameters"] for each in clip)


def test_tracks_end_at_cuts_and_at_the_ends_of_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(face_finder, "PART_FRAMES", 16)
    shots = [picture(60)] * 6 + [picture(140)] * 14
    media.write_video(tmp_path / "footage" / "a.mp4", shots, 25)
    extract(tmp_path / "footage", tmp_path / "faces", held_out_share=0)
    tracks = [each["track"] for each in read_records(tmp_path / "faces")]
    assert tracks == ["a.mp4#0.0"] * 6 + ["a.mp4#6.0"] * 10 + ["a.mp4#16.0"] * 4


def test_every_fifth_frame_is_detected_and_none_between(tmp_path):
    film(tmp_path / "footage" / "a.mp4", 32)
    detector = FakeDetector()
    report = extract(
        tmp_path / "footage", tmp_path / "faces", detector=detector, every=5
    )
    records = read_records(tmp_path / "faces")
    assert [each["frame"] for each in records] == [0, 5, 10, 15, 20, 25, 30]
    assert records[1]["time"] == pytest.approx(0.2)
    # 8 frames from one detection to the next are one of those
    assert detector.seen == report["frames"] == 7


def test_large_frames_are_followed_few_at_a_time(tmp_path, monkeypatch):
    lengths = []
    add_frames = Tracker.add_frames

    def watched(self, chunk, begins=()):
        lengths.append(len(chunk))
        return add_frames(self, chunk, begins)

    monkeypatch.setattr(Tracker, "add_frames", watched)
    film(tmp_path / "footage" / "a.mp4", 70)
    extract(tmp_path / "footage", tmp_path / "faces")
    assert lengths == [64, 6]
    # as if these frames were eight of 4K
    pixels = 90 * 96 * 8
    monkeypatch.setattr(face_finder, "CHUNK_PIXELS", pixels)
    extract(tmp_path / "footage", tmp_path / "large")
    assert lengths[2:] == [8] * 8 + [6]
    assert 8 * 3840 * 2160 <= 68_000_000 < 9 * 3840 * 2160


def test_a_hard_cut_between_two_people_parts_their_tracks(
    shared_data, tmp_path
):
    clip = "hard_cut_between_two_people.mp4"
    (tmp_path / "footage").mkdir()
    shutil.copy(shared_data / "awkward/videos" / clip, tmp_path / "footage")
    finding.find_faces(
        tmp_path / "footage",
        tmp_path / "faces",
        CONTRACT,
        detection.FaceDetector(),
        "Ada",
    )
    records = read_records(tmp_path / "faces")
    main = [each for each in records if each["face"] == 0]
    tracks = list(dict.fromkeys(each["track"] for each in main))
    assert len(tracks) >= 2
    first = [each["frame"] for each in main if each["track"] == tracks[0]]
    last = [each["frame"] for each in main if each["track"] == tracks[-1]]
    assert max(first) < min(last)


def test_two_people_side_by_side_have_two_tracks(shared_data, tmp_path):
    clip = "two_faces_side_by_side.mp4"
    (tmp_path / "footage").mkdir()
    shutil.copy(shared_data / "awkward/videos" / clip, tmp_path / "footage")
    report = finding.find_faces(
        tmp_path / "footage",
        tmp_path / "faces",
        CONTRACT,
        detection.FaceDetector(),
        "Ada",
        every=2,
    )
    records = read_records(tmp_path / "faces")
    assert report["several_faces"] >= 0.9 * report["frames"]
    sides = {}
    for record in records:
        left = np.mean(record["landmarks"], axis=0)[0]
        sides.setdefault(record["track"], []).append(left)
    large = [places for places in sides.values() if len(places) > 10]
    assert len(large) == 2
    assert all(np.ptp(places) < 100 for places in large)
    assert abs(np.mean(large[0]) - np.mean(large[1])) > 100


def test_reading_waits_while_much_is_not_worked_off(tmp_path, monkeypatch):
    (tmp_path / "footage").mkdir()
    for number in range(10, 22):
        media.write_image(tmp_path / f"footage/{number}.png", picture(90))
    expected = extract(tmp_path / "footage", tmp_path / "faces")["faces"]
    pixels = picture(90).shape[0] * picture(90).shape[1]
    # each photo is as much as a chunk may hold
    monkeypatch.setattr(face_finder, "CHUNK_PIXELS", pixels)
    monkeypatch.setattr(finding, "BLOCK_PIXELS", pixels // 4)
    monkeypatch.setattr(finding, "MOST_PIXELS", pixels * 3 // 2)
    read, waiting = [], []
    read_photo, follow = media.read_photo, face_finder.FaceFinder._follow

    def count_read(path):
        read.append(path)
        return read_photo(path)

    def count_waiting(finder):
        waiting.append(len(read) - finder.pixels_done // pixels)
        follow(finder)

    monkeypatch.setattr(media, "read_photo", count_read)
    monkeypatch.setattr(face_finder.FaceFinder, "_follow", count_waiting)
    found = extract(tmp_path / "footage", tmp_path / "again")["faces"]
    assert found == expected and len(read) == 12
    # one that is looked at, one that waits
    assert max(waiting) <= 2


@pytest.mark.parametrize(
    "numbers, told",
    [
        (("1", 0.1, None), "every should be a whole number.*every='1'"),
        ((0.5, 0.1, None), "every=0.5"),
        ((1, "0.1", None), "held_out_share should.*no quotation marks"),
        ((1, 1, None), "held_out_share=1"),
        ((1, 0.1, "5"), "max_faces should be a whole number.*max_faces='5'"),
        ((1, 0.1, 0), "max_faces=0"),
    ],
)
def test_numbers_of_another_kind_are_said(numbers, told):
    with pytest.raises(ValueError, match=told):
        finding.check_sampling(*numbers)
