"""The comb: one shared encoder, one decoder for each identity, by levels.

A *level* works at one resolution: level 0 at 4x4 pixels, level 1 at 8x8, and
so on, doubling. Every level has its own way in (`from_rgb`) and out (`to_rgb`),
so the network can be run, and trained, at any level; a new level is faded in
over the one below.

Reference:
    Naruniec et al., 2020, "High-resolution neural face swapping for visual
    effects", Computer Graphics Forum 39(4). The shared encoder, the shared
    lowest decoder levels and the growth are the paper's; its widths were not
    published, so the ones here are ours, chosen by measurement.
"""

import copy

import keras
import numpy as np
from keras import layers, ops

from helpers.files import manifests
from helpers.files.names import check_identity
from helpers.layers import FadeIn, PersonStyle
from helpers.swapper import Swapper, predict

# Channels of each level, from 4x4 pixels up: wide where pictures are small
# and a multiplication is cheap.
WIDTHS = (128, 128, 64, 32, 16, 16, 16, 16, 16)
LATENT_DIM = 128
SHARED_LEVELS = 2  # decoder levels 0 and 1, as in the paper's figure
MAX_RESOLUTION = 4 * 2 ** (len(WIDTHS) - 1)


def level_of(resolution):
    """Level that works at a resolution: 4 -> 0, 8 -> 1, 16 -> 2, ...

    Args:
        resolution: int. Side of the picture in pixels, a power of two from 4.

    Returns:
        int.

    Raises:
        ValueError: if no level works at this resolution.
    """
    level = int(resolution).bit_length() - 3
    if not 4 <= resolution <= MAX_RESOLUTION or resolution & (resolution - 1):
        raise ValueError(
            f"The comb works at 4, 8, 16, ... {MAX_RESOLUTION} pixels. "
            f"Received: resolution={resolution!r}"
        )
    return level


def resolution_of(level):
    """Side in pixels of the pictures of a level."""
    return 4 * 2**level


def name_key(identity):
    """An identity's name in letters that every backend takes in names.

    Letters and digits of ASCII and `_` stay; all else becomes its code.
    """
    return "".join(
        c if c.isascii() and (c.isalnum() or c == "_") else f"-{ord(c):x}-"
        for c in identity
    )


def _convolution(name, inputs, channels, size=3, strides=1, scale=2.0):
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
    """A dense layer that is built at once, so that a checkpoint holds it."""
    layer = layers.Dense(units, name=name)
    layer.build((None, inputs))
    return layer


def _activate(inputs):
    return ops.leaky_relu(inputs, 0.2)


def normalise(features):
    """Every pixel's channels scaled to a mean square of 1.

    Without it a decoder now and then runs away into black pictures, from
    which it does not come back. That is its price: where none does, swaps are
    a little better without it (0.52 against 0.51 in `benchmarks/ablation.md`).

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
    """

    def __init__(self, widths, latent_dim):
        self.widths = widths
        self.from_rgb = [
            _convolution(f"encoder_{resolution_of(k)}_from_rgb", 3, width, 1)
            for k, width in enumerate(widths)
        ]
        # level 0 keeps its size: it feeds the latent
        self.down = [_convolution("encoder_4", widths[0], widths[0])] + [
            _convolution(
                f"encoder_{resolution_of(k)}", widths[k], widths[k - 1], 5, 2
            )
            for k in range(1, len(widths))
        ]
        self.to_latent = dense("encoder_latent", 16 * widths[0], latent_dim)

    def __call__(self, crops, blend, level):
        """Latents, shape `(batch, latent_dim)`, of crops seen at a level."""
        # around zero: otherwise every latent is nearly the same at first, and
        # the decoders draw a mean face for hundreds of steps
        crops = 2 * crops - 1
        features = _activate(self.from_rgb[level](crops))
        features = _activate(self.down[level](features))
        if level > 0:
            smaller = ops.average_pool(crops, 2, strides=2)
            old = _activate(self.from_rgb[level - 1](smaller))
            features = FadeIn(name="encoder_fade")(features, old, blend)
        for down in reversed(self.down[:level]):
            features = _activate(down(features))
        return self.to_latent(ops.reshape(features, (-1, 16 * self.widths[0])))

    def layers(self):
        """All its layers, of all levels, in a fixed order."""
        return [*self.from_rgb, *self.down, self.to_latent]


def _upward_layers(name, widths, latent_dim, first, last):
    """Decoder layers `first` to `last`: 0 the latent's, then one a level."""
    found = []
    for index in range(first, last):
        if index == 0:
            layer = dense(f"{name}_latent", latent_dim, 16 * widths[0])
        elif index == 1:
            layer = _convolution(f"{name}_4", widths[0], widths[0])
        else:
            level = index - 1
            layer = _convolution(
                f"{name}_{resolution_of(level)}",
                widths[level - 1],
                4 * widths[level],
            )
        found.append(layer)
    return found


class Decoder:
    """Latent -> picture, from the latent up to any level: one tooth.

    Args:
        name: str. First part of its layers' names.
        widths: tuple of int. Channels of each level, from level 0 up.
        latent_dim: int. Length of the latent.
        stem: list of layers. The lowest ones, shared with other decoders.
        people: int or `None`. Number of people whose styles the decoder
            learns; `None` for a decoder of one identity.
    """

    def __init__(self, name, widths, latent_dim, stem=(), people=None):
        self.widths = widths
        self.own = _upward_layers(
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
            # the layer from the latent is dense, and a stem is for everybody
            for layer in [*self.own[not stem :], *self.to_rgb]:
                style = PersonStyle(people, name=f"{layer.name}_style")
                style.build((None, None, None, layer.filters))
                self.styles[layer.name] = style

    def _styled(self, layer, features, person):
        features = layer(features)
        if layer.name not in self.styles:
            return features
        return self.styles[layer.name](features, person)

    def __call__(self, latents, blend, level, person=None):
        """Pictures, shape `(batch, height, width, 3)` in 0-1, of a level."""
        features = normalise(_activate(self.up[0](latents)))
        features = ops.reshape(features, (-1, 4, 4, self.widths[0]))
        features = self._styled(self.up[1], features, person)
        features = normalise(_activate(features))
        below = features
        for up in self.up[2 : level + 2]:
            below = features
            features = ops.depth_to_space(self._styled(up, features, person), 2)
            features = normalise(_activate(features))
        picture = self._picture(features, level, person)
        if level == 0:
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


class Comb(Swapper):
    """One shared encoder and a decoder for each named identity.

    Args:
        identities: names, one a decoder.
        resolution: int. Largest picture, in pixels: 4, 8, 16, ...
        widths: tuple of int or `None`. Channels from level 0 up.
        latent_dim: int. Length of the latent.
        shared_levels: int. Decoder levels that all identities share, from
            level 0 up. 2 is the paper's figure, 0 shares none.
        contract: dict from `manifests.data_contract()`.

    Raises:
        ValueError: if a name is missing, doubled or not a plain name, or if
            a number is out of range.
    """

    def __init__(
        self,
        identities,
        resolution=64,
        widths=None,
        latent_dim=LATENT_DIM,
        shared_levels=SHARED_LEVELS,
        contract=None,
    ):
        super().__init__()
        self.identities = checked_names(identities)
        self.resolution = resolution
        # the level it has grown to; training sets it
        self.level = level_of(resolution)
        self.widths = tuple((widths or WIDTHS)[: self.level + 1])
        self.latent_dim = latent_dim
        self.shared_levels = shared_levels
        self.contract = contract or manifests.data_contract()
        if len(self.widths) <= self.level:
            raise ValueError(
                f"{resolution} pixels take {self.level + 1} widths. "
                f"Received: widths={widths!r}"
            )
        if not 0 <= shared_levels <= self.level:
            raise ValueError(
                f"At {resolution} pixels 0 to {self.level} decoder levels can "
                f"be shared. Received: shared_levels={shared_levels!r}"
            )
        self.encoder = Encoder(self.widths, latent_dim)
        self.stem = _upward_layers(
            "decoder_shared",
            self.widths,
            latent_dim,
            0,
            # the layer from the latent belongs to level 0
            shared_levels + 1 if shared_levels else 0,
        )
        self.decoders = {
            identity: self._build_decoder(name_key(identity))
            for identity in self.identities
        }
        self._runners = {}

    def _build_decoder(self, name, people=None):
        return Decoder(
            f"decoder_{name}", self.widths, self.latent_dim, self.stem, people
        )

    def config(self):
        """What it takes to build this comb again, as a dict for JSON."""
        return {
            "identities": list(self.identities),
            "resolution": self.resolution,
            "widths": list(self.widths),
            "latent_dim": self.latent_dim,
            "shared_levels": self.shared_levels,
            "contract": self.contract,
        }

    def layers(self):
        """All layers of all levels and identities, in a fixed order."""
        own = [d.layers() for d in self.decoders.values()]
        return [*self.encoder.layers(), *self.stem, *sum(own, [])]

    def variables(self):
        """All variables by name, for instance `encoder_64/kernel`."""
        return named_variables(self.layers())

    def autoencoder(self, level=None):
        """Model that reconstructs each identity with its own decoder.

        Args:
            level: int or `None`. Level to work at; `None` for the top one.

        Returns:
            `keras.Model` from `{"blend": (batch, 1), key: (batch, height,
            width, 3), ...}` to `{key: (batch, height, width, 3), ...}`, 0-1,
            with `key = name_key(identity)`. All levels' models share their
            variables.
        """
        level = self.level if level is None else level
        blend, crops = self.inputs(level)
        drawn, _ = self.reconstruct(crops, blend, level)
        return keras.Model({"blend": blend, **crops}, drawn)

    def inputs(self, level, more=()):
        """Inputs of `autoencoder()`: the blend, and crops by key.

        Args:
            level: int.
            more: keys of further crops, which belong to no identity.

        Returns:
            `(blend, crops)`: `keras.Input`, and a dict of them.
        """
        side = resolution_of(level)
        blend = keras.Input((1,), name="blend")
        keys = [name_key(identity) for identity in self.identities]
        return blend, {
            key: keras.Input((side, side, 3), name=key)
            for key in (*keys, *more)
        }

    def reconstruct(self, crops, blend, level):
        """Each identity's crops drawn by its own decoder.

        Args:
            crops: dict from `inputs()`.
            blend: tensor, shape `(batch, 1)`.
            level: int.

        Returns:
            `(drawn, latents)`: dict of pictures by the identities' keys, and
            the list of latents, shape `(batch, latent_dim)`, of all crops.
        """
        # one pass of the encoder for everybody
        latents = self.encoder(
            ops.concatenate(list(crops.values()), axis=0),
            ops.concatenate([blend] * len(crops), axis=0),
            level,
        )
        latents = ops.split(latents, len(crops), axis=0)
        count = len(self.decoders)  # crops of nobody come after theirs
        drawn = {
            key: decoder(part, blend, level)
            for key, decoder, part in zip(
                list(crops)[:count],
                self.decoders.values(),
                latents[:count],
                strict=True,
            )
        }
        return drawn, latents

    def alone(self, identity):
        """A comb of one identity, which shares its weights with this one.

        Training it with the encoder and the stem frozen (`shared_layers()`)
        trains this identity's decoder, and leaves all others as they are.

        Args:
            identity: name of one of the decoders.

        Returns:
            `Comb`.

        Raises:
            ValueError: if the comb has no decoder of this name.
        """
        self.check_identity(identity)
        view = copy.copy(self)
        view.identities = (identity,)
        view.decoders = {identity: self.decoders[identity]}
        view._runners = {}
        return view

    @classmethod
    def least_numbers(cls, config):
        """See `Swapper.least_numbers()`: kernels between many channels."""
        widths, latent_dim = config["widths"], config["latent_dim"]
        pairs = [a * b for a, b in zip(widths, widths[1:], strict=False)]
        own = 36 * sum(pairs[max(config["shared_levels"] - 1, 0) :])
        encoder = 25 * sum(pairs) + 16 * widths[0] * latent_dim
        return encoder + len(config["identities"]) * own

    @classmethod
    def with_fresh_decoders(cls, **config):
        """A comb whose encoder, or shared layers, are to be loaded."""
        return Comb(**config)

    def layers_of(self, part):
        """Layers of `"all"`, of the `"encoder"`, or `"shared"` by everybody."""
        if part == "all":
            return self.layers()
        shared = {"encoder": (), "shared": self.stem}
        return [*self.encoder.layers(), *shared[part]]

    def shared_layers(self):
        """Names of the layers that all identities share, for `frozen`."""
        return tuple(layer.name for layer in self.layers_of("shared"))

    def encode(self, crops, batch_size=64):
        """Latents of network crops.

        Args:
            crops: float32 array, shape `(faces, resolution, resolution, 3)`,
                0-1.
            batch_size: int.

        Returns:
            float32 array, shape `(faces, latent_dim)`.

        Raises:
            ValueError: if the crops are of another resolution.
        """
        side = self.resolution
        if np.ndim(crops) != 4 or np.shape(crops)[1:] != (side, side, 3):
            raise ValueError(
                f"This comb sees crops of shape (faces, {side}, {side}, 3). "
                f"Received: shape={np.shape(crops)}. Cut them with "
                "alignment.cut_network_crops()."
            )
        return self._run("encoder", crops, batch_size)

    def decode(self, latents, identity, batch_size=64):
        """Pictures of one identity.

        Args:
            latents: float32 array, shape `(faces, latent_dim)`.
            identity: name of the decoder, so of the face that appears.
            batch_size: int.

        Returns:
            float32 array, shape `(faces, resolution, resolution, 3)`, 0-1.

        Raises:
            ValueError: if the comb has no decoder of this name.
        """
        self.check_identity(identity)
        return self._run(identity, latents, batch_size)

    def check_identity(self, identity):
        """Raise a ValueError that lists the names if this one is unknown."""
        if identity not in self.decoders:
            raise ValueError(
                f"This comb knows {', '.join(self.identities)}. "
                f"Received: identity={identity!r}"
            )

    def _run(self, part, inputs, batch_size):
        if len(inputs) == 0:
            shape = (self.resolution, self.resolution, 3)
            shape = (self.latent_dim,) if part == "encoder" else shape
            return np.zeros((0, *shape), "float32")
        key = part, self.level
        if key not in self._runners:
            self._runners[key] = self._runner(part)
        return predict(self._runners[key], inputs, batch_size)

    def _runner(self, part):
        """Model of the encoder or of one decoder at the level grown to.

        Below the top level the encoder sees averaged pixels, and pictures
        are enlarged, so that all levels take and give the same shapes.
        """
        factor = self.resolution // resolution_of(self.level)
        size = self.latent_dim
        if part == "encoder":
            size = (self.resolution, self.resolution, 3)
        inputs = keras.Input(size if part == "encoder" else (size,))
        # at blend 1 the paths that fade out are multiplied by zero
        blend = ops.ones_like(ops.reshape(inputs, (-1, np.prod(size)))[:, :1])
        if part == "encoder":
            seen = inputs
            if factor > 1:
                seen = ops.average_pool(inputs, factor, factor)
            return keras.Model(inputs, self.encoder(seen, blend, self.level))
        picture = self.decoders[part](inputs, blend, self.level)
        if factor > 1:
            picture = ops.repeat(picture, factor, axis=1)
            picture = ops.repeat(picture, factor, axis=2)
        return keras.Model(inputs, picture)


def build_comb(identities, **options):
    """A new comb with fresh weights. See `Comb` for the arguments."""
    return Comb(identities, **options)


def named_variables(all_layers):
    """Variables of layers by name: `{"encoder_64/kernel": variable, ...}`.

    Raises:
        ValueError: if two layers have the same name.
    """
    named = {}
    for layer in all_layers:
        for variable in layer.weights:
            name = f"{layer.name}/{variable.name}"
            if name in named:
                raise ValueError(
                    "Every layer needs a name of its own. "
                    f"Received twice: {layer.name!r}"
                )
            named[name] = variable
    return named


def checked_names(identities):
    if isinstance(identities, str) or len(identities) < 1:
        raise ValueError(
            "A comb takes a list of names, one an identity. "
            f"Received: identities={identities!r}"
        )
    names = tuple(str(name) for name in identities)
    for name in names:
        check_identity(name)
    if len(set(names)) < len(names):
        raise ValueError(
            f"Each identity needs a name of its own. Received: {names!r}"
        )
    return names
