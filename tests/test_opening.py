"""Opening: what may not be read, and what is neither photo nor video."""

import os

import pytest
from media_files import plain_pictures

from helpers.footage import listing, media
from helpers.footage.media import opening, photos


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said(tmp_path):
    (tmp_path / "shut").mkdir()
    (picture,) = plain_pictures(1)
    for name in ("photo.png", "shut/photo.png"):
        picture.save(tmp_path / name)
    (tmp_path / "photo.png").chmod(0)
    (tmp_path / "shut").chmod(0o400)  # its names may be listed, no more
    found, _, _ = listing.list_media(tmp_path)
    assert len(found) == 2
    for path in found:
        with pytest.raises(media.MediaError, match="Give yourself the right"):
            photos.read_photo(path)


@pytest.mark.parametrize("content", [b"", b"this is text", b"\xff\xd8\xff"])
def test_a_file_that_is_no_photo_or_video_says_so(tmp_path, content):
    for name, read in (
        ("a.jpg", media.read_photo),
        ("a.mp4", media.probe_video),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(media.MediaError, match=name):
            read(path)
    with pytest.raises(FileNotFoundError, match="nothing.jpg"):
        media.read_photo(tmp_path / "nothing.jpg")


def test_a_librarys_fault_is_said_in_words(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no video at all, but some bytes" * 40)
    with pytest.raises(media.MediaError, match="Invalid data") as raised:
        next(media.read_frames(path))
    assert "Errno" not in str(raised.value)
    assert opening.words_of(OSError(28, "No space left")) == "No space left"
    assert opening.words_of(ValueError("a reason")) == "a reason"
    assert opening.words_of(KeyError()) == "KeyError"
