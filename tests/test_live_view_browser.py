"""The live view in JupyterLab, in a real browser without a screen.

Needs what `lab_page` says.
"""

import pytest
from lab_page import PATIENCE, keep_picture, open_page, run_lab

# A face's place is known, and a bar runs across the picture.
CODE = """
import time
import cv2
from live_page import SureDetector, StripedComb
from clips import picture
from helpers.footage.media import cameras
from helpers.widgets import live_view

def film():
    still, n = cv2.resize(picture(3), (480, 360)), 0
    while True:
        time.sleep(0.03)
        frame, n = still.copy(), n + 8
        frame[:20, n % 460 : n % 460 + 20] = 255
        yield cameras.CameraFrame(frame, n / 200, time.perf_counter())

view = live_view.LiveView(StripedComb(), SureDetector(), film(), "Rosa")
view
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def page(folder):
    with run_lab(folder, CODE) as address:
        with open_page(address, ".widget-image") as page:
            line(page).get_by_text("late: Rosa").wait_for(timeout=PATIENCE)
            yield page


def line(page):
    return page.locator(".jp-OutputArea .widget-html").last


def frames_change(page, seconds=1.5, steps=6):
    """How many different pictures the page shows in so long."""
    seen = set()
    for _ in range(steps):
        seen.add(page.locator(".widget-image").get_attribute("src"))
        page.wait_for_timeout(1000 * seconds / steps)
    return len(seen)


def striped(page):
    """Whether the face on the page is striped upright or across."""
    across, down = page.locator(".widget-image").evaluate(
        """image => {
          const canvas = document.createElement("canvas");
          canvas.width = image.naturalWidth;
          canvas.height = image.naturalHeight;
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          // between the eyes and the mouth, as live_page has them
          const side = 60;
          const { data } = context.getImageData(207, 160, side, side);
          let across = 0, down = 0;
          for (let y = 1; y < side; y++)
            for (let x = 1; x < side; x++) {
              const here = data[4 * (y * side + x)];
              across += Math.abs(here - data[4 * (y * side + x - 1)]);
              down += Math.abs(here - data[4 * ((y - 1) * side + x)]);
            }
          return [across, down];
        }"""
    )
    return "upright" if across > down else "across"


def test_the_picture_moves_and_the_line_tells_how_late_it_is(page, folder):
    assert frames_change(page) >= 4
    assert striped(page) == "upright"
    assert "frames a second" in line(page).inner_text()
    keep_picture(page, folder, "live")


def test_the_list_changes_the_face_while_frames_run(page, folder):
    page.locator(".widget-dropdown select").select_option("Marco")
    line(page).get_by_text("late: Marco").wait_for(timeout=PATIENCE)
    assert striped(page) == "across"
    assert frames_change(page) >= 4
    keep_picture(page, folder, "live_marco")


def test_the_button_stops_it(page, folder):
    page.get_by_role("button", name="Stop").click()
    line(page).get_by_text("Ended:").wait_for(timeout=PATIENCE)
    page.wait_for_timeout(500)
    assert frames_change(page) == 1
    assert page.get_by_role("button", name="Stop").is_disabled()
    keep_picture(page, folder, "live_stopped")
