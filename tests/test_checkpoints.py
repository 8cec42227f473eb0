"""Bundles and checkpoints: what is read back, and what is refused."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import safetensors.numpy

from helpers import checkpoints, manifests
from helpers.models.classic import build_classic
from helpers.models.comb import build_comb
from helpers.models.crowd import build_crowd, comb_for

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMES = ("Rosa", "Ana Núñez")
OPTIONS = {"resolution": 16, "widths": (8, 6, 6), "latent_dim": 5}
MADE_BY = "03_full_training"


def small_comb(names=NAMES, seed=0, **options):
    keras.utils.set_random_seed(seed)
    return build_comb(names, **OPTIONS | options)


def small_crowd(people=3, seed=0):
    keras.utils.set_random_seed(seed)
    crowd = build_crowd(people, **OPTIONS)
    random = np.random.default_rng(seed)
    for style in crowd.decoder.styles.values():
        style.set_weights(
            [w + random.normal(0, 0.3, w.shape) for w in style.get_weights()]
        )
    return crowd


def small_classic(names=NAMES, seed=0):
    keras.utils.set_random_seed(seed)
    return build_classic(names, width=1 / 32)


def crops(count=3, side=16):
    random = np.random.default_rng(0)
    return random.uniform(size=(count, side, side, 3)).astype("float32")


def values(variables):
    return {
        name: keras.ops.convert_to_numpy(variable).copy()
        for name, variable in variables.items()
    }


def assert_equal(one, other):
    assert list(one) == list(other)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def built_optimizer(network):
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(list(network.variables().values()))
    return optimizer


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def full_disk(monkeypatch):
    """The disk fills up when half of a file is written."""

    def save_file(arrays, path, metadata=None):
        pathlib.Path(path).write_bytes(b"half of")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors.numpy, "save_file", save_file)


def test_arrays_come_back_with_their_shapes_types_and_details(tmp_path):
    arrays = {
        "picture": np.arange(24, dtype="float32").reshape(2, 3, 4),
        "turned": np.arange(6, dtype="float32").reshape(2, 3).T,
        "one number": np.array(7, "int64"),
        "nothing": np.zeros((0, 4), "float32"),
    }
    details = {"name": "Ana Núñez", "steps": [1, 2.5, None]}
    path = tmp_path / "new" / "weights.safetensors"
    checkpoints.write_arrays(path, arrays, details)
    found, again = checkpoints.read_arrays(path)
    assert again == details
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("kept", [0, 1, 7, 100, -1])
def test_a_file_cut_short_is_refused(kept, tmp_path):
    path = tmp_path / "weights.safetensors"
    checkpoints.write_arrays(path, {"numbers": np.ones(50, "float32")})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match="a whole .safetensors file. Received"):
        checkpoints.read_arrays(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no weights at"):
        checkpoints.read_arrays(tmp_path / "weights.safetensors")


@pytest.mark.parametrize("build", [small_comb, small_crowd, small_classic])
def test_a_checkpoint_gives_back_network_optimizer_and_state(build, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    network, state = build(seed=1), {"step": 3, "history": [{"loss": 0.25}]}
    optimizer = built_optimizer(network)
    variables = list(network.variables().values())
    optimizer.apply(
        [keras.ops.ones(v.shape) for v in variables], trainable_variables=None
    )
    checkpoints.save_checkpoint(path, network, optimizer, state)
    again = build(seed=2)
    other = built_optimizer(again)
    arrays, config, found = checkpoints.read_checkpoint(path)
    assert found == state and config == again.config()
    checkpoints.restore_checkpoint(again, other, arrays, path)
    assert_equal(values(again.variables()), values(network.variables()))
    for one, two in zip(optimizer.variables, other.variables, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(two)
        )
    assert int(other.iterations) == 1


@pytest.fixture
def two_checkpoints(tmp_path):
    """Path of a checkpoint of step 2, with that of step 1 beside it."""
    path = tmp_path / "checkpoint.safetensors"
    comb = small_comb()
    optimizer = built_optimizer(comb)
    for step in (1, 2):
        checkpoints.save_checkpoint(path, comb, optimizer, {"step": step})
    return path


def read_step(path):
    return checkpoints.read_checkpoint(path)[2]["step"]


def test_the_checkpoint_before_the_last_stays(two_checkpoints):
    assert read_step(two_checkpoints) == 2
    names = sorted(p.name for p in two_checkpoints.parent.iterdir())
    assert names == [
        "checkpoint.previous.safetensors",
        "checkpoint.safetensors",
    ]


def test_without_a_checkpoint_there_is_nothing_to_read(tmp_path):
    assert checkpoints.read_checkpoint(tmp_path / "a.safetensors") is None


def test_a_cut_checkpoint_is_passed_over_for_the_one_before(
    two_checkpoints, capsys
):
    content = two_checkpoints.read_bytes()
    two_checkpoints.write_bytes(content[: len(content) // 2])
    assert read_step(two_checkpoints) == 1
    printed = capsys.readouterr().out
    assert str(two_checkpoints) in printed
    assert "Trying the checkpoint before it" in printed


def test_a_checkpoint_lost_between_two_names_is_found(two_checkpoints):
    # as a power cut leaves it after the old file was moved aside
    two_checkpoints.unlink()
    assert read_step(two_checkpoints) == 1


def test_two_damaged_checkpoints_are_an_error_and_stay(two_checkpoints):
    folder = two_checkpoints.parent
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:200])
    before = files(folder)
    with pytest.raises(ValueError) as caught:
        checkpoints.read_checkpoint(two_checkpoints)
    for path in folder.iterdir():
        assert str(path) in str(caught.value)
    assert files(folder) == before


def test_other_weights_are_not_taken_for_a_checkpoint(tmp_path):
    checkpoints.save_bundle(small_comb(), tmp_path, MADE_BY)
    with pytest.raises(ValueError, match="should be a checkpoint of training"):
        checkpoints.read_checkpoint(tmp_path / checkpoints.WEIGHTS)


def test_a_full_disk_leaves_both_checkpoints_and_no_partial_file(
    two_checkpoints, full_disk
):
    before = files(two_checkpoints.parent)
    comb = small_comb()
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save_checkpoint(
            two_checkpoints, comb, built_optimizer(comb), {"step": 3}
        )
    assert files(two_checkpoints.parent) == before
    assert read_step(two_checkpoints) == 2


@pytest.mark.parametrize("flaw", ["missing", "unknown", "shape"])
def test_arrays_of_another_network_change_no_variable(flaw):
    comb = small_comb(seed=1)
    variables = comb.variables()
    arrays = values(small_comb(seed=2).variables())
    # the last one, so that the others would have been assigned before it
    last = list(arrays)[-1]
    if flaw == "missing":
        del arrays[last]
    elif flaw == "unknown":
        arrays["stranger/kernel"] = np.zeros(3, "float32")
    else:
        arrays[last] = np.zeros((9, 9), "float32")
    before = values(variables)
    text = {"missing": last, "unknown": "stranger/kernel", "shape": r"\(9, 9\)"}
    with pytest.raises(ValueError, match=text[flaw]) as caught:
        checkpoints.assign_arrays(variables, arrays, "the gift")
    assert "the gift" in str(caught.value)
    assert_equal(values(variables), before)


@pytest.mark.parametrize("other", [{"latent_dim": 6}, {"widths": (8, 6, 4)}])
def test_a_checkpoint_does_not_fit_a_network_of_other_widths(other, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    comb = small_comb()
    checkpoints.save_checkpoint(path, comb, built_optimizer(comb), {})
    arrays, _, _ = checkpoints.read_checkpoint(path)
    wrong = small_comb(seed=1, **other)
    before = values(wrong.variables())
    with pytest.raises(ValueError, match="of another size. Expected"):
        checkpoints.restore_checkpoint(
            wrong, built_optimizer(wrong), arrays, path
        )
    assert_equal(values(wrong.variables()), before)


@pytest.mark.parametrize("level", [1, 2])
def test_a_comb_of_a_bundle_swaps_as_the_one_that_was_saved(level, tmp_path):
    comb = small_comb()
    comb.level = level
    manifest = checkpoints.save_bundle(comb, tmp_path, MADE_BY, scores=[0.5])
    assert manifest["scores"] == [0.5]
    again = checkpoints.load_bundle(tmp_path)
    assert again.identities == NAMES and again.level == level
    assert again.contract == comb.contract
    for name in NAMES:
        np.testing.assert_allclose(
            again.swap(crops(), name), comb.swap(crops(), name), atol=1e-6
        )


def test_a_crowd_of_a_bundle_draws_as_the_one_that_was_saved(tmp_path):
    crowd = small_crowd()
    checkpoints.save_bundle(crowd, tmp_path, "02_layerwise_pretraining")
    again = checkpoints.load_bundle(tmp_path, ("comb", "crowd"))
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
    classic, faces = small_classic(), crops(side=64)
    manifest = checkpoints.save_bundle(classic, tmp_path, MADE_BY)
    assert manifest["kind"] == "classic"
    again = checkpoints.load_bundle(tmp_path, ("comb", "classic"))
    assert again.identities == NAMES and again.width == classic.width
    assert again.contract == classic.contract
    for name in NAMES:
        np.testing.assert_allclose(
            again.swap(faces, name), classic.swap(faces, name), atol=1e-6
        )
    # who asks for a comb does not get something else
    with pytest.raises(ValueError, match="Received: kind='classic'"):
        checkpoints.load_bundle(tmp_path)


def test_the_shared_crowd_fits_the_networks_and_the_contract_of_today():
    folder = ROOT / "weights" / "shared" / "crowd_64"
    shared = checkpoints.load_bundle(folder, ("crowd",))
    assert (shared.resolution, shared.level) == (64, 4)
    assert shared.contract == manifests.data_contract()
    # it has learned: two latents of noise draw two different pictures
    latents = np.random.default_rng(0).normal(size=(2, shared.latent_dim))
    one, other = comb_for(shared, ("Rosa",)).decode(latents, "Rosa")
    assert np.abs(one - other).mean() > 0.02


def test_a_bundle_holds_two_files_and_no_code(tmp_path):
    checkpoints.save_bundle(small_comb(), tmp_path, MADE_BY)
    assert sorted(files(tmp_path)) == ["manifest.json", "weights.safetensors"]
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert manifest["kind"] == "comb"
    assert manifest["config"]["identities"] == list(NAMES)


def test_the_wrong_kind_of_bundle_is_refused(tmp_path):
    checkpoints.save_bundle(small_crowd(), tmp_path, MADE_BY)
    with pytest.raises(ValueError, match="a comb. Received: kind='crowd'"):
        checkpoints.load_bundle(tmp_path)
    checkpoints.save_bundle(small_comb(), tmp_path, MADE_BY)
    with pytest.raises(ValueError, match="a crowd. Received: kind='comb'"):
        checkpoints.load_bundle(tmp_path, ("crowd",))


def test_a_bundle_of_another_notebook_is_refused(tmp_path):
    checkpoints.save_bundle(small_comb(), tmp_path, "elsewhere")
    with pytest.raises(ValueError, match="Received: made_by='elsewhere'"):
        checkpoints.load_bundle(tmp_path)


@pytest.mark.parametrize("name", ["weights.safetensors", "manifest.json"])
def test_an_unfinished_bundle_is_refused(name, tmp_path):
    checkpoints.save_bundle(small_comb(), tmp_path, MADE_BY)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match="03_full_training.ipynb"):
        checkpoints.load_bundle(tmp_path)


def test_a_bundle_with_one_bit_turned_is_refused(tmp_path):
    checkpoints.save_bundle(small_comb(), tmp_path, MADE_BY)
    path = tmp_path / checkpoints.WEIGHTS
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="has changed since it was written"):
        checkpoints.load_bundle(tmp_path)


def rewrite(folder, arrays):
    """Other arrays under a manifest whose sha256 is right."""
    manifest = manifests.read_manifest(folder, MADE_BY)
    path = folder / checkpoints.WEIGHTS
    checkpoints.write_arrays(path, arrays)
    manifest["files"][checkpoints.WEIGHTS] = manifests.file_sha256(path)
    manifests.write_json(folder / "manifest.json", manifest)


def test_a_bundle_with_other_names_or_shapes_is_refused(tmp_path):
    comb = small_comb()
    checkpoints.save_bundle(comb, tmp_path, MADE_BY)
    arrays = values(comb.variables())
    last = list(arrays)[-1]
    rewrite(tmp_path, {k: v for k, v in arrays.items() if k != last})
    with pytest.raises(ValueError, match=f"Missing: .*{last}"):
        checkpoints.load_bundle(tmp_path)
    rewrite(tmp_path, arrays | {last: np.zeros((2, 2), "float32")})
    with pytest.raises(ValueError, match=r"Received: \(2, 2\)"):
        checkpoints.load_bundle(tmp_path)


def test_weights_the_manifest_does_not_vouch_for_are_refused(tmp_path):
    checkpoints.save_bundle(small_comb(), tmp_path, MADE_BY)
    manifest = manifests.read_manifest(tmp_path, MADE_BY)
    manifest["files"] = {}
    manifests.write_json(tmp_path / "manifest.json", manifest)
    with pytest.raises(ValueError, match="sha256 of weights.safetensors"):
        checkpoints.load_bundle(tmp_path)


def test_a_full_disk_leaves_the_bundle_that_is_there(tmp_path, request):
    comb = small_comb()
    checkpoints.save_bundle(comb, tmp_path, MADE_BY)
    before = files(tmp_path)
    request.getfixturevalue("full_disk")
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save_bundle(small_comb(seed=1), tmp_path, MADE_BY)
    assert files(tmp_path) == before


LOAD = """
import sys
import numpy as np
from helpers import checkpoints
folder = sys.argv[1]
comb = checkpoints.load_bundle(folder)
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
    checkpoints.save_bundle(comb, tmp_path, MADE_BY)
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
