"""Swap trials: the experiment runs, asks every way, shows where it looks."""

import numpy as np
import pytest
from small_swappers import small_crowd
from test_swap_pairs import film  # noqa: F401

from helpers.proof import swap_pairs, swap_trials


@pytest.fixture
def trial(film, monkeypatch, tmp_path):  # noqa: F811
    asked = {}

    def render(path, **options):
        asked.update(options, path=path)
        return film

    monkeypatch.setattr(
        swap_trials.bundles, "load_bundle", lambda *_: small_crowd(people=6)
    )
    monkeypatch.setattr(swap_trials.synthetic, "render_crowd", render)
    trial = swap_trials.learn_swaps("crowd", tmp_path, 6)
    assert asked["path"] == tmp_path / "crowd_of_6"
    assert (asked["people"], asked["frames"]) == (6, 24)
    return trial


def test_a_trial_asks_about_every_way_and_change(trial, capsys):
    ways = [swap_trials.KNOWN, *swap_trials.OTHERS, swap_trials.THEMSELVES]
    assert list(trial.tested) == ways
    for crops in trial.tested.values():
        assert crops.shape == trial.real.shape
        assert (crops != trial.real).any()
    scores = swap_trials.try_swaps(trial)
    changes = [f"none+alpha, {each}" for each in swap_pairs.CHANGES[1:]]
    assert list(scores) == [*ways, *changes]
    assert all(0 <= score["auc"] <= 1 for score in scores.values())
    out = capsys.readouterr().out.splitlines()
    table = out[-len(scores) - 1 :]
    assert table[0].split() == ["AUC", "found", "false", "alarms"]
    assert len({len(line) for line in table}) == 1


def test_evidence_is_shown_of_some_people_in_every_way(trial):
    pictures, captions = swap_trials.show_evidence(trial, people=2)
    count = 1 + len(trial.tested)
    assert pictures.shape == (2 * count, *trial.real.shape[1:])
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert captions[0].startswith("real\n")
    assert captions[count].startswith("real\n")
    # where there is no evidence the crop is as it was
    assert np.abs(pictures[0] - trial.real[0] / 255).max() < 0.5
