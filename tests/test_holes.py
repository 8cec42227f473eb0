"""Holes in footage: what is left out, and what is filmed to fill them."""

import json

import pytest

from helpers import synthetic
from helpers.faces.face_set import FaceSet
from helpers.files import manifests
from helpers.latents.descriptions import FEATURES


def faces(*frames):
    records = [
        {"frame_parameters": synthetic.FRAME_DEFAULTS | frame}
        for frame in frames
    ]
    contract = manifests.data_contract()
    return FaceSet("Lena", "nowhere", contract, records)


FACES = faces(
    {"yaw": -20, "jaw": 0.5},
    {"yaw": -20, "jaw": 0.0},
    {"yaw": 5, "jaw": 0.5},
    {"light": (0.6, 0.4, 0.8)},
)


def test_rows_with_and_without_part_the_faces():
    left = synthetic.HOLES["head turned left"]
    assert synthetic.rows_with(FACES, left) == [0, 1]
    assert synthetic.rows_without(FACES, left) == [2, 3]
    assert synthetic.rows_with(FACES, left, synthetic.HOLES["mouth open"]) == [
        0
    ]
    light = synthetic.HOLES["light from the right"]
    assert synthetic.rows_with(FACES, light) == [3]


def test_holes_are_called_as_the_report_calls_them():
    words = {word for f in FEATURES for word in (f.low, f.high)}
    assert set(synthetic.HOLES) <= words


def test_what_no_renderer_is_told_is_refused():
    with pytest.raises(ValueError, match="'sharpness'"):
        synthetic.rows_with(FACES, ("sharpness", -1, 0))


def test_more_footage_shows_only_what_was_asked_for(tmp_path):
    asked = [("jaw", 1, 0.25), ("yaw", -1, -5.0)]
    paths = synthetic.film_more(
        tmp_path, "Lena", asked, takes=2, frames_per_take=2, size=64
    )
    assert [path.name for path in paths] == ["more_000.mp4", "more_001.mp4"]
    truths = [
        json.loads(path.with_suffix(".truth.json").read_text())
        for path in paths
    ]
    for truth in truths:
        assert truth["split"] == "train"
        for frame in truth["frames"]:
            assert frame["parameters"]["jaw"] >= 0.25
            assert frame["parameters"]["yaw"] <= -5
    rooms = {str(t["frames"][0]["parameters"]["light"]) for t in truths}
    assert len(rooms) == 2


def test_what_people_never_do_is_not_filmed(tmp_path):
    with pytest.raises(ValueError, match="hardly do this"):
        synthetic.film_more(tmp_path, "Lena", [("yaw", 1, 41.0)], takes=1)
