"""The face sorter in JupyterLab, in a real browser without a screen.

Needs what `lab_page` says.
"""

import json

import numpy as np
import pytest
from lab_page import PATIENCE, keep_picture, open_page, run_lab
from sorter_faces import BAD, filmed

from helpers.faces import face_records
from helpers.faces.sorting import corrections

CODE = """
from sorter_faces import make_faces
from helpers.widgets.face_sorter import FaceSorter
FaceSorter(make_faces(folder / "home", frames={frames}, faces={faces}), "Rosa")
"""
FRAMES = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sorter")


@pytest.fixture(scope="module")
def page(folder):
    code = CODE.format(frames=FRAMES, faces=None)
    with run_lab(folder, code) as address:
        with open_page(address, ".face-sorter-grid") as page:
            page.locator(".face-sorter-face").first.wait_for()
            yield page


def records(folder):
    path = folder / "home" / "faces" / "Rosa" / face_records.RECORDS
    return face_records.read_records(path)


def by_hand(folder):
    home = folder / "home" / "faces" / "Rosa"
    return corrections.read_corrections(home)


def said(page, words):
    status = page.locator(".face-sorter-said")
    status.get_by_text(words).wait_for(timeout=PATIENCE)


def tab(page, key):
    page.locator(f'.face-sorter-tabs [data-key="{key}"]').click()
    page.locator(
        f'.face-sorter-tabs [data-key="{key}"][aria-selected="true"]'
    ).wait_for(timeout=PATIENCE)


def face(page, row):
    return page.locator(f'.face-sorter-face[data-row="{row}"]')


def press(page, name):
    page.get_by_role("button", name=name, exact=True).first.click()


def count(page, key):
    """What a tab says of how many faces it has."""
    words = page.locator(f'.face-sorter-tabs [data-key="{key}"] b')
    return int(words.inner_text())


def open_closely(page, row):
    face(page, row).dblclick()
    page.locator(".face-sorter-zoom").wait_for(timeout=PATIENCE)


def test_the_page_shows_whom_it_says(page, folder):
    kept = [row for row, each in enumerate(records(folder)) if kept_is(each)]
    shown = page.locator(".face-sorter-face").evaluate_all(
        "faces => faces.map(face => Number(face.dataset.row))"
    )
    assert shown == kept and count(page, "kept") == len(kept)
    keep_picture(page, folder, "kept")
    tab(page, "all")
    assert page.locator(".face-sorter-face").count() == 2 * FRAMES
    keep_picture(page, folder, "all")


def kept_is(record):
    return record["left_out"] is None


def test_faces_are_left_out_and_the_click_is_on_disk(page, folder):
    tab(page, "kept")
    before = count(page, "kept")
    face(page, 12).click()
    face(page, 16).click(modifiers=["Shift"])
    keep_picture(page, folder, "selected")
    press(page, "Leave out 3")
    said(page, "3 faces are left out")
    face(page, 12).wait_for(state="detached")
    assert count(page, "kept") == before - 3
    assert [each["take"] for each in by_hand(folder)] == [False] * 3
    for row in (12, 14, 16):
        assert records(folder)[row]["left_out"] == "left out by hand"
    assert not (folder / "home/faces/manifest.json").exists()


def test_what_was_left_out_is_taken_back(page, folder):
    tab(page, "left out by hand")
    face(page, 14).click()
    press(page, "Take back 1")
    said(page, "1 face is taken back")
    assert records(folder)[14]["left_out"] is None
    press(page, "Undo")
    said(page, "1 face is as before")
    assert records(folder)[14]["left_out"] == "left out by hand"
    page.get_by_text("All of this page").click()
    press(page, "As found")
    said(page, "3 faces are as found again")
    assert not by_hand(folder)


def test_keys_select_and_leave_out(page, folder):
    tab(page, "kept")
    face(page, 0).focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", " "):
        page.keyboard.press(key)
    chosen = page.locator(".face-sorter-face[aria-selected=true]")
    rows = chosen.evaluate_all("those => those.map(one => one.dataset.row)")
    assert rows == ["6"]  # the space took the last one back
    page.keyboard.press("Delete")
    said(page, "1 face is left out")
    face(page, 6).wait_for(state="detached")
    # the keyboard goes on where it was
    focused = "document.activeElement.className"
    assert "face-sorter-face" in page.evaluate(focused)
    page.keyboard.press("Control+z")
    said(page, "1 face is as before")
    face(page, 6).wait_for()
    page.keyboard.press("Enter")
    page.locator(".face-sorter-zoom").wait_for(timeout=PATIENCE)
    page.keyboard.press("Escape")
    page.locator(".face-sorter-grid").wait_for(timeout=PATIENCE)


def test_a_landmark_is_dragged_and_the_face_cut_again(page, folder):
    tab(page, "kept")
    row = 2 * BAD
    before = records(folder)[row]
    open_closely(page, row)
    keep_picture(page, folder, "before_moving")
    good = filmed(FRAMES)[1][BAD, 0]
    for index in range(5):
        drag_to(page, index, good[index])
    page.locator(".face-sorter-crops button:enabled").first.wait_for()
    page.wait_for_timeout(500)
    keep_picture(page, folder, "moved")
    press(page, "Save")
    said(page, "cut again")
    after = records(folder)[row]
    assert np.abs(np.subtract(after["landmarks"], good)).max() < 1.0
    assert after["crop"] == "crops/000006_by_hand_1.jpg"
    assert (folder / "home/faces/Rosa" / before["crop"]).exists()
    assert by_hand(folder)[0]["take"] is None
    keep_picture(page, folder, "saved")
    # by keys, and given up again
    point = page.locator(".face-sorter-point").nth(2)
    point.focus()
    page.keyboard.press("Shift+ArrowRight")
    press(page, "Put back")
    press(page, "As found")
    said(page, "1 face is as found again")
    assert records(folder)[row] == before
    press(page, "\u2190 All faces")


def drag_to(page, index, target):
    """Drag a landmark to a place given in pixels of the frame."""
    svg = page.locator(".face-sorter-zoom svg")
    box = svg.bounding_box()
    left, top, side, _ = map(float, svg.get_attribute("viewBox").split())
    point = page.locator(".face-sorter-point").nth(index).bounding_box()
    x, y = point["x"] + point["width"] / 2, point["y"] + point["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(
        box["x"] + (target[0] + 0.5 - left) / side * box["width"],
        box["y"] + (target[1] + 0.5 - top) / side * box["height"],
        steps=4,
    )
    page.mouse.up()


def test_another_face_of_the_frame_is_chosen(page, folder):
    tab(page, "kept")
    open_closely(page, 12)
    page.locator('.face-sorter-box[data-row="13"]').click()
    said(page, "This face is taken")
    page.locator('.face-sorter-box.is-this[data-row="13"]').wait_for()
    assert records(folder)[13]["left_out"] is None
    assert records(folder)[12]["left_out"] == "left out by hand"
    keep_picture(page, folder, "chosen")
    page.keyboard.press("Control+z")
    said(page, "2 faces are as before")
    page.keyboard.press("Escape")
    assert records(folder)[13]["left_out"] == "another person"


def test_finish_writes_the_manifest(page, folder):
    tab(page, "kept")
    face(page, 0).click()
    press(page, "Leave out 1")
    said(page, "1 face is left out")
    press(page, "Finish")
    said(page, "Finished")
    manifest = json.loads((folder / "home/faces/manifest.json").read_text())
    assert list(manifest["identities"]) == ["Rosa", "Marco"]


def test_a_person_is_picked_by_picture(page, folder):
    """By the machine that groups faces, not by what the test wrote."""
    tab(page, "1")
    keep_picture(page, folder, "person")
    press(page, "This is Rosa")
    said(page, "faces are kept")
    kept = [row for row, each in enumerate(records(folder)) if kept_is(each)]
    # Marco's faces, but for those that repeat another one
    assert len(kept) > FRAMES / 2 and all(row % 2 for row in kept)
    assert records(folder)[0]["left_out"] == "left out by hand"
    shown = page.locator(".face-sorter-face").evaluate_all(
        "faces => faces.map(face => Number(face.dataset.row))"
    )
    assert shown == kept
    tab(page, "0")
    press(page, "This is Rosa, too")
    both = page.locator(".face-sorter-tabs .is-person", has_text="\u2713")
    both.nth(1).wait_for(timeout=PATIENCE)
    assert count(page, "kept") > len(kept)
    tab(page, "1")
    keep_picture(page, folder, "both")


def test_narrow_and_dark_it_can_be_used(page, folder):
    page.set_viewport_size({"width": 800, "height": 900})
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme',"
        "{theme: 'JupyterLab Dark'})"
    )
    page.wait_for_timeout(2000)
    tab(page, "all")
    keep_picture(page, folder, "narrow_dark")
    wide = page.locator(".face-sorter").evaluate(
        "e => [e.scrollWidth, e.clientWidth]"
    )
    assert wide[0] <= wide[1]
    open_closely(page, 12)
    page.wait_for_timeout(500)
    keep_picture(page, folder, "narrow_dark_closely")
    wide = page.locator(".face-sorter").evaluate(
        "e => [e.scrollWidth, e.clientWidth]"
    )
    assert wide[0] <= wide[1]
    page.keyboard.press("Escape")
