"""The shared latent space: what overlaps, and what does not."""

import types

import numpy as np
import pytest

from helpers.faces.face_set import FaceSet
from helpers.files import manifests
from helpers.latents import encoding, overlap


@pytest.fixture
def random():
    return np.random.default_rng(0)


def labels_of(*counts):
    return np.repeat(["Marco", "Lena", "Kofi"][: len(counts)], counts)


class FakeFaceSet(FaceSet):
    def __init__(self, identity, levels):
        self.identity = identity
        self.contract = manifests.data_contract()
        self.levels = np.asarray(levels, dtype=np.uint8)
        half = len(levels) // 2
        self.records = [
            {
                "split": "train" if row < half else "test",
                "take": "talk.mp4",
                "file": "talk.mp4",
                "time": float(row),
            }
            for row in range(len(levels))
        ]

    def __len__(self):
        return len(self.levels)

    def pick(self, rows):
        picked = FakeFaceSet(self.identity, self.levels[rows])
        picked.records = [self.records[row] for row in rows]
        return picked

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
    encoded = encoding.encode_face_sets(fake_comb(), face_sets)
    assert encoded.labels.tolist() == ["Marco"] * 4 + ["Lena"] * 2
    assert encoded.rows.tolist() == [0, 1, 2, 3, 0, 1]
    assert encoded.held_out.tolist() == [False, False, True, True, False, True]
    np.testing.assert_allclose(encoded.latents[:4, 0], [0, 0.2, 0.4, 1.0])


def test_frames_of_four_seconds_and_photos_are_stretches_of_their_own():
    talk = FakeFaceSet("Marco", range(6))
    photos = FakeFaceSet("Lena", range(2))
    for row, record in enumerate(photos.records):
        record.update(take="photos", file=f"{row}.jpg", time=None)
    encoded = encoding.encode_face_sets(
        fake_comb(), {"Marco": talk, "Lena": photos}
    )
    assert encoded.blocks.tolist() == [0, 0, 0, 0, 1, 1, 2, 3]


def test_a_swap_moves_the_targets_latents_before_they_are_compared():
    face_sets = {
        "Marco": FakeFaceSet("Marco", [0, 51]),
        "Lena": FakeFaceSet("Lena", [10, 20]),
    }
    encoded = encoding.encode_face_sets(fake_comb(), face_sets)
    shifts = {("Lena", "Marco"): np.array([1.0, 2.0, 3.0])}
    there = encoding.shifted_latents(encoded, shifts, "Lena", "Marco")
    np.testing.assert_allclose(there, [[1, 2, 3], [1.2, 2.2, 3.2]], atol=1e-6)
    together = encoding.at_one_place(encoded, shifts, "Lena")
    np.testing.assert_array_equal(together[:2], there)
    np.testing.assert_array_equal(together[2:], encoded.latents[2:])
    as_it_is = encoding.shifted_latents(encoded, shifts, "Marco", "Lena")
    np.testing.assert_array_equal(as_it_is, encoded.latents[2:])


def test_at_most_so_many_faces_of_each_identity_are_encoded():
    face_sets = {"Marco": FakeFaceSet("Marco", range(50))}
    encoded = encoding.encode_face_sets(fake_comb(), face_sets, most=3)
    assert encoded.rows.tolist() == [0, 24, 49]


def test_a_face_set_of_another_contract_is_refused():
    face_set = FakeFaceSet("Marco", [1, 2])
    face_set.contract = manifests.data_contract(coverage=0.7)
    with pytest.raises(manifests.ContractError, match="coverage"):
        encoding.encode_face_sets(fake_comb(), {"Marco": face_set})


def test_an_empty_face_set_is_refused():
    with pytest.raises(ValueError, match="'Marco': 0"):
        encoding.encode_face_sets(
            fake_comb(), {"Marco": FakeFaceSet("Marco", [])}
        )


def test_standardising_is_pooled_and_keeps_the_gap_between_people(random):
    points = random.normal(size=(200, 3)) * (1, 10, 0.1)
    points[100:, 0] += 8
    standard = encoding.standardise(points)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standard.std(axis=0), 1)
    assert standard[100:, 0].mean() - standard[:100, 0].mean() > 1.5


def test_a_dimension_that_never_varies_becomes_zero(random):
    points = np.full((10, 2), 0.1, np.float32)
    points[:, 1] = random.normal(size=10)
    assert not encoding.standardise(points)[:, 0].any()


def test_principal_coordinates_keep_all_distances(random):
    points = random.normal(size=(30, 5))
    space = encoding.PrincipalSpace(points, 5)
    standard = encoding.standardise(points)
    np.testing.assert_allclose(
        encoding.squared_distances(space.coordinates, space.coordinates),
        encoding.squared_distances(standard, standard),
        atol=1e-9,
    )
    assert space.shares.sum() == pytest.approx(1)
    assert np.all(np.diff(space.shares) <= 0)


def test_the_first_principal_direction_is_what_dimensions_share(random):
    points = random.normal(size=(300, 4))
    points[:, 2] = points[:, 1] + 0.1 * random.normal(size=300)
    space = encoding.PrincipalSpace(points, 1)
    assert space.coordinates.shape == (300, 1)
    assert abs(np.corrcoef(space.coordinates[:, 0], points[:, 1])[0, 1]) > 0.9
    assert space.shares[0] == pytest.approx(0.5, abs=0.1)


def test_latents_of_others_are_placed_by_the_same_measure(random):
    points = random.normal(size=(40, 6)) * 3 + 5
    space = encoding.PrincipalSpace(points, 4)
    np.testing.assert_allclose(space.coordinates_of(points), space.coordinates)
    step = space.coordinates_of(points + 1) - space.coordinates
    np.testing.assert_allclose(step, np.tile(step[:1], (40, 1)))


def test_the_nearest_come_first_and_too_few_are_refused():
    line = np.array([[0.0], [1], [3], [7]])
    distances, rows = encoding.find_nearest([[2.9]], line, 3)
    assert rows.tolist() == [[2, 1, 0]]
    np.testing.assert_allclose(distances, [[0.1, 1.9, 2.9]])
    with pytest.raises(ValueError, match="5 neighbours"):
        encoding.find_nearest(line, line, 5)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_the_joint_map_keeps_people_apart_who_are_apart(random, method):
    points = random.normal(size=(60, 8))
    points[30:] += 12
    plane = encoding.joint_map(points, method, seed=1)
    again = encoding.joint_map(points, method, seed=1)
    assert plane.shape == (60, 2)
    np.testing.assert_array_equal(plane, again)
    assert overlap.mixing_rate(plane, labels_of(30, 30)) == 0


def test_faces_beyond_the_arranged_ones_are_put_beside_their_like(random):
    points = random.normal(size=(200, 8))
    points[100:] += 12
    plane = encoding.joint_map(points, "tsne", seed=1, most=80)
    assert plane.shape == (200, 2)
    assert overlap.mixing_rate(plane, labels_of(100, 100)) == 0


def test_an_unknown_map_is_refused(random):
    with pytest.raises(ValueError, match="umap"):
        encoding.joint_map(random.normal(size=(10, 4)), "umap")
    with pytest.raises(ValueError, match="at least 4 faces"):
        encoding.joint_map(random.normal(size=(3, 4)))
