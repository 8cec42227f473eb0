"""A zip of footage: what is taken, what is refused, and that nothing leaks."""

import contextlib
import os
import stat
import struct
import tempfile
import threading
import time
import zipfile

import hypothesis
import pytest
from hypothesis import strategies
from pictures import noise_frame

from helpers.files.archives import HostileError
from helpers.footage import consent, footage_log, footage_zip, listing, media

PHOTO = media.encode_image(noise_frame(), ".png")
OTHER = media.encode_image(noise_frame(1), ".png")
CONSENT = b'who = "Anna"\norigin = "us"\nconsent = "yes"\n'


def zipped(path, entries, **options):
    """A zip of `(name or ZipInfo, content)`."""
    method = options.pop("method", zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path, "w", method) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


def contents(folder):
    """Every file below a folder, but for the log and its lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and path.name not in (footage_log.FILE, ".sources.lock")
    }


def test_photos_videos_and_consent_are_taken_and_the_rest_is_told(tmp_path):
    entries = [
        ("Anna/", b""),
        ("Anna/one.PNG", PHOTO),
        ("Anna/day 2/näïve 人 العربية.png", OTHER),
        ("Anna/talk.mp4", b"a video"),
        ("Anna/consent.toml", CONSENT),
        ("Anna/notes.txt", b"x"),
        ("Anna/.hidden.png", PHOTO),
        ("__MACOSX/Anna/._one.PNG", b"x"),
    ]
    happened = footage_zip.unpack_zip(
        zipped(tmp_path / "a.zip", entries), tmp_path / "footage" / "Anna"
    )
    folder = tmp_path / "footage" / "Anna"
    assert contents(folder) == {
        "one.PNG": PHOTO,
        "day 2/näïve 人 العربية.png": OTHER,
        "talk.mp4": b"a video",
        "consent.toml": CONSENT,
    }
    assert set(happened) == {name for name, _ in entries[1:]}
    assert [happened[name] for name, _ in entries[1:5]] == ["taken"] * 4
    assert {happened[name] for name, _ in entries[5:]} == {footage_zip.FOREIGN}
    (entry,) = footage_log.read_log(folder)
    assert (entry["source"], entry["origin"]) == ("zip", "a.zip")
    assert set(entry["files"]) == set(contents(folder))
    photos, videos, others = listing.list_media(folder)
    assert (len(photos), len(videos), others) == (2, 1, [])
    # by what was there before: a second time nothing happens
    again = footage_zip.unpack_zip(tmp_path / "a.zip", folder)
    assert again["Anna/one.PNG"] == "there already, the same"
    assert "there is one already" in again["Anna/consent.toml"]
    assert len(contents(folder)) == 4
    assert len(footage_log.read_log(folder)) == 1


def test_nothing_that_is_there_is_overwritten(tmp_path):
    folder = tmp_path / "Anna"
    folder.mkdir()
    (folder / "One.png").write_bytes(OTHER)
    path = zipped(tmp_path / "a.zip", [("one.png", PHOTO), ("x/y.png", PHOTO)])
    happened = footage_zip.unpack_zip(path, folder)
    assert happened["one.png"] == "taken as one-2.png"
    assert contents(folder) == {
        "One.png": OTHER,
        "one-2.png": PHOTO,
        "x/y.png": PHOTO,
    }


def test_a_statement_that_says_too_little_is_passed_over(tmp_path):
    entries = [("one.png", PHOTO), ("consent.toml", b'who = "Anna"')]
    path = zipped(tmp_path / "a.zip", entries)
    happened = footage_zip.unpack_zip(path, tmp_path / "Anna")
    assert "state who, origin, consent" in happened["consent.toml"]
    assert consent.read_consent(tmp_path / "Anna") == consent.unstated()


def test_a_mac_writes_its_alphabet_without_saying_so(tmp_path):
    path = zipped(tmp_path / "a.zip", [("Ж.png", PHOTO)])
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\3\4") + 7] &= ~8
    content[content.index(b"PK\1\2") + 9] &= ~8
    path.write_bytes(content)
    footage_zip.unpack_zip(path, tmp_path / "Anna")
    assert set(contents(tmp_path / "Anna")) == {"Ж.png"}


def special(name, kind, written=None):
    info = zipfile.ZipInfo(name)
    info.filename = written or name
    info.external_attr = (kind | 0o777) << 16
    return info


GOOD = ("one.png", PHOTO)
HOSTILE = {
    "a way out": [("../a.png", b"x")],
    "a hidden way out": [("a/../../a.png", b"x")],
    "an absolute path": [("/tmp/a.png", b"x")],
    "a drive": [("C:/a.png", b"x")],
    "a stream of Windows": [("a.png:b.png", b"x")],
    "a way out on Windows": [("..\\a.png", b"x")],
    "backslashes": [("a\\b.png", b"x")],
    "a link": [(special("a.png", stat.S_IFLNK), "/etc/passwd")],
    "a device": [(special("a.png", stat.S_IFCHR), b"")],
    "a pipe": [(special("a.png", stat.S_IFIFO), b"")],
    "one name on some disks": [("a.png", b"x"), ("A.PNG", b"y")],
    "one name in two forms": [("é.png", b"x"), ("e\u0301.png", b"y")],
    "a name twice": [("a.png", b"x"), ("a.png", b"y")],
    "a file and a folder": [("a.png", b"x"), ("a.png/b.png", b"y")],
    "a reserved name": [("con.png", b"x")],
    "a reserved folder": [("Nul/a.png", b"x")],
    "another reserved name": [("COM¹.png", b"x")],
    "a dot at the end": [("a.png.", b"x")],
    "a blank at the end": [("a /b.png", b"x")],
    "a hidden ending": [("a\u202egnp.exe.png", b"x")],
    "a line break": [("a\nb.png", b"x")],
    "a zero in the name": [(special("a", stat.S_IFREG, "a\0.png"), b"x")],
    "a zero at its beginning": [(special("a", stat.S_IFREG, "\0.png"), b"x")],
    "a long name": [("a" * 300 + ".png", b"x")],
    "only dots": [("./a.png", b"x")],
    "a zip in the zip": [("more.zip", b"x")],
    "another archive": [("more.tar.gz", b"x")],
    "a bomb": [("a.bmp", bytes(10**7))],
    "a bomb that is not taken": [("a.txt", bytes(10**7))],
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_zip_is_refused_and_nothing_is_written(kind, tmp_path):
    entries = HOSTILE[kind]
    path = zipped(tmp_path / "a.zip", [GOOD, *entries])
    folder = tmp_path / "one" / "two" / "Anna"
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(HostileError, match="Nothing was unpacked") as caught:
        footage_zip.unpack_zip(path, folder)
    assert "a.zip" in str(caught.value) and "by hand" in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_other_methods_and_encryption_are_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", [GOOD], method=zipfile.ZIP_LZMA)
    with pytest.raises(HostileError, match="method"):
        footage_zip.unpack_zip(path, tmp_path / "Anna")
    path = zipped(tmp_path / "b.zip", [GOOD])
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(HostileError, match="encrypted"):
        footage_zip.unpack_zip(path, tmp_path / "Anna")
    assert not (tmp_path / "Anna").exists()


def test_a_million_entries_are_refused_at_a_glance(tmp_path):
    name = b"a.png"
    header = struct.pack(
        "<4s4B4HL2L5H2L",
        *(b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, len(name)),
        *(0, 0, 0, 0, 0, 0),
    )
    count = 1_000_000
    listed = (header + name) * count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(listed), 0, 0)
    (tmp_path / "a.zip").write_bytes(listed + end)
    start = time.process_time()
    with pytest.raises(HostileError, match="are the most"):
        footage_zip.unpack_zip(tmp_path / "a.zip", tmp_path / "Anna")
    assert time.process_time() - start < 1
    # the same said in the record of large zips
    large = struct.pack(
        "<4sQ2H2L4Q",
        *(b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(listed), 0),
    )
    place = struct.pack("<4sLQL", b"PK\6\7", 0, len(listed), 1)
    (tmp_path / "b.zip").write_bytes(listed + large + place + end)
    with pytest.raises(HostileError, match="1000000 entries"):
        footage_zip.unpack_zip(tmp_path / "b.zip", tmp_path / "Anna")


def test_files_on_top_of_each_other_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    big = ("a.png", os.urandom(5000))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(*big)
        for number in range(5):  # five more names of the same bytes
            info = zipfile.ZipInfo(f"{number}.png")
            first = archive.filelist[0]
            info.header_offset, info.CRC = first.header_offset, first.CRC
            info.file_size, info.compress_size = 5000, 5000
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
    with pytest.raises(HostileError, match="on top of each other"):
        footage_zip.unpack_zip(path, tmp_path / "Anna")


def test_a_size_that_lies_yields_no_more_bytes(tmp_path):
    path = zipped(tmp_path / "a.zip", [GOOD, ("b.bmp", bytes(10**6))])
    content = bytearray(path.read_bytes())
    start = content.rindex(b"PK\x01\x02")
    content[start + 24 : start + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ValueError, match="a whole zip file"):
        footage_zip.unpack_zip(path, tmp_path / "Anna")
    assert contents(tmp_path / "Anna") == {}


@pytest.mark.parametrize("kept", [0, 10, -10])
def test_a_broken_zip_is_told_and_leaves_nothing(kept, tmp_path):
    whole = zipped(tmp_path / "a.zip", [GOOD]).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:kept])
    with pytest.raises(ValueError, match="a whole zip file"):
        footage_zip.unpack_zip(tmp_path / "a.zip", tmp_path / "Anna")
    # damaged inside, which shows after the first file was unpacked
    path = zipped(tmp_path / "b.zip", [GOOD, ("b.png", OTHER)])
    content = bytearray(path.read_bytes())
    content[content.index(b"b.png") + 400] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match="a whole zip file"):
        footage_zip.unpack_zip(path, tmp_path / "Anna")
    assert contents(tmp_path / "Anna") == {}
    assert not list((tmp_path / "Anna").glob(".unpacking*"))


def test_what_is_no_footage_or_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.zip"):
        footage_zip.unpack_zip(tmp_path / "nothing.zip", tmp_path / "Anna")
    path = zipped(tmp_path / "a.zip", [("a.txt", b"x")])
    with pytest.raises(ValueError, match="1 other files"):
        footage_zip.unpack_zip(path, tmp_path / "Anna")


def test_a_link_in_the_folder_is_no_way_out(tmp_path):
    folder, outside = tmp_path / "Anna", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "takes").symlink_to(outside)
    path = zipped(tmp_path / "a.zip", [GOOD, ("takes/a.png", PHOTO)])
    with pytest.raises(HostileError, match="by a link"):
        footage_zip.unpack_zip(path, folder)
    assert contents(outside) == {} and set(os.listdir(folder)) <= {
        "takes",
        ".sources.lock",
    }


def test_a_full_disk_is_said_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(footage_zip, "FREE", 2**62)
    path = zipped(tmp_path / "a.zip", [GOOD])
    with pytest.raises(OSError, match="Make room"):
        footage_zip.unpack_zip(path, tmp_path / "Anna")
    assert contents(tmp_path / "Anna") == {}


def test_all_or_none_if_a_file_cannot_be_moved(tmp_path):
    folder = tmp_path / "Anna"
    folder.mkdir()
    (folder / "takes").write_bytes(b"a file where a folder should be")
    path = zipped(tmp_path / "a.zip", [GOOD, ("takes/a.png", PHOTO)])
    with pytest.raises(OSError, match="Nothing was put into"):
        footage_zip.unpack_zip(path, folder)
    assert set(contents(folder)) == {"takes"}


def test_a_damaged_log_stops_it_before_anything_is_taken(tmp_path):
    folder = tmp_path / "Anna"
    folder.mkdir()
    (folder / footage_log.FILE).write_text("{\n")
    path = zipped(tmp_path / "a.zip", [GOOD])
    with pytest.raises(ValueError, match="nothing was taken"):
        footage_zip.unpack_zip(path, folder)
    assert contents(folder) == {}


def test_what_a_killed_run_left_is_swept_up(tmp_path):
    left = tmp_path / "Anna" / ".unpacking-dead"
    left.mkdir(parents=True)
    (left / "0.part").write_bytes(b"x")
    footage_zip.unpack_zip(zipped(tmp_path / "a.zip", [GOOD]), left.parent)
    assert set(contents(left.parent)) == {"one.png"}


def test_two_at_once_take_turns(tmp_path):
    paths = [
        zipped(tmp_path / f"{n}.zip", [("a.png", os.urandom(999))])
        for n in range(4)
    ]
    threads = [
        threading.Thread(
            target=footage_zip.unpack_zip, args=(path, tmp_path / "Anna")
        )
        for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {"a.png", "a-2.png", "a-3.png", "a-4.png"}
    assert set(contents(tmp_path / "Anna")) == names
    assert len(footage_log.read_log(tmp_path / "Anna")) == 4


ANY_NAME = strategies.one_of(
    strategies.text(max_size=12),
    strategies.text("./\\:aA \0é", max_size=12),
)
FUZZ = hypothesis.settings(
    # COURSE_FUZZ=10000: as many tries as somebody has patience for
    max_examples=int(os.environ.get("COURSE_FUZZ", 150)),
    deadline=None,
    derandomize=True,
    database=None,
)


@contextlib.contextmanager
def empty_room():
    """A folder to unpack into, two floors below one that is looked at."""
    with tempfile.TemporaryDirectory() as name:
        root = os.path.realpath(name)
        room = os.path.join(root, "one", "two", "Anna")
        yield footage_zip.pathlib.Path(root), footage_zip.pathlib.Path(room)


def assert_contained(path, root, room):
    """Unpack: only files in the room, or an error with advice."""
    try:
        footage_zip.unpack_zip(path, room)
    except (ValueError, OSError) as error:
        assert path.name in str(error) and str(error).endswith(".")
        assert contents(room) == {}
    outside = {p for p in root.rglob("*") if p.is_file()} - {path}
    assert all(p.is_relative_to(room) for p in outside)
    assert all(p.resolve() == p for p in outside)


@FUZZ
@hypothesis.given(names=strategies.lists(ANY_NAME, max_size=4))
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_name_leads_out_of_the_folder(names):
    with empty_room() as (root, room):
        entries = [(f"{name}.png", b"x") for name in names]
        try:
            path = zipped(root / "a.zip", [GOOD, *entries])
        except (UnicodeEncodeError, IndexError):
            return  # Python does not write it
        assert_contained(path, root, room)


@FUZZ
@hypothesis.given(
    changes=strategies.lists(
        strategies.tuples(
            strategies.integers(0, 10**6), strategies.integers(0, 255)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_damage_is_without_advice(changes):
    with empty_room() as (root, room):
        entries = [("a/one.png", b"x" * 50), ("é.mp4", b"y" * 5000)]
        path = zipped(root / "a.zip", entries)
        content = bytearray(path.read_bytes())
        for place, value in changes:
            content[place % len(content)] = value
        path.write_bytes(content)
        assert_contained(path, root, room)
