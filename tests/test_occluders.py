"""Things before a face: the cover says what has changed, and by a seed."""

import numpy as np
import pytest

from helpers import synthetic
from helpers.synthetic import occluders

FRAME = {"background": 3, "noise": 0.0}


@pytest.fixture(scope="module")
def shot():
    person = synthetic.Person(synthetic.random_identity(96_001))
    return synthetic.render(person, FRAME, 128, geometry=True)


@pytest.mark.parametrize("kind", occluders.OCCLUDERS)
def test_a_thing_covers_a_part_of_the_face_the_same_each_time(shot, kind):
    before, landmarks = shot["image"], shot["landmarks"]
    covered = 0
    for seed in range(4):
        image, cover = occluders.occlude(before, landmarks, kind, seed, FRAME)
        assert image.shape == before.shape and image.dtype == np.uint8
        assert cover.shape == (128, 128) and cover.dtype == np.float32
        assert 0 <= cover.min() and cover.max() <= 1
        covered += ((cover > 0.5) & (shot["skin"] > 0.5)).sum()
        again, _ = occluders.occlude(before, landmarks, kind, seed, FRAME)
        np.testing.assert_array_equal(image, again)
    assert covered > 50
    other, _ = occluders.occlude(before, landmarks, kind, 9, FRAME)
    assert (other != image).any()


def test_only_the_thing_and_its_shadow_change_a_picture(shot):
    image, cover = occluders.occlude(
        shot["image"], shot["landmarks"], "blob", 1, FRAME
    )
    brighter = (image > shot["image"]).any(axis=-1)
    assert not brighter[cover == 0].any()  # a shadow only darkens
    assert (image != shot["image"]).any(axis=-1)[cover > 0.9].mean() > 0.95


def test_glasses_of_a_person_are_said_with_the_geometry():
    identity = synthetic.random_identity(96_002)
    bare, worn = (
        synthetic.render(
            synthetic.Person({**identity, "glasses": glasses}),
            FRAME,
            128,
            geometry=True,
        )
        for glasses in (None, {"thickness": 0.3})
    )
    assert bare["glasses"].max() == 0 and worn["glasses"].max() > 0.9
    np.testing.assert_array_equal(bare["skin"], worn["skin"])
    np.testing.assert_array_equal(bare["mask"], worn["mask"])
    changed = np.abs(worn["image"].astype(int) - bare["image"]).sum(axis=-1)
    assert changed[worn["glasses"] > 0.9].mean() > 60
    # the inner face is bare skin
    assert (bare["mask"] <= bare["skin"] + 1e-6).mean() > 0.999


def test_what_does_not_fit_is_refused(shot):
    with pytest.raises(ValueError, match="bar, blob.*'cat'"):
        occluders.occlude(shot["image"], shot["landmarks"], "cat")
    with pytest.raises(ValueError, match="uint8.*float64"):
        occluders.occlude(shot["image"] / 255, shot["landmarks"], "bar")
