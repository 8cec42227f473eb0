"""People who do not exist, filmed into a folder by name or by seed."""

import json

import pytest
from clips import picture, write_clip

from helpers import synthetic
from helpers.footage import footage_log, sources


def test_a_person_is_filmed_by_name_or_seed_with_the_truth(tmp_path):
    folder = tmp_path / "somebody"
    film = {"takes": 1, "test_takes": 1, "frames_per_take": 2, "processes": 1}
    happened = synthetic.film_person(12, folder, **film)
    assert happened == {"train_000.mp4": "filmed", "test_000.mp4": "filmed"}
    truth = json.loads((folder / "train_000.truth.json").read_text())
    assert truth["identity"] == "person_0012"
    assert truth["identity_parameters"] == json.loads(
        json.dumps(synthetic.random_identity(12))
    )
    assert len(truth["frames"]) == 2
    (entry,) = footage_log.read_log(folder)
    assert entry["origin"] == "person_0012, seed 0"
    assert set(entry["files"]) == set(happened)
    again = synthetic.film_person("12", folder, **film)
    assert set(again.values()) == {"there already"}
    with pytest.raises(FileExistsError, match="of other footage"):
        synthetic.film_person("Rosa", folder, **film)
    # the same takes as `write_footage` films
    synthetic.write_footage(
        tmp_path, ["person_0012"], 1, 1, 2, clip_seconds=0, processes=1
    )
    other = tmp_path / "person_0012" / "train_000.truth.json"
    assert json.loads(other.read_text()) == truth
    assert "nobody was filmed" in sources.in_words(folder, again)


def test_a_real_clip_of_that_name_is_left_alone(tmp_path):
    clip = write_clip(tmp_path / "train_000.mp4", [picture()] * 3)
    before = clip.read_bytes()
    with pytest.raises(FileExistsError, match="train_000.mp4"):
        synthetic.film_person("Rosa", tmp_path, takes=1, test_takes=0)
    assert clip.read_bytes() == before
    clip.write_bytes(b"a broken clip")
    with pytest.raises(FileExistsError, match="train_000.mp4"):
        synthetic.film_person("Rosa", tmp_path, takes=1, test_takes=0)
    with pytest.raises(ValueError, match="Nobody has that name"):
        synthetic.film_person("Nobody", tmp_path / "x")


def test_several_people_are_filmed_and_counted(tmp_path, capsys):
    film = {
        "training_takes": 1,
        "test_takes": 1,
        "frames_per_take": 2,
        "clip_seconds": 0,
        "processes": 1,
    }
    for new in (4, 0):
        synthetic.film_people(tmp_path, ["Rosa", "Marco"], **film)
        assert f"4 takes, {new} of them new" in capsys.readouterr().out
    film["training_takes"] = 0
    synthetic.film_people(tmp_path, ["Rosa", "Marco"], **film)
    out = capsys.readouterr().out
    assert "of another run, used as well: 2 (Marco/train_000.mp4" in out
    with pytest.raises(ValueError, match="one folder.*SYNTHETIC = False"):
        synthetic.film_people({"Rosa": "x", "Marco": "y"}, ["Rosa", "Marco"])
