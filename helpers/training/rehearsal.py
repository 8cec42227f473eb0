"""Rehearsal: a comb learns its people while its encoder repeats the crowd.

An encoder that is frozen draws real people badly, for it has only seen
rendered ones. One that is trained on learns who is who again: own
reconstruction asks for nothing else. So it learns on beside the task that
made it good: of every step a part shows the crowd, and one of its people has
to come out as another one doing the same.

Reference:
    Robins, 1995, "Catastrophic forgetting, rehearsal and pseudorehearsal":
    old examples among the new ones keep what was learned from them.
"""

import keras

from helpers.crowd import Crowd
from helpers.swapper import named_variables
from helpers.training.crowd_data import crowd_data, film_crowd
from helpers.training.training_data import TrainingData

FRAMES_SEED = 20000  # other frames than those that the crowd was trained on
EXPRESSION_WEIGHT = 0.2  # of the loss on expression
# as `swapper.face_key()`: no identity's crops and pictures have these names
INPUTS = {name: f"rehearsed-{name}" for name in ("crops", "person")}
OUTPUTS = {
    name: f"rehearsed-{name}" for name in ("crowd", "latents", "expression")
}


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
            `Crowd.autoencoder()`: as many pictures as of each identity.
        """
        level = self.level if level is None else level
        blend, crops = self.comb.inputs(level, (INPUTS["crops"],))
        person = keras.Input((1,), name=INPUTS["person"], dtype="int32")
        drawn, (*_, rehearsed) = self.comb.reconstruct(crops, blend, level)
        repeated = {
            "crowd": self.crowd.decoder.on_stem(self.comb.stem)(
                rehearsed, blend, level, person
            ),
            "latents": rehearsed,
            "expression": self.crowd.to_expression(rehearsed),
        }
        return keras.Model(
            {"blend": blend, **crops, INPUTS["person"]: person},
            drawn | {OUTPUTS[name]: rows for name, rows in repeated.items()},
        )


class RehearsalData(TrainingData):
    """Batches for a `RehearsingComb`: identities, and pairs of the crowd.

    What is held out, and what the preview shows, are the identities' alone.

    Args:
        identities: `IdentityData`.
        pairs: `CrowdData` of the same resolution.
    """

    def __init__(self, identities, pairs):
        if identities.resolution != pairs.resolution:
            raise ValueError(
                "Identities and crowd are trained at one resolution. "
                f"Received: {identities.resolution} and {pairs.resolution}"
            )
        self.identities = identities
        self.pairs = pairs
        self.seed = identities.seed
        self.measured = identities.measured
        self.reconstructed = identities.reconstructed
        self.outputs = identities.outputs | _renamed(pairs.outputs)
        self.losses = identities.losses | _renamed(pairs.losses)
        self.loss_weights = dict.fromkeys(identities.losses, 1.0) | _renamed(
            pairs.loss_weights
        )

    def batch(self, step, level, blend, batch_size):
        """Inputs and targets of one step: see `RehearsingComb.autoencoder()`.

        Args:
            batch_size: int. Pictures of each identity, and of the crowd.
        """
        own = self.identities.batch(step, level, blend, batch_size)
        return self._joined(own, step, level, blend, batch_size)

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
    return RehearsalData(identities, pairs)
