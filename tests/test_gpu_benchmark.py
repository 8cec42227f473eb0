"""`bench gpu` in tiny form, on a machine that has no more than it asks for."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys

from disk import ROOT, environment
from test_backends import QUICK_TO_COMPILE

GIVEN = ("keras", "numpy", "safetensors", "opencv-python-headless")
# run first in each process: what is not given is not there
NOT_THERE = """
from importlib.machinery import PathFinder

find_spec = PathFinder.find_spec

def find_given(name, path=None, target=None):
    if name.partition(".")[0] not in {names!r}:
        return find_spec(name, path, target)

PathFinder.find_spec = find_given
"""


def required(names):
    """Packages that these need, and those that they need, and so on."""
    found, left = set(), list(names)
    while left:
        name = re.sub("[-_.]+", "-", left.pop()).lower()
        if name in found:
            continue
        found.add(name)
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # of another system
        for need in needs:
            if "extra ==" not in need:
                left.append(re.match(r"[\w.-]+", need)[0])
    return found


def test_it_runs_on_keras_numpy_and_opencv_alone(tmp_path):
    backend = os.environ["KERAS_BACKEND"]
    given = required([*GIVEN, backend])
    missing = {
        module
        for module, packages in (
            importlib.metadata.packages_distributions().items()
        )
        if not given & {re.sub("[-_.]+", "-", p).lower() for p in packages}
        and module not in ("helpers", "_distutils_hack", "setuptools")
    }
    assert {"av", "matplotlib", "mtcnn", "sklearn"} <= missing
    (tmp_path / "sitecustomize.py").write_text(
        NOT_THERE.format(names=missing), encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", "--tiny"],
        cwd=ROOT,
        env=environment(
            PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]),
            XLA_FLAGS=QUICK_TO_COMPILE,
        ),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    line = json.loads(done.stdout.splitlines()[-1])
    assert line["backend"] == backend and line["sizes"] == [16]
    assert not [value for value in line.values() if isinstance(value, dict)]
    for name in ("images_per_second", "cut_on_cpu_per_second", "minutes"):
        assert line[f"{name}_16"] > 0, done.stderr[-2000:]
    for name in ("convolution_share", "matrix_share"):
        assert 0 < line[f"{name}_16"]
    assert line["swap_skill_16"] <= line["ceiling_16"] + 0.2 < 1.2
    assert "peak_mib_16" in line  # unknown where there is no GPU
