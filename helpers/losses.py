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

    Example:
        >>> from helpers.losses import masked_mean
        >>> values, mask = np.float32([[[[1], [3], [9]]], [[[1], [1], [0]]]])
        >>> round(float(masked_mean(values[None], mask[None])[0]), 2)
        2.0
    """
    channels = ops.shape(values)[-1]
    area = ops.sum(mask, axis=(1, 2, 3)) * ops.cast(channels, values.dtype)
    # a little more than the area: it may be zero
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

    Example:
        >>> from helpers.losses import MaskedFaceLoss
        >>> white = np.ones((1, 8, 8, 4))  # the fourth channel: all is face
        >>> grey = np.full((1, 8, 8, 3), 0.75)
        >>> round(float(MaskedFaceLoss()(white, grey)), 2)
        0.25
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
        # the last row and column have no neighbour: they count for nothing
        # (slices of the error would say so, too, but their gradient is slow)
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
    """How hard the latent of another person doing the same is to find.

    Rows 0 and 1, 2 and 3, ... of a batch are such pairs. Each row looks for
    its other half among those of all pairs, by the angle between latents
    around their mean. 1 is chance, 0 is certainty.

    A distance between the two would be lowered by one loud direction that all
    share, such as how bright the picture is: it took 98 % of all variance, and
    in the rest two people had little in common. One direction alone does not
    tell a pair from many others.

    Args:
        temperature: float. Cosines are divided by it.

    Call arguments:
        y_true: not used.
        y_pred: float tensor, shape `(batch, latent_dim)`, `batch` even.

    Example:
        >>> from helpers.losses import LatentPairLoss
        >>> unused, pairs = np.zeros((16, 1)), np.repeat(np.eye(8), 2, axis=0)
        >>> losses = [LatentPairLoss()(unused, x) for x in (pairs, 0 * pairs)]
        >>> [round(float(loss), 1) for loss in losses]  # all pairs known, none
        [0.0, 1.0]

    Reference:
        Chen et al., 2020, "A simple framework for contrastive learning of
        visual representations", equation 1. Theirs are two views of one
        picture; ours are two people in one pose.
    """

    def __init__(self, temperature=0.2, name="latent_pair_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.temperature = temperature

    def call(self, y_true, y_pred):
        latents = ops.cast(y_pred, "float32")
        latents = latents - ops.mean(latents, axis=0, keepdims=True)
        square = ops.sum(ops.square(latents), axis=-1, keepdims=True)
        latents = latents * ops.rsqrt(square + 1e-6)
        first, second = latents[0::2], latents[1::2]
        # how alike the first of each pair (rows) is to the second of each
        closeness = ops.matmul(first, ops.transpose(second)) / self.temperature
        pairs = ops.cast(ops.shape(closeness)[0], "float32")
        own = ops.eye(ops.shape(closeness)[0])
        chances = [ops.log_softmax(closeness, axis=axis) for axis in (0, 1)]
        loss = -ops.sum(own * (chances[0] + chances[1])) / (2 * pairs)
        # one number for the whole batch; as a share of what chance costs
        return loss / ops.log(ops.maximum(pairs, 2.0))

    def get_config(self):
        return {**super().get_config(), "temperature": self.temperature}
