"""Face sets to latents: where each is from, and where a swap moves it."""

import types

import numpy as np
import pytest

from helpers.faces.face_set import FaceSet
from helpers.files import manifests
from helpers.latents import encoding


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
