"""The crowd: a comb's pretraining on many people with one common decoder.

All people share every convolution of the decoder; what makes a face the face
of one person are two numbers a channel, a *style*. Since the input shows one
person and the output another one, doing the same, the latent has to drop who
is seen. A comb for other people starts from here.

What a face does is small in pixels: a lid moves by two of them. The renderer
knows it in numbers, so a single layer reads it off the latent beside the
decoder, and has to be right too.

Reference:
    Scaling and shifting the channels of a shared decoder for each identity
    is the idea of Disney's later patent US 11,568,524 (its abstract). Pairs
    of different people doing the same need a truth: only rendered people
    have it.
"""

import keras
import numpy as np

from helpers.comb import Comb
from helpers.encoder_decoder import dense, resolution_of

# Frame parameters of a rendered person that have to be readable from a latent:
# first those of a score (`synthetic.EXPRESSION_PARAMETERS`), then what else
# its face does, in the order of the layer's weights.
READ_PARAMETERS = (
    "yaw",
    "pitch",
    "jaw",
    "smile",
    "blink",
    "gaze_x",
    "gaze_y",
    "pucker",
    "brow_up",
    "frown",
    "lip_raise",
    "squint",
)


class Crowd(Comb):
    """A shared encoder and one decoder with a style for each person.

    Args:
        people: int. How many people the crowd has.
        **options: as for `Comb`. The shared levels have no style.

    Example:
        >>> from helpers.crowd import Crowd
        >>> drawn = Crowd(people=50, resolution=16).autoencoder().output
        >>> drawn["crowd"].shape, drawn["expression"].shape
        ((None, 16, 16, 3), (None, 12))
    """

    def __init__(self, people, **options):
        self.people = people
        super().__init__(("crowd",), **options)
        self.to_expression = dense(
            "expression", self.latent_dim, len(READ_PARAMETERS)
        )

    def _build_decoder(self, name, people=None):
        return super()._build_decoder(name, people=self.people)

    @classmethod
    def least_numbers(cls, config):
        """See `Swapper.least_numbers()`: one decoder, and everybody's style."""
        styles = 2 * config["people"] * config["widths"][-1]
        return styles + super().least_numbers({**config, "identities": (None,)})

    @classmethod
    def with_fresh_decoders(cls, identities=None, people=None, **config):
        """A comb for these identities, its shared parts to be loaded."""
        if identities is None:
            raise ValueError(
                "A crowd has no identities of its own: name those of the "
                f"comb. Received: identities={identities!r}"
            )
        return Comb(identities, **config)

    @property
    def decoder(self):
        """The decoder of the whole crowd."""
        return self.decoders["crowd"]

    def layers(self):
        """All layers of all levels, in a fixed order."""
        return [*super().layers(), self.to_expression]

    def config(self):
        """What it takes to build this crowd again, as a dict for JSON."""
        config = super().config()
        del config["identities"]
        return {"people": self.people, **config}

    def autoencoder(self, level=None):
        """Model that shows another person doing what the input does.

        Args:
            level: as for `Comb.autoencoder()`.

        Returns:
            `keras.Model` from `{"blend": (batch, 1), "crops": (batch, height,
            width, 3), "person": (batch, 1)}` to `{"crowd": (batch, height,
            width, 3), "latents": (batch, latent_dim), "expression": (batch,
            parameters)}`: `READ_PARAMETERS`, standardised.
        """
        level = self.level if level is None else level
        side = resolution_of(level)
        blend = keras.Input((1,), name="blend")
        crops = keras.Input((side, side, 3), name="crops")
        person = keras.Input((1,), name="person", dtype="int32")
        latents = self.encoder(crops, blend, level)
        pictures = self.decoder(latents, blend, level, person)
        return keras.Model(
            {"blend": blend, "crops": crops, "person": person},
            {
                "crowd": pictures,
                "latents": latents,
                "expression": self.to_expression(latents),
            },
        )


def build_crowd(people, **options):
    """A new crowd with fresh weights. See `Crowd` for the arguments.

    Example:
        >>> from helpers.crowd import build_crowd
        >>> build_crowd(people=50, resolution=16).config()["people"]
        50
    """
    return Crowd(people, **options)


def comb_from_crowd(crowd, identities):
    """A comb whose encoder, stem and decoders start from a crowd.

    Every identity starts as the crowd's average face: the mean style is
    multiplied into the convolutions, which the identity then has for itself.

    Args:
        crowd: a pretrained `Crowd`.
        identities: names of the comb's identities.

    Returns:
        `Comb` with the crowd's widths, latent and contract.

    Example:
        >>> from helpers.crowd import build_crowd, comb_from_crowd
        >>> crowd = build_crowd(people=50, resolution=16)
        >>> comb = comb_from_crowd(crowd, ["Rosa", "Nils"])
        >>> latents = np.ones((1, 128))
        >>> rosa, nils = (comb.decode(latents, name) for name in comb.decoders)
        >>> bool(np.all(rosa == nils))  # both are the crowd's average face
        True
    """
    config = crowd.config()
    del config["people"]
    comb = Comb(identities, **config)
    copy_weights(crowd.layers_of("shared"), comb.layers_of("shared"))
    for decoder in comb.decoders.values():
        targets = [*decoder.own, *decoder.to_rgb]
        sources = [*crowd.decoder.own, *crowd.decoder.to_rgb]
        for target, source in zip(targets, sources, strict=True):
            style = crowd.decoder.styles.get(source.name)
            target.set_weights(_with_mean_style(source, style))
    return comb


def comb_for(pretrained, identities):
    """A comb for these identities that starts from what was pretrained.

    Args:
        pretrained: `Crowd`, or a `Comb` of the same or of other people. An
            identity that the comb knows keeps its decoder; a new one starts
            from a copy of the first.
        identities: names of the new comb's identities.

    Returns:
        `Comb`.

    Example:
        >>> from helpers.comb import build_comb
        >>> from helpers.crowd import comb_for
        >>> old = build_comb(["Rosa", "Nils"], resolution=16)
        >>> comb_for(old, ["Rosa", "Mary"]).identities
        ('Rosa', 'Mary')
    """
    if isinstance(pretrained, Crowd):
        return comb_from_crowd(pretrained, identities)
    comb = Comb(**{**pretrained.config(), "identities": identities})
    comb.level = pretrained.level
    copy_weights(pretrained.layers_of("shared"), comb.layers_of("shared"))
    first = pretrained.identities[0]
    for identity, decoder in comb.decoders.items():
        known = identity if identity in pretrained.decoders else first
        copy_weights(pretrained.decoders[known].layers(), decoder.layers())
    return comb


def renew_bottleneck(comb):
    """Give a comb a latent that it has not learned yet, in place.

    The cure for a pooled warm start: a comb of one identity that is trained on
    everybody's faces, and whose decoder `comb_for()` then copies for each.
    Its latent says who is seen, for that one decoder draws them all; so each
    copy can, too, and a swap gives the target's own face back. Fresh weights
    from level 0 through the latent to level 0 make the old codes worthless.
    All that was learned above them stays.

    Args:
        comb: `Comb`, just made by `comb_for()`.

    Returns:
        The same `Comb`.

    Example:
        >>> from helpers.comb import build_comb
        >>> from helpers.crowd import comb_for, renew_bottleneck
        >>> old = build_comb(["Rosa"], resolution=16)
        >>> new = renew_bottleneck(comb_for(old, ["Rosa"]))
        >>> for one, other in zip(old.encoder.layers(), new.encoder.layers()):
        ...     if (one.kernel.numpy() != other.kernel.numpy()).any():
        ...         print(one.name)
        encoder_4
        encoder_latent

    Reference:
        DeepFaceLab (its SAEHD model) renews what lies between encoder and
        decoder when its pretraining is switched off.
    """
    fresh = Comb(**comb.config())
    copy_weights(_bottleneck(fresh), _bottleneck(comb))
    return comb


def _bottleneck(comb):
    """Layers beside the latent: level 0 of the encoder and of the decoders."""
    beside = [comb.encoder.down[0], comb.encoder.to_latent]
    for decoder in comb.decoders.values():
        beside += decoder.up[:2]  # a layer that is shared comes each time
    return beside


def copy_weights(sources, targets):
    """Give some layers the weights of as many others of the same shapes.

    Args:
        sources: list of layers.
        targets: list of layers, changed in place.

    Example:
        >>> import keras
        >>> from helpers.crowd import copy_weights
        >>> one, other = (keras.layers.Dense(2) for _ in range(2))
        >>> one.build((None, 3)), other.build((None, 3))
        (None, None)
        >>> copy_weights([one], [other])
        >>> bool((one.get_weights()[0] == other.get_weights()[0]).all())
        True
    """
    for source, target in zip(sources, targets, strict=True):
        target.set_weights(source.get_weights())


def _with_mean_style(layer, style):
    """Weights of a convolution into which the mean style is multiplied."""
    kernel, bias = layer.get_weights()
    if style is None:
        return [kernel, bias]
    scale, shift = (np.mean(w, axis=0) for w in style.get_weights())
    # scale * (kernel x + bias) + shift, in one convolution
    return [kernel * scale, bias * scale + shift]
