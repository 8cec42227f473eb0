"""Listing: what lies in a folder of footage."""

import pytest

from helpers.footage import listing, media


def test_media_are_listed_in_order_without_their_truth(tmp_path):
    names = (
        "b.JPG a.png clip.MP4 clip.truth.json clip.masks.npz .hidden.png "
        "notes.txt deep/er/c.webm"
    ).split()
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    photos, videos, others = listing.list_media(tmp_path)
    assert [path.name for path in photos] == ["a.png", "b.JPG"]
    assert [path.name for path in videos] == ["clip.MP4", "c.webm"]
    assert [path.name for path in others] == ["notes.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(media.MediaError, match="photos or videos"):
        listing.list_media(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="no folder"):
        listing.list_media(tmp_path / "nowhere")


def test_a_missing_folder_is_said_with_those_beside_it(tmp_path):
    (tmp_path / "Ann").mkdir()
    with pytest.raises(FileNotFoundError, match="there are: Ann. Give"):
        listing.list_media(tmp_path / "Anne")
    with pytest.raises(FileNotFoundError, match="there are: no folder"):
        listing.list_media(tmp_path / "Ann" / "more" / "still")
    with pytest.raises(media.MediaError, match="Received: nothing. Put"):
        listing.list_media(tmp_path / "Ann")
