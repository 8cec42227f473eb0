"""One space and one map of all identities together."""

import numpy as np
import pytest

from helpers.latents import spaces, two_samples


@pytest.fixture
def random():
    return np.random.default_rng(0)


def labels_of(*counts):
    return np.repeat(["Marco", "Lena", "Kofi"][: len(counts)], counts)


def test_standardising_is_pooled_and_keeps_the_gap_between_people(random):
    points = random.normal(size=(200, 3)) * (1, 10, 0.1)
    points[100:, 0] += 8
    standard = spaces.standardise(points)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standard.std(axis=0), 1)
    assert standard[100:, 0].mean() - standard[:100, 0].mean() > 1.5


def test_a_dimension_that_never_varies_becomes_zero(random):
    points = np.full((10, 2), 0.1, np.float32)
    points[:, 1] = random.normal(size=10)
    assert not spaces.standardise(points)[:, 0].any()


def test_principal_coordinates_keep_all_distances(random):
    points = random.normal(size=(30, 5))
    space = spaces.PrincipalSpace(points, 5)
    standard = spaces.standardise(points)
    np.testing.assert_allclose(
        spaces.squared_distances(space.coordinates, space.coordinates),
        spaces.squared_distances(standard, standard),
        atol=1e-9,
    )
    assert space.shares.sum() == pytest.approx(1)
    assert np.all(np.diff(space.shares) <= 0)


def test_the_first_principal_direction_is_what_dimensions_share(random):
    points = random.normal(size=(300, 4))
    points[:, 2] = points[:, 1] + 0.1 * random.normal(size=300)
    space = spaces.PrincipalSpace(points, 1)
    assert space.coordinates.shape == (300, 1)
    assert abs(np.corrcoef(space.coordinates[:, 0], points[:, 1])[0, 1]) > 0.9
    assert space.shares[0] == pytest.approx(0.5, abs=0.1)


def test_latents_of_others_are_placed_by_the_same_measure(random):
    points = random.normal(size=(40, 6)) * 3 + 5
    space = spaces.PrincipalSpace(points, 4)
    np.testing.assert_allclose(space.coordinates_of(points), space.coordinates)
    step = space.coordinates_of(points + 1) - space.coordinates
    np.testing.assert_allclose(step, np.tile(step[:1], (40, 1)))


def test_the_nearest_come_first_and_too_few_are_refused():
    line = np.array([[0.0], [1], [3], [7]])
    distances, rows = spaces.find_nearest([[2.9]], line, 3)
    assert rows.tolist() == [[2, 1, 0]]
    np.testing.assert_allclose(distances, [[0.1, 1.9, 2.9]])
    with pytest.raises(ValueError, match="5 neighbours"):
        spaces.find_nearest(line, line, 5)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_the_joint_map_keeps_people_apart_who_are_apart(random, method):
    points = random.normal(size=(60, 8))
    points[30:] += 12
    plane = spaces.joint_map(points, method, seed=1)
    again = spaces.joint_map(points, method, seed=1)
    assert plane.shape == (60, 2)
    np.testing.assert_array_equal(plane, again)
    assert two_samples.mixing_rate(plane, labels_of(30, 30)) == 0


def test_faces_beyond_the_arranged_ones_are_put_beside_their_like(random):
    points = random.normal(size=(200, 8))
    points[100:] += 12
    plane = spaces.joint_map(points, "tsne", seed=1, most=80)
    assert plane.shape == (200, 2)
    assert two_samples.mixing_rate(plane, labels_of(100, 100)) == 0


def test_an_unknown_map_is_refused(random):
    with pytest.raises(ValueError, match="umap"):
        spaces.joint_map(random.normal(size=(10, 4)), "umap")
    with pytest.raises(ValueError, match="at least 4 faces"):
        spaces.joint_map(random.normal(size=(3, 4)))
