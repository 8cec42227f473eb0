"""Grouping: tracks of faces in, which of them show the same person out.

Nobody has a name, and nobody was seen before: `likeness` says how alike
two faces are (`likeness`), and tracks that are alike on average form a
group. Two faces in one frame are never the same person.
"""

import functools
import itertools

import numpy as np
from sklearn import cluster

from helpers import face_reasons, likeness

# faces of a track that are looked at
SAMPLES = 6

# Tracks that are alike by this much on average are one person, and by the
# second number where one of two groups is many times as large as the other: in
# most footage there is one person, and losing faces of theirs is the greater
# harm than a stranger among them, who can be left out by hand. Both are
# measured by `benchmarks.grouping`.
ALIKE = 0.40
ALIKE_WITH_MOST = 0.25
MANY_TIMES = 4
# Tracks that are compared with each other at once: memory and time grow with
# the square. The others join the groups that these form.
AT_ONCE = 1500
# a distance that no average makes up for
NEVER = 1e6


def group_faces(face_set, reasons):
    """Number the people of a face set.

    Args:
        face_set: `facesets.FaceSet`, all faces that were found.
        reasons: list of str or `None`, see `face_reasons.find_reasons`. Of a
            track, faces without one are looked at first.

    Returns:
        list of int, one for each face, 0 for the person seen most; `None` for
        false detections.
    """
    false = [reason == "false detection" for reason in reasons]
    tracks = {
        name: rows
        for name, rows in face_reasons.tracks_of(face_set.records).items()
        if not all(false[row] for row in rows)
    }
    people = [None] * len(reasons)
    if not tracks:
        return people
    # the face that a frame is about counts whole, the next one half
    weights = [
        sum(1 / (1 + face_set.records[row]["face"]) for row in rows)
        for rows in tracks.values()
    ]
    vectors = _describe(face_set, tracks, [each is None for each in reasons])
    apart = _seen_in_one_frame(face_set.records, tracks)
    labels = group_tracks(vectors, weights, apart).tolist()
    for rows, label in zip(tracks.values(), labels, strict=True):
        for row in rows:
            people[row] = None if false[row] else label
    return people


def _describe(face_set, tracks, good):
    """Mean vector of each track, shape `(tracks, dimensions)`."""
    sampled = face_reasons.sample_tracks(tracks, SAMPLES, good)
    found = face_reasons.ask(
        face_set,
        [row for rows in sampled for row in rows],
        likeness.RESOLUTION,
        _shipped_likeness().describe,
    )
    sizes = [len(rows) for rows in sampled]
    starts = np.cumsum([0, *sizes[:-1]])
    return np.add.reduceat(found, starts) / np.array(sizes)[:, None]


@functools.cache
def _shipped_likeness():
    return likeness.read_likeness()


def _seen_in_one_frame(records, tracks):
    """Pairs of tracks, by their places, of which a frame shows both."""
    frames = {}
    for place, rows in enumerate(tracks.values()):
        for row in rows:
            where = records[row]["file"], records[row]["frame"]
            frames.setdefault(where, set()).add(place)
    pairs = set()
    for places in frames.values():
        pairs |= set(itertools.combinations(sorted(places), 2))
    return sorted(pairs)


def group_tracks(vectors, weights, apart=()):
    """Number the people that some tracks show.

    Args:
        vectors: float array, shape `(tracks, dimensions)`: for each track the
            mean of `likeness.Likeness.describe` of its faces.
        weights: float array, shape `(tracks,)`: how much each is seen.
        apart: pairs `(track, track)` that cannot be one person, as they are
            seen in one frame.

    Returns:
        int array, shape `(tracks,)`: 0 for the person seen most, and so on.
    """
    vectors = np.asarray(vectors, np.float64)
    weights = np.asarray(weights, np.float64)
    strangers = {}
    for one, other in apart:
        strangers.setdefault(one, set()).add(other)
        strangers.setdefault(other, set()).add(one)
    groups, waiting = [], np.argsort(-weights, kind="stable").tolist()
    while waiting:
        block, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        groups += _cluster(block, vectors, strangers)
        groups.sort(key=lambda group: -weights[group].sum())
        waiting = _join(groups, waiting, vectors, strangers)
    groups = _join_most(groups, vectors, weights, strangers)
    labels = np.empty(len(vectors), int)
    for number, group in enumerate(groups):
        labels[group] = number
    return labels


def _cluster(block, vectors, strangers):
    """Groups of some tracks, each a list, by average linkage."""
    if len(block) < 2:
        return [[track] for track in block]
    distance = 1 - vectors[block] @ vectors[block].T
    place = {track: n for n, track in enumerate(block)}
    for track in block:
        for other in strangers.get(track, ()):
            if other in place:
                distance[place[track], place[other]] = NEVER
    np.fill_diagonal(distance, 0)
    labels = cluster.AgglomerativeClustering(
        n_clusters=None,
        metric="precomputed",
        linkage="average",
        distance_threshold=1 - ALIKE,
    ).fit_predict(distance)
    return [
        [block[n] for n in np.flatnonzero(labels == label)]
        for label in range(labels.max() + 1)
    ]


def _join(groups, waiting, vectors, strangers):
    """Put tracks into the groups that they are like; give the others."""
    if not waiting:
        return []
    means = np.stack([vectors[group].mean(axis=0) for group in groups])
    owner = {track: n for n, group in enumerate(groups) for track in group}
    left = []
    for track in waiting:
        alike = means @ vectors[track]
        for other in strangers.get(track, ()):
            if other in owner:
                alike[owner[other]] = -1
        best = int(alike.argmax())
        if alike[best] >= ALIKE:
            groups[best].append(track)
            owner[track] = best
        else:
            left.append(track)
    return left


def _join_most(groups, vectors, weights, strangers):
    """Small groups join a far larger one that they are somewhat like."""
    means = [vectors[group].mean(axis=0) for group in groups]
    sizes = [weights[group].sum() for group in groups]
    result = []
    for number, group in enumerate(groups):
        best, whose = ALIKE_WITH_MOST, None
        for larger, other in enumerate(result):
            known = other[1]
            alike = means[known] @ means[number]
            if alike < best or sizes[known] < MANY_TIMES * sizes[number]:
                continue
            if not _seen_together(group, other[0], strangers):
                best, whose = alike, larger
        if whose is None:
            result.append((list(group), number))
        else:
            result[whose][0].extend(group)
    joined = [group for group, _ in result]
    return sorted(joined, key=lambda group: -weights[group].sum())


def _seen_together(group, other, strangers):
    met = set().union(*(strangers.get(track, ()) for track in group))
    return not met.isdisjoint(other)
