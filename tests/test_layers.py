"""The layers Keras lacks."""

import keras
import numpy as np
import pytest

from helpers.layers import FadeIn, HeatmapPoints, PersonStyle, PixelShuffle


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize("blend", [0.0, 0.25, 1.0])
def test_fade_in_mixes_the_new_and_the_old_path(blend):
    new, old = numbers(2, 4, 4, 3), numbers(2, 4, 4, 3) + 1
    mixed = FadeIn()(new, old, np.full((2, 1), blend, "float32"))
    expected = blend * new + (1 - blend) * old
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(mixed), expected, atol=1e-6
    )


def test_fade_in_takes_a_blend_for_each_picture():
    new, old = np.ones((2, 1, 1, 1), "float32"), np.zeros((2, 1, 1, 1))
    mixed = FadeIn()(new, old.astype("float32"), np.array([[0.0], [1.0]]))
    assert keras.ops.convert_to_numpy(mixed).ravel().tolist() == [0.0, 1.0]


def test_pixel_shuffle_moves_channels_to_the_four_pixels_they_become():
    channels = np.arange(8, dtype="float32").reshape(1, 1, 1, 8)
    shuffled = keras.ops.convert_to_numpy(PixelShuffle()(channels))
    assert shuffled.shape == (1, 2, 2, 2)
    # channel-last order: the first two channels are the upper left pixel
    assert shuffled[0, :, :, 0].tolist() == [[0, 2], [4, 6]]
    assert shuffled[0, :, :, 1].tolist() == [[1, 3], [5, 7]]


def test_pixel_shuffle_knows_its_output_shape():
    output = PixelShuffle()(keras.Input((8, 8, 12)))
    assert tuple(output.shape) == (None, 16, 16, 3)


def test_a_fresh_style_changes_nothing_and_a_set_one_only_its_person():
    style = PersonStyle(3)
    inputs = numbers(2, 4, 4, 5)
    people = np.array([[0], [2]], "int32")
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(style(inputs, people)), inputs, atol=1e-6
    )
    scale, shift = style.get_weights()
    scale[2], shift[2] = 3.0, -1.0
    style.set_weights([scale, shift])
    styled = keras.ops.convert_to_numpy(style(inputs, people))
    np.testing.assert_allclose(styled[0], inputs[0], atol=1e-6)
    np.testing.assert_allclose(styled[1], 3 * inputs[1] - 1, atol=1e-5)


def test_a_crowd_of_nobody_is_refused():
    with pytest.raises(ValueError, match="at least one person. Received"):
        PersonStyle(0)


def test_layers_come_back_from_their_configuration():
    layer = PersonStyle.from_config(PersonStyle(7, name="style").get_config())
    assert layer.people == 7
    assert layer.name == "style"


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
