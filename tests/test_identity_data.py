"""What a step of training sees: weights that follow the crops."""

import numpy as np

from helpers import masks
from helpers.faces.face_set import FaceSet
from helpers.files import manifests
from helpers.training.identity_data import (
    FEATURE_WEIGHT,
    identity_data,
    weigh_masks,
)

SIZE, RESOLUTION = 40, 32
CONTRACT = manifests.data_contract(SIZE)


class FakeReader:
    """Knows one face, which lies further right in every crop."""

    def __init__(self, points):
        self.points = points

    def landmarks(self, crops):
        moved = np.arange(len(crops))[:, None, None] * (2, 0)
        return self.points + moved


class FakeFaceSet(FaceSet):
    identity, contract = "Rosa", CONTRACT

    def __init__(self, faces=3):
        self.faces = faces

    def select(self, split):
        return self if split == "train" else FakeFaceSet(1)

    def load_crops(self, size):
        return np.full((self.faces, size, size, 3), 100, np.uint8)

    def load_masks(self, size):
        whole = np.zeros((self.faces, size, size), np.uint8)
        whole[:, 4:-4, 4:-4] = 255
        return whole


def points():
    """Eyes and mouth about where the template has them."""
    left, right, _, *mouth = np.asarray(CONTRACT["template"]) * SIZE - 0.5
    found = np.zeros((68, 2))
    round_eye = [[-3, 0], [-1, -1], [1, -1], [3, 0], [1, 1], [-1, 1]]
    found[36:42], found[42:48] = left + round_eye, right + round_eye
    along = np.linspace(0, 1, 12)[:, None]
    found[48:60] = mouth[0] + along * (mouth[1] - mouth[0])
    return found


def test_masks_count_most_where_each_crop_has_eyes_and_mouth():
    face_set, reader = FakeFaceSet(), FakeReader(points())
    whole = face_set.load_masks(SIZE)
    weighed = weigh_masks(face_set.load_crops(SIZE), whole, reader)
    assert weighed.dtype == np.uint8 and weighed.shape == whole.shape
    peak = FEATURE_WEIGHT
    for row, mask in enumerate(weighed):
        wanted = masks.landmark_weights(points() + (2 * row, 0), SIZE, peak)
        wanted = wanted * (whole[row] > 0)
        np.testing.assert_allclose(mask / 255 * peak, wanted, atol=0.01)


def test_a_batch_is_weighed_by_points_or_by_the_template():
    made = {
        name: identity_data([FakeFaceSet()], RESOLUTION, seed=1, reader=reader)
        for name, reader in (("points", FakeReader(points())), ("fixed", None))
    }
    weights = {}
    for name, data in made.items():
        _, targets = data.held_out(level=3, blend=1.0, faces=2)
        (batch,) = targets.values()
        weights[name] = batch[0, ..., 3]
        assert weights[name].shape == (RESOLUTION, RESOLUTION)
        assert 2.5 < weights[name].max() <= 3.01
    # the first crop has its features where the template has them
    assert np.abs(weights["points"] - weights["fixed"]).mean() < 0.2
