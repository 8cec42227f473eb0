"""Small networks that swap, their crops, and what their weights are."""

import contextlib

import keras
import numpy as np
import pytest

from helpers.comb import build_comb
from helpers.crowd import build_crowd

NAMES = ("Rosa", "Ana Núñez")
OPTIONS = {"resolution": 16, "widths": (8, 6, 6), "latent_dim": 5}


def small_comb(names=NAMES, seed=0, **options):
    keras.utils.set_random_seed(seed)
    return build_comb(names, **OPTIONS | options)


def small_crowd(people=3, seed=0):
    keras.utils.set_random_seed(seed)
    crowd = build_crowd(people, **OPTIONS)
    random = np.random.default_rng(seed)
    for style in crowd.decoder.styles.values():
        style.set_weights(
            [w + random.normal(0, 0.3, w.shape) for w in style.get_weights()]
        )
    return crowd


@contextlib.contextmanager
def untraced():
    """TensorFlow would trace each network longer than a test trains it."""
    with pytest.MonkeyPatch.context() as patch:
        if keras.backend.backend() == "tensorflow":
            traced = keras.Model.compile
            patch.setattr(
                keras.Model,
                "compile",
                lambda model, **options: traced(
                    model, **options, run_eagerly=True
                ),
            )
        yield


def crops(count=3, side=16):
    random = np.random.default_rng(0)
    return random.uniform(size=(count, side, side, 3)).astype("float32")


def values(variables):
    return {
        name: keras.ops.convert_to_numpy(variable).copy()
        for name, variable in variables.items()
    }


def assert_equal(one, other):
    assert list(one) == list(other)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)
