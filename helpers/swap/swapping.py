"""Swapping: a frame with a face and a comb in, another face in it out."""

import os
import pathlib
from collections import namedtuple

import numpy as np

from helpers import alignment, masks
from helpers.compositing import composite_face
from helpers.crops import cut_crop, cut_network_crops, matrix_for
from helpers.faces.face_set import evenly
from helpers.files import manifests
from helpers.swap.visible_face import MaskMaker

# Frames a batch for detector and network: large enough to be quick, small
# enough for 16 frames of 1080p in memory.
BATCH_SIZE = 16
# Times by which a drawn face may be enlarged smoothly without a word.
MOST_ENLARGED = 2.0
MEASURED = 200  # faces, evenly spread, that say how large they are in a video

Swap = namedtuple("Swap", "frame target_crop face matrix")
Swap.__doc__ = """One swapped face and what led to it.

Args:
    frame: uint8 array, shape `(height, width, 3)`, RGB, the result.
    target_crop: float32 array, shape `(side, side, 3)`, 0-1, what it replaced.
    face: float32 array, same shape, what was drawn of the source.
    matrix: float64 array, shape `(2, 3)`, frame pixels to pixels of the two.
"""

Cut = namedtuple("Cut", "seen target_crop matrix")
Cut.__doc__ = """What was cut of one face.

Args:
    seen: float32 array, shape `(resolution, resolution, 3)`, 0-1: what the
        encoder sees.
    target_crop: float32 array, shape `(drawn_side, drawn_side, 3)`, 0-1: the
        same square, as fine as the face is drawn.
    matrix: float64 array, shape `(2, 3)`, frame pixels to pixels of
        `target_crop`.
"""


def check_swap(comb, source, contract=None):
    """Stop early if a comb cannot make this swap.

    Args:
        comb: comb with `identities` and `contract`.
        source: name of the identity whose face should appear.
        contract: dict or `None`. Data contract of the faces that belong to
            the comb, from the manifest of the face sets.

    Raises:
        ValueError: if the comb has no decoder of this name.
        ContractError: if the comb was trained under another contract.
    """
    if source not in comb.identities:
        raise ValueError(
            f"source should be one of {', '.join(comb.identities)}: each has "
            f"a decoder in this comb. Received: source={source!r}"
        )
    if contract is not None:
        manifests.check_contract(comb.contract, contract, "01_data_generation")


def check_paths(input_path, output_path, endings):
    """Stop before the work begins if a result cannot be written.

    Args:
        input_path: str or path of the target's photo or video.
        output_path: str or path of the result.
        endings: sequence of str, those that the result's name may have.

    Raises:
        ValueError: if it has another one, or would overwrite the target.
    """
    ending = pathlib.Path(output_path).suffix.lower()
    if ending not in endings:
        raise ValueError(
            f"The result is written as one of {', '.join(endings)}. "
            f"Received: output_path={str(output_path)!r}"
        )
    if os.path.realpath(input_path) == os.path.realpath(output_path):
        raise ValueError(
            "The result would overwrite its own target. Received: "
            f"{str(output_path)!r} for both; choose another output path."
        )


def blending_mask(comb, yaw=0.0):
    """The soft mask along which the comb's faces are pasted.

    Args:
        comb: comb with `contract` and `resolution`.
        yaw: float. Turn of the head in degrees from
            `alignment.estimate_pose()`: the far cheek is out of sight, and
            behind it is not face but room.

    Returns:
        float32 array, shape `(resolution, resolution)`, 0-1.
    """
    return masks.blending_mask(comb.contract, comb.resolution, yaw)


def cut_target(comb, frame, landmarks):
    """What is seen of a face in a frame, by the comb and by who pastes.

    Args:
        comb: comb with `contract`, `resolution` and `drawn_side`.
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in frame pixels.

    Returns:
        `Cut`.

    Raises:
        ValueError: if the landmarks are no five different points.
    """
    size, coverage = comb.contract["crop_size"], comb.contract["coverage"]
    stored = cut_crop(
        frame, alignment.crop_matrix(landmarks, comb.contract), size
    )
    seen = cut_network_crops(stored[None], coverage, comb.resolution)[0]
    side = comb.drawn_side
    matrix = matrix_for(landmarks, comb.contract, side)
    if side == comb.resolution:
        return Cut(seen, seen, matrix)
    # from the frame itself: a stored crop may have fewer pixels
    target_crop = cut_crop(frame, matrix, side).astype(np.float32) / 255
    return Cut(seen, target_crop, matrix)


def enlarged_note(comb, faces):
    """What to say where faces are larger than they are drawn.

    Args:
        comb: comb with `contract` and `drawn_side`.
        faces: sequence of float arrays, shape `(5, 2)`: landmarks of faces,
            `(x, y)` in frame pixels; NaN where there is none.

    Returns:
        list of one str, empty up to `MOST_ENLARGED`.
    """
    side = comb.drawn_side
    seen = [face for face in faces if np.isfinite(face).all()]
    sides = [
        side
        / alignment.matrix_scale(matrix_for(seen[row], comb.contract, side))
        # some tell how large they are: an hour of film has 90,000
        for row in evenly(len(seen), MEASURED)
    ]
    if not sides or np.median(sides) <= MOST_ENLARGED * side:
        return []
    return [
        f"faces of about {np.median(sides):.0f} pixels were drawn in {side} "
        f"and enlarged smoothly, {np.median(sides) / side:.1f} times: train a "
        "detail network in notebook 03, with a larger DETAIL_FACTOR if there "
        "is one"
    ]


def draw_faces(comb, crops, source):
    """The source's faces, doing what the crops do, as large as they are pasted.

    Args:
        comb: comb of the identity `source`.
        crops: float32 array, shape `(faces, resolution, resolution, 3)`, 0-1,
            of the target.
        source: name of the identity whose face should appear.

    Returns:
        float32 array, shape `(faces, drawn_side, drawn_side, 3)`, 0-1.

    Raises:
        ValueError: if the source is unknown, or the crops do not fit.
    """
    return comb.enlarge(comb.swap(crops, source), source)


def swap_frame(comb, frame, landmarks, source, mask=None, **compositing):
    """One face of a frame swapped.

    Args:
        comb: comb of the identity `source`.
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in frame pixels, of
            the face to replace.
        source: name of the identity whose face should appear.
        mask: float array, shape `(side, side)`, 0-1, or `None` for what is
            seen of a face turned like this one.
        **compositing: `color`, see `color_transfer.match_color`, and `blend`,
            see `blending.fit_face`; else `compositing.DEFAULT_MODE`. And
            `occlusion`, whether what stands before the face stays there, see
            `visible_face.MaskMaker`.

    Returns:
        `Swap`. Its frame carries no mark: `swap_photo` and `swap_video` put
        it on what they write.

    Raises:
        ValueError: if the source is unknown or an array does not fit.
    """
    check_swap(comb, source)
    maker, compositing = maker_and_modes(comb, compositing)
    if mask is None:
        mask = maker.make_masks([maker.look_at_face(frame, landmarks)])[0]
    cut = cut_target(comb, frame, landmarks)
    face = draw_faces(comb, cut.seen[None], source)[0]
    result = composite_face(
        frame, face, cut.target_crop, cut.matrix, mask, **compositing
    )
    return Swap(result, cut.target_crop, face, cut.matrix)


def maker_and_modes(comb, compositing):
    """Who makes the masks, and what else says how faces are pasted.

    Args:
        comb: comb with `contract` and `resolution`.
        compositing: dict of `color`, `blend` and `occlusion`, each of which
            may be missing, see `swap_frame`.

    Returns:
        Tuple of a `visible_face.MaskMaker`, and a dict of what
        `compositing.composite_face` takes.

    Raises:
        ValueError: if there is no such occlusion.
        FileNotFoundError: if the network that sees what is covered is
            missing.
    """
    modes = dict(compositing)
    maker = MaskMaker(comb, modes.pop("occlusion", masks.DEFAULT_OCCLUSION))
    return maker, modes
