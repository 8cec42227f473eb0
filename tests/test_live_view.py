"""The live view without a page: its thread, its buttons, its recording."""

import io
import threading
import time

import numpy as np
import pytest
from clips import assert_signed, picture, read_clip, write_clip
from live_page import StripedComb, SureDetector
from PIL import Image

from helpers.footage import media
from helpers.footage.media import cameras
from helpers.swap.marks import reading_marks
from helpers.widgets import live_view


def endless():
    while True:
        time.sleep(0.01)
        now = time.perf_counter()
        yield cameras.CameraFrame(picture(3, (480, 960)), now, now)


def view_of(frames, **options):
    return live_view.LiveView(
        StripedComb(), SureDetector(), frames, "Rosa", **options
    )


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def test_the_button_ends_the_threads_and_lets_go_of_the_camera():
    before = threading.active_count()
    frames = endless()
    view = view_of(frames)
    wait_for(lambda: view.picture.value and "late" in view.line.value)
    assert view.report is None and view.wait(0) is None
    view.source.value = "Marco"
    wait_for(lambda: "Marco" in view.line.value)
    view.stop_button.click()
    report = view.wait(20)
    assert report["swapped"] > 0 and report["broken"] is None
    assert view.line.value.startswith("Ended:")
    assert view.stop_button.disabled
    assert next(frames, None) is None  # closed
    assert threading.active_count() <= before
    with Image.open(io.BytesIO(view.picture.value)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (640, 320))


def test_what_goes_wrong_is_said_below_the_picture_and_raised():
    def breaks():
        raise media.MediaError("Camera 0 gives no more frames.")
        yield

    view = view_of(breaks())
    with pytest.raises(media.MediaError, match="no more frames"):
        view.wait(20)
    assert "Camera 0 gives no more frames" in view.line.value
    with pytest.raises(ValueError, match="Rosa, Marco"):
        live_view.LiveView(StripedComb(), SureDetector(), breaks(), "Anna")


def test_what_is_shown_is_recorded_labelled_marked_and_signed(tmp_path):
    still = picture(3)
    clip = write_clip(tmp_path / "clip.mp4", [still] * 20)
    output = tmp_path / "live.mp4"
    view = view_of(cameras.play_file(clip), record_to=output, original=clip)
    report = view.wait(30)
    assert report["frames"] + report["dropped"] == 20
    mark = reading_marks.read_mark(output)
    assert mark["source_identity"] == "Rosa, Marco" and mark["live"] is True
    assert_signed(output, mark)
    frames = read_clip(output)[1]
    assert abs(len(frames) - 20) <= 3
    label = np.s_[-8:, :40]
    assert frames[-1][label].mean() < 0.7 * still[label].mean()
