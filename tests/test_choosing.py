"""Choosing: planted faces of no use are found, and nothing else."""

import json

import cv2
import numpy as np
import pytest
from face_footage import FaceFolder, blurred, jpeg, noisy, shot

from helpers import plotting
from helpers.faces import detection, facesets
from helpers.faces.sorting import (
    choosing,
    corrections,
    extraction,
    extraction_text,
    hand_sorting,
)
from helpers.files import manifests

CONTRACT = manifests.data_contract()


def reasons(faces):
    return [record["left_out"] for record in faces.read()]


@pytest.fixture
def faces(tmp_path):
    """Nine good faces of one person, in three lights."""
    faces = FaceFolder(tmp_path)
    faces.add_person(1, (1, 2, 3))
    return faces


def test_good_faces_of_one_person_are_all_kept(faces):
    folder = faces.write()
    report = choosing.choose_faces(folder, "Ada")
    assert report["kept"] == 9 and report["left_out"] == {}
    assert (report["train"], report["test"], report["faces"]) == (9, 0, 9)
    assert report["people"] == [
        {
            "person": 0,
            "faces": 9,
            "tracks": 3,
            "file": "1.mp4",
            "time": 0.0,
            "kept": 9,
            "parts": [],
        }
    ]
    assert json.loads((faces.home / "report.json").read_text()) == report
    assert {record["person"] for record in faces.read()} == {0}


def test_each_planted_fault_is_found_and_named(faces):
    picture, landmarks = shot(1, 4)
    small = cv2.resize(picture, (60, 60), interpolation=cv2.INTER_AREA)
    wall = np.full_like(picture, 128)
    wall[::9] = 60
    planted = {
        faces.add(blurred(picture, 4), landmarks, "a.mp4"): "blurred",
        faces.add(small, landmarks * 60 / 224, "b.mp4"): "too small",
        faces.add(wall, landmarks, "c.mp4"): "false detection",
        faces.add(picture // 8, landmarks, "d.mp4"): "too dark",
    }
    edge = faces.add(picture, landmarks, "e.mp4", outside=0.4)
    planted[edge] = "cut off by the picture's edge"
    report = choosing.choose_faces(faces.write(), "Ada")
    found = dict(enumerate(reasons(faces)))
    assert {row: found[row] for row in planted} == planted
    assert report["kept"] == 9 and sum(report["left_out"].values()) == 5
    assert list(report["left_out"]) == [
        reason for reason in choosing.REASONS if reason in planted.values()
    ]
    # nothing is deleted
    assert len(list(faces.home.glob("crops/*.jpg"))) == len(faces.records)


def test_a_blurred_face_is_no_sharper_for_its_grain(faces):
    picture, landmarks = shot(1, 4)
    blur = faces.add(noisy(blurred(picture, 4), 12), landmarks, "a.mp4")
    grain = faces.add(noisy(picture, 12), landmarks, "b.mp4")
    choosing.choose_faces(faces.write(), "Ada")
    assert reasons(faces)[blur] == "blurred" and reasons(faces)[grain] is None


def test_repeats_are_left_out_and_blinks_are_kept(faces):
    picture, landmarks = shot(1, 4, blink=0.0, gaze_x=0.0)
    first = faces.add(picture, landmarks, "a.mp4")
    again = faces.add(noisy(picture, 6), landmarks, "a.mp4", 1)
    renamed = faces.add(jpeg(picture, 60), landmarks + 0.2, "copy.jpg")
    kept = [
        faces.add(*shot(1, 4, blink=1.0, gaze_x=0.0), "a.mp4", 2),
        faces.add(*shot(1, 4, blink=0.0, gaze_x=0.8), "a.mp4", 3),
        faces.add(*shot(1, 4, blink=0.0, gaze_x=0.0, jaw=0.6), "a.mp4", 4),
    ]
    choosing.choose_faces(faces.write(), "Ada")
    found = reasons(faces)
    assert found[first] is None and [found[row] for row in kept] == [None] * 3
    assert found[again] == "near-duplicate" and found[renamed] == "duplicate"


def test_of_two_alike_the_training_face_is_left_out(faces):
    picture, landmarks = shot(1, 4)
    train = faces.add(picture, landmarks, "a.mp4")
    test = faces.add(noisy(picture, 3), landmarks, "b.mp4", split="test")
    report = choosing.choose_faces(faces.write(), "Ada")
    assert reasons(faces)[train] == "duplicate"
    assert reasons(faces)[test] is None and report["test"] == 1


def test_rendered_test_frames_stay_as_the_truth_of_swaps(faces):
    picture, landmarks = shot(1, 4)
    rows = [
        faces.add(
            noisy(picture, 3, frame),
            landmarks,
            "test_000.mp4",
            frame,
            split="test",
            frame_parameters={"yaw": frame},
        )
        for frame in range(3)
    ]
    choosing.choose_faces(faces.write(), "Ada")
    assert [reasons(faces)[row] for row in rows] == [None] * 3


@pytest.fixture
def two_people(faces):
    """Nine faces of one person and four of another."""
    return faces, faces.add_person(2, (5, 6), "other_{seed}.mp4", frames=2)


def test_another_person_is_left_out_until_asked_for(two_people):
    faces, others = two_people
    folder = faces.write()
    choosing.choose_faces(folder, "Ada")
    for row, record in enumerate(faces.read()):
        expected = "another person" if row in others else None
        assert record["left_out"] == expected
        assert (record["person"] > 0) == (row in others)
    number = faces.read()[others[0]]["person"]
    report = choosing.choose_faces(folder, "Ada", person=number)
    assert report["kept"] == report["people"][number]["kept"] > 0
    everybody = [each["person"] for each in report["people"]]
    report = choosing.choose_faces(folder, "Ada", person=everybody)
    assert report["kept"] == 13


def test_a_part_of_a_doubtful_person_can_be_taken_alone(
    two_people, monkeypatch
):
    faces, others = two_people

    def group_faces(face_set, reasons):
        count = len(face_set.records)
        parts = ["b" if row in others else "a" for row in range(count)]
        return [0] * count, parts

    monkeypatch.setattr(choosing.grouping, "group_faces", group_faces)
    folder = faces.write()
    report = choosing.choose_faces(folder, "Ada")
    assert report["kept"] == 13
    (person,) = report["people"]
    assert [each["name"] for each in person["parts"]] == ["0a", "0b"]
    assert [each["faces"] for each in person["parts"]] == [9, 4]
    text = "\n".join(extraction_text._doubts("Ada", report))
    assert "0b (4 faces, first in other_5.mp4)" in text
    assert 'PERSON = {"Ada": ["0a"]}' in text
    report = choosing.choose_faces(folder, "Ada", person="0a")
    assert report["kept"] == 9
    assert report["left_out"] == {"another person": 4}
    assert choosing.choose_faces(folder, "Ada", ["0a", "0b"])["kept"] == 13
    with pytest.raises(ValueError, match=r"\[0, '0a', '0b'\].*'0c'"):
        choosing.choose_faces(folder, "Ada", "0c")
    # by hand, too: the parts are people there
    by_hand = hand_sorting.HandSorting(folder, "Ada")
    assert list(by_hand.people()) == ["0a", "0b"]
    assert by_hand.rows("0b") == others and by_hand.rows(0) == list(range(13))
    assert by_hand.pick_people(["0b"])["kept"] == 4
    plotting.plot_people(facesets.read_all_faces(folder, "Ada"))


def test_what_is_held_out_shows_the_person_who_is_asked_for(two_people):
    faces, others = two_people
    folder = faces.write()
    path = faces.home / "report.json"
    report = {**json.loads(path.read_text()), "held_out_share": 0.5}
    path.write_text(json.dumps(report))

    def held_out():
        return {
            each["file"] for each in faces.read() if each["split"] == "test"
        }

    # of the first three files and the last two every second is held out
    assert choosing.choose_faces(folder, "Ada")["test"] == 3
    assert held_out() == {"2.mp4"}
    number = faces.read()[others[0]]["person"]
    report = choosing.choose_faces(folder, "Ada", person=number)
    assert 0 < report["test"] < report["kept"] and held_out() == {"other_6.mp4"}
    assert choosing.choose_faces(folder, "Ada")["test"] == 3


def test_a_person_who_was_not_found_is_an_error(faces):
    folder = faces.write()
    before = (faces.home / "faces.jsonl").read_bytes()
    for wrong in (7, [0, 7], []):
        with pytest.raises(ValueError, match=r"\[0\].*person="):
            choosing.choose_faces(folder, "Ada", person=wrong)
    assert (faces.home / "faces.jsonl").read_bytes() == before
    with pytest.raises(FileNotFoundError, match="report.json"):
        choosing.choose_faces(folder, "Bob")
    assert not (folder / "Bob").exists()


def test_what_a_hand_decided_wins(two_people):
    faces, others = two_people
    folder = faces.write()
    chosen = [
        {
            "file": record["file"],
            "frame": record["frame"],
            "face": 0,
            "take": take,
        }
        for record, take in (
            (faces.records[0], False),
            (faces.records[others[0]], True),
        )
    ]
    corrections.write_corrections(faces.home, chosen)
    for _ in range(2):
        report = choosing.choose_faces(folder, "Ada")
        assert reasons(faces)[0] == "left out by hand"
        assert reasons(faces)[others[0]] is None
        assert report["left_out"]["left out by hand"] == 1
        assert report["kept"] == 9


def test_the_same_faces_give_the_same_bytes(two_people):
    faces, _ = two_people
    folder = faces.write()
    written = []
    for _ in range(2):
        (folder / manifests.MANIFEST).write_text("{}")
        choosing.choose_faces(folder, "Ada")
        assert not (folder / manifests.MANIFEST).exists()
        written.append(
            [
                (faces.home / name).read_bytes()
                for name in ("faces.jsonl", "report.json")
            ]
        )
    assert written[0] == written[1]


def test_no_face_at_all_is_no_error_here(tmp_path):
    faces = FaceFolder(tmp_path)
    report = choosing.choose_faces(faces.write(), "Ada")
    assert report["kept"] == 0 and report["people"] == []


def test_folded_hands_are_no_face_and_the_speaker_is_kept(
    shared_data, tmp_path
):
    extraction.extract_faces(
        shared_data / "people/person_c",
        tmp_path,
        CONTRACT,
        detection.FaceDetector(0.12),
        "c",
        every=4,
    )
    report = json.loads((tmp_path / "c/report.json").read_text())
    assert report["kept"] >= 110
    hands = report["left_out"].get("false detection", 0)
    assert report["faces"] - report["kept"] <= hands + 12
