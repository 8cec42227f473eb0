"""Detail network: a face of few pixels in, the same at its footage's size out.

A comb draws who somebody is, what the face does and how it is lit. In 64 pixels
there is no iris, no lid and no tooth. What they look like is the same in every
picture of one person, so a small network learns it from their own crops: what
the comb draws of a crop goes in, the crop itself should come out. It sees
nothing but that picture, so it cannot tell a swap from what it learned from.
"""

import cv2
import keras
import numpy as np
from keras import layers, ops

from helpers.swapper import (
    checked_names,
    face_key,
    name_key,
    named_variables,
    predict,
)

FACTORS = (2, 4, 6)
WIDTH, BLOCKS = 32, 3


class DetailNetwork:
    """Enlarges what a comb draws, each identity by what is known of it.

    Residual blocks at the comb's own size, where a convolution is cheap; the
    last one has so many channels that they become the pixels of the large
    picture. What they give is added to the smoothly enlarged picture, so that
    only what is missing has to be learned. Blocks are shared; the first and
    the last convolution are each identity's own.

    Args:
        identities: list of names.
        resolution: int. Side in pixels of what goes in.
        factor: one of `FACTORS`. How many times larger what comes out is.
        width: int. Channels.
        blocks: int. Residual blocks of two convolutions.

    Attributes:
        side: int. Side in pixels of what comes out.
        level: int, as `Trainer` asks for it: there is one, 0.

    Raises:
        ValueError: if there is no such factor, or a name is not a plain one.

    Example:
        >>> from helpers.detail_network import DetailNetwork
        >>> detail = DetailNetwork(["Rosa", "Nils"], resolution=16, factor=4)
        >>> detail.enlarge(np.zeros((3, 16, 16, 3)), "Rosa").shape
        (3, 64, 64, 3)

    References:
        Lim et al., 2017, "Enhanced deep residual networks for single image
        super-resolution", section 3: blocks without normalisation.
        Shi et al., 2016, "Real-time single image and video super-resolution
        using an efficient sub-pixel convolutional neural network", section
        3.2: channels become pixels.
    """

    def __init__(
        self, identities, resolution=64, factor=4, width=WIDTH, blocks=BLOCKS
    ):
        if factor not in FACTORS:
            raise ValueError(
                f"A face is drawn {', '.join(map(str, FACTORS))} times as "
                f"large. Received: factor={factor!r}"
            )
        self.identities = checked_names(identities)
        self.resolution, self.factor = int(resolution), int(factor)
        self.width, self.blocks = int(width), int(blocks)
        self.level = 0
        self.trunk = [
            _convolution(f"detail_{block}_{half}", width, width, scale=scale)
            for block in range(blocks)
            # a block begins as nearly nothing: training starts smoothly
            for half, scale in (("first", 2.0), ("second", 0.1))
        ]
        self.ends = {name: self._new_ends(name) for name in self.identities}
        self._models = {}

    def _new_ends(self, identity):
        """First and last convolution of an identity."""
        key, pixels = name_key(identity), self.factor**2
        return [
            _convolution(f"detail_{key}_in", 3, self.width, 5),
            _convolution(
                f"detail_{key}_out", self.width, 3 * pixels, scale=0.05
            ),
        ]

    @property
    def side(self):
        return self.resolution * self.factor

    def config(self):
        """What it takes to build it again, as a dict for JSON."""
        names = ("resolution", "factor", "width", "blocks")
        own = {name: getattr(self, name) for name in names}
        return {"identities": list(self.identities), **own}

    def with_identities(self, names):
        """The same network, of some of its identities, under other names.

        Args:
            names: dict of new name to a name of this network; others are left
                out.

        Returns:
            `DetailNetwork` with weights of its own, or `None` if nobody is
            left.
        """
        ends = {
            name: self.ends[old]
            for name, old in names.items()
            if old in self.identities
        }
        return self._with_ends(ends) if ends else None

    def joined_by(self, other):
        """The same network, and who was trained beside its blocks.

        Args:
            other: `DetailNetwork` that began from this one, and was trained
                with its trunk frozen.

        Returns:
            `DetailNetwork` of everybody, with weights of its own.
        """
        return self._with_ends({**self.ends, **other.ends})

    def _with_ends(self, ends):
        """A copy with copies of these ends, by the names of their people."""
        other = DetailNetwork(**{**self.config(), "identities": list(ends)})
        _copy(self.trunk, other.trunk)
        for name, layers_of_one in ends.items():
            _copy(layers_of_one, other.ends[name])
        return other

    def start_from(self, other):
        """Begin as another network, which knows what faces have in common.

        Args:
            other: `DetailNetwork` of the same width and blocks, of any
                factor. The ends of its first identity become everybody's.

        Raises:
            ValueError: if it is of another width or number of blocks.

        Example:
            >>> from helpers.detail_network import DetailNetwork
            >>> known = DetailNetwork(["crowd"], resolution=16, factor=4)
            >>> rosa = DetailNetwork(["Rosa"], resolution=16, factor=2)
            >>> rosa.start_from(known)
            >>> drawn = np.full((1, 16, 16, 3), 0.5)
            >>> large = known.enlarge(drawn, "crowd").reshape(32, 2, 32, 2, 3)
            >>> half = rosa.enlarge(drawn, "Rosa")[0]
            >>> bool(np.allclose(half, large.mean(axis=(1, 3)), atol=1e-3))
            True
        """
        ours, theirs = self.config(), other.config()
        for name in ("width", "blocks"):
            if ours[name] != theirs[name]:
                raise ValueError(
                    f"A network to begin from has the same {name}. Expected: "
                    f"{ours[name]}. Received: {theirs[name]}"
                )
        _copy(other.trunk, self.trunk)
        first, last = other.ends[other.identities[0]]
        kernel, bias = (
            _resize_pixels(array, other.factor, self.factor)
            for array in last.get_weights()
        )
        for ends in self.ends.values():
            ends[0].set_weights(first.get_weights())
            ends[1].set_weights([kernel, bias])

    def layers(self):
        """All layers, in a fixed order."""
        return [*self.trunk, *sum(self.ends.values(), [])]

    def layers_of(self, part):
        """Layers of a part: `"all"`, or `"trunk"` for what is shared.

        Raises:
            KeyError: if there is no such part.
        """
        return {"all": self.layers(), "trunk": self.trunk}[part]

    def variables(self):
        """All variables by name."""
        return named_variables(self.layers())

    def autoencoder(self, level=0):
        """Model that enlarges each identity's pictures, as it is trained.

        Args:
            level: int, not used: there is one.

        Returns:
            `keras.Model` from `{key: (batch, resolution, resolution, 3)}` to
            `{key: (batch, side, side, 3)}`, 0-1, with `key =
            face_key(identity)`.
        """
        shape = (self.resolution, self.resolution, 3)
        pictures = {
            face_key(name): keras.Input(shape, name=face_key(name))
            for name in self.identities
        }
        drawn = [
            self.enlarge_tensor(picture, name)
            for name, picture in zip(
                self.identities, pictures.values(), strict=True
            )
        ]
        return keras.Model(pictures, dict(zip(pictures, drawn, strict=True)))

    def enlarge_tensor(self, pictures, identity):
        """An identity's pictures, enlarged, as part of a model.

        Args:
            pictures: float tensor, shape `(batch, resolution, resolution,
                3)`, 0-1.
            identity: name.

        Returns:
            float tensor, shape `(batch, side, side, 3)`, about 0-1.
        """
        first, last = self.ends[identity]
        features = first(2 * pictures - 1)
        for one, other in zip(self.trunk[::2], self.trunk[1::2], strict=True):
            features = features + other(_activate(one(_activate(features))))
        fine = ops.depth_to_space(last(_activate(features)), self.factor)
        return _enlarge(pictures, self.factor) + fine

    def enlarge(self, pictures, identity, batch_size=16):
        """Pictures of one identity, enlarged.

        Args:
            pictures: float32 array, shape `(faces, resolution, resolution,
                3)`, 0-1: what the comb draws of this identity.
            identity: name.
            batch_size: int. Most faces that go through at once.

        Returns:
            float32 array, shape `(faces, side, side, 3)`, 0-1.

        Raises:
            ValueError: if it was not trained on this identity, or if the
                pictures are of another size.
        """
        shape = (self.resolution, self.resolution, 3)
        if identity not in self.identities or np.shape(pictures)[1:] != shape:
            raise ValueError(
                f"This network enlarges pictures of shape (faces, "
                f"{', '.join(map(str, shape))}) of "
                f"{', '.join(self.identities)}. Received: shape "
                f"{np.shape(pictures)} of {identity!r}"
            )
        if not len(pictures):
            return np.zeros((0, self.side, self.side, 3), np.float32)
        if identity not in self._models:
            inputs = keras.Input(shape)
            outputs = ops.clip(self.enlarge_tensor(inputs, identity), 0, 1)
            self._models[identity] = keras.Model(inputs, outputs)
        return predict(self._models[identity], pictures, batch_size)

    @staticmethod
    def least_numbers(config):
        """How many numbers a network of this description has at least."""
        width, count = config["width"], len(config["identities"])
        pixels = config["factor"] ** 2
        ends = 75 * width + 27 * width * pixels
        return 18 * config["blocks"] * width**2 + count * ends


def choose_factor(sides, resolution):
    """How many times larger faces should be drawn than a comb draws them.

    Args:
        sides: sequence of float. How many pixels of the footage the square
            has that the network sees, for each face, see
            `FaceSet.footage_sides()`.
        resolution: int. Side of what the comb draws.

    Returns:
        int: of `FACTORS` and 1 the one that is nearest to the middle one of
        these sides, by its logarithm; 1 asks for no detail network.

    Example:
        >>> from helpers.detail_network import choose_factor
        >>> [choose_factor([side], 64) for side in (70, 130, 250, 420, 900)]
        [1, 2, 4, 6, 6]
    """
    wanted = np.log(np.median(sides) / resolution)
    return min((1, *FACTORS), key=lambda factor: abs(np.log(factor) - wanted))


def _copy(layers, others):
    for layer, other in zip(layers, others, strict=True):
        other.set_weights(layer.get_weights())


def _resize_pixels(weights, old, new):
    """Weights of a last layer, whose pixels become finer or coarser.

    Args:
        weights: float32 array, shape `(..., 3 * old * old)`.
        old: int, how many pixels a side each became.
        new: int, how many each shall become.

    Returns:
        float32 array, shape `(..., 3 * new * new)`.
    """
    pixels = np.reshape(weights, (-1, old, old, 3))
    way = cv2.INTER_AREA if new < old else cv2.INTER_LINEAR
    resized = [cv2.resize(p, (new, new), interpolation=way) for p in pixels]
    return np.reshape(resized, (*weights.shape[:-1], 3 * new * new))


def _convolution(name, inputs, channels, size=3, scale=1.0):
    """A convolution, built at once."""
    layer = layers.Conv2D(
        channels,
        size,
        padding="same",
        kernel_initializer=keras.initializers.VarianceScaling(scale),
        name=name,
    )
    layer.build((None, None, None, inputs))
    return layer


def _activate(features):
    return ops.leaky_relu(features, 0.2)


def _enlarge(pictures, factor):
    """Pictures enlarged without an edge between their pixels.

    Linear: backends do not agree on what bicubic is.
    """
    _, height, width, _ = pictures.shape
    size = (height * factor, width * factor)
    return ops.image.resize(pictures, size, interpolation="bilinear")
