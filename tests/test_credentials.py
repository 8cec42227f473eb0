"""Credentials: what is signed can be checked, and a change is noticed."""

import json
import os

import av
import c2pa
import numpy as np
import pytest
from pictures import write_plain
from PIL import Image

from helpers.footage import media
from helpers.swap.marks import credentials, provenance, signing

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
    assert credentials.read_credentials(path, folder) == NOTHING
    credentials.sign_file(path, mark, folder=folder)
    assert credentials.read_credentials(path, folder) == {
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
    credentials.sign_file(path, mark, folder=folder)
    signed = path.read_bytes()
    # The credentials stand between the beginning and the rest of a file. Not
    # signed is a video's file type, its first box; the beginning of a JPEG
    # leads to the credentials, and if it is broken there seem to be none.
    begin = {".mp4": 32, ".jpg": 21}.get(ending, 0)
    head = len(os.path.commonprefix([plain, signed]))
    tail = len(os.path.commonprefix([plain[::-1], signed[::-1]]))
    if ending != ".mp4":  # whose index of places is written anew
        assert head + tail >= len(plain)
        # the last byte before the rest may be its neighbour's by chance: the
        # check sum of a PNG's credentials, which is not signed
        tail = min(tail, len(plain) - head)
    assert tail > 1000
    rest = range(len(signed) - tail, len(signed), 97)
    places = [*range(begin, head, 5), *rest]
    for place in places:
        content = bytearray(signed)
        content[place] ^= 0x10
        path.write_bytes(content)
        report = credentials.read_credentials(path, folder)
        assert report["credentials"] == "invalid", place
        assert report["altered"] is True and report["trusted"] is False
        assert report["signer"] is None and report["problems"], place


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_the_credentials_say_cannot_be_changed(
    ending, tmp_path, folder, mark
):
    path = write_plain(tmp_path / f"a{ending}")
    credentials.sign_file(path, mark, folder=folder)
    content = path.read_bytes()
    for statement in (
        b"compositeWith",
        b"made_at",
        b"self-made",
        b"c2pa.creat",
    ):
        assert statement in content
        path.write_bytes(content.replace(statement, statement.upper()))
        report = credentials.read_credentials(path, folder)
        assert (report["credentials"], report["altered"]) == ("invalid", True)


def test_the_manifest_says_that_the_original_was_edited(tmp_path, folder, mark):
    original = write_plain(tmp_path / "Anna at home.jpg")
    path = write_plain(tmp_path / "swap.png")
    credentials.sign_file(path, mark, original, folder)
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
    credentials.sign_file(path, mark, folder=folder)
    _, manifest = read_manifests(path)
    (created,) = actions_of(manifest)
    assert created["action"] == "c2pa.created"
    assert created["digitalSourceType"] == provenance.SOURCE_TYPE
    assert "ingredients" not in manifest


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_the_original_said_of_itself_stays(ending, tmp_path, folder, mark):
    original = write_plain(tmp_path / f"first{ending}")
    credentials.sign_file(original, mark, folder=tmp_path / "somebody")
    path = write_plain(tmp_path / f"second{ending}")
    credentials.sign_file(path, mark, original, folder)
    known, manifest = read_manifests(path)
    first = manifest["ingredients"][0]["active_manifest"]
    assert len(known) == 2
    assert actions_of(known[first])[0]["action"] == "c2pa.created"
    assert credentials.read_credentials(path, folder)["trusted"]


@pytest.mark.parametrize("name", ["is_a_jpeg.png", "x.bmp", "cut.mp4", "x.mkv"])
def test_originals_of_any_kind_will_do(name, tmp_path, folder, mark):
    original = tmp_path / name
    jpeg = write_plain(tmp_path / "a.jpg").read_bytes()
    original.write_bytes(jpeg[: len(jpeg) if "jpeg" in name else 900])
    path = write_plain(tmp_path / "swap.png")
    credentials.sign_file(path, mark, original, folder)
    assert credentials.read_credentials(path, folder)["trusted"]
    assert len(read_manifests(path)[1]["ingredients"]) == 1


def test_files_that_cannot_be_signed_stay_as_they_are(tmp_path, folder, mark):
    with pytest.raises(ValueError, match="go into .gif.*x.webp"):
        credentials.sign_file(tmp_path / "x.webp", mark, folder=folder)
    with pytest.raises(ValueError, match="go into .gif.*x.webp"):
        credentials.read_credentials(tmp_path / "x.webp", folder)
    for do in (
        lambda p: credentials.sign_file(p, mark),
        credentials.read_credentials,
    ):
        with pytest.raises(FileNotFoundError, match="There is no file"):
            do(tmp_path / "none.png")
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    with pytest.raises(ValueError, match="sound video/mp4.*text.mp4"):
        credentials.sign_file(text, mark, folder=folder)
    assert text.read_text() == "not a video"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["keys", "text.mp4"]


# -- reading ----------------------------------------------------------------


def test_reading_makes_no_key(tmp_path, folder):
    path = write_plain(tmp_path / "a.png")
    assert credentials.read_credentials(path, folder) == NOTHING
    assert not folder.exists()


def test_what_somebody_else_signed_is_valid_but_not_trusted(
    tmp_path, folder, mark
):
    path = write_plain(tmp_path / "a.jpg")
    credentials.sign_file(path, mark, folder=tmp_path / "somebody")
    for has_key in (False, True):
        if has_key:
            signing.signing_key(folder)
        report = credentials.read_credentials(path, folder)
        assert (report["credentials"], report["altered"]) == ("valid", False)
        assert report["trusted"] is False
        assert report["problems"] == ["signingCredential.untrusted"]


@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif"])
def test_who_saves_a_picture_anew_strips_them(ending, tmp_path, folder, mark):
    path = write_plain(tmp_path / f"a{ending}")
    credentials.sign_file(path, mark, folder=folder)
    with Image.open(path) as picture:
        Image.fromarray(np.asarray(picture.convert("RGB"))).save(path)
    assert credentials.read_credentials(path, folder) == NOTHING


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
    credentials.sign_file(path, mark, folder=folder)
    assert b"127.0.0.1:9" in path.read_bytes()
    assert credentials.read_credentials(path, folder) == NOTHING
