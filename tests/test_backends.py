"""Layers, losses and models on the backends besides the one in use."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent
MODELS = sorted((ROOT / "helpers" / "models").glob("[a-z]*.py"))
NAMES = ["layers", "losses", "models", *(path.stem for path in MODELS)]
FILES = [
    path
    for path in (FOLDER / f"test_{name}.py" for name in NAMES)
    if path.exists()
]


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_layers_losses_and_models_agree_on(backend):
    if backend == os.environ["KERAS_BACKEND"]:
        pytest.skip(f"{backend} is in use: the other test files tell")
    if importlib.util.find_spec(backend) is None:
        text = f"{backend} is not installed: course.py test --backends"
        if os.environ.get("COURSE_BACKENDS") == "required":
            pytest.fail(text)
        pytest.skip(text)
    if not FILES:
        pytest.skip("there are no tests of layers, losses or models")
    # Keras takes its backend once for a process
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        + ["-m", "not slow", *map(str, FILES)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    print(done.stdout[-300:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
