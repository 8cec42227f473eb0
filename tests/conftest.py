"""What the tests share: the real trial data, a key of their own, quiet logs."""

import ctypes
import gc
import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("MPLBACKEND", "agg")

import numpy as np
import pytest
from local_server import serve

import helpers  # noqa: F401 (before Keras, so that TensorFlow is quiet)

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def own_credentials(tmp_path_factory):
    """Tests sign with a key of their own, never with the user's.

    Notebooks run in processes that inherit it.
    """
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("credentials")
        patch.setenv("COURSE_CREDENTIALS", str(folder))
        yield folder


@pytest.fixture(scope="module", autouse=True)
def memory_given_back():
    """What a file's networks and pictures took is free for the next file."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
    gc.collect()
    if sys.platform == "linux":  # glibc keeps what it was given back
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)


@pytest.fixture
def eager():
    """Networks are trained untraced, see `small_swappers.untraced`."""
    from small_swappers import untraced

    with untraced():
        yield


@pytest.fixture
def egg_masks(monkeypatch):
    """Swaps along the egg alone: painted faces are none to a network."""
    monkeypatch.setattr("helpers.masks.DEFAULT_OCCLUSION", "none")


@pytest.fixture
def every_face_counts(monkeypatch):
    """Painted faces are none to a network: all of them are of use here.

    The face that matters most in a frame is the person's.
    """

    def measure(face_set, progress=None):
        count = len(face_set)
        looks = np.random.default_rng(0).integers(0, 256, (count, 48, 48))
        return {
            "sharpness": np.ones(count),
            "brightness": np.full(count, 255.0),
            "looks": looks.astype(np.uint8),
            "seen": np.ones(count),
        }

    def group_faces(face_set, reasons):
        people = [int(each["face"] > 0) for each in face_set.records]
        return people, [None] * len(people)

    monkeypatch.setattr(
        "helpers.faces.sorting.face_reasons.measure_faces", measure
    )
    monkeypatch.setattr(
        "helpers.faces.sorting.grouping.group_faces", group_faces
    )


@pytest.fixture(scope="session")
def shared_data():
    """Folder of real photos and clips; tests skip where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real trial data is not at {folder}")
    return folder


@pytest.fixture
def server():
    """A server on this machine, see `local_server.serve`."""
    with serve() as server:
        yield server


@pytest.fixture
def full_disk(monkeypatch):
    """The disk tells that it is full when a file is to be on it for good."""

    def fsync(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
