"""The recognition network, and dlib's file read into it."""

import struct

import keras
import numpy as np
import pytest
from face_footage import CONTRACT, shot

from benchmarks import likeness as benchmark
from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces.readers import likeness
from helpers.faces.readers.likeness import (
    DIMENSIONS,
    LEVELS,
    MEAN,
    RESOLUTION,
    build_likeness,
    build_recognition,
)


@pytest.fixture(scope="module")
def network():
    return build_recognition()


def test_it_has_29_convolutions_and_the_mean_face_is_nothing(network):
    convolutions = [n for n in network.layers if hasattr(n, "kernel_size")]
    assert len(convolutions) == 29
    assert sum(blocks for _, blocks in LEVELS) == 14
    assert network.output_shape == (None, DIMENSIONS)
    mean = np.ones((1, RESOLUTION, RESOLUTION, 3)) * np.array(MEAN) / 255
    found = np.asarray(network.predict_on_batch(mean.astype("float32")))
    np.testing.assert_allclose(found, 0, atol=1e-5)


def test_a_smaller_tensor_is_added_in_its_upper_left_corner(network):
    # from a side of 8 the way past gives 4, the convolutions 3
    total = network.get_layer("block_3_0_sum")
    assert [tuple(each.shape[1:]) for each in total.input] == [(4, 4, 256)] * 2
    # from 4, 2 and 1
    total = network.get_layer("block_4_0_sum")
    assert [tuple(each.shape[1:]) for each in total.input] == [(2, 2, 256)] * 2


def test_vectors_of_a_likeness_are_shorter_than_1_and_unclear_ones_short():
    model = build_likeness()
    weights = model.get_weights()
    weights[-2:] = [np.eye(DIMENSIONS), np.zeros(DIMENSIONS)]
    model.set_weights(weights)
    crops = np.random.default_rng(0).random((2, RESOLUTION, RESOLUTION, 3))
    crops = crops.astype("float32")
    found = np.asarray(model.predict_on_batch(crops))
    network = build_recognition()
    network.set_weights(weights[:-2])
    numbers = np.asarray(network.predict_on_batch(crops))
    length = np.linalg.norm(numbers, axis=1, keepdims=True)
    expected = numbers / np.sqrt(length**2 + 1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_what_is_shipped_gives_dlibs_own_numbers():
    picture, landmarks = shot(1, 20)
    matrix = alignment.crop_matrix(landmarks, CONTRACT)
    crop = cut_crop(picture, matrix, CONTRACT["crop_size"])
    model = likeness.read_likeness().model
    network = keras.Model(model.inputs, model.get_layer("numbers").output)
    found = np.asarray(network.predict_on_batch(likeness.seen_of(crop[None])))
    # dlib 20.0.1 of the same picture; renders differ a little by machine
    expected = [-0.2052, 0.1067, 0.0699, -0.0440, -0.1482, -0.0064]
    np.testing.assert_allclose(found[0, :6], expected, atol=5e-3)


# ---- dlib's file


def integer(value):
    content = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "little")
    return bytes([len(content)]) + content


def tensor(numbers, sides=None, version=2):
    sides = sides or (len(numbers), 1, 1, 1)
    content = np.asarray(numbers, "<f4").tobytes()
    return b"".join(map(integer, (version, *sides))) + content


def write_dlib(path, network, random, version=2):
    """A file as dlib writes one, and what its layers do to their inputs."""
    content, expected = struct.pack("<I", 7), []
    *convolutions, dense = [each for each in network.layers if each.weights]
    for layer in convolutions:
        height, width, inputs, filters = layer.kernel.shape
        kernel = random.normal(size=(filters, inputs, height, width))
        bias, scale, shift = random.normal(size=(3, filters))
        numbers = np.concatenate([kernel.ravel(), bias])
        content += b"con_4" + tensor(numbers, version=version)
        content += b"affine_" + tensor(np.concatenate([scale, shift]))
        expected += [kernel.transpose(2, 3, 1, 0) * scale, bias * scale + shift]
    inputs, outputs = dense.kernel.shape
    kernel = random.normal(size=(inputs, outputs))
    # how many it gives, and its kind
    content += b"fc_2" + bytes.fromhex("0180020001")
    content += tensor(kernel.ravel(), (inputs, outputs, 1, 1))
    path.write_bytes(content)
    return [*expected, kernel]


def test_what_dlib_wrote_is_read_and_folded(network, tmp_path):
    path = tmp_path / "network.dat"
    expected = write_dlib(path, network, np.random.default_rng(0))
    model = benchmark.read_dlib(path)
    for weights, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(weights, wanted, rtol=1e-5, atol=1e-5)


def test_another_file_is_refused(network, tmp_path):
    path = tmp_path / "network.dat"
    write_dlib(path, network, np.random.default_rng(0), version=1)
    with pytest.raises(ValueError, match="Received: version 1"):
        benchmark.read_dlib(path)
    path.write_bytes(b"no network")
    with pytest.raises(ValueError, match="shorter|zip"):
        benchmark.read_dlib(path)
