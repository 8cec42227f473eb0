"""The comb: one shared encoder, and one decoder for each named identity.

To swap, encode the target's face and decode with the source's decoder. The
lowest decoder levels are shared, as the encoder is; the rest is each
identity's own.

Reference:
    Naruniec et al., 2020, "High-resolution neural face swapping for visual
    effects", Computer Graphics Forum 39(4): the shared encoder, the shared
    lowest decoder levels and the growth.
"""

import copy

import keras
from keras import ops

from helpers.encoder_decoder import (
    LATENT_DIM,
    WIDTHS,
    Decoder,
    Encoder,
    level_of,
    resolution_of,
    upward_layers,
)
from helpers.files import manifests
from helpers.swapper import Swapper, checked_names, face_key, name_key

SHARED_LEVELS = 2  # decoder levels 0 and 1, as in the paper's figure


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

    Example:
        >>> from helpers.comb import Comb
        >>> comb = Comb(["Rosa", "Nils"], resolution=16)
        >>> comb.swap(np.zeros((5, 16, 16, 3)), source="Rosa").shape
        (5, 16, 16, 3)
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
        self.stem = upward_layers(
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

    def autoencoder(self, level=None):
        """Model that reconstructs each identity with its own decoder.

        Args:
            level: int or `None`. Level to work at; `None` for the one that
                the comb has grown to.

        Returns:
            `keras.Model` from `{"blend": (batch, 1), key: (batch, height,
            width, 3), ...}` to `{key: (batch, height, width, 3), ...}`, 0-1,
            with `key = face_key(identity)`. All levels' models share their
            variables.

        Example:
            >>> from helpers.comb import build_comb
            >>> comb = build_comb(["Rosa", "Nils"], resolution=16)
            >>> comb.autoencoder(level=1).output["face-Rosa"].shape
            (None, 8, 8, 3)
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
        keys = [face_key(identity) for identity in self.identities]
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

        Example:
            >>> from helpers.comb import build_comb
            >>> comb = build_comb(["Rosa", "Nils"], resolution=16)
            >>> rosa = comb.alone("Rosa")
            >>> rosa.identities, rosa.encoder is comb.encoder
            (('Rosa',), True)
        """
        self.check_identity(identity)
        view = copy.copy(self)
        view.identities = (identity,)
        view.decoders = {identity: self.decoders[identity]}
        return view

    @classmethod
    def least_numbers(cls, config):
        """See `Swapper.least_numbers()`: kernels between many channels."""
        widths, latent_dim = config["widths"], config["latent_dim"]
        # channels in times channels out, of each step from level to level
        pairs = [a * b for a, b in zip(widths, widths[1:], strict=False)]
        # a decoder's are 3 x 3 pixels to 4 pixels, the encoder's 5 x 5 to one
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

    def encode_tensor(self, crops):
        """Latents, of averaged pixels below the top level."""
        factor = self.resolution // resolution_of(self.level)
        if factor > 1:
            crops = ops.average_pool(crops, factor, factor)
        return self.encoder(crops, None, self.level)

    def decode_tensor(self, latents, identity):
        """Pictures, enlarged below the top level."""
        factor = self.resolution // resolution_of(self.level)
        picture = self.decoders[identity](latents, None, self.level)
        if factor > 1:
            picture = ops.repeat(picture, factor, axis=1)
            picture = ops.repeat(picture, factor, axis=2)
        return picture


def build_comb(identities, **options):
    """A new comb with fresh weights. See `Comb` for the arguments.

    Example:
        >>> from helpers.comb import build_comb
        >>> comb = build_comb(["Rosa", "Nils"], resolution=16)
        >>> comb.identities, comb.level
        (('Rosa', 'Nils'), 2)
    """
    return Comb(identities, **options)
