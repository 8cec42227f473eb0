"""Credentials: what is signed can be checked, and a change is noticed."""

import datetime
import json
import os
import subprocess
import sys
import time

import av
import c2pa
import numpy as np
import pytest
from PIL import Image

from helpers import credentials, manifests, media, provenance

ENDINGS = [".png", ".jpg", ".gif", ".mp4"]
NOTHING = {
    "credentials": "none",
    "altered": None,
    "trusted": False,
    "signer": None,
    "signed_at": None,
    "digital_source_type": None,
    "problems": [],
}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def mark():
    return provenance.build_mark("Zoë", visible_label=True)


def frame(seed=0):
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (48, 64, 3), dtype=np.uint8)


def write_plain(path):
    """A picture or video as other programs write it."""
    if path.suffix == ".mp4":
        metadata = {"comment": "a holiday"}
        frames = [frame(seed) for seed in range(3)]
        media.write_video(path, frames, 25, metadata=metadata)
    else:
        media.write_image(path, frame())
    return path


def read_pixels(path):
    if path.suffix == ".mp4":
        return [picture for _, _, picture in media.read_frames(path)]
    return [media.read_photo(path)]


def read_manifests(path):
    """All manifests of a file, and the active one."""
    with c2pa.Reader(path, context=credentials._context()) as reader:
        found = json.loads(reader.json())
    return found["manifests"], found["manifests"][found["active_manifest"]]


def actions_of(manifest):
    (actions,) = (
        assertion["data"]["actions"]
        for assertion in manifest["assertions"]
        if assertion["label"].startswith("c2pa.actions")
    )
    return actions


# -- signing ----------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_signed_file_says_who_made_it_and_looks_the_same(
    ending, tmp_path, folder, mark
):
    path = write_plain(tmp_path / f"Zoë é{ending}")
    pixels, size = read_pixels(path), path.stat().st_size
    assert credentials.read(path, folder) == NOTHING
    credentials.sign(path, mark, folder=folder)
    assert credentials.read(path, folder) == {
        "credentials": "valid",
        "altered": False,
        "trusted": True,
        "signer": "self-made certificate, comb-face-swap-course",
        "signed_at": mark["made_at"],
        "digital_source_type": provenance.SOURCE_TYPE,
        "problems": [],
    }
    np.testing.assert_array_equal(read_pixels(path), pixels)
    # no thumbnail in it, and nothing left beside it
    assert path.stat().st_size < size + 6000
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, "keys"]
    if ending == ".mp4":
        with av.open(str(path)) as container:
            assert container.metadata["comment"] == "a holiday"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_flipped_byte_is_noticed_wherever_it_is(
    ending, tmp_path, folder, mark
):
    path = write_plain(tmp_path / f"a{ending}")
    # what is signed is a GIF of the later version
    plain = path.read_bytes().replace(b"GIF87a", b"GIF89a")
    credentials.sign(path, mark, folder=folder)
    signed = path.read_bytes()
    # The credentials stand between the beginning and the rest of a file. Not
    # signed is a video's file type, its first box; the beginning of a JPEG
    # leads to the credentials, and if it is broken there seem to be none.
    begin = {".mp4": 32, ".jpg": 21}.get(ending, 0)
    head = len(os.path.commonprefix([plain, signed]))
    tail = len(os.path.commonprefix([plain[::-1], signed[::-1]]))
    assert tail > 1000
    if ending != ".mp4":  # whose index of places is written anew
        assert head + tail >= len(plain)
    rest = range(len(signed) - tail, len(signed), 97)
    places = [*range(begin, head, 5), *rest]
    for place in places:
        content = bytearray(signed)
        content[place] ^= 0x10
        path.write_bytes(content)
        report = credentials.read(path, folder)
        assert report["credentials"] == "invalid", place
        assert report["altered"] is True and report["trusted"] is False
        assert report["signer"] is None and report["problems"], place


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_the_credentials_say_cannot_be_changed(
    ending, tmp_path, folder, mark
):
    path = write_plain(tmp_path / f"a{ending}")
    credentials.sign(path, mark, folder=folder)
    content = path.read_bytes()
    for statement in (
        b"compositeWith",
        b"made_at",
        b"self-made",
        b"c2pa.creat",
    ):
        assert statement in content
        path.write_bytes(content.replace(statement, statement.upper()))
        report = credentials.read(path, folder)
        assert (report["credentials"], report["altered"]) == ("invalid", True)


def test_the_manifest_says_that_the_original_was_edited(tmp_path, folder, mark):
    original = write_plain(tmp_path / "Anna at home.jpg")
    path = write_plain(tmp_path / "swap.png")
    credentials.sign(path, mark, original, folder)
    _, manifest = read_manifests(path)
    generator = manifest["claim_generator_info"][0]
    assert generator["name"] == provenance.GENERATOR
    opened, edited = actions_of(manifest)
    assert opened["action"] == "c2pa.opened"
    assert len(opened["parameters"]["ingredients"]) == 1
    assert edited["action"] == "c2pa.edited"
    assert edited["digitalSourceType"] == provenance.SOURCE_TYPE
    (ingredient,) = manifest["ingredients"]
    assert ingredient["relationship"] == "parentOf"
    assert "thumbnail" not in ingredient and "thumbnail" not in manifest
    marks = [
        assertion["data"]
        for assertion in manifest["assertions"]
        if assertion["label"] == credentials.MARK_LABEL
    ]
    assert marks == [mark]
    # whose photo it was is told by its owner or not at all
    assert b"Anna" not in path.read_bytes()


def test_without_an_original_the_file_was_created(tmp_path, folder, mark):
    path = write_plain(tmp_path / "pair.png")
    credentials.sign(path, mark, folder=folder)
    _, manifest = read_manifests(path)
    (created,) = actions_of(manifest)
    assert created["action"] == "c2pa.created"
    assert created["digitalSourceType"] == provenance.SOURCE_TYPE
    assert "ingredients" not in manifest


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_the_original_said_of_itself_stays(ending, tmp_path, folder, mark):
    original = write_plain(tmp_path / f"first{ending}")
    credentials.sign(original, mark, folder=tmp_path / "somebody")
    path = write_plain(tmp_path / f"second{ending}")
    credentials.sign(path, mark, original, folder)
    known, manifest = read_manifests(path)
    first = manifest["ingredients"][0]["active_manifest"]
    assert len(known) == 2
    assert actions_of(known[first])[0]["action"] == "c2pa.created"
    assert credentials.read(path, folder)["trusted"]


@pytest.mark.parametrize("name", ["is_a_jpeg.png", "x.bmp", "cut.mp4", "x.mkv"])
def test_originals_of_any_kind_will_do(name, tmp_path, folder, mark):
    original = tmp_path / name
    jpeg = write_plain(tmp_path / "a.jpg").read_bytes()
    original.write_bytes(jpeg[: len(jpeg) if "jpeg" in name else 900])
    path = write_plain(tmp_path / "swap.png")
    credentials.sign(path, mark, original, folder)
    assert credentials.read(path, folder)["trusted"]
    assert len(read_manifests(path)[1]["ingredients"]) == 1


def test_files_that_cannot_be_signed_stay_as_they_are(tmp_path, folder, mark):
    with pytest.raises(ValueError, match="go into .gif.*x.webp"):
        credentials.sign(tmp_path / "x.webp", mark, folder=folder)
    with pytest.raises(ValueError, match="go into .gif.*x.webp"):
        credentials.read(tmp_path / "x.webp", folder)
    for do in (lambda p: credentials.sign(p, mark), credentials.read):
        with pytest.raises(FileNotFoundError, match="There is no file"):
            do(tmp_path / "none.png")
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    with pytest.raises(ValueError, match="sound video/mp4.*text.mp4"):
        credentials.sign(text, mark, folder=folder)
    assert text.read_text() == "not a video"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["keys", "text.mp4"]


# -- reading ----------------------------------------------------------------


def test_reading_makes_no_key(tmp_path, folder):
    path = write_plain(tmp_path / "a.png")
    assert credentials.read(path, folder) == NOTHING
    assert not folder.exists()


def test_what_somebody_else_signed_is_valid_but_not_trusted(
    tmp_path, folder, mark
):
    path = write_plain(tmp_path / "a.jpg")
    credentials.sign(path, mark, folder=tmp_path / "somebody")
    for has_key in (False, True):
        if has_key:
            credentials.signing_key(folder)
        report = credentials.read(path, folder)
        assert (report["credentials"], report["altered"]) == ("valid", False)
        assert report["trusted"] is False
        assert report["problems"] == ["signingCredential.untrusted"]


@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif"])
def test_who_saves_a_picture_anew_strips_them(ending, tmp_path, folder, mark):
    path = write_plain(tmp_path / f"a{ending}")
    credentials.sign(path, mark, folder=folder)
    with Image.open(path) as picture:
        Image.fromarray(np.asarray(picture.convert("RGB"))).save(path)
    assert credentials.read(path, folder) == NOTHING


def test_credentials_that_lie_elsewhere_are_not_fetched(
    tmp_path, folder, mark, monkeypatch
):
    path = write_plain(tmp_path / "a.png")
    build = credentials._build_manifest

    def build_elsewhere(*arguments):
        builder = build(*arguments)
        builder.set_no_embed()
        builder.set_remote_url("http://127.0.0.1:9/a.c2pa")
        return builder

    monkeypatch.setattr(credentials, "_build_manifest", build_elsewhere)
    credentials.sign(path, mark, folder=folder)
    assert b"127.0.0.1:9" in path.read_bytes()
    assert credentials.read(path, folder) == NOTHING


# -- the key ----------------------------------------------------------------


def days(number):
    now = datetime.datetime.now(datetime.UTC)
    return now + datetime.timedelta(days=number)


def test_the_key_is_made_once(tmp_path, folder, mark):
    key, certificates = credentials.signing_key(folder)
    again, same = credentials.signing_key(folder)
    assert again.private_numbers() == key.private_numbers()
    assert same == certificates and len(certificates) == 2
    for name in ("a.png", "b.gif"):
        path = write_plain(tmp_path / name)
        credentials.sign(path, mark, folder=folder)
        assert credentials.read(path, folder)["trusted"]
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["signer.lock", "signer.pem"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights otherwise")
def test_only_the_user_may_read_the_key(folder):
    before = os.umask(0)
    try:
        credentials.signing_key(folder)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "signer.pem").stat().st_mode & 0o777 == 0o600


def test_the_key_is_renewed_when_half_its_time_is_over(tmp_path, folder, mark):
    path = write_plain(tmp_path / "a.png")
    credentials.sign(path, mark, folder=folder)
    first = credentials.signing_key(folder)[1]
    half = credentials.RENEW.days
    assert credentials.signing_key(folder, days(half - 1))[1] == first
    second = credentials.signing_key(folder, days(half + 1))[1]
    assert second[:2] != first and second[2:] == first[1:]
    # what the former key signed is still this user's
    assert credentials.read(path, folder)["trusted"]


def test_a_key_of_tomorrow_is_made_anew(folder):
    """The clock was wrong when it was made, and is right now."""
    tomorrow = credentials.signing_key(folder, days(400))[1]
    today = credentials.signing_key(folder)[1]
    assert today[0] != tomorrow[0]
    assert today[0].not_valid_before_utc <= days(0)


def test_an_expired_signature_is_no_longer_valid_but_nothing_was_altered(
    tmp_path, folder, mark, monkeypatch
):
    long_ago = credentials.VALID.days + 30
    credentials.signing_key(folder, days(-long_ago))
    path = write_plain(tmp_path / "a.png")
    credentials.sign(path, mark, folder=folder)  # renews it
    assert credentials.read(path, folder)["trusted"]
    monkeypatch.setattr(credentials, "VALID", datetime.timedelta(seconds=2))
    monkeypatch.setattr(credentials, "RENEW", datetime.timedelta(0))
    short = tmp_path / "short"
    credentials.sign(path, mark, folder=short)
    end = credentials.signing_key(short)[1][0].not_valid_after_utc
    left = end - datetime.datetime.now(datetime.UTC)
    time.sleep(max(0, left.total_seconds()) + 1.1)  # it ends in whole seconds
    report = credentials.read(path, short)
    assert (report["credentials"], report["altered"]) == ("invalid", False)
    assert "signingCredential.expired" in report["problems"]
    assert report["signed_at"] == mark["made_at"]


def damage(content, name):
    other = b"-----BEGIN CERTIFICATE-----"
    first, second = content.index(other), content.rindex(other)
    return {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "no key": content[first:],
        "no root": content[:second],
        "other": b"something else",
        "changed": content.replace(content[first + 200 : first + 204], b"AAAA"),
    }[name]


@pytest.mark.parametrize(
    "name", ["empty", "cut", "no key", "no root", "other", "changed"]
)
def test_a_damaged_key_is_said_to_be_and_stays(name, tmp_path, folder, mark):
    path = write_plain(tmp_path / "a.png")
    plain = path.read_bytes()
    credentials.signing_key(folder)
    file = folder / "signer.pem"
    broken = damage(file.read_bytes(), name)
    file.write_bytes(broken)
    for do in (
        lambda: credentials.signing_key(folder),
        lambda: credentials.sign(path, mark, folder=folder),
        lambda: credentials.read(path, folder),
    ):
        with pytest.raises(ValueError, match="should hold a private key.*copy"):
            do()
    assert file.read_bytes() == broken and path.read_bytes() == plain


def test_a_key_and_a_certificate_of_two_do_not_fit(tmp_path, folder):
    credentials.signing_key(folder)
    credentials.signing_key(tmp_path / "other")
    begin = b"-----BEGIN CERTIFICATE-----"
    file = folder / "signer.pem"
    own = file.read_bytes().split(begin)
    other = (tmp_path / "other" / "signer.pem").read_bytes().split(begin)
    file.write_bytes(begin.join([own[0], *other[1:]]))
    with pytest.raises(ValueError, match="do not fit"):
        credentials.signing_key(folder)
    file.write_bytes(begin.join([*own[:2], other[2]]))
    with pytest.raises(ValueError, match="should hold a private key"):
        credentials.signing_key(folder)


def test_what_a_crash_left_behind_does_no_harm(folder, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(manifests.os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            credentials.signing_key(folder)
    assert not (folder / "signer.pem").exists()
    (folder / ".signer.1.part.pem").write_bytes(b"-----BEGIN PRIV")
    assert len(credentials.signing_key(folder)[1]) == 2


def test_a_folder_that_cannot_be_written_is_named(tmp_path, mark):
    path = write_plain(tmp_path / "a.png")
    plain = path.read_bytes()
    (tmp_path / "file").write_text("no folder")
    where = tmp_path / "file" / "keys"
    with pytest.raises(OSError, match="able to write.*COURSE_CREDENTIALS"):
        credentials.sign(path, mark, folder=where)
    assert path.read_bytes() == plain
    assert credentials.read(path, where) == NOTHING


def test_two_processes_at_once_make_one_key(folder):
    code = (
        "from helpers import credentials; import sys;"
        "sys.stdin.readline();"
        f"key, certificates = credentials.signing_key({str(folder)!r});"
        "print(certificates[0].serial_number, len(certificates))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=manifests.project_root(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0].split() for process in running]
    own = credentials.signing_key(folder)[1][0].serial_number
    assert said == [[str(own), "2"]] * 4


def test_the_folder_is_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CREDENTIALS", str(tmp_path))
    assert credentials.credentials_folder() == tmp_path
    monkeypatch.delenv("COURSE_CREDENTIALS")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "roaming"))
    name = "comb-face-swap-course"
    monkeypatch.setattr(sys, "platform", "linux")
    assert credentials.credentials_folder() == tmp_path / "settings" / name
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(credentials.pathlib.Path, "home", lambda: tmp_path)
    assert credentials.credentials_folder() == tmp_path / ".config" / name
    monkeypatch.setattr(sys, "platform", "win32")
    assert credentials.credentials_folder() == tmp_path / "roaming" / name
