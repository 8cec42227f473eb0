"""Listing: what lies in a folder of footage."""

import pytest

from helpers.footage import consent, listing, media


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


@pytest.fixture
def people(tmp_path):
    """Two people's footage, in two places; one said what was agreed."""
    for number, folder in enumerate(("films/Ann", "elsewhere/ben's")):
        home = tmp_path / folder
        home.mkdir(parents=True)
        (home / f"{number}.mp4").write_bytes(bytes([number]) * 9)
        (home / f"{number}.jpg").write_bytes(bytes([9 - number]) * 9)
    consent.write_consent(tmp_path / "films/Ann", "Ann", "here", "in writing")
    return tmp_path


def test_footage_may_lie_anywhere(people, capsys):
    folders = {"Ann": "films/Ann", "Ben": str(people / "elsewhere" / "ben's")}
    footage = listing.find_footage(people, folders, ["Ann", "Ben"])
    assert footage["Ann"].folder == people / "films" / "Ann"
    assert [path.name for path in footage["Ben"].files] == ["1.mp4", "1.jpg"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Ann: photos 1, videos 1; consent: in writing"
    assert lines[1].startswith("Ben: photos 1, videos 1; consent: not stated")
    # the three lines to write make the file that is missing
    assert consent.FILE in lines[1] and consent.FILE in lines[2]
    (people / "elsewhere" / "ben's" / consent.FILE).write_text(
        "\n".join(line.strip() for line in lines[3:6])
    )
    agreed = consent.read_consent(people / "elsewhere" / "ben's")
    assert agreed["who"].startswith("Ben")
    listing.find_footage(people, folders, ["Ann", "Ben"])
    assert consent.FILE not in capsys.readouterr().out


def test_one_folder_holds_a_folder_a_person(people):
    assert listing.folder_of("films", "Ann").as_posix() == "films/Ann"
    with pytest.raises(FileNotFoundError, match="there are: Ann"):
        listing.find_footage(people, "films", ["Ann", "Ben"])


@pytest.mark.parametrize("folders", [{"Ann": "films/Ann"}, {}, "", None, 3])
def test_a_person_without_a_folder_is_named(people, folders):
    with pytest.raises(ValueError, match='{"(Ann|Ben)": "films/.*Received'):
        listing.find_footage(people, folders, ["Ann", "Ben"])


def test_an_empty_folder_and_a_wrong_person_stop_before_any_work(people):
    (people / "empty").mkdir()
    folders = {"Ann": "films/Ann", "Ben": "empty"}
    with pytest.raises(media.MediaError, match="Received: nothing"):
        listing.find_footage(people, folders, ["Ann", "Ben"])
    with pytest.raises(ValueError, match="PERSON"):
        listing.find_footage(people, folders, ["Ann", "Ben"], {"Bob": 0})


def test_footage_that_two_have_is_told(people, capsys):
    folders = {"Ann": "films/Ann", "Ben": "films/Ann"}
    listing.find_footage(people, folders, ["Ann", "Ben"])
    assert "Beware: 0.mp4 of Ben is 0.mp4 of Ann" in capsys.readouterr().out
