"""Held-out faces and a comb in, rows of crops for the eye out."""

import numpy as np

from helpers.faces.face_set import evenly
from helpers.proof.paired_faces import truth_of


def preview_rows(comb, face_sets, source, target, faces=8):
    """Held-out faces for the eye: target, own, swap, and the truth if known.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to its `FaceSet`.
        source: str. Whose face appears.
        target: str. Whose footage it is.
        faces: int. Columns.

    Returns:
        dict of row title to float32 array, shape `(faces, resolution,
        resolution, 3)`, 0-1, for `plotting.plot_preview()`.
    """
    unseen = face_sets[target].select("test")
    truths = face_sets[source].select("test")
    pairs = unseen.pairs(truths)
    rows = pairs or [(row, None) for row in range(len(unseen))]
    chosen = np.linspace(0, len(rows) - 1, faces).round().astype(int)
    theirs, ours = zip(*(rows[row] for row in chosen), strict=True)
    crops = unseen.pick(theirs).network_crops(comb.resolution)
    latents = comb.encode(crops)
    shown = {
        f"target\n{target}": crops,
        "own\nreconstruction": comb.decode(latents, target),
        f"swap\n{source}": comb.decode(
            latents + comb.shift(source, target), source
        ),
    }
    if pairs:
        truth, _ = truth_of(comb, truths.pick(ours), unseen.pick(theirs))
        shown["truth"] = truth
    return shown


def joined_rows(comb, grown, face_set, faces=8):
    """Unseen faces of who joined a comb, as both combs draw them.

    Args:
        comb: `helpers.comb.Comb` of before. Where it knows them, too, its own
            decoder's row stands between.
        grown: `helpers.comb.Comb` that they joined.
        face_set: their `FaceSet`, with test faces.
        faces: int. Columns, at most.

    Returns:
        dict of row title to float32 array, shape `(faces, resolution,
        resolution, 3)`, 0-1, for `plotting.plot_preview()`.
    """
    name, unseen = face_set.identity, face_set.select("test")
    unseen = unseen.pick(evenly(len(unseen), faces))
    crops = unseen.network_crops(comb.resolution)
    codes = comb.encode(crops)
    rows = {f"unseen\n{name}": crops}
    if name in comb.identities:
        rows["trained with\nthe others"] = comb.decode(codes, name)
    rows["joined later"] = grown.decode(codes, name)
    return rows


def swap_matrix(comb, face_sets):
    """One unseen face of every identity, drawn as everybody.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to its `FaceSet`, with test
            faces each.

    Returns:
        tuple of dicts for `plotting.plot_swap_matrix()`: identity to float32
        array `(resolution, resolution, 3)`, 0-1, and the source's identity to
        float32 array `(targets, resolution, resolution, 3)`, 0-1.
    """
    targets = {}
    for place, (name, face_set) in enumerate(face_sets.items(), start=1):
        unseen = face_set.select("test")
        # test takes are filmed alike: another moment of them for each column
        row = len(unseen) * place // (len(face_sets) + 1)
        targets[name] = unseen.pick([row]).network_crops(comb.resolution)[0]
    codes = comb.encode(np.stack(list(targets.values())))
    swaps = {
        source: comb.decode(
            np.stack(
                [
                    code + comb.shift(source, target)
                    for target, code in zip(targets, codes, strict=True)
                ]
            ),
            source,
        )
        for source in comb.identities
    }
    return targets, swaps
