"""The comb and the crowd: what is shared, what is not, and how they grow."""

import keras
import numpy as np
import pytest

from helpers import synthetic
from helpers.comb import build_comb
from helpers.crowd import READ_PARAMETERS, build_crowd, comb_from_crowd
from helpers.encoder_decoder import level_of, resolution_of
from helpers.losses import MaskedFaceLoss
from helpers.swapper import face_key, name_key

WIDTHS = (8, 6, 6, 4)
NAMES = ("Rosa", "Marco", "Ana Núñez")
KEYS = [face_key(name) for name in NAMES]


def small_comb(**options):
    options = {"resolution": 32, "widths": WIDTHS, "latent_dim": 5} | options
    return build_comb(NAMES, **options)


def small_crowd(people=4, **options):
    options = {"resolution": 32, "widths": WIDTHS, "latent_dim": 5} | options
    return build_crowd(people, **options)


def crops(resolution=32, count=3, seed=0):
    random = np.random.default_rng(seed)
    shape = (count, resolution, resolution, 3)
    return random.uniform(size=shape).astype("float32")


def run(comb, level, blend, images):
    inputs = dict.fromkeys(map(face_key, NAMES), images)
    inputs["blend"] = np.full((len(images), 1), blend, "float32")
    pictures = comb.autoencoder(level).predict(inputs, verbose=0)
    return {name: pictures[face_key(name)] for name in NAMES}


def halve(images):
    count, side = images.shape[:2]
    blocks = images.reshape(count, side // 2, 2, side // 2, 2, 3)
    return blocks.mean(axis=(2, 4))


def double(images):
    return images.repeat(2, axis=1).repeat(2, axis=2)


def values(layers):
    return [w.copy() for layer in layers for w in layer.get_weights()]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("level", range(9))
def test_levels_and_resolutions_are_each_others_inverse(level):
    assert level_of(resolution_of(level)) == level


@pytest.mark.parametrize("resolution", [0, 2, 5, 48, 65, 2048])
def test_a_resolution_without_a_level_is_refused(resolution):
    with pytest.raises(ValueError, match=f"resolution={resolution}"):
        level_of(resolution)


@pytest.mark.parametrize("level", range(4))
def test_every_level_draws_every_identity_at_its_resolution(level):
    side = resolution_of(level)
    pictures = run(small_comb(), level, 1.0, crops(side))
    assert sorted(pictures) == sorted(NAMES)
    for picture in pictures.values():
        assert picture.shape == (3, side, side, 3)
        assert 0 <= picture.min() and picture.max() <= 1


@pytest.mark.parametrize("level", [1, 2, 3])
def test_at_blend_zero_a_level_is_the_one_below(level):
    comb, images = small_comb(), crops(resolution_of(level))
    new = run(comb, level, 0.0, images)
    old = run(comb, level - 1, 1.0, halve(images))
    for name in NAMES:
        np.testing.assert_allclose(new[name], double(old[name]), atol=1e-5)


def test_at_blend_one_the_old_path_does_not_count():
    comb, images = small_comb(), crops(32)
    before = run(comb, 3, 1.0, images)
    for layer in [
        comb.encoder.from_rgb[2],
        *(decoder.to_rgb[2] for decoder in comb.decoders.values()),
    ]:
        layer.set_weights([w + 1 for w in layer.get_weights()])
    after = run(comb, 3, 1.0, images)
    for name in NAMES:
        np.testing.assert_allclose(before[name], after[name], atol=1e-6)


def plain_encoder(comb, level, images):
    """Latents as the level's own layers give them: no fade, no level below."""
    encoder = comb.encoder
    features = keras.ops.leaky_relu(
        encoder.from_rgb[level](2 * images - 1), 0.2
    )
    for down in reversed(encoder.down[: level + 1]):
        features = keras.ops.leaky_relu(down(features), 0.2)
    return encoder.to_latent(keras.ops.reshape(features, (len(images), -1)))


@pytest.mark.parametrize("level", range(4))
def test_at_blend_one_the_encoder_is_the_plain_one_of_its_level(level):
    comb, images = small_comb(), crops(resolution_of(level))
    ones = np.ones((3, 1), "float32")
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(comb.encoder(images, ones, level)),
        keras.ops.convert_to_numpy(plain_encoder(comb, level, images)),
        atol=1e-5,
    )


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_decoders_fade_mixes_two_pictures_in_proportion(level):
    decoder = small_comb().decoders["Marco"]
    latents = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")

    def draw(blend, at=level):
        blends = np.full((3, 1), blend, "float32")
        return keras.ops.convert_to_numpy(decoder(latents, blends, at))

    np.testing.assert_allclose(draw(0.0), double(draw(1.0, level - 1)))
    for blend in (0.25, 0.7):
        mixed = blend * draw(1.0) + (1 - blend) * draw(0.0)
        np.testing.assert_allclose(draw(blend), mixed, atol=1e-6)
    assert np.abs(draw(1.0) - draw(0.0)).max() > 1e-3


@pytest.mark.parametrize("level", [1, 3])
def test_at_blend_zero_a_crowd_is_that_of_the_level_below(level):
    crowd, images = small_crowd(), crops(resolution_of(level))
    person = np.array([[0], [3], [1]], "int32")
    for style in crowd.decoder.styles.values():
        random = np.random.default_rng(len(style.name))
        style.set_weights(
            [w + random.normal(0, 0.3, w.shape) for w in style.get_weights()]
        )
    new, old = (
        crowd.autoencoder(at).predict(
            {"blend": np.full((3, 1), blend), "crops": seen, "person": person},
            verbose=0,
        )
        for at, blend, seen in (
            (level, 0.0, images),
            (level - 1, 1.0, halve(images)),
        )
    )
    np.testing.assert_allclose(new["crowd"], double(old["crowd"]), atol=1e-5)
    for name in ("latents", "expression"):
        np.testing.assert_allclose(new[name], old[name], atol=1e-5)


def test_a_network_has_the_same_variables_at_every_level():
    comb, other = small_comb(), small_comb()
    comb.level, other.level = 0, 3
    comb.autoencoder(0)
    other.autoencoder(3)
    # so that what was saved at one level is read at any other
    shapes = [
        {name: variable.shape for name, variable in each.variables().items()}
        for each in (comb, other)
    ]
    assert shapes[0] == shapes[1]


def test_growing_keeps_the_variables_of_the_levels_below():
    comb = small_comb()
    lower = {id(v) for v in comb.autoencoder(1).trainable_variables}
    upper = {id(v) for v in comb.autoencoder(3).trainable_variables}
    known = {id(v) for v in comb.variables().values()}
    # only the ways in and out of level 0 are no longer needed
    gone = len(lower - upper)
    ends = 2 * 2 + 2 * 2 * len(NAMES)
    assert gone == ends
    assert lower | upper <= known


def test_every_variable_is_there_before_any_training():
    comb = small_comb()
    names = comb.variables()
    assert "encoder_32_from_rgb/kernel" in names
    assert "decoder_Rosa_32_to_rgb/kernel" in names
    assert len(names) == len({id(v) for v in names.values()})


@pytest.mark.parametrize("shared_levels", [0, 1, 2, 3])
def test_the_lowest_decoder_levels_are_shared(shared_levels):
    comb = small_comb(shared_levels=shared_levels)
    rosa, marco = comb.decoders["Rosa"], comb.decoders["Marco"]
    layers = zip(rosa.up, marco.up, strict=True)
    shared = [one is other for one, other in layers]
    # up[0] leads from the latent to level 0
    expected = shared_levels + 1 if shared_levels else 0
    assert shared == [k < expected for k in range(len(shared))]
    assert not any(
        one is other
        for one, other in zip(rosa.to_rgb, marco.to_rgb, strict=True)
    )


def test_a_step_on_one_identity_leaves_the_other_decoders_untouched():
    comb = small_comb()
    before = {n: values(d.layers()) for n, d in comb.decoders.items()}
    encoder = values(comb.encoder.layers())
    model = comb.autoencoder()
    target = np.ones((3, 32, 32, 4), "float32")
    model.compile(
        keras.optimizers.SGD(0.1), loss={k: MaskedFaceLoss() for k in KEYS}
    )
    nothing = np.zeros_like(target)  # an empty mask: no loss, no gradient
    model.train_on_batch(
        {"blend": np.ones((3, 1), "float32"), **dict.fromkeys(KEYS, crops())},
        dict(zip(KEYS, (target, nothing, nothing), strict=True)),
    )
    after = {n: values(d.layers()) for n, d in comb.decoders.items()}
    assert not same(before["Rosa"], after["Rosa"])
    assert same(before["Marco"], after["Marco"])
    assert not same(encoder, values(comb.encoder.layers()))


def test_a_swap_is_the_sources_picture_of_the_targets_latent():
    comb, images = small_comb(), crops()
    latents = comb.encode(images)
    assert latents.shape == (3, 5)
    expected = run(comb, 3, 1.0, images)["Marco"]
    np.testing.assert_allclose(comb.swap(images, "Marco"), expected, atol=1e-5)
    np.testing.assert_allclose(
        comb.decode(latents, "Marco"), expected, atol=1e-5
    )


def test_a_comb_that_has_not_grown_up_sees_and_draws_coarsely():
    comb, images = small_comb(), crops()
    comb.level = 1
    coarse = run(comb, 1, 1.0, halve(halve(images)))["Rosa"]
    swapped = comb.swap(images, "Rosa")
    assert swapped.shape == (3, 32, 32, 3)
    np.testing.assert_allclose(swapped, double(double(coarse)), atol=1e-5)


def test_nothing_in_gives_nothing_out():
    comb = small_comb()
    assert comb.encode(np.zeros((0, 32, 32, 3))).shape == (0, 5)
    assert comb.decode(np.zeros((0, 5)), "Rosa").shape == (0, 32, 32, 3)


def test_wrong_crops_and_unknown_identities_are_told():
    comb = small_comb()
    with pytest.raises(ValueError, match=r"\(faces, 32, 32, 3\). Received"):
        comb.encode(crops(64))
    with pytest.raises(ValueError, match="knows Rosa, Marco, Ana Núñez"):
        comb.swap(crops(), "Lena")


@pytest.mark.parametrize(
    "names", ["Rosa", (), ("Rosa", "Rosa"), ("../x",), ("",)]
)
def test_names_that_cannot_be_told_apart_or_stored_are_refused(names):
    with pytest.raises(ValueError, match="Received"):
        build_comb(names, resolution=8)


def test_names_of_any_alphabet_get_keys_of_their_own():
    names = ["a b", "a_b", "a-b", "José", "人", "a20b"]
    keys = [name_key(name) for name in names]
    assert len(set(keys)) == len(keys)
    assert all(key.isascii() and " " not in key for key in keys)
    assert name_key("Rosa") == "Rosa"


# what layers, inputs, outputs and parts are called, and names that begin alike
AWKWARD = ("shared", "encoder", "decoder", "blend", "crowd", "Rosa", "Rosa_8")


def test_names_of_people_never_meet_those_of_layers_or_inputs():
    comb = build_comb(AWKWARD, resolution=16, widths=(8, 6, 6), latent_dim=5)
    images = crops(16, 2)
    latents = comb.encode(images)
    pictures = comb.autoencoder().predict(
        {
            "blend": np.ones((2, 1), "float32"),
            **{face_key(name): images for name in AWKWARD},
        },
        verbose=0,
    )
    assert len(pictures) == len(AWKWARD)
    for name in AWKWARD:
        np.testing.assert_allclose(
            comb.decode(latents, name), pictures[face_key(name)], atol=1e-5
        )
    own = {id(layer) for d in comb.decoders.values() for layer in d.layers()}
    for part in ("encoder", "shared"):
        assert not own.intersection(map(id, comb.layers_of(part)))


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match="take 4 widths"):
        build_comb(NAMES, resolution=32, widths=(8, 8))
    with pytest.raises(ValueError, match="0 to 3 decoder levels"):
        small_comb(shared_levels=4)


def test_a_crowd_draws_the_person_that_is_asked_for():
    crowd = small_crowd()
    style = crowd.decoder.styles["decoder_crowd_32_to_rgb"]
    scale, shift = style.get_weights()
    shift[2] += 5
    style.set_weights([scale, shift])
    inputs = {
        "blend": np.ones((2, 1), "float32"),
        "crops": np.repeat(crops(count=1), 2, axis=0),
        "person": np.array([[1], [2]], "int32"),
    }
    pictures = crowd.autoencoder().predict(inputs, verbose=0)
    assert pictures["latents"].shape == (2, 5)
    assert pictures["expression"].shape == (2, len(READ_PARAMETERS))
    assert pictures["crowd"][1].mean() > pictures["crowd"][0].mean() + 0.2


def test_what_a_crowd_reads_begins_with_what_a_score_reads():
    scored = synthetic.EXPRESSION_PARAMETERS
    assert READ_PARAMETERS[: len(scored)] == scored
    assert set(READ_PARAMETERS) <= set(synthetic.FRAME_DEFAULTS)


@pytest.mark.parametrize("shared_levels", [0, 2])
def test_a_comb_from_a_crowd_begins_as_the_crowds_mean_style(shared_levels):
    crowd = small_crowd(shared_levels=shared_levels)
    random = np.random.default_rng(0)
    for style in crowd.decoder.styles.values():
        style.set_weights(
            [w + random.normal(0, 0.3, w.shape) for w in style.get_weights()]
        )
    comb = comb_from_crowd(crowd, NAMES)
    for style in crowd.decoder.styles.values():
        style.set_weights(
            [
                np.repeat(w.mean(axis=0, keepdims=True), 4, axis=0)
                for w in style.get_weights()
            ]
        )
    images = crops()
    expected = crowd.autoencoder().predict(
        {
            "blend": np.ones((3, 1), "float32"),
            "crops": images,
            "person": np.zeros((3, 1), "int32"),
        },
        verbose=0,
    )
    for name in NAMES:
        np.testing.assert_allclose(
            comb.swap(images, name), expected["crowd"], atol=1e-5
        )


def test_configurations_rebuild_the_same_networks():
    comb = small_comb(shared_levels=1)
    again = build_comb(**comb.config())
    assert list(again.variables()) == list(comb.variables())
    crowd = small_crowd()
    again = build_crowd(**crowd.config())
    assert list(again.variables()) == list(crowd.variables())
