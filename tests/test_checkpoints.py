"""Arrays and checkpoints: what is read back, and what is refused."""

import pathlib

import keras
import numpy as np
import pytest
import safetensors.numpy

from helpers import checkpoints
from helpers.models.comb import build_comb
from helpers.models.crowd import build_crowd

NAMES = ("Rosa", "Ana Núñez")
OPTIONS = {"resolution": 16, "widths": (8, 6, 6), "latent_dim": 5}


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


def crops(count=3):
    random = np.random.default_rng(0)
    return random.uniform(size=(count, 16, 16, 3)).astype("float32")


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


@pytest.mark.parametrize("build", [small_comb, small_crowd])
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
    path = tmp_path / "weights.safetensors"
    checkpoints.write_arrays(path, values(small_comb().variables()))
    with pytest.raises(ValueError, match="should be a checkpoint of training"):
        checkpoints.read_checkpoint(path)


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
