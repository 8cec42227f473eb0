"""Two crowds of points: mixed, covered, told apart, in numbers."""

import numpy as np
import pytest

from helpers.latents import two_samples


@pytest.fixture
def random():
    return np.random.default_rng(0)


def labels_of(*counts):
    return np.repeat(["Marco", "Lena", "Kofi"][: len(counts)], counts)


def test_one_crowd_with_shuffled_names_mixes_at_one(random):
    points = random.normal(size=(800, 4))
    labels = random.permutation(labels_of(400, 400))
    rate = two_samples.mixing_rate(points, labels)
    assert rate == pytest.approx(1, abs=0.06)


def test_two_crowds_apart_do_not_mix_at_all(random):
    points = random.normal(size=(200, 4))
    points[100:] += 50
    assert two_samples.mixing_rate(points, labels_of(100, 100)) == 0


def test_mixing_does_not_depend_on_how_many_there_are_of_each(random):
    points = random.normal(size=(1000, 4))
    rate = two_samples.mixing_rate(points, labels_of(800, 200))
    assert rate == pytest.approx(1, abs=0.1)


def test_mixing_of_four_points_by_hand():
    # on a line: M L . . . M L, one neighbour each, always the other
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    labels = np.array(["Marco", "Lena", "Marco", "Lena"])
    # all of 1 against 2 / 3 by chance
    assert two_samples.mixing_rate(points, labels, 1) == pytest.approx(1.5)


def test_coverage_of_equal_crowds_is_what_theory_says(random):
    one, other = random.normal(size=(2, 1000, 3))
    count, k = 1000, 5
    terms = (count - np.arange(1, k + 1)) / (2 * count - np.arange(1, k + 1))
    expected = 1 - np.prod(terms)
    assert two_samples.covered_share(one, other, k) == pytest.approx(
        expected, abs=0.02
    )


def test_coverage_sees_which_half_is_missing(random):
    one = random.normal(size=(400, 3))
    one[200:] += 30
    other = random.normal(size=(400, 3))
    found = two_samples.has_counterpart(one, other)
    assert not found[200:].any()
    assert found[:200].mean() > 0.9
    # the other identity lacks nothing: everything it does, the first does
    assert two_samples.covered_share(other, one) > 0.8


def test_density_of_equal_crowds_is_one_and_of_distant_ones_zero(random):
    one, other = random.normal(size=(2, 600, 3))
    assert two_samples.density(one, other) == pytest.approx(1, abs=0.1)
    assert two_samples.density(one, other + 40) == 0


def test_density_of_four_points_by_hand():
    one = np.array([[0.0], [1.0], [3.0]])  # reaches 1, 1 and 2 for k = 1
    other = np.array([[0.5], [2.5]])  # in reach of 2, and of 1
    assert two_samples.density(one, other, 1) == pytest.approx(3 / 2)


def test_a_classifier_tells_only_people_who_differ(random):
    one, other = random.normal(size=(2, 200, 4))
    blocks = np.arange(200) // 10
    same = two_samples.classifier_accuracy(one, other, blocks, blocks + 100)
    assert same == pytest.approx(0.5, abs=0.1)
    apart = two_samples.classifier_accuracy(
        one, other + 4, blocks, blocks + 100
    )
    assert apart > 0.99
    with pytest.raises(ValueError, match="Received: 2"):
        two_samples.classifier_accuracy(one, other, blocks // 10, blocks)


def test_a_classifier_is_tested_on_footage_that_it_did_not_see(random):
    # every stretch has a place of its own, which says nothing of a new one
    places = random.normal(size=(40, 6)) * 5
    blocks = np.repeat(np.arange(40), 10)
    points = places[blocks] + random.normal(size=(400, 6)) * 0.1
    half = blocks < 20
    accuracy = two_samples.classifier_accuracy(
        points[half], points[~half], blocks[half], blocks[~half]
    )
    assert accuracy < 0.8


def test_halves_of_footage_never_part_a_stretch():
    blocks = np.repeat([4, 7, 9, 11], 5)
    half = two_samples.own_halves(blocks, 3)
    assert half.sum() == 10
    for block in np.unique(blocks):
        assert len(set(half[blocks == block].tolist())) == 1
    with pytest.raises(ValueError, match="one stretch"):
        two_samples.own_halves([3, 3, 3])
