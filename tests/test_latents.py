"""The shared latent space: what overlaps, and what does not."""

import types

import numpy as np
import pytest

from helpers import latents, manifests


@pytest.fixture
def random():
    return np.random.default_rng(0)


def labels_of(*counts):
    return np.repeat(["Marco", "Lena", "Kofi"][: len(counts)], counts)


class FakeFaceSet:
    def __init__(self, identity, levels):
        self.identity = identity
        self.contract = manifests.data_contract()
        self.levels = np.asarray(levels, dtype=np.uint8)
        half = len(levels) // 2
        self.records = [
            {"split": "train" if row < half else "test"}
            for row in range(len(levels))
        ]

    def __len__(self):
        return len(self.levels)

    def load_crops(self, size):
        shape = (len(self), size, size, 3)
        return np.broadcast_to(self.levels[:, None, None, None], shape)


def fake_comb():
    return types.SimpleNamespace(
        identities=("Marco", "Lena"),
        resolution=8,
        contract=manifests.data_contract(),
        encode=lambda crops: np.asarray(crops[:, 0, 0], np.float32),
    )


def test_latents_of_all_face_sets_are_stacked_with_their_origin():
    face_sets = {
        "Marco": FakeFaceSet("Marco", [0, 51, 102, 255]),
        "Lena": FakeFaceSet("Lena", [10, 20]),
    }
    encoded = latents.encode_face_sets(fake_comb(), face_sets)
    assert encoded.labels.tolist() == ["Marco"] * 4 + ["Lena"] * 2
    assert encoded.rows.tolist() == [0, 1, 2, 3, 0, 1]
    assert encoded.held_out.tolist() == [False, False, True, True, False, True]
    np.testing.assert_allclose(encoded.latents[:4, 0], [0, 0.2, 0.4, 1.0])


def test_at_most_so_many_faces_of_each_identity_are_encoded():
    face_sets = {"Marco": FakeFaceSet("Marco", range(50))}
    encoded = latents.encode_face_sets(fake_comb(), face_sets, most=3)
    assert encoded.rows.tolist() == [0, 24, 49]


def test_a_face_set_of_another_contract_is_refused():
    face_set = FakeFaceSet("Marco", [1, 2])
    face_set.contract = manifests.data_contract(coverage=0.7)
    with pytest.raises(manifests.ContractError, match="coverage"):
        latents.encode_face_sets(fake_comb(), {"Marco": face_set})


def test_an_empty_face_set_is_refused():
    with pytest.raises(ValueError, match="'Marco': 0"):
        latents.encode_face_sets(
            fake_comb(), {"Marco": FakeFaceSet("Marco", [])}
        )


def test_standardising_is_pooled_and_keeps_the_gap_between_people(random):
    points = random.normal(size=(200, 3)) * (1, 10, 0.1)
    points[100:, 0] += 8
    standard = latents.standardise(points)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standard.std(axis=0), 1)
    assert standard[100:, 0].mean() - standard[:100, 0].mean() > 1.5


def test_a_dimension_that_never_varies_becomes_zero(random):
    points = np.full((10, 2), 0.1, np.float32)
    points[:, 1] = random.normal(size=10)
    assert not latents.standardise(points)[:, 0].any()


def test_principal_coordinates_keep_all_distances(random):
    points = random.normal(size=(30, 5))
    coordinates, shares = latents.pca(points, 5)
    np.testing.assert_allclose(
        latents.squared_distances(coordinates, coordinates),
        latents.squared_distances(points, points),
        atol=1e-9,
    )
    assert shares.sum() == pytest.approx(1)
    assert np.all(np.diff(shares) <= 0)


def test_the_first_principal_direction_is_the_longest(random):
    points = random.normal(size=(300, 4)) * (1, 9, 1, 1)
    coordinates, shares = latents.pca(points, 1)
    assert coordinates.shape == (300, 1)
    assert abs(np.corrcoef(coordinates[:, 0], points[:, 1])[0, 1]) > 0.99
    assert shares[0] > 0.9


def test_one_crowd_with_shuffled_names_mixes_at_one(random):
    points = random.normal(size=(800, 4))
    labels = random.permutation(labels_of(400, 400))
    rate = latents.mixing_rate(points, labels)
    assert rate == pytest.approx(1, abs=0.06)


def test_two_crowds_apart_do_not_mix_at_all(random):
    points = random.normal(size=(200, 4))
    points[100:] += 50
    assert latents.mixing_rate(points, labels_of(100, 100)) == 0


def test_mixing_does_not_depend_on_how_many_there_are_of_each(random):
    points = random.normal(size=(1000, 4))
    rate = latents.mixing_rate(points, labels_of(800, 200))
    assert rate == pytest.approx(1, abs=0.1)


def test_mixing_of_four_points_by_hand():
    # on a line: M L . . . M L, one neighbour each, always the other
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    labels = np.array(["Marco", "Lena", "Marco", "Lena"])
    # all of 1 against 2 / 3 by chance
    assert latents.mixing_rate(points, labels, 1) == pytest.approx(1.5)


def test_coverage_of_equal_crowds_is_what_theory_says(random):
    one, other = random.normal(size=(2, 1000, 3))
    count, k = 1000, 5
    terms = (count - np.arange(1, k + 1)) / (2 * count - np.arange(1, k + 1))
    expected = 1 - np.prod(terms)
    assert latents.coverage(one, other, k) == pytest.approx(expected, abs=0.02)


def test_coverage_sees_which_half_is_missing(random):
    one = random.normal(size=(400, 3))
    one[200:] += 30
    other = random.normal(size=(400, 3))
    found = latents.has_counterpart(one, other)
    assert not found[200:].any()
    assert found[:200].mean() > 0.9
    # the other identity lacks nothing: everything it does, the first does
    assert latents.coverage(other, one) > 0.8


def test_the_overlap_table_has_one_row_a_pair(random):
    points = random.normal(size=(300, 6))
    points[200:] += 20
    table = latents.overlap_table(points, labels_of(100, 100, 100))
    pairs = {(row["one"], row["other"]): row for row in table}
    assert set(pairs) == {
        ("Kofi", "Lena"),
        ("Kofi", "Marco"),
        ("Lena", "Marco"),
    }
    assert pairs["Lena", "Marco"]["mixing_rate"] > 0.85
    assert pairs["Kofi", "Lena"]["mixing_rate"] == 0
    assert pairs["Kofi", "Lena"]["coverage_other"] == 0


def test_an_overlap_needs_two_identities(random):
    points = random.normal(size=(20, 3))
    with pytest.raises(ValueError, match="two identities"):
        latents.overlap_table(points, labels_of(20))
    with pytest.raises(ValueError, match="more faces"):
        latents.mixing_rate(points, labels_of(18, 2))
    with pytest.raises(ValueError, match="more than 5"):
        latents.coverage(points[:5], points)


def test_counterparts_are_rows_of_the_other_identity_nearest_first():
    points = np.array([[0.0, 0], [5, 0], [4.9, 0], [0.2, 0], [1, 0]])
    rows = latents.nearest_counterparts(
        points, labels_of(2, 3), "Marco", "Lena", 2
    )
    assert rows.tolist() == [[3, 4], [2, 4]]
    with pytest.raises(ValueError, match="at least 9"):
        latents.nearest_counterparts(
            points, labels_of(2, 3), "Marco", "Lena", 9
        )


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_the_joint_map_keeps_people_apart_who_are_apart(random, method):
    points = random.normal(size=(60, 8))
    points[30:] += 12
    plane = latents.joint_map(points, method, seed=1)
    again = latents.joint_map(points, method, seed=1)
    assert plane.shape == (60, 2)
    np.testing.assert_array_equal(plane, again)
    assert latents.mixing_rate(plane, labels_of(30, 30)) == 0


def test_an_unknown_map_is_refused(random):
    with pytest.raises(ValueError, match="umap"):
        latents.joint_map(random.normal(size=(10, 4)), "umap")
    with pytest.raises(ValueError, match="at least 4 faces"):
        latents.joint_map(random.normal(size=(3, 4)))
