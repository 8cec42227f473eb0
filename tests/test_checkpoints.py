"""Arrays and checkpoints: what is read back, and what is refused."""

import json
import pathlib
import shutil
import sys

import keras
import numpy as np
import pytest
import safetensors.numpy
from disk import files, run_python
from small_swappers import assert_equal, small_comb, small_crowd, values

from helpers.files.arrays import assign_arrays, read_arrays, write_arrays
from helpers.training import checkpoints
from helpers.training.checkpoint_files import (
    KEPT,
    best_checkpoint,
    check_room,
    disk_use,
)
from helpers.training.training_step import all_variables

ROOT = pathlib.Path(__file__).resolve().parent.parent


def built_optimizer(network):
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(list(network.variables().values()))
    return optimizer


def save(path, network, optimizer, state):
    variables = all_variables(network, optimizer)
    now = checkpoints.checkpoint_of(variables, network.config(), state)
    checkpoints.save_checkpoint(path, *now)


@pytest.mark.parametrize("build", [small_comb, small_crowd])
def test_a_checkpoint_gives_back_network_optimizer_and_state(build, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    network, state = build(seed=1), {"step": 3, "history": [{"loss": 0.25}]}
    optimizer = built_optimizer(network)
    variables = list(network.variables().values())
    optimizer.apply(
        [keras.ops.ones(v.shape) for v in variables], trainable_variables=None
    )
    save(path, network, optimizer, state)
    again = build(seed=2)
    other = built_optimizer(again)
    arrays, config, found = checkpoints.read_checkpoint(path)
    assert found == state and config == again.config()
    assign_arrays(all_variables(again, other), arrays, path)
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
        save(path, comb, optimizer, {"step": step})
    return path


def read_step(path, key="step"):
    return checkpoints.read_checkpoint(path)[2][key]


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


def with_flaw(content, flaw):
    """Bytes of a checkpoint as a disk gives them back that fails."""
    content, middle = bytearray(content), len(content) // 2
    if flaw == "zeros":
        # numbers that are none already: moments begin as such
        blocks = range(len(content) - 64, 0, -64)
        start = next(k for k in blocks if any(content[k : k + 64]))
        content[start : start + 64] = bytes(64)
    elif flaw == "a bit":
        content[-9] ^= 1
    elif flaw == "a step":  # in the header, and still a header
        at = content.index(b'step\\":')
        content[at + 8 : at + 9] = b"7"
    else:
        del content[middle:]
    return bytes(content)


@pytest.mark.parametrize("flaw", ["zeros", "a bit", "a step", "cut"])
def test_a_checkpoint_that_is_not_what_was_written_is_passed_over(
    flaw, two_checkpoints, capsys
):
    content = with_flaw(two_checkpoints.read_bytes(), flaw)
    two_checkpoints.write_bytes(content)
    assert read_step(two_checkpoints) == 1
    printed = capsys.readouterr().out
    assert str(two_checkpoints) in printed and "Trying the ch" in printed
    # what was not whole is kept, and takes no good one's place
    aside = two_checkpoints.with_name("checkpoint.damaged.safetensors")
    assert aside.read_bytes() == content


def test_a_checkpoint_from_before_there_were_checksums_is_read(
    two_checkpoints,
):
    def without_checksum(arrays, details):
        details = {"details": json.dumps(details)}
        two_checkpoints.write_bytes(safetensors.numpy.save(arrays, details))

    without_checksum(*read_arrays(two_checkpoints))
    assert b"crc32" not in two_checkpoints.read_bytes()
    assert read_step(two_checkpoints) == 2


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
    write_arrays(path, values(small_comb().variables()))
    with pytest.raises(ValueError, match="should be a checkpoint of training"):
        checkpoints.read_checkpoint(path)


def small_set(step, loss=None):
    """A checkpoint whose every number is the step."""
    arrays = {
        "network/kernel": np.full(3000, step, "float32"),
        "optimizer/0000": np.array(step, "int64"),
    }
    state = {"total_steps": step, "level": 1, "held_out_loss": loss}
    return arrays, {"config": {}, "state": state}


class NoNetwork:
    """Takes what `small_set` holds."""

    def variables(self):
        return {"kernel": keras.Variable(np.zeros(3000, "float32"))}


def steps_by_name(path):
    """Step of each file there is, by the word that its name ends with."""
    found = {}
    for file in sorted(path.parent.iterdir()):
        arrays, details = read_arrays(file)
        step = details["state"]["total_steps"]
        assert all(np.all(array == step) for array in arrays.values())
        word = file.name.removeprefix("checkpoint").removesuffix("safetensors")
        found[word.strip(".")] = step
    return found


def test_the_last_three_checkpoints_stay_and_the_best_of_all(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    # not measured in a fade; the best is the third, then the seventh
    losses = [None, 0.5, 0.2, 0.4, 0.3, 0.3, 0.1, 0.6, 0.7, 0.8, 0.9]
    for step, loss in enumerate(losses, 1):
        checkpoints.save_checkpoint(path, *small_set(step, loss))
        last = range(max(1, step - 2), step + 1)
        known = [x for x in losses[:step] if x is not None]
        steps = steps_by_name(path)
        assert set(last) <= set(steps.values())
        best = best_checkpoint(path)
        if not known:
            assert best is None
            continue
        assert best[1:] == (min(known), losses.index(min(known)) + 1)
        assert checkpoints.read_checkpoint(best[0])[2]["total_steps"] == best[2]
        assert len(steps) <= KEPT + 1
    expected = {"": 11, "previous": 10, "previous2": 9, "best": 7}
    assert steps_by_name(path) == expected


def test_the_weights_of_the_best_checkpoint_are_taken(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    combs = [small_comb(seed=seed) for seed in (1, 2)]
    with pytest.raises(FileNotFoundError, match="measured on unseen"):
        checkpoints.load_best(combs[0], path)
    for step, comb in enumerate(combs, 1):
        state = {"total_steps": step, "level": 1, "held_out_loss": 0.1 * step}
        save(path, comb, built_optimizer(comb), state)
    again = small_comb(seed=3)
    assert checkpoints.load_best(again, path) == 1
    assert again.level == 1
    assert_equal(values(again.variables()), values(combs[0].variables()))


def test_a_damaged_checkpoint_pushes_no_good_one_out(tmp_path, capsys):
    path = tmp_path / "checkpoint.safetensors"
    for step in (1, 2, 3):
        checkpoints.save_checkpoint(path, *small_set(step))
    content = path.read_bytes()[:300]
    path.write_bytes(content)
    assert read_step(path, "total_steps") == 2
    checkpoints.save_checkpoint(path, *small_set(4))
    aside = tmp_path / "checkpoint.damaged.safetensors"
    assert aside.read_bytes() == content
    aside.unlink()
    expected = {"": 4, "previous": 2, "previous2": 1}
    assert steps_by_name(path) == expected


def test_the_best_gives_way_to_no_damaged_one(tmp_path, capsys):
    path = tmp_path / "checkpoint.safetensors"
    for step, loss in enumerate([0.5, 0.4, 0.3, 0.2], 1):
        checkpoints.save_checkpoint(path, *small_set(step, loss))
    oldest = tmp_path / "checkpoint.previous2.safetensors"
    oldest.write_bytes(with_flaw(oldest.read_bytes(), "zeros"))
    checkpoints.save_checkpoint(path, *small_set(5, 0.6))
    (tmp_path / "checkpoint.previous2.damaged.safetensors").unlink()
    expected = {"": 5, "previous": 4, "previous2": 3, "best": 1}
    assert steps_by_name(path) == expected
    # and of the measured ones the next best is taken
    previous = tmp_path / "checkpoint.previous.safetensors"
    previous.write_bytes(with_flaw(previous.read_bytes(), "zeros"))
    network = NoNetwork()
    assert checkpoints.load_best(network, path) == 3 and network.level == 1
    assert "Trying the next best" in capsys.readouterr().out


def test_disk_use_counts_all_that_a_run_left_and_nothing_else(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    assert disk_use(path) == (0, 0)
    for step in range(1, 7):
        checkpoints.save_checkpoint(path, *small_set(step, 0.1 * step))
    size = path.stat().st_size
    (tmp_path / "checkpoint.damaged.safetensors").write_bytes(b"12345")
    (tmp_path / ".checkpoint.7.part.safetensors").write_bytes(b"678")
    (tmp_path / "weights.safetensors").write_bytes(b"of the bundle")
    files, total = disk_use(path)
    assert files == KEPT + 3
    assert abs(total - 8 - (KEPT + 1) * size) < 100


def test_room_is_asked_for_all_that_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "new" / "checkpoint.safetensors"
    check_room(path, 1000)
    assert list(path.parent.iterdir()) == []
    usage = shutil.disk_usage(tmp_path)._replace(free=4_500_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    check_room(path, 900_000)
    with pytest.raises(OSError, match="expected 5 MB .* received 4 MB"):
        check_room(path, 1_000_000)
    # what is there already will make way
    path.write_bytes(bytes(600_000))
    check_room(path, 1_000_000)


def test_a_folder_that_cannot_be_is_told_before_training(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        check_room(tmp_path / "file" / "checkpoint.safetensors", 1)


KILLED = """
import json, os, signal, sys
from helpers.files import arrays
from helpers.training import checkpoints
from helpers.training.checkpoint_files import best_checkpoint
from test_checkpoints import small_set, steps_by_name
import json
import os
import pathlib

EVENTS = ("open", "os.rename", "os.remove")
LOSSES = (0.5, 0.1, 0.4, 0.3, 0.2)  # the second is kept as the best


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(moment):
    left = [moment]

    def hook(event, arguments):
        if event in EVENTS:
            left[0] -= 1
            if left[0] == 0:
                die()

    sys.addaudithook(hook)


class HalfFile:
    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        die()


def save_and_die(path, moment):
    if moment == 0:
        arrays.open = lambda *options: HalfFile(open(*options))
    else:
        die_at(moment)
    checkpoints.save_checkpoint(path, *small_set(6, 0.6))


moment, killed = 0, True
while killed:
    path = pathlib.Path(sys.argv[1], str(moment), "checkpoint.safetensors")
    for step, loss in enumerate(LOSSES, 1):
        checkpoints.save_checkpoint(path, *small_set(step, loss))
    child = os.fork()
    if child == 0:
        save_and_die(path, moment)
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    found = checkpoints.read_checkpoint(path)[2]["total_steps"]
    best = best_checkpoint(path)[2]
    halves = [p for p in path.parent.glob(".*")]
    for half in halves:
        half.rename(path.parent.parent / half.name)  # not to be read below
    kept = sorted(steps_by_name(path).values())
    for half in halves:
        (path.parent.parent / half.name).rename(half)
    checkpoints.save_checkpoint(path, *small_set(7, 0.7))
    after = steps_by_name(path)
    row = {"killed": killed, "found": found, "best": best, "kept": kept}
    print(json.dumps({**row, "halves": len(halves), "after": after}))
    moment += 1
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork, no SIGKILL")
def test_killed_at_any_moment_of_a_save_the_last_whole_set_is_found(tmp_path):
    done = run_python(KILLED, str(tmp_path))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) > 6
    assert [row["killed"] for row in rows] == [True] * (len(rows) - 1) + [False]
    # half of a file lay there, and the sets before it
    assert rows[0]["halves"] == 1 and rows[0]["kept"] == [2, 3, 4, 5]
    for row in rows:
        assert row["found"] in (5, 6) and row["best"] == 2
        # of those before, only the oldest had to go
        assert {2, 4, 5} <= set(row["kept"])
        # the next save clears up, and is the newest
        assert row["after"][""] == 7 and row["after"]["best"] == 2
        assert row["after"]["previous"] == row["found"]
    assert rows[-1]["found"] == 6


def test_a_full_disk_leaves_both_checkpoints_and_no_partial_file(
    two_checkpoints, full_disk
):
    before = files(two_checkpoints.parent)
    comb = small_comb()
    with pytest.raises(OSError, match="No space left"):
        save(two_checkpoints, comb, built_optimizer(comb), {"step": 3})
    assert files(two_checkpoints.parent) == before
    assert read_step(two_checkpoints) == 2


@pytest.mark.parametrize("other", [{"latent_dim": 6}, {"widths": (8, 6, 4)}])
def test_a_checkpoint_does_not_fit_a_network_of_other_widths(other, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    comb = small_comb()
    save(path, comb, built_optimizer(comb), {})
    arrays, _, _ = checkpoints.read_checkpoint(path)
    wrong = small_comb(seed=1, **other)
    before = values(wrong.variables())
    with pytest.raises(ValueError, match="of another size. Expected"):
        variables = all_variables(wrong, built_optimizer(wrong))
        assign_arrays(variables, arrays, path)
    assert_equal(values(wrong.variables()), before)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes")
def test_a_file_that_the_disk_refuses_leaves_what_was_there(tmp_path):
    import resource

    path = tmp_path / "checkpoint.safetensors"
    for step in (1, 2, 3, 4):
        checkpoints.save_checkpoint(path, *small_set(step))
    before = files(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            checkpoints.save_checkpoint(path, *small_set(5))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files(tmp_path) == before
