"""What every network that swaps can do: encode, move the latents, decode."""

import copy

import numpy as np


class Swapper:
    """Base of `Comb` and `Classic`, which encode, decode and know identities.

    Attributes:
        shifts: dict from `(source, target)` to float32 array, shape
            `(latent_dim,)`, what a swap adds to the target's latents.
            `helpers.latents.shifts.latent_shifts()` measures them once the
            network is trained; where there is none, nothing is added.
        target: name of the identity whose footage `swap()` is given, or
            `None`; `looking_at()` sets it.
    """

    def __init__(self):
        self.shifts = {}
        self.target = None

    @classmethod
    def least_numbers(cls, config):
        """How many numbers a network of this architecture has at least.

        Stands before a network of a stranger's bundle is built: what the
        bundle cannot fill is not worth the memory.

        Args:
            config: dict, as `config()` gives it.

        Returns:
            int.
        """
        raise NotImplementedError

    @classmethod
    def with_fresh_decoders(cls, **config):
        """A network of which parts are to be loaded, all else fresh.

        Raises:
            ValueError: if the family has no parts to take apart.
        """
        name = cls.__name__.lower()
        raise ValueError(
            f"A {name} has no parts to load alone. Received: {config!r:.100}. "
            "Load all of it, with parts='all'."
        )

    def layers_of(self, part):
        """Layers of a part of the network that can be loaded alone.

        Args:
            part: `"all"`; combs also know `"shared"` and `"encoder"`.

        Returns:
            list of layers.
        """
        return {"all": self.layers}[part]()

    def shift(self, source, target):
        """What a swap adds to a target's latents: an array, or 0.0."""
        return self.shifts.get((source, target), 0.0)

    def looking_at(self, target):
        """The same network, whose `swap()` knows whose footage it is given.

        Args:
            target: name of one of the identities, or `None` for a stranger,
                whose latents are taken as they are.

        Returns:
            A network that shares everything with this one.

        Raises:
            ValueError: if the network knows no identity of this name.
        """
        if target is not None:
            self.check_identity(target)
        view = copy.copy(self)
        view.target = target
        return view

    def swap(self, crops, source, batch_size=64):
        """The source's face, doing what the face in the crops does.

        Args:
            crops: float32 array, shape `(faces, resolution, resolution, 3)`,
                0-1: network crops of the target.
            source: name of the identity whose face appears.
            batch_size: int.

        Returns:
            float32 array, the shape of `crops`.

        Raises:
            ValueError: if the source is unknown, or the crops do not fit.
        """
        latents = self.encode(crops, batch_size)
        latents = latents + self.shift(source, self.target)
        return self.decode(latents, source, batch_size)


def predict(model, inputs, batch_size=64):
    """What a model makes of an array; quick for one face, too.

    `keras.Model.predict` builds a data pipeline at every call, which takes
    three times as long as a comb takes for 16 faces.

    Args:
        model: `keras.Model` of one input and one output.
        inputs: array, shape `(faces, ...)`, at least one face.
        batch_size: int. Most faces that go through the model at once.

    Returns:
        float32 array, shape `(faces, ...)`.
    """
    inputs = np.asarray(inputs, "float32")
    outputs = []
    for start in range(0, len(inputs), batch_size):
        batch = inputs[start : start + batch_size]
        count = len(batch)
        # each new size is compiled anew, so there are few of them
        size = min(batch_size, 1 << (count - 1).bit_length())
        missing = [(0, size - count)] + [(0, 0)] * (batch.ndim - 1)
        batch = np.pad(batch, missing)
        outputs.append(np.asarray(model.predict_on_batch(batch))[:count])
    return np.concatenate(outputs)
