"""Swap pairs: crops of a crowd, and the same crops swapped."""

import numpy as np
import pytest

from helpers.crowd import build_crowd
from helpers.files import manifests
from helpers.proof import swap_pairs
from helpers.swap import swapping
from helpers.synthetic import CrowdCrops

PEOPLE, FRAMES, CAST, SIZE = 6, 8, 3, 20


@pytest.fixture(scope="module")
def crowd():
    return build_crowd(PEOPLE, resolution=16, latent_dim=8)


@pytest.fixture(scope="module")
def film():
    random = np.random.default_rng(0)
    shape = (FRAMES, CAST, SIZE, SIZE)
    cast = [random.permutation(PEOPLE)[:CAST] for _ in range(FRAMES)]
    return CrowdCrops(
        random.integers(0, 256, (*shape, 3), dtype=np.uint8),
        np.full(shape, 255, np.uint8),
        np.array(cast),
        [{"yaw": 5.0 * n - 20} for n in range(FRAMES)],
    )


@pytest.fixture(scope="module")
def swaps(crowd, film):
    return swap_pairs.film_swaps(crowd, film, seed=1)


def test_everybody_gets_anothers_face(swaps, film):
    count = FRAMES * CAST
    assert swaps.crops.shape == (count, SIZE, SIZE, 3)
    assert swaps.faces.shape == swaps.own.shape == (count, 16, 16, 3)
    assert (swaps.sources != swaps.people).all()
    np.testing.assert_array_equal(swaps.people, film.people.ravel())
    np.testing.assert_array_equal(swaps.crops[4], film.crops[1, 1])
    assert swaps.yaws[4] == film.frame_parameters[1]["yaw"]


def test_nobody_held_out_is_seen_in_training(swaps):
    held_out = swaps.held_out
    assert 0 < held_out.sum() < len(held_out)
    tested = {*swaps.people[held_out], *swaps.sources[held_out]}
    trained = {*swaps.people[~held_out], *swaps.sources[~held_out]}
    assert not tested & trained
    assert len(tested) == PEOPLE / 3


def test_a_seed_gives_the_same_swaps_again(crowd, film, swaps):
    again = swap_pairs.film_swaps(crowd, film, seed=1)
    np.testing.assert_array_equal(again.sources, swaps.sources)
    other = swap_pairs.film_swaps(crowd, film, seed=2)
    assert (other.sources != swaps.sources).any()


def test_too_few_people_are_told_so(crowd, film):
    with pytest.raises(ValueError, match="0 of 6 held out. Film more"):
        swap_pairs.film_swaps(crowd, film, held_out_share=0)
    small = build_crowd(2, resolution=16, latent_dim=8)
    with pytest.raises(ValueError, match="draws 2 people.*person 5"):
        swap_pairs.film_swaps(small, film)


@pytest.mark.parametrize("blend", ["alpha", "relight", "multiband"])
def test_a_pair_differs_inside_the_mask_alone(crowd, swaps, blend):
    pasted = swap_pairs.paste_faces(
        crowd, swaps.crops, swaps.faces, swaps.yaws, color="none", blend=blend
    )
    assert pasted.dtype == np.uint8 and pasted.shape == swaps.crops.shape
    margin = (SIZE - crowd.resolution) // 2
    for row in range(len(pasted)):
        mask = np.zeros((SIZE, SIZE))
        inner = slice(margin, -margin)
        mask[inner, inner] = swapping.blending_mask(crowd, swaps.yaws[row])
        changed = (pasted[row] != swaps.crops[row]).any(axis=-1)
        assert not changed[mask == 0].any()
        assert changed[mask > 0.5].mean() > 0.9


def test_a_crops_own_centre_leaves_it_as_it_is(crowd, swaps):
    # stored at the network's scale: no pixel is made larger or smaller
    own = swaps.crops[:, 2:-2, 2:-2] / np.float32(255)
    pasted = swap_pairs.paste_faces(crowd, swaps.crops, own, blend="alpha")
    np.testing.assert_array_equal(pasted, swaps.crops)


def test_each_crop_gets_one_face(crowd, swaps):
    with pytest.raises(ValueError, match="24 crops and 3 faces"):
        swap_pairs.paste_faces(crowd, swaps.crops, swaps.faces[:3])


def test_crops_arrive_changed_but_alike():
    # smooth, as compression takes noise for what need not be kept
    ramp = np.linspace(40, 200, 64)
    crop = np.stack([np.add.outer(ramp, ramp) / 2] * 3, axis=-1)
    crops = np.stack([crop, crop[::-1]]).astype(np.uint8)
    for change in swap_pairs.CHANGES:
        sent = swap_pairs.send_crops(crops, change)
        assert sent.shape == crops.shape and sent.dtype == np.uint8, change
        error = np.abs(sent.astype(int) - crops).mean()
        assert (error == 0) == (change == "as it is") and error < 4, change
    with pytest.raises(ValueError, match="change is one of.*fax"):
        swap_pairs.send_crops(crops, "fax")


def test_compressed_crops_keep_their_colours():
    red = np.zeros((1, 32, 32, 3), np.uint8) + np.uint8([200, 60, 30])
    for change in swap_pairs.CHANGES:
        sent = swap_pairs.send_crops(red, change)
        assert np.abs(sent.astype(int) - red).max() < 12, change


def test_the_contract_says_where_the_face_is_pasted(crowd):
    assert crowd.contract == manifests.data_contract()
