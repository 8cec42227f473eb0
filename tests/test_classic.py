"""The classic: its sizes are the source's, and it works as a comb does."""

import keras
import numpy as np
import pytest

from helpers.families.classic import Classic, build_classic, classic_optimizer
from helpers.losses import MaskedFaceLoss
from helpers.swapper import face_key

NAMES = ("Rosa", "Ana Núñez")
KEYS = [face_key(name) for name in NAMES]


def small_classic(names=NAMES, seed=0):
    keras.utils.set_random_seed(seed)
    return build_classic(names, width=1 / 32)


def crops(count=3, seed=0):
    random = np.random.default_rng(seed)
    return random.uniform(size=(count, 64, 64, 3)).astype("float32")


def batch(images):
    inputs = {"blend": np.ones((len(images), 1), "float32")}
    return inputs | dict.fromkeys(KEYS, images)


def values(classic):
    return {
        name: keras.ops.convert_to_numpy(variable).copy()
        for name, variable in classic.variables().items()
    }


def size(layers):
    return sum(np.prod(w.shape) for layer in layers for w in layer.weights)


@pytest.fixture(scope="module")
def whole():
    """The network of the source, which takes 0.3 GB."""
    return build_classic(("Rosa", "Marco"))


def test_it_is_as_large_as_the_source(whole):
    # counted by hand from the source's layers, biases included
    assert size(whole.encoder) + size(whole.stem) == 69_662_976
    for decoder in whole.decoders.values():
        assert size(decoder) == 6_199_747


def test_a_face_becomes_512_maps_of_8_by_8(whole):
    channels = []
    for layer in whole.encoder[:4]:
        assert layer.kernel_size == (5, 5) and layer.strides == (2, 2)
        channels.append(layer.filters)
    assert channels == [128, 256, 512, 1024]
    assert whole.latent_dim == 1024 and whole.stem[0].units == 4 * 4 * 1024
    # a pixel shuffle turns four channels into twice the side
    assert whole.stem[1].filters == 4 * 512
    rosa = whole.decoders["Rosa"]
    assert [layer.filters / 4 for layer in rosa[:-1]] == [256, 128, 64]
    assert rosa[0].kernel.shape == (3, 3, 512, 4 * 256)
    assert rosa[-1].kernel.shape == (5, 5, 64, 3)


def test_the_optimizer_is_the_sources():
    config = classic_optimizer().get_config()
    assert config["name"].startswith("adam")  # Keras counts them
    assert config["learning_rate"] == pytest.approx(5e-5)
    assert (config["beta_1"], config["beta_2"]) == (0.5, 0.999)


def test_the_code_is_linear_in_what_the_convolutions_found():
    classic, images = small_classic(), crops()
    features = images
    for convolution in classic.encoder[:4]:
        features = keras.ops.leaky_relu(convolution(features), 0.1)
    flat = keras.ops.convert_to_numpy(features).reshape(3, -1)
    kernel, bias = classic.encoder[4].get_weights()
    np.testing.assert_allclose(
        classic.encode(images), flat @ kernel + bias, atol=1e-5
    )


def test_a_swap_is_the_sources_picture_of_the_targets_code():
    classic, images = small_classic(), crops()
    latents = classic.encode(images)
    assert latents.shape == (3, 32)
    model = classic.autoencoder()
    drawn = model.predict(batch(images), verbose=0)
    for name, key in zip(NAMES, KEYS, strict=True):
        picture = classic.swap(images, name)
        assert picture.shape == (3, 64, 64, 3)
        assert 0 <= picture.min() and picture.max() <= 1
        np.testing.assert_allclose(picture, drawn[key], atol=1e-5)
        again = classic.decode(latents, name)
        np.testing.assert_allclose(again, drawn[key], atol=1e-5)
    assert np.abs(drawn[KEYS[0]] - drawn[KEYS[1]]).max() > 1e-3


def test_the_blend_counts_for_nothing():
    classic, images = small_classic(), crops()
    model = classic.autoencoder(4)
    one, other = (
        model.predict(batch(images) | {"blend": blend}, verbose=0)
        for blend in (np.zeros((3, 1)), np.ones((3, 1)))
    )
    for key in KEYS:
        np.testing.assert_array_equal(one[key], other[key])


def test_a_step_on_one_identity_leaves_the_other_decoder_untouched():
    classic = small_classic()
    before = values(classic)
    model = classic.autoencoder()
    target = np.ones((3, 64, 64, 4), "float32")
    model.compile(
        keras.optimizers.SGD(0.1), loss={k: MaskedFaceLoss() for k in KEYS}
    )
    # an empty mask: no loss, no gradient
    model.train_on_batch(
        batch(crops()), {KEYS[0]: target, KEYS[1]: np.zeros_like(target)}
    )
    moved = {
        name
        for name, value in values(classic).items()
        if not np.array_equal(value, before[name])
    }
    other = {name for name in before if name.startswith("decoder_Ana")}
    assert moved == set(before) - other


def test_a_configuration_rebuilds_the_same_network():
    classic = small_classic()
    again = Classic(**classic.config())
    names = classic.variables()
    assert list(again.variables()) == list(names)
    assert "encoder_4/kernel" in names
    assert "decoder_Rosa_to_rgb/kernel" in names
    for name, variable in again.variables().items():
        assert variable.shape == names[name].shape


def test_nothing_in_gives_nothing_out():
    classic = small_classic()
    assert classic.encode(np.zeros((0, 64, 64, 3))).shape == (0, 32)
    assert classic.decode(np.zeros((0, 32)), "Rosa").shape == (0, 64, 64, 3)


def test_what_it_cannot_do_is_told():
    classic = small_classic()
    with pytest.raises(ValueError, match="does not grow.*Received: level=3"):
        classic.autoencoder(3)
    with pytest.raises(ValueError, match=r"\(faces, 64, 64, 3\). Received"):
        classic.encode(np.zeros((2, 32, 32, 3)))
    with pytest.raises(ValueError, match="knows Rosa, Ana Núñez"):
        classic.swap(crops(), "Lena")
    with pytest.raises(ValueError, match="Received: width=2"):
        build_classic(NAMES, width=2)
    with pytest.raises(ValueError, match="Received: width=0"):
        build_classic(NAMES, width=0)
    with pytest.raises(ValueError, match="a name of its own"):
        build_classic(("Rosa", "Rosa"))
