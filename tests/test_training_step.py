"""A step of another kind: two models take turns, and Trainer need not know."""

import keras
import numpy as np
import pytest
from keras import layers
from test_trainer import (
    NAMES,
    assert_same,
    identity_data,
    small_comb,
    stages,
    stop_at,
    values,
)

from helpers.files.arrays import assign_arrays
from helpers.swapper import face_key
from helpers.training.last_good import TrainingError
from helpers.training.trainer import Trainer
from helpers.training.training_step import TrainingStep

KEYS = [face_key(name) for name in NAMES]
REAL = "real-"  # and a key: what the discriminator says of it


class Adversary:
    """A comb that draws, and a discriminator that tells drawn from true."""

    def __init__(self):
        self.comb = small_comb()
        self.discriminator = keras.Sequential(
            [
                layers.Input((None, None, 3)),
                layers.Conv2D(4, 3, name="look"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(1, name="real"),
            ]
        )

    @property
    def level(self):
        return self.comb.level

    @level.setter
    def level(self, level):
        self.comb.level = level

    def config(self):
        return self.comb.config()

    def layers(self):
        return self.comb.layers()

    def variables(self):
        return self.comb.variables()


class AdversarialStep(TrainingStep):
    """The discriminator learns, then the comb against it."""

    def __init__(self, network, data):
        self.network, self.data = network, data
        self.comb = self.model = None

    @property
    def is_prepared(self):
        return self.comb is not None

    def prepare(self, learning_rate, arrays=None, origin=None):
        discriminator = self.network.discriminator
        discriminator.trainable = True
        real = keras.losses.BinaryCrossentropy(from_logits=True)
        discriminator.compile(
            optimizer=keras.optimizers.Adam(learning_rate), loss=real
        )
        discriminator.optimizer.build(discriminator.trainable_variables)
        discriminator.trainable = False
        self.model = self.network.comb.autoencoder(self.network.level)
        drawn = dict(self.model.output)
        judged = {REAL + key: discriminator(drawn[key]) for key in KEYS}
        comb = keras.Model(self.model.input, drawn | judged)
        comb.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            loss=self.data.losses | {REAL + key: real for key in KEYS},
        )
        comb.optimizer.build(comb.trainable_variables)
        self.comb = comb
        if arrays is not None:
            assign_arrays(self.variables(), arrays, str(origin))

    def forget(self):
        self.comb = None

    def train(self, inputs, targets, learning_rate):
        count = len(inputs["blend"])
        ones, zeros = np.ones((count, 1)), np.zeros((count, 1))
        discriminator = self.network.discriminator
        discriminator.optimizer.learning_rate = learning_rate
        self.comb.optimizer.learning_rate = learning_rate
        drawn = self.draw(inputs)
        discriminator.trainable = True
        for key in KEYS:
            discriminator.train_on_batch(targets[key][..., :3], ones)
            discriminator.train_on_batch(drawn[key], zeros)
        discriminator.trainable = False
        wanted = targets | {REAL + key: ones for key in KEYS}
        logs = self.comb.train_on_batch(inputs, wanted, return_dict=True)
        losses = {
            name: float(logs[f"{key}_loss"])
            for name, key in zip(NAMES, KEYS, strict=True)
        }
        losses["fooled"] = float(logs[f"{REAL}{KEYS[0]}_loss"])
        return float(logs["loss"]), losses

    def begin_mean(self):
        self.comb.reset_metrics()

    def draw(self, inputs):
        model = self.model or self.network.comb.autoencoder(self.network.level)
        drawn = model(inputs, training=False)
        return {k: keras.ops.convert_to_numpy(p) for k, p in drawn.items()}

    def variables(self):
        comb = self.network.variables()
        rest = {
            "judge": self.network.discriminator.variables,
            "judge_moments": self.network.discriminator.optimizer.variables,
            "comb_moments": self.comb.optimizer.variables,
        }
        return {f"network/{name}": v for name, v in comb.items()} | {
            f"{name}/{number}": variable
            for name, variables in rest.items()
            for number, variable in enumerate(variables)
        }

    def taken(self):
        optimizer = self.network.discriminator.optimizer
        steps = keras.ops.convert_to_numpy(optimizer.iterations)
        return -(-int(steps) // (2 * len(KEYS)))


def adversarial_trainer(**options):
    network, data = Adversary(), identity_data()
    step = AdversarialStep(network, data)
    return Trainer(network, data, stages(2, 2), 3e-3, step=step, **options)


@pytest.mark.usefixtures("eager")
def test_two_models_take_turns_and_a_stopped_run_goes_on_exactly(tmp_path):
    whole = adversarial_trainer()
    began = values(whole.network)
    judge = whole.network.discriminator.get_weights()
    whole.run(report_every=1)
    assert whole.network.level == 2 and whole.finished
    moved = [
        k for k, v in values(whole.network).items() if (v != began[k]).any()
    ]
    assert any("encoder" in k for k in moved)
    judged = whole.network.discriminator.get_weights()
    assert all((a != b).any() for a, b in zip(judge, judged, strict=True))
    assert all("fooled" in report["losses"] for report in whole.history)

    path = tmp_path / "checkpoint.safetensors"
    for stop in (1, 3, None):  # in the first level, and in the next one's fade
        trainer = adversarial_trainer(checkpoint=path)
        trainer.run(report_every=1, on_report=stop_at(stop))
        assert trainer.state["total_steps"] == stop or stop is None
    assert_same(values(trainer.network), values(whole.network))
    again = trainer.network.discriminator.get_weights()
    for one, other in zip(again, judged, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("eager")
def test_what_goes_wrong_in_such_a_step_goes_back_to_the_last_good_set():
    trainer = adversarial_trainer()
    trainer.run(report_every=1, on_report=stop_at(1))
    good = values(trainer.network)
    spoilt, batch = [True], trainer.data.batch

    def spoiling(*arguments):
        inputs, targets = batch(*arguments)
        if spoilt:
            inputs[KEYS[0]][:] = np.nan
        return inputs, targets

    trainer.data.batch = spoiling
    with pytest.raises(TrainingError, match="went wrong at step 2.*at step 1"):
        trainer.run(report_every=1)
    assert_same(values(trainer.network), good)
    spoilt.clear()
    trainer.run(report_every=1)
    assert trainer.finished


def test_a_step_brings_its_own_optimizer_and_frozen_layers():
    network, data = Adversary(), identity_data()
    step = AdversarialStep(network, data)
    for options in ({"frozen": "encoder"}, {"optimizer": keras.optimizers.SGD}):
        with pytest.raises(ValueError, match="AdversarialStep.*not to Trainer"):
            Trainer(network, data, stages(1), step=step, **options)


@pytest.mark.usefixtures("eager")
def test_a_checkpoint_of_another_kind_of_step_is_refused(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    comb = small_comb()
    first = Trainer(comb, identity_data(), stages(2, 2), checkpoint=path)
    first.run(report_every=1, on_report=stop_at(1))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="another network"):
        adversarial_trainer(checkpoint=path).run(report_every=1)
    assert path.read_bytes() == before
