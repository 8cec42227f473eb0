"""How far two identities share one space, in numbers."""

import types

import numpy as np
import pytest

from helpers.latents import encoding, overlap


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


def test_one_crowd_with_shuffled_names_mixes_at_one(random):
    points = random.normal(size=(800, 4))
    labels = random.permutation(labels_of(400, 400))
    rate = overlap.mixing_rate(points, labels)
    assert rate == pytest.approx(1, abs=0.06)


def test_two_crowds_apart_do_not_mix_at_all(random):
    points = random.normal(size=(200, 4))
    points[100:] += 50
    assert overlap.mixing_rate(points, labels_of(100, 100)) == 0


def test_mixing_does_not_depend_on_how_many_there_are_of_each(random):
    points = random.normal(size=(1000, 4))
    rate = overlap.mixing_rate(points, labels_of(800, 200))
    assert rate == pytest.approx(1, abs=0.1)


def test_mixing_of_four_points_by_hand():
    # on a line: M L . . . M L, one neighbour each, always the other
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    labels = np.array(["Marco", "Lena", "Marco", "Lena"])
    # all of 1 against 2 / 3 by chance
    assert overlap.mixing_rate(points, labels, 1) == pytest.approx(1.5)


def test_coverage_of_equal_crowds_is_what_theory_says(random):
    one, other = random.normal(size=(2, 1000, 3))
    count, k = 1000, 5
    terms = (count - np.arange(1, k + 1)) / (2 * count - np.arange(1, k + 1))
    expected = 1 - np.prod(terms)
    assert overlap.covered_share(one, other, k) == pytest.approx(
        expected, abs=0.02
    )


def test_coverage_sees_which_half_is_missing(random):
    one = random.normal(size=(400, 3))
    one[200:] += 30
    other = random.normal(size=(400, 3))
    found = overlap.has_counterpart(one, other)
    assert not found[200:].any()
    assert found[:200].mean() > 0.9
    # the other identity lacks nothing: everything it does, the first does
    assert overlap.covered_share(other, one) > 0.8


def test_density_of_equal_crowds_is_one_and_of_distant_ones_zero(random):
    one, other = random.normal(size=(2, 600, 3))
    assert overlap.density(one, other) == pytest.approx(1, abs=0.1)
    assert overlap.density(one, other + 40) == 0


def test_density_of_four_points_by_hand():
    one = np.array([[0.0], [1.0], [3.0]])  # reaches 1, 1 and 2 for k = 1
    other = np.array([[0.5], [2.5]])  # in reach of 2, and of 1
    assert overlap.density(one, other, 1) == pytest.approx(3 / 2)


def test_a_classifier_tells_only_people_who_differ(random):
    one, other = random.normal(size=(2, 200, 4))
    blocks = np.arange(200) // 10
    same = overlap.classifier_accuracy(one, other, blocks, blocks + 100)
    assert same == pytest.approx(0.5, abs=0.1)
    apart = overlap.classifier_accuracy(one, other + 4, blocks, blocks + 100)
    assert apart > 0.99
    with pytest.raises(ValueError, match="Received: 2"):
        overlap.classifier_accuracy(one, other, blocks // 10, blocks)


def test_a_classifier_is_tested_on_footage_that_it_did_not_see(random):
    # every stretch has a place of its own, which says nothing of a new one
    places = random.normal(size=(40, 6)) * 5
    blocks = np.repeat(np.arange(40), 10)
    points = places[blocks] + random.normal(size=(400, 6)) * 0.1
    half = blocks < 20
    accuracy = overlap.classifier_accuracy(
        points[half], points[~half], blocks[half], blocks[~half]
    )
    assert accuracy < 0.8


def test_halves_of_footage_never_part_a_stretch():
    blocks = np.repeat([4, 7, 9, 11], 5)
    half = overlap.own_halves(blocks, 3)
    assert half.sum() == 10
    for block in np.unique(blocks):
        assert len(set(half[blocks == block].tolist())) == 1
    with pytest.raises(ValueError, match="one stretch"):
        overlap.own_halves([3, 3, 3])


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
        overlap.mixing_rate(points, labels_of(18, 2))
    with pytest.raises(ValueError, match="more than 5"):
        overlap.covered_share(points[:5], points)


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
