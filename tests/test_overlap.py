"""How far two identities share one space, in numbers."""

import types

import numpy as np
import pytest

from helpers.latents import encoding, overlap, two_samples


@pytest.fixture
def random():
    return np.random.default_rng(0)


def labels_of(*counts):
    return np.repeat(["Marco", "Lena", "Kofi"][: len(counts)], counts)


def encoded_of(points, labels, block=5):
    """Faces of which always so many are of one stretch of footage."""
    count = len(points)
    return encoding.EncodedFaces(
        np.asarray(points, np.float32),
        labels,
        np.arange(count),
        np.zeros(count, bool),
        np.arange(count) // block,
    )


def test_the_table_measures_both_directions_beside_the_own_footage(random):
    points = random.normal(size=(600, 6))
    points[200:300] += 20  # half of Lena does what nobody else does
    points[400:] += 50
    encoded = encoded_of(points, labels_of(200, 200, 200))
    rows = {
        (row["target"], row["source"]): row
        for row in overlap.overlap_table(encoded)
    }
    assert len(rows) == 6
    assert rows["Marco", "Lena"]["coverage"] > 0.75
    assert rows["Lena", "Marco"]["coverage"] == pytest.approx(0.5, abs=0.12)
    assert rows["Lena", "Marco"]["coverage_within"] > 0.8
    assert rows["Kofi", "Marco"]["mixing_rate"] == 0
    assert rows["Kofi", "Marco"]["classifier_accuracy"] > 0.95


def test_the_table_moves_the_target_as_a_swap_does(random):
    points = random.normal(size=(200, 4))
    points[100:] += 9
    encoded = encoded_of(points, labels_of(100, 100))
    shifts = {("Lena", "Marco"): np.full(4, 9.0)}
    rows = {
        (row["target"], row["source"]): row
        for row in overlap.overlap_table(encoded, shifts)
    }
    assert rows["Marco", "Lena"]["mixing_rate"] > 0.8
    assert rows["Lena", "Marco"]["mixing_rate"] == 0


def test_too_little_footage_has_no_classifier(random):
    points = random.normal(size=(60, 3))
    encoded = encoded_of(points, labels_of(30, 30), block=15)
    table = overlap.overlap_table(encoded)
    assert table[0]["classifier_accuracy"] is None
    assert overlap.mean_overlap(table)["classifier_accuracy"] is None


def test_the_overlap_of_all_is_the_mean_over_pairs():
    table = [
        {"target": "Marco", "source": "Lena", "coverage": 0.5, "density": 1.0},
        {"target": "Lena", "source": "Marco", "coverage": 0.7, "density": None},
    ]
    every = overlap.mean_overlap(table)
    assert every == {"coverage": pytest.approx(0.6), "density": 1.0}


def test_an_overlap_needs_two_identities(random):
    points = random.normal(size=(20, 3))
    with pytest.raises(ValueError, match="two identities"):
        overlap.overlap_table(encoded_of(points, labels_of(20)))
    with pytest.raises(ValueError, match="more faces"):
        two_samples.mixing_rate(points, labels_of(18, 2))
    with pytest.raises(ValueError, match="more than 5"):
        two_samples.covered_share(points[:5], points)


def test_there_and_back_is_measured_by_ones_own_decoder(random):
    points = random.normal(size=(50, 4))
    encoded = encoded_of(points, labels_of(25, 25))
    noise = {"Marco": 0.1, "Lena": 0.3}

    def decode(latents, identity):
        return latents + noise[identity]

    comb = types.SimpleNamespace(
        shifts={}, decode=decode, encode=lambda crops: crops
    )
    ratio = overlap.cycle_ratio(comb, encoded, "Lena", "Marco")
    assert ratio == pytest.approx(3, rel=1e-3)


def test_the_table_has_a_row_a_pair_and_their_means():
    figures = dict.fromkeys(
        (key for keys in overlap.COLUMNS.values() for key in keys), 0.25
    )
    table = [
        {"target": "Marco", "source": "Lena", **figures},
        {"target": "Lena", "source": "Marco", **figures, "coverage": 0.75},
    ]
    table[0]["classifier_accuracy"] = None
    head, one, other, every = overlap.overlap_as_text(table).splitlines()
    assert len(head) == len(one) == len(other) == len(every) <= 80
    assert one.startswith("Lena on Marco") and "-" in one
    assert "0.75 / 0.25" in other and "0.50 / 0.25" in every
