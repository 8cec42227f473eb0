"""The classic: one encoder, two decoders, 64 pixels, no levels.

The network that made face swapping known, kept exactly as it was, so that the
comb can be measured against it. It works like a comb that cannot grow: a code
of 1024 numbers is unfolded to 512 maps of 8 x 8, and the decoder of each
identity draws its face from them.

Reference:
    The "original" model of swap-face and of faceswap: 5 x 5 convolutions with
    stride 2 down, 3 x 3 convolutions and a pixel shuffle up, two dense layers
    without an activation between them in the middle; Adam with a rate of
    0.00005 and a first moment of 0.5, 64 faces of each identity a step.
"""

import keras
from keras import layers, ops

from helpers.encoder_decoder import level_of
from helpers.files import manifests
from helpers.swapper import Swapper, checked_names, face_key, name_key

RESOLUTION = 64
DOWN = (128, 256, 512, 1024)  # channels at 32, 16, 8 and 4 pixels
CODE = 1024  # numbers between encoder and decoders
STEM = 512  # channels at 8 x 8 pixels, the last that all identities share
UP = (256, 128, 64)  # channels at 16, 32 and 64 pixels, of each identity
LEARNING_RATE = 5e-5


def classic_optimizer(learning_rate=LEARNING_RATE):
    """The optimizer of the source, for `Trainer(optimizer=...)`."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.999)


def _built(layer, *shape):
    # at once, so that a checkpoint holds every variable
    layer.build((None, *shape))
    return layer


def _convolution(name, inputs, channels, size, strides=1):
    layer = layers.Conv2D(channels, size, strides, padding="same", name=name)
    return _built(layer, None, None, inputs)


def _activate(inputs):
    return ops.leaky_relu(inputs, 0.1)


class Classic(Swapper):
    """One shared encoder and a decoder for each named identity, at 64 pixels.

    Args:
        identities: names, one a decoder. The source has two.
        width: float. All channels and the code, as a share of the source's;
            0.25 trains in minutes on a laptop.
        contract: dict from `manifests.data_contract()`.

    Raises:
        ValueError: if a name is missing, doubled or not a plain name, or if
            no channel is left.
    """

    resolution = RESOLUTION

    def __init__(self, identities, width=1.0, contract=None):
        super().__init__()
        self.identities = checked_names(identities)
        self.width = float(width)
        self.level = level_of(RESOLUTION)  # the only one; training sets it
        self.contract = contract or manifests.data_contract()
        if not 1 / UP[-1] <= self.width <= 1:
            raise ValueError(
                f"The width is a share of the source's, 1/{UP[-1]} to 1. "
                f"Received: width={width!r}"
            )
        down = [self._scaled(channels) for channels in DOWN]
        self.latent_dim = self._scaled(CODE)
        self.encoder = [
            _convolution(f"encoder_{side}", inputs, channels, 5, 2)
            for side, inputs, channels in zip(
                (32, 16, 8, 4), [3, *down], down, strict=False
            )
        ]
        self.encoder.append(
            _built(
                layers.Dense(self.latent_dim, name="encoder_latent"),
                16 * down[-1],
            )
        )
        self.stem = [
            _built(
                layers.Dense(16 * down[-1], name="decoder_shared_latent"),
                self.latent_dim,
            ),
            _convolution(
                "decoder_shared_8", down[-1], 4 * self._scaled(STEM), 3
            ),
        ]
        self.decoders = {
            identity: self._build_decoder(name_key(identity))
            for identity in self.identities
        }

    def _scaled(self, channels):
        return round(channels * self.width)

    def _build_decoder(self, key):
        up = [self._scaled(channels) for channels in UP]
        inputs = [self._scaled(STEM), *up]
        return [
            *(
                _convolution(f"decoder_{key}_{side}", below, 4 * channels, 3)
                for side, below, channels in zip(
                    (16, 32, 64), inputs, up, strict=False
                )
            ),
            _convolution(f"decoder_{key}_to_rgb", up[-1], 3, 5),
        ]

    def config(self):
        """What it takes to build this network again, as a dict for JSON."""
        return {
            "identities": list(self.identities),
            "width": self.width,
            "contract": self.contract,
        }

    @classmethod
    def least_numbers(cls, config):
        """See `Swapper.least_numbers()`: kernels of the decoders."""
        maps = (STEM, *UP)
        pairs = [a * b for a, b in zip(maps, UP, strict=False)]
        own = 36 * sum(pairs) * float(config["width"]) ** 2
        # a quarter: channels are rounded
        return int(len(config["identities"]) * own / 4)

    def layers(self):
        """All layers of all identities, in a fixed order."""
        return [*self.encoder, *self.stem, *sum(self.decoders.values(), [])]

    def encode_tensor(self, crops):
        """Codes, shape `(batch, latent_dim)`, of crops."""
        *convolutions, to_latent = self.encoder
        for convolution in convolutions:
            crops = _activate(convolution(crops))
        return to_latent(layers.Flatten()(crops))

    def decode_tensor(self, latents, identity):
        """Pictures, shape `(batch, 64, 64, 3)` in 0-1, of an identity."""
        unfold, *upward = self.stem
        *own, to_rgb = self.decoders[identity]
        # no activation on either side of the code, as in the source
        features = ops.reshape(unfold(latents), (-1, 4, 4, unfold.units // 16))
        for convolution in [*upward, *own]:
            features = ops.depth_to_space(_activate(convolution(features)), 2)
        return ops.sigmoid(to_rgb(features))

    def autoencoder(self, level=None):
        """Model that reconstructs each identity with its own decoder.

        Args:
            level: int or `None`. There is one only, that of 64 pixels.

        Returns:
            `keras.Model` with the inputs and outputs of
            `Comb.autoencoder()`. It takes the blend and makes no use of it.

        Raises:
            ValueError: if it should work at another level.
        """
        if level not in (None, level_of(RESOLUTION)):
            raise ValueError(
                f"The classic does not grow: it works at {RESOLUTION} pixels, "
                f"level {level_of(RESOLUTION)}. Received: level={level!r}. "
                "Train it flat, by growth_schedule(4, steps, first_level=4)."
            )
        blend = keras.Input((1,), name="blend")
        keys = {identity: face_key(identity) for identity in self.identities}
        crops = {
            key: keras.Input((RESOLUTION, RESOLUTION, 3), name=key)
            for key in keys.values()
        }
        # one pass of the encoder for everybody
        latents = self.encode_tensor(
            ops.concatenate(list(crops.values()), axis=0)
        )
        parts = ops.split(latents, len(crops), axis=0)
        outputs = {
            key: self.decode_tensor(part, identity)
            for (identity, key), part in zip(keys.items(), parts, strict=True)
        }
        return keras.Model({"blend": blend, **crops}, outputs)


def build_classic(identities, **options):
    """A new network with fresh weights. See `Classic` for the arguments."""
    return Classic(identities, **options)
