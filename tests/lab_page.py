"""JupyterLab in a real browser without a screen, showing one widget.

Needs playwright and a Chromium (or Chrome) on the machine:
`python3 course.py test --browser -k browser`.
"""

import contextlib
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

TESTS = pathlib.Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CODE = """
import pathlib, sys
sys.path[:0] = [{tests!r}, {root!r}]
folder = pathlib.Path({folder!r})
{code}
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


@contextlib.contextmanager
def run_lab(folder, code):
    """JupyterLab on a free port, with a notebook of one cell of code.

    Args:
        folder: path of an empty folder; `folder` in the code too.
        code: str. May import what lies in `tests/`; its last line is shown.

    Yields:
        str: the notebook's address.
    """
    code = CODE.format(
        tests=str(TESTS), root=str(TESTS.parent), folder=str(folder), code=code
    )
    cell = nbformat.v4.new_code_cell(code)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
    }
    nbformat.write(notebook, folder / "widget.ipynb")
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
        yield f"{address}/lab/tree/widget.ipynb"
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


@contextlib.contextmanager
def open_page(address, widget, flags=()):
    """The notebook in a browser, run, with its widget in sight.

    Args:
        address: str, from `run_lab()`.
        widget: str. CSS selector of what the cell shows.
        flags: sequence of str, more of Chromium's.

    Yields:
        A page of playwright.
    """
    from playwright.sync_api import Error, sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    # Chrome has places of its own on macOS and Windows
    which = {"executable_path": found} if found else {"channel": "chrome"}
    with sync_playwright() as engine:
        try:
            browser = engine.chromium.launch(args=[*FLAGS, *flags], **which)
        except Error as error:
            if os.environ.get("COURSE_BROWSER") == "required":
                raise
            pytest.skip(f"no Chromium or Chrome starts: {error}")
        page = browser.new_page(viewport={"width": 1500, "height": 1150})
        page.goto(address, timeout=PATIENCE)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=PATIENCE)
        page.wait_for_function(
            "() => Boolean(window.jupyterapp)", timeout=PATIENCE
        )
        _run_all(page)
        page.wait_for_selector(widget, timeout=PATIENCE)
        page.locator(widget).scroll_into_view_if_needed()
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


def keep_picture(page, folder, name):
    """A screenshot, kept where somebody may want to look at it."""
    folder = pathlib.Path(os.environ.get("COURSE_SCREENSHOTS") or folder)
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")
