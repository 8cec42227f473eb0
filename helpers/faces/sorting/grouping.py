"""Grouping: tracks of faces in, which of them show the same person out.

Nobody has a name, and nobody was seen before: `likeness` says how alike
two faces are, and tracks that are alike on average form a group. Two faces in
one frame are never the same person. The groups are to be looked at
(`plotting.plot_people`): the vectors of two people can be as near as those of
one, so a group that falls apart into *parts* may be several people, and is said
to be. How often it is wrong, and how often that is said, prints `python -m
benchmarks.grouping`.
"""

import itertools

import numpy as np
from sklearn import cluster, metrics

from helpers.faces.face_records import PARTS
from helpers.faces.readers import likeness
from helpers.faces.sorting import face_reasons

# faces of a track that are looked at
SAMPLES = 6

# Tracks that are this far apart on average show two people. Two photos of one
# real person are 0.38 apart (less than 0.72 in 99 of 100 pairs), of two people
# more than 0.81 in 99 of 100. With 0.70 and 0.75 groups are nearly the same.
APART = 0.73
# A group that is so many times as large as another one takes it in if they are
# no further apart than this: in most footage there is one person, and to lose
# faces of theirs is worse than a stranger, whom a hand can leave out.
MANY_TIMES = 3
APART_FROM_MOST = 0.78
# From here on, on average, two people occur: of photos of different people one
# pair in a thousand is nearer, of one person one in twenty further apart. What
# holds together only beyond it may be several people.
LOOSE = 0.66
MOST_PARTS = 4  # the last one takes what is left
# Tracks that are compared with each other at once: memory and time grow with
# the square. The others join the groups that these form.
AT_ONCE = 1500
# a distance that no average makes up for
NEVER = 1e6


def group_faces(face_set, reasons):
    """Number the people of a face set.

    Args:
        face_set: `FaceSet`, all faces that were found.
        reasons: list of str or `None`, see `face_reasons.find_reasons`. Of a
            track, faces without one are looked at first.

    Returns:
        Tuple of two lists with an entry for each face: an int, 0 for the
        person seen most, `None` for false detections; and of a group that may
        be several people the part, `"a"` for the largest, else `None`.
    """
    false = [reason == "false detection" for reason in reasons]
    tracks = {
        name: rows
        for name, rows in face_reasons.tracks_of(face_set.records).items()
        if not all(false[row] for row in rows)
    }
    people, parts = [None] * len(reasons), [None] * len(reasons)
    if not tracks:
        return people, parts
    # the face that a frame is about counts whole, the next one half
    weights = [
        sum(1 / (1 + face_set.records[row]["face"]) for row in rows)
        for rows in tracks.values()
    ]
    good = [each is None for each in reasons]
    vectors = describe_tracks(face_set, tracks, good)
    labels = group_tracks(
        vectors, weights, _seen_in_one_frame(face_set.records, tracks)
    ).tolist()
    letters = part_tracks(vectors, weights, labels)
    for rows, label, part in zip(tracks.values(), labels, letters, strict=True):
        for row in rows:
            if not false[row]:
                people[row], parts[row] = label, part
    return people, parts


def describe_tracks(face_set, tracks, good):
    """Vector of each track: of several looks, in all directions the median.

    Args:
        face_set: `FaceSet`.
        tracks: dict from a track to the rows of its faces.
        good: bool array, shape `(faces,)`, which faces to look at first.

    Returns:
        float array, shape `(tracks, likeness.DIMENSIONS)`.
    """
    sampled = face_reasons.sample_tracks(tracks, SAMPLES, good)
    vectors = face_reasons.ask_about_crops(
        face_set,
        [row for rows in sampled for row in rows],
        likeness.CROP_SIZE,
        likeness.shipped_likeness().vectors,
    )
    ends = np.cumsum([len(rows) for rows in sampled])
    looks = np.split(vectors, ends[:-1])
    return np.stack([np.median(each, axis=0) for each in looks])


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


def group_tracks(vectors, weights, apart=(), threshold=APART):
    """Number the people that some tracks show.

    Args:
        vectors: float array, shape `(tracks, dimensions)`: for each track the
            mean of `likeness.Likeness.vectors` of its faces.
        weights: float array, shape `(tracks,)`: how much each is seen.
        apart: pairs `(track, track)` that cannot be one person, as they are
            seen in one frame.
        threshold: float. Tracks that are this far apart are two people.

    Returns:
        int array, shape `(tracks,)`: 0 for the person seen most, and so on.
    """
    tracks = _Tracks(vectors, weights, apart)
    groups = []
    waiting = np.argsort(-tracks.weights, kind="stable").tolist()
    while waiting:
        block, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        groups += tracks.cluster(block, threshold)
        groups.sort(key=tracks.weight, reverse=True)
        waiting = tracks.join(groups, waiting, threshold)
    groups = tracks.join_most(groups)
    labels = np.empty(len(tracks.vectors), int)
    for number, group in enumerate(groups):
        labels[group] = number
    return labels


def part_tracks(vectors, weights, labels):
    """Into which parts the groups of `group_tracks` fall, if they may.

    Args:
        vectors: see `group_tracks`.
        weights: see `group_tracks`.
        labels: sequence of int, from `group_tracks`.

    Returns:
        list with a letter for each track of a group that may be several
        people, `"a"` for its largest part, and `None` for the others.
    """
    letters = [None] * len(labels)
    tracks = _Tracks(vectors, weights, ())
    for label in sorted(set(labels)):
        members = np.flatnonzero(np.asarray(labels) == label).tolist()
        members.sort(key=lambda track: -tracks.weights[track])
        parts = tracks.cluster(members[:AT_ONCE], LOOSE)
        parts.sort(key=tracks.weight, reverse=True)
        left = tracks.join(parts, members[AT_ONCE:], LOOSE)
        parts += [left] if left else []
        if len(parts) == 1:
            continue
        for number, part in enumerate(parts):
            for track in part:
                letters[track] = PARTS[min(number, MOST_PARTS - 1)]
    return letters


class _Tracks:
    """What is known of tracks; see `group_tracks`. A group is a list of int."""

    def __init__(self, vectors, weights, apart):
        self.vectors = np.asarray(vectors, np.float64)
        self.weights = np.asarray(weights, np.float64)
        self.strangers = {}
        for one, other in apart:
            self.strangers.setdefault(one, set()).add(other)
            self.strangers.setdefault(other, set()).add(one)

    def weight(self, group):
        return self.weights[group].sum()

    def _distances(self, tracks, others):
        return metrics.pairwise_distances(
            self.vectors[tracks], self.vectors[others]
        )

    def cluster(self, block, apart):
        """Groups of some tracks, by average linkage."""
        if len(block) < 2:
            return [block]
        distances = self._distances(block, block)
        place = {track: n for n, track in enumerate(block)}
        for track in block:
            for other in self.strangers.get(track, ()):
                if other in place:
                    distances[place[track], place[other]] = NEVER
        labels = cluster.AgglomerativeClustering(
            n_clusters=None,
            metric="precomputed",
            linkage="average",
            distance_threshold=apart,
        ).fit_predict(distances)
        return [
            [block[n] for n in np.flatnonzero(labels == label)]
            for label in range(labels.max() + 1)
        ]

    def join(self, groups, waiting, apart):
        """Put tracks into the groups that they are like; give the others."""
        if not waiting:
            return []
        means = np.stack([self.vectors[g].mean(axis=0) for g in groups])
        owner = {track: n for n, group in enumerate(groups) for track in group}
        left = []
        for track in waiting:
            away = np.linalg.norm(means - self.vectors[track], axis=1)
            for other in self.strangers.get(track, ()):
                if other in owner:
                    away[owner[other]] = NEVER
            nearest = int(away.argmin())
            if away[nearest] < apart:
                groups[nearest].append(track)
                owner[track] = nearest
            else:
                left.append(track)
        return left

    def join_most(self, groups):
        """Small groups join the largest one where that is plausible."""
        most, *others = sorted(groups, key=self.weight, reverse=True)
        core, left = list(most), []
        for group in others:
            large = self.weight(core) >= MANY_TIMES * self.weight(group)
            if large and self._plausible(group, core):
                most = most + group
            else:
                left.append(group)
        return sorted([most, *left], key=self.weight, reverse=True)

    def _plausible(self, group, core):
        """Whether a small group may be the person that is seen most."""
        met = set().union(*(self.strangers.get(n, ()) for n in group))
        if not met.isdisjoint(core):
            return False
        return self._distances(group, core).mean() < APART_FROM_MOST
