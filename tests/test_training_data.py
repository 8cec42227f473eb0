"""What a step of training sees: of a crowd, and of face sets."""

import numpy as np
import pytest
from test_trainer import (
    NAMES,
    SIDE,
    TURNED,
    crowd_crops,
    crowd_data,
    faces,
    identity_data,
)

from helpers import augmentation
from helpers.crowd import READ_PARAMETERS
from helpers.encoder_decoder import resolution_of
from helpers.swapper import face_key
from helpers.training.crowd_data import CrowdData
from helpers.training.identity_data import IdentityData

ROSA = face_key("Rosa")


@pytest.mark.parametrize("build", [crowd_data, identity_data])
def test_a_batch_depends_on_the_seed_and_the_step_alone(build):
    data = build(seed=1)
    expected = data.batch(7, 2, 0.5, 4)
    data.batch(3, 1, 1.0, 6)
    again = [data.batch(7, 2, 0.5, 4), build(seed=1).batch(7, 2, 0.5, 4)]
    others = [data.batch(8, 2, 0.5, 4), build(seed=2).batch(7, 2, 0.5, 4)]
    for batch in again:
        for one, other in zip(expected, batch, strict=True):
            assert list(one) == list(other)
            assert all(np.array_equal(one[k], other[k]) for k in one)
    for batch in others:
        pictures = [key for key in expected[0] if key != "blend"]
        assert not all(
            np.array_equal(expected[0][k], batch[0][k]) for k in pictures
        )


@pytest.mark.parametrize("level", range(3))
@pytest.mark.parametrize("build", [crowd_data, identity_data])
def test_batches_have_the_size_and_range_of_their_level(build, level):
    inputs, targets = build().batch(0, level, 0.3, 4)
    side = resolution_of(level)
    assert inputs["blend"].shape == (4, 1)
    assert np.all(inputs["blend"] == np.float32(0.3))
    pictures = [v for v in inputs.values() if v.ndim == 4]
    masked = [v for v in targets.values() if v.ndim == 4]
    assert {v.shape for v in pictures} == {(4, side, side, 3)}
    assert {v.shape for v in masked} == {(4, side, side, 4)}
    for picture in pictures + masked:
        assert picture.dtype == np.float32
        assert 0 <= picture.min() and picture.max() <= 1


def test_pairs_of_rows_are_two_people_in_one_frame_with_crossed_targets():
    data = crowd_data(options=TURNED)
    inputs, targets = data.batch(0, 2, 1.0, 64)
    people = inputs["person"][:, 0]
    assert np.all(people[0::2] != people[1::2])
    assert set(people) == {0, 1, 2, 3}
    # what one row shows is what the other row sees, turned the same way
    shown = targets["crowd"][..., :3]
    np.testing.assert_array_equal(shown[0::2], inputs["crops"][1::2])
    np.testing.assert_array_equal(shown[1::2], inputs["crops"][0::2])
    assert not np.array_equal(shown[0], inputs["crops"][0])


def test_the_target_is_the_frame_and_the_mask_of_the_person_named():
    data = crowd_data(options=augmentation.PLAIN)
    inputs, targets = data.batch(5, 2, 1.0, 16)
    # coverage 0.8 of 20 px: the middle 16, untouched
    crops, _, players, _ = data.crowd
    middle = crops[:, :, 2:-2, 2:-2] / 255  # (frames, cast, ...)
    for row, person in enumerate(inputs["person"][:, 0]):
        places = []
        for picture in (inputs["crops"][row], targets["crowd"][row, ..., :3]):
            away = np.abs(middle - picture).max(axis=(2, 3, 4))
            assert away.min() < 1e-6
            places.append(np.unravel_index(np.argmin(away), away.shape))
        (frame, seen), (same_frame, shown) = places
        assert frame == same_frame and seen != shown
        assert players[frame, shown] == person
    mask = np.zeros((16, 16))
    mask[1:-1, 1:-1] = 1
    np.testing.assert_array_equal(targets["crowd"][0, ..., 3], mask)


def test_without_pairs_everybody_is_their_own_target():
    data = crowd_data(paired_share=0.0, options=TURNED)
    inputs, targets = data.batch(0, 2, 1.0, 16)
    people = inputs["person"][:, 0]
    assert np.all(people[0::2] != people[1::2])
    np.testing.assert_array_equal(targets["crowd"][..., :3], inputs["crops"])


def test_both_people_of_a_frame_are_asked_for_the_same_expression():
    _, targets = crowd_data().batch(0, 2, 1.0, 64)
    expression = targets["expression"]
    np.testing.assert_array_equal(expression[0::2], expression[1::2])
    assert np.ptp(expression, axis=0).min() > 0


def test_expressions_are_standardised_and_constant_ones_are_nothing():
    film = crowd_crops()
    for frame in film.frame_parameters:
        frame["squint"] = 0.3
    table = CrowdData(film, 0.8, SIDE).expression
    np.testing.assert_allclose(table.mean(axis=0), 0, atol=1e-5)
    varied = [name != "squint" for name in READ_PARAMETERS]
    np.testing.assert_allclose(table.std(axis=0), varied, atol=1e-4)


def test_a_share_of_the_targets_is_paired():
    data = crowd_data(paired_share=0.7, options=augmentation.PLAIN)
    inputs, targets = data.batch(0, 2, 1.0, 400)
    own = [
        np.array_equal(one, other[..., :3])
        for one, other in zip(inputs["crops"], targets["crowd"], strict=True)
    ]
    assert 0.22 < np.mean(own) < 0.38


def test_held_out_frames_of_the_crowd_are_never_trained_on():
    # every frame is of one colour, so each row tells where it is from
    crowd = crowd_crops(frames=10)
    crowd.crops[:] = (np.arange(10) * 20)[:, None, None, None, None]
    data = CrowdData(crowd, 0.8, SIDE, held_out_frames=3, options=TURNED)
    seen = set()
    for step in range(60):
        inputs, targets = data.batch(step, 0, 1.0, 16)
        for pictures in (inputs["crops"], targets["crowd"][..., :3]):
            assert np.ptp(pictures, axis=(1, 2, 3)).max() < 1e-6
            seen |= set(np.rint(pictures.mean(axis=(1, 2, 3)) * 255 / 20))
    assert seen == set(range(7))
    inputs, _ = data.held_out(0, 1.0)
    frames = set(np.rint(inputs["crops"].mean(axis=(1, 2, 3)) * 255 / 20))
    assert frames == {7, 8, 9}


def test_held_out_pictures_are_the_same_at_every_call():
    crowd = crowd_data(held_out_frames=2)
    unseen = dict(zip(NAMES, zip(*faces(2, 3, 9), strict=True), strict=True))
    comb = identity_data(held_out=unseen)
    for data in (crowd, comb):
        (one, _), (other, _) = data.held_out(2, 1.0), data.held_out(2, 1.0)
        assert all(np.array_equal(one[key], other[key]) for key in one)
    middle = unseen["Rosa"][0][:, 2:-2, 2:-2] / 255
    rows = comb.held_out(2, 1.0)[0][ROSA]
    distances = np.abs(rows[:, None] - middle[None]).max(axis=(2, 3, 4))
    assert distances.min(axis=1).max() < 1e-6
    assert crowd_data().held_out(2, 1.0) is None
    assert identity_data().held_out(2, 1.0) is None


@pytest.mark.parametrize("options", [augmentation.PLAIN, TURNED])
def test_an_identity_is_seen_and_asked_for_under_one_view(options):
    inputs, targets = identity_data(options=options).batch(3, 2, 1.0, 8)
    for key in map(face_key, NAMES):
        np.testing.assert_array_equal(inputs[key], targets[key][..., :3])


def test_warp_and_light_change_the_input_and_spare_the_target():
    changed = TURNED | {"warp": 0.05, "light": 0.2}
    plain = identity_data(options=augmentation.PLAIN | {"light": 0.2})
    inputs, targets = plain.batch(3, 2, 1.0, 8)
    middle = plain.crops["Rosa"][:, 2:-2, 2:-2] / 255
    shown = targets[ROSA][..., :3]
    distances = np.abs(shown[:, None] - middle[None]).max(axis=(2, 3, 4))
    assert distances.min(axis=1).max() < 1e-6
    inputs, targets = identity_data(options=changed).batch(3, 2, 1.0, 8)
    assert np.abs(inputs[ROSA] - targets[ROSA][..., :3]).max() > 0.02


def test_a_pair_of_the_crowd_is_in_one_light():
    data = crowd_data(options=augmentation.PLAIN | {"light": 0.2})
    inputs, targets = data.batch(3, 2, 1.0, 8)
    seen, shown = inputs["crops"], targets["crowd"][..., :3]
    # what one is asked to draw is what the other shows
    np.testing.assert_array_equal(seen[0::2], shown[1::2])
    np.testing.assert_array_equal(seen[1::2], shown[0::2])
    plain, _ = crowd_data(options=augmentation.PLAIN).batch(3, 2, 1.0, 8)
    assert np.abs(seen - plain["crops"]).max() > 0.02


def test_pictures_fade_with_the_level():
    data = identity_data(options=augmentation.PLAIN)
    inputs, targets = data.batch(0, 2, 0.0, 4)
    for pictures in (inputs[ROSA], targets[ROSA]):
        coarse = pictures[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
        np.testing.assert_allclose(pictures, coarse, atol=1e-6)


def test_data_that_cannot_be_trained_on_is_refused():
    with pytest.raises(ValueError, match="Received: 6 frames, 6 held out"):
        crowd_data(held_out_frames=6)
    crops, masks = faces(1, 0)
    with pytest.raises(ValueError, match="no crop of Rosa"):
        IdentityData({"Rosa": crops[0]}, {"Rosa": masks[0]}, 0.8, SIDE)
