"""Who a comb knows: one more identity, one less, or another name.

Each function gives a new comb and leaves the one it was given as it is; what
the other identities draw stays the same to the last bit.
"""

import numpy as np

from helpers.comb import Comb
from helpers.crowd import Crowd, comb_from_crowd, copy_weights


def add_identity(comb, identity, start=None):
    """A comb that knows one more identity, whose decoder is to be trained.

    Train it with `Trainer` on `comb.alone(identity)` and its crops alone, with
    `frozen=comb.shared_layers()`: nobody else's footage is needed, and nobody
    else changes.

    Args:
        comb: a trained `Comb`.
        identity: name of the new identity.
        start: what its decoder starts from. `None` for the mean of all
            decoders, a name for a copy of that decoder, or the `Crowd` that
            the comb came from for the crowd's average face.

    Returns:
        `Comb`, at the level of the one given.

    Raises:
        ValueError: if the name is taken or not a plain name, if `start` is
            unknown, or if a crowd's layers are of other sizes.

    Example:
        >>> from helpers.comb import build_comb
        >>> from helpers.identities import add_identity
        >>> comb = build_comb(["Rosa", "Nils"], resolution=16)
        >>> add_identity(comb, "Mary", start="Rosa").identities, comb.identities
        (('Rosa', 'Nils', 'Mary'), ('Rosa', 'Nils'))
    """
    if identity in comb.decoders:
        raise ValueError(
            "A new identity needs a name of its own; the comb knows "
            f"{', '.join(comb.identities)}. Received: identity={identity!r}"
        )
    weights = _starting_weights(comb, identity, start)
    grown = _comb_of(comb, {**_same_names(comb), identity: None})
    layers = grown.decoders[identity].layers()
    for layer, values in zip(layers, weights, strict=True):
        layer.set_weights(values)
    return grown


def remove_identity(comb, identity):
    """A comb without one of its identities.

    Raises:
        ValueError: if the comb does not know the identity, or no other.

    Example:
        >>> from helpers.comb import build_comb
        >>> from helpers.identities import remove_identity
        >>> comb = build_comb(["Rosa", "Nils"], resolution=16)
        >>> remove_identity(comb, "Rosa").identities
        ('Nils',)
    """
    comb.check_identity(identity)
    if len(comb.identities) == 1:
        raise ValueError(
            "A comb keeps at least one identity. "
            f"Received: identity={identity!r}, the only one"
        )
    names = _same_names(comb)
    del names[identity]
    return _comb_of(comb, names)


def rename_identity(comb, identity, name):
    """A comb in which an identity has another name, at the same place.

    Raises:
        ValueError: if the comb does not know the identity, or if the new
            name is taken or not a plain name.

    Example:
        >>> from helpers.comb import build_comb
        >>> from helpers.identities import rename_identity
        >>> comb = build_comb(["Rosa", "Nils"], resolution=16)
        >>> rename_identity(comb, "Rosa", "Mary").identities
        ('Mary', 'Nils')
    """
    comb.check_identity(identity)
    if name in comb.decoders:
        raise ValueError(
            f"Another identity is called {name}. Received: name={name!r}"
        )
    names = {
        (name if known == identity else known): known
        for known in comb.identities
    }
    return _comb_of(comb, names)


def _same_names(comb):
    return {identity: identity for identity in comb.identities}


def _comb_of(comb, names):
    """A comb with decoders of `{new name: name in comb, or None}`."""
    other = Comb(**{**comb.config(), "identities": tuple(names)})
    other.level = comb.level
    copy_weights(comb.layers_of("shared"), other.layers_of("shared"))
    for name, known in names.items():
        if known is not None:
            sources = comb.decoders[known].layers()
            copy_weights(sources, other.decoders[name].layers())
    if comb.detail is not None:
        other.detail = comb.detail.with_identities(names)
    return other


def _starting_weights(comb, identity, start):
    """Weights of a new decoder: a list of arrays for each of its layers."""
    if isinstance(start, Crowd):
        mine, other = comb.config(), start.config()
        for field in ("resolution", "widths", "latent_dim", "shared_levels"):
            if mine[field] != other[field]:
                raise ValueError(
                    "A crowd to start from has the comb's sizes. Expected: "
                    f"{field}={mine[field]!r}. Received: {other[field]!r}"
                )
        decoder = comb_from_crowd(start, (identity,)).decoders[identity]
        return [layer.get_weights() for layer in decoder.layers()]
    if start is not None:
        comb.check_identity(start)
    known = comb.identities if start is None else (start,)
    decoders = [comb.decoders[name].layers() for name in known]
    means = []
    for same_place in zip(*decoders, strict=True):
        weights = [layer.get_weights() for layer in same_place]
        means.append(
            [np.mean(arrays, axis=0) for arrays in zip(*weights, strict=True)]
        )
    return means
