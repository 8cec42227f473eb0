"""An inspection: maps and words of who lacks what."""

from types import SimpleNamespace

import numpy as np
import pytest

from helpers.latents import encoding, gap_search, gaps, inspection

HALF = 60


@pytest.fixture
def robbed():
    """Lena never does what the last 15 of Marco do, whatever it is."""
    random = np.random.default_rng(0)
    latents = random.normal(size=(2 * HALF, 6)).astype(np.float32)
    lonely = np.arange(HALF) >= HALF - 15
    latents[:HALF][np.ix_(lonely, [0, 2, 3])] += 30
    latents[HALF:, 1] += 50  # another place, that a shift takes away
    encoded = encoding.EncodedFaces(
        latents,
        np.repeat(["Marco", "Lena"], HALF),
        np.tile(np.arange(HALF), 2),
        np.zeros(2 * HALF, bool),
        np.arange(2 * HALF) // 10,
    )
    rows = np.arange(HALF)
    gap = gap_search.Gap(
        ("mouth open",), (("jaw", 1, 0.3),), 0.25, 0, 1, 0, 9,
        rows[lonely], np.zeros((15, 5), int), "Film Lena: mouth open.",
    )  # fmt: skip
    near = np.zeros((HALF, 5), int)
    pair = gaps.Pair("Marco", "Lena", rows, lonely * 9.0, lonely, near, [gap])
    network = SimpleNamespace(
        shifts={("Marco", "Lena"): np.float32([0, -50, 0, 0, 0, 0])}
    )
    return inspection.Inspection(network, {}, encoded, None, [pair])


def test_a_joint_map_shows_the_coast_and_maps_laid_over_do_not(robbed):
    joint, over = robbed.joint_map(), robbed.maps_laid_over()
    assert joint.shape == over.shape == (2 * HALF, 2)
    for name in ("Marco", "Lena"):
        own = over[robbed.labels == name]
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-6)
    assert robbed.mixing_around_gaps(joint) < 0.1
    assert robbed.mixing_around_gaps(over) > 0.3


def test_a_joint_map_moves_latents_as_a_swap_does(robbed):
    shifted = robbed.joint_map()
    robbed.network.shifts = {}
    apart = robbed.joint_map()
    marco = robbed.labels == "Marco"

    def distance(points):
        places = points[marco].mean(axis=0) - points[~marco].mean(axis=0)
        return np.linalg.norm(places) / points.std()

    assert distance(apart) > distance(shifted)


def test_what_is_missing_is_named_in_words_and_rows(robbed, tmp_path):
    assert robbed.named_gaps() == {("Lena", ("mouth open",))}
    assert robbed.rows_of_gaps().tolist() == list(range(HALF - 15, HALF))
    first, second = robbed.in_words().splitlines()
    assert first == "Lena on Marco: 25% of the images have no counterpart"
    assert second.strip() == "Film Lena: mouth open."
    robbed.pairs[0].gaps.clear()
    assert len(robbed.rows_of_gaps()) == 0 and robbed.named_gaps() == set()
    assert np.isnan(robbed.mixing_around_gaps(robbed.joint_map()))
