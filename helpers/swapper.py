"""What every network that swaps can do: encode, move the latents, decode."""

import copy

import cv2
import keras
import numpy as np

from helpers.files import names


class Swapper:
    """Base of the networks that swap.

    Bundles, scores, videos, the live mode and the widgets ask for no more. A
    network of this kind has, besides what is here,

    - `identities`, a tuple of names;
    - `resolution`, the side in pixels of what it sees and draws;
    - `latent_dim`, the length of a latent; `level`, which it has grown to;
    - `contract`, a dict from `manifests.data_contract()`;
    - `config()`, what it takes to build it again, as a dict for JSON;
    - `layers()`, all its layers in a fixed order: what a bundle holds, so
      without what only training needs, such as a discriminator;
    - `autoencoder(level)`, the model that is trained, see
      `Comb.autoencoder()` for the names of its inputs and outputs;
    - `encode_tensor()` and `decode_tensor()`, its two halves.

    Attributes:
        shifts: dict from `(source, target)` to float32 array, shape
            `(latent_dim,)`, what a swap adds to the target's latents.
            `latents.shifts.latent_shifts()` measures them after training;
            where there is none, nothing is added.
        target: name of the identity whose footage `swap()` is given, or
            `None`; `looking_at()` sets it.
        detail: `detail_network.DetailNetwork` that makes what is drawn as
            large as faces are in the footage, or `None`.

    Example:
        >>> from helpers.comb import Comb
        >>> from helpers.swapper import Swapper
        >>> issubclass(Comb, Swapper)
        True
    """

    def __init__(self):
        self.shifts = {}
        self.target = None
        self.detail = None
        self._runners = {}  # models of the halves, see `_runner()`

    def encode_tensor(self, crops):
        """Latents of network crops, as part of a model.

        Args:
            crops: float tensor, shape `(batch, resolution, resolution, 3)`,
                0-1.

        Returns:
            float tensor, shape `(batch, latent_dim)`.
        """
        raise NotImplementedError

    def decode_tensor(self, latents, identity):
        """An identity's pictures of latents, as part of a model.

        Args:
            latents: float tensor, shape `(batch, latent_dim)`.
            identity: name of the decoder.

        Returns:
            float tensor, shape `(batch, resolution, resolution, 3)`, 0-1.
        """
        raise NotImplementedError

    def encode(self, crops, batch_size=64):
        """Latents of network crops.

        Args:
            crops: float32 array, shape `(faces, resolution, resolution, 3)`,
                0-1.
            batch_size: int. Most faces that go through at once.

        Returns:
            float32 array, shape `(faces, latent_dim)`.

        Raises:
            ValueError: if the crops are of another resolution.

        Example:
            >>> from helpers.comb import build_comb
            >>> comb = build_comb(["Rosa", "Nils"], resolution=16)
            >>> comb.encode(np.zeros((5, 16, 16, 3))).shape
            (5, 128)
        """
        side = self.resolution
        if np.ndim(crops) != 4 or np.shape(crops)[1:] != (side, side, 3):
            raise ValueError(
                f"This {self._kind} sees crops of shape (faces, {side}, "
                f"{side}, 3). Received: shape={np.shape(crops)}. Cut them "
                "with crops.cut_network_crops()."
            )
        if len(crops) == 0:
            return np.zeros((0, self.latent_dim), "float32")
        model = self._runner(None, (side, side, 3), self.encode_tensor)
        return predict(model, crops, batch_size)

    def decode(self, latents, identity, batch_size=64):
        """Pictures of one identity.

        Args:
            latents: float32 array, shape `(faces, latent_dim)`.
            identity: name of the decoder, so of the face that appears.
            batch_size: int. Most faces that go through at once.

        Returns:
            float32 array, shape `(faces, resolution, resolution, 3)`, 0-1.

        Raises:
            ValueError: if the network has no decoder of this name.
        """
        self.check_identity(identity)
        if len(latents) == 0:
            side = self.resolution
            return np.zeros((0, side, side, 3), "float32")
        model = self._runner(
            identity,
            (self.latent_dim,),
            lambda inputs: self.decode_tensor(inputs, identity),
        )
        return predict(model, latents, batch_size)

    def _runner(self, identity, shape, half):
        """Model of one half, of the level grown to; built when first used."""
        key = identity, self.level
        if key not in self._runners:
            inputs = keras.Input(shape)
            self._runners[key] = keras.Model(inputs, half(inputs))
        return self._runners[key]

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
            crops: as for `encode()`, of the target.
            source: name of the identity whose face appears.
            batch_size: int. Most faces that go through at once.

        Returns:
            float32 array, the shape of `crops`.

        Raises:
            ValueError: if the source is unknown, or the crops do not fit.

        Example:
            >>> from helpers.comb import build_comb
            >>> comb = build_comb(["Rosa", "Nils"], resolution=16)
            >>> nils = np.zeros((5, 16, 16, 3))
            >>> rosa = comb.decode(comb.encode(nils), "Rosa")
            >>> bool(np.allclose(comb.swap(nils, source="Rosa"), rosa))
            True
        """
        latents = self.encode(crops, batch_size)
        latents = latents + self.shift(source, self.target)
        return self.decode(latents, source, batch_size)

    @property
    def drawn_side(self):
        """Side in pixels of what `enlarge()` gives."""
        return self.resolution if self.detail is None else self.detail.side

    def enlarge(self, faces, identity):
        """Drawn faces as large as they are pasted into frames.

        Args:
            faces: float32 array, shape `(faces, resolution, resolution, 3)`,
                0-1: what was drawn of this identity.
            identity: name.

        Returns:
            float32 array, shape `(faces, drawn_side, drawn_side, 3)`, 0-1: by
            the detail network; just smooth, if it was not trained on this
            identity; as they are, if there is none.

        Example:
            >>> from helpers.comb import build_comb
            >>> from helpers.detail_network import DetailNetwork
            >>> comb = build_comb(["Rosa", "Nils"], resolution=16)
            >>> comb.detail = DetailNetwork(["Rosa"], 16, factor=4)
            >>> nils = np.zeros((5, 16, 16, 3))
            >>> comb.enlarge(comb.swap(nils, "Rosa"), "Rosa").shape
            (5, 64, 64, 3)
        """
        if self.detail is None:
            return faces
        if identity in self.detail.identities:
            return self.detail.enlarge(faces, identity)
        return resize_pictures(faces, self.drawn_side)

    def check_identity(self, identity):
        """Raise a ValueError that lists the names if this one is unknown."""
        if identity not in self.identities:
            raise ValueError(
                f"This {self._kind} knows {', '.join(self.identities)}. "
                f"Received: identity={identity!r}"
            )

    @property
    def _kind(self):
        return type(self).__name__.lower()

    def variables(self):
        """All variables by name, for instance `encoder_64/kernel`."""
        return named_variables(self.layers())

    def layers_of(self, part):
        """Layers of a part of the network, to be loaded or frozen alone.

        Args:
            part: `"all"`; combs also know `"shared"` and `"encoder"`.

        Returns:
            list of layers.

        Raises:
            KeyError: if the network has no such part.
        """
        return {"all": self.layers}[part]()

    @classmethod
    def with_fresh_decoders(cls, **config):
        """A network of which parts are to be loaded, all else fresh.

        Raises:
            ValueError: if the family has no parts to take apart.
        """
        raise ValueError(
            f"A {cls.__name__.lower()} has no parts to load alone. Received: "
            f"{config!r:.100}. Load all of it, with parts='all'."
        )

    @classmethod
    def least_numbers(cls, config):
        """How many numbers a network of this architecture has at least.

        Asked before the network of a stranger's bundle is built: what the
        bundle cannot fill is not worth the memory.

        Args:
            config: dict, as `config()` gives it.

        Returns:
            int.
        """
        raise NotImplementedError


def resize_pictures(pictures, side):
    """Pictures enlarged to a side by cubic interpolation, and nothing else.

    Example:
        >>> from helpers.swapper import resize_pictures
        >>> resize_pictures(np.ones((2, 4, 4, 3)), 8).shape
        (2, 8, 8, 3)
    """
    enlarged = [
        cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
        for picture in np.asarray(pictures, np.float32)
    ]
    shape = (len(enlarged), side, side, 3)
    return np.clip(np.reshape(enlarged, shape), 0, 1).astype(np.float32)


def predict(model, inputs, batch_size=64):
    """What a model makes of an array; quick for one face, too.

    `keras.Model.predict` builds a data pipeline at every call, which takes
    three times as long as a comb does for 16 faces.

    Args:
        model: `keras.Model` of one input and one output.
        inputs: array, shape `(faces, ...)`, at least one face.
        batch_size: int. Most faces that go through the model at once.

    Returns:
        float32 array, shape `(faces, ...)`.

    Example:
        >>> import keras
        >>> from helpers.swapper import predict
        >>> inputs = keras.Input((2,))
        >>> predict(keras.Model(inputs, 2 * inputs), [[1, 2], [3, 4]]).tolist()
        [[2.0, 4.0], [6.0, 8.0]]
    """
    inputs = np.asarray(inputs, "float32")
    outputs = []
    for start in range(0, len(inputs), batch_size):
        batch = inputs[start : start + batch_size]
        count = len(batch)
        # each new size is compiled anew, so there are few: powers of two
        size = min(batch_size, 1 << (count - 1).bit_length())
        missing = [(0, size - count)] + [(0, 0)] * (batch.ndim - 1)
        batch = np.pad(batch, missing)
        outputs.append(np.asarray(model.predict_on_batch(batch))[:count])
    return np.concatenate(outputs)


def name_key(identity):
    """An identity's name in letters that every backend takes in names.

    Letters and digits of ASCII and `_` stay; all else becomes its code.

    Example:
        >>> from helpers.swapper import name_key
        >>> name_key("Zoë")
        'Zo-eb-'
    """
    return "".join(
        c if c.isascii() and (c.isalnum() or c == "_") else f"-{ord(c):x}-"
        for c in identity
    )


def face_key(identity):
    """Name of an identity's crops and pictures in the model that is trained.

    Whatever the identity is called, no other input or output has this name:
    its dashes are odd in number, those of `blend` and of `name_key()` even.

    Example:
        >>> from helpers.swapper import face_key
        >>> face_key("Rosa")
        'face-Rosa'
    """
    return f"face-{name_key(identity)}"


def named_variables(all_layers):
    """Variables of layers by name: `{"encoder_64/kernel": variable, ...}`.

    Raises:
        ValueError: if two layers have the same name.

    Example:
        >>> from helpers.encoder_decoder import dense
        >>> from helpers.swapper import named_variables
        >>> list(named_variables([dense("hidden", 2, 3)]))
        ['hidden/kernel', 'hidden/bias']
    """
    named = {}
    for layer in all_layers:
        for variable in layer.weights:
            name = f"{layer.name}/{variable.name}"
            if name in named:
                raise ValueError(
                    "Every layer needs a name of its own. "
                    f"Received twice: {layer.name!r}"
                )
            named[name] = variable
    return named


def checked_names(identities):
    """Names of a new network's identities, as a tuple.

    Raises:
        ValueError: if a name is missing, doubled or not a plain name.

    Example:
        >>> from helpers.swapper import checked_names
        >>> checked_names(["Rosa", "Nils"])
        ('Rosa', 'Nils')
    """
    if isinstance(identities, str) or len(identities) < 1:
        raise ValueError(
            "A network takes a list of names, one an identity. "
            f"Received: identities={identities!r}"
        )
    identities = tuple(str(name) for name in identities)
    for name in identities:
        names.check_name(name)
    if len(set(identities)) < len(identities):
        raise ValueError(
            f"Each identity needs a name of its own. Received: {identities!r}"
        )
    return identities
