"""A kernel's step is alike in all directions; everything else is Adam's."""

import keras
import numpy as np
import pytest

from helpers.training.optimizers import KernelMuon


def step_of(shape, gradient, name="kernel", rate=0.01):
    """How far one step moves a variable that begins at zero."""
    variable = keras.Variable(np.zeros(shape, "float32"), name=name)
    KernelMuon(rate).apply(
        [keras.ops.convert_to_tensor(gradient.astype("float32"))], [variable]
    )
    return keras.ops.convert_to_numpy(variable)


def uneven_gradient(shape, seed=0):
    """A gradient that is thirty times steeper one way than another."""
    random = np.random.default_rng(seed)
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    left, _ = np.linalg.qr(random.normal(size=(rows, columns)))
    right, _ = np.linalg.qr(random.normal(size=(columns, columns)))
    return (left * np.logspace(0, -1.5, columns) @ right.T).reshape(shape)


@pytest.mark.parametrize("shape", [(3, 3, 16, 8), (5, 5, 3, 12), (64, 16)])
def test_a_kernel_steps_as_far_in_every_direction(shape):
    step = step_of(shape, uneven_gradient(shape)).reshape(-1, shape[-1])
    lengths = np.linalg.svd(step, compute_uv=False)
    # Newton-Schulz leaves singular values between about 0.7 and 1.2
    assert lengths.max() / lengths.min() < 2


def test_a_wide_kernel_steps_block_by_block():
    gradient = np.random.default_rng(0).normal(size=(3, 3, 32, 256))
    whole = step_of(gradient.shape, gradient)
    block = step_of((3, 3, 32, 128), gradient[..., 128:])
    np.testing.assert_allclose(whole[..., 128:], block, atol=1e-5)


def test_a_kernel_steps_downhill():
    shape = (3, 3, 16, 8)
    gradient = uneven_gradient(shape)
    assert np.sum(step_of(shape, gradient) * gradient) < 0


@pytest.mark.parametrize("shape", [(3, 3, 16, 8), (3, 3, 32, 256), (64, 16)])
def test_a_step_is_a_fifth_of_the_learning_rate_whatever_the_kernel(shape):
    gradient = np.random.default_rng(0).normal(size=shape)
    size = np.sqrt(np.mean(step_of(shape, gradient, rate=0.01) ** 2))
    assert size == pytest.approx(0.002, rel=0.35)


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((7,), "bias"),
        ((1, 1, 3, 16), "encoder_64_from_rgb"),
        ((24, 16), "decoder_16_style"),
    ],
)
def test_biases_styles_and_rgb_layers_step_as_with_adam(shape, name):
    gradient = np.random.default_rng(0).normal(size=shape)
    step = step_of(shape, gradient, name, rate=0.01)
    # Adam's first step is the learning rate in every number
    np.testing.assert_allclose(step, -0.01 * np.sign(gradient), rtol=1e-3)


@pytest.mark.parametrize("person", ["rgb", "style", "Ana_rgb"])
def test_a_person_may_be_called_like_a_layer(person):
    gradient = np.random.default_rng(0).normal(size=(3, 3, 16, 8))
    plain = step_of(gradient.shape, gradient, "decoder_Rosa_8")
    named = step_of(gradient.shape, gradient, f"decoder_{person}_8")
    np.testing.assert_array_equal(named, plain)


def plain_muon(gradient):
    """What Keras' own class makes of a matrix."""
    muon = keras.optimizers.Muon(0.01)
    matrix = gradient.reshape(-1, gradient.shape[-1])
    return keras.ops.convert_to_numpy(
        muon.zeropower_via_newtonschulz5(keras.ops.convert_to_tensor(matrix), 5)
    ).reshape(gradient.shape)


def of_low_rank(shape):
    random = np.random.default_rng(1)
    left = random.normal(size=(int(np.prod(shape[:-1])), 2))
    return (left @ random.normal(size=(2, shape[-1]))).reshape(shape)


@pytest.mark.parametrize("shape", [(3, 3, 16, 8), (8, 40), (32, 32)])
@pytest.mark.parametrize(
    "make", [uneven_gradient, of_low_rank, lambda s: 1e-6 * of_low_rank(s)]
)
def test_the_short_way_ends_where_keras_own_way_does(shape, make):
    if make is uneven_gradient and shape == (8, 40):
        gradient = uneven_gradient((40, 8)).T
    else:
        gradient = make(shape)
    gradient = np.ascontiguousarray(gradient, "float32")
    ours = keras.ops.convert_to_numpy(
        KernelMuon().zeropower_via_newtonschulz5(
            keras.ops.convert_to_tensor(gradient), 5
        )
    )
    theirs = plain_muon(gradient)
    np.testing.assert_allclose(ours, theirs, atol=2e-3 * abs(theirs).max())


def test_no_gradient_is_no_step():
    assert not step_of((3, 3, 16, 8), np.zeros((3, 3, 16, 8))).any()


def test_it_is_built_again_from_its_config():
    optimizer = KernelMuon(0.003, global_clipnorm=1.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is KernelMuon
    assert again.get_config() == optimizer.get_config()
