"""Named arrays on disk: whole, or refused with what is wrong."""

import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from helpers.comb import build_comb
from helpers.files.arrays import assign_arrays, read_arrays, write_arrays

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMES = ("Rosa", "Ana Núñez")
OPTIONS = {"resolution": 16, "widths": (8, 6, 6), "latent_dim": 5}


def small_comb(names=NAMES, seed=0, **options):
    keras.utils.set_random_seed(seed)
    return build_comb(names, **OPTIONS | options)


def values(variables):
    return {
        name: keras.ops.convert_to_numpy(variable).copy()
        for name, variable in variables.items()
    }


def assert_equal(one, other):
    assert list(one) == list(other)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def run_python(script, *arguments, **variables):
    """A script in a process of its own, which has to end well."""
    paths = [str(ROOT), str(ROOT / "tests")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.fixture
def full_disk(monkeypatch):
    """The disk tells that it is full when a file is to be on it for good."""

    def fsync(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)


def test_arrays_come_back_with_their_shapes_types_and_details(tmp_path):
    arrays = {
        "picture": np.arange(24, dtype="float32").reshape(2, 3, 4),
        "turned": np.arange(6, dtype="float32").reshape(2, 3).T,
        "one number": np.array(7, "int64"),
        "nothing": np.zeros((0, 4), "float32"),
    }
    details = {"name": "Ana Núñez", "steps": [1, 2.5, None]}
    path = tmp_path / "new" / "weights.safetensors"
    write_arrays(path, arrays, details)
    found, again = read_arrays(path)
    assert again == details
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("kept", [0, 1, 7, 100, -1])
def test_a_file_cut_short_is_refused(kept, tmp_path):
    path = tmp_path / "weights.safetensors"
    write_arrays(path, {"numbers": np.ones(50, "float32")})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match="a whole .safetensors file. Received"):
        read_arrays(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no weights at"):
        read_arrays(tmp_path / "weights.safetensors")


@pytest.mark.parametrize("flaw", ["missing", "unknown", "shape"])
def test_arrays_of_another_network_change_no_variable(flaw):
    comb = small_comb(seed=1)
    variables = comb.variables()
    arrays = values(small_comb(seed=2).variables())
    # the last one, so that the others would have been assigned before it
    last = list(arrays)[-1]
    if flaw == "missing":
        del arrays[last]
    elif flaw == "unknown":
        arrays["stranger/kernel"] = np.zeros(3, "float32")
    else:
        arrays[last] = np.zeros((9, 9), "float32")
    before = values(variables)
    text = {"missing": last, "unknown": "stranger/kernel", "shape": r"\(9, 9\)"}
    with pytest.raises(ValueError, match=text[flaw]) as caught:
        assign_arrays(variables, arrays, "the gift")
    assert "the gift" in str(caught.value)
    assert_equal(values(variables), before)
