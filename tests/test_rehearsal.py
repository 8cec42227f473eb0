"""Rehearsal: what is shared, what each step sees, and that nothing is lost."""

import keras
import numpy as np
import pytest

from helpers import augmentation
from helpers.crowd import build_crowd, comb_from_crowd
from helpers.swapper import face_key
from helpers.synthetic import render_crowd
from helpers.training import rehearsal
from helpers.training.crowd_data import CrowdData
from helpers.training.reports import report_line
from helpers.training.trainer import Trainer
from tests.test_trainer import (
    NAMES,
    ONE,
    OPTIONS,
    SIDE,
    WIDTHS,
    crowd_data,
    identity_data,
    small_crowd,
    stages,
)


def rehearsing(names=NAMES):
    crowd = small_crowd()
    return rehearsal.RehearsingComb(comb_from_crowd(crowd, names), crowd)


def with_movements(identities, pairs):
    """As if somebody had read what each crop does."""
    random = np.random.default_rng(5)
    movements = {
        name: random.uniform(size=(len(crops), 52))
        for name, crops in identities.crops.items()
    }
    return rehearsal.RehearsalData(identities, pairs, movements)


def rehearsal_data(names=NAMES, **options):
    return with_movements(identity_data(names, **options), crowd_data(seed=3))


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("level", [1, 2])
def test_it_draws_what_comb_and_crowd_draw(level):
    both = rehearsing()
    inputs, _ = rehearsal_data().batch(0, level, 0.5, 4)
    drawn = both.autoencoder(level).predict_on_batch(inputs)
    own = both.comb.autoencoder(level).predict_on_batch(
        {key: inputs[key] for key in ("blend", *map(face_key, NAMES))}
    )
    crowd = both.crowd.autoencoder(level).predict_on_batch(
        {
            "blend": inputs["blend"],
            "crops": inputs["rehearsed-crops"],
            "person": inputs["rehearsed-person"],
        }
    )
    expected = own | {f"rehearsed-{k}": found for k, found in crowd.items()}
    for name in NAMES:
        codes = both.comb.encoder(
            inputs[face_key(name)], inputs["blend"], level
        )
        expected[rehearsal.blendshapes_key(name)] = numbers(
            both.to_blendshapes(codes)
        )
    assert drawn.keys() == expected.keys()
    for key, found in expected.items():
        np.testing.assert_allclose(drawn[key], found, atol=1e-5)


@pytest.mark.parametrize("count", [3, 4])
def test_a_step_shows_the_identities_as_ever_and_as_many_of_the_crowd(count):
    data = rehearsal_data()
    inputs, targets = data.batch(7, 2, 1.0, count)
    own_inputs, own_targets = data.identities.batch(7, 2, 1.0, count)
    rows = data.identities.rows_of(7, count)
    for name in NAMES:
        expected = data.movements[name][rows[name]]
        np.testing.assert_array_equal(
            targets[rehearsal.blendshapes_key(name)], expected
        )
    for found, own in ((inputs, own_inputs), (targets, own_targets)):
        for key, array in own.items():
            np.testing.assert_array_equal(found[key], array)
        assert {len(array) for array in found.values()} == {count}
    assert targets.keys() == set(data.losses) == set(data.outputs)


def test_rows_are_those_that_a_step_shows():
    identities = identity_data(options=augmentation.PLAIN)
    for crops in identities.crops.values():
        crops[:] = 20 * np.arange(len(crops))[:, None, None, None]
    inputs, _ = identities.batch(3, 2, 1.0, 8)
    for name, rows in identities.rows_of(3, 8).items():
        shown = inputs[face_key(name)].mean(axis=(1, 2, 3)) * 255
        np.testing.assert_allclose(shown, 20 * rows, atol=0.01)


def test_movements_are_standardised_for_all_together():
    data = rehearsal_data()
    together = np.concatenate(list(data.movements.values()))
    np.testing.assert_allclose(together.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(together.std(axis=0), 1, atol=1e-4)
    still = {name: np.full((6, 52), 0.25) for name in NAMES}
    still[NAMES[0]][0, 0] = 0.251
    data = rehearsal.RehearsalData(identity_data(), crowd_data(), still)
    # a thousandth of a movement is no movement
    assert np.abs(data.movements[NAMES[0]]).max() < 0.1


def test_the_encoder_learns_to_tell_what_faces_do():
    identities = identity_data(options=augmentation.PLAIN)
    movements = {}
    for name, crops in identities.crops.items():
        crops[:] = 40 * np.arange(len(crops))[:, None, None, None]
        movements[name] = np.tile(np.arange(len(crops))[:, None], (1, 52))
    data = rehearsal.RehearsalData(identities, crowd_data(), movements)
    for name in NAMES:  # as nothing else is asked here
        data.loss_weights[rehearsal.blendshapes_key(name)] = 10.0
    trainer = train(rehearsing(), data, 1, 150, learning_rate=5e-2)
    losses = [
        np.mean([report["losses"][f"movements of {name}"] for name in NAMES])
        for report in trainer.history
    ]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5]), losses


def test_what_is_held_out_is_the_identities_alone():
    crops, masks = identity_data().crops, identity_data().masks
    held_out = {name: (crops[name], masks[name]) for name in NAMES}
    data = rehearsal_data(held_out=held_out)
    assert data.measured == data.reconstructed == NAMES
    first, second = data.held_out(2, 1.0), data.held_out(2, 1.0)
    keras.tree.map_structure(np.testing.assert_array_equal, first, second)
    assert rehearsal_data().held_out(2, 1.0) is None


def train(network, data, *steps, **options):
    options = {"learning_rate": 2e-3, **options}
    trainer = Trainer(network, data, stages(*steps), **options)
    trainer.run(report_every=1)
    return trainer


@pytest.mark.usefixtures("eager")
def test_encoder_stem_and_both_kinds_of_decoder_learn_together():
    both = rehearsing()
    before = {name: numbers(v) for name, v in both.variables().items()}
    train(both, rehearsal_data(), 2, 2)
    after = {name: numbers(v) for name, v in both.variables().items()}
    moved = {n for n in before if not np.array_equal(before[n], after[n])}
    for part in ("encoder_8", "decoder_shared_4", "decoder_Rosa_16",
                 "decoder_crowd_16", "expression"):  # fmt: skip
        assert any(name.startswith(part) for name in moved), part
    # the crowd's own copies of what it shares are no part of it
    assert not any(
        layer is other for layer in both.crowd.stem for other in both.layers()
    )


@pytest.mark.usefixtures("eager")
def test_a_report_names_what_is_rehearsed():
    trainer = train(rehearsing(), rehearsal_data(), 2)
    report = trainer.history[-1]
    read = {f"movements of {name}" for name in NAMES}
    expected = {*NAMES, *read, "crowd", "latents", "expression"}
    assert report["losses"].keys() == expected
    assert "crowd 0." in report_line(report)
    assert list(trainer.preview()) == ["seen", "drawn"]


@pytest.mark.usefixtures("eager")
def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path):
    whole = train(rehearsing(), rehearsal_data(), 4)
    path = tmp_path / "checkpoint.safetensors"
    part = Trainer(
        rehearsing(),
        rehearsal_data(),
        stages(4),
        learning_rate=2e-3,
        checkpoint=path,
    )

    def stop(report):
        if report["step"] == 2:
            raise KeyboardInterrupt

    part.run(report_every=1, on_report=stop)
    again = train(rehearsing(), rehearsal_data(), 4, checkpoint=path)
    assert [r["step"] for r in again.history] == [1, 2, 3, 4]
    for name, variable in whole.network.variables().items():
        np.testing.assert_allclose(
            numbers(variable),
            numbers(again.network.variables()[name]),
            atol=1e-6,
            err_msg=name,
        )


def test_rehearsal_keeps_what_the_crowd_taught():
    """Trained on alone, an encoder forgets how the crowd is read."""
    crowd = small_crowd()
    pairs = crowd_data()
    train(crowd, pairs, 60, 60, learning_rate=5e-3)
    weights = [layer.get_weights() for layer in crowd.layers()]
    unseen = pairs.batch(10**6, 2, 1.0, 32)

    def loss_after(rehearse):
        crowd = small_crowd()
        for layer, values in zip(crowd.layers(), weights, strict=True):
            layer.set_weights(values)
        comb = comb_from_crowd(crowd, ONE)
        network, data = comb, identity_data(ONE)
        if rehearse:
            network = rehearsal.RehearsingComb(comb, crowd)
            data = with_movements(data, pairs)
        trainer = Trainer(
            network, data, stages(120, first_level=2), learning_rate=5e-3
        )
        trainer.run()
        both = rehearsal.RehearsingComb(comb, crowd)
        inputs, _ = with_movements(identity_data(ONE), pairs).batch(
            10**6, 2, 1.0, 32
        )
        drawn = both.autoencoder().predict_on_batch(inputs)
        return float(
            pairs.losses["crowd"](unseen[1]["crowd"], drawn["rehearsed-crowd"])
        )

    assert loss_after(rehearse=True) < 0.7 * loss_after(rehearse=False)


def test_a_film_of_the_crowd_is_made_for_it(tmp_path):
    keras.utils.set_random_seed(0)
    crowd = build_crowd(3, resolution=16, widths=WIDTHS, latent_dim=5)
    data = rehearsal.rehearsal_data(
        identity_data(), crowd, tmp_path / "film", frames=4
    )
    assert data.loss_weights["rehearsed-expression"] == 0.2
    assert data.loss_weights[face_key(NAMES[0])] == 1.0
    film = render_crowd(
        tmp_path / "film",
        people=3,
        frames=4,
        seed=rehearsal.FRAMES_SEED,
        resolution=20,
    )
    np.testing.assert_array_equal(data.pairs.crowd.crops, film.crops)


def test_what_does_not_fit_is_refused():
    crowd = small_crowd()
    other = build_crowd(4, **{**OPTIONS, "latent_dim": 6})
    with pytest.raises(ValueError, match="latent_dim.: 6"):
        rehearsal.RehearsingComb(comb_from_crowd(crowd, NAMES), other)
    comb = comb_from_crowd(crowd, NAMES)
    with pytest.raises(ValueError, match="a Comb"):
        rehearsal.RehearsingComb(comb, comb)
    with pytest.raises(ValueError, match="Rename the identity"):
        rehearsal.RehearsingComb(comb_from_crowd(crowd, ("crowd",)), crowd)
    pairs = CrowdData(crowd_data().crowd, 0.8, SIDE // 2)
    with pytest.raises(ValueError, match="16 and 8"):
        with_movements(identity_data(), pairs)
