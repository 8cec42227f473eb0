"""A comb and face sets -> batches for its detail network.

What the comb draws of a crop goes in, the crop as it was filmed should come
out: the comb is not touched, and everything that trains it trains this too.
"""

import functools

import keras
import numpy as np

from helpers.faces.face_set import evenly
from helpers.losses import MaskedFaceLoss
from helpers.masks import feature_weights
from helpers.swapper import face_key, resize_pictures
from helpers.training.detail_loss import DetailLoss
from helpers.training.training_data import TrainingData

MOST_FACES = 600  # of each identity: a picture takes 256 kB at 256 pixels
# What training does to pictures that go in: a swap is a little darker or
# brighter than what was drawn of one's own crops. To draw their latents shaken,
# as a swap's are never quite the source's, changed no figure.
BRIGHTNESS, NOISE = 0.1, 0.01
MOVED = 4  # ways to stand on a grid of four: 0 to 3 pixels of what goes in
HELD_OUT = 16  # faces that unseen losses are measured on


def detail_optimizer(learning_rate):
    """The optimizer that trains detail networks."""
    return keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)


class DetailData(TrainingData):
    """Batches for a `DetailNetwork`: what a comb draws, and what was filmed.

    Args:
        drawn: dict of identity to uint8 array `(faces, resolution,
            resolution, 3)`: each face as the comb draws it.
        shown: dict of identity to uint8 array `(faces, side, side, 4)`: the
            crop itself, and its mask.
        unseen: dict of identity to a pair of the same, never trained on.
        weights: float32 array, shape `(side, side)`, how much each pixel
            counts.
        seed: int.
        loss: function that makes the loss of an identity's pictures.
    """

    def __init__(self, drawn, shown, unseen, weights, seed=0, loss=DetailLoss):
        self.drawn, self.shown, self.unseen = drawn, shown, unseen
        self.weights, self.seed = weights, seed
        self.outputs = {face_key(name): name for name in drawn}
        self.losses = {key: loss() for key in self.outputs}
        self.measured = self.reconstructed = tuple(
            name for name, (faces, _) in unseen.items() if len(faces)
        )

    def batch(self, step, level, blend, batch_size):
        """Inputs and targets of one step."""
        random = np.random.default_rng((self.seed, step))
        inputs, targets = {}, {}
        for key, name in self.outputs.items():
            rows = random.integers(len(self.drawn[name]), size=batch_size)
            seen = self.drawn[name][rows] / np.float32(255)
            wanted = self.shown[name][rows] / np.float32(255)
            light = random.uniform(
                1 - BRIGHTNESS, 1 + BRIGHTNESS, (batch_size, 1, 1, 1)
            ).astype(np.float32)
            noise = random.standard_normal(seen.shape, np.float32)
            seen = seen * light + np.float32(NOISE) * noise
            wanted[..., :3] *= light
            wanted[..., 3] *= self.weights
            if random.random() < 0.5:
                seen, wanted = seen[:, :, ::-1], wanted[:, :, ::-1]
            # `DetailLoss` looks at every fourth pixel, and always at the same
            # ones would teach a grid; what leaves on one side comes back
            # on the other, where no face is
            moved = random.integers(MOVED, size=2)
            factor = wanted.shape[1] // seen.shape[1]
            seen = np.roll(seen, moved, axis=(1, 2))
            wanted = np.roll(wanted, factor * moved, axis=(1, 2))
            inputs[key], targets[key] = seen, wanted
        return inputs, targets

    def side(self, level):
        """Side in pixels of what is drawn."""
        return len(self.weights)

    def held_out(self, level, blend):
        """Unseen faces, as the comb draws them; the same at every call."""
        if not self.measured:
            return None
        inputs, targets = {}, {}
        for key, name in self.outputs.items():
            drawn, shown = self.unseen[name]
            if name not in self.measured:
                drawn, shown = self.drawn[name], self.shown[name]
            # the model takes all identities at once: as many of each
            rows = np.linspace(0, len(shown) - 1, HELD_OUT).round().astype(int)
            inputs[key] = drawn[rows] / np.float32(255)
            targets[key] = shown[rows] / np.float32(255)
            targets[key][..., 3] *= self.weights
        return inputs, targets

    def preview_rows(self, inputs, targets, drawn, faces):
        """Rows of `Trainer.preview()`: enlarged, drawn, filmed."""
        each = max(1, faces // len(self.outputs))
        side = next(iter(targets.values())).shape[1]
        enlarged = [resize_pictures(inputs[k][:each], side) for k in drawn]
        own = [np.asarray(drawn[key])[:each] for key in drawn]
        filmed = [targets[key][:each, ..., :3] for key in drawn]
        rows = {"enlarged": enlarged, "with detail": own, "filmed": filmed}
        return {title: np.concatenate(row) for title, row in rows.items()}


def detail_data(comb, face_sets, side, seed=0):
    """What a detail network of a comb is trained on.

    Args:
        comb: trained `Comb`.
        face_sets: dict of name to `FaceSet`.
        side: int. Side of what the network draws, in pixels.
        seed: int.

    Returns:
        `DetailData`.
    """
    seen, unseen = {}, {}
    for name, face_set in face_sets.items():
        train = face_set.select("train")
        train = train.pick(evenly(len(train), MOST_FACES))
        test = face_set.select("test")
        test = test.pick(evenly(len(test), HELD_OUT))
        seen[name] = _pictures(comb, train, side)
        unseen[name] = _pictures(comb, test, side)
    weights = feature_weights(side, comb.contract)
    drawn = {name: pair[0] for name, pair in seen.items()}
    shown = {name: pair[1] for name, pair in seen.items()}
    loss = DetailLoss
    if all(face_set.rendered for face_set in face_sets.values()):
        # rendered skin has no more in it than its colours: as sharp, at half
        # the time
        loss = functools.partial(MaskedFaceLoss, detail=1.0)
    return DetailData(drawn, shown, unseen, weights, seed, loss)


def _pictures(comb, face_set, side):
    """What a comb draws of faces, and what they look like, with masks."""
    latents = comb.encode(face_set.network_crops(comb.resolution))
    drawn = comb.decode(latents, face_set.identity)
    crops = face_set.network_crops(side)
    masks = face_set.network_masks(side)[..., None]
    shown = np.concatenate([crops, masks], axis=-1)
    return _bytes(drawn), _bytes(shown)


def _bytes(pictures):
    return np.rint(255 * pictures).astype(np.uint8)
