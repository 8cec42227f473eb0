"""What a reader need not read is not shown, and what went wrong is."""

import logging
import subprocess
import sys

import pytest
from disk import ROOT, environment

import helpers  # noqa: F401 (importing it is what is tested)

# what a script of a reader's own does: no line of it may be red
SCRIPT = """
import helpers

import cv2
import numpy as np
from helpers.faces.detection import FaceDetector
from helpers.training.trainer import Trainer
from small_swappers import crops, small_comb
from test_trainer import identity_data, stages

comb = small_comb()
Trainer(comb, identity_data(), stages(2, first_level=1)).run()
for count in range(1, 6):
    for name in comb.identities:
        comb.decode(comb.encode(crops(count)), name)
detector = FaceDetector()
face = cv2.imread("image/before_after.jpg")[:, :258, ::-1]
for count in range(5):
    row = np.concatenate([0 * face] + [face] * count, axis=1)
    faces = detector.detect([row])[0]
    detector.refine([row] * len(faces), [each["landmarks"] for each in faces])
    print(len(faces))
"""
# a library that speaks while it is loaded, past Python and before its level is
# read, as TensorFlow does; and then breaks off
LIBRARY = r"""
import os

os.write(2, b'''WARNING: All log messages before absl::InitializeLog() is called
I0000 00:00:1795897400.09 1 cudart_stub.cc:31] Could not find cuda drivers.
2025-10-28 19:39:53.89: E external/xla/cuda_fft.cc:467] Unable to register
F0000 00:00:1795897401.15 1 cpu_feature_guard.cc:98] Your CPU has no AVX.
no new line follows''')
"""


def run_script(script, level=None, **variables):
    """What a script printed, and what it wrote to stderr."""
    settings = environment(**variables)
    settings.pop("TF_CPP_MIN_LOG_LEVEL", None)
    if level is not None:
        settings["TF_CPP_MIN_LOG_LEVEL"] = level
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
    )


def test_a_script_that_trains_and_detects_writes_nothing_red():
    # oneDNN, which newer processors use by themselves, has more to say
    done = run_script(
        SCRIPT, KERAS_BACKEND="tensorflow", TF_ENABLE_ONEDNN_OPTS="1"
    )
    assert done.stderr == "" and done.returncode == 0
    assert done.stdout.split()[-5:] == ["0", "1", "2", "3", "4"]


def load(folder, ending, level=None):
    """Load a library called TensorFlow that speaks, and ends somehow."""
    package = folder / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text(LIBRARY + ending, encoding="utf-8")
    return run_script(
        f"import sys; sys.path.insert(0, {str(folder)!r})\n"
        "import helpers, tensorflow, os\n"
        "os.write(2, b'; afterwards')\n"
        "print(tensorflow.__spec__.name)",
        level,
    )


def test_the_chatter_of_loading_is_left_out(tmp_path):
    done = load(tmp_path, "")
    first, last = done.stderr.splitlines()
    assert first.endswith("Your CPU has no AVX.")
    assert last == "no new line follows; afterwards"
    assert done.stdout == "tensorflow\n"


def test_a_level_of_ones_own_is_kept(tmp_path):
    done = load(tmp_path, "", level="1")
    assert [line[:5] for line in done.stderr.splitlines()] == [
        "2025-",
        "F0000",
        "no ne",
    ]


def test_all_is_shown_to_who_asks_for_it(tmp_path):
    assert len(load(tmp_path, "", level="0").stderr.splitlines()) == 5


@pytest.mark.parametrize(
    "ending, code",
    [("raise ImportError('no such library')", 1), ("os.abort()", None)],
)
def test_what_ends_loading_is_shown(ending, code, tmp_path):
    done = load(tmp_path, ending)
    assert "Your CPU has no AVX." in done.stderr and "I0000" not in done.stderr
    if code is None:
        assert done.returncode not in (0, 1) and not done.stdout
    else:
        assert done.returncode == code
        assert done.stderr.endswith("ImportError: no such library\n")


def test_only_the_false_alarm_of_many_networks_is_left_out(caplog):
    logger = logging.getLogger("tensorflow")
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        logger.warning(
            "%d out of the last %d calls to f triggered tf.function retracing.",
            5,
            9,
        )
        logger.warning("The disk is full.")
    assert caplog.messages == ["The disk is full."]
