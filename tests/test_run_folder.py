"""Who may train in a folder: what goes on, what moves aside, what stops."""

import shutil

import keras
import numpy as np
import pytest
from test_trainer import content, untraced

from helpers import growth
from helpers.comb import build_comb
from helpers.crowd import build_crowd
from helpers.files import manifests
from helpers.training import bundles, checkpoints
from helpers.training.identity_data import IdentityData
from helpers.training.other_runs import FRESH, OtherRunError
from helpers.training.rehearsal import RehearsingComb
from helpers.training.run_folder import begin_run

SIDE = 8
OPTIONS = {
    "resolution": SIDE,
    "widths": (6, 4),
    "latent_dim": 5,
    "shared_levels": 1,
}
MADE_FROM = {"START_FROM": 64 * "a", "ENCODER": "free", "faces of Rosa": "b"}


def comb_of(*names, **options):
    keras.utils.set_random_seed(1)
    return build_comb(names or ("Rosa", "Marco"), **OPTIONS | options)


def data_of(names, seed=0):
    random = np.random.default_rng(0)
    crops = {
        n: random.integers(0, 255, (4, 10, 10, 3), np.uint8) for n in names
    }
    masks = {name: np.full((4, 10, 10), 255, np.uint8) for name in names}
    return IdentityData(crops, masks, 0.8, SIDE, seed=seed)


def begin(folder, network=None, steps=4, first=1, batch=2, **options):
    network = network or comb_of()
    options = {"learning_rate": 1e-3, "made_from": MADE_FROM} | options
    schedule = growth.growth_schedule(1, steps, first, batch)
    return begin_run(folder, network, schedule, **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a finished run and its bundle, to be copied."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    run = begin(folder, minutes=9.0)
    trainer = run.trainer(data_of(run.network.identities))
    with untraced():
        trainer.run(report_every=9)
    bundles.save_bundle(run.network, folder, "03_full_training")
    return folder


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory):
    """A folder with a run that was stopped after three steps of four."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    run = begin(folder, minutes=9.0)

    def stop(report):
        raise KeyboardInterrupt

    trainer = run.trainer(data_of(run.network.identities))
    with untraced():
        trainer.run(report_every=3, on_report=stop)
    return folder


@pytest.fixture
def copy(tmp_path):
    def copied(folder):
        return shutil.copytree(folder, tmp_path / "trained")

    return copied


OTHERWISE = {
    "network": ({"network": comb_of(latent_dim=7)}, "latent_dim (5, now 7)"),
    "people": (
        {"network": comb_of("Rosa", "Bert")},
        "identities (Rosa and Marco, now Rosa and Bert)",
    ),
    "rehearsal": (
        {
            "network": RehearsingComb(comb_of(), build_crowd(3, **OPTIONS)),
            "made_from": MADE_FROM | {"ENCODER": "rehearse"},
        },
        "ENCODER (free, now rehearse)",
    ),
    "steps": ({"steps": 9}, "steps (4, now 9)"),
    "levels": ({"first": 0}, "first level (8 px, now 4 px)"),
    "batch": ({"batch": 3}, "batch size (2, now 3)"),
    "seed": ({"seed": 5}, "seed (0, now 5)"),
    "frozen": ({"frozen": "encoder"}, "frozen (nothing, now encoder)"),
    "footage": (
        {"made_from": MADE_FROM | {"faces of Rosa": "c"}},
        "faces of Rosa (b, now c)",
    ),
    "weights": (
        {"made_from": MADE_FROM | {"START_FROM": 64 * "d"}},
        "what differs: START_FROM",
    ),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_a_finished_run_of_something_else_moves_aside_as_a_whole(
    what, finished, copy, tmp_path, capsys
):
    folder = copy(finished)
    before = content(folder)
    assert {"checkpoint.safetensors", manifests.MANIFEST} < set(before)
    options, said = OTHERWISE[what]
    begin(folder, **{"minutes": 9.0} | options)
    assert not folder.exists()
    assert content(tmp_path / "trained.1") == before
    (line,) = capsys.readouterr().out.strip().split("\n")
    assert "finished run of Rosa and Marco: kept as trained.1" in line
    assert said in line


@pytest.mark.parametrize("what", OTHERWISE)
def test_an_unfinished_one_stops_in_two_lines_and_stays(
    what, unfinished, copy, monkeypatch
):
    folder = copy(unfinished)
    before = content(folder)
    options, said = OTHERWISE[what]
    monkeypatch.setenv(FRESH, "python3 course.py run --only 03 --fresh")
    with pytest.raises(OtherRunError) as caught:
        begin(folder, **{"minutes": 9.0} | options)
    first, second = str(caught.value).split("\n")
    assert "an unfinished run, step 3 of 4, of Rosa and Marco" in first
    assert said in first and "{" not in first
    assert second.endswith(": python3 course.py run --only 03 --fresh")
    assert content(folder) == before
    monkeypatch.delenv(FRESH)
    with pytest.raises(OtherRunError, match="away .or set another OUTPUT_FOL"):
        begin(folder, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"minutes": 2.0}, "MINUTES (9.0, now 2.0)"),
        ({"minutes": 9.0, "learning_rate": 5e-4}, "LEARNING_RATE (0.001, now"),
    ],
)
def test_time_and_rate_may_change_until_a_run_is_finished(
    options, said, finished, unfinished, copy, tmp_path, capsys
):
    run = begin(unfinished, **options)
    trainer = run.trainer(data_of(run.network.identities))
    assert trainer.state["total_steps"] == 3 and not trainer.finished
    capsys.readouterr()
    begin(copy(finished), **options)
    assert said in capsys.readouterr().out
    assert (tmp_path / "trained.1" / manifests.MANIFEST).is_file()


def test_the_same_run_is_read_back_and_left_as_it_is(finished, capsys):
    before = content(finished)
    network = comb_of()
    run = begin(finished, network, minutes=9.0)
    trainer = run.trainer(data_of(network.identities))
    assert trainer.finished
    assert "Finished before, at step 4" in capsys.readouterr().out
    own = bundles.load_bundle(finished).variables()
    for name, variable in network.variables().items():
        np.testing.assert_array_equal(variable, own[name], err_msg=name)
    assert content(finished) == before
    assert not list(finished.parent.glob("trained.*"))


@pytest.mark.parametrize("lacking", ["made_from", "parameters"])
def test_a_run_of_an_older_course_goes_on(unfinished, copy, lacking, capsys):
    folder = copy(unfinished)
    path = folder / "checkpoint.safetensors"
    arrays, config, state = checkpoints.read_checkpoint(path)
    holder = state if lacking == "parameters" else state["parameters"]
    del holder[lacking]
    checkpoints.save_checkpoint(
        path, arrays, {"config": config, "state": state}
    )
    run = begin(folder)
    trainer = run.trainer(data_of(run.network.identities))
    assert trainer.state["total_steps"] == 3
    assert "Going on from step 3" in capsys.readouterr().out
    with untraced():
        trainer.run()
    assert trainer.finished


def test_weights_of_the_folder_itself_may_be_trained_on(
    finished, copy, tmp_path, capsys
):
    folder = copy(finished)
    before = content(folder)
    network = bundles.load_bundle(folder)
    options = {
        "made_from": MADE_FROM | {"START_FROM": 64 * "e"},
        "minutes": 9.0,
        "start": folder,
    }
    run = begin(folder, network, **options)
    assert content(tmp_path / "trained.1") == before
    # a copy stays to start from, without the checkpoint
    weights = {name: before[name] for name in content(folder)}
    assert set(weights) == {"weights.safetensors", manifests.MANIFEST}
    assert content(folder) == weights
    # killed before the first checkpoint: nothing moves twice
    run = begin(folder, bundles.load_bundle(folder), **options)
    assert not (tmp_path / "trained.2").exists()

    def stop(report):
        raise KeyboardInterrupt

    with untraced():
        run.trainer(data_of(network.identities)).run(2, stop)
    capsys.readouterr()
    run = begin(folder, bundles.load_bundle(folder), **options)
    trainer = run.trainer(data_of(network.identities))
    assert "Going on from step 2" in capsys.readouterr().out
    with untraced():
        trainer.run()
    bundles.save_bundle(run.network, folder, "03_full_training")
    assert content(tmp_path / "trained.1") == before
    assert not (tmp_path / "trained.2").exists()


def test_a_bundle_without_a_checkpoint_is_not_written_over(
    finished, copy, tmp_path, capsys
):
    folder = copy(finished)
    (folder / "checkpoint.safetensors").unlink()
    before = content(folder)
    begin(folder)
    assert content(tmp_path / "trained.1") == before
    assert "held weights: kept as trained.1" in capsys.readouterr().out


def test_killed_between_copy_and_move_it_goes_on(finished, copy, tmp_path):
    folder = copy(finished)
    half = tmp_path / ".trained.part"
    half.mkdir()
    (half / "weights.safetensors").write_bytes(b"half")
    made_from = MADE_FROM | {"START_FROM": 64 * "e"}
    begin(folder, made_from=made_from, start=folder)
    assert bundles.load_bundle(folder).identities == ("Rosa", "Marco")
    assert not half.exists()


def test_a_run_that_keeps_nothing_needs_no_folder():
    run = begin(None, made_from={})
    assert run.trainer(data_of(run.network.identities)).checkpoint is None
