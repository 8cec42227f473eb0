"""A stretch of a clip and its swap in; how sharp, seamless and steady out.

The functions are those that report a swapped video (`proof.clip_report`), on
crops of that size.
"""

import cv2
import numpy as np

from helpers.proof import clip_measures, flicker

STRETCH = 180  # faces of a clip, one after the other, that are judged as film
APART = 3  # frames of a clip from one face to the next, up to which it is one


def stretch_of(face_set, most=STRETCH):
    """The middle of the clip that shows a person longest.

    Args:
        face_set: `FaceSet`.
        most: int. Faces at most.

    Returns:
        `FaceSet`: faces of one file, one after the other.
    """
    files = {}
    for row, record in enumerate(face_set.records):
        files.setdefault(record["file"], []).append((record["frame"], row))
    rows = [row for _, row in sorted(max(files.values(), key=len))]
    start = max(0, (len(rows) - most) // 2)
    return face_set.pick(rows[start : start + most])


def picture_scores(clip, crops, swaps):
    """Sharpness, seam and flicker of a swapped clip, as a clip's report has it.

    Args:
        clip: `FaceSet` of the target, one face after the other.
        crops: uint8 array, shape `(faces, size, size, 3)`. Its stored crops.
        swaps: uint8 array, same shape. The same crops, swapped.

    Returns:
        dict of floats: `sharpness` and `seam`, see `clip_measures`;
        `flicker_ratio`, see `flicker.flicker_ratio` (of faces at most `APART`
        frames from one to the next).
    """
    rows = _measured(clip, crops, swaps)
    frames = [record["frame"] for record in clip.records]
    errors = [
        _warping_errors(rows[place - 1], rows[place])
        for place in range(1, len(rows))
        if frames[place] - frames[place - 1] <= APART
    ]
    of_swaps, of_target = np.nansum(np.reshape(errors, (-1, 2)), axis=0)
    return {
        "sharpness": float(
            np.mean([clip_measures.sharpness_ratio(*row) for row in rows])
        ),
        "seam": _mean_seam(rows),
        "flicker_ratio": float(of_swaps / of_target),
    }


def seam_score(clip, crops, swaps):
    """The seam of `picture_scores()` alone, of faces however far apart."""
    return _mean_seam(_measured(clip, crops, swaps))


def _mean_seam(rows):
    return float(np.mean([clip_measures.seam(*row) for row in rows]))


def _measured(clip, crops, swaps):
    """Swap, target and mask of each face, as `clip_measures` takes them."""
    side = clip_measures.SIDE
    way = cv2.INTER_AREA if side < crops.shape[1] else cv2.INTER_LINEAR
    crops, swaps = (
        [cv2.resize(each, (side, side), interpolation=way) for each in film]
        for film in (crops, swaps)
    )
    masks = [
        clip_measures.mask_at(clip.contract, round(record["yaw"]))
        for record in clip.records
    ]
    return list(zip(swaps, crops, masks, strict=True))


def _warping_errors(before, now):
    """Of the swap and of the target, from one face to the next."""
    flow, known = flicker.find_flow(before[1], now[1])
    known &= now[2] > clip_measures.BAND[0]
    return [
        flicker.warping_error(*pair, flow, known)
        for pair in zip(before[:2], now[:2], strict=True)
    ]
