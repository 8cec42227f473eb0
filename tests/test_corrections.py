"""Corrections: applied, taken back, found again; hostile files refused."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import alignment
from helpers.faces.sorting import correction_checks, corrections
from helpers.files import manifests

CONTRACT = manifests.data_contract(crop_size=64)
POINTS = np.array([[35, 30], [61, 30], [48, 45], [38, 58], [58, 58]], float)


def record(frame=0, face=0, left_out=None, shift=0.0):
    return {
        "file": "a b/talk.mp4",
        "frame": frame,
        "face": face,
        "landmarks": (POINTS + shift).tolist(),
        "matrix": alignment.crop_matrix(POINTS + shift, CONTRACT).tolist(),
        "crop": f"crops/{frame:06d}.jpg",
        "mask": f"masks/{frame:06d}.png",
        "sha256": "0" * 64,
        **dict.fromkeys(correction_checks.NUMBERS, 1.0),
        "left_out": left_out,
    }


def correction(of, take=None, **more):
    file, frame, face = corrections.key_of(of)
    return {
        "file": file,
        "frame": frame,
        "face": face,
        "take": take,
        "place": corrections.place_of(of),
        **more,
    }


def recut(of, shift=3.0, take=None):
    points = np.asarray(of["landmarks"]) + shift
    return correction(
        of,
        take,
        landmarks=points.tolist(),
        matrix=alignment.crop_matrix(points, CONTRACT).tolist(),
        crop="crops/000000_by_hand_1.jpg",
        mask="masks/000000_by_hand_1.png",
        sha256="a" * 64,
        **dict.fromkeys(correction_checks.NUMBERS, 2.0),
    )


def test_by_hand_wins_and_nothing_else_changes():
    records = [record(0), record(1, left_out="blurred"), record(2)]
    before = copy.deepcopy(records)
    changed = corrections.apply_corrections(
        records, [correction(records[0], False), correction(records[1], True)]
    )
    assert records == before
    assert [each["left_out"] for each in changed] == [
        corrections.LEFT_OUT,
        None,
        None,
    ]
    assert [corrections.as_found(each) for each in changed] == before


def test_moved_landmarks_leave_the_reason_as_it_is():
    before = record(0, left_out="blurred")
    (changed,) = corrections.apply_corrections([before], [recut(before)])
    assert changed["left_out"] == "blurred" and changed["yaw"] == 2.0
    assert changed["crop"] == "crops/000000_by_hand_1.jpg"
    assert corrections.as_found(changed) == before


def test_applying_twice_is_applying_once_and_none_gives_back_what_was():
    before = [record(0), record(1)]
    both = [recut(before[0], take=True), correction(before[1], False)]
    once = corrections.apply_corrections(before, both)
    assert corrections.apply_corrections(once, both) == once
    assert corrections.apply_corrections(once, []) == before
    one = corrections.apply_corrections(once, both[:1])
    assert one == [once[0], before[1]]


def test_extraction_may_number_the_faces_anew():
    left, right = record(face=0), record(face=1, shift=200.0)
    dropped = correction(left, False)
    # the same two faces, the other one first
    left, right = {**left, "face": 1}, {**right, "face": 0}
    changed = corrections.apply_corrections([right, left], [dropped])
    assert [each["left_out"] for each in changed] == [
        None,
        corrections.LEFT_OUT,
    ]


def test_a_face_that_is_gone_is_told_and_nobody_else_is_dropped():
    gone = correction(record(face=0), False)
    elsewhere = record(face=0, shift=200.0)
    matched, lost = corrections.match_corrections([elsewhere], [gone])
    assert matched == {} and lost == [gone]
    changed = corrections.apply_corrections([elsewhere], [gone])
    assert changed == [elsewhere]


def test_face_sets_of_before_have_no_numbers_of_faces():
    old = record()
    for name in ("face", "eyes", "outside", "left_out"):
        del old[name]
    (changed,) = corrections.apply_corrections([old], [recut(old, take=False)])
    assert changed["left_out"] == corrections.LEFT_OUT
    assert "eyes" not in changed and changed["yaw"] == 2.0


def test_what_is_written_is_read(tmp_path):
    faces = [record(n) for n in range(3)]
    faces[2]["file"] = "ö \udcff name.mp4"  # bytes that are no text
    kept = [recut(faces[0], take=True), correction(faces[1], False)]
    kept.append(correction(faces[2], False))
    corrections.write_corrections(tmp_path, reversed(kept))
    assert corrections.read_corrections(tmp_path, CONTRACT) == kept
    assert corrections.read_corrections(tmp_path / "none") == []


def test_crops_of_another_contract_are_told(tmp_path):
    corrections.write_corrections(tmp_path, [recut(record())])
    other = manifests.data_contract(crop_size=128)
    with pytest.raises(manifests.ContractError, match="another data contract"):
        corrections.read_corrections(tmp_path, other)


GOOD = recut(record(), take=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "../../etc/passwd"},
        {"file": "/etc/passwd"},
        {"file": ""},
        {"file": "a\0b"},
        {"file": 7},
        {"frame": -1},
        {"frame": True},
        {"frame": 1.5},
        {"frame": 10**400},
        {"face": "0"},
        {"take": 1},
        {"take": "yes"},
        {"place": [1]},
        {"place": [1, float("nan")]},
        {"landmarks": [[0, 0]] * 4},
        {"landmarks": [[0, 0], [1, 1], [2, 2], [3, 3], [4, float("inf")]]},
        {"landmarks": [[1e300, 0]] * 5},
        {"landmarks": [[5, 5]] * 5},
        {"matrix": None},
        {"crop": "../000000_by_hand_1.jpg"},
        {"crop": "crops/../../000000_by_hand_1.jpg"},
        {"crop": "crops/000000.jpg"},
        {"mask": "crops/000000_by_hand_1.png"},
        {"sha256": "A" * 64},
        {"yaw": "1"},
        {"yaw": False},
        {"more": 1},
    ],
)
def test_an_entry_that_is_wrong_is_refused_with_a_reason(tmp_path, changes):
    content = {"corrections": [{**GOOD, **changes}]}
    (tmp_path / corrections.FILE).write_text(json.dumps(content))
    with pytest.raises(ValueError, match="Move it away"):
        corrections.read_corrections(tmp_path, CONTRACT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"corrections": {}}',
        '{"corrections": [1]}',
        '{"corrections": [{}]}',
        '{"corrections": [], "more": 1}',
        "[" * 100_000,
        json.dumps({"corrections": [GOOD, GOOD]}),
        json.dumps({"corrections": [{**GOOD, "take": None}]}).replace(
            '"yaw"', '"yow"'
        ),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_reason(tmp_path, text):
    (tmp_path / corrections.FILE).write_text(text)
    with pytest.raises(ValueError, match="Move it away"):
        corrections.read_corrections(tmp_path)


def test_a_file_of_no_text_is_refused_with_a_reason(tmp_path):
    (tmp_path / corrections.FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="Move it away"):
        corrections.read_corrections(tmp_path)


NAMES = sorted(correction_checks.KEYS)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(
            st.sampled_from(sorted(correction_checks.KEYS)), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(NAMES), ANYTHING)
def test_whatever_an_entry_holds_it_is_used_or_refused(name, value):
    entries = [{**GOOD, name: value}]
    try:
        correction_checks.check_corrections(entries, "by_hand.json")
    except ValueError as error:
        assert "Move it away" in str(error)
    else:
        corrections.apply_corrections([record()], entries)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(ANYTHING)
def test_whatever_a_file_holds_it_is_used_or_refused(value):
    try:
        correction_checks.check_corrections(value, "by_hand.json")
    except ValueError as error:
        assert "Move it away" in str(error)
    else:
        assert corrections.apply_corrections([record()], value)
