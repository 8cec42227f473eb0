"""Crops -> batches: what a crowd, or a comb, sees in a step of training.

What a step sees depends on the seed and the number of the step alone, never
on what came before: a run that was stopped anywhere goes on as if it had not
been.
"""

import keras
import numpy as np

from helpers import augmentation
from helpers.crowd import READ_PARAMETERS
from helpers.encoder_decoder import resolution_of
from helpers.losses import LatentPairLoss, MaskedFaceLoss
from helpers.masks import feature_weights, landmark_weights
from helpers.swapper import face_key

FEATURE_WEIGHT = np.float32(3)  # of eyes and mouth; the rest of a face: 1


class CrowdData:
    """Batches for a crowd: one person in, another one doing the same out.

    Args:
        crowd: `synthetic.CrowdCrops`: in each frame a cast of people under
            the same frame parameters.
        coverage: float. Share of a stored crop that the network sees.
        resolution: int. Side of the network crop at the top level.
        paired_share: float. Part of the pictures whose target is another
            person; the rest reconstruct themselves.
        held_out_frames: int. Last frames, never trained on.
        options: dict for `augmentation`.
        weights: float32 array, shape `(resolution, resolution)`, how much
            each pixel of a face counts (`masks.feature_weights()`), one
            number by which all masks are multiplied, or `None`.
        seed: int.

    Raises:
        ValueError: if no frame is left to train on.
    """

    def __init__(
        self,
        crowd,
        coverage,
        resolution,
        paired_share=1.0,
        held_out_frames=0,
        options=None,
        weights=None,
        seed=0,
    ):
        self.crowd = crowd
        self.weights = weights
        self.coverage = coverage
        self.resolution = resolution
        self.paired_share = paired_share
        self.frames = len(crowd.crops) - held_out_frames
        self.options = options or augmentation.DEFAULT
        self.seed = seed
        self.expression = _standardised_parameters(crowd.frame_parameters)
        self.losses = {
            "crowd": MaskedFaceLoss(),
            "latents": LatentPairLoss(),
            "expression": keras.losses.MeanSquaredError(),
        }
        self.loss_weights = {"crowd": 1.0, "latents": 0.01, "expression": 0.05}
        self.outputs = {name: name for name in self.losses}
        self.measured = tuple(self.losses)  # by held_out()
        self.reconstructed = ("crowd",)  # those of them that are pictures
        if self.frames < 1:
            raise ValueError(
                "No frame is left to train on. Received: "
                f"{len(crowd.crops)} frames, {held_out_frames} held out"
            )

    def batch(self, step, level, blend, batch_size):
        """Inputs and targets of one step: see `Crowd.autoencoder()`."""
        random = np.random.default_rng((self.seed, step))
        frames = random.integers(self.frames, size=batch_size // 2)
        return self._cut(random, frames, level, blend, self.options)

    def held_out(self, level, blend, pairs=32):
        """Inputs and targets that are the same at every call."""
        random = np.random.default_rng((self.seed, 0))
        last = len(self.crowd.crops)
        if self.frames == last:
            return None
        frames = random.integers(self.frames, last, size=pairs)
        return self._cut(random, frames, level, blend, augmentation.PLAIN)

    def _cut(self, random, frames, level, blend, options):
        crops, masks, cast, _ = self.crowd
        views, people = [], []
        for frame in frames:
            one, other = random.choice(cast.shape[1], 2, replace=False)
            # both directions under one view and in one light, so that the
            # latents of the pair can be compared
            view = _sample_view(random, crops.shape[2], self, options)
            light = augmentation.sample_light(random, options["light"])
            for seen, shown in ((one, other), (other, one)):
                if random.uniform() >= self.paired_share:
                    shown = seen
                views.append(
                    _cut_pair(
                        random,
                        crops[frame, seen],
                        crops[frame, shown],
                        masks[frame, shown],
                        view,
                        (light, light),
                        self,
                        options,
                    )
                )
                people.append(cast[frame, shown])
        inputs, targets = _at_level(views, level, blend)
        count = len(people)
        return (
            {
                "blend": np.full((count, 1), blend, "float32"),
                "crops": inputs,
                "person": np.array(people, "int32")[:, None],
            },
            {
                "crowd": targets,
                "latents": np.zeros((count, 1), "float32"),
                "expression": np.repeat(self.expression[frames], 2, axis=0),
            },
        )

    @staticmethod
    def preview_rows(inputs, targets, drawn, faces):
        """Rows of `Trainer.preview()`."""
        return {
            "seen": inputs["crops"][:faces],
            "drawn": np.asarray(drawn["crowd"])[:faces],
            "truth": targets["crowd"][:faces, ..., :3],
        }


def _standardised_parameters(frame_parameters):
    """What each frame's expression is, each parameter with deviation 1."""
    table = np.array(
        [[frame[n] for n in READ_PARAMETERS] for frame in frame_parameters]
    )
    # one that never changes has nothing to teach
    table = (table - table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-6)
    return table.astype("float32")


class IdentityData:
    """Batches for a comb: every identity reconstructs itself.

    Args:
        crops: dict of identity to uint8 array `(faces, size, size, 3)`.
        masks: dict of identity to uint8 array `(faces, size, size)`, 0-255.
        coverage: float. Share of a stored crop that the network sees.
        resolution: int. Side of the network crop at the top level.
        held_out: dict of identity to `(crops, masks)` never trained on.
        options: dict for `augmentation`.
        weights: see `CrowdData`.
        seed: int.
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
        self.weights = weights
        for identity, found in crops.items():
            if len(found) == 0:
                raise ValueError(
                    f"There is no crop of {identity} to train on. Run "
                    "notebooks/01_data_generation.ipynb with more footage."
                )
        self.crops = crops
        self.masks = masks
        self.coverage = coverage
        self.resolution = resolution
        self.unseen = {
            name: found
            for name, found in (held_out or {}).items()
            if len(found[0])
        }
        self.measured = tuple(self.unseen)  # outputs that held_out() measures
        self.reconstructed = self.measured  # those of them that are pictures
        self.options = options or augmentation.DEFAULT
        self.seed = seed
        self.outputs = {face_key(name): name for name in crops}
        self.losses = {key: MaskedFaceLoss() for key in self.outputs}
        self.loss_weights = None

    def batch(self, step, level, blend, batch_size):
        """Inputs and targets of one step: see `Comb.autoencoder()`."""
        random = np.random.default_rng((self.seed, step))
        sets = {
            name: (self.crops[name], self.masks[name]) for name in self.crops
        }
        chosen = {
            name: random.integers(len(found), size=batch_size)
            for name, (found, _) in sets.items()
        }
        return self._cut(random, sets, chosen, level, blend, self.options)

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
                view = _sample_view(random, len(crop), self, options)
                # what is drawn stays as it was: a decoder that follows every
                # tint takes the colour of the target's skin for a light
                light = augmentation.sample_light(random, options["light"]), 1
                views.append(
                    _cut_pair(
                        random, crop, crop, mask, view, light, self, options
                    )
                )
            key = face_key(name)
            inputs[key], targets[key] = _at_level(views, level, blend)
        count = len(next(iter(inputs.values())))
        inputs["blend"] = np.full((count, 1), blend, "float32")
        return inputs, targets

    def preview_rows(self, inputs, targets, drawn, faces):
        """Rows of `Trainer.preview()`."""
        each = max(1, faces // len(self.outputs))
        seen = [inputs[key][:each] for key in self.outputs]
        own = [np.asarray(drawn[key])[:each] for key in self.outputs]
        return {"seen": np.concatenate(seen), "drawn": np.concatenate(own)}


def crowd_data(crowd, network, **options):
    """Batches of a crowd for a network, eyes and mouth counting most.

    Args:
        crowd: `synthetic.CrowdCrops`.
        network: `helpers.crowd.Crowd`. It says what is cut of a crop.
        **options: of `CrowdData`, which are not the network's.

    Returns:
        `CrowdData`.
    """
    contract, resolution = network.contract, network.resolution
    weights = feature_weights(resolution, contract)
    options = {"weights": weights, **options}
    return CrowdData(crowd, contract["coverage"], resolution, **options)


def identity_data(face_sets, resolution, options=None, seed=0, reader=None):
    """Batches of face sets: their training takes, and the held-out ones.

    Args:
        face_sets: list of `facesets.FaceSet`, one an identity.
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
    size = round(resolution / contract["coverage"])
    size = min(size, contract["crop_size"])
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


def _sample_view(random, size, data, options):
    return augmentation.sample_view(
        random, size, data.coverage, data.resolution, options
    )


def _cut_pair(random, seen, shown, mask, view, light, data, options):
    """Input and target with one view: `(side, side, 3)`, `(side, side, 4)`.

    `light` holds the factors of the one and of the other.
    """
    side = data.resolution
    warp = None
    if options["warp"]:
        warp = augmentation.sample_warp(random, side, options["warp"])
    crop = augmentation.cut_view(seen, view, side, warp).astype("float32") / 255
    crop = augmentation.change_light(crop, light[0])
    target = np.empty((side, side, 4), "float32")
    target[..., :3] = augmentation.cut_view(shown, view, side)
    target[..., 3] = augmentation.cut_view(mask, view, side)
    target /= 255
    target[..., :3] = augmentation.change_light(target[..., :3], light[1])
    if data.weights is not None:
        target[..., 3] *= data.weights
    return crop, target


def _at_level(views, level, blend):
    side = resolution_of(level)
    inputs = augmentation.shrink_pictures(np.stack([v[0] for v in views]), side)
    targets = augmentation.shrink_pictures(
        np.stack([v[1] for v in views]), side
    )
    if level > 0:
        inputs = augmentation.fade_pictures(inputs, blend)
        targets = augmentation.fade_pictures(targets, blend)
    return inputs, targets
