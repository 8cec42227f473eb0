"""Grouping: who is who, without names."""

import json
import shutil

import numpy as np
import pytest
from face_footage import CONTRACT, FaceFolder, shot

from benchmarks import grouping as benchmark
from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces import detection, face_records, finding
from helpers.faces.face_set import FaceSet
from helpers.faces.readers import likeness
from helpers.faces.readers.likeness import build_likeness
from helpers.faces.sorting import choosing, grouping


def directions(people, tracks, spread=0.4, seed=0):
    """Vectors of some people, each seen in some tracks, and whose each is."""
    random = np.random.default_rng(seed)
    middles, _ = np.linalg.qr(random.normal(size=(80, people)))
    whose = np.repeat(np.arange(people), tracks)
    away = random.normal(size=(len(whose), 80)) * spread / np.sqrt(80)
    vectors = middles.T[whose] + away
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), whose


def group(vectors, weights=None, apart=()):
    weights = np.ones(len(vectors)) if weights is None else weights
    return grouping.group_tracks(vectors, weights, apart)


def test_who_is_alike_is_one_person_and_the_most_seen_is_0():
    vectors, whose = directions(3, 5)
    weights = np.choose(whose, (1.0, 3.0, 2.0))
    labels = group(vectors, weights)
    np.testing.assert_array_equal(labels, np.choose(whose, (2, 0, 1)))


def test_tracks_seen_in_one_frame_are_never_one_person():
    vectors, _ = directions(1, 6, spread=0.1)
    labels = group(vectors, apart=[(0, 1), (2, 1)])
    assert labels[0] != labels[1] != labels[2]
    assert len(set(labels)) == 2
    # not by being few either
    labels = group(vectors, weights=[9, 1, 9, 9, 9, 9], apart=[(0, 1)])
    assert labels[0] == 0 and labels[1] == 1


def test_few_join_many_that_they_are_somewhat_like():
    vectors, _ = directions(1, 8, spread=0.1)
    other = np.linalg.svd(vectors)[2][-1]  # like nothing of it
    somewhat = 0.72 * vectors[0] + np.sqrt(1 - 0.72**2) * other
    away = np.linalg.norm(vectors - somewhat, axis=1).mean()
    assert grouping.APART < away < grouping.APART_FROM_MOST
    everything = np.vstack([vectors, somewhat])
    assert set(group(everything)) == {0}
    assert group(np.vstack([vectors, other]))[-1] == 1
    # two that are seen as much stay apart
    assert group(everything, weights=[1] * 8 + [8])[-1] != 0


def at(distance, other=0):
    """A vector so far from the first direction, toward another one."""
    share = 1 - distance**2 / 2
    vector = np.zeros(8)
    vector[[0, 1 + other]] = share, np.sqrt(1 - share**2)
    return vector


def test_a_group_that_holds_loosely_is_said_to_be_several_people():
    near = [at(0.0), at(0.1), at(0.1, 1), at(0.1, 2)]
    joined = np.stack([*near, at(0.7, 3), at(0.7, 3)])
    labels = group(joined)
    assert set(labels) == {0}
    weights = np.ones(6)
    parts = grouping.part_tracks(joined, weights, labels)
    assert parts == ["a"] * 4 + ["b"] * 2
    # the larger one is the first, whoever comes first
    parts = grouping.part_tracks(joined, [1, 1, 1, 1, 9, 9], labels)
    assert parts == ["b"] * 4 + ["a"] * 2
    assert grouping.part_tracks(joined[:4], weights[:4], [0] * 4) == [None] * 4
    # of those who stand apart anyway nothing is said
    assert (
        grouping.part_tracks(joined, weights, [0] * 4 + [1] * 2) == [None] * 6
    )


def test_one_odd_look_of_a_track_counts_little(tmp_path, monkeypatch):
    looks = np.stack([at(0.05)] * 5 + [at(1.4)])
    tracks = {"t": list(range(6))}
    monkeypatch.setattr(
        grouping.face_reasons, "ask_about_crops", lambda *_: looks
    )
    (vector,) = grouping.describe_tracks(None, tracks, [True] * 6)
    np.testing.assert_allclose(vector, at(0.05))


def test_a_thousand_photos_are_grouped_block_by_block(monkeypatch):
    monkeypatch.setattr(grouping, "AT_ONCE", 60)
    vectors, whose = directions(4, 100)
    labels = group(vectors, np.linspace(2, 1, 400))
    assert len(set(zip(labels, whose, strict=True))) == 4
    assert len(set(labels)) == 4


def test_scores_of_a_grouping():
    perfect = benchmark.score([0, 0, 1], ["a", "a", "b"])
    assert perfect == {
        "kept": 1,
        "purity": 1,
        "precision": 1,
        "recall": 1,
        "groups": 2,
        "said": None,
        "alarms": 0,
    }
    said = benchmark.score([0] * 4, ["a", "a", "b", "b"], ["a", "b", "b", "b"])
    # of four wrong pairs two stand in other parts; one person is in two
    assert said["said"] == 0.5 and said["alarms"] == 1
    joined = benchmark.score([0, 0, 0, 0], ["a", "a", "a", "b"])
    assert joined["said"] == 0
    assert joined["kept"] == 1 and joined["purity"] == 0.75
    assert joined["precision"] == pytest.approx((3 * 0.75 + 0.25) / 4)
    split = benchmark.score([0, 0, 0, 1], ["a"] * 4)
    assert split["precision"] == 1
    assert split["recall"] == pytest.approx((3 * 0.75 + 0.25) / 4)


def group_folder(faces, reasons=None):
    face_set = FaceSet("Ada", faces.home, CONTRACT, faces.records)
    reasons = reasons or [None] * len(faces.records)
    return grouping.group_faces(face_set, reasons)[0]


def test_two_people_are_told_apart_in_many_lights(tmp_path):
    faces = FaceFolder(tmp_path)
    most = faces.add_person(1, range(20, 26), frames=2)
    fewer = faces.add_person(2, range(30, 33), frames=2)
    people = group_folder(faces)
    assert {people[row] for row in most} == {0}
    assert 0 not in {people[row] for row in fewer}


def test_false_detections_are_nobody(tmp_path):
    faces = FaceFolder(tmp_path)
    faces.add_person(1, (20, 21))
    reasons = ["false detection"] * 3 + [None, "blurred", None]
    assert group_folder(faces, reasons) == [None] * 3 + [0] * 3
    assert group_folder(faces, ["false detection"] * 6) == [None] * 6


def test_two_in_one_frame_stay_two_even_if_they_are_twins(tmp_path):
    faces = FaceFolder(tmp_path)
    for place in range(3):
        for face in (0, 1):
            picture, landmarks = shot(1, 20, place)
            faces.add(
                picture, landmarks, "a.mp4", place, face, track=f"t{face}"
            )
    assert group_folder(faces) == [0, 1] * 3


def test_one_face_in_ten_photos_is_ten_times_one_person(tmp_path):
    faces = FaceFolder(tmp_path)
    faces.add_person(4, range(10), "{seed}.jpg", frames=1)
    assert set(group_folder(faces)) == {0}


# ---- likeness


def test_likeness_sees_the_person_not_the_light():
    found = likeness.read_likeness()

    def describe(number, seed):
        picture, landmarks = shot(number, seed)
        matrix = alignment.crop_matrix(landmarks, CONTRACT)
        crop = cut_crop(picture, matrix, 256)
        return found.vectors(crop[None])[0]

    one, again, other = describe(1, 20), describe(1, 21), describe(2, 20)
    assert max(np.linalg.norm(each) for each in (one, again, other)) < 1
    assert np.linalg.norm(one - again) < grouping.APART
    assert np.linalg.norm(one - other) > grouping.APART


def test_a_likeness_is_read_as_it_was_written_and_checked(tmp_path):
    found = likeness.read_likeness()
    crops = np.random.default_rng(0).random((3, 64, 64, 3))
    likeness.write_likeness(tmp_path, found, seed=5)
    again = likeness.read_likeness(tmp_path)
    np.testing.assert_allclose(
        again.vectors(crops), found.vectors(crops), atol=1e-3
    )
    path = tmp_path / likeness.WEIGHTS
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="has changed"):
        likeness.read_likeness(tmp_path)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="benchmarks.likeness"):
        likeness.read_likeness(tmp_path)
    with pytest.raises(ValueError, match=r"\(64, 64, 3\)"):
        found.vectors(crops[0])


def test_what_comes_with_the_course_says_where_it_is_from():
    folder = likeness.LIKENESS_FOLDER
    # half precision: twice the numbers, and their names
    count = build_likeness().count_params()
    size = (folder / likeness.WEIGHTS).stat().st_size
    assert 2 * count < size < 2 * count + 1e5
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "CC0" in manifest["network"] and "real" in manifest["trained_on"]


# ---- real footage


def test_a_cut_to_somebody_else_in_the_same_studio(shared_data, tmp_path):
    clip = "hard_cut_between_two_people.mp4"
    (tmp_path / "footage").mkdir()
    shutil.copy(shared_data / "awkward/videos" / clip, tmp_path / "footage")
    detector = detection.FaceDetector(0.2)
    finding.find_faces(
        tmp_path / "footage", tmp_path, CONTRACT, detector, "x", every=5
    )
    choosing.choose_faces(tmp_path, "x")
    records = face_records.read_records(tmp_path / "x/faces.jsonl")
    before = {each["person"] for each in records if each["frame"] < 50}
    after = {each["person"] for each in records if each["frame"] >= 50}
    assert before | after == {0, 1} and not before & after


def test_photos_of_two_people_in_many_lights(shared_data, tmp_path):
    names = ("person_k", "person_m")
    for name in names:
        for path in (shared_data / "people" / name).glob("photos/*.jpg"):
            folder = tmp_path / "footage" / name
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder)
    detector = detection.FaceDetector(0.2)
    finding.find_faces(tmp_path / "footage", tmp_path, CONTRACT, detector, "x")
    choosing.choose_faces(tmp_path, "x")
    records = face_records.read_records(tmp_path / "x/faces.jsonl")
    scores = benchmark.score(
        [each["person"] for each in records],
        [each["file"].split("/")[0] for each in records],
    )
    assert scores["precision"] == 1 and scores["kept"] >= 0.98
    assert scores["recall"] > 0.9
