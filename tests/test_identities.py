"""People who join, leave or are renamed; and what that leaves untouched."""

import keras
import numpy as np
import pytest

from helpers import growth
from helpers.comb import build_comb
from helpers.crowd import build_crowd, comb_from_crowd
from helpers.identities import add_identity, remove_identity, rename_identity
from helpers.swapper import face_key
from helpers.training import bundles
from helpers.training.identity_data import IdentityData
from helpers.training.trainer import Trainer

OPTIONS = {
    "resolution": 8,
    "widths": (6, 4),
    "latent_dim": 5,
    "shared_levels": 1,
}
NAMES = ("Rosa", "Marco", "Ana Núñez")


@pytest.fixture
def comb():
    keras.utils.set_random_seed(1)
    return build_comb(NAMES, **OPTIONS)


def crops(count=3, seed=0):
    random = np.random.default_rng(seed)
    return random.uniform(size=(count, 8, 8, 3)).astype("float32")


def values(layers):
    return [w.copy() for layer in layers for w in layer.get_weights()]


def assert_equal(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def noise_data(counts, seed=0):
    """Noise as the footage of some people, each of their own colour."""
    random = np.random.default_rng(seed)
    pictures, masks = {}, {}
    for place, (name, count) in enumerate(counts.items()):
        shape = (count, 10, 10)
        pictures[name] = random.integers(
            60 * place, 60 * place + 60, (*shape, 3), np.uint8
        )
        masks[name] = np.full(shape, 255, np.uint8)
    return IdentityData(pictures, masks, 0.8, 8)


def train(network, data, steps=6, **options):
    schedule = growth.growth_schedule(network.level, steps, network.level, 4)
    trainer = Trainer(network, data, schedule, **options)
    trainer.run(report_every=steps)
    return trainer


def test_a_new_identity_begins_as_the_mean_of_all(comb):
    grown = add_identity(comb, "Lena")
    assert grown.identities == (*NAMES, "Lena")
    known = [values(comb.decoders[name].layers()) for name in NAMES]
    for new, *old in zip(
        values(grown.decoders["Lena"].layers()), *known, strict=True
    ):
        np.testing.assert_allclose(new, np.mean(old, axis=0), atol=1e-7)


def test_a_new_identity_may_begin_as_a_copy_of_another(comb):
    grown = add_identity(comb, "Lena", "Marco")
    np.testing.assert_array_equal(
        grown.swap(crops(), "Lena"), comb.swap(crops(), "Marco")
    )
    # a copy, not the same decoder: training one leaves the other
    layer = grown.decoders["Lena"].layers()[0]
    layer.set_weights([w + 1 for w in layer.get_weights()])
    np.testing.assert_array_equal(
        grown.swap(crops(), "Marco"), comb.swap(crops(), "Marco")
    )


def test_a_new_identity_may_begin_as_the_average_face_of_a_crowd(comb):
    crowd = build_crowd(4, **OPTIONS)
    grown = add_identity(comb, "Lena", crowd)
    average = comb_from_crowd(crowd, ("Lena",)).decoders["Lena"]
    assert_equal(
        values(grown.decoders["Lena"].layers()), values(average.layers())
    )
    with pytest.raises(ValueError, match="latent_dim=5. Received: 6"):
        add_identity(
            comb, "Lena", build_crowd(4, **OPTIONS | {"latent_dim": 6})
        )


@pytest.mark.parametrize("start", [None, "Rosa"])
def test_who_joins_leaves_the_others_as_they_were_to_the_last_bit(comb, start):
    images = crops()
    before = {name: comb.swap(images, name) for name in NAMES}
    latents = comb.encode(images)
    grown = add_identity(comb, "Lena", start)
    first = grown.swap(images, "Lena")
    alone = grown.alone("Lena")
    train(alone, noise_data({"Lena": 9}), 25, frozen=grown.shared_layers())
    np.testing.assert_array_equal(grown.encode(images), latents)
    for name in NAMES:
        np.testing.assert_array_equal(grown.swap(images, name), before[name])
        np.testing.assert_array_equal(comb.swap(images, name), before[name])
        assert_equal(
            values(grown.decoders[name].layers()),
            values(comb.decoders[name].layers()),
        )
    # and the newcomer, trained alone, is the one the whole comb draws
    assert np.abs(grown.swap(images, "Lena") - first).max() > 0.01
    np.testing.assert_array_equal(
        alone.swap(images, "Lena"), grown.swap(images, "Lena")
    )


def test_all_can_be_trained_again_after_one_was_trained_alone(comb):
    train(comb.alone("Rosa"), noise_data({"Rosa": 9}), frozen=("encoder",))
    before = {n: values(d.layers()) for n, d in comb.decoders.items()}
    encoder = values(comb.encoder.layers())
    train(comb, noise_data(dict.fromkeys(NAMES, 9)))
    for name, decoder in comb.decoders.items():
        pairs = zip(values(decoder.layers()), before[name], strict=True)
        assert any((one != other).any() for one, other in pairs)
    pairs = zip(values(comb.encoder.layers()), encoder, strict=True)
    assert any((one != other).any() for one, other in pairs)


def test_training_alone_goes_on_from_its_checkpoint(comb, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    grown = add_identity(comb, "Lena")
    options = {"frozen": grown.shared_layers(), "checkpoint": path}
    data = noise_data({"Lena": 9})
    train(grown.alone("Lena"), data, **options)
    again = add_identity(comb, "Lena")
    assert train(again.alone("Lena"), data, **options).finished
    assert_equal(values(again.layers()), values(grown.layers()))


def test_alone_is_a_comb_of_one_that_shares_its_weights(comb):
    alone = comb.alone("Marco")
    assert alone.identities == ("Marco",)
    assert comb.identities == NAMES
    mine, all_of_them = alone.variables(), comb.variables()
    assert mine and all(all_of_them[name] is mine[name] for name in mine)
    assert not any("Rosa" in name for name in mine)
    with pytest.raises(ValueError, match="knows Marco. Received"):
        alone.decode(np.zeros((1, 5)), "Rosa")
    with pytest.raises(ValueError, match="knows Rosa, Marco"):
        comb.alone("Lena")


def test_shared_layers_are_all_but_the_decoders(comb):
    own = [la.name for d in comb.decoders.values() for la in d.layers()]
    names = [layer.name for layer in comb.layers()]
    assert sorted([*own, *comb.shared_layers()]) == sorted(names)


def test_who_leaves_takes_nothing_with_them(comb):
    comb.level = 0
    left = remove_identity(comb, "Marco")
    assert left.identities == ("Rosa", "Ana Núñez") and left.level == 0
    assert comb.identities == NAMES
    assert not any("Marco" in name for name in left.variables())
    for name in left.identities:
        np.testing.assert_array_equal(
            left.swap(crops(), name), comb.swap(crops(), name)
        )
    with pytest.raises(ValueError, match="at least one identity"):
        remove_identity(remove_identity(left, "Rosa"), "Ana Núñez")
    with pytest.raises(ValueError, match="Received: identity='Lena'"):
        remove_identity(comb, "Lena")


def test_a_new_name_changes_no_picture_and_survives_a_bundle(comb, tmp_path):
    named = rename_identity(comb, "Marco", "Marco 2")
    assert named.identities == ("Rosa", "Marco 2", "Ana Núñez")
    bundles.save_bundle(named, tmp_path, "03_full_training")
    again = bundles.load_bundle(tmp_path)
    for new, old in zip(named.identities, NAMES, strict=True):
        expected = comb.swap(crops(), old)
        np.testing.assert_array_equal(named.swap(crops(), new), expected)
        np.testing.assert_array_equal(again.swap(crops(), new), expected)


def test_names_that_are_taken_unknown_or_not_plain_are_refused(comb):
    with pytest.raises(ValueError, match="a name of its own"):
        add_identity(comb, "Rosa")
    with pytest.raises(ValueError, match="Received: '../x'"):
        add_identity(comb, "../x")
    with pytest.raises(ValueError, match="Received: identity='Kofi'"):
        add_identity(comb, "Lena", "Kofi")
    with pytest.raises(ValueError, match="Another identity is called Rosa"):
        rename_identity(comb, "Marco", "Rosa")
    with pytest.raises(ValueError, match="Received: identity='Kofi'"):
        rename_identity(comb, "Kofi", "Lena")


def test_a_step_shows_each_identity_the_same_number_of_faces():
    # whoever has more footage must not rule the encoder
    data = noise_data({"Rosa": 3, "Marco": 70, "Ana Núñez": 11})
    inputs, targets = data.batch(0, 1, 1.0, 5)
    keys = [face_key(name) for name in NAMES]
    assert set(inputs) == {*keys, "blend"} and set(targets) == set(keys)
    assert {len(inputs[key]) for key in keys} == {5}


def test_one_joint_loss_counts_every_identity_alike(comb):
    data = noise_data({"Rosa": 3, "Marco": 70, "Ana Núñez": 11})
    model = comb.autoencoder()
    model.compile(loss=data.losses, loss_weights=data.loss_weights)
    logs = model.test_on_batch(*data.batch(0, 1, 1.0, 5), return_dict=True)
    parts = [float(logs[f"{face_key(name)}_loss"]) for name in NAMES]
    assert min(parts) > 0 and np.ptp(parts) > 0.01
    assert float(logs["loss"]) == pytest.approx(sum(parts), rel=1e-5)
