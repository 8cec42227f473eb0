"""Everybody as everybody, of a result: named, kept, and never replaced."""

import dataclasses

import pytest
from test_swap_footage import clip_in, job_of, names_in, states_of

from helpers.swap import everybody, swap_footage

pytestmark = pytest.mark.usefixtures("egg_masks")


@pytest.fixture
def job(tmp_path):
    return job_of(clip_in(tmp_path / "footage" / "Rosa", "test_clip.mp4"))


def test_a_matrix_is_kept_or_gets_a_number(job, tmp_path, capsys):
    (result,) = swap_footage.swap_all(job, tmp_path / "swaps")
    homes = tmp_path / "footage", tmp_path / "out"
    path = everybody.film_everybody(job, result, *homes)
    assert path.name == "everybody_as_everybody.mp4"
    said = capsys.readouterr().out
    assert f"{path.name}: 8 frames" in said and "left out: Rosa 0" in said
    before = states_of(path.parent)
    assert everybody.film_everybody(job, result, *homes) == path
    assert states_of(path.parent) == before
    assert "it is kept" in capsys.readouterr().out
    other = {**result.record["job"], "blend": "alpha"}
    result = dataclasses.replace(result, record={**result.record, "job": other})
    second = everybody.film_everybody(job, result, *homes)
    assert second.name == "everybody_as_everybody_2.mp4"
    assert before.items() <= states_of(path.parent).items()
    assert "of other blend, and stays" in capsys.readouterr().out


def test_without_a_clip_there_is_no_matrix(job, tmp_path, capsys):
    (result,) = swap_footage.swap_all(job, tmp_path / "swaps")
    homes = tmp_path / "nobody", tmp_path / "swaps"
    before = names_in(homes[1])
    assert everybody.film_everybody(job, result, *homes) is None
    assert "No matrix: nobody has a test_clip.mp4" in capsys.readouterr().out
    assert names_in(homes[1]) == before
