"""What training data is: batches by the number of a step, and their losses."""

import numpy as np

from helpers import augmentation
from helpers.encoder_decoder import resolution_of


class TrainingData:
    """Base of what a network is trained on: what `Trainer` asks of its data.

    Inputs and targets are dicts of arrays `(batch, ...)` by the names of the
    model's inputs and outputs: `face_key()` of an identity for its faces, and
    `blend`, `(batch, 1)`, among the inputs. A target that is a picture has its
    mask as fourth channel. What a step sees depends on the seed and the
    number of the step alone, never on what came before: a run that was
    stopped anywhere goes on as if it had not been.

    Attributes:
        seed: int.
        losses: dict from output to the Keras loss that it is measured by on
            held-out pictures, and trained by in a `SupervisedStep`.
        loss_weights: dict from output to float, or `None` for 1 each.
        outputs: dict from output to its name in reports: an identity, or
            what of a crowd it is.
        measured: tuple of names in reports whose loss `held_out()` measures.
        reconstructed: tuple of those of them that are pictures.
    """

    loss_weights = None
    measured = ()
    reconstructed = ()

    def batch(self, step, level, blend, batch_size):
        """What a step of training sees.

        Args:
            step: int, from 0, of the whole run.
            level: int.
            blend: float, 0-1, how far the level is faded in.
            batch_size: int. Pictures, of each identity where there are some.

        Returns:
            `(inputs, targets)`.
        """
        raise NotImplementedError

    def side(self, level):
        """Side in pixels of the pictures of a level, as reports give it."""
        return resolution_of(level)

    def held_out(self, level, blend):
        """What is never trained on: the same at every call.

        Args:
            level: int.
            blend: float, 0-1.

        Returns:
            `(inputs, targets)`, or `None` where nothing is held out.
        """
        raise NotImplementedError

    def preview_rows(self, inputs, targets, drawn, faces):
        """What `Trainer.preview()` shows of a batch.

        Args:
            inputs: dict, what the network saw.
            targets: dict, what it should have drawn.
            drawn: dict, what it drew.
            faces: int. Columns, at most.

        Returns:
            dict of row title to float32 array `(faces, side, side, 3)`, 0-1.
        """
        raise NotImplementedError


class CutData(TrainingData):
    """Base of data whose batches are cut from stored crops, with masks.

    A picture that is seen and the one that should be drawn are cut under one
    view. The mask is the target's fourth channel.

    Args:
        coverage: float. Share of a stored crop that the network sees.
        resolution: int. Side of the network crop at the top level.
        options: dict for `augmentation`, or `None` for its default.
        weights: float32 array, shape `(resolution, resolution)`, how much
            each pixel of a face counts (`masks.feature_weights()`), one
            number by which all masks are multiplied, or `None`.
        seed: int.
    """

    def __init__(self, coverage, resolution, options, weights, seed):
        self.coverage = coverage
        self.resolution = resolution
        self.options = options or augmentation.DEFAULT
        self.weights = weights
        self.seed = seed

    def sample_view(self, random, size, options):
        """A view of crops of this size, see `augmentation.sample_view()`."""
        return augmentation.sample_view(
            random, size, self.coverage, self.resolution, options
        )

    def cut_pair(self, random, seen, shown, mask, view, light, options):
        """Input and target with one view.

        Args:
            random: `numpy.random.Generator`.
            seen: uint8 array, shape `(size, size, 3)`, the input's crop.
            shown: uint8 array, same shape, the target's.
            mask: uint8 array, shape `(size, size)`, 0-255, the target's.
            view: from `sample_view()`.
            light: the factors of the one and of the other, see
                `augmentation.change_light()`.
            options: dict for `augmentation`.

        Returns:
            Tuple of float32 arrays, shapes `(resolution, resolution, 3)` and
            `(resolution, resolution, 4)`, 0-1.
        """
        side = self.resolution
        warp = None
        if options["warp"]:
            warp = augmentation.sample_warp(random, side, options["warp"])
        crop = augmentation.cut_view(seen, view, side, warp)
        crop = crop.astype("float32") / 255
        crop = augmentation.change_light(crop, light[0])
        target = np.empty((side, side, 4), "float32")
        target[..., :3] = augmentation.cut_view(shown, view, side)
        target[..., 3] = augmentation.cut_view(mask, view, side)
        target /= 255
        target[..., :3] = augmentation.change_light(target[..., :3], light[1])
        if self.weights is not None:
            target[..., 3] *= self.weights
        return crop, target


def at_level(pairs, level, blend):
    """Pairs as a level sees them, while it is faded in.

    Args:
        pairs: list from `CutData.cut_pair()`.
        level: int.
        blend: float, 0-1.

    Returns:
        Tuple of float32 arrays, shapes `(batch, side, side, 3)` and `(batch,
        side, side, 4)`, 0-1.
    """
    side = resolution_of(level)
    inputs = augmentation.shrink_pictures(
        np.stack([pair[0] for pair in pairs]), side
    )
    targets = augmentation.shrink_pictures(
        np.stack([pair[1] for pair in pairs]), side
    )
    if level > 0:
        inputs = augmentation.fade_pictures(inputs, blend)
        targets = augmentation.fade_pictures(targets, blend)
    return inputs, targets
