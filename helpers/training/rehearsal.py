"""Rehearsal: a comb learns its people while its encoder repeats the crowd.

An encoder that is frozen draws real people badly, for it has only seen
rendered ones. One that is trained on learns who is who again: own
reconstruction asks for nothing else. So it learns on beside the task that
made it good: of every step a part shows the crowd, and one of its people has
to come out as another one doing the same.

What real people do, nobody knows in numbers as of rendered ones; a public
network reads it (`readers.blendshapes`). One layer has to read the same off the
latents, whoever is seen. Without that teacher a swap's lids and lips follow
its target less (`benchmarks/real_trials.md`).

References:
    Robins, 1995, "Catastrophic forgetting, rehearsal and pseudorehearsal":
    old examples among the new ones keep what was learned from them.
    Hinton et al., 2015, "Distilling the knowledge in a neural network": one
    network's answers as the other one's task.
"""

import keras
import numpy as np

from helpers.crowd import Crowd
from helpers.encoder_decoder import dense
from helpers.faces.readers import blendshapes
from helpers.files.progress import print_progress
from helpers.swapper import name_key, named_variables
from helpers.training.crowd_data import crowd_data, film_crowd
from helpers.training.training_data import TrainingData

FRAMES_SEED = 20000  # other frames than those that the crowd was trained on
EXPRESSION_WEIGHT = 0.2  # of the loss on expression of the crowd
BLENDSHAPES_WEIGHT = 0.1  # of that on what each identity does
READ_AT_ONCE = 50  # crops
LEAST_SPREAD = 0.02  # of a blendshape: one that stands still teaches nothing
# as `swapper.face_key()`: no identity's crops and pictures have these names
INPUTS = {name: f"rehearsed-{name}" for name in ("crops", "person")}
OUTPUTS = {
    name: f"rehearsed-{name}" for name in ("crowd", "latents", "expression")
}


def blendshapes_key(identity):
    """Name of the output that says what an identity's faces do."""
    return f"blendshapes-{name_key(identity)}"


class RehearsingComb:
    """A comb and the crowd that it came from, trained as one network.

    They share the encoder and the decoders' stem, which are the comb's. For
    `Trainer` it stands in for the comb; the comb is used as ever,
    and is what is saved in the end.

    Args:
        comb: `Comb` from `comb_from_crowd(crowd, ...)`.
        crowd: `Crowd`. Its decoder and reader are trained in place.

    Raises:
        ValueError: if that is no crowd, if the two are of different sizes, or
            if an identity is called "crowd".
    """

    def __init__(self, comb, crowd):
        if not isinstance(crowd, Crowd):
            raise ValueError(
                "Rehearsal repeats what a crowd was trained on. Received: a "
                f"{type(crowd).__name__}. Start from a crowd, as notebook 02 "
                "makes it, or freeze the encoder."
            )
        ours, theirs = comb.config(), crowd.config()
        del ours["identities"], theirs["people"]
        if ours != theirs:
            raise ValueError(
                "A comb rehearses with the crowd that it came from. Expected "
                f"a crowd of {ours}. Received: {theirs}"
            )
        if "crowd" in comb.identities:
            raise ValueError(
                "In rehearsal 'crowd' is the crowd's own name. Received: "
                f"identities={comb.identities!r}. Rename the identity."
            )
        self.comb = comb
        self.crowd = crowd
        self.to_blendshapes = dense(
            "blendshapes", comb.latent_dim, len(blendshapes.NAMES)
        )

    @property
    def level(self):
        """The level that both have grown to; training sets it."""
        return self.comb.level

    @level.setter
    def level(self, level):
        self.comb.level = self.crowd.level = level

    @property
    def resolution(self):
        """Largest picture, in pixels."""
        return self.comb.resolution

    def config(self):
        """What it takes to build both again, as a dict for JSON."""
        return {"comb": self.comb.config(), "crowd": self.crowd.config()}

    def layers(self):
        """All layers of all levels, in a fixed order."""
        return [
            *self.comb.layers(),
            *self.crowd.decoder.layers(),
            self.crowd.to_expression,
            self.to_blendshapes,
        ]

    def layers_of(self, part):
        """Layers of a part: of both, or of the comb's, see `Comb`."""
        return self.layers() if part == "all" else self.comb.layers_of(part)

    def variables(self):
        """All variables by name."""
        return named_variables(self.layers())

    def autoencoder(self, level=None):
        """Model that reconstructs each identity, and pairs the crowd.

        Args:
            level: int or `None`. Level to work at; `None` for the top one.

        Returns:
            `keras.Model` with the inputs and outputs of `Comb.autoencoder()`
            and, under the names of `INPUTS` and `OUTPUTS`, those of
            `Crowd.autoencoder()`: as many pictures as of each identity; and,
            by `blendshapes_key()`, each identity's blendshapes, `(batch, 52)`,
            standardised.
        """
        level = self.level if level is None else level
        blend, crops = self.comb.inputs(level, (INPUTS["crops"],))
        person = keras.Input((1,), name=INPUTS["person"], dtype="int32")
        drawn, latents = self.comb.reconstruct(crops, blend, level)
        *own, rehearsed = latents
        read = {
            blendshapes_key(identity): self.to_blendshapes(each)
            for identity, each in zip(self.comb.identities, own, strict=True)
        }
        repeated = {
            "crowd": self.crowd.decoder.on_stem(self.comb.stem)(
                rehearsed, blend, level, person
            ),
            "latents": rehearsed,
            "expression": self.crowd.to_expression(rehearsed),
        }
        return keras.Model(
            {"blend": blend, **crops, INPUTS["person"]: person},
            drawn
            | read
            | {OUTPUTS[name]: rows for name, rows in repeated.items()},
        )


class RehearsalData(TrainingData):
    """Batches for a `RehearsingComb`: identities, and pairs of the crowd.

    What is held out, and what the preview shows, are the identities' alone.

    Args:
        identities: `IdentityData`.
        pairs: `CrowdData` of the same resolution.
        movements: dict from `read_movements()`, of the identities' crops.
    """

    def __init__(self, identities, pairs, movements):
        if identities.resolution != pairs.resolution:
            raise ValueError(
                "Identities and crowd are trained at one resolution. "
                f"Received: {identities.resolution} and {pairs.resolution}"
            )
        self.identities = identities
        self.pairs = pairs
        self.movements = _standardised(movements)
        self.seed = identities.seed
        self.measured = identities.measured
        self.reconstructed = identities.reconstructed
        read = {blendshapes_key(name): name for name in movements}
        self.outputs = (
            identities.outputs
            | {key: f"movements of {name}" for key, name in read.items()}
            | _renamed(pairs.outputs)
        )
        self.losses = (
            identities.losses
            | {key: keras.losses.MeanSquaredError() for key in read}
            | _renamed(pairs.losses)
        )
        self.loss_weights = (
            dict.fromkeys(identities.losses, 1.0)
            | dict.fromkeys(read, BLENDSHAPES_WEIGHT)
            | _renamed(pairs.loss_weights)
        )

    def batch(self, step, level, blend, batch_size):
        """Inputs and targets of one step: see `RehearsingComb.autoencoder()`.

        Args:
            batch_size: int. Pictures of each identity, and of the crowd.
        """
        inputs, targets = self.identities.batch(step, level, blend, batch_size)
        for name, rows in self.identities.rows_of(step, batch_size).items():
            targets[blendshapes_key(name)] = self.movements[name][rows]
        return self._joined((inputs, targets), step, level, blend, batch_size)

    def held_out(self, level, blend):
        """Inputs and targets that are the same at every call, or `None`."""
        own = self.identities.held_out(level, blend)
        if own is None:
            return None
        return self._joined(own, 0, level, blend, len(own[0]["blend"]))

    def _joined(self, own, step, level, blend, count):
        # pairs are two pictures each: one too many where an odd number is due
        inputs, targets = self.pairs.batch(step, level, blend, count + 1)
        inputs = {key: inputs[name] for name, key in INPUTS.items()}
        joined = []
        for ours, theirs in zip(own, (inputs, _renamed(targets)), strict=True):
            cut = {key: array[:count] for key, array in theirs.items()}
            joined.append(ours | cut)
        return tuple(joined)

    def preview_rows(self, inputs, targets, drawn, faces):
        """Rows of `Trainer.preview()`."""
        return self.identities.preview_rows(inputs, targets, drawn, faces)


def _renamed(by_name):
    return {OUTPUTS[name]: value for name, value in by_name.items()}


def _standardised(movements):
    """Blendshapes of everybody's mean 0 and deviation 1, float32.

    Everybody's, not each one's own: who smiles more than the other does.
    """
    together = np.concatenate(list(movements.values()))
    middle, spread = together.mean(axis=0), together.std(axis=0)
    return {
        name: np.float32((own - middle) / np.maximum(spread, LEAST_SPREAD))
        for name, own in movements.items()
    }


def rehearsal_data(identities, crowd, folder, frames=1000, seed=0):
    """Batches of identities, and of frames that the crowd plays for them.

    Args:
        identities: `IdentityData`.
        crowd: `Crowd` that the comb came from: its people are filmed again.
        folder: path of the film, rendered or read.
        frames: int. How many frames are filmed.
        seed: int.

    Returns:
        `RehearsalData`.
    """
    film = film_crowd(folder, crowd, frames, seed=FRAMES_SEED)
    pairs = crowd_data(film, crowd, seed=seed)
    pairs.loss_weights["expression"] = EXPRESSION_WEIGHT
    return RehearsalData(identities, pairs, read_movements(identities))


def read_movements(identities):
    """What each identity's crops do: blendshapes, 25 ms a face.

    Args:
        identities: `IdentityData`.

    Returns:
        dict of identity to float32 array `(faces, 52)`.
    """
    reader = blendshapes.shipped_blendshapes()
    tell = print_progress("faces whose movements are read")
    total, done = sum(map(len, identities.crops.values())), 0
    movements = {}
    for name, crops in identities.crops.items():
        parts = []
        for start in range(0, len(crops), READ_AT_ONCE):
            parts.append(reader.read(crops[start : start + READ_AT_ONCE])[0])
            done += len(parts[-1])
            tell(done, total)
        movements[name] = np.concatenate(parts)
    return movements
