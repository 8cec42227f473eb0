"""Layers, losses and models on the backends besides the one in use."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
from disk import ROOT, environment

FOLDER = ROOT / "tests"
# JAX compiles what runs once or twice: as quick code it takes twice as long
QUICK_TO_COMPILE = (
    "--xla_backend_optimization_level=0 "
    "--xla_llvm_disable_expensive_passes=true"
)
# the lesson and the families; of the readers, the networks as they are built
NETWORKS = [
    path.stem
    for room in (ROOT / "helpers", ROOT / "helpers" / "families")
    for path in sorted(room.glob("[a-z]*.py"))
    if "keras" in path.read_text(encoding="utf-8")
]
NAMES = [*NETWORKS, "identities", "face_mask", "landmarks", "likeness"]
NAMES.append("examples")
FILES = [
    path
    for path in (FOLDER / f"test_{name}.py" for name in NAMES)
    if path.exists()
]

# a comb and a crowd with the same numbers on every backend take one step
ONE_STEP = """
import json
import helpers  # before Keras
import keras
import numpy as np
import test_trainer
from helpers.training.trainer import Trainer

losses = []
for network, data in (
    (test_trainer.small_comb(), test_trainer.identity_data()),
    (test_trainer.small_crowd(), test_trainer.crowd_data()),
):
    random = np.random.default_rng(0)
    for name, variable in sorted(network.variables().items()):
        # the numbers that a name gets are the same everywhere
        variable.assign(random.normal(0, 0.2, variable.shape))
    stages = test_trainer.stages(2, first_level=2)
    trainer = Trainer(network, data, stages, learning_rate=1e-3)
    with test_trainer.untraced():
        trainer.run(report_every=1)
    losses += [list(r["losses"].values()) for r in trainer.history]
print(json.dumps(losses))
"""


def check_installed(backend):
    if importlib.util.find_spec(backend) is not None:
        return
    text = f"{backend} is not installed: course.py test --backends"
    if os.environ.get("COURSE_BACKENDS") == "required":
        pytest.fail(text)
    pytest.skip(text)


def losses_on(backend):
    done = run_on(backend, "-c", ONE_STEP)
    assert done.stderr == ""  # see test_quiet.py
    return json.loads(done.stdout.splitlines()[-1])


def run_on(backend, *arguments):
    """Run Python in a process of its own: a backend is taken once."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(
            KERAS_BACKEND=backend,
            TF_CPP_MIN_LOG_LEVEL="3",
            XLA_FLAGS=QUICK_TO_COMPILE,
        ),
        capture_output=True,
        text=True,
    )
    print(done.stdout[-300:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done


@pytest.fixture(scope="module")
def tensorflow_losses():
    return losses_on("tensorflow")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_equal_weights_have_equal_losses_and_take_equal_steps_on(
    backend, request
):
    check_installed(backend)
    expected = request.getfixturevalue("tensorflow_losses")
    losses = losses_on(backend)
    # before the step, and after it
    assert [len(row) for row in losses] == [2, 2, 3, 3]
    for row, same in zip(losses, expected, strict=True):
        assert row == pytest.approx(same, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_layers_losses_and_models_agree_on(backend):
    if backend == os.environ["KERAS_BACKEND"]:
        pytest.skip(f"{backend} is in use: the other test files tell")
    check_installed(backend)
    if not FILES:
        pytest.skip("there are no tests of layers, losses or models")
    options = ["-q", "-p", "no:cacheprovider", "-m", "not slow"]
    run_on(backend, "-m", "pytest", *options, *map(str, FILES))
