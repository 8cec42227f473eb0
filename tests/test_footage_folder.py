"""A person's folder: names, files put into it, and the log of its sources."""

import os
import threading
import time

import hypothesis
import pytest
from hypothesis import strategies

from helpers.files import manifests
from helpers.footage import footage_folder, footage_log

FUZZ = hypothesis.settings(
    max_examples=int(os.environ.get("COURSE_FUZZ", 300)),
    deadline=None,
    derandomize=True,
    database=None,
)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("talk.mp4", "talk.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\clips\\talk.mp4", "talk.mp4"),
        ("Ж 人 العربية.JPG", "Ж 人 العربية.JPG"),
        ("e\u0301.jpg", "é.jpg"),
        ("What?*.jpg", "What__.jpg"),
        ("con.jpg", "_con.jpg"),
        (".hidden.jpg", "hidden.jpg"),
        ("a\u202egnp.exe.jpg", "a_gnp.exe.jpg"),
        ("a.jpg. .", "a.jpg"),
        ("\ud800.jpg", "_.jpg"),
        ("", "file"),
        ("...", "file"),
        ("a" * 300 + ".mp4", "a" * 196 + ".mp4"),
    ],
)
def test_a_name_is_made_safe_in_its_own_alphabet(given, name):
    assert footage_folder.safe_name(given) == name
    assert footage_folder.reason_against(name) is None


@FUZZ
@hypothesis.given(
    strategies.text(alphabet=strategies.characters(exclude_categories=()))
)
def test_any_name_can_be_made_safe(given):
    name = footage_folder.safe_name(given)
    assert footage_folder.reason_against(name) is None
    assert not name.startswith(".")
    assert footage_folder.safe_name(name) == name


def test_numbers_are_counted_on(tmp_path):
    names = []
    for ending in (".webm", ".mkv", ".webm"):
        names.append(footage_folder.next_name(tmp_path, "camera", ending))
        (tmp_path / names[-1]).write_bytes(b"")
    assert names == ["camera_001.webm", "camera_002.mkv", "camera_003.webm"]


def test_another_run_is_waited_for_and_told_of(tmp_path):
    times = []
    with footage_folder.locked(tmp_path):
        with footage_folder.locked(tmp_path, "another purpose", 0):
            pass
        with pytest.raises(TimeoutError, match="Another run is writing"):
            with footage_folder.locked(tmp_path, seconds=0):
                pass

        def wait():
            with footage_folder.locked(tmp_path):
                times.append(time.monotonic())

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.2)
        times.append(time.monotonic())
    thread.join()
    assert times == sorted(times)


@pytest.mark.skipif(os.access("/", os.W_OK), reason="root may write anywhere")
def test_a_read_only_folder_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        with footage_folder.locked(tmp_path):
            pass


def test_the_log_only_grows(tmp_path):
    assert footage_log.read_log(tmp_path) == []
    for name in ("one.jpg", "two.jpg"):
        (tmp_path / name).write_bytes(name.encode())
        footage_log.note_source(
            tmp_path, "address", f"https://a/{name}", [name]
        )
    footage_log.note_source(tmp_path, "address", "https://a/none", [])
    first, second = footage_log.read_log(tmp_path)
    expected = manifests.file_sha256(tmp_path / "one.jpg")
    assert first["files"] == {"one.jpg": expected}
    assert second["origin"] == "https://a/two.jpg"
    assert first["at"] <= second["at"]


def test_half_a_line_of_a_killed_run_is_none(tmp_path):
    (tmp_path / "one.jpg").write_bytes(b"x")
    footage_log.note_source(tmp_path, "upload", "one.jpg", ["one.jpg"])
    (entry,) = footage_log.read_log(tmp_path)
    with open(tmp_path / footage_log.FILE, "ab") as file:
        file.write(b'{"at": "20')
    assert footage_log.read_log(tmp_path) == [entry]
    footage_log.note_source(tmp_path, "upload", "Ж.jpg", ["one.jpg"])
    assert [e["origin"] for e in footage_log.read_log(tmp_path)] == [
        "one.jpg",
        "Ж.jpg",
    ]


@pytest.mark.parametrize(
    "text", ["{\n", "{}\n", "1\n", '{"files": 1}\n', "[[\n"]
)
def test_a_damaged_log_is_told_and_left_alone(tmp_path, text):
    (tmp_path / footage_log.FILE).write_text(text)
    with pytest.raises(ValueError, match="Repair it or give it another name"):
        footage_log.read_log(tmp_path)
    assert (tmp_path / footage_log.FILE).read_text() == text
