"""A face set sorted by hand, without a widget: what is where afterwards."""

import json

import numpy as np
import pytest
from sorter_faces import BAD, CONTRACT, filmed, make_faces

from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces import face_records, facesets
from helpers.faces.sorting import corrections, hand_sorting
from helpers.files import folder_lock, manifests
from helpers.footage import media

FRAMES = 6


@pytest.fixture
def folder(tmp_path):
    return make_faces(tmp_path, FRAMES)


@pytest.fixture
def faces(folder):
    return hand_sorting.HandSorting(folder, "Rosa")


def on_disk(faces):
    return face_records.read_records(faces.folder / face_records.RECORDS)


def test_it_knows_who_is_there_and_why_they_are_left_out(faces):
    assert faces.count_faces() == {
        "kept": 3,
        "another person": FRAMES,
        "near-duplicate": 2,
        "blurred": 1,
    }
    people = faces.people()
    assert [people[n][:2] for n in (0, 1)] == [(FRAMES, True), (FRAMES, False)]
    assert faces.rows("blurred") == [2] and len(faces.rows("all")) == 12
    assert faces.rows(1) == list(range(1, 12, 2))
    assert faces.rows_of_frame(5) == [4, 5]


def test_a_change_is_on_disk_and_the_manifest_is_stale(folder, faces):
    assert faces.leave_out([0, 4]) == 2
    records = on_disk(faces)
    assert records == faces.records
    assert (
        records[0]["left_out"]
        == records[4]["left_out"]
        == (corrections.LEFT_OUT)
    )
    report = json.loads((faces.folder / "report.json").read_text())
    assert report["kept"] == report["train"] == 1
    assert report["left_out"][corrections.LEFT_OUT] == 2
    with pytest.raises(FileNotFoundError, match="unfinished"):
        facesets.read_face_set(folder, "Rosa")


def test_finish_gives_the_later_notebooks_what_is_kept(folder, faces):
    before = manifests.read_manifest(folder, "01_data_generation")
    faces.leave_out([0])
    faces.take_back([2])
    after = faces.finish()
    kept = facesets.read_face_set(folder, "Rosa", CONTRACT)
    assert [each["frame"] for each in kept.records] == [1, 2, 3]
    assert after["identities"]["Rosa"]["train"] == 3
    for name in ("contract", "parameters"):
        assert after[name] == before[name]
    manifests.read_manifest(folder, "01_data_generation", verify=True)
    assert {path.name for path in folder.iterdir()} == {
        "Rosa",
        "Marco",
        "manifest.json",
    }


def test_finish_needs_a_manifest_of_before(folder, faces):
    (folder / "manifest.json").unlink()
    faces.leave_out([0])
    with pytest.raises(FileNotFoundError, match="write_face_sets"):
        faces.finish()


def test_taking_back_what_a_hand_left_out_forgets_it(faces):
    faces.leave_out([0, 2])
    assert faces.take_back([0, 2]) == 2
    assert [faces.records[row]["left_out"] for row in (0, 2)] == [None, None]
    # the second is taken by hand, for it was found to be blurred
    (kept,) = corrections.read_corrections(faces.folder)
    assert kept["take"] is True and kept["frame"] == 1
    assert faces.forget_changes([2]) == 1
    assert faces.records[2]["left_out"] == "blurred"
    assert "found" not in faces.records[2]


def test_choosing_a_face_leaves_out_the_others_of_its_frame(faces):
    faces.choose_face(1)
    assert faces.records[1]["left_out"] is None
    assert faces.records[0]["left_out"] == corrections.LEFT_OUT
    assert faces.records[3]["left_out"] == "another person"


def test_undo_goes_back_step_by_step(faces):
    states = []
    for change in (
        lambda: faces.leave_out([0, 4]),
        lambda: faces.choose_face(1),
        lambda: faces.move_landmarks(6, filmed(FRAMES)[1][BAD, 0]),
        lambda: faces.take_back([0]),
        lambda: faces.forget_changes([6]),
    ):
        states.append(on_disk(faces))
        assert change()
    while faces.can_undo:
        assert faces.undo()
        assert on_disk(faces) == states.pop()
    assert not states and faces.undo() == 0


def test_a_moved_landmark_cuts_the_face_again(faces):
    good = filmed(FRAMES)[1][BAD, 0]
    before = dict(faces.records[6])
    old = (faces.folder / before["crop"]).read_bytes()
    faces.move_landmarks(6, good)
    after = faces.records[6]
    np.testing.assert_allclose(after["landmarks"], good)
    np.testing.assert_allclose(
        after["matrix"], alignment.crop_matrix(good, CONTRACT)
    )
    assert after["left_out"] is None and after["frame"] == before["frame"]
    crop = faces.folder / after["crop"]
    assert after["crop"] == "crops/000006_by_hand_1.jpg"
    assert manifests.file_sha256(crop) == after["sha256"]
    # the same picture as one that is cut from what was filmed
    expected = cut_crop(filmed(FRAMES)[0][BAD], np.array(after["matrix"]), 128)
    apart = np.abs(media.read_photo(crop).astype(int) - expected)
    assert apart.mean() < 3
    assert (faces.folder / before["crop"]).read_bytes() == old
    mask = media.read_photo(faces.folder / after["mask"])
    assert mask.shape == (128, 128, 3) and mask.max() == 255


def test_every_crop_by_hand_has_a_file_of_its_own(faces):
    good = filmed(FRAMES)[1][BAD, 0]
    for number in (1, 2, 3):
        faces.move_landmarks(6, good + number)
        name = f"crops/000006_by_hand_{number}.jpg"
        assert faces.records[6]["crop"] == name
        faces.undo()
    assert len(list(faces.folder.glob("crops/*_by_hand_*"))) == 3


def test_a_photo_is_read_again_and_a_face_left_out_is_taken(faces):
    row = 2 * (FRAMES - 1)
    assert faces.records[row]["file"] == "photo.png"
    good = filmed(FRAMES)[1][-1, 0]
    faces.move_landmarks(row, good + 1)
    assert faces.records[row]["left_out"] is None
    np.testing.assert_allclose(faces.records[row]["landmarks"], good + 1)


@pytest.mark.parametrize(
    "points", [[], [[1, 2]] * 5, np.full((5, 2), np.nan), np.ones((4, 2))]
)
def test_points_that_are_no_face_are_refused(faces, points):
    before = on_disk(faces)
    with pytest.raises(ValueError, match="Move them onto eyes"):
        faces.move_landmarks(6, points)
    assert on_disk(faces) == before


def test_without_its_footage_a_face_can_still_be_left_out(folder, tmp_path):
    faces = hand_sorting.HandSorting(folder, "Rosa", tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match="footage="):
        faces.move_landmarks(0, filmed(FRAMES)[1][0, 0])
    assert faces.leave_out([0]) == 1


def test_a_name_that_leads_out_of_the_footage_is_not_opened(faces):
    faces.records[0]["file"] = "../Rosa/talk.mp4"
    faces._frames[("../Rosa/talk.mp4", 0)] = [0]
    with pytest.raises(FileNotFoundError, match="is not there"):
        faces.frame_of(0)


def test_another_extraction_does_not_lose_it(folder, faces):
    found = on_disk(faces)
    faces.leave_out([0])
    faces.move_landmarks(6, filmed(FRAMES)[1][BAD, 0])
    sorted_by_hand = on_disk(faces)
    # as extraction writes it, without what the hand did
    face_records.write_records(faces.folder / face_records.RECORDS, found)
    again = hand_sorting.HandSorting(folder, "Rosa")
    assert again.records == sorted_by_hand and not again.lost
    again.finish()
    assert on_disk(again) == sorted_by_hand


def test_what_somebody_else_wrote_is_not_written_over(folder, faces):
    other = hand_sorting.HandSorting(folder, "Rosa")
    faces.leave_out([0])
    with pytest.raises(RuntimeError, match="reload"):
        other.leave_out([4])
    other.reload()
    other.leave_out([4])
    assert other.count_faces()[corrections.LEFT_OUT] == 2


def test_while_another_run_writes_nothing_is_changed(faces):
    before = on_disk(faces)
    with folder_lock.locked_folder(faces.folder, "Wait."):
        with pytest.raises(folder_lock.FolderError, match="is writing"):
            faces.leave_out([0])
    assert on_disk(faces) == before == faces.records
    assert faces.leave_out([0]) == 1


def test_a_change_that_cannot_be_written_is_not_kept(faces, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    before = on_disk(faces)
    monkeypatch.setattr(corrections, "write_corrections", full)
    with pytest.raises(OSError, match="No space"):
        faces.leave_out([0])
    assert faces.records == before == on_disk(faces)


def test_who_is_not_there_is_told(folder):
    with pytest.raises(FileNotFoundError, match="01_data_generation"):
        hand_sorting.HandSorting(folder, "Kofi")
    with pytest.raises(ValueError, match="folder can have"):
        hand_sorting.HandSorting(folder, "../faces/Rosa")


@pytest.mark.parametrize("named", [{"Rosa": "own"}, "parent", {"Ann": "x"}])
def test_footage_of_before_is_found_wherever_it_lies(folder, named):
    home = folder.parent / "footage"
    known = {"own": str(home / "Rosa"), "parent": str(home)}
    if isinstance(named, dict):
        named = {key: known.get(value, value) for key, value in named.items()}
    else:
        named = known[named]
    path = folder / manifests.MANIFEST
    manifest = json.loads(path.read_text())
    manifest["parameters"]["FOOTAGE_FOLDER"] = named
    manifests.write_json(path, manifest)
    faces = hand_sorting.HandSorting(folder, "Rosa")
    expected = None if named == {"Ann": "x"} else home / "Rosa"
    assert faces.footage == expected
