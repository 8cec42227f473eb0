"""The mask of 68 points: the face from brows to jaw."""

import numpy as np
import pytest

from benchmarks.parts import landmark_mask
from helpers import alignment, masks, synthetic
from helpers.files import manifests


def face_points(size=256):
    """The 68 points of a rendered face that looks ahead, and its mask."""
    person = synthetic.Person({"asymmetry": 0.0}, texture_size=128)
    shot = synthetic.render(person, None, 400, geometry=True)
    matrix = alignment.crop_matrix(
        shot["landmarks"], manifests.data_contract(size)
    )
    mask = np.float32(shot["mask"])
    return (
        alignment.transform_points(matrix, shot["points"]),
        masks.warp_mask(mask, matrix, size),
    )


def test_the_mask_of_68_points_is_the_face_from_brows_to_jaw():
    points, truth = face_points()
    mask = landmark_mask.landmark_mask(points, 256)
    assert mask.shape == (256, 256) and mask.dtype == np.float32
    assert mask.min() == 0 and mask.max() == 1
    found, true = mask > 0.5, truth > 0.5
    assert (found & true).sum() / (found | true).sum() > 0.9
    np.testing.assert_allclose(mask, mask[:, ::-1], atol=0.35)
    for x, y in np.rint(points[27:68]).astype(int):
        assert mask[y, x] == 1
    # a face of half the size, in the same place of a smaller crop
    half = landmark_mask.landmark_mask((points + 0.5) / 2 - 0.5, 128)
    whole = mask.reshape(128, 2, 128, 2).mean(axis=(1, 3))
    assert np.abs(half - whole).mean() < 0.01


def test_a_mask_of_points_beyond_the_crop_ends_at_its_edge():
    points, _ = face_points()
    mask = landmark_mask.landmark_mask(points + (130, 0), 256)
    assert mask[128, 255] == 1 and mask[128, :60].max() == 0
    with pytest.raises(ValueError, match="68 points.*(5, 2)"):
        landmark_mask.landmark_mask(points[:5], 256)
    with pytest.raises(ValueError, match="finite"):
        landmark_mask.landmark_mask(points * np.nan, 256)
