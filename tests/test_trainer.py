"""Batches, stages and reports; that a stopped run goes on exactly; errors."""

import gc
import math
import os
import shutil
import signal
import subprocess
import sys
import time

import cv2
import keras
import numpy as np
import pytest
from disk import ROOT, environment
from small_swappers import untraced

from helpers import augmentation, growth
from helpers.comb import build_comb
from helpers.crowd import READ_PARAMETERS, build_crowd, comb_from_crowd
from helpers.swapper import face_key, name_key
from helpers.synthetic.crowd_film import CrowdCrops
from helpers.training import checkpoints, training_watch
from helpers.training.checkpoint_files import disk_use
from helpers.training.crowd_data import CrowdData
from helpers.training.identity_data import IdentityData
from helpers.training.last_good import SaveError, TrainingError
from helpers.training.reports import report_line
from helpers.training.trainer import Trainer

WIDTHS = (8, 6, 6)
SIZE = 20  # of a stored crop; at coverage 0.8 a network pixel is one of it
SIDE = 16
NAMES = ("Rosa", "Ana Núñez")
ONE = ("Rosa",)
TURNED = augmentation.PLAIN | {"rotation": 20.0, "zoom": 0.1, "shift": 0.1}
OPTIONS = {"resolution": SIDE, "widths": WIDTHS, "latent_dim": 5}


def faces(people, frames, seed=0):
    """Smooth pictures: everybody's own colour, every frame's own light."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(30, 220, (people, 1, 1, 1, 3))
    coarse = coarse + random.uniform(-30, 30, (1, frames, 4, 4, 3))
    crops = np.empty((people, frames, SIZE, SIZE, 3), "uint8")
    for person in range(people):
        for frame in range(frames):
            crops[person, frame] = cv2.resize(
                coarse[person, frame].astype("uint8"), (SIZE, SIZE)
            )
    masks = np.zeros((people, frames, SIZE, SIZE), "uint8")
    masks[..., 3:-3, 3:-3] = 255
    return crops, masks


def crowd_crops(people=4, frames=6, cast=3):
    """Three of four people play each frame, never in the same places."""
    crops, masks = (part.swapaxes(0, 1) for part in faces(people, frames))
    players = np.array(
        [np.roll(np.arange(people), k)[:cast] for k in range(frames)]
    )
    rows = np.arange(frames)[:, None]
    random = np.random.default_rng(0)
    frames = [
        dict(zip(READ_PARAMETERS, values, strict=True))
        for values in random.normal(size=(frames, len(READ_PARAMETERS)))
    ]
    return CrowdCrops(
        crops[rows, players], masks[rows, players], players, frames
    )


def crowd_data(**options):
    return CrowdData(crowd_crops(), 0.8, SIDE, **options)


def identity_data(names=NAMES, **options):
    crops, masks = faces(len(names), 6)
    return IdentityData(
        dict(zip(names, crops, strict=True)),
        dict(zip(names, masks, strict=True)),
        0.8,
        SIDE,
        **options,
    )


def small_comb(names=NAMES):
    keras.utils.set_random_seed(3)
    return build_comb(names, **OPTIONS)


def small_crowd(people=4):
    keras.utils.set_random_seed(3)
    return build_crowd(people, **OPTIONS)


def stages(*steps, first_level=1, batch_size=4):
    """Stages of the given lengths, one a level; fades over half of each."""
    return [
        {
            "level": first_level + k,
            "steps": count,
            "batch_size": batch_size,
            "share": 1 / len(steps),
            "fade": 0.5 if k else 0.0,
        }
        for k, count in enumerate(steps)
    ]


def values(network):
    return {
        name: keras.ops.convert_to_numpy(variable).copy()
        for name, variable in network.variables().items()
    }


def stop_at(*steps):
    """An `on_report` that presses the stop button once at each step."""
    left = set(steps)

    def on_report(report):
        if report["step"] in left:
            left.remove(report["step"])
            raise KeyboardInterrupt

    return on_report


def assert_same(one, other):
    assert list(one) == list(other)
    for name, value in one.items():
        np.testing.assert_allclose(
            value, other[name], rtol=1e-5, atol=1e-6, err_msg=name
        )


def test_a_schedule_has_the_asked_steps_at_every_length():
    for level in range(9):
        for steps in range(level + 1, 300):
            schedule = growth.growth_schedule(level, steps)
            assert [stage["level"] for stage in schedule] == [*range(level + 1)]
            assert sum(stage["steps"] for stage in schedule) == steps
            assert min(stage["steps"] for stage in schedule) >= 1
            assert math.isclose(sum(s["share"] for s in schedule), 1)


def test_half_of_a_schedule_trains_the_top_level():
    schedule = growth.growth_schedule(4, 3100, batch_size=8)
    assert [s["steps"] for s in schedule] == [100, 200, 400, 800, 1600]
    assert [s["fade"] for s in schedule] == [0, *[growth.FADE_SHARE] * 4]
    assert {s["batch_size"] for s in schedule} == {8}
    # a step costs twice as much at each next level
    shares = [s["share"] for s in schedule]
    for below, above in zip(shares, shares[1:], strict=False):
        assert math.isclose(above, 4 * below)


def test_a_flat_schedule_has_one_stage_without_a_fade():
    (stage,) = growth.growth_schedule(3, 70, first_level=3)
    assert stage["level"] == 3 and stage["steps"] == 70
    assert stage["share"] == 1 and stage["fade"] == 0


def test_schedules_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="5 levels .* Received: steps=4"):
        growth.growth_schedule(4, 4)
    with pytest.raises(ValueError, match="Received: first_level=3"):
        growth.growth_schedule(2, 100, first_level=3)


@pytest.fixture(scope="module")
def trained_crowd():
    """A crowd grown from 8 to 16 pixels, its trainer and its weights before."""
    crowd = small_crowd()
    before = values(crowd)
    data = crowd_data(held_out_frames=2)
    trainer = Trainer(crowd, data, stages(60, 90, batch_size=8), 5e-2)
    threads = cv2.getNumThreads()
    trainer.run(report_every=15)
    assert cv2.getNumThreads() == threads
    return trainer, before


def test_training_lowers_the_loss(trained_crowd):
    trainer, _ = trained_crowd
    first, last = trainer.history[0], trainer.history[-1]
    assert last["losses"]["crowd"] < 0.5 * first["losses"]["crowd"]
    assert last["held_out"]["crowd"] < 0.5 * first["held_out"]["crowd"]
    assert set(last["losses"]) == {"crowd", "latents", "expression"}


def test_reports_tell_step_level_and_fade(trained_crowd):
    trainer, _ = trained_crowd
    history = trainer.history
    assert trainer.finished and trainer.network.level == 2
    assert [r["step"] for r in history] == [*range(15, 151, 15)]
    assert [r["level"] for r in history] == [1] * 4 + [2] * 6
    assert [r["resolution"] for r in history] == [8] * 4 + [16] * 6
    # the second stage fades over its first 45 of 90 steps
    expected = [1, 1, 1, 1, 1 / 3, 2 / 3, 1, 1, 1, 1]
    np.testing.assert_allclose([r["blend"] for r in history], expected)
    seconds = [r["seconds"] for r in history]
    assert seconds == sorted(seconds) and seconds[0] > 0
    assert history[-1]["seconds_left"] == 0
    assert all(r["seconds_left"] > 0 for r in history[:-1])
    for report in history:
        assert 0 < report["steps_per_second"] < 1e5


def test_a_report_is_told_in_one_line(trained_crowd):
    trainer, _ = trained_crowd
    line = report_line(trainer.history[4])
    assert "step    75 |  16 px, blend 0.33 | loss crowd 0." in line
    assert "(unseen 0." in line and "latents" in line
    assert "\n" not in line
    bare = trainer.history[4] | {"held_out": {}}
    assert "unseen" not in report_line(bare)


def test_the_way_out_of_a_level_not_trained_yet_does_not_move(trained_crowd):
    trainer, before = trained_crowd
    after = values(trainer.network)
    moved = {k for k in after if not np.array_equal(before[k], after[k])}
    # training began at 8 px, above the ways in and out of 4 px
    still = {"encoder_4_from_rgb/kernel", "decoder_crowd_4_to_rgb/kernel"}
    assert not still & moved
    assert {"encoder_16/kernel", "decoder_crowd_16/kernel"} <= moved


def test_a_preview_shows_faces_never_trained_on(trained_crowd):
    trainer, _ = trained_crowd
    rows = trainer.preview(faces=4)
    assert list(rows) == ["seen", "drawn", "truth"]
    assert {row.shape for row in rows.values()} == {(4, 16, 16, 3)}
    inputs, _ = trainer.data.held_out(2, 1.0)
    np.testing.assert_array_equal(rows["seen"], inputs["crops"][:4])


def test_a_comb_goes_on_from_a_crowd(trained_crowd):
    trainer, _ = trained_crowd
    comb = comb_from_crowd(trainer.network, NAMES)
    unseen = {"Rosa": tuple(part[0] for part in faces(1, 3, 9))}
    data = identity_data(held_out=unseen)
    fine = Trainer(comb, data, growth.growth_schedule(2, 50, 2, 4), 5e-3)
    history = fine.run(report_every=10)
    for name in NAMES:
        assert history[-1]["losses"][name] < history[0]["losses"][name]
    # the other one has no unseen footage, and no number is made up for it
    assert set(history[-1]["held_out"]) == {"Rosa"}
    crops = data.crops["Rosa"][:, 2:-2, 2:-2].astype("float32") / 255
    swapped = comb.swap(crops, "Ana Núñez")
    assert swapped.shape == (6, 16, 16, 3)
    wanted = data.crops["Ana Núñez"][:, 2:-2, 2:-2] / 255
    own = np.abs(comb.swap(crops, "Rosa") - wanted).mean()
    assert np.abs(swapped - wanted).mean() < own


def graphs():
    gc.collect()
    return sum(type(each).__name__ == "FuncGraph" for each in gc.get_objects())


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow's graphs"
)
def test_nothing_of_a_network_is_kept_once_it_is_trained_and_gone():
    before = graphs()
    trainer = Trainer(small_comb(["Rosa"]), identity_data(["Rosa"]), stages(2))
    trainer.run()
    assert graphs() > before
    del trainer
    assert graphs() <= before


@pytest.mark.usefixtures("eager")
def test_a_comb_of_one_identity_trains_too():
    data = identity_data(["Rosa"], held_out={"Rosa": faces(1, 3)[0:2]})
    data.unseen = {"Rosa": tuple(part[0] for part in faces(1, 3))}
    trainer = Trainer(small_comb(["Rosa"]), data, stages(3))
    (report,) = trainer.run(report_every=3)
    assert list(report["losses"]) == list(report["held_out"]) == ["Rosa"]


@pytest.mark.usefixtures("eager")
def test_frozen_layers_do_not_move_and_thaw_in_the_next_run():
    comb, data = small_comb(), identity_data()
    before = values(comb)
    Trainer(
        comb, data, stages(2, 2), frozen=("encoder", "decoder_shared")
    ).run()
    after = values(comb)
    for name, value in after.items():
        still = name.startswith(("encoder", "decoder_shared"))
        if still or "_4_to_rgb" in name:
            np.testing.assert_array_equal(value, before[name], err_msg=name)
    assert not np.array_equal(
        after["decoder_Rosa_16/kernel"], before["decoder_Rosa_16/kernel"]
    )
    Trainer(comb, data, stages(2, first_level=2)).run()
    name = "encoder_16/kernel"
    assert not np.array_equal(values(comb)[name], before[name])


def test_frozen_takes_one_name_and_refuses_unknown_ones():
    trainer = Trainer(
        small_comb(), identity_data(), stages(1), frozen="encoder"
    )
    assert trainer.frozen == ("encoder",)
    with pytest.raises(ValueError, match=r"Received: frozen=\('coder',\)"):
        Trainer(small_comb(), identity_data(), stages(1), frozen=("coder",))


@pytest.fixture(scope="module")
def uninterrupted():
    """Weights of a comb grown over two levels without a stop."""
    comb = small_comb()
    trainer = Trainer(comb, identity_data(), stages(3, 5), 3e-3)
    with untraced():
        trainer.run(report_every=1)
    return values(comb), [r["losses"]["Rosa"] for r in trainer.history]


# in the first stage, at its last step, in a fade and after it, at the end
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("stops", [(2,), (3, 8), (5, 7)])
def test_a_stopped_run_goes_on_from_its_file_exactly(
    stops, uninterrupted, tmp_path
):
    expected, losses = uninterrupted
    path = tmp_path / "checkpoint.safetensors"
    for stop in (*stops, None):
        comb = small_comb()
        trainer = Trainer(
            comb, identity_data(), stages(3, 5), 3e-3, checkpoint=path
        )
        trainer.run(report_every=1, on_report=stop_at(stop))
        assert trainer.finished == (stop is None)
        assert trainer.state["total_steps"] == stop or stop is None
    assert_same(values(comb), expected)
    assert [r["step"] for r in trainer.history] == [*range(1, 9)]
    again = [r["losses"]["Rosa"] for r in trainer.history]
    # a report is the mean since the one before: one step here
    np.testing.assert_allclose(again, losses, rtol=1e-4)


@pytest.mark.usefixtures("eager")
def test_a_stopped_trainer_goes_on_exactly_when_run_again(
    uninterrupted, capsys
):
    expected, _ = uninterrupted
    comb = small_comb()
    trainer = Trainer(comb, identity_data(), stages(3, 5), 3e-3)
    on_report = stop_at(2, 3, 6)
    while not trainer.finished:
        trainer.run(report_every=1, on_report=on_report)
    assert capsys.readouterr().out.count("go on from here") == 3
    assert_same(values(comb), expected)


@pytest.mark.usefixtures("eager")
def test_a_stop_between_the_weights_and_the_count_repeats_no_step(
    uninterrupted, monkeypatch, tmp_path
):
    expected, _ = uninterrupted
    path = tmp_path / "checkpoint.safetensors"
    train = keras.Model.train_on_batch
    calls = []

    def stopped(model, *inputs, **options):
        logs = train(model, *inputs, **options)
        calls.append(None)
        if len(calls) in (2, 6):
            raise KeyboardInterrupt
        return logs

    monkeypatch.setattr(keras.Model, "train_on_batch", stopped)
    finished = False
    while not finished:
        comb = small_comb()
        trainer = Trainer(
            comb, identity_data(), stages(3, 5), 3e-3, checkpoint=path
        )
        trainer.run(report_every=1)
        finished = trainer.finished
    assert len(calls) == 8
    assert_same(values(comb), expected)


@pytest.mark.usefixtures("eager")
def test_a_stop_between_two_levels_leaves_a_checkpoint_to_go_on_from(
    uninterrupted, monkeypatch, tmp_path
):
    expected, _ = uninterrupted
    path = tmp_path / "checkpoint.safetensors"
    comb = small_comb()
    trainer = Trainer(
        comb, identity_data(), stages(3, 5), 3e-3, checkpoint=path
    )
    with monkeypatch.context() as patch:
        build = comb.autoencoder

        def stopped(level):
            if level == 2:
                raise KeyboardInterrupt
            return build(level)

        patch.setattr(comb, "autoencoder", stopped)
        trainer.run(report_every=1, save_every=-1)
    again = small_comb()
    Trainer(again, identity_data(), stages(3, 5), 3e-3, checkpoint=path).run()
    assert_same(values(again), expected)
    trainer.run()  # and the one that was stopped goes on as well
    assert_same(values(comb), expected)


def test_a_crowd_goes_on_in_the_middle_of_a_fade(tmp_path):
    # the one of these tests that trains a traced network, as readers do
    path, kept = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    schedule = [stages(8)[0] | {"fade": 0.5}]
    stopped = Trainer(small_crowd(), crowd_data(), schedule, checkpoint=path)
    stopped.run(report_every=1, on_report=stop_at(2))
    assert stopped.blend == 0.5
    shutil.copy(path, kept)
    stopped.run()
    crowd = small_crowd()
    trainer = Trainer(crowd, crowd_data(), schedule, checkpoint=kept)
    assert trainer.blend == 0.5
    trainer.run()
    assert_same(values(crowd), values(stopped.network))


@pytest.mark.usefixtures("eager")
def test_a_finished_run_is_read_back_and_left_as_it_is(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    comb = small_comb(ONE)
    data = identity_data(ONE)
    Trainer(comb, data, stages(2, 2), checkpoint=path).run()
    before = path.read_bytes()
    again = small_comb(ONE)
    trainer = Trainer(again, data, stages(2, 2), checkpoint=path)
    assert trainer.finished and again.level == 2
    assert trainer.estimate().startswith("Nothing is left to train")
    assert_same(values(again), values(comb))
    history = trainer.run(on_report=lambda report: pytest.fail("a step"))
    assert [report["step"] for report in history] == [2, 4]
    assert path.read_bytes() == before
    assert trainer.preview(4)["drawn"].shape == (4, 16, 16, 3)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"latent_dim": 7}, "latent_dim (5, now 7)"),
        ({"steps": 9}, "steps (2, now 9)"),
        ({"made_from": {"faces of Rosa": "new"}}, "faces of Rosa (old, now"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused_and_left_alone(
    change, said, tmp_path
):
    path = tmp_path / "checkpoint.safetensors"
    data, old = identity_data(ONE), {"faces of Rosa": "old"}
    Trainer(
        small_comb(ONE), data, stages(2), checkpoint=path, made_from=old
    ).run()
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    comb = build_comb(
        ONE, **OPTIONS | {k: v for k, v in change.items() if k in OPTIONS}
    )
    weights = values(comb)
    schedule = stages(change.get("steps", 2))
    made_from = change.get("made_from", old)
    with pytest.raises(ValueError, match="holds a finished run") as caught:
        Trainer(comb, data, schedule, checkpoint=path, made_from=made_from)
    first, second = str(caught.value).split("\n")
    assert said in first and "step 2 of 2, of Rosa;" in first
    assert "{" not in first and len(first) < 250
    assert second.startswith("To go on with it, give")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    assert_same(values(comb), weights)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def spoil(data, name, step):
    """From this step on, the targets of one identity are infinite."""
    batch = data.batch

    def spoiled(number, *options):
        inputs, targets = batch(number, *options)
        if number >= step:
            targets[face_key(name)][:] = np.inf
        return inputs, targets

    data.batch = spoiled
    return lambda: setattr(data, "batch", batch)


@pytest.mark.usefixtures("eager")
def test_a_loss_that_is_no_number_names_its_identity_and_goes_back(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    comb, data = small_comb(), identity_data()
    trainer = Trainer(comb, data, stages(3, 5), checkpoint=path)
    trainer.run(report_every=1, on_report=stop_at(4))
    clean, before = values(comb), content(tmp_path)
    heal = spoil(data, "Ana Núñez", 6)
    with pytest.raises(TrainingError) as caught:
        trainer.run(report_every=100)
    text = str(caught.value)
    assert "at step 7. Received: loss=nan (Ana Núñez=nan)" in text
    assert "back at step 4" in text and "lower than 0.005" in text
    assert_same(values(comb), clean)
    assert [r["step"] for r in trainer.history] == [1, 2, 3, 4]
    assert content(tmp_path) == before
    # and goes on from there, here and from the file
    heal()
    trainer.learning_rate = 1e-3
    history = trainer.run(report_every=1)
    assert trainer.finished
    assert [r["step"] for r in history] == [*range(1, 9)]
    path.unlink()
    again = small_comb()
    other = Trainer(again, identity_data(), stages(3, 5), 1e-3, checkpoint=path)
    other.run()
    assert_same(values(again), values(comb))


@pytest.mark.usefixtures("eager")
def test_before_anything_was_saved_the_start_is_what_is_gone_back_to():
    comb, data = small_comb(), identity_data()
    start = values(comb)
    spoil(data, "Rosa", 2)
    trainer = Trainer(comb, data, stages(6))
    for _ in range(2):
        with pytest.raises(TrainingError, match="back at step 0"):
            trainer.run(report_every=1)
        assert_same(values(comb), start)
        assert trainer.history == [] and trainer.state["total_steps"] == 0


def assign_all(variable, number):
    variable.assign(np.full(variable.shape, number))


@pytest.mark.usefixtures("eager")
def test_weights_that_are_no_numbers_are_never_saved(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    comb, data = small_comb(ONE), identity_data(ONE)
    trainer = Trainer(comb, data, stages(4), checkpoint=path)
    trainer.run(report_every=1, on_report=stop_at(1))
    clean, before = values(comb), content(tmp_path)
    # one that this level does not use: no picture and no loss tells of it
    assign_all(comb.variables()["encoder_16/bias"], np.nan)
    with pytest.raises(
        TrainingError, match="step 1. Received: encoder_16/bias is no"
    ):
        trainer.save()
    assert content(tmp_path) == before
    assert_same(values(comb), clean)


@pytest.mark.usefixtures("eager")
def test_stopping_a_run_that_diverged_unseen_does_not_save_it(tmp_path):
    comb, data = small_comb(ONE), identity_data(ONE)
    trainer = Trainer(
        comb, data, stages(30), checkpoint=tmp_path / "checkpoint.safetensors"
    )

    def poison_and_stop(report):
        assign_all(comb.variables()["encoder_8/bias"], np.nan)
        raise KeyboardInterrupt

    with pytest.raises(TrainingError, match="drawn of Rosa is no"):
        trainer.run(report_every=3, on_report=poison_and_stop)
    assert content(tmp_path) == {}


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("color", [-30.0, 0.0, 30.0])
def test_a_decoder_that_draws_one_picture_is_named(
    color, monkeypatch, tmp_path
):
    # these networks are too small to come alive in a few steps
    monkeypatch.setattr(training_watch, "ALIVE", 0.03)
    path = tmp_path / "checkpoint.safetensors"
    comb, data = small_comb(), identity_data()
    trainer = Trainer(comb, data, stages(3, 6), checkpoint=path)
    trainer.run(report_every=1, on_report=stop_at(5))
    clean, before = values(comb), content(tmp_path)

    def collapse(report):
        for side in (8, 16):
            name = f"decoder_{name_key('Ana Núñez')}_{side}_to_rgb"
            assign_all(comb.variables()[f"{name}/kernel"], 0.0)
            assign_all(comb.variables()[f"{name}/bias"], color)

    with pytest.raises(TrainingError) as caught:
        trainer.run(report_every=1, on_report=collapse, save_every=1e9)
    assert "at step 7. Received: the decoder of Ana Núñez has" in str(
        caught.value
    )
    assert_same(values(comb), clean)
    assert content(tmp_path) == before
    # nor does the stop button save it
    trainer.learning_rate = 1e-4

    def collapse_and_stop(report):
        collapse(report)
        raise KeyboardInterrupt

    with pytest.raises(TrainingError, match="Ana Núñez has collapsed"):
        trainer.run(report_every=1, on_report=collapse_and_stop)
    assert content(tmp_path) == before


@pytest.mark.usefixtures("eager")
def test_a_disk_that_fails_stops_no_training_and_loses_nothing(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / "checkpoint.safetensors"
    comb = small_comb(ONE)
    trainer = Trainer(comb, identity_data(ONE), stages(3), checkpoint=path)
    with monkeypatch.context() as patch:

        def full(file):
            raise OSError(28, "No space left on device")

        patch.setattr(os, "fsync", full)
        with pytest.raises(SaveError, match="No space left") as caught:
            trainer.run(report_every=1, save_every=-1)
    assert "trainer.checkpoint to a new path on another" in str(caught.value)
    assert capsys.readouterr().out.count("Training goes on.") == 3
    assert trainer.finished and content(tmp_path) == {}
    trainer.checkpoint = tmp_path / "other" / "checkpoint.safetensors"
    assert trainer.run() == trainer.history
    again = small_comb(ONE)
    other = Trainer(
        again, identity_data(ONE), stages(3), checkpoint=trainer.checkpoint
    )
    assert other.finished
    assert_same(values(again), values(comb))


@pytest.mark.usefixtures("eager")
def test_a_folder_that_cannot_be_written_is_told_before_the_first_step(
    tmp_path,
):
    (tmp_path / "file").write_text("in the way")
    trainer = Trainer(
        small_comb(ONE),
        identity_data(ONE),
        stages(3),
        checkpoint=tmp_path / "file" / "checkpoint.safetensors",
    )
    with pytest.raises(SaveError, match="could not be written"):
        trainer.run(on_report=lambda report: pytest.fail("a step"))
    assert trainer.state["total_steps"] == 0
    trainer.checkpoint = tmp_path / "checkpoint.safetensors"
    trainer.run()
    assert trainer.checkpoint.is_file()


@pytest.mark.usefixtures("eager")
def test_a_checkpoint_that_cannot_be_read_never_means_from_zero(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    data = identity_data(ONE)
    trainer = Trainer(small_comb(ONE), data, stages(2), checkpoint=path)
    trainer.run(report_every=1, save_every=-1)
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:100])
    before, comb = content(tmp_path), small_comb(ONE)
    start = values(comb)
    with pytest.raises(ValueError, match="a whole .safetensors file"):
        Trainer(comb, data, stages(2), checkpoint=path)
    assert content(tmp_path) == before
    assert_same(values(comb), start)


@pytest.mark.usefixtures("eager")
def test_a_checkpoint_is_one_set_with_all_that_decides_what_comes(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    comb, data = small_comb(ONE), identity_data(ONE, seed=4)
    trainer = Trainer(
        comb, data, stages(2, 4), 3e-3, 9.0, path, frozen="encoder"
    )
    trainer.run(report_every=1, on_report=stop_at(3))
    arrays, config, state = checkpoints.read_checkpoint(path)
    assert config == comb.config() and config["contract"] == comb.contract
    assert state["level"] == 2 and state["stage"] == 1 and state["step"] == 1
    assert state["blend"] == trainer.blend and 0 < state["blend"] < 1
    assert state["schedule"] == stages(2, 4) and len(state["history"]) == 3
    assert state["parameters"] == {
        "learning_rate": 3e-3,
        "minutes": 9.0,
        "frozen": ["encoder"],
        "seed": 4,
    }
    assert {f"network/{name}" for name in comb.variables()} < set(arrays)
    assert int(arrays["optimizer/0000"]) == 1  # a step of this stage


@pytest.mark.usefixtures("eager")
def test_another_seed_or_choice_of_frozen_layers_is_refused(tmp_path, capsys):
    path = tmp_path / "checkpoint.safetensors"
    trainer = Trainer(
        small_comb(ONE), identity_data(ONE), stages(3), checkpoint=path
    )
    trainer.run(report_every=1, on_report=stop_at(2))
    for data, frozen, text in (
        (identity_data(ONE, seed=1), (), r"what differs: seed \(0, now 1"),
        (identity_data(ONE), "encoder", r"frozen \(nothing, now encoder\)"),
    ):
        with pytest.raises(ValueError, match=text):
            Trainer(
                small_comb(ONE),
                data,
                stages(3),
                checkpoint=path,
                frozen=frozen,
            )
    capsys.readouterr()
    # a rate may change; a file of the time before parameters is read too
    arrays, config, state = checkpoints.read_checkpoint(path)
    del state["parameters"]
    checkpoints.save_checkpoint(
        path, arrays, {"config": config, "state": state}
    )
    again = small_comb(ONE)
    other = Trainer(again, identity_data(ONE), stages(3), 1e-4, checkpoint=path)
    assert "Going on from step 2" in capsys.readouterr().out
    # at once, not only when training goes on
    assert_same(values(again), values(trainer.network))
    other.run()
    assert other.finished


@pytest.mark.usefixtures("eager")
def test_held_out_losses_are_those_that_keras_measures():
    unseen = {"Rosa": tuple(part[0] for part in faces(1, 3, 9))}
    comb, data = small_comb(), identity_data(held_out=unseen)
    trainer = Trainer(comb, data, stages(1))
    (report,) = trainer.run()
    model = comb.autoencoder(1)
    model.compile(loss=data.losses)
    logs = model.test_on_batch(*data.held_out(1, 1.0), return_dict=True)
    loss = logs[f"{face_key('Rosa')}_loss"]
    assert report["held_out"] == pytest.approx({"Rosa": loss})
    assert report["held_out_loss"] == pytest.approx(loss)
    assert set(report["spread"]) == set(NAMES)
    assert report["trend"] is None


@pytest.mark.usefixtures("eager")
def test_a_summary_tells_what_is_kept_and_whether_more_pays(tmp_path):
    unseen = {name: tuple(p[0] for p in faces(1, 3, 9)) for name in NAMES}
    path = tmp_path / "checkpoint.safetensors"
    trainer = Trainer(
        small_comb(),
        identity_data(held_out=unseen),
        stages(2, 4),
        checkpoint=path,
    )
    trainer.run(report_every=1, save_every=-1)
    losses = {
        r["step"]: r["held_out_loss"]
        for r in trainer.history
        if r["level"] == 2 and r["blend"] == 1
    }
    assert list(losses) == [4, 5, 6]
    best = min(losses, key=losses.get)
    advice, kept, size = trainer.summary().split("\n")
    assert "So far: 3." in advice
    assert f"step {best}, unseen loss {losses[best]:.4f}" in kept
    files, total = disk_use(path)
    assert size == f"{files} checkpoints take {total / 1e6:.1f} MB."
    comb = small_comb()
    assert checkpoints.load_best(comb, path) == best
    # without a checkpoint, the advice alone
    bare = Trainer(comb, identity_data(), stages(1))
    assert bare.summary().count("\n") == 0


TRAIN = """
import sys
import test_trainer as t
from helpers.training.trainer import Trainer

path = sys.argv[1]
trainer = Trainer(
    t.small_comb(), t.identity_data(), t.stages(4, 6), 3e-3, checkpoint=path
)


def tell(report):
    print("step", report["step"], flush=True)


with t.untraced():
    trainer.run(report_every=1, on_report=tell, save_every=-1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_run_goes_on_exactly_from_its_last_save(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    begun = []
    # as it is told of a step that step's save begins: kill in the midst of it
    for step, delay in ((2, 0.0), (6, 0.01), (None, 0.0)):
        child = subprocess.Popen(
            [sys.executable, "-c", TRAIN, str(path)],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        lines = (line for line in child.stdout if line.startswith("step"))
        begun.append(int(next(lines).split()[1]))
        for line in lines:
            if line == f"step {step}\n":
                time.sleep(delay)
                child.send_signal(signal.SIGKILL)
                break
        child.stdout.close()
        assert child.wait() == (0 if step is None else -signal.SIGKILL)
    assert begun[0] == 1 and begun[1] in (2, 3) and begun[2] in (6, 7, 8)

    comb = small_comb()
    trainer = Trainer(comb, identity_data(), stages(4, 6), 3e-3)
    with untraced():
        trainer.run(report_every=1)
    arrays, _, state = checkpoints.read_checkpoint(path)
    assert [r["step"] for r in state["history"]] == [*range(1, 11)]
    for name in NAMES:
        again, losses = (
            [report["losses"][name] for report in history]
            for history in (state["history"], trainer.history)
        )
        np.testing.assert_allclose(again, losses, rtol=0, atol=1e-6)
    found = {name: arrays[f"network/{name}"] for name in comb.variables()}
    assert_same(found, values(comb))


@pytest.mark.usefixtures("eager")
def test_stages_end_early_when_their_share_of_the_time_is_up(monkeypatch):
    # each look at the clock is a second later: a step takes two, one is timed
    clock = iter(range(1_000_000))
    now = "helpers.training.trainer.time.monotonic"
    monkeypatch.setattr(now, lambda: next(clock))
    comb = small_comb(ONE)
    schedule = stages(1000, 1000)
    trainer = Trainer(comb, identity_data(ONE), schedule, minutes=20 / 60)
    history = trainer.run(report_every=1)
    assert trainer.finished and comb.level == 2
    first = [r for r in history if r["level"] == 1]
    second = [r for r in history if r["level"] == 2]
    for found in (first, second):
        assert 3 <= len(found) <= 12
    assert first[-1]["seconds"] >= 10 > first[-2]["seconds"]
    assert second[-1]["seconds"] - first[-1]["seconds"] >= 10
    # the fade keeps to the time as well: half of the stage
    assert second[0]["blend"] < 0.5 and second[-1]["blend"] == 1
    assert trainer.state["total_steps"] == len(history) < 30


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("frozen", ["shared", "all_but_own"])
def test_what_is_frozen_is_nobodys_own_whatever_the_names(frozen):
    names = ("shared", "encoder", "Rosa", "Rosa_8")
    comb, data = small_comb(names), identity_data(names)
    own = {id(layer) for d in comb.decoders.values() for layer in d.layers()}
    chosen = (frozen,) if frozen == "shared" else comb.shared_layers()
    Trainer(comb, data, stages(1, first_level=2), frozen=chosen).run()
    for layer in comb.layers():
        assert layer.trainable == (id(layer) in own), layer.name
    alone = comb.alone("Rosa")
    ones = [layer.name for layer in alone.decoders["Rosa"].layers()]
    Trainer(comb, data, stages(1, first_level=2), frozen=ones).run()
    still = {layer.name for layer in comb.layers() if not layer.trainable}
    assert still == set(ones)
