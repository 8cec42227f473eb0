"""The face mask network: its shapes, its bundle, its training data."""

import json

import numpy as np
import pytest

from benchmarks import face_mask as training
from helpers.faces.readers import face_mask
from helpers.faces.readers.face_mask import build_face_mask


def small_network():
    return face_mask.FaceMask(build_face_mask(32, (4, 6, 8, 8)))


def test_masks_are_shares_at_the_network_s_own_resolution():
    network = small_network()
    crops = np.random.default_rng(0).random((3, 48, 48, 3), np.float32)
    found = network.read_masks(crops, batch_size=2)
    assert found.shape == (3, 32, 32, 3) and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    np.testing.assert_allclose(
        network.read_masks(crops[2:]), found[2:], atol=1e-5
    )
    assert network.read_masks(crops[:0]).shape == (0, 32, 32, 3)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="multiple of 16.*20"):
        build_face_mask(20)
    with pytest.raises(
        ValueError, match=r"faces, size, size, 3.*\(32, 32, 3\)"
    ):
        small_network().read_masks(np.zeros((32, 32, 3)))


def test_a_network_is_read_as_it_was_written(tmp_path):
    network = face_mask.FaceMask(build_face_mask(32))
    crops = np.random.default_rng(1).random((2, 32, 32, 3), np.float32)
    manifest = face_mask.write_face_mask(tmp_path, network, seed=3)
    assert manifest["seed"] == 3
    again = face_mask.read_face_mask(tmp_path)
    np.testing.assert_allclose(
        again.read_masks(crops), network.read_masks(crops), atol=0.01
    )
    weights = tmp_path / face_mask.WEIGHTS
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ValueError, match="has changed"):
        face_mask.read_face_mask(tmp_path)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match="benchmarks.face_mask"):
        face_mask.read_face_mask(tmp_path)


def test_what_comes_with_the_course_is_small_and_made_without_real_faces():
    folder = face_mask.MASK_FOLDER
    assert (folder / face_mask.WEIGHTS).stat().st_size < 0.7e6
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "no real face" in manifest["trained_on"]
    assert face_mask.read_face_mask().resolution == 128


def test_renders_and_their_spoilt_views_keep_their_truth(monkeypatch):
    monkeypatch.setattr(training, "FRAMES", 2)
    crops, truths = training.render_faces(96_000, 1, 1, occluded=1)
    side = training.CROP_SIZE
    assert crops.shape == (4, side, side, 3) and crops.dtype == np.uint8
    assert truths.shape == (4, side, side, 3) and truths.dtype == np.uint8
    middle = slice(side // 4, 3 * side // 4)
    assert truths[::2, middle, middle, 0].mean() > 200
    seen, wanted = training.spoil(crops[0], truths[0], np.random.default_rng(0))
    side = training.RESOLUTION
    assert seen.shape == (side, side, 3) and wanted.shape == (side, side, 3)
    assert 0 <= seen.min() and seen.max() <= 1
    assert 0 <= wanted.min() and wanted.max() <= 1
    np.testing.assert_allclose(
        wanted[side // 2, side // 2], [1, 1, 0], atol=0.1
    )
