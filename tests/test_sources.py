"""Footage from anywhere: LFW, a camera."""

import hashlib
import io
import multiprocessing
import os
import signal
import sys
import tarfile
import time

import numpy as np
import pytest
from clips import picture, read_clip, write_clip
from sklearn.datasets import _lfw

from helpers import synthetic
from helpers.footage import consent, footage_log, media, sources
from helpers.footage.media import cameras


def files_of(folder):
    return sorted(
        path.name for path in folder.iterdir() if not path.name.startswith(".")
    )


# --- Labeled Faces in the Wild


@pytest.fixture(scope="module")
def archive():
    """LFW as scikit-learn fetches it, of people who do not exist."""
    content, photos = io.BytesIO(), {}
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, count in (("Rosa Made Up", 2), ("Marco Nobody", 1)):
            person = synthetic.Person(
                synthetic.identity_parameters(name.split()[0])
            )
            for number in range(1, count + 1):
                file = f"{name.replace(' ', '_')}_{number:04d}.jpg"
                shot = synthetic.render(person, {"yaw": 9.0 * number}, 250)
                photos[file] = media.encode_image(shot["image"], ".jpg")
                path = f"lfw/{name.replace(' ', '_')}/{file}"
                info = tarfile.TarInfo(path)
                info.size = len(photos[file])
                tar.addfile(info, io.BytesIO(photos[file]))
    return content.getvalue(), photos


@pytest.fixture
def lfw(archive, server, monkeypatch):
    """scikit-learn's addresses, of a server on this machine."""

    def served(remote, content):
        server.files[f"/{remote.filename}"] = content
        return remote._replace(
            url=f"{server.url}/{remote.filename}",
            checksum=hashlib.sha256(content).hexdigest(),
        )

    monkeypatch.setattr(_lfw, "ARCHIVE", served(_lfw.ARCHIVE, archive[0]))
    pairs = tuple(served(remote, b"0\n") for remote in _lfw.TARGETS)
    monkeypatch.setattr(_lfw, "TARGETS", pairs)
    return server


def test_people_of_lfw_get_a_folder_each(lfw, archive, tmp_path):
    happened = sources.fetch_lfw(
        tmp_path / "footage", ["Rosa Made Up"], data_home=tmp_path / "home"
    )
    assert happened == {"Rosa Made Up": "2 photos taken, 0 there already"}
    folder = tmp_path / "footage" / "Rosa Made Up"
    names = ["Rosa_Made_Up_0001.jpg", "Rosa_Made_Up_0002.jpg"]
    assert files_of(folder) == [*names, "consent.toml", "sources.jsonl"]
    assert (folder / names[1]).read_bytes() == archive[1][names[1]]
    photo = media.read_photo(folder / names[0])
    assert photo.shape == (250, 250, 3) and np.ptp(photo, axis=2).max() > 50
    entries = consent.read_consent(folder)
    assert entries["who"].startswith("Rosa Made Up")
    assert "teaching and evaluation only" in entries["consent"]
    # all with enough photos, from what was fetched
    lfw.log.clear()
    more = sources.fetch_lfw(
        tmp_path / "footage", least=1, data_home=tmp_path / "home"
    )
    assert more == {
        "Marco Nobody": "1 photos taken, 0 there already",
        "Rosa Made Up": "0 photos taken, 2 there already",
    }
    assert lfw.log == []
    assert len(footage_log.read_log(folder)) == 1


def test_nobody_of_that_name_is_told_who_is(lfw, tmp_path):
    with pytest.raises(ValueError, match="Similar names: Rosa Made Up"):
        sources.fetch_lfw(
            tmp_path / "footage", ["Rosa Madeup"], data_home=tmp_path / "home"
        )
    assert not (tmp_path / "footage").exists()
    for given in ({}, {"names": "Rosa Made Up"}):
        with pytest.raises(ValueError, match="choose by names"):
            sources.fetch_lfw(tmp_path, **given)


@pytest.mark.filterwarnings("ignore:Retry downloading")
def test_without_a_network_it_says_what_to_do(lfw, tmp_path, monkeypatch):
    home = tmp_path / "home"
    del lfw.files["/lfw.tgz"]
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(ConnectionError, match="Connect to a network") as told:
        sources.fetch_lfw(tmp_path, least=1, data_home=home)
    assert "film_person" in str(told.value) and "lfw.tgz" in str(told.value)
    lfw.files["/lfw.tgz"] = b"changed on the way"
    with pytest.raises(ConnectionError, match="checksum"):
        sources.fetch_lfw(tmp_path, least=1, data_home=home)


def test_an_archive_half_unpacked_is_noticed(lfw, tmp_path):
    (tmp_path / "lfw_home" / "lfw").mkdir(parents=True)
    (tmp_path / "lfw_home" / "lfw.tgz").write_bytes(b"x")
    with pytest.raises(ValueError, match="unpacking was interrupted"):
        sources.fetch_lfw(tmp_path, least=1, data_home=tmp_path)


# --- a camera


def stand_in(tmp_path, times, count=None):
    """A file in place of a camera, as the tests of the live mode use it."""
    frames = [picture(n, (120, 160)) for n in range(len(times))]
    clip = write_clip(tmp_path / "clip.mp4", frames, times)
    return cameras.play_file(clip, paced=True)


def test_a_camera_is_recorded_at_its_true_times(tmp_path):
    times = [0, 40, 80, 300, 340, 380, 600, 1200]
    happened = sources.record_camera(
        tmp_path / "Anna", 1, frames=stand_in(tmp_path, times)
    )
    (name,) = happened
    assert name == "camera_001.mkv"
    assert happened[name].startswith("7 frames in 0.6 s; the time was over")
    read, frames = read_clip(tmp_path / "Anna" / name)
    np.testing.assert_allclose(read, np.array(times[:7]) / 1000, atol=0.002)
    for number, frame in enumerate(frames):
        original = picture(number, (120, 160))
        assert np.abs(frame.astype(int) - original).mean() < 6
    (entry,) = footage_log.read_log(tmp_path / "Anna")
    assert (entry["source"], list(entry["files"])) == ("camera", [name])
    text = sources.in_words(tmp_path / "Anna", happened)
    assert "consent: not stated" in text and "Write a consent.toml" in text
    more = sources.record_camera(
        tmp_path / "Anna", 9, frames=stand_in(tmp_path, [0, 40])
    )
    assert list(more) == ["camera_002.mkv"]
    assert "no more frames" in more["camera_002.mkv"]


def breaking(count, error):
    for n in range(count):
        time.sleep(0.02)
        yield cameras.CameraFrame(picture(n), 0.02 * n, time.perf_counter())
    raise error


def test_a_camera_that_breaks_off_leaves_what_was_filmed(tmp_path):
    happened = sources.record_camera(
        tmp_path, 9, frames=breaking(5, media.MediaError("Camera 0 is gone."))
    )
    assert "broken off: Camera 0 is gone." in happened["camera_001.mkv"]
    assert len(read_clip(tmp_path / "camera_001.mkv")[1]) >= 4
    with pytest.raises(media.MediaError, match="Camera 0 is gone"):
        sources.record_camera(
            tmp_path,
            9,
            frames=breaking(0, media.MediaError("Camera 0 is gone.")),
        )
    with pytest.raises(media.MediaError, match="give a frame. Received: none"):
        sources.record_camera(tmp_path, 9, frames=(n for n in ()))
    assert files_of(tmp_path) == ["camera_001.mkv", "sources.jsonl"]


def test_no_camera_is_told_with_advice(tmp_path):
    with pytest.raises(media.MediaError, match="Try another number"):
        sources.record_camera(tmp_path / "Anna", 1, number=97)
    with pytest.raises(ValueError, match="lasts some seconds"):
        sources.record_camera(tmp_path, 0)


def endless():
    number = 0
    while True:
        time.sleep(0.02)
        number += 1
        now = time.perf_counter()
        yield cameras.CameraFrame(picture(number % 7, (240, 320)), now, now)


def record_without_end(folder):
    sources.record_camera(folder, 100, frames=endless())


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_what_was_filmed_before_a_kill_is_recovered(tmp_path, monkeypatch):
    process = multiprocessing.get_context("spawn").Process(
        target=record_without_end, args=(tmp_path,)
    )
    process.start()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        partial = next(tmp_path.glob(".camera.*.part.mkv"), None)
        if partial is not None and partial.stat().st_size > 50_000:
            break
        time.sleep(0.1)
    with pytest.raises(TimeoutError, match="Another run is writing"):
        sources.record_camera(tmp_path, 1, frames=endless())
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    old = time.time() - 100
    os.utime(partial, (old, old))
    happened = sources.record_camera(
        tmp_path, 9, frames=stand_in(tmp_path, [0, 40])
    )
    assert "recovered" in happened["camera_001.mkv"]
    assert "camera_002.mkv" in happened
    frames = list(media.read_frames(tmp_path / "camera_001.mkv"))
    assert len(frames) > 10
    assert frames[5][2].shape == (240, 320, 3)
