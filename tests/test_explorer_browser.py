"""The latent explorer in JupyterLab, in a real browser without a screen.

Needs playwright and a Chromium (or Chrome) on the machine:
`python3 course.py test --browser -k browser`.
"""

import csv
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from explorer_page import COLUMNS

TESTS = pathlib.Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CODE = """
import pathlib, sys
sys.path[:0] = [{tests!r}, {root!r}]
from explorer_page import make_explorer
explorer = make_explorer(pathlib.Path({folder!r}))
explorer
"""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 120_000  # milliseconds: a kernel that imports TensorFlow takes some

if os.environ.get("COURSE_BROWSER") != "required":
    pytest.importorskip(
        "playwright", reason="a browser test needs playwright (--browser)"
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a free port, with a notebook that shows an explorer."""
    folder = tmp_path_factory.mktemp("lab")
    code = CODE.format(
        tests=str(TESTS), root=str(TESTS.parent), folder=str(folder / "faces")
    )
    cell = nbformat.v4.new_code_cell(code)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
    }
    nbformat.write(notebook, folder / "explorer.ipynb")
    # a reader's own settings are left alone; no question about news
    asked = "settings/@jupyterlab/apputils-extension/notification"
    asked = folder / f"{asked}.jupyterlab-settings"
    asked.parent.mkdir(parents=True)
    asked.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    environment = {
        **os.environ,
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = open(folder / "lab.log", "wb")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter", "lab", "--no-browser"),
            *("--allow-root", "--ip=127.0.0.1", f"--port={port}"),
            "--IdentityProvider.token=",
            "--LabApp.expose_app_in_browser=True",
            f"--ServerApp.root_dir={folder}",
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    try:
        _wait_for(f"{address}/api/status", server, folder / "lab.log")
        yield address, folder
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


def _wait_for(address, server, log):
    for _ in range(120):
        try:
            return urllib.request.urlopen(address, timeout=2)
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def page(lab):
    from playwright.sync_api import Error, sync_playwright

    address, _ = lab
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    # Chrome has places of its own on macOS and Windows
    which = {"executable_path": found} if found else {"channel": "chrome"}
    with sync_playwright() as engine:
        try:
            browser = engine.chromium.launch(args=list(FLAGS), **which)
        except Error as error:
            if os.environ.get("COURSE_BROWSER") == "required":
                raise
            pytest.skip(f"no Chromium or Chrome starts: {error}")
        page = browser.new_page(viewport={"width": 1500, "height": 1150})
        page.goto(f"{address}/lab/tree/explorer.ipynb", timeout=PATIENCE)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=PATIENCE)
        page.wait_for_function(
            "() => Boolean(window.jupyterapp)", timeout=PATIENCE
        )
        _run_all(page)
        page.wait_for_selector(".latent-map-cloud > canvas", timeout=PATIENCE)
        page.locator(".latent-map").scroll_into_view_if_needed()
        page.wait_for_timeout(1000)  # the page settles around the pictures
        yield page
        browser.close()


def _run_all(page):
    """Run the cells; a page that is not ready yet does nothing when asked."""
    # asked too early it opens a dialog that asks for a kernel
    page.get_by_text("(ipykernel) | Idle").wait_for(timeout=PATIENCE)
    for _ in range(40):
        # not waited for: the command ends when all cells have
        page.evaluate(
            "() => {window.jupyterapp.commands.execute("
            "'notebook:run-all-cells')}"
        )
        page.wait_for_timeout(3000)
        prompts = page.locator(".jp-InputPrompt").all_inner_texts()
        if any(prompt.strip() in ("[*]:", "[1]:") for prompt in prompts):
            return
    pytest.fail("JupyterLab did not run the cell")


def place_of(page, face, faces=200):
    """Where a face of the grid lies on the page, in pixels."""
    box = page.locator(".latent-map-cloud > canvas").bounding_box()
    column, row = face % COLUMNS, face // COLUMNS
    across, down = column / (COLUMNS - 1), row / (faces / COLUMNS - 1)
    return (
        box["x"] + across * (box["width"] - 20) + 10,
        box["y"] + down * (box["height"] - 20) + 10,
    )


def keep_picture(page, lab, name):
    """A screenshot, kept where somebody may want to look at it."""
    wanted = os.environ.get("COURSE_SCREENSHOTS")
    folder = pathlib.Path(wanted) if wanted else lab[1]
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")


def test_hovering_shows_the_face(page, lab):
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
    keep_picture(page, lab, "hover")
    page.mouse.move(5, 5)
    hover.wait_for(state="hidden")


def test_a_click_shows_the_face_large_with_swap_and_counterparts(page, lab):
    page.mouse.click(*place_of(page, 41))
    heading = page.locator("b", has_text="frame 41, 8.20 s")
    heading.wait_for(timeout=PATIENCE)
    captions = page.locator("figcaption").all_inner_texts()
    for caption in ("as filmed", "reconstructed", "swapped: Lena"):
        assert caption in captions
    assert page.get_by_text("nearest of Lena").count() == 1
    keep_picture(page, lab, "click")


def test_a_lasso_lists_the_files_and_exports_them(page, lab):
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
    keep_picture(page, lab, "lasso")
    page.get_by_role("button", name="Export").click()
    page.get_by_text("4 faces written").wait_for(timeout=PATIENCE)
    path = lab[1] / "faces" / "lists" / "chosen.csv"
    with open(path, encoding="utf-8") as file:
        found = [int(row["frame"]) for row in csv.DictReader(file)]
    assert found == frames


def test_the_map_is_coloured_by_what_is_chosen(page, lab):
    page.locator(".widget-dropdown select").first.select_option(
        "missing in Lena"
    )
    legend = page.locator(".latent-map-legend")
    legend.get_by_text("no counterpart").wait_for(timeout=PATIENCE)
    keep_picture(page, lab, "missing")


def test_sliders_walk_the_latent(page, lab):
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
    keep_picture(page, lab, "walk")
