"""Predicted pictures and latents -> how wrong they are, inside the mask.

Targets carry their mask as a fourth channel, so that one array tells the loss
all it needs on every backend.
"""

import keras
from keras import ops


def masked_mean(values, mask):
    """Mean over the pixels of a face, for each picture.

    Args:
        values: float tensor, shape `(batch, height, width, channels)`.
        mask: float tensor, shape `(batch, height, width, 1)`, 0-1.

    Returns:
        float tensor, shape `(batch,)`. 0 where a mask is empty.
    """
    channels = ops.shape(values)[-1]
    area = ops.sum(mask, axis=(1, 2, 3)) * ops.cast(channels, values.dtype)
    return ops.sum(values * mask, axis=(1, 2, 3)) / (area + 1e-3)


@keras.saving.register_keras_serializable("helpers")
class MaskedFaceLoss(keras.losses.Loss):
    """Colour error inside the mask, plus the error of its local changes.

    The second term compares each pixel's difference to its right and lower
    neighbour: it counts little for a wrong brightness and much for a lid or
    a lip at the wrong place, which the first term hardly sees.

    Args:
        detail: float. Weight of the second term.

    Call arguments:
        y_true: float tensor, shape `(batch, height, width, 4)`: RGB in 0-1
            and the mask in 0-1.
        y_pred: float tensor, shape `(batch, height, width, 3)`, RGB in 0-1.
    """

    def __init__(self, detail=0.5, name="masked_face_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.detail = detail

    def call(self, y_true, y_pred):
        # half precision would lose the small differences
        y_true = ops.cast(y_true, "float32")
        mask = y_true[..., 3:]
        error = ops.cast(y_pred, "float32") - y_true[..., :3]
        loss = masked_mean(ops.abs(error), mask)
        if not self.detail:
            return loss
        # the last row and column have no neighbour: they count for nothing.
        # Slices of the error would say so too, but the gradient of a slice
        # is slow
        below = ops.pad(mask[:, 1:], ((0, 0), (0, 1), (0, 0), (0, 0)))
        beside = ops.pad(mask[:, :, 1:], ((0, 0), (0, 0), (0, 1), (0, 0)))
        return loss + self.detail * (
            masked_mean(ops.abs(ops.roll(error, -1, axis=1) - error), below)
            + masked_mean(ops.abs(ops.roll(error, -1, axis=2) - error), beside)
        )

    def get_config(self):
        return {**super().get_config(), "detail": self.detail}


@keras.saving.register_keras_serializable("helpers")
class LatentPairLoss(keras.losses.Loss):
    """How far the latents of two people lie apart who do the same.

    Rows 0 and 1, 2 and 3, ... of a batch are such pairs. Their squared
    distance is divided by the spread of all latents, so that the loss cannot
    be lowered by shrinking everything: 1 means unrelated, 0 the same.

    Call arguments:
        y_true: not used.
        y_pred: float tensor, shape `(batch, latent_dim)`, `batch` even.
    """

    def __init__(self, name="latent_pair_loss", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        latents = ops.cast(y_pred, "float32")
        first, second = latents[0::2], latents[1::2]
        distance = ops.mean(ops.square(first - second), axis=0)
        # the gradient has to pass through the spread too: without it the loss
        # pulls all latents together, and the network forgets to look
        spread = ops.var(latents, axis=0)
        return ops.mean(distance / (2 * spread + 1e-3)) * ops.ones((1,))
