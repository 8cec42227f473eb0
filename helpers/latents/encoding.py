"""Face sets -> latents of their crops, as they are and as a swap moves them."""

from collections import namedtuple

import numpy as np

from helpers.faces.face_set import evenly
from helpers.files import manifests

# Frames that are filmed within so many seconds are alike and count as one
# look at the person.
BLOCK_SECONDS = 4.0

EncodedFaces = namedtuple("EncodedFaces", "latents labels rows held_out blocks")
EncodedFaces.__doc__ = """Latents of the crops of several identities.

Args:
    latents: float32 array, shape `(faces, latent_dim)`.
    labels: string array, shape `(faces,)`. Identity of each.
    rows: int array, shape `(faces,)`. Its row in its face set's records.
    held_out: bool array, shape `(faces,)`. True for test takes.
    blocks: int array, shape `(faces,)`. The stretch of footage it is from,
        at most `BLOCK_SECONDS` long, or the photo.
"""


def encode_face_sets(comb, face_sets, most=None):
    """Latents of several face sets, stacked.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to `FaceSet`.
        most: int. Faces of each identity at most, evenly spread over its
            records, or `None` for all.

    Returns:
        `EncodedFaces`.

    Raises:
        ValueError: if there is no face set, or if one is empty.
        ContractError: if a face set and the comb follow different contracts.
    """
    if not face_sets or not all(len(each) for each in face_sets.values()):
        raise ValueError(
            "Every identity needs faces. Received: "
            f"{ {name: len(each) for name, each in face_sets.items()} }"
        )
    parts, stretches = [], []
    for identity, face_set in face_sets.items():
        manifests.check_contract(
            comb.contract, face_set.contract, "01_data_generation"
        )
        rows = evenly(len(face_set), most or len(face_set))
        crops = face_set.pick(rows).network_crops(comb.resolution)
        records = [face_set.records[row] for row in rows]
        held_out = [record["split"] == "test" for record in records]
        stretches += [stretch_of(identity, record) for record in records]
        parts.append(
            (comb.encode(crops), [identity] * len(rows), rows, held_out)
        )
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    numbers = {name: n for n, name in enumerate(dict.fromkeys(stretches))}
    blocks = np.array([numbers[name] for name in stretches])
    return EncodedFaces(*columns, blocks)


def stretch_of(identity, record):
    """What frames of one stretch of footage have in common, as a tuple."""
    seconds = record["time"] or 0.0  # a photo has no time
    return identity, record["take"], record["file"], seconds // BLOCK_SECONDS


def identities_of(encoded):
    """Names of the identities that were encoded, a list in their order."""
    return list(dict.fromkeys(encoded.labels.tolist()))


def shifted_latents(encoded, shifts, source, target):
    """The target's latents where a swap hands them to the source's decoder.

    Args:
        encoded: `EncodedFaces`.
        shifts: dict from `(source, target)` to float array, shape
            `(latent_dim,)`: `comb.shifts`.
        source: str.
        target: str.

    Returns:
        float32 array, shape `(faces of target, latent_dim)`.
    """
    latents = encoded.latents[encoded.labels == target]
    return latents + np.float32(shifts.get((source, target), 0.0))


def at_one_place(encoded, shifts, identity):
    """Everybody's latents as a swap hands them to one identity's decoder.

    Args:
        encoded: `EncodedFaces`.
        shifts: see `shifted_latents()`.
        identity: str, whose decoder; its own latents stay as they are.

    Returns:
        float32 array, shape `(faces, latent_dim)`, in the order of `encoded`.
    """
    latents = encoded.latents.copy()
    for name in np.unique(encoded.labels):
        if name != identity:
            own = encoded.labels == name
            latents[own] = shifted_latents(encoded, shifts, identity, str(name))
    return latents


def crops_of(face_sets, encoded, size):
    """The stored crops behind encoded faces, in their order.

    Args:
        face_sets: dict from identity to `FaceSet`, as encoded.
        encoded: `EncodedFaces`.
        size: int. Side of the crops in pixels.

    Returns:
        uint8 array, shape `(faces, size, size, 3)`.
    """
    crops = np.empty((len(encoded.labels), size, size, 3), np.uint8)
    for identity, face_set in face_sets.items():
        own = encoded.labels == identity
        picked = face_set.pick(encoded.rows[own])
        crops[own] = picked.load_crops(size)
    return crops
