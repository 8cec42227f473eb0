"""Film of a crowd -> batches: one person in, another one doing the same out."""

import keras
import numpy as np

from helpers import augmentation, synthetic
from helpers.crowd import READ_PARAMETERS
from helpers.files.progress import print_progress
from helpers.losses import LatentPairLoss, MaskedFaceLoss
from helpers.masks import feature_weights
from helpers.training.training_data import CutData, at_level


class CrowdData(CutData):
    """Batches for a crowd: one person in, another one doing the same out.

    Args:
        crowd: `synthetic.CrowdCrops`: in each frame a cast of people under
            the same frame parameters.
        coverage: float. Share of a stored crop that the network sees.
        resolution: int. Side of the network crop at the top level.
        paired_share: float. Part of the pictures whose target is another
            person; the rest reconstruct themselves.
        held_out_frames: int. Last frames, never trained on.
        options: see `CutData`, as are `weights` and `seed`.

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
        super().__init__(coverage, resolution, options, weights, seed)
        self.crowd = crowd
        self.paired_share = paired_share
        self.frames = len(crowd.crops) - held_out_frames
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
            view = self.sample_view(random, crops.shape[2], options)
            light = augmentation.sample_light(random, options["light"])
            for seen, shown in ((one, other), (other, one)):
                if random.uniform() >= self.paired_share:
                    shown = seen
                views.append(
                    self.cut_pair(
                        random,
                        crops[frame, seen],
                        crops[frame, shown],
                        masks[frame, shown],
                        view,
                        (light, light),
                        options,
                    )
                )
                people.append(cast[frame, shown])
        inputs, targets = at_level(views, level, blend)
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


def film_crowd(folder, network, frames, **options):
    """The film that a crowd is trained on: rendered, or read where it is.

    Args:
        folder: path of the film.
        network: `helpers.crowd.Crowd`: how many people, and how large.
        frames: int, how many they play.
        **options: more of `synthetic.render_crowd()`: `cast`, `seed`.

    Returns:
        `synthetic.CrowdCrops`.
    """
    coverage, side = network.contract["coverage"], network.resolution
    return synthetic.render_crowd(
        folder,
        people=network.people,
        frames=frames,
        resolution=round(side / coverage),
        progress=print_progress("people of the crowd filmed"),
        **options,
    )
