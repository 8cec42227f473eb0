"""Bundles: what comes back, what is said to differ, and what is refused."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from disk import files
from small_swappers import (
    NAMES,
    OPTIONS,
    assert_equal,
    crops,
    small_comb,
    small_crowd,
    values,
)

from helpers.comb import Comb, build_comb
from helpers.crowd import Crowd, comb_for
from helpers.families.classic import Classic, build_classic
from helpers.files import manifests
from helpers.files.arrays import read_arrays, write_arrays
from helpers.training import bundles, sharing

ROOT = pathlib.Path(__file__).resolve().parent.parent
MADE_BY = "03_full_training"
SHARING = {
    "licence": "CC0",
    "data": "noise",
    "consent": "nobody was filmed",
}


@pytest.mark.parametrize("level", [1, 2])
def test_a_comb_of_a_bundle_swaps_as_the_one_that_was_saved(level, tmp_path):
    comb = small_comb()
    comb.level = level
    manifest = bundles.save_bundle(comb, tmp_path, MADE_BY, scores=[0.5])
    assert manifest["scores"] == [0.5]
    again = bundles.load_bundle(tmp_path)
    assert again.identities == NAMES and again.level == level
    assert again.contract == comb.contract
    for name in NAMES:
        np.testing.assert_allclose(
            again.swap(crops(), name), comb.swap(crops(), name), atol=1e-6
        )


@pytest.mark.parametrize("shared", [False, True])
def test_the_shifts_of_a_comb_travel_with_it(shared, tmp_path):
    comb = small_comb()
    shift = np.linspace(-2, 2, 5, dtype="float32")
    comb.shifts = {NAMES: shift, NAMES[::-1]: -shift}
    bundles.save_bundle(comb, tmp_path / "trained", MADE_BY)
    origin = tmp_path / "trained"
    if shared:
        origin = tmp_path / "shared.zip"
        sharing.share_bundle(tmp_path / "trained", origin, **SHARING)
    found = bundles.load_bundle(origin, cache=tmp_path / "cache").shifts
    assert set(found) == {NAMES, NAMES[::-1]}
    np.testing.assert_allclose(found[NAMES], shift, atol=1e-3)
    fresh = bundles.load_bundle(origin, parts="shared", cache=tmp_path / "c")
    assert fresh.shifts == {}, "fresh decoders know no place"


@pytest.mark.parametrize(
    "wrong",
    [
        {(NAMES[0], "Lena"): np.zeros(5)},
        {NAMES: np.zeros(4)},
        {(*NAMES, "more"): np.zeros(5)},
    ],
)
def test_shifts_that_do_not_fit_are_refused(wrong, tmp_path):
    comb = small_comb()
    bundles.save_bundle(comb, tmp_path / "trained", MADE_BY)
    path = tmp_path / "trained" / bundles.WEIGHTS
    arrays, details = read_arrays(path)
    for names, array in wrong.items():
        arrays["/".join(["shift", *names])] = array.astype("float32")
    write_arrays(path, arrays, details)
    manifest = json.loads((tmp_path / "trained/manifest.json").read_text())
    manifest["files"][bundles.WEIGHTS] = manifests.file_sha256(path)
    manifests.write_json(tmp_path / "trained/manifest.json", manifest)
    with pytest.raises(ValueError, match="should hold shifts"):
        bundles.load_bundle(tmp_path / "trained")


def test_a_crowd_of_a_bundle_draws_as_the_one_that_was_saved(tmp_path):
    crowd = small_crowd()
    bundles.save_bundle(crowd, tmp_path, "02_layerwise_pretraining")
    again = bundles.load_bundle(tmp_path, (Comb, Crowd))
    inputs = {
        "blend": np.ones((3, 1), "float32"),
        "crops": crops(),
        "person": np.arange(3, dtype="int32")[:, None],
    }
    expected = crowd.autoencoder().predict(inputs, verbose=0)
    drawn = again.autoencoder().predict(inputs, verbose=0)
    for name, picture in expected.items():
        np.testing.assert_allclose(drawn[name], picture, atol=1e-6)
    assert np.ptp(expected["crowd"], axis=0).max() > 0.05


def test_a_classic_of_a_bundle_swaps_as_the_one_that_was_saved(tmp_path):
    keras.utils.set_random_seed(0)
    classic, faces = build_classic(NAMES, width=1 / 32), crops(side=64)
    manifest = bundles.save_bundle(classic, tmp_path, MADE_BY)
    assert manifest["kind"] == "classic"
    again = bundles.load_bundle(tmp_path, (Comb, Classic))
    assert again.identities == NAMES and again.width == classic.width
    assert again.contract == classic.contract
    for name in NAMES:
        np.testing.assert_allclose(
            again.swap(faces, name), classic.swap(faces, name), atol=1e-6
        )
    # who asks for a comb does not get something else
    with pytest.raises(ValueError, match="Received: kind='classic'"):
        bundles.load_bundle(tmp_path)
    with pytest.raises(ValueError, match="no parts to load alone"):
        bundles.load_bundle(tmp_path, (Classic,), parts="encoder")


def test_the_shared_crowd_fits_the_networks_and_the_contract_of_today():
    folder = ROOT / "weights" / "shared" / "crowd_64"
    shared = bundles.load_bundle(folder, (Crowd,))
    assert (shared.resolution, shared.level) == (64, 4)
    assert shared.contract == manifests.data_contract()
    # it has learned: two latents of noise draw two different pictures
    latents = np.random.default_rng(0).normal(size=(2, shared.latent_dim))
    one, other = comb_for(shared, ("Rosa",)).decode(latents, "Rosa")
    assert np.abs(one - other).mean() > 0.02


def test_a_bundle_holds_two_files_and_no_code(tmp_path):
    bundles.save_bundle(small_comb(), tmp_path, MADE_BY)
    assert sorted(files(tmp_path)) == ["manifest.json", "weights.safetensors"]
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert manifest["kind"] == "comb"
    assert manifest["config"]["identities"] == list(NAMES)


def test_the_wrong_kind_of_bundle_is_refused(tmp_path):
    bundles.save_bundle(small_crowd(), tmp_path, MADE_BY)
    with pytest.raises(ValueError, match="a comb. Received: kind='crowd'"):
        bundles.load_bundle(tmp_path)
    bundles.save_bundle(small_comb(), tmp_path, MADE_BY)
    with pytest.raises(ValueError, match="a crowd. Received: kind='comb'"):
        bundles.load_bundle(tmp_path, (Crowd,))


def test_who_made_a_bundle_is_information_and_no_lock(tmp_path):
    comb = small_comb()
    bundles.save_bundle(comb, tmp_path, "another program")
    assert bundles.read_bundle(tmp_path)["made_by"] == "another program"
    again = bundles.load_bundle(tmp_path)
    assert_equal(values(again.variables()), values(comb.variables()))
    manifest = manifests.read_manifest(tmp_path, "another program")
    del manifest["made_by"]
    manifests.write_json(tmp_path / "manifest.json", manifest)
    assert bundles.load_bundle(tmp_path).identities == comb.identities


# what layers, parts and inputs are called, and names that begin alike
AWKWARD = ("shared", "encoder", "decoder", "blend", "Rosa", "Rosa_8")


@pytest.mark.parametrize("parts", ["encoder", "shared"])
def test_parts_are_nobodys_own_whatever_the_names(parts, tmp_path):
    comb = small_comb(AWKWARD)
    bundles.save_bundle(comb, tmp_path, MADE_BY)
    again = bundles.load_bundle(tmp_path, parts=parts)
    one, other = values(comb.variables()), values(again.variables())
    loaded = {
        f"{layer.name}/{variable.name}"
        for layer in again.layers_of(parts)
        for variable in layer.weights
    }
    for name in one:
        # biases are zero in both
        same = np.array_equal(one[name], other[name])
        assert same == (name in loaded or name.endswith("bias")), name
    assert bundles.load_bundle(tmp_path).identities == AWKWARD


@pytest.mark.parametrize("name", ["weights.safetensors", "manifest.json"])
def test_an_unfinished_bundle_is_refused(name, tmp_path):
    bundles.save_bundle(small_comb(), tmp_path, MADE_BY)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match="03_full_training.ipynb"):
        bundles.load_bundle(tmp_path)


def test_a_bundle_with_one_bit_turned_is_refused(tmp_path):
    bundles.save_bundle(small_comb(), tmp_path, MADE_BY)
    path = tmp_path / bundles.WEIGHTS
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="has changed since it was written"):
        bundles.load_bundle(tmp_path)


def rewrite(folder, arrays):
    """Other arrays under a manifest whose sha256 is right."""
    manifest = manifests.read_manifest(folder, MADE_BY)
    path = folder / bundles.WEIGHTS
    write_arrays(path, arrays)
    manifest["files"][bundles.WEIGHTS] = manifests.file_sha256(path)
    manifests.write_json(folder / "manifest.json", manifest)


def test_a_bundle_with_other_names_or_shapes_is_refused(tmp_path):
    comb = small_comb()
    bundles.save_bundle(comb, tmp_path, MADE_BY)
    arrays = values(comb.variables())
    last = list(arrays)[-1]
    rewrite(tmp_path, {k: v for k, v in arrays.items() if k != last})
    with pytest.raises(ValueError, match=f"Missing: .*{last}"):
        bundles.load_bundle(tmp_path)
    rewrite(tmp_path, arrays | {last: np.zeros((2, 2), "float32")})
    with pytest.raises(ValueError, match=r"Received: \(2, 2\)"):
        bundles.load_bundle(tmp_path)


def test_weights_the_manifest_does_not_vouch_for_are_refused(tmp_path):
    bundles.save_bundle(small_comb(), tmp_path, MADE_BY)
    manifest = manifests.read_manifest(tmp_path, MADE_BY)
    manifest["files"] = {}
    manifests.write_json(tmp_path / "manifest.json", manifest)
    with pytest.raises(ValueError, match="sha256 of weights.safetensors"):
        bundles.load_bundle(tmp_path)


def test_a_full_disk_leaves_the_bundle_that_is_there(tmp_path, request):
    comb = small_comb()
    bundles.save_bundle(comb, tmp_path, MADE_BY)
    before = files(tmp_path)
    request.getfixturevalue("full_disk")
    with pytest.raises(OSError, match="No space left"):
        bundles.save_bundle(small_comb(seed=1), tmp_path, MADE_BY)
    assert files(tmp_path) == before


LOAD = """
import sys
import numpy as np
from helpers.training import bundles
folder = sys.argv[1]
comb = bundles.load_bundle(folder)
crops = np.load(folder + "/crops.npy")
np.save(folder + "/swapped.npy", comb.swap(crops, "Ana Núñez"))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_a_bundle_swaps_the_same_on(backend, tmp_path):
    if backend == keras.backend.backend():
        pytest.skip(f"{backend} is in use: the other tests tell")
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    comb = small_comb()
    bundles.save_bundle(comb, tmp_path, MADE_BY)
    np.save(tmp_path / "crops.npy", crops())
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    np.testing.assert_allclose(
        np.load(tmp_path / "swapped.npy"),
        comb.swap(crops(), "Ana Núñez"),
        atol=1e-4,
    )


def tampered(folder, **changes):
    """A bundle whose manifest says something else about its weights."""
    bundles.save_bundle(small_comb(), folder, MADE_BY)
    manifest = manifests.read_manifest(folder, MADE_BY)
    manifest["config"] |= changes
    manifests.write_json(folder / "manifest.json", manifest)
    return folder


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"widths": [60000, 60000, 60000]}, "numbers at least. Received"),
        ({"latent_dim": 10**9}, "numbers at least. Received"),
        ({"identities": ["Rosa"] * 10**4}, "numbers at least. Received"),
        ({"level": 3}, "Received: level=3"),
        ({"level": "2"}, "Received: level='2'"),
        ({"widths": None}, "does not describe a network. Received: TypeError"),
        ({"code": "rm"}, "unexpected keyword argument .code."),
        ({"contract": {}}, "different data contracts: channels: expected"),
        ({"identities": ["Rosa", "Lena"]}, "decoder_Lena"),
        ({"latent_dim": 6}, r"of shape \(128, 6\)"),
    ],
)
def test_a_manifest_that_does_not_fit_its_weights_is_refused(
    changes, text, tmp_path
):
    with pytest.raises(ValueError, match=text):
        bundles.load_bundle(tampered(tmp_path, **changes))


def test_a_network_is_refused_before_it_is_built(tmp_path, monkeypatch):
    tampered(tmp_path, widths=[60000, 60000, 60000])

    def build(self, **config):
        raise AssertionError("it was built")

    monkeypatch.setattr(Comb, "__init__", build)
    with pytest.raises(bundles.HostileBundleError, match="do not use|Do not"):
        bundles.load_bundle(tmp_path)


def test_what_fails_in_building_is_not_laid_to_the_manifest(
    tmp_path, monkeypatch
):
    bundles.save_bundle(small_comb(), tmp_path, MADE_BY)

    def build(self, **config):
        raise TypeError("a kernel of channels that are not there")

    monkeypatch.setattr(Comb, "__init__", build)
    with pytest.raises(TypeError, match="^a kernel of channels"):
        bundles.load_bundle(tmp_path)


def test_a_manifest_that_vouches_for_other_files_is_refused(tmp_path):
    folder = tampered(tmp_path / "bundle")
    (tmp_path / "secret").write_text("of the reader")
    manifest = manifests.read_manifest(folder, MADE_BY)
    manifest["files"]["../secret"] = "0" * 64
    manifests.write_json(folder / "manifest.json", manifest)
    with pytest.raises(ValueError, match="files of its folder"):
        bundles.load_bundle(folder)


@pytest.mark.parametrize("content", [b"[" * 10**5, b"\xff\xfe{}", b"[]"])
def test_a_manifest_that_is_none_is_refused(content, tmp_path):
    bundles.save_bundle(small_comb(), tmp_path, MADE_BY)
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ValueError, match="manifest|format"):
        bundles.load_bundle(tmp_path)


@pytest.mark.parametrize(
    "wrong", [np.float64(1), np.int32(1), np.float32("nan"), np.float16("inf")]
)
def test_numbers_of_another_kind_are_refused(wrong, tmp_path):
    comb = small_comb()
    bundles.save_bundle(comb, tmp_path, MADE_BY)
    arrays = values(comb.variables())
    name = "encoder_latent/bias"
    arrays[name] = np.full(arrays[name].shape, wrong)
    rewrite(tmp_path, arrays)
    with pytest.raises(ValueError, match=f"finite numbers.*Received: {name}"):
        bundles.load_bundle(tmp_path)


def test_a_bundle_of_another_contract_says_what_differs(tmp_path):
    bundles.save_bundle(small_comb(), tmp_path, MADE_BY)
    other = manifests.data_contract(coverage=0.9)
    with pytest.raises(
        manifests.ContractError, match="coverage: expected 0.9, received 0.8"
    ):
        bundles.load_bundle(tmp_path, contract=other)
    same = manifests.data_contract()
    assert bundles.load_bundle(tmp_path, contract=same).identities == NAMES


def beginning(variables, *texts):
    return {k: v for k, v in values(variables).items() if k.startswith(texts)}


@pytest.mark.parametrize("build", [small_comb, small_crowd])
@pytest.mark.parametrize("parts", ["encoder", "shared"])
def test_parts_of_a_bundle_come_with_fresh_decoders(build, parts, tmp_path):
    network = build(seed=1)
    network.level = 1
    bundles.save_bundle(network, tmp_path, MADE_BY)
    kinds = (Comb, Crowd)
    keras.utils.set_random_seed(5)
    found = bundles.load_bundle(tmp_path, kinds, parts, ("Lena", "Kofi", "Mei"))
    assert found.identities == ("Lena", "Kofi", "Mei") and found.level == 1
    fresh = ("decoder_Lena", "decoder_Kofi", "decoder_Mei")
    taken, left = ("encoder_", "decoder_shared_"), fresh
    if parts == "encoder":
        taken, left = ("encoder_",), (*fresh, "decoder_shared_")
    assert_equal(
        beginning(found.variables(), *taken),
        beginning(network.variables(), *taken),
    )
    again = build_comb(found.identities, **OPTIONS)
    shapes = {n: a.shape for n, a in values(again.variables()).items()}
    assert {n: a.shape for n, a in values(found.variables()).items()} == shapes
    kernels = {
        name: value
        for name, value in beginning(found.variables(), *left).items()
        if name.endswith("kernel")
    }
    known = values(network.variables())
    for name, value in kernels.items():
        assert value.std() > 0
        assert name not in known or np.abs(value - known[name]).max() > 0.01


def test_fresh_decoders_take_the_names_of_a_comb_and_are_asked_of_a_crowd(
    tmp_path,
):
    bundles.save_bundle(small_comb(), tmp_path / "comb", MADE_BY)
    found = bundles.load_bundle(tmp_path / "comb", parts="shared")
    assert found.identities == NAMES
    bundles.save_bundle(small_crowd(), tmp_path / "crowd", MADE_BY)
    with pytest.raises(ValueError, match="no identities of its own"):
        bundles.load_bundle(tmp_path / "crowd", (Crowd,), "encoder")
    with pytest.raises(ValueError, match="Received: parts='decoders'"):
        bundles.load_bundle(tmp_path / "comb", parts="decoders")
    with pytest.raises(ValueError, match="identities go with"):
        bundles.load_bundle(tmp_path / "comb", identities=("Lena",))


def test_a_manifest_tells_of_the_training(tmp_path):
    history = [
        {
            "step": step,
            "seconds": 2.0 * step,
            "resolution": 16,
            "losses": {"Rosa": 1 / step},
            "held_out": {},
            "blend": 1.0,
        }
        for step in (1, 2)
    ]
    summary = bundles.training_summary(history)
    assert summary == {
        "steps": 2,
        "seconds": 4.0,
        "resolution": 16,
        "losses": {"Rosa": 0.5},
        "held_out": {},
    }
    comb = small_comb()
    bundles.save_bundle(comb, tmp_path, MADE_BY, training=summary)
    manifest = bundles.read_bundle(tmp_path)
    assert manifest["training"] == summary
    assert manifest["numbers"] == sum(
        array.size for array in values(comb.variables()).values()
    )
    assert bundles.training_summary([]) == {}
