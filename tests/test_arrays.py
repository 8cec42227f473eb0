"""Named arrays on disk: whole, or refused with what is wrong."""

import numpy as np
import pytest
from small_swappers import assert_equal, small_comb, values

from helpers.files.arrays import assign_arrays, read_arrays, write_arrays


def test_arrays_come_back_with_their_shapes_types_and_details(tmp_path):
    arrays = {
        "picture": np.arange(24, dtype="float32").reshape(2, 3, 4),
        "turned": np.arange(6, dtype="float32").reshape(2, 3).T,
        "one number": np.array(7, "int64"),
        "nothing": np.zeros((0, 4), "float32"),
    }
    details = {"name": "Ana Núñez", "steps": [1, 2.5, None]}
    path = tmp_path / "new" / "weights.safetensors"
    write_arrays(path, arrays, details)
    found, again = read_arrays(path)
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
    write_arrays(path, {"numbers": np.ones(50, "float32")})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match="a whole .safetensors file. Received"):
        read_arrays(path)


def test_another_bit_or_name_is_noticed_wherever_it_stands(tmp_path):
    path = tmp_path / "weights.safetensors"
    arrays = {"one": np.ones((2, 3), "float32"), "two": np.array(7, "int32")}
    write_arrays(path, arrays, {"step": 3})
    content = path.read_bytes()
    write_arrays(path, dict(reversed(arrays.items())), {"step": 3})
    assert path.read_bytes() == content  # the same arrays, the same file
    for place in range(len(content)):
        path.write_bytes(
            content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        )
        try:
            found, details = read_arrays(path)
        except ValueError as error:
            assert "Received" in str(error)
            continue
        # but for the words that name the checksum, or the details with it
        assert details.get("step") == 3 or details == {}
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no weights at"):
        read_arrays(tmp_path / "weights.safetensors")


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
        assign_arrays(variables, arrays, "the gift")
    assert "the gift" in str(caught.value)
    assert_equal(values(variables), before)
