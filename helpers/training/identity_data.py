"""Face sets -> batches for a comb: every identity reconstructs itself."""

import numpy as np

from helpers import augmentation
from helpers.losses import MaskedFaceLoss
from helpers.masks import feature_weights, landmark_weights
from helpers.swapper import face_key
from helpers.training.training_data import CutData, at_level

FEATURE_WEIGHT = np.float32(3)  # of eyes and mouth; the rest of a face: 1


class IdentityData(CutData):
    """Batches for a comb: every identity reconstructs itself.

    Args:
        crops: dict of identity to uint8 array `(faces, size, size, 3)`.
        masks: dict of identity to uint8 array `(faces, size, size)`, 0-255.
        coverage: float. Share of a stored crop that the network sees.
        resolution: int. Side of the network crop at the top level.
        held_out: dict of identity to `(crops, masks)` never trained on.
        options: see `CutData`, as are `weights` and `seed`.
    """

    def __init__(
        self,
        crops,
        masks,
        coverage,
        resolution,
        held_out=None,
        options=None,
        weights=None,
        seed=0,
    ):
        super().__init__(coverage, resolution, options, weights, seed)
        for identity, pictures in crops.items():
            if len(pictures) == 0:
                raise ValueError(
                    f"There is no crop of {identity} to train on. Run "
                    "notebooks/01_data_generation.ipynb with more footage."
                )
        self.crops = crops
        self.masks = masks
        self.unseen = {
            name: faces
            for name, faces in (held_out or {}).items()
            if len(faces[0])
        }
        self.measured = tuple(self.unseen)  # outputs that held_out() measures
        self.reconstructed = self.measured  # those of them that are pictures
        self.outputs = {face_key(name): name for name in crops}
        self.losses = {key: MaskedFaceLoss() for key in self.outputs}

    def batch(self, step, level, blend, batch_size):
        """Inputs and targets of one step: see `Comb.autoencoder()`."""
        random = np.random.default_rng((self.seed, step))
        sets = {
            name: (self.crops[name], self.masks[name]) for name in self.crops
        }
        chosen = self._choose(random, batch_size)
        return self._cut(random, sets, chosen, level, blend, self.options)

    def rows_of(self, step, batch_size):
        """Which of its crops a step shows of each identity.

        Returns:
            dict of identity to int array `(batch_size,)`.
        """
        random = np.random.default_rng((self.seed, step))
        return self._choose(random, batch_size)

    def _choose(self, random, batch_size):
        return {
            name: random.integers(len(crops), size=batch_size)
            for name, crops in self.crops.items()
        }

    def held_out(self, level, blend, faces=32):
        """Inputs and targets that are the same at every call.

        The network takes all identities at once: one that has no unseen
        faces takes part with trained ones, and is not in `measured`.
        """
        if not self.unseen:
            return None
        random = np.random.default_rng((self.seed, 0))
        sets = {
            name: self.unseen.get(name, (self.crops[name], self.masks[name]))
            for name in self.crops
        }
        chosen = {
            name: np.linspace(0, len(crops) - 1, faces).astype(int)
            for name, (crops, _) in sets.items()
        }
        plain = augmentation.PLAIN
        return self._cut(random, sets, chosen, level, blend, plain)

    def _cut(self, random, sets, chosen, level, blend, options):
        inputs, targets = {}, {}
        for name, (crops, masks) in sets.items():
            views = []
            for k in chosen[name]:
                crop, mask = crops[k], masks[k]
                view = self.sample_view(random, len(crop), options)
                # what is drawn stays as it was: a decoder that follows every
                # tint takes the colour of the target's skin for a light
                light = augmentation.sample_light(random, options["light"]), 1
                views.append(
                    self.cut_pair(
                        random, crop, crop, mask, view, light, options
                    )
                )
            key = face_key(name)
            inputs[key], targets[key] = at_level(views, level, blend)
        count = len(next(iter(inputs.values())))
        inputs["blend"] = np.full((count, 1), blend, "float32")
        return inputs, targets

    def preview_rows(self, inputs, targets, drawn, faces):
        """Rows of `Trainer.preview()`."""
        each = max(1, faces // len(self.outputs))
        seen = [inputs[key][:each] for key in self.outputs]
        own = [np.asarray(drawn[key])[:each] for key in self.outputs]
        return {"seen": np.concatenate(seen), "drawn": np.concatenate(own)}


def identity_data(face_sets, resolution, options=None, seed=0, reader=None):
    """Batches of face sets: their training takes, and the held-out ones.

    Args:
        face_sets: list of `FaceSet`, one an identity.
        resolution: int. Side of the network crop at the top level.
        options: dict for `augmentation`.
        seed: int.
        reader: `face_landmarks.LandmarkReader`, to weigh eyes and mouth where
            each crop has them; or `None`: where the template has them, which
            trained as well (`benchmarks.feature_weights`).

    Returns:
        `IdentityData`.
    """
    contract = face_sets[0].contract
    # no more pixels than the network's own scale needs
    size = face_sets[0].size_for(resolution)
    weights = feature_weights(resolution, contract)
    loaded = {}
    for face_set in face_sets:
        for split in ("train", "test"):
            part = face_set.select(split)
            crops, masks = part.load_crops(size), part.load_masks(size)
            if reader is not None:
                masks = weigh_masks(crops, masks, reader)
                weights = FEATURE_WEIGHT  # of the whole mask, as 255 is 1
            loaded[face_set.identity, split] = crops, masks
    names = [face_set.identity for face_set in face_sets]
    return IdentityData(
        {name: loaded[name, "train"][0] for name in names},
        {name: loaded[name, "train"][1] for name in names},
        contract["coverage"],
        resolution,
        held_out={
            name: loaded[name, "test"]
            for name in names
            if len(loaded[name, "test"][0])
        },
        options=options,
        weights=weights,
        seed=seed,
    )


def weigh_masks(crops, masks, reader):
    """Masks in which eyes and mouth count more, where each crop has them.

    Args:
        crops: uint8 array, shape `(faces, size, size, 3)`. Whole crops.
        masks: uint8 array, shape `(faces, size, size)`, 0-255.
        reader: `face_landmarks.LandmarkReader`.

    Returns:
        uint8 array, shape `(faces, size, size)`: 255 stands for
        `FEATURE_WEIGHT`, in the middle of an eye or the mouth.
    """
    weighed = np.empty_like(masks)
    for row, points in enumerate(reader.landmarks(crops)):
        weights = landmark_weights(points, masks.shape[1], FEATURE_WEIGHT)
        weighed[row] = np.rint(masks[row] * (weights / FEATURE_WEIGHT))
    return weighed
