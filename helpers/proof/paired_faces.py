"""Unseen faces of two identities in, the same frames side by side out."""

import cv2
import numpy as np

from helpers.crops import cut_network_crops, recut_crops
from helpers.faces.face_set import evenly
from helpers.files import manifests
from helpers.proof.scores import PairedCrops, mean_face
from helpers.synthetic.frame import EXPRESSION_PARAMETERS


def paired_crops(comb, face_sets, most=240):
    """Unseen crops of every ordered pair of identities, with the truth.

    Args: see `evaluation.swap_scores()`.

    Yields:
        `(source, target, PairedCrops, mean face of the source)`.

    Raises: see `evaluation.swap_scores()`.
    """
    if len(face_sets) < 2:
        raise ValueError(
            "A swap needs two identities at least. "
            f"Received: {sorted(face_sets)}"
        )
    for face_set in face_sets.values():
        manifests.check_contract(
            comb.contract, face_set.contract, "01_data_generation"
        )
    mean_faces = {
        identity: mean_face(
            face_set.select("train").network_crops(comb.resolution)
        )
        for identity, face_set in face_sets.items()
    }
    tests = {
        identity: face_set.select(split="test")
        for identity, face_set in face_sets.items()
    }
    crops = {
        name: test.network_crops(comb.resolution)
        for name, test in tests.items()
    }
    for source in tests:
        for target in tests:
            if source == target:
                continue
            rows = _paired_rows(tests[source], tests[target], most)
            truth, masks = truth_of(
                comb, tests[source].pick(rows[0]), tests[target].pick(rows[1])
            )
            records = [tests[source].records[row] for row in rows[0]]
            paired = PairedCrops(
                target=crops[target][rows[1]],
                truth=truth,
                masks=masks,
                frame_parameters=_parameters_of(records),
            )
            yield source, target, paired, mean_faces[source]


def paired_tests(source, target, most):
    """Unseen faces of two identities, row by row of the same frames.

    Args:
        source: `FaceSet`, all of it.
        target: the same of another identity.
        most: int. Frames at most, evenly spread.

    Returns:
        tuple of two `FaceSet` of one length: 0 where they share no frame.
    """
    tests = [face_set.select("test") for face_set in (source, target)]
    pairs = np.array(tests[0].pairs(tests[1]), int).reshape(-1, 2)
    rows = pairs[evenly(len(pairs), most)].T
    return tuple(
        test.pick(chosen) for test, chosen in zip(tests, rows, strict=True)
    )


def truth_of(comb, source, target, side=None):
    """What a perfect swap would be: the source, cut as the target was.

    Args:
        comb: `helpers.comb.Comb`.
        source: `FaceSet`. Whose face appears.
        target: `FaceSet`. Row i is the same frame as the source's.
        side: int. Side in pixels; `None` for what the comb draws.

    Returns:
        `(crops, masks)`: float32 arrays, shape `(faces, height, width, 3)` and
        `(faces, height, width)`, 0-1.
    """
    matrices = [
        [np.array(record["matrix"]) for record in face_set.records]
        for face_set in (source, target)
    ]
    return tuple(
        cut_network_crops(
            recut_crops(stored, *matrices, border),
            comb.contract["coverage"],
            side or comb.resolution,
        )
        for stored, border in (
            (source.load_crops(), cv2.BORDER_REPLICATE),
            # where nothing was stored there is no face either
            (source.load_masks(), cv2.BORDER_CONSTANT),
        )
    )


def _paired_rows(source, target, most):
    pairs = np.array(source.pairs(target), dtype=int).reshape(-1, 2)
    if not len(pairs):
        raise ValueError(
            f"{source.identity} and {target.identity} share no test frame, so "
            "this swap has no truth. Received: face sets whose test takes were "
            "filmed apart; score real people with cycle_error"
        )
    return pairs[evenly(len(pairs), most)].T


def _parameters_of(records):
    frames = [record.get("frame_parameters") for record in records]
    if not all(frames):
        return None  # real footage: nobody knows its parameters
    return {
        name: np.array([frame[name] for frame in frames])
        for name in EXPRESSION_PARAMETERS
    }
