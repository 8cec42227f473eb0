"""The browser's camera in JupyterLab, in a real browser without a screen.

Needs what `lab_page` says; Chromium stands in for the camera itself.
"""

import pytest
from lab_page import PATIENCE, keep_picture, open_page, run_lab

from helpers.footage import footage_log, media

CODE = """
from helpers.widgets.browser_camera import BrowserCamera
camera = BrowserCamera(folder / "Anna", most_seconds=4)
camera
"""
FLAGS = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("camera")


@pytest.fixture(scope="module")
def page(folder):
    with run_lab(folder, CODE) as address:
        with open_page(address, ".browser-camera", FLAGS) as page:
            yield page


def said(page):
    return page.locator(".browser-camera-said")


def button(page, name):
    return page.locator(".browser-camera").get_by_role(
        "button", name=name, exact=True
    )


def test_consent_is_asked_for(page):
    assert "Write a consent.toml" in said(page).inner_text()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("NotAllowedError", "The camera was not allowed"),
        ("NotFoundError", "There is no camera"),
        ("NotReadableError", "End other programs"),
        ("AbortError", "AbortError, a reason"),
    ],
)
def test_what_is_wrong_is_said_in_words(name, text, page, folder):
    page.evaluate(
        """name => {
          const devices = navigator.mediaDevices;
          devices.own = devices.own || devices.getUserMedia.bind(devices);
          devices.getUserMedia = () =>
            Promise.reject(new DOMException("a reason", name));
        }""",
        name,
    )
    button(page, "Camera on").click()
    said(page).get_by_text(text).wait_for()
    assert button(page, "Record").is_disabled()
    keep_picture(page, folder, f"camera_{name}")
    page.evaluate(
        "() => navigator.mediaDevices.getUserMedia = navigator.mediaDevices.own"
    )


def test_a_clip_is_recorded_shown_and_written(page, folder):
    button(page, "Camera on").click()
    video = page.locator(".browser-camera video")
    page.wait_for_function(
        "() => document.querySelector('.browser-camera video').videoWidth > 0"
    )
    style = video.evaluate("v => getComputedStyle(v).transform")
    assert style.startswith("matrix(-1")  # as in a mirror
    button(page, "Record").click()
    page.wait_for_timeout(2500)
    clock = page.locator(".browser-camera output").inner_text()
    assert 2 <= float(clock.removesuffix(" s")) <= 4
    keep_picture(page, folder, "camera_recording")
    button(page, "Stop").click()
    said(page).get_by_text("camera_001").wait_for(timeout=PATIENCE)
    keep_picture(page, folder, "camera_taken")
    (path,) = (folder / "Anna").glob("camera_001.*")
    frames = list(media.read_frames(path))
    times = [time for _, time, _ in frames]
    assert 1.5 < times[-1] < 4 and times == sorted(set(times))
    assert len(frames) >= 10
    probed = media.probe_video(path)
    assert probed["frames"] == len(frames)
    assert abs(probed["duration"] - times[-1]) < 0.3
    # Chromium's stand-in is a yellow disc on green
    assert frames[-1][2].mean(axis=(0, 1)).argmax() == 1
    media.write_image(folder / "frame.png", frames[-1][2])
    (entry,) = footage_log.read_log(folder / "Anna")
    assert list(entry["files"]) == [path.name]


def test_it_ends_by_itself_after_the_longest_time(page, folder):
    button(page, "Record").click()
    said(page).get_by_text("camera_002").wait_for(timeout=PATIENCE)
    assert button(page, "Record").is_enabled()
    (path,) = (folder / "Anna").glob("camera_002.*")
    assert 3 < media.probe_video(path)["duration"] < 5.5
    button(page, "Camera off").click()
    assert button(page, "Record").is_disabled()
