"""Crops cut on the device: as OpenCV cuts them, on every backend."""

import cv2
import keras
import numpy as np
import pytest
from keras import ops

from benchmarks.parts.device_crops import (
    DeviceCrops,
    cut_pictures,
    device_autoencoder,
    sample_batch,
)
from helpers import augmentation
from helpers.comb import build_comb
from helpers.crops import cut_network_crops
from helpers.losses import MaskedFaceLoss
from helpers.swapper import face_key
from helpers.training.training_data import CutData, at_level

SIDE, SIZE, COVERAGE = 32, 40, 0.8
LEVEL = 3


def pictures(channels=4, count=3, size=SIZE, seed=0):
    """Smooth ones, so that OpenCV's rounding of places matters little."""
    random = np.random.default_rng(seed)
    noise = random.uniform(0, 255, (count, 8, 8, channels)).astype("uint8")
    return np.stack(
        [
            cv2.resize(n, (size, size), interpolation=cv2.INTER_LINEAR)
            for n in noise
        ]
    )


def cutter(**options):
    stored = pictures()
    return DeviceCrops(
        stored[..., :3], stored[..., 3], COVERAGE, SIDE, **options
    )


def cut(crops, cuts, blend=1.0, level=LEVEL):
    blends = np.full((len(cuts["row"]), 1), blend, "float32")
    cut_by = crops(cuts, ops.convert_to_tensor(blends), level=level)
    return [ops.convert_to_numpy(each) for each in cut_by]


def random():
    return np.random.default_rng(0)


def test_a_plain_view_is_the_crop_that_prediction_sees():
    crops = cutter()
    cuts = crops.sample(random(), 5, augmentation.PLAIN)
    seen, shown = cut(crops, cuts)
    stored = pictures()[cuts["row"][:, 0]]
    expected = cut_network_crops(stored, COVERAGE, SIDE)
    np.testing.assert_allclose(shown, expected, atol=1e-5)
    np.testing.assert_allclose(seen, expected[..., :3], atol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"rotation": 20.0},
        {"zoom": 0.3},
        {"shift": (0.1, -0.2)},
        {"rotation": -9.0, "zoom": -0.2, "shift": (-0.3, 0.3)},
    ],
)
def test_a_view_is_cut_as_opencv_cuts_it(change):
    crop = pictures(3)[0]
    view = augmentation.make_view(SIZE, COVERAGE, SIDE, **change)
    warp = augmentation.sample_warp(random(), SIDE, 0.03)
    for given in (None, warp):
        expected = augmentation.cut_view(crop, view, SIDE, given)
        steps = np.arange(SIDE, dtype="float32")
        places = np.stack(np.meshgrid(steps, steps), -1)
        places = places if given is None else places + given
        places = places @ view[:, :2].T + view[:, 2]
        drawn = cut_pictures(
            ops.convert_to_tensor(pictures(3)[:1]),
            ops.zeros((1, 1), "int32"),
            ops.convert_to_tensor(np.float32(places)[None]),
        )
        # OpenCV knows 32 places between two pixels
        error = np.abs(255 * ops.convert_to_numpy(drawn)[0] - expected)
        assert error.max() < 3 and error.mean() < 0.6


@pytest.mark.parametrize(
    "level, blend", [(3, 1.0), (3, 0.25), (2, 0.5), (0, 1)]
)
def test_pictures_are_those_of_training_data(level, blend):
    stored, weights = pictures(), np.linspace(0, 1, SIDE, dtype="float32")
    weights = np.tile(weights, (SIDE, 1))
    crops = cutter(weights=weights)
    cuts = crops.sample(random(), 4, augmentation.DEFAULT)
    data = CutData(COVERAGE, SIDE, {**augmentation.DEFAULT}, weights, 0)
    pairs = []
    for row, view, warp, light in zip(*cuts.values(), strict=True):
        crop, mask = stored[row[0], ..., :3], stored[row[0], ..., 3]
        pairs.append(cut_pair(data, crop, mask, view, warp, light))
    expected = at_level(pairs, level, np.float32(blend))
    for made, known in zip(
        cut(crops, cuts, blend, level), expected, strict=True
    ):
        assert made.shape == known.shape and made.dtype == np.float32
        assert np.abs(made - known).max() < 3 / 255
        assert np.abs(made - known).mean() < 0.6 / 255


def cut_pair(data, crop, mask, view, points, light):
    """As `CutData.cut_pair()`, with a warp that is known."""

    class Known:
        def normal(self, mean, deviation, shape):
            assert shape == points.shape
            return points

    known = light, 1
    return data.cut_pair(Known(), crop, crop, mask, view, known, data.options)


def test_cuts_vary_as_those_of_training_data_do():
    crops, options, count = cutter(), augmentation.DEFAULT, 4000
    cuts = crops.sample(random(), count, options)
    views = [
        augmentation.sample_view(each, SIZE, COVERAGE, SIDE, options)
        for each in [random()] * count
    ]
    lights = [
        augmentation.sample_light(each, options["light"])
        for each in [random()] * count
    ]
    for made, known in ((cuts["view"], views), (cuts["light"], lights)):
        known = np.array(known)
        deviation = known.std(axis=0)
        np.testing.assert_allclose(
            made.mean(axis=0), known.mean(axis=0), atol=0.1 * deviation.max()
        )
        np.testing.assert_allclose(made.std(axis=0), deviation, rtol=0.06)
    # light: the three channels together, and each a little on its own
    alike = np.corrcoef(np.log(cuts["light"]).T)[0, 1]
    assert alike == pytest.approx(1 / (1 + 0.4**2), abs=0.03)
    spread = options["warp"] * SIDE
    assert cuts["warp"].std() == pytest.approx(spread, rel=0.02)
    assert set(cuts["row"][:, 0]) == {0, 1, 2}


@pytest.fixture
def half_precision():
    before = keras.config.dtype_policy().name
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


def test_a_comb_trains_in_bfloat16_by_its_own_loss(half_precision):
    comb = build_comb(["Rosa", "Nils"], resolution=8, shared_levels=1)
    stored = pictures(size=10)
    crops = {
        name: DeviceCrops(stored[..., :3], stored[..., 3], COVERAGE, 8)
        for name in comb.identities
    }
    for layer in comb.layers():
        assert layer.compute_dtype == "bfloat16"
        assert layer.variable_dtype == "float32"
    assert (
        keras.backend.standardize_dtype(crops["Nils"].stored.dtype) == "uint8"
    )
    for drawn in comb.autoencoder(level=1).output.values():
        assert drawn.dtype == "bfloat16"
    model = device_autoencoder(comb, crops, level=1)
    model.compile(keras.optimizers.Adam(0.01))
    batch = sample_batch(crops, random(), 6, 1.0, augmentation.DEFAULT)
    drawn = model.predict_on_batch(batch)
    expected = 0
    for name in comb.identities:
        key = face_key(name)
        parts = ("row", "view", "warp", "light")
        cuts = {part: batch[f"{part}_{key}"] for part in parts}
        _, targets = cut(crops[name], cuts, level=1)
        # pictures in full precision: some are no multiple of 1 / 256
        assert targets.dtype == np.float32 and (256 * targets % 1).any()
        picture = np.float32(drawn[key])
        expected += float(MaskedFaceLoss()(targets, picture))
    losses = [float(model.train_on_batch(batch)) for _ in range(20)]
    assert losses[0] == pytest.approx(expected, rel=1e-3)
    assert losses[-1] < 0.8 * losses[0]


def test_more_pixels_than_32_bits_count_are_named():
    few = np.zeros((1, 2, 2), np.uint8)
    crops, masks = (
        np.broadcast_to(few, (2**29, 2, 2)),
        np.broadcast_to(few[..., None], (2**29, 2, 2, 3)),
    )
    with pytest.raises(ValueError, match="32 bits.*Received: crops of shape"):
        DeviceCrops(masks, crops, COVERAGE, SIDE)
