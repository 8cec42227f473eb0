"""What a swap adds to the latents: the place, and nothing besides."""

import dataclasses

import numpy as np
import pytest

from helpers.comb import build_comb
from helpers.faces.face_set import FaceSet
from helpers.files import manifests
from helpers.latents import shifts
from helpers.swapper import Swapper

DIMS = 6
NAMES = ("Marco", "Lena")


def place(mean, spread=0.0, doubt=0.0, cut=None):
    cut = np.zeros((DIMS, 4)) if cut is None else cut
    return shifts.Place(
        np.asarray(mean, float), spread * np.eye(DIMS), doubt, cut
    )


def axis(index):
    return np.eye(DIMS)[index]


def test_a_difference_without_doubt_is_the_shift():
    source, target = place(3 * axis(0)), place(2 * axis(1))
    found = shifts.shift_between(source, target)
    np.testing.assert_allclose(found, 3 * axis(0) - 2 * axis(1), rtol=1e-5)


def test_the_way_back_is_the_shift_taken_off():
    random = np.random.default_rng(0)
    one, other = (
        place(random.normal(size=DIMS), 1.0, 0.1, random.normal(size=(DIMS, 4)))
        for _ in range(2)
    )
    there = shifts.shift_between(one, other)
    np.testing.assert_array_equal(there, -shifts.shift_between(other, one))


def test_what_another_cut_does_is_left_to_the_target():
    cut = np.zeros((DIMS, 4))
    cut[0, 1] = 50.0  # a crop that lies lower changes the first number
    ends = place(3 * axis(0) + 3 * axis(1), cut=cut), place(axis(5), cut=cut)
    found = shifts.shift_between(*ends)
    assert abs(found[0]) < 0.01
    np.testing.assert_allclose(found[[1, 5]], [3, -1], rtol=1e-5)


def test_the_more_doubt_the_smaller_the_shift():
    lengths = [
        np.linalg.norm(
            shifts.shift_between(
                place(2 * axis(0), 1.0, doubt), place(0 * axis(0), 1.0, doubt)
            )
        )
        for doubt in (0.0, 0.2, 1.0, 100.0)
    ]
    assert lengths[0] == pytest.approx(2)
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] < 0.1


def test_a_shift_is_nearer_to_the_true_one_than_the_difference_of_means():
    random = np.random.default_rng(1)
    spread = np.diag([100.0, 30, 3, 1, 0.3, 0.1])
    errors = {"plain": [], "shrunk": [], "none": []}
    for _ in range(200):
        true = random.normal(size=DIMS)
        chaos = random.normal(size=(2, DIMS)) @ np.sqrt(spread / 40)
        ends = [
            shifts.Place(mean, spread, np.trace(spread) / 40, np.zeros((6, 4)))
            for mean in (true + chaos[0], chaos[1])
        ]
        plain = ends[0].mean - ends[1].mean
        for name, guess in (
            ("plain", plain),
            ("shrunk", shifts.shift_between(*ends)),
            ("none", 0 * plain),
        ):
            errors[name].append(np.sum((guess - true) ** 2))
    mean = {name: np.mean(values) for name, values in errors.items()}
    assert mean["shrunk"] < 0.7 * min(mean["plain"], mean["none"])


def test_equal_places_need_no_shift():
    found = shifts.shift_between(place(axis(0), 1, 1), place(axis(0), 1, 1))
    np.testing.assert_array_equal(found, np.zeros(DIMS, np.float32))


@dataclasses.dataclass
class FakeFaceSet(FaceSet):
    """Crops of one colour each, half of them training takes."""

    identity: str
    colors: np.ndarray
    contract: dict = dataclasses.field(default_factory=manifests.data_contract)

    def __len__(self):
        return len(self.colors)

    def select(self, split):
        assert split == "train"
        half = self.colors[: len(self) // 2]
        return dataclasses.replace(self, colors=half)

    def pick(self, rows):
        return dataclasses.replace(self, colors=self.colors[rows])

    def load_crops(self, size):
        shape = (len(self), size, size, 3)
        return np.broadcast_to(self.colors[:, None, None], shape)


class ColorNetwork(Swapper):
    """Its latent is the mean colour, its decoders draw what they are told."""

    identities = NAMES
    resolution = 8
    contract = manifests.data_contract()

    def encode(self, crops, batch_size=64):
        return np.asarray(crops).mean(axis=(1, 2))

    def decode(self, latents, identity, batch_size=64):
        picture = np.broadcast_to(
            latents[:, None, None], (len(latents), 8, 8, 3)
        )
        return picture.astype(np.float32)

    def check_identity(self, identity):
        if identity not in self.identities:
            raise ValueError(f"Received: identity={identity!r}")


def face_set(identity, middle, count=400, contract=None):
    random = np.random.default_rng(len(identity))
    colors = np.array(middle) + random.integers(-20, 20, (count, 1, 3))
    colors = colors.reshape(count, 3).astype(np.uint8)
    found = FakeFaceSet(identity, colors)
    return (
        found
        if contract is None
        else dataclasses.replace(found, contract=contract)
    )


def two_sets():
    return {
        "Marco": face_set("Marco", (150, 100, 60)),
        "Lena": face_set("Lena", (60, 100, 150)),
    }


def test_identities_that_lie_apart_are_brought_together():
    network = ColorNetwork()
    network.shifts = shifts.latent_shifts(network, two_sets())
    assert set(network.shifts) == {("Marco", "Lena"), ("Lena", "Marco")}
    # 90 of 255 in the first colour, nothing in the second
    np.testing.assert_allclose(
        network.shift("Marco", "Lena") * 255, [90, 0, -90], atol=4
    )


def test_a_swap_adds_the_shift_of_the_footage_it_looks_at():
    network = ColorNetwork()
    network.shifts = {("Marco", "Lena"): np.array([0.25, 0, 0], np.float32)}
    crops = np.full((2, 8, 8, 3), 0.5, np.float32)
    np.testing.assert_allclose(network.swap(crops, "Marco"), crops)
    moved = network.looking_at("Lena").swap(crops, "Marco")
    np.testing.assert_allclose(moved[0, 0, 0], [0.75, 0.5, 0.5])
    own = network.looking_at("Marco").swap(crops, "Marco")
    np.testing.assert_allclose(own, crops)
    assert network.target is None, "the network itself has changed"


def test_footage_of_somebody_the_network_does_not_know_is_said_so():
    with pytest.raises(ValueError, match="Nobody"):
        ColorNetwork().looking_at("Nobody")
    stranger = ColorNetwork().looking_at("Lena").looking_at(None)
    assert stranger.target is None


def test_neighbouring_frames_count_as_few():
    random = np.random.default_rng(0)
    takes = random.normal(size=(60, 1, DIMS))
    still = np.repeat(takes, 10, axis=1).reshape(-1, DIMS)
    lively = random.normal(size=(600, DIMS))
    ratio = shifts._doubt_of_mean(still) / shifts._doubt_of_mean(lively)
    assert 5 < ratio < 20  # 60 looks, not 600


def test_the_place_of_a_comb_is_in_its_latent():
    options = {"resolution": 8, "widths": (8, 6), "latent_dim": 5}
    comb = build_comb(NAMES, shared_levels=1, **options)
    found = shifts.find_place(comb, two_sets()["Marco"])
    assert found.mean.shape == (5,) and found.spread.shape == (5, 5)
    assert found.cut.shape == (5, len(shifts.CUT_DOUBT))
    # of crops of one colour every cut is the same
    np.testing.assert_allclose(found.cut, 0, atol=1e-4)


def test_too_few_crops_or_a_stranger_are_refused():
    network = ColorNetwork()
    with pytest.raises(ValueError, match="Received: 1 of Marco"):
        shifts.find_place(network, face_set("Marco", (9, 9, 9), count=3))
    with pytest.raises(ValueError, match="Kofi"):
        shifts.find_place(network, face_set("Kofi", (9, 9, 9)))
    other = manifests.data_contract(coverage=0.7)
    with pytest.raises(manifests.ContractError):
        shifts.find_place(network, face_set("Lena", (9, 9, 9), contract=other))
