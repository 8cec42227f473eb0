"""Whatever other courses left in Keras' settings, the networks are ours."""

import json
import os
import subprocess
import sys

import pytest
from disk import ROOT, environment

SCRIPT = """
{first}
from helpers.comb import build_comb
import json, keras, numpy as np

config = keras.config
comb = build_comb(("Ada", "Bo"), resolution=16)
comb.swap(np.ones((1, 16, 16, 3)), "Ada")
print(json.dumps([
    keras.backend.backend(), config.image_data_format(), config.floatx(),
    config.epsilon(), config.dtype_policy().name,
    list(map(int, comb.variables()["encoder_16_from_rgb/kernel"].shape)),
]))
"""
LEFT_OVER = {
    "floatx": "float16",
    "epsilon": 1e-4,
    "backend": "jax",
    "image_data_format": "channels_first",
}
BEFORE = {
    "helpers first": "",
    "keras first": "import keras; keras.config.dtype_policy()",
    "a policy": "import keras; keras.config.set_dtype_policy('mixed_bfloat16')",
}


def settings_of(script, home, **variables):
    """What a process prints whose Keras finds its settings in this folder."""
    settings = environment(KERAS_HOME=str(home), **variables)
    if "KERAS_BACKEND" not in variables:
        settings.pop("KERAS_BACKEND", None)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("before", BEFORE)
def test_settings_that_were_left_do_not_reach_a_network(before, tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(LEFT_OVER))
    policy = "mixed_bfloat16" if before == "a policy" else "float32"
    found = settings_of(SCRIPT.format(first=BEFORE[before]), tmp_path)
    backend, form, floats, epsilon, named, kernel = found
    # the backend that the file names is the reader's choice
    assert backend == "jax"
    assert (form, floats, epsilon) == ("channels_last", "float32", 1e-7)
    assert named == policy
    assert kernel[-2] == 3  # channels are read where they are
    # nobody's file is changed
    assert json.loads((tmp_path / "keras.json").read_text()) == LEFT_OVER


@pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND", "tensorflow") == "jax", reason="seen above"
)
def test_the_backend_of_this_run_does_the_same(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(LEFT_OVER))
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    found = settings_of(
        SCRIPT.format(first=""), tmp_path, KERAS_BACKEND=backend
    )
    assert found[:3] == [backend, "channels_last", "float32"]
