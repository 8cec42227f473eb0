"""Tracks and the faces of a key frame in, which goes on which out.

A face is expected where its movement takes it. Where two come so near each
other that their places do not tell them apart, or one was hidden behind the
other, their looks do: then, and only then, the `likeness` network is asked.
"""

import functools

import numpy as np
from scipy import optimize

from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces.readers import likeness
from helpers.files import manifests

# The centre of a face is less than this many face widths from where it is
# expected, four frames later.
REACH = 0.75
# Two ways to link faces that differ by less than this, in face widths for each
# of them, are no different: looks decide.
CONFUSED = 0.7
# a face that is expected so near another one, in widths, may be behind it
HIDDEN = 1.0
# frames after which one that was hidden is not looked for any more
HIDDEN_FRAMES = 100
# Looks that are further apart are another person's: between those of one
# rendered person in one clip and those of two.
UNLIKE = 0.73
# the same of a face that comes out, half hidden, where it is expected
HALF_UNLIKE = 0.9
# what a face width counts beside looks
PLACE_SHARE = 0.1
IMPOSSIBLE = 1e3


def link_faces(faces, detected, frame):
    """Which of some tracks goes on with which detected face.

    Args:
        faces: list of `followed_face.FollowedFace`, of this shot.
        detected: list of dicts, see `detection.FaceDetector.detect`, each
            with a `look`, see `cut_look`, where there is more than one face.
        frame: int, index of the frame in which they were detected.

    Returns:
        Tuple of a list with a `FollowedFace` or `None` for each that was
        detected, and a set of those places in it for which looks decided.
    """
    linked, confused = [None] * len(detected), set()
    if not faces or not detected:
        return linked, confused
    costs = np.array([_distances(face, detected, frame) for face in faces])
    rows, columns = _assign(costs)
    for row, column in zip(rows, columns, strict=True):
        linked[column] = row
    tracks, confused = _confused(faces, costs, linked)
    if tracks:
        _link_by_looks(faces, detected, costs, linked, tracks, confused)
    return [None if row is None else faces[row] for row in linked], confused


def _distances(face, detected, frame):
    """Face widths from where a track should be to what was detected."""
    centres = np.array([np.mean(each["landmarks"], 0) for each in detected])
    away = np.linalg.norm(centres - face.centre_at(frame), axis=1)
    away /= max(face.width, 1.0)
    reach = REACH * max(1, (frame - face.last) / 4)
    return np.where(away <= reach, away, IMPOSSIBLE)


def is_hidden(face, detected, frame):
    """Whether a track may be out of sight behind a detected face.

    Args:
        face: `followed_face.FollowedFace` that nothing was linked to.
        detected: see `link_faces`.
        frame: see `link_faces`.
    """
    if not detected:
        return False
    return bool(_distances(face, detected, frame).min() < HIDDEN)


def _assign(costs):
    rows, columns = optimize.linear_sum_assignment(costs)
    possible = costs[rows, columns] < IMPOSSIBLE
    return rows[possible].tolist(), columns[possible].tolist()


def _confused(faces, costs, linked):
    """Tracks and detected faces that could as well be linked otherwise."""
    column_of = {row: n for n, row in enumerate(linked) if row is not None}
    tracks, places = set(), set()
    for row, column in np.argwhere(costs < IMPOSSIBLE).tolist():
        other, mine = linked[column], column_of.get(row)
        back = faces[row].hidden and other in (None, row)
        if other == row and not back:
            continue
        before = 0.0 if other is None else costs[other, column]
        before += 0.0 if mine is None else costs[row, mine]
        after, moved = costs[row, column], 1
        if other is not None and mine is not None:
            after, moved = after + costs[other, mine], 2
        if back or after - before < CONFUSED * moved:
            tracks |= {row, other} - {None}
            places |= {column, mine} - {None}
    return tracks, places


def _link_by_looks(faces, detected, costs, linked, tracks, places):
    """Link some tracks and detected faces anew; changes `linked`."""
    tracks, places = sorted(tracks), sorted(places)
    vectors = look_vectors([detected[place] for place in places])
    known = [faces[row].looks for row in tracks]
    if not all(known):
        return  # somebody was never seen apart: places have to do
    unlike = np.array(
        [np.linalg.norm(vectors - look_of(looks), axis=1) for looks in known]
    )
    near = costs[np.ix_(tracks, places)]
    away = np.where(near < IMPOSSIBLE, unlike + PLACE_SHARE * near, IMPOSSIBLE)
    for place in places:
        linked[place] = None
    for row, column in zip(*_assign(away), strict=True):
        limit = UNLIKE if near[row, column] > HIDDEN else HALF_UNLIKE
        if not faces[tracks[row]].hidden or unlike[row, column] < limit:
            linked[places[column]] = tracks[row]


def is_other(look, face, other, nearer):
    """Whether a face looks more like another one than like that which is near.

    Args:
        look: dict of `cut_look`.
        face: `followed_face.FollowedFace`, whose place is nearer.
        other: `followed_face.FollowedFace`.
        nearer: float, by how much, in distances between the eyes.
    """
    if not face.looks or not other.looks:
        return False
    vector = look_vectors([{"look": look}])[0]
    unlike = [
        np.linalg.norm(vector - look_of(each.looks)) for each in (face, other)
    ]
    return unlike[1] + PLACE_SHARE * nearer < unlike[0]


# ---- looks


def cut_look(picture, landmarks):
    """What is kept of a face's looks: a small crop; later its vector.

    Args:
        picture: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(5, 2)`.

    Returns:
        dict of `crop`, uint8 array.
    """
    matrix = alignment.crop_matrix(landmarks, _contract())
    return {"crop": cut_crop(picture, matrix, likeness.CROP_SIZE)}


def look_vectors(owners):
    """Vectors of what was kept of some faces, each read only once.

    Args:
        owners: list of dicts with a `look`, see `cut_look`.

    Returns:
        float array, shape `(faces, likeness.DIMENSIONS)`. They stay in memory
        as long as the face is followed.
    """
    looks = [owner["look"] for owner in owners]
    new = [look for look in looks if "vector" not in look]
    if new:
        read = likeness.shipped_first().vectors(
            np.stack([look["crop"] for look in new])
        )
        for look, vector in zip(new, read, strict=True):
            look["vector"] = vector
    return np.stack([look["vector"] for look in looks])


def look_of(looks):
    """The median of a track's looks, shape `(likeness.DIMENSIONS,)`."""
    return np.median(look_vectors([{"look": look} for look in looks]), axis=0)


@functools.cache
def _contract():
    return manifests.data_contract(likeness.CROP_SIZE)
