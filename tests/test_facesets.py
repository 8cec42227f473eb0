"""Face sets: manifests, reading, joining, pairs."""

import numpy as np
import pytest
from footage import CONTRACT, FakeDetector, extract, film, write_footage

from helpers.faces import facesets
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.footage import consent

pytestmark = pytest.mark.usefixtures("every_face_counts")


@pytest.fixture
def footage(tmp_path):
    return write_footage(tmp_path / "footage")


def test_a_changed_set_is_unfinished_until_its_manifest(footage, tmp_path):
    output = tmp_path / "faces"
    for identity in ("Ada", "Bob"):
        extract(footage, output, identity)
    facesets.write_face_sets(output, ["Ada", "Bob"], CONTRACT)
    extract(footage, output, "Ada", every=3)
    with pytest.raises(FileNotFoundError, match="unfinished"):
        facesets.read_face_set(output, "Ada")


@pytest.fixture
def two_sets(footage, tmp_path):
    output = tmp_path / "faces"
    for identity in ("Ada", "Bob"):
        extract(footage, output, identity)
    facesets.write_face_sets(output, ["Ada", "Bob"], CONTRACT, {"every": 1})
    return output


def test_crops_and_masks_are_loaded_at_any_size(two_sets):
    faces = facesets.read_face_set(two_sets, "Ada", CONTRACT).select("train")
    crops, masks = faces.load_crops(32), faces.load_masks(48)
    assert crops.shape == (len(faces), 32, 32, 3)
    assert masks.shape == (len(faces), 48, 48)
    assert crops.dtype == masks.dtype == np.uint8
    assert faces.load_crops().shape[1] == 64
    with pytest.raises(ValueError, match="validation"):
        faces.select("validation")
    (faces.folder / faces.records[0]["crop"]).unlink()
    with pytest.raises(FileNotFoundError, match="01_data_generation"):
        faces.load_crops(32)


def test_only_test_frames_of_equal_parameters_are_pairs(two_sets):
    ada = facesets.read_face_set(two_sets, "Ada")
    bob = facesets.read_face_set(two_sets, "Bob").select("test")
    pairs = ada.pairs(bob)
    assert len(pairs) == 6  # photos held out have no truth
    for here, there in pairs:
        one, other = ada.records[here], bob.records[there]
        assert one["split"] == "test" and one["frame"] == other["frame"]
        assert one["file"] == other["file"] == "test_000.mp4"
    bob.records[0]["frame_parameters"] = {"yaw": 99}
    assert len(ada.pairs(bob)) == 5


def test_a_manifest_needs_two_finished_identities(two_sets):
    with pytest.raises(ValueError, match="at least two"):
        facesets.write_face_sets(two_sets, ["Ada"], CONTRACT)
    with pytest.raises(ValueError, match="at least two"):
        facesets.write_face_sets(two_sets, ["Ada", "Ada"], CONTRACT)
    with pytest.raises(FileNotFoundError, match="'Cleo'"):
        facesets.write_face_sets(two_sets, ["Ada", "Cleo"], CONTRACT)
    other = manifests.data_contract(crop_size=128)
    with pytest.raises(manifests.ContractError, match="crop_size"):
        facesets.write_face_sets(two_sets, ["Ada", "Bob"], other)


def test_a_face_set_of_another_name_or_contract_is_refused(two_sets):
    with pytest.raises(ValueError, match="Ada, Bob.*'Cleo'"):
        facesets.read_face_set(two_sets, "Cleo")
    other = manifests.data_contract(crop_size=64, coverage=0.5)
    with pytest.raises(manifests.ContractError, match="coverage"):
        facesets.read_face_set(two_sets, "Ada", other)


def test_a_broken_record_is_named_by_its_line(two_sets):
    path = two_sets / "Ada" / "faces.jsonl"
    lines = path.read_text().splitlines()
    lines[4] = lines[4][:30]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match="Line 5 of .*faces.jsonl"):
        facesets.read_face_set(two_sets, "Ada")


def test_faces_of_two_folders_are_joined_and_read_from_both(tmp_path):
    sets = []
    for name, brightness in (("first", 90), ("second", 150)):
        film(tmp_path / name / "Lena" / "talk.mp4", 3, brightness)
        extraction.extract_faces(
            tmp_path / name / "Lena",
            tmp_path / name / "faces",
            CONTRACT,
            FakeDetector(),
            "Lena",
            held_out_share=0,
        )
        sets.append(tmp_path / name / "faces")
    for folder in sets:
        facesets.write_face_sets(folder, ["Lena"], CONTRACT, least=1)
    one, other = (facesets.read_face_set(folder, "Lena") for folder in sets)
    both = one.join(other)
    assert len(both) == 6
    crops = both.load_crops(16)
    np.testing.assert_array_equal(crops[:3], one.load_crops(16))
    np.testing.assert_array_equal(crops[3:], other.load_crops(16))
    assert crops[3:].mean() > crops[:3].mean() + 20
    stranger = facesets.FaceSet("Kofi", other.folder, CONTRACT, other.records)
    with pytest.raises(ValueError, match="Lena and Kofi"):
        one.join(stranger)


def test_what_was_agreed_goes_with_the_faces(footage, tmp_path):
    consent.write_consent(footage, "Ada", "a phone", "in writing")
    for identity in ("Ada", "Bob"):
        extract(footage, tmp_path / "faces", identity)
    facesets.write_face_sets(tmp_path / "faces", ["Ada", "Bob"], CONTRACT)
    agreed = facesets.consent_of(tmp_path / "faces", "Bob")
    assert agreed["origin"] == "a phone"
    with pytest.raises(ValueError, match="Ada, Bob.*'Cy'"):
        facesets.consent_of(tmp_path / "faces", "Cy")


@pytest.mark.parametrize(
    "identities, person, words",
    [
        ("Ann", {}, "a list of names"),
        ([], {}, "at least two"),
        (["Ann", "Ann"], {}, "at least two"),
        (["Ann", "a/b"], {}, "a/b"),
        (["Ann", "Ben"], {"Anna": [0]}, "Anna.*as in IDENTITIES"),
        (["Ann", "Ben"], [0, 3], "PERSON should be"),
    ],
)
def test_a_slip_in_the_names_is_said_before_any_work(identities, person, words):
    facesets.check_identities(["Ann", "Ben"], {"Ben": 1})
    with pytest.raises(ValueError, match=words):
        facesets.check_identities(identities, person)
