"""Levels, and what stands on them: an encoder and decoders that grow.

A *level* works at one resolution: level 0 at 4x4 pixels, level 1 at 8x8, and
so on. Every level has its own way in (`from_rgb`) and out (`to_rgb`), so the
network can be run, and trained, at any level; a new one is faded in over the
one below.

References:
    Karras et al., 2018, "Progressive growing of GANs for improved quality,
    stability, and variation", figure 2: the fade.
    Naruniec et al., 2020, "High-resolution neural face swapping for visual
    effects", Computer Graphics Forum 39(4): an encoder and decoders that grow
    so. Its widths were not published, so the ones here are ours, chosen by
    measurement.
"""

import copy

import keras
from keras import layers, ops

from helpers.layers import FadeIn, PersonStyle

# Channels of each level, from 4x4 pixels up: wide where pictures are small
# and a multiplication is cheap.
WIDTHS = (128, 128, 64, 32, 16, 16, 16, 16, 16)
LATENT_DIM = 128
MAX_RESOLUTION = 4 * 2 ** (len(WIDTHS) - 1)


def level_of(resolution):
    """Level that works at a resolution: 4 -> 0, 8 -> 1, 16 -> 2, ...

    Args:
        resolution: int. Side of the picture in pixels, a power of two from 4.

    Returns:
        int.

    Raises:
        ValueError: if no level works at this resolution.

    Example:
        >>> from helpers.encoder_decoder import level_of
        >>> [level_of(resolution) for resolution in (4, 8, 64)]
        [0, 1, 4]
    """
    level = int(resolution).bit_length() - 3
    if not 4 <= resolution <= MAX_RESOLUTION or resolution & (resolution - 1):
        raise ValueError(
            f"The comb works at 4, 8, 16, ... {MAX_RESOLUTION} pixels. "
            f"Received: resolution={resolution!r}"
        )
    return level


def resolution_of(level):
    """Side in pixels of the pictures of a level.

    Example:
        >>> from helpers.encoder_decoder import resolution_of
        >>> [resolution_of(level) for level in (0, 1, 4)]
        [4, 8, 64]
    """
    return 4 * 2**level


def _convolution(name, inputs, channels, size=3, strides=1, scale=2.0):
    """A convolution from so many channels to so many, built at once."""
    layer = layers.Conv2D(
        channels,
        size,
        strides=strides,
        padding="same",
        # 2 keeps the variance through an activation (He et al., 2015)
        kernel_initializer=keras.initializers.VarianceScaling(scale),
        name=name,
    )
    # built at once, so that a checkpoint of any level holds every variable
    layer.build((None, None, None, inputs))
    return layer


def dense(name, inputs, units):
    """A dense layer from so many inputs to so many units, built at once.

    Example:
        >>> from helpers.encoder_decoder import dense
        >>> dense("hidden", 2, 3).count_params()  # 2 * 3 weights, 3 biases
        9
    """
    layer = layers.Dense(units, name=name)
    layer.build((None, inputs))
    return layer


def _activate(inputs):
    return ops.leaky_relu(inputs, 0.2)


def normalize_features(features):
    """Every pixel's channels scaled to a mean square of 1.

    Without it a decoder now and then runs away into black pictures, for good.
    Its price: where none does, swaps are a little better without it (0.52
    against 0.51 in `benchmarks/ablation.md`).

    Example:
        >>> from keras import ops
        >>> from helpers.encoder_decoder import normalize_features
        >>> pixel = normalize_features(ops.convert_to_tensor([7.0, -7.0]))
        >>> [round(float(channel), 2) for channel in pixel]
        [1.0, -1.0]

    Reference:
        Karras et al., 2018, section 4.2, "pixelwise feature vector
        normalization".
    """
    square = ops.mean(ops.square(features), axis=-1, keepdims=True)
    return features * ops.rsqrt(square + 1e-6)


class Encoder:
    """Picture -> latent, from any level down to the latent.

    Args:
        widths: tuple of int. Channels of each level, from level 0 up.
        latent_dim: int. Length of the latent.

    Example:
        >>> import keras
        >>> from helpers.encoder_decoder import Encoder
        >>> encoder = Encoder(widths=(128, 128, 64), latent_dim=128)
        >>> encoder(keras.Input((16, 16, 3)), blend=None, level=2).shape
        (None, 128)
    """

    def __init__(self, widths, latent_dim):
        self.widths = widths
        self.from_rgb = [
            _convolution(f"encoder_{resolution_of(k)}_from_rgb", 3, width, 1)
            for k, width in enumerate(widths)
        ]
        # all but the lowest halve the picture: level 0 feeds the latent
        self.down = [_convolution("encoder_4", widths[0], widths[0])] + [
            _convolution(
                f"encoder_{resolution_of(k)}", widths[k], widths[k - 1], 5, 2
            )
            for k in range(1, len(widths))
        ]
        self.to_latent = dense("encoder_latent", 16 * widths[0], latent_dim)

    def __call__(self, crops, blend, level):
        """Latents of crops seen at a level.

        Args:
            crops: float tensor, shape `(batch, height, width, 3)`, 0-1.
            blend: float tensor, shape `(batch, 1)`, how far the level is
                faded in; `None` once it is, and nothing of the level below
                is computed.
            level: int.

        Returns:
            float tensor, shape `(batch, latent_dim)`.
        """
        # around zero: otherwise every latent is nearly the same at first, and
        # the decoders draw a mean face for hundreds of steps
        crops = 2 * crops - 1
        features = _activate(self.from_rgb[level](crops))
        features = _activate(self.down[level](features))
        if level > 0 and blend is not None:
            smaller = ops.average_pool(crops, 2, strides=2)
            old = _activate(self.from_rgb[level - 1](smaller))
            features = FadeIn(name="encoder_fade")(features, old, blend)
        for down in reversed(self.down[:level]):
            features = _activate(down(features))
        return self.to_latent(ops.reshape(features, (-1, 16 * self.widths[0])))

    def layers(self):
        """All its layers, of all levels, in a fixed order."""
        return [*self.from_rgb, *self.down, self.to_latent]


def upward_layers(name, widths, latent_dim, first, last):
    """Decoder layers `first` to `last`: 0 the latent's, then one a level.

    Example:
        >>> from helpers.encoder_decoder import upward_layers
        >>> [x.name for x in upward_layers("shared", (128, 128), 128, 0, 3)]
        ['shared_latent', 'shared_4', 'shared_8']
    """
    upward = []
    for index in range(first, last):
        if index == 0:
            layer = dense(f"{name}_latent", latent_dim, 16 * widths[0])
        elif index == 1:
            layer = _convolution(f"{name}_4", widths[0], widths[0])
        else:
            level = index - 1
            # four times the channels: each four become four pixels of one
            layer = _convolution(
                f"{name}_{resolution_of(level)}",
                widths[level - 1],
                4 * widths[level],
            )
        upward.append(layer)
    return upward


class Decoder:
    """Latent -> picture, from the latent up to any level: one tooth.

    Args:
        name: str. First part of its layers' names.
        widths: tuple of int. Channels of each level, from level 0 up.
        latent_dim: int. Length of the latent.
        stem: list of layers. The lowest ones, shared with other decoders.
        people: int or `None`. Number of people whose styles the decoder
            learns; `None` for a decoder of one identity.

    Example:
        >>> import keras
        >>> from helpers.encoder_decoder import Decoder
        >>> decoder = Decoder("rosa", widths=(128, 128, 64), latent_dim=128)
        >>> decoder(keras.Input((128,)), blend=None, level=1).shape
        (None, 8, 8, 3)
    """

    def __init__(self, name, widths, latent_dim, stem=(), people=None):
        self.widths = widths
        self.own = upward_layers(
            name, widths, latent_dim, len(stem), len(widths) + 1
        )
        self.up = [*stem, *self.own]
        self.to_rgb = [
            # a new level begins nearly grey: a sigmoid that is far from its
            # middle passes no gradient and would stay there
            _convolution(
                f"{name}_{resolution_of(k)}_to_rgb", width, 3, 1, scale=0.01
            )
            for k, width in enumerate(widths)
        ]
        self.styles = {}
        if people is not None:
            # the first layer, from the latent, is dense: it has no style
            convolutions = self.own if stem else self.own[1:]
            for layer in [*convolutions, *self.to_rgb]:
                style = PersonStyle(people, name=f"{layer.name}_style")
                style.build((None, None, None, layer.filters))
                self.styles[layer.name] = style

    def _styled(self, layer, features, person):
        """What a layer makes of features, in a person's style if it has any."""
        features = layer(features)
        if layer.name not in self.styles:
            return features
        return self.styles[layer.name](features, person)

    def __call__(self, latents, blend, level, person=None):
        """Pictures of a level.

        Args:
            latents: float tensor, shape `(batch, latent_dim)`.
            blend: as for `Encoder`.
            level: int.
            person: int tensor, shape `(batch, 1)`, whose styles to take, or
                `None` for a decoder of one identity.

        Returns:
            float tensor, shape `(batch, height, width, 3)`, 0-1.
        """
        features = normalize_features(_activate(self.up[0](latents)))
        features = ops.reshape(features, (-1, 4, 4, self.widths[0]))
        features = self._styled(self.up[1], features, person)
        features = normalize_features(_activate(features))
        below = features  # for the way out of the level below, to fade from
        for up in self.up[2 : level + 2]:
            below = features
            features = ops.depth_to_space(self._styled(up, features, person), 2)
            features = normalize_features(_activate(features))
        picture = self._picture(features, level, person)
        if level == 0 or blend is None:
            return picture
        old = self._picture(below, level - 1, person)
        old = ops.repeat(ops.repeat(old, 2, axis=1), 2, axis=2)
        return FadeIn()(picture, old, blend)

    def _picture(self, features, level, person):
        return ops.sigmoid(self._styled(self.to_rgb[level], features, person))

    def on_stem(self, stem):
        """The same decoder, its layers shared, on another stem."""
        other = copy.copy(self)
        other.up = [*stem, *self.own]
        return other

    def layers(self):
        """The layers that are its own, in a fixed order."""
        return [*self.own, *self.to_rgb, *self.styles.values()]
