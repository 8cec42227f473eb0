"""Live: cameras and their stand-in, the swap frame by frame, recordings."""

import threading
import time

import cv2
import numpy as np
import pytest
from clips import (
    FACE,
    GreenComb,
    assert_signed,
    picture,
    read_clip,
    write_clip,
)
from live_page import StripedComb, SureDetector

from helpers.footage import media
from helpers.footage.media import cameras
from helpers.swap import live, recording


def shots(frames, every=0.04):
    """Frames as a camera would give them, with their number as the time."""
    for number, frame in enumerate(frames):
        yield cameras.CameraFrame(frame, number * every, time.perf_counter())


@pytest.fixture
def clip(tmp_path):
    return write_clip(tmp_path / "clip.mp4", [picture(3)] * 12)


def stripes(frame):
    """How much more a face is striped upright than across."""
    left, top = FACE.min(axis=0).astype(int)
    right, bottom = FACE.max(axis=0).astype(int)
    face = frame[top:bottom, left:right].astype(int)
    across, down = (np.abs(np.diff(face, axis=n)).mean() for n in (1, 0))
    return across - down


# -- cameras ----------------------------------------------------------------


def test_without_a_camera_the_file_is_offered():
    with pytest.raises(media.MediaError, match=r"number 99.*play_file\(path\)"):
        cameras.open_camera(99)


@pytest.mark.parametrize("mirrored", [True, False])
def test_a_camera_gives_rgb_and_is_let_go_of(monkeypatch, mirrored):
    class Webcam:
        left = [np.uint8([[[255, 0, 0], [0, 0, 9]]])] * 2  # BGR
        released = False

        def isOpened(self):  # noqa: N802 - OpenCV's name
            return True

        def read(self):
            return (True, self.left.pop()) if self.left else (False, None)

        def release(self):
            self.released = True

    webcam = Webcam()
    webcam.left = list(webcam.left)
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: webcam)
    frames = cameras.open_camera(0, mirrored)
    blue, red = [0, 0, 255], [9, 0, 0]
    expected = [red, blue] if mirrored else [blue, red]
    assert next(frames).frame.tolist() == [expected]
    next(frames)
    with pytest.raises(media.MediaError, match="gives no more frames"):
        next(frames)
    assert webcam.released


def test_a_file_is_played_at_its_own_pace(clip):
    started = time.perf_counter()
    played = list(cameras.play_file(clip))
    # the clock starts with the second of twelve frames, 40 ms apart
    assert 0.3 < time.perf_counter() - started < 5
    assert [round(shot.time, 2) for shot in played] == [
        round(0.04 * n, 2) for n in range(12)
    ]
    times, frames = read_clip(clip)
    unpaced = list(cameras.play_file(clip, paced=False, seconds=0.2))
    assert len(unpaced) == 5
    np.testing.assert_array_equal(unpaced[3].frame, frames[3])


def test_who_is_slow_gets_the_newest_frame_in_order():
    frames = [np.full((4, 4, 3), n, np.uint8) for n in range(40)]

    def film():
        for shot in shots(frames):
            time.sleep(0.005)
            yield shot

    seen = []
    with cameras.Newest(film()) as newest:
        for shot in newest:
            seen.append(int(shot.frame[0, 0, 0]))
            time.sleep(0.03)
    assert seen == sorted(set(seen))
    assert seen[-1] == 39  # the last one is not lost
    assert newest.dropped > 5 and newest.dropped + len(seen) == 40


def test_a_camera_that_hangs_is_given_up():
    waiting = threading.Event()

    def film():
        yield from shots([picture()])
        waiting.wait(5)

    with cameras.Newest(film(), patience=0.1) as newest:
        with pytest.raises(media.MediaError, match="within 0.1 s"):
            list(newest)
    waiting.set()


# -- the swap ---------------------------------------------------------------


def swap_all(frames, source="Rosa", comb=None, detector=None, stop=None):
    shown = []
    report = live.swap_live(
        comb or StripedComb(),
        frames,
        source,
        detector or SureDetector(),
        shown.append,
        stop,
    )
    return shown, report


def slowly(frames):
    """With time for a detection that runs beside."""
    for shot in frames:
        yield shot
        time.sleep(0.02)


def test_the_label_is_on_every_swapped_frame_and_no_other_is_touched():
    bright, dark = picture(3), np.zeros((120, 160, 3), np.uint8)
    frames = [dark] * 3 + [bright] * 8 + [dark] * 3
    shown, report = swap_all(slowly(shots(frames)))
    assert len(shown) == 14 and report["swapped"] >= 6
    for before, after in zip(frames, shown, strict=True):
        if after.source is None:
            np.testing.assert_array_equal(after.frame, before)
            assert after.landmarks is None
            continue
        assert before is bright and after.source == "Rosa"
        assert stripes(after.frame) > 5 > abs(stripes(before))
        label = after.frame[-8:, :40]
        assert label.mean() < 0.7 * before[-8:, :40].mean()
        np.testing.assert_allclose(after.landmarks, FACE, atol=0.5)
    assert report["frames"] == report["swapped"] + report["without_face"]
    assert report["broken"] is None and report["dropped"] == 0
    stages = {"track", "network", "composite", "show"}
    assert set(report["stages_ms"]) == stages
    assert 0 < report["latency_ms"] <= report["latency_ms_95"]


def test_another_source_is_taken_from_the_next_frame_on():
    names = iter(["Rosa"] * 11 + ["Marco"] * 10)  # one is asked beforehand
    shown, _ = swap_all(slowly(shots([picture(3)] * 20)), lambda: next(names))
    upright = [stripes(shot.frame) for shot in shown[5:]]
    assert min(upright[:5]) > 5 and max(upright[5:]) < -5
    assert [shot.source for shot in shown[9:11]] == ["Rosa", "Marco"]
    with pytest.raises(ValueError, match="Rosa, Marco.*'Anna'"):
        swap_all(shots([picture(3)]), "Anna")


def test_stop_ends_it():
    stop = threading.Event()
    shown = []

    def keep(shot):
        shown.append(shot)
        if len(shown) == 4:
            stop.set()

    def endless():
        while True:
            yield from shots([picture(3)])

    live.swap_live(StripedComb(), endless(), "Rosa", SureDetector(), keep, stop)
    assert len(shown) == 4


def test_a_broken_file_ends_with_its_reason(clip, tmp_path):
    content = clip.read_bytes()

    def breaks_off():
        yield from shots([picture(3)] * 3)
        raise media.MediaError("clip.mp4 breaks off: 3 frames were read")

    with cameras.Newest(slowly(breaks_off())) as newest:
        _, report = swap_all(newest)
    assert report["frames"] + report["dropped"] == 3
    assert report["broken"].startswith("clip.mp4 breaks off")
    text = tmp_path / "text.mp4"
    text.write_bytes(content[:40])
    with pytest.raises(media.MediaError, match="text.mp4 should be a video"):
        swap_all(cameras.play_file(text))
    with pytest.raises(FileNotFoundError, match="no file"):
        with cameras.Newest(cameras.play_file(tmp_path / "no.mp4")) as newest:
            swap_all(newest)


def test_warming_up_loses_no_frame():
    comb = GreenComb()
    frames = [picture(n) for n in range(4)]
    again = live.warm_up(comb, SureDetector(), shots(frames))
    assert comb.batches == [1, 1]  # each identity
    for shot, frame in zip(again, frames, strict=True):
        np.testing.assert_array_equal(shot.frame, frame)


# -- a recording ------------------------------------------------------------


def record(path, times):
    frames = [np.full((64, 96, 3), 20 + 20 * n, np.uint8) for n in range(9)]
    with recording.Recording(path, ("Rosa", "Marco")) as record:
        for frame, moment in zip(frames, times, strict=False):
            record.write_frame(live.LiveFrame(frame, "Rosa", None, moment, 0.0))
    return record


def test_a_recording_is_even_signed_and_says_who_may_appear(tmp_path):
    path = tmp_path / "live.mp4"
    # one frame comes late, and one too early
    record_ = record(path, [7.0, 7.04, 7.16, 7.165, 7.20])
    assert_signed(path, record_.mark)
    assert record_.mark["source_identity"] == "Rosa, Marco"
    assert record_.mark["visible_label"] is True
    times, frames = read_clip(path)
    assert len(frames) == record_.frames
    np.testing.assert_allclose(np.diff(times), 0.04, atol=1e-3)
    shades = [round((float(frame.mean()) - 20) / 20) for frame in frames]
    assert shades == [0, 1, 1, 1, 3, 4]


def test_a_recording_is_kept_when_something_goes_wrong(tmp_path):
    path = tmp_path / "live.mp4"
    frame = live.LiveFrame(picture(), "Rosa", None, 0.0, 0.0)
    with pytest.raises(RuntimeError):
        with recording.Recording(path, ("Rosa",)) as record:
            record.write_frame(frame)
            raise RuntimeError
    assert len(read_clip(path)[1]) == 1


def test_a_recording_that_cannot_be_written_says_so(tmp_path, clip):
    with pytest.raises(ValueError, match="one of .mp4"):
        recording.Recording(tmp_path / "live.avi", ("Rosa",))
    with pytest.raises(ValueError, match="overwrite its own target"):
        recording.Recording(clip, ("Rosa",), clip)
    bad = live.LiveFrame(np.zeros((8, 8, 3)), "Rosa", None, 0.0, 0.0)
    with pytest.raises(ValueError, match="uint8"):
        with recording.Recording(tmp_path / "live.mp4", ("Rosa",)) as record:
            for _ in range(99):
                record.write_frame(bad)
    assert not (tmp_path / "live.mp4").exists()
