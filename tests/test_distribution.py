"""Two devices take the steps that one takes; each sees half of a batch."""

import importlib.util
import json
import os
import subprocess
import sys

import keras
import pytest
from disk import ROOT, environment

from helpers.training import distribution

# devices and strategies are chosen once for a process
SCRIPT = """
import json, sys
import keras
import test_trainer
from helpers.training import distribution
from helpers.training.trainer import Trainer

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * 2,
    )


def train(batch_size=6):
    comb, data = test_trainer.small_comb(), test_trainer.identity_data()
    stages = test_trainer.stages(2, 2, batch_size=batch_size)
    trainer = Trainer(comb, data, stages)
    trainer.run(report_every=1)
    kernels = test_trainer.values(comb).values()
    return {
        "losses": [list(r["losses"].values()) for r in trainer.history],
        "size": float(sum((k**2).sum() for k in kernels)),
    }


found = {"devices": [distribution.use_devices(1)], "one": train()}
found["devices"].append(distribution.use_devices(2))
found["two"] = train()
try:
    train(batch_size=5)
except ValueError as error:
    found["odd"] = str(error)
if keras.backend.backend() == "tensorflow":
    strategy = tf.distribute.get_strategy()
    half = distribution._shared_out(strategy, [keras.ops.arange(6)])[0]
    found["parts"] = [
        part.numpy().tolist()
        for part in strategy.experimental_local_results(half)
    ]
print(json.dumps(found))
"""


@pytest.fixture(scope="module", params=["tensorflow", "jax"])
def found(request):
    if importlib.util.find_spec(request.param) is None:
        text = f"{request.param} is not installed: course.py test --backends"
        if os.environ.get("COURSE_BACKENDS") == "required":
            pytest.fail(text)
        pytest.skip(text)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=environment(
            KERAS_BACKEND=request.param,
            XLA_FLAGS="--xla_force_host_platform_device_count=2",
        ),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_two_devices_train_as_one_does(found):
    one, two = found["one"], found["two"]
    assert [len(names) for names in found["devices"]] == [1, 2]
    assert len(one["losses"]) == 4
    for alone, shared in zip(one["losses"], two["losses"], strict=True):
        assert shared == pytest.approx(alone, rel=1e-4)
    assert two["size"] == pytest.approx(one["size"], rel=1e-4)


@pytest.mark.slow
def test_a_batch_is_shared_out_and_an_odd_one_is_told(found):
    if "parts" in found:
        assert found["parts"] == [[0, 1, 2], [3, 4, 5]]
        assert "5 pictures" in found["odd"]
    # JAX says so in its own words
    assert "divi" in found["odd"]


@pytest.mark.parametrize("count", [0, 1000])
def test_a_machine_has_the_devices_it_has(count):
    with pytest.raises(ValueError, match=f"Received: count={count}"):
        distribution.use_devices(count)


def test_one_device_changes_nothing():
    assert len(distribution.use_devices(1)) == 1
    if keras.backend.backend() != "torch":
        assert keras.distribution.distribution() is None
