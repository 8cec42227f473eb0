"""The slider between two pictures in JupyterLab, in a real browser.

Needs what `lab_page` says.
"""

import io

import pytest
from lab_page import PATIENCE, keep_picture, open_page, run_lab
from PIL import Image

CODE = """
import ipywidgets
import numpy as np
from helpers.widgets.before_after import BeforeAfter

def frames(red, blue):
    return [
        np.full((240, 400, 3), (red, 40 * n, blue), np.uint8) for n in range(6)
    ]

slider = BeforeAfter(
    frames(200, 0), frames(0, 200), ("before: Rosa", "after: Marco")
)
told = ipywidgets.Label("nothing told")
def tell(_):
    told.value = f"at {slider.position:.0f}, frame {slider.frame}"
slider.observe(tell, ["position", "frame"])
ipywidgets.VBox([slider, told])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("slider")


@pytest.fixture(scope="module")
def whole_page(folder):
    with run_lab(folder, CODE) as address:
        with open_page(address, ".before-after-pictures") as page:
            yield page


@pytest.fixture
def page(whole_page):
    """The page with the handle in the middle of the first frame."""
    handle = whole_page.get_by_role("slider").first
    handle.focus()
    whole_page.keyboard.press("Home")
    for _ in range(5):
        whole_page.keyboard.press("PageUp")
    whole_page.get_by_role("slider").last.fill("0")
    return whole_page


def place(page, across, down=0.5):
    """A place on the pictures, given as shares, in pixels of the page."""
    box = page.locator(".before-after-pictures").bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def seen_at(page, across, down=0.75):
    """The colour that a reader sees there."""
    content = page.locator(".before-after-pictures").screenshot()
    shot = Image.open(io.BytesIO(content)).convert("RGB")
    return shot.getpixel((int(across * shot.width), int(down * shot.height)))


def is_before(color):
    return color[0] > 150 and color[2] < 50


def is_after(color):
    return color[0] < 50 and color[2] > 150


def stands_at(page, percent):
    """Wait: a busy browser moves the handle some frames later."""
    page.locator(f'[role="slider"][aria-valuenow="{percent}"]').first.wait_for(
        timeout=PATIENCE
    )


def told(page, text):
    page.get_by_text(text, exact=True).wait_for(timeout=PATIENCE)


def test_before_is_left_of_the_handle_and_after_right_of_it(page, folder):
    for share in (0.05, 0.3, 0.45):
        assert is_before(seen_at(page, share)), share
    for share in (0.55, 0.7, 0.95):
        assert is_after(seen_at(page, share)), share
    captions = page.locator(".before-after-caption").all_inner_texts()
    assert captions == ["before: Rosa", "after: Marco"]
    keep_picture(page, folder, "slider")


def test_the_handle_is_dragged(page, folder):
    page.mouse.move(*place(page, 0.5))
    page.mouse.down()
    page.mouse.move(*place(page, 0.25), steps=5)
    stands_at(page, 25)
    clip = page.locator(".before-after-after").evaluate(
        "element => getComputedStyle(element).clipPath"
    )
    assert clip == "inset(0px 0px 0px 25%)"
    assert is_before(seen_at(page, 0.2))
    assert is_after(seen_at(page, 0.3))
    handle = page.get_by_role("slider").first
    assert handle.get_attribute("aria-valuenow") == "25"
    spoken = handle.get_attribute("aria-valuetext")
    assert spoken == "25 % before: Rosa, 75 % after: Marco"
    # beyond the edge of the pictures, where it stops
    page.mouse.move(5, place(page, 0)[1], steps=5)
    stands_at(page, 0)
    page.mouse.up()
    assert is_after(seen_at(page, 0.05))
    told(page, "at 0, frame 0")
    keep_picture(page, folder, "dragged")
    # let go of, it stays
    page.mouse.move(*place(page, 0.8))
    assert handle.get_attribute("aria-valuenow") == "0"


def test_a_click_brings_the_handle(page):
    page.mouse.click(*place(page, 0.9))
    assert is_before(seen_at(page, 0.85))
    told(page, "at 90, frame 0")


def test_a_finger_moves_the_handle(page):
    pictures = page.locator(".before-after-pictures")
    (x, y), (end, _) = place(page, 0.5), place(page, 0.7)
    # as the browser reports a finger
    session = page.context.new_cdp_session(page)
    touch = "Input.dispatchTouchEvent"
    points = [{"x": x, "y": y}]
    session.send(touch, {"type": "touchStart", "touchPoints": points})
    for step in range(1, 6):
        points = [{"x": x + (end - x) * step / 5, "y": y}]
        session.send(touch, {"type": "touchMove", "touchPoints": points})
    session.send(touch, {"type": "touchEnd", "touchPoints": []})
    told(page, "at 70, frame 0")
    scroll = pictures.evaluate("e => getComputedStyle(e).touchAction")
    assert scroll == "pan-y"


def test_keys_move_the_handle_and_not_the_notebook(page, folder):
    handle = page.get_by_role("slider").first
    handle.focus()
    moves = (
        ("ArrowLeft", 49),
        ("ArrowDown", 48),
        ("ArrowRight", 49),
        ("ArrowUp", 50),
        ("PageUp", 60),
        ("PageDown", 50),
        ("End", 100),
        ("ArrowRight", 100),
        ("Home", 0),
    )
    for key, expected in moves:
        page.keyboard.press(key)
        assert handle.get_attribute("aria-valuenow") == str(expected), key
        assert handle.evaluate("e => e === document.activeElement"), key
    assert is_after(seen_at(page, 0.1))
    told(page, "at 0, frame 0")
    page.keyboard.press("End")
    assert is_before(seen_at(page, 0.9))
    keep_picture(page, folder, "keys")


def test_the_second_slider_chooses_the_frame(page, folder):
    frame = page.get_by_role("slider", name="frame")
    frame.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    told(page, "at 50, frame 2")
    assert page.locator(".before-after output").inner_text() == "3 of 6"
    for share in (0.3, 0.7):
        assert abs(seen_at(page, share)[1] - 80) < 6
    keep_picture(page, folder, "frame")
    # a name for who does not see them
    assert page.get_by_role("slider").count() == 2
