"""Files that a browser sends in pieces: where they land, what is refused."""

import io
import os
import time
import zipfile

import pytest
from pictures import noise_frame

from helpers.footage import consent, footage_log, media, pieces
from helpers.widgets import upload
from helpers.widgets.browser_camera import BrowserCamera

PHOTO = media.encode_image(noise_frame(), ".png")


def visible(folder):
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.name != footage_log.FILE
    }


def hidden(folder):
    return [p.name for p in folder.glob(".*") if not p.name.endswith(".lock")]


@pytest.fixture
def widget(tmp_path):
    """An upload widget that keeps what it answers."""
    widget = upload.FootageUpload(tmp_path / "Anna")
    widget.answers = []
    widget.send = lambda content, *_: widget.answers.append(content["kind"])
    return widget


def send(widget, name, content, size=100, stated=None):
    """What the page does with one file."""
    message = {"name": name, "file": f"{name} {len(widget.answers)}"}
    told = [({"kind": "start"}, ())]
    for number, start in enumerate(range(0, len(content), size)):
        piece = memoryview(content)[start : start + size]
        told.append(({"kind": "piece", "number": number}, (piece,)))
    told.append(({"kind": "end", "size": stated or len(content)}, ()))
    for fields, buffers in told:
        widget._receive(widget, message | fields, buffers)
        if widget.answers[-1] != "taken":
            return


def zip_of(name):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, PHOTO)
        archive.writestr("notes.txt", "x")
    return content.getvalue()


def test_files_land_under_safe_names_and_overwrite_nothing(widget):
    send(widget, "one.PNG", PHOTO)
    send(widget, "one.PNG", PHOTO)
    send(widget, "one.PNG", PHOTO + b"x")
    send(widget, "../../кот?.png", PHOTO)
    send(widget, "con.png", PHOTO)
    send(widget, "more.zip", zip_of("two.png"))
    folder = widget.folder
    assert visible(folder) == {
        "one.PNG": PHOTO,
        "one-2.PNG": PHOTO + b"x",
        "кот_.png": PHOTO,
        "_con.png": PHOTO,
        "two.png": PHOTO,
    }
    assert widget.rows == [
        ["one.PNG", "taken"],
        ["one.PNG", "there already, the same"],
        ["one.PNG", "taken as one-2.PNG"],
        ["кот_.png", "taken"],
        ["_con.png", "taken"],
        ["more.zip", "a zip of 2 files, 1 passed over"],
    ]
    assert widget.happened["more.zip: two.png"] == "taken"
    assert hidden(folder) == []
    log = footage_log.read_log(folder)
    assert {name for entry in log for name in entry["files"]} == set(
        visible(folder)
    )
    assert "Write a consent.toml" in widget.said
    consent.write_consent(folder, "Anna", "us", "yes")
    send(widget, "three.png", PHOTO)
    assert widget.said == "Anna: who: Anna; origin: us; consent: yes"


def test_what_is_refused_says_why_and_leaves_nothing(widget, monkeypatch):
    monkeypatch.setattr(upload, "LARGEST", 20_000)
    send(widget, "notes.txt", b"x")
    send(widget, "bad.zip", zip_of("../two.png"))
    send(widget, "large.png", bytes(30_000))
    send(widget, "empty.png", b"")
    send(widget, "short.png", b"12345", stated=9)
    reasons = dict(widget.rows)
    for name, text in {
        "notes.txt": "Save it as one of these",
        "bad.zip": "Received: bad.zip with '../two.png'",
        "large.png": "at most 20000 bytes",
        "empty.png": "an empty file",
        "short.png": "9 bytes should come. Received: 5",
    }.items():
        assert reasons.pop(name).startswith("left out: ")
        assert text in widget.happened[name]
    assert reasons == {}
    assert visible(widget.folder) == {}
    assert hidden(widget.folder) == []


def test_a_lost_piece_and_a_new_kernel_are_noticed(widget):
    start = {"kind": "start", "name": "a.png", "file": "1"}
    piece = {"kind": "piece", "name": "a.png", "file": "1", "number": 1}
    widget._receive(widget, start, ())
    widget._receive(widget, piece, (b"x",))
    assert "Piece 0 of a file should come" in widget.happened["a.png"]
    widget._receive(widget, piece, (b"x",))
    assert "the kernel was started anew" in widget.happened["a.png"]
    assert widget.answers == ["taken", "left out", "left out"]
    widget._receive(widget, start, ())
    widget._receive(widget, start | {"name": "b.png", "file": "2"}, ())
    assert "before its end" in widget.happened["a.png"]
    assert visible(widget.folder) == {} and len(hidden(widget.folder)) == 1


def test_half_a_file_of_a_dead_kernel_is_swept_up(tmp_path):
    old, new = (
        tmp_path / ".upload.1-2.part.png",
        tmp_path / ".upload.1.part.mp4",
    )
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 100,) * 2)
    upload.FootageUpload(tmp_path)
    assert hidden(tmp_path) == [new.name]


# --- the browser's camera, with the browser left out


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    media.write_video(path, [noise_frame(n) for n in range(10)], 10)
    content = path.read_bytes()
    path.unlink()
    return content


def film(camera, content, clip="1", end=True, first=0):
    message = {"clip": clip}
    camera._receive(
        camera, message | {"kind": "start", "type": "video/mp4;codecs=x"}, ()
    )
    for number, start in enumerate(range(0, len(content), 1000), first):
        piece = memoryview(content)[start : start + 1000]
        fields = {"kind": "piece", "number": number}
        camera._receive(camera, message | fields, (piece,))
    if end:
        camera._receive(camera, message | {"kind": "end"}, ())


def test_a_clip_gets_its_name_when_it_is_complete(tmp_path, clip):
    camera = BrowserCamera(tmp_path / "Anna")
    assert "Write a consent.toml" in camera.said
    film(camera, clip, end=False)
    assert visible(camera.folder) == {}
    film(camera, clip, clip="2")
    assert visible(camera.folder) == {
        "camera_001.mp4": clip,
        "camera_002.mp4": clip,
    }
    assert "broken off by another" in camera.happened["camera_001.mp4"]
    assert camera.happened["camera_002.mp4"].startswith("taken, 1.0 s")
    assert "camera_002.mp4: taken" in camera.said
    assert len(footage_log.read_log(camera.folder)) == 2
    film(camera, b"no film")
    assert camera.said.startswith("Nothing was recorded.")
    film(camera, clip, first=3)
    assert "broken off: Piece 0" in camera.said or "Nothing" in camera.said
    assert len(visible(camera.folder)) == 2
    assert hidden(camera.folder) == []


def test_a_clip_of_a_dead_kernel_is_recovered(tmp_path, clip):
    path = tmp_path / ".camera.1-2.part.mp4"
    path.write_bytes(clip)
    assert BrowserCamera(tmp_path).happened == {}
    os.utime(path, (time.time() - 100,) * 2)
    camera = BrowserCamera(tmp_path)
    assert list(camera.happened) == ["camera_001.mp4"]
    assert visible(tmp_path) == {"camera_001.mp4": clip}


def test_a_full_disk_is_said(tmp_path, clip, monkeypatch):
    camera = BrowserCamera(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pieces.Incoming, "write_piece", full)
    film(camera, clip)
    assert "Nothing was recorded. broken off: [Errno 28] No" in camera.said
    assert visible(tmp_path) == {}
