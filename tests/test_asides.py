"""What moves aside gets the next number, and nothing is lost."""

import pytest

from helpers.files import asides


def test_each_goes_under_a_number_of_its_own(tmp_path):
    folder = tmp_path / "trained"
    for content in ("first", "second"):
        folder.mkdir()
        (folder / "weights").write_text(content)
        asides.set_aside(folder)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["trained.1", "trained.2"]
    assert (tmp_path / "trained.1" / "weights").read_text() == "first"
    assert (tmp_path / "trained.2" / "weights").read_text() == "second"


def test_a_file_that_is_in_the_way_counts(tmp_path):
    (tmp_path / "swap.mp4").touch()
    (tmp_path / "swap.mp4.1").touch()
    assert asides.set_aside(tmp_path / "swap.mp4").name == "swap.mp4.2"


def test_nothing_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        asides.set_aside(tmp_path / "nothing")
