"""The face sorter, asked by Python; the browser has a test of its own."""

import io

import numpy as np
import pytest
from PIL import Image
from sorter_faces import BAD, filmed, make_faces

from helpers.widgets import close_up, face_sorter, face_tiles

FRAMES = 6


@pytest.fixture
def folder(tmp_path):
    return make_faces(tmp_path, FRAMES)


@pytest.fixture
def sorter(folder):
    return face_sorter.FaceSorter(folder, "Rosa")


def ask(sorter, what, **message):
    """As the page asks."""
    sorter._answer(sorter, {"do": what, **message}, [])


def counts(sorter):
    return {tab["key"]: tab["count"] for tab in sorter.tabs}


def picture(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), int)


def test_tabs_say_what_there_is(sorter):
    assert counts(sorter) == {
        "kept": 3,
        "another person": 6,
        "near-duplicate": 2,
        "blurred": 1,
        "all": 12,
        0: 6,
        1: 6,
    }
    assert [tab.get("picked") for tab in sorter.tabs[-2:]] == [True, False]
    names = [tab["name"] for tab in sorter.tabs[-2:]]
    assert names == ["person 0", "person 1"]  # the keys, as PERSON has them


def test_the_page_shows_the_crops_of_its_faces(sorter):
    assert [face["row"] for face in sorter.view["faces"]] == [0, 4, 6]
    tiles = picture(sorter.tiles)
    side = face_tiles.SIDE
    assert tiles.shape == (side, side * face_tiles.COLUMNS, 3)
    crop = sorter.sorting.folder / sorter.sorting.records[4]["crop"]
    with Image.open(crop) as image:
        expected = np.asarray(image.resize((side, side)), int)
    assert np.abs(tiles[:, side : 2 * side] - expected).mean() < 8


def test_only_the_page_that_is_seen_is_sent(tmp_path):
    folder = make_faces(tmp_path, FRAMES, faces=600)
    sorter = face_sorter.FaceSorter(folder, "Rosa")
    ask(sorter, "show", tab="all", page=2)
    assert len(sorter.view["faces"]) == face_sorter.PAGE
    assert sorter.view["page"] == 2 and sorter.view["pages"] == 9
    rows = [face["row"] for face in sorter.view["faces"]]
    assert rows == list(range(120, 180))
    ask(sorter, "show", tab="all", page=99)
    assert sorter.view["page"] == 8
    assert len(sorter.view["faces"]) == 500 - 8 * 60


def test_what_is_asked_for_is_done_and_said(sorter):
    ask(sorter, "leave_out", rows=[0, 4])
    assert sorter.said == "2 faces are left out." and not sorter.failed
    assert [face["row"] for face in sorter.view["faces"]] == [6]
    assert counts(sorter)["by hand"] == 2 and sorter.can_undo and sorter.stale
    ask(sorter, "undo")
    assert counts(sorter)["kept"] == 3 and not sorter.can_undo
    ask(sorter, "take_back", rows=[2])
    assert sorter.said == "1 face is taken back."
    ask(sorter, "as_found", rows=[2])
    ask(sorter, "finish")
    assert not sorter.stale and sorter.said.startswith("Finished")


def test_a_face_is_shown_closely_with_its_frame(sorter):
    ask(sorter, "look", row=6)
    close = sorter.closely
    assert picture(close["frame"]).shape == (256, 512, 3)
    assert [each["row"] for each in close["faces"]] == [6, 7]
    assert dict(close["facts"])["file"] == "talk.mp4"
    left, top, side = close["part"]
    zoom = picture(close["zoom"])
    assert zoom.shape == (close_up.ZOOM, close_up.ZOOM, 3)
    # a landmark lies in the zoom where the page draws it
    frame = filmed(FRAMES)[0][BAD].astype(int)
    x, y = np.round(sorter.sorting.records[6]["landmarks"][0]).astype(int)
    u = round((x + 0.5 - left) / side * close_up.ZOOM - 0.5)
    v = round((y + 0.5 - top) / side * close_up.ZOOM - 0.5)
    assert np.abs(zoom[v, u] - frame[y, x]).max() < 40
    ask(sorter, "leave")
    assert sorter.closely == {}


def test_moved_landmarks_are_shown_before_they_are_kept(sorter):
    good = filmed(FRAMES)[1][BAD, 0].tolist()
    ask(sorter, "look", row=6)
    ask(sorter, "preview", row=6, landmarks=good)
    shown = sorter.recut["crop"]
    assert sorter.sorting.records[6]["crop"] == "crops/000006.jpg"
    ask(sorter, "move", row=6, landmarks=good)
    crop = sorter.sorting.folder / sorter.sorting.records[6]["crop"]
    assert crop.read_bytes() == shown == sorter.closely["crop"]
    assert sorter.closely["by_hand"] and sorter.closely["landmarks"] == good
    ask(sorter, "preview", row=6, landmarks=[[1, 1]] * 5)
    assert "Move them onto eyes" in sorter.recut["said"]


def test_another_face_is_chosen(sorter):
    ask(sorter, "look", row=6)
    ask(sorter, "choose", row=7)
    assert sorter.closely["row"] == 7 and sorter.closely["left_out"] is None
    assert sorter.sorting.records[6]["left_out"] == "left out by hand"


def test_without_footage_it_says_so_and_the_rest_works(folder, tmp_path):
    sorter = face_sorter.FaceSorter(folder, "Rosa", tmp_path / "nowhere")
    ask(sorter, "look", row=6)
    assert "footage=" in sorter.closely["problem"] and sorter.closely["crop"]
    ask(sorter, "move", row=6, landmarks=filmed(FRAMES)[1][BAD, 0].tolist())
    assert sorter.failed and "footage=" in sorter.said
    ask(sorter, "leave_out", rows=[6])
    assert not sorter.failed and sorter.closely["left_out"]


def test_a_crop_that_is_gone_is_a_grey_tile(folder):
    (folder / "Rosa" / "crops" / "000004.jpg").write_text("no picture")
    sorter = face_sorter.FaceSorter(folder, "Rosa")
    side = face_tiles.SIDE
    tile = picture(sorter.tiles)[10:-10, side + 10 : 2 * side - 10]
    assert np.abs(tile - 128).max() < 12


def test_people_are_picked(sorter, monkeypatch):
    asked = []

    def choose_faces(folder, identity, person, progress):
        progress(6, 12)
        asked.append((folder, identity, person, sorter.said))
        return {"kept": 6}

    monkeypatch.setattr(
        "helpers.faces.sorting.choosing.choose_faces", choose_faces
    )
    ask(sorter, "pick", people=[1])
    folder = sorter.sorting.parent
    assert asked == [(folder, "Rosa", [1], "6 of 12 faces looked at")]
    assert sorter.stale and sorter.said == "6 faces are kept."
