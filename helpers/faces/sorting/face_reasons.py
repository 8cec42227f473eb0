"""A face set in, why a face is of no use by itself out.

False detections, faces that are too small, cut off, blurred or dark. Each
threshold is a number with what was measured beside it; `python -m
benchmarks.choosing` prints the measurements.
"""

import functools

import numpy as np

from helpers import masks
from helpers.crops import cut_network_crops
from helpers.faces.face_set import evenly
from helpers.faces.readers import face_mask
from helpers.faces.sorting import crop_quality, repeats
from helpers.files import manifests

# Below this distance between the pupils a crop is mostly invented pixels.
SMALLEST_EYES = 14  # pixels
# A crop may lie beyond the picture's edge by this share of what is seen.
LARGEST_OUTSIDE = 0.3
# Share of the face that the face mask network sees, the mean of a track. Of
# the detections on trial photos and clips, folded hands have 0.13 to 0.29,
# bottles and foliage 0.16 to 0.40 with a score below 0.97; faces of more than
# 14 pixels between the eyes have 0.35 and more, half hidden ones included.
LEAST_SEEN = 0.30
DOUBTFUL_SCORE, DOUBTFUL_SEEN = 0.97, 0.42
# `crop_quality.sharpness`. Faces of the trial footage have 0.2 to 0.55, but for
# a few blurred photos; rendered ones 0.27 to 0.59, and blurred by a 20th of the
# distance between the eyes 0.13, by a tenth 0.05 (medians).
LEAST_SHARPNESS = 0.12
# `crop_quality.brightness` in grey levels. Faces of the trial footage have 48
# (before a bright window) to 240.
LEAST_BRIGHTNESS = 40
# faces of a track that are looked at: one may be hidden by a hand
MASK_SAMPLES = 3
# what to do about each, where no face of a file is of use
ADVICE = {
    "false detection": "What looked like a face is none, or it is hidden: take "
    "one that shows the face",
    "landmarks in doubt": "Turn it upright, or take one that shows eyes, nose "
    "and mouth",
    "too small": f"Take a larger one: less than {SMALLEST_EYES} pixels lie "
    "between the eyes",
    "cut off by the picture's edge": "Take one that shows the whole face",
    "blurred": "Take a sharper one",
    "too dark": "Take one with more light on the face",
}
CHUNK = 64  # crops that are read at once: 200 kB each, 1 MB as floats


def tracks_of(records):
    """Which faces belong together: dict from track to list of rows."""
    tracks = {}
    for row, record in enumerate(records):
        tracks.setdefault(record["track"], []).append(row)
    return tracks


def sample_tracks(tracks, most, good):
    """Some faces of each track, evenly spread over its good ones.

    Args:
        tracks: dict of `tracks_of`.
        most: int. Faces of a track.
        good: bool array, shape `(faces,)`.

    Returns:
        list of a list of rows for each track.
    """
    sampled = []
    for rows in tracks.values():
        best = [row for row in rows if good[row]] or rows
        places = evenly(len(best), most)
        sampled.append([best[place] for place in places])
    return sampled


def ask_about_crops(face_set, rows, size, question):
    """What a function says of some crops, a chunk at a time.

    Args:
        face_set: `FaceSet`.
        rows: list of int.
        size: int. Side in pixels to which the crops are resized.
        question: function of a uint8 array, shape `(faces, size, size, 3)`,
            that gives an array of as many.

    Returns:
        What `question` gave, joined.
    """
    return np.concatenate(
        [
            question(
                face_set.pick(rows[start : start + CHUNK]).load_crops(size)
            )
            for start in range(0, len(rows), CHUNK)
        ]
    )


def measure_faces(face_set, progress=None):
    """What all crops look like.

    Args:
        face_set: `FaceSet`.
        progress: called as `progress(faces done, faces)`, or `None`.

    Returns:
        dict of arrays with an entry for each face: `sharpness` and
        `brightness`, see `crop_quality`; `looks`, see `repeats.small_look`;
        `seen`, the share of the face that a network sees, as a mean of the
        face's track.
    """
    count = len(face_set)
    sharpness, brightness = np.empty(count), np.empty(count)
    looks = np.empty((count, repeats.SIDE, repeats.SIDE), np.uint8)
    for start in range(0, count, CHUNK):
        rows = range(start, min(start + CHUNK, count))
        crops = face_set.pick(rows).load_crops(crop_quality.LOOK)
        for row, crop in zip(rows, crops, strict=True):
            look = crop_quality.look_at(crop)
            sharpness[row] = crop_quality.sharpness(look)
            brightness[row] = crop_quality.brightness(look)
            looks[row] = repeats.small_look(look)
        if progress is not None:
            progress(rows[-1] + 1, count)
    return {
        "sharpness": sharpness,
        "brightness": brightness,
        "looks": looks,
        "seen": _seen_shares(face_set),
    }


def _seen_shares(face_set):
    tracks = tracks_of(face_set.records)
    everything = np.ones(len(face_set), bool)
    sampled = sample_tracks(tracks, MASK_SAMPLES, everything)
    shares = np.empty(len(face_set))
    if not sampled:
        return shares
    coverage = face_set.contract["coverage"]
    resolution = face_mask.shipped_mask().resolution

    def share_of_face(crops):
        seen = cut_network_crops(crops, coverage, resolution)
        egg = _egg(resolution)
        # its outline, and what of it is bare
        shares = face_mask.shipped_mask().read_masks(seen)[..., :2]
        visible = shares.prod(axis=-1)
        return (visible * egg).sum(axis=(1, 2)) / egg.sum()

    rows = [row for some in sampled for row in some]
    size = round(resolution / coverage)
    answers = iter(ask_about_crops(face_set, rows, size, share_of_face))
    for whole, some in zip(tracks.values(), sampled, strict=True):
        shares[whole] = np.mean([next(answers) for _ in some])
    return shares


@functools.cache
def _egg(resolution):
    contract = manifests.data_contract(2 * resolution)
    egg = masks.face_mask(2 * resolution, contract, inner=True)[None]
    return cut_network_crops(
        egg.astype(np.float32), contract["coverage"], resolution
    )[0]


def find_reasons(records, measures):
    """Why a face is of no use, whoever it is, but for being too dark.

    Args:
        records: list of dicts.
        measures: dict of `measure_faces`.

    Returns:
        list of str, or `None` for a face that may be of use.
    """
    return [
        _reason(record, measures["seen"][row], measures["sharpness"][row])
        for row, record in enumerate(records)
    ]


def _reason(record, seen, sharpness):
    doubtful = record["score"] < DOUBTFUL_SCORE and seen < DOUBTFUL_SEEN
    if seen < LEAST_SEEN or doubtful:
        return "false detection"
    if record.get("doubtful"):
        return "landmarks in doubt"
    if record["eyes"] < SMALLEST_EYES:
        return "too small"
    if record["outside"] > LARGEST_OUTSIDE or np.min(record["landmarks"]) < 0:
        return "cut off by the picture's edge"
    return "blurred" if sharpness < LEAST_SHARPNESS else None
