"""The landmark network as it is built, on every backend."""

import keras
import numpy as np
import pytest

from helpers.faces.readers import face_landmarks
from helpers.faces.readers.face_landmarks import HeatmapPoints, build_landmarks


def small_reader(resolution=32):
    return face_landmarks.LandmarkReader(
        build_landmarks(resolution, (4, 6, 8, 8, 8))
    )


def test_points_lie_in_the_pixels_of_the_crops_they_are_read_from():
    reader = small_reader()
    crops = np.random.default_rng(0).random((3, 64, 64, 3), np.float32)
    look, spread = reader.read_points(crops, batch_size=2)
    assert look.shape == (3, 68, 2) and look.dtype == np.float32
    assert spread.shape == (3, 68) and (spread > 0).all()
    points = reader.landmarks(crops, batch_size=2)
    # in the mirror the same, and so the mean of two looks
    mirrored = reader.landmarks(crops[:, :, ::-1])[:, face_landmarks.MIRRORED]
    mirrored[..., 0] = 63 - mirrored[..., 0]
    np.testing.assert_allclose(mirrored, points, atol=1e-3)
    other, _ = reader.read_points(crops[:, :, ::-1])
    other = other[:, face_landmarks.MIRRORED]
    other[..., 0] = 63 - other[..., 0]
    np.testing.assert_allclose((look + other) / 2, points, atol=1e-3)
    # batches of other sizes round otherwise
    np.testing.assert_allclose(reader.landmarks(crops), points, atol=1e-4)
    np.testing.assert_allclose(
        reader.landmarks(crops[2:]), points[2:], atol=1e-3
    )
    # a crop of half the size shows the same: pixel centres are whole numbers
    half = crops.reshape(3, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(
        (reader.landmarks(half) + 0.5) * 2 - 0.5, points, atol=0.02
    )
    whole = np.uint8(crops * 255 + 0.5)
    np.testing.assert_allclose(reader.landmarks(whole), points, atol=0.2)
    assert reader.landmarks(crops[:0]).shape == (0, 68, 2)


def test_a_network_of_other_heat_finds_other_places():
    reader = small_reader()
    *_, heat, _ = reader.model.layers
    kernel, bias = heat.get_weights()
    heat.set_weights([np.zeros_like(kernel), bias])
    points = reader.landmarks(np.zeros((1, 32, 32, 3), np.uint8))
    # no place is hotter: the mean is the middle
    np.testing.assert_allclose(points, 15.5, atol=1e-3)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="multiple of 32.*48"):
        build_landmarks(48)
    with pytest.raises(
        ValueError, match=r"faces, size, size, 3.*\(32, 32, 3\)"
    ):
        small_reader().landmarks(np.zeros((32, 32, 3)))


def test_a_network_is_read_as_it_was_written(tmp_path):
    reader = face_landmarks.LandmarkReader(build_landmarks(32))
    crops = np.random.default_rng(1).random((2, 32, 32, 3), np.float32)
    manifest = face_landmarks.write_face_landmarks(tmp_path, reader, seed=3)
    assert manifest["seed"] == 3
    again = face_landmarks.read_face_landmarks(tmp_path)
    np.testing.assert_allclose(
        again.landmarks(crops), reader.landmarks(crops), atol=0.05
    )
    weights = tmp_path / face_landmarks.WEIGHTS
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ValueError, match="has changed"):
        face_landmarks.read_face_landmarks(tmp_path)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match="benchmarks.face_landmarks"):
        face_landmarks.read_face_landmarks(tmp_path)


def test_heatmap_points_lie_where_the_heat_is():
    heat = np.zeros((1, 4, 8, 3), np.float32)
    heat[0, 1, 6, 0] = 50  # one hot cell
    heat[0, 2, 1, 1] = heat[0, 2, 3, 1] = 50  # two: the place between
    layer = HeatmapPoints(reach=1.0)
    points = keras.ops.convert_to_numpy(layer(heat))
    assert points.shape == layer.compute_output_shape(heat.shape) == (1, 3, 3)
    np.testing.assert_allclose(
        points[0, :, :2],
        [[6.5 / 8, 1.5 / 4], [2.5 / 8, 2.5 / 4], [0.5, 0.5]],
        atol=1e-5,
    )
    # none, one cell to each side, and everywhere
    spread = np.hypot(np.sqrt(63 / 12) / 8, np.sqrt(15 / 12) / 4)
    np.testing.assert_allclose(points[0, :, 2], [0, 1 / 8, spread], atol=1e-4)
    # a heatmap that reaches twice as far as the picture
    far = keras.ops.convert_to_numpy(HeatmapPoints(reach=2.0)(heat))
    np.testing.assert_allclose(
        far[..., :2] - 0.5, 2 * (points[..., :2] - 0.5), atol=1e-5
    )
    again = HeatmapPoints.from_config(HeatmapPoints(reach=1.5).get_config())
    assert again.reach == 1.5
