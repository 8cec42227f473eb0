"""The layers Keras lacks."""

import keras
import numpy as np
import pytest

from helpers.layers import FadeIn, PersonStyle


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
