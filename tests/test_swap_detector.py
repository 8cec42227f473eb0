"""Swap detector: tells what is easy to tell, and nothing where is nothing."""

import keras
import numpy as np
import pytest

from helpers.proof import swap_detector

SIZE = 24


def noise(faces, seed):
    random = np.random.default_rng(seed)
    return random.integers(90, 160, (faces, SIZE, SIZE, 3), dtype=np.uint8)


def green_faces(crops):
    green = crops.copy()
    green[:, 8:16, 8:16] = 40, 200, 40
    return green


@pytest.fixture(scope="module")
def detector():
    real = noise(48, 0)
    return swap_detector.train_swap_detector(real, green_faces(real), epochs=6)


def test_a_green_face_is_found(detector):
    real = noise(30, 1)
    scores = swap_detector.score_swap_detector(
        detector, real, green_faces(real)
    )
    assert scores["auc"] > 0.99
    assert scores["found"] > 0.9 and scores["false_alarms"] < 0.1


def test_identical_pictures_cannot_be_told_apart(detector):
    real = noise(20, 2)
    scores = swap_detector.score_swap_detector(detector, real, real)
    assert scores["auc"] == pytest.approx(0.5)
    assert scores["found"] == scores["false_alarms"]


def test_the_evidence_lies_where_the_green_is(detector):
    maps = swap_detector.evidence_maps(detector, green_faces(noise(8, 3)))
    assert maps.shape == (8, SIZE, SIZE)
    inside = maps[:, 8:16, 8:16].mean()
    assert inside > maps[:, :4].mean() + 0.1


def test_the_mean_of_the_evidence_is_the_verdict(detector):
    crops = noise(4, 4)
    coarse = keras.Model(
        detector.inputs, detector.get_layer("evidence").output
    ).predict(crops, verbose=0)
    np.testing.assert_allclose(
        coarse.mean(axis=(1, 2, 3)),
        swap_detector.verdicts_of(detector, crops),
        atol=1e-4,
    )


def test_both_kinds_are_seen_equally_often(monkeypatch):
    seen = {}

    def fit(_self, crops, is_swapped, **_options):
        seen.update(crops=crops, is_swapped=is_swapped[:, 0])

    monkeypatch.setattr(keras.Model, "fit", fit)
    real = noise(5, 5)
    swap_detector.train_swap_detector(real, green_faces(real))
    assert len(seen["crops"]) == 10 and seen["is_swapped"].mean() == 0.5
    kept = seen["crops"][seen["is_swapped"] == 0]
    np.testing.assert_array_equal(kept, real)


def test_a_crop_without_its_swap_is_refused():
    with pytest.raises(ValueError, match="as it was and swapped"):
        swap_detector.train_swap_detector(noise(3, 0), noise(2, 0))
    with pytest.raises(ValueError, match="as it was and swapped"):
        swap_detector.train_swap_detector(noise(0, 0), noise(0, 0))
