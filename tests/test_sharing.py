"""Bundles for others: what is said with them, and half the numbers."""

import pathlib

import numpy as np
import pytest
from small_swappers import crops, small_comb, values

from helpers.crowd import Crowd, comb_for
from helpers.files.arrays import read_arrays
from helpers.training import bundles, sharing

ROOT = pathlib.Path(__file__).resolve().parent.parent
MADE_BY = "03_full_training"
SHARING = {
    "licence": "CC0",
    "data": "noise",
    "consent": "nobody was filmed",
}


@pytest.mark.parametrize("name", ["shared", "shared.zip"])
@pytest.mark.parametrize("half", [True, False])
def test_a_shared_bundle_comes_back_with_its_statements(name, half, tmp_path):
    comb = small_comb()
    bundles.save_bundle(comb, tmp_path / "own", MADE_BY, scores={"skill": 0.5})
    path = tmp_path / name
    sha256 = sharing.share_bundle(tmp_path / "own", path, **SHARING, half=half)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["own", name]
    manifest = bundles.read_bundle(path, sha256=sha256)
    assert manifest["sharing"] == SHARING
    assert manifest["scores"] == {"skill": 0.5}
    again = bundles.load_bundle(path, sha256=sha256)
    for variable in again.variables().values():
        assert variable.dtype == "float32"
    expected = values(comb.variables())
    for variable, array in values(again.variables()).items():
        # float16 keeps eleven binary digits
        bound = 2**-11 * np.abs(expected[variable]) + 2**-25 if half else 0
        assert (np.abs(array - expected[variable]) <= bound).all()
    drawn = again.swap(crops(), "Rosa") - comb.swap(crops(), "Rosa")
    assert np.abs(drawn).max() < (0.5 / 255 if half else 1e-6)


def test_half_the_numbers_take_half_the_space(tmp_path):
    bundles.save_bundle(small_comb(), tmp_path / "own", MADE_BY)
    sizes = {}
    for half in (True, False):
        folder = tmp_path / f"shared_{half}"
        sharing.share_bundle(tmp_path / "own", folder, **SHARING, half=half)
        arrays, _ = read_arrays(folder / bundles.WEIGHTS)
        sizes[half] = sum(array.nbytes for array in arrays.values())
    assert sizes[False] == 2 * sizes[True]


@pytest.mark.parametrize("missing", SHARING)
@pytest.mark.parametrize("text", ["", "  ", None])
def test_nothing_is_shared_without_licence_data_and_consent(
    missing, text, tmp_path
):
    bundles.save_bundle(small_comb(), tmp_path / "own", MADE_BY)
    statements = SHARING | {missing: text}
    with pytest.raises(ValueError, match=f"Received: {missing}="):
        sharing.share_bundle(
            tmp_path / "own", tmp_path / "shared", **statements
        )
    assert not (tmp_path / "shared").exists()


def test_sharing_overwrites_nothing(tmp_path):
    bundles.save_bundle(small_comb(), tmp_path / "own", MADE_BY)
    (tmp_path / "a.zip").write_bytes(b"older")
    with pytest.raises(FileExistsError, match="is there already"):
        sharing.share_bundle(tmp_path / "own", tmp_path / "a.zip", **SHARING)
    with pytest.raises(FileExistsError, match="is there already"):
        sharing.share_bundle(tmp_path / "own", tmp_path / "own", **SHARING)
    assert (tmp_path / "a.zip").read_bytes() == b"older"


def test_numbers_too_large_for_float16_are_told(tmp_path):
    comb = small_comb()
    layer = comb.encoder.to_latent
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + 70000])
    bundles.save_bundle(comb, tmp_path / "own", MADE_BY)
    with pytest.raises(ValueError, match="encoder_latent/bias with 70000"):
        sharing.share_bundle(tmp_path / "own", tmp_path / "half", **SHARING)
    sharing.share_bundle(
        tmp_path / "own", tmp_path / "whole", **SHARING, half=False
    )


def test_the_shared_crowd_draws_the_same_from_half_the_numbers(tmp_path):
    origin = ROOT / "weights" / "shared" / "crowd_64"
    sharing.share_bundle(origin, tmp_path / "half", **SHARING)
    random = np.random.default_rng(0)
    images = random.uniform(size=(4, 64, 64, 3)).astype("float32")
    drawn = [
        comb_for(bundles.load_bundle(folder, (Crowd,)), ("Rosa",))
        for folder in (origin, tmp_path / "half")
    ]
    one, other = (comb.swap(images, "Rosa") for comb in drawn)
    # not one step of an 8-bit picture
    assert np.abs(one - other).max() < 1 / 255
