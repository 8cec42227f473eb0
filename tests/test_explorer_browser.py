"""The latent explorer in JupyterLab, in a real browser without a screen.

Needs playwright and a Chromium (or Chrome) on the machine:
`python3 course.py test --browser -k browser`.
"""

import csv

import pytest
from explorer_page import COLUMNS
from lab_page import PATIENCE, keep_picture, open_page, run_lab

CODE = """
from explorer_page import make_explorer
make_explorer(folder / "faces")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explorer")


@pytest.fixture(scope="module")
def page(folder):
    with run_lab(folder, CODE) as address:
        with open_page(address, ".latent-map-cloud > canvas") as page:
            yield page


def place_of(page, face, faces=200):
    """Where a face of the grid lies on the page, in pixels."""
    box = page.locator(".latent-map-cloud > canvas").bounding_box()
    column, row = face % COLUMNS, face // COLUMNS
    across, down = column / (COLUMNS - 1), row / (faces / COLUMNS - 1)
    return (
        box["x"] + across * (box["width"] - 20) + 10,
        box["y"] + down * (box["height"] - 20) + 10,
    )


def test_hovering_shows_the_face(page, folder):
    page.mouse.move(*place_of(page, 25))
    hover = page.locator(".latent-map-hover")
    hover.wait_for(state="visible")
    assert hover.get_attribute("data-index") == "25"
    assert "Marco, talk.mp4, frame 25, 5.00 s" in hover.inner_text()
    shade = hover.locator("canvas").evaluate(
        "c => [...c.getContext('2d').getImageData(48, 48, 1, 1).data]"
    )
    # face 25 of Marco: 60, but 25 in its second channel
    for value, expected in zip(shade[:3], (60, 25, 60), strict=True):
        assert abs(value - expected) <= 5
    keep_picture(page, folder, "hover")
    page.mouse.move(5, 5)
    hover.wait_for(state="hidden")


def test_a_click_shows_the_face_large_with_swap_and_counterparts(page, folder):
    page.mouse.click(*place_of(page, 41))
    heading = page.locator("b", has_text="frame 41, 8.20 s")
    heading.wait_for(timeout=PATIENCE)
    captions = page.locator("figcaption").all_inner_texts()
    for caption in ("as filmed", "reconstructed", "swapped: Lena"):
        assert caption in captions
    assert page.get_by_text("nearest of Lena").count() == 1
    keep_picture(page, folder, "click")


def test_a_lasso_lists_the_files_and_exports_them(page, folder):
    (left, top), (right, bottom) = place_of(page, 62), place_of(page, 83)
    left, top, right, bottom = left - 9, top - 9, right + 9, bottom + 9
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom), (left, top)):
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    page.get_by_text("4 faces", exact=True).wait_for(timeout=PATIENCE)
    files = page.locator("textarea[placeholder*='Drag']").input_value()
    frames = [62, 63, 82, 83]
    assert len(files.splitlines()) == 4
    for line, frame in zip(files.splitlines(), frames, strict=True):
        assert f"frame {frame}," in line
    keep_picture(page, folder, "lasso")
    page.get_by_role("button", name="Export").click()
    page.get_by_text("4 faces written").wait_for(timeout=PATIENCE)
    path = folder / "faces" / "lists" / "chosen.csv"
    with open(path, encoding="utf-8") as file:
        found = [int(row["frame"]) for row in csv.DictReader(file)]
    assert found == frames


def test_the_map_is_coloured_by_what_is_chosen(page, folder):
    page.locator(".widget-dropdown select").first.select_option(
        "missing in Lena"
    )
    legend = page.locator(".latent-map-legend")
    legend.get_by_text("no counterpart").wait_for(timeout=PATIENCE)
    keep_picture(page, folder, "missing")


def test_sliders_walk_the_latent(page, folder):
    from playwright.sync_api import expect

    drawn = page.locator("figure", has_text="Marco").last.locator("img")
    page.mouse.click(*place_of(page, 150))
    page.locator("b", has_text="frame 50, 10.00 s").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="End at this face").click()
    before = drawn.get_attribute("src")
    handles = page.locator(".noUi-handle")
    for index in (0, 1):  # along, and the first direction
        handles.nth(index).focus()
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        # the picture is another element each time
        expect(drawn).not_to_have_attribute("src", before, timeout=PATIENCE)
        before = drawn.get_attribute("src")
    keep_picture(page, folder, "walk")
