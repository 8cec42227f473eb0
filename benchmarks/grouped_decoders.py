"""Are the decoders of several people faster as one grouped pass?

    python -m benchmarks.grouped_decoders --identities 2 4 8

A comb's decoders are of one shape and each gets latents of its own, so all of
them can be one network whose convolutions have a group of channels for each
identity. Both ways are built here from the same weights, and shown to draw the
same. Seconds are of the process' CPU (`--clock wall` for a GPU) in steps,
forward and backward, that do not compile, the two taking turns. Last comes a
line of JSON: seconds of the grouped pass over those of the decoders one after
the other, by number of identities. Below 1 it is faster; null where the
backend cannot train grouped convolutions.
"""

import argparse
import json
import time

import keras
import numpy as np
from keras import layers, ops

from helpers.comb import build_comb
from helpers.encoder_decoder import normalize_features, resolution_of

TURNS, STEPS = 3, 8
CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}


def build_separate(comb):
    """Model from latents to pictures, one decoder after the other.

    Args:
        comb: `Comb`.

    Returns:
        `keras.Model` from `(batch, identities, latent_dim)` to `(batch,
        height, width, 3 * identities)`.
    """
    count = len(comb.identities)
    latents = keras.Input((count, comb.latent_dim))
    blend = ops.ones_like(latents[:, 0, :1])
    drawn = [
        decoder(latents[:, index], blend, comb.level)
        for index, decoder in enumerate(comb.decoders.values())
    ]
    return keras.Model(latents, ops.concatenate(drawn, axis=-1))


class Grouped:
    """The same decoders as one: convolutions with a group for each identity.

    Args:
        comb: `Comb` without shared levels.
    """

    def __init__(self, comb):
        self.comb = comb
        self.decoders = list(comb.decoders.values())
        self.count = len(self.decoders)

    def build(self):
        """Model like that of `build_separate()`."""
        widths, count = self.comb.widths, self.count
        latents = keras.Input((count, self.comb.latent_dim))
        kernels = [decoder.up[0].kernel for decoder in self.decoders]
        first = layers.EinsumDense(
            "bnl,nlf->bnf", (count, 16 * widths[0]), bias_axes="nf"
        )
        features = self._active(first(latents), channels_last=True)
        first.set_weights(
            [
                np.stack([ops.convert_to_numpy(k) for k in kernels]),
                self._weights(0)[1].reshape(count, -1),
            ]
        )
        features = ops.reshape(features, (-1, count, 4, 4, widths[0]))
        features = ops.transpose(features, (0, 2, 3, 1, 4))
        features = ops.reshape(features, (-1, 4, 4, count * widths[0]))
        features = self._active(self._convolution(1, features))
        for index in range(2, self.comb.level + 2):
            features = self._convolution(index, features)
            features = self._active(self._shuffle(features))
        layer = layers.Conv2D(3 * count, 1, groups=count)
        picture = layer(features)
        to_rgb = [decoder.to_rgb[self.comb.level] for decoder in self.decoders]
        layer.set_weights(self._joined(to_rgb))
        return keras.Model(latents, ops.sigmoid(picture))

    def _weights(self, index):
        return self._joined([decoder.up[index] for decoder in self.decoders])

    @staticmethod
    def _joined(group):
        pairs = zip(*(layer.get_weights() for layer in group), strict=True)
        return [np.concatenate(arrays, axis=-1) for arrays in pairs]

    def _convolution(self, index, features):
        filters = self.count * self.decoders[0].up[index].filters
        layer = layers.Conv2D(filters, 3, padding="same", groups=self.count)
        features = layer(features)
        layer.set_weights(self._weights(index))
        return features

    def _by_identity(self, features):
        side = features.shape[1]
        return ops.reshape(
            features,
            (-1, side, side, self.count, features.shape[-1] // self.count),
        )

    def _active(self, features, channels_last=False):
        active = ops.leaky_relu(features, 0.2)
        if channels_last:
            return normalize_features(active)
        return ops.reshape(
            normalize_features(self._by_identity(active)),
            (-1, *features.shape[1:]),
        )

    def _shuffle(self, features):
        """Pixel shuffle within each identity's channels."""
        side, channels = features.shape[1], features.shape[-1] // 4
        each = channels // self.count
        parts = ops.reshape(features, (-1, side, side, self.count, 2, 2, each))
        parts = ops.transpose(parts, (0, 1, 4, 2, 5, 3, 6))
        return ops.reshape(parts, (-1, 2 * side, 2 * side, channels))


def time_steps(models, latents, target, clock):
    """Seconds a training step of each model, the models taking turns.

    Returns:
        list of float, or of `None` for a model that cannot be trained here.
    """
    spent = [0.0] * len(models)
    for model in models:
        model.compile(keras.optimizers.SGD(1e-6), "mse")
    for index, model in enumerate(models):
        try:
            model.train_on_batch(latents, target)  # compiles
        except Exception as error:  # every backend has one of its own
            print(f"cannot be trained: {str(error).splitlines()[0][:200]}")
            spent[index] = None
    for _ in range(TURNS):
        for index, model in enumerate(models):
            if spent[index] is None:
                continue
            began = clock()
            for _ in range(STEPS):
                model.train_on_batch(latents, target)
            spent[index] += (clock() - began) / (TURNS * STEPS)
    return spent


def compare(identities, batch_size, clock):
    """Seconds of a step both ways, and their ratio or `None`."""
    keras.utils.set_random_seed(0)
    names = [f"person {number}" for number in range(identities)]
    comb = build_comb(names, shared_levels=0)
    models = [build_separate(comb), Grouped(comb).build()]
    latents = np.random.default_rng(0).normal(
        size=(batch_size, identities, comb.latent_dim)
    )
    one, other = (model.predict_on_batch(latents) for model in models)
    np.testing.assert_allclose(one, other, atol=1e-4)
    side = resolution_of(comb.level)
    target = np.zeros((batch_size, side, side, 3 * identities), "float32")
    separate, grouped = time_steps(models, latents, target, clock)
    ratio = grouped / separate if grouped and separate else None
    return {"separate": separate, "grouped": grouped, "ratio": ratio}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--identities", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--batch-size", type=int, default=12)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    options = parser.parse_args()
    ratios = {}
    for count in options.identities:
        figures = compare(count, options.batch_size, CLOCKS[options.clock])
        ratios[count] = figures["ratio"] and round(figures["ratio"], 3)
        print(count, "identities:", figures, flush=True)
    print(json.dumps({"grouped_over_separate": ratios}))


if __name__ == "__main__":
    main()
