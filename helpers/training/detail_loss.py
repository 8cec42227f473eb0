"""Drawn faces -> how wrong they look: colours, edges, and what a network sees.

Whoever is fined for colours alone draws fog where a lash may stand a pixel
aside. A network that was trained to recognise people notices fog: of its first
convolutions, which know edges, corners and textures and nobody's name, drawn
and filmed faces should be alike. It does not judge here: `likeness_gap` asks
the other network.

Reference:
    Johnson et al., 2016, "Perceptual losses for real-time style transfer and
    super-resolution", section 3.2: the feature reconstruction loss.
"""

import functools

import keras
from keras import ops

from helpers.faces.readers import second_likeness
from helpers.losses import MaskedFaceLoss

# Of 13 pairs of convolutions; after 5 it is dearer and no better.
LAYER = "conv_pw_3"
WEIGHT = 0.5  # sharper at 1, but a grid begins to show
LEAST_MASK = 0.3  # where less is face, the filmed pixel is shown for both


@functools.cache
def early_features():
    """The network's first convolutions, read once in a process.

    Returns:
        `keras.Model` from what `second_likeness.build_features()` takes to
        `(batch, 48, 48, 128)`. It is never trained.
    """
    network = second_likeness.read_features()
    early = keras.Model(network.inputs, network.get_layer(LAYER).output)
    early.trainable = False
    return early


class DetailLoss(MaskedFaceLoss):
    """`MaskedFaceLoss`, and how differently a network sees the two faces.

    Args:
        detail: float, see `MaskedFaceLoss`.
        seen: float. Weight of what the network sees.

    Call arguments:
        y_true, y_pred: as for `MaskedFaceLoss`, of any side; the mask may
            be above 1 where pixels count more.
    """

    def __init__(self, detail=1.0, seen=WEIGHT, name="detail_loss", **kwargs):
        super().__init__(detail=detail, name=name, **kwargs)
        self.seen = seen
        self._features = early_features()

    def call(self, y_true, y_pred):
        loss = super().call(y_true, y_pred)
        y_true = ops.cast(y_true, "float32")
        filmed = y_true[..., :3]
        inside = ops.cast(y_true[..., 3:] > LEAST_MASK, "float32")
        drawn = inside * ops.cast(y_pred, "float32") + (1 - inside) * filmed
        # in two runs: the filmed one needs no gradient
        wanted = ops.stop_gradient(self._features(_as_seen(filmed)))
        given = self._features(_as_seen(drawn))
        error = ops.mean(ops.abs(given - wanted), axis=(1, 2, 3))
        # as a share of what is seen at all
        return loss + self.seen * error / (ops.mean(ops.abs(wanted)) + 1e-6)

    def get_config(self):
        return {**super().get_config(), "seen": self.seen}


def _as_seen(pictures):
    """RGB in 0-1, as the network takes them."""
    side = second_likeness.RESOLUTION
    pictures = ops.image.resize(pictures, (side, side), antialias=True)
    mean = ops.convert_to_tensor(second_likeness.MEAN, dtype="float32")
    return 255 * ops.flip(pictures, axis=-1) - mean
