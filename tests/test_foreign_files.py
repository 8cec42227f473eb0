"""Foreign files: what a stranger wrote leads nowhere and fills no memory."""

import json

import numpy as np
import pytest
from footage import CONTRACT, extract, write_footage

from helpers.faces import face_records, facesets
from helpers.files import foreign_files, manifests
from helpers.synthetic.truth import truth_path

pytestmark = pytest.mark.usefixtures("every_face_counts")


@pytest.fixture
def faces(tmp_path):
    """A finished face set of one identity."""
    extract(write_footage(tmp_path / "footage"), tmp_path / "faces")
    facesets.write_face_sets(tmp_path / "faces", ["Ada"], CONTRACT, least=1)
    return tmp_path / "faces"


def change_record(faces, **changes):
    path = faces / "Ada" / face_records.RECORDS
    lines = path.read_text().splitlines()
    lines[3] = json.dumps({**json.loads(lines[3]), **changes})
    path.write_text("\n".join(lines) + "\n")


def change_manifest(faces, **changes):
    path = faces / manifests.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    "changes",
    [
        {"crop": "../../secret.jpg"},
        {"crop": "/etc/passwd"},
        {"crop": "crops/../../x.jpg"},
        {"mask": "C:\\secret.png"},
        {"mask": "masks\\..\\x.png"},
        {"crop": 7},
        {"landmarks": [[1, 2]] * 4},
        {"landmarks": [[1e300, 2]] * 5},
        {"matrix": [[1, 0, float("nan")], [0, 1, 0]]},
        {"score": float("inf")},
        {"sharpness": 10**4000},
        {"yaw": "left"},
        {"frame": -1},
        {"split": "both"},
        {"frame_parameters": [1]},
        {"sha256": "../x"},
    ],
)
def test_a_record_that_is_none_is_refused_with_its_line(faces, changes):
    change_record(faces, **changes)
    with pytest.raises(ValueError, match="Line 4 .*Received: .*Delete the"):
        facesets.read_face_set(faces, "Ada")


def test_more_faces_than_there_may_be_are_refused(faces, monkeypatch):
    monkeypatch.setattr(face_records, "MOST_FACES", 5)
    with pytest.raises(ValueError, match="more than 5 lines"):
        facesets.read_face_set(faces, "Ada")


def test_a_line_without_end_is_not_read_to_its_end(tmp_path):
    path = tmp_path / face_records.RECORDS
    path.write_text("[" * 10**6)
    with pytest.raises(ValueError, match="Line 1 .*nested too deep|Line 1"):
        face_records.read_records(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"identities": ["Ada"]},
        {"identities": {"../Ada": {}}},
        {"contract": {**CONTRACT, "crop_size": 10**9}},
        {"contract": {**CONTRACT, "coverage": "0.8"}},
        {"contract": {**CONTRACT, "template": []}},
        {"contract": None},
        {"files": {"../../secret": "0"}},
        {"files": {"/etc/passwd": "0"}},
        {"files": ["Ada/faces.jsonl"]},
        {"format": "1" * 10**5},
    ],
)
def test_a_manifest_that_is_none_is_refused(faces, changes):
    change_manifest(faces, **changes)
    identity = "Ada"
    if "../Ada" in changes.get("identities", ()):
        identity = "../Ada"
    with pytest.raises(ValueError, match="Received") as refused:
        facesets.read_face_set(faces, identity)
    assert len(str(refused.value)) < 1500


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "NaN", '{"a": Infinity}', "[" * 10**5, "9" * 10**5]
)
def test_what_is_no_json_is_refused_with_what_to_do(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="Received: .*Make it anew"):
        foreign_files.read_json(path, "Make it anew.")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b" " * 100)
    with pytest.raises(ValueError, match="at most 99 bytes"):
        foreign_files.read_json(path, "Make it anew.", most_bytes=99)


def test_links_in_a_face_set_are_not_followed(faces, tmp_path):
    crops = faces / "Ada" / "crops"
    crops.rename(tmp_path / "elsewhere")
    crops.symlink_to(tmp_path / "elsewhere")
    before = sorted(path.name for path in (tmp_path / "elsewhere").iterdir())
    with pytest.raises(ValueError, match="a link"):
        facesets.read_face_set(faces, "Ada")
    (faces / "Ada" / face_records.FILES).unlink()
    with pytest.raises(ValueError, match="a link"):
        extract(tmp_path / "footage", faces)
    after = sorted(path.name for path in (tmp_path / "elsewhere").iterdir())
    assert before == after and before


def test_finished_parts_that_a_stranger_noted_are_done_again(faces, tmp_path):
    path = faces / "Ada" / face_records.FILES
    good = path.read_text().splitlines()
    whole = facesets.read_face_set(faces, "Ada").records
    for part in ("7", "[]", '{"files": 3, "faces": 1}', '{"faces": 1e9}'):
        path.write_text(f"{good[0]}\n{part}\n")
        extract(tmp_path / "footage", faces)
        facesets.write_face_sets(faces, ["Ada"], CONTRACT, least=1)
        assert facesets.read_face_set(faces, "Ada").records == whole


@pytest.mark.parametrize("shape", [(10**6, 10**5, 10**5), (8, 4, 4), (7, 90)])
def test_masks_that_are_none_cost_their_clip_only(tmp_path, shape):
    footage = write_footage(tmp_path / "footage")
    path = footage / "train_000.masks.npz"
    write_head_of_masks(path, shape)
    report = extract(footage, tmp_path / "faces")
    assert "train_000.mp4" in report["left_out_files"]
    assert report["kept"] == 11


def write_head_of_masks(path, shape):
    """Masks of which only the head is there: a bomb takes no disk."""
    import io
    import zipfile

    head = io.BytesIO()
    facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, facts)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("masks.npy", head.getvalue() + b"\0" * 800)


def test_pickles_in_masks_are_not_opened(tmp_path):
    footage = write_footage(tmp_path / "footage")
    path = footage / "train_000.masks.npz"
    np.savez(path, masks=np.array([print] * 8, dtype=object))
    report = extract(footage, tmp_path / "faces")
    assert "object" in report["left_out_files"]["train_000.mp4"]


def test_a_truth_of_other_types_costs_its_clip_only(tmp_path):
    footage = write_footage(tmp_path / "footage")
    path = truth_path(footage / "train_000.mp4")
    for frames in (
        '["parameters"]',
        "1",
        '"parameters"',
        '[{"parameters": 3}]',
    ):
        path.write_text(f'{{"split": "train", "frames": {frames}}}')
        report = extract(footage, tmp_path / "faces")
        assert "no split or no frames" in str(report["left_out_files"])
