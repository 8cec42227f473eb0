"""Footage from addresses, by a server on this machine."""

import io
import zipfile

import pytest
from clips import picture, write_clip
from pictures import noise_frame

from helpers.files import fetching
from helpers.footage import downloads, footage_folder, footage_log, media

JPEG = media.encode_image(noise_frame(), ".jpg")
PNG = media.encode_image(noise_frame(1), ".png")


def visible(folder):
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.name != footage_log.FILE
    }


def zip_of(*entries):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return content.getvalue()


@pytest.fixture
def clip(tmp_path):
    return write_clip(tmp_path / "clip.mp4", [picture()] * 5).read_bytes()


def test_what_is_footage_is_taken_and_a_bad_address_stops_nothing(
    server, tmp_path, clip
):
    server.files |= {
        "/one.jpg": JPEG,
        "/image.php": PNG,
        "/wrong.jpg": PNG,
        "/talk": clip,
        "/Anna%20%D0%96.jpeg": JPEG[:-1] + b"x",
        "/more.zip": zip_of(("a/two.png", PNG), ("a/x.txt", b"x")),
        "/bad.zip": zip_of(("../two.png", PNG)),
        "/page": b"<html>",
        "/broken.mp4": clip[:300],
        "/empty.jpg": b"",
    }
    lines = [
        "\ufeff# Anna's photos",
        f"{server.url}/one.jpg   # the first",
        "",
        f"{server.url}/one.jpg",
        *(f"{server.url}/{n}" for n in ("image.php?id=3#top", "wrong.jpg")),
        *(f"{server.url}/{n}" for n in ("talk", "Anna Ж.jpeg", "more.zip")),
        *(f"{server.url}/{n}" for n in ("bad.zip", "page", "broken.mp4")),
        *(f"{server.url}/{n}" for n in ("empty.jpg", "nothing.jpg")),
        "http://example.org/a.jpg",
        "file:///etc/passwd",
        "no address",
    ]
    (tmp_path / "list.txt").write_text("\n".join(lines), encoding="utf-8")
    folder = tmp_path / "footage" / "Anna"
    happened = downloads.fetch_list(tmp_path / "list.txt", folder)
    found = {
        address.removeprefix(server.url + "/"): word
        for address, word in happened.items()
    }
    assert found["one.jpg"] == "taken as one.jpg"
    assert found["image.php?id=3#top"] == "taken as image.png"
    assert found["wrong.jpg"] == "taken as wrong.png"
    assert found["talk"] == "taken as talk.mp4"
    assert found["Anna Ж.jpeg"] == "taken as Anna Ж.jpeg"
    assert found["more.zip"] == "a zip of 2 files, 1 passed over"
    for name, text in {
        "bad.zip": "a way out of the folder",
        "page": "bytes that are none",
        "broken.mp4": "should be a video",
        "empty.jpg": "bytes that are none",
        "nothing.jpg": "404",
        "http://example.org/a.jpg": "https://",
        "file:///etc/passwd": "https://",
        "no address": "https://",
    }.items():
        assert found[name].startswith("left out: ") and text in found[name]
    names = {"one.jpg", "image.png", "wrong.png", "talk.mp4", "Anna Ж.jpeg"}
    names.add("two.png")  # from the zip
    assert set(visible(folder)) == names
    assert visible(folder)["one.jpg"] == JPEG
    assert not list(folder.glob(".*.download*"))
    # a second time only what failed is asked for again
    server.log.clear()
    again = downloads.fetch_list(tmp_path / "list.txt", folder)
    assert again[f"{server.url}/one.jpg"] == "there already"
    assert "/one.jpg" not in [path for path, _ in server.log]
    assert set(visible(folder)) == names


def test_an_address_alone_and_a_list_of_them(server, tmp_path):
    server.files |= {"/a.jpg": JPEG, "/b.png": PNG}
    told = []
    for given in (f"{server.url}/a.jpg", [f"{server.url}/b.png"]):
        downloads.fetch_list(
            given, tmp_path / "Anna", progress=lambda *n: told.append(n)
        )
    assert visible(tmp_path / "Anna") == {"a.jpg": JPEG, "b.png": PNG}
    assert told == [(1, 1)] * 2
    log = footage_log.read_log(tmp_path / "Anna")
    assert [entry["origin"] for entry in log] == [
        f"{server.url}/a.jpg",
        f"{server.url}/b.png",
    ]


@pytest.mark.parametrize("changed", [False, True])
def test_what_broke_off_goes_on_if_it_is_the_same_still(
    changed, server, tmp_path
):
    url, folder = f"{server.url}/a.jpg", tmp_path / "Anna"
    server.files["/a.jpg"], server.headers = JPEG, {"ETag": '"1"'}
    server.breaks = [100]
    happened = downloads.fetch_list([url], folder)
    assert "run the same again" in happened[url]
    assert visible(folder) == {}
    new = media.encode_image(noise_frame(5), ".jpg")
    if changed:
        server.files["/a.jpg"], server.headers = new, {"ETag": '"2"'}
    assert downloads.fetch_list([url], folder)[url] == "taken as a.jpg"
    assert server.log == [("/a.jpg", None), ("/a.jpg", "bytes=100-")]
    assert visible(folder) == {"a.jpg": new if changed else JPEG}
    assert not list(folder.glob(".*.download*"))


def test_too_much_and_pages_are_left_before_they_come(server, tmp_path):
    url, folder = f"{server.url}/a.jpg", tmp_path / "Anna"
    server.files["/a.jpg"] = JPEG
    happened = downloads.fetch_list([url], folder, largest=100)
    assert "at most 100 bytes" in happened[url]
    server.headers = {"Content-Type": "text/html; charset=utf-8"}
    assert "as a page is" in downloads.fetch_list([url], folder)[url]
    assert not list(folder.glob(".*.download*"))


def leads_to(url):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def test_redirects_are_followed_only_where_it_is_safe(server, tmp_path):
    server.files |= {
        "/a.jpg": JPEG,
        "/moved": leads_to("/a.jpg"),
        "/away": leads_to("http://example.org/a.jpg"),
        "/file": leads_to("file:///etc/passwd"),
        "/round": leads_to("/round"),
    }
    names = ("moved", "away", "file", "round")
    urls = [f"{server.url}/{name}" for name in names]
    moved, *others = downloads.fetch_list(urls, tmp_path / "Anna").values()
    assert moved == "taken as moved.jpg"
    assert all(word.startswith("left out: ") for word in others)
    assert "leads to http://example.org" in others[0]
    assert set(visible(tmp_path / "Anna")) == {"moved.jpg"}


@pytest.mark.parametrize(
    ("asked", "given", "allowed"),
    [
        ("https://a/b", "https://c/d", True),
        ("http://127.0.0.1/b", "http://localhost/d", True),
        ("http://127.0.0.1/b", "https://c/d", True),
        ("https://a/b", "http://c/d", False),
        ("https://a/b", "https://127.0.0.1/d", False),
        ("http://a/b", "http://127.0.0.1/d", False),
        ("http://127.0.0.1/b", "http://c/d", False),
        ("https://a/b", "ftp://c/d", False),
    ],
)
def test_one_step_of_a_redirect(asked, given, allowed):
    if allowed:
        fetching.check_redirect(asked, given)
        return
    with pytest.raises(ValueError, match="should lead to another one"):
        fetching.check_redirect(asked, given)


def test_a_full_disk_is_said_at_once(server, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    server.files["/a.jpg"] = JPEG
    monkeypatch.setattr(fetching, "_copy", full)
    with pytest.raises(OSError, match="No space left"):
        downloads.fetch_list([f"{server.url}/a.jpg"], tmp_path / "Anna")


def test_a_list_that_is_none_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no list of addresses"):
        downloads.fetch_list(tmp_path / "list.txt", tmp_path)
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ValueError, match="UTF-8"):
        downloads.fetch_list(tmp_path / "list.txt", tmp_path)
    with pytest.raises(ValueError, match="at most 10000 addresses"):
        downloads.fetch_list((f"https://a/{n}" for n in range(10001)), tmp_path)


def test_a_second_run_on_the_folder_is_told(tmp_path):
    with footage_folder.locked(tmp_path, "fetching"):
        with pytest.raises(TimeoutError, match="Another run is writing"):
            downloads.fetch_list(["https://a/b"], tmp_path)
