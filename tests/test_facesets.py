"""Folders of face sets: manifests, reading, what is refused."""

import pytest
from footage import CONTRACT, extract, write_footage

from helpers.faces import facesets
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


def test_what_was_agreed_goes_with_the_faces(footage, tmp_path):
    consent.write_consent(footage, "Ada", "a phone", "in writing")
    for identity in ("Ada", "Bob"):
        extract(footage, tmp_path / "faces", identity)
    facesets.write_face_sets(tmp_path / "faces", ["Ada", "Bob"], CONTRACT)
    agreed = facesets.consent_of(tmp_path / "faces", "Bob")
    assert agreed["origin"] == "a phone"
    with pytest.raises(ValueError, match="Ada, Bob.*'Cy'"):
        facesets.consent_of(tmp_path / "faces", "Cy")
