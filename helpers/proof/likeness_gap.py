"""Likeness gap: faces of a source and swaps in, how unlike the source out.

The first recognition network of the course is asked (`likeness.shipped_first`,
its vectors): a public one, that was never shown a swap.
"""

import numpy as np

from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces.face_set import evenly
from helpers.faces.readers import likeness
from helpers.faces.tracks import has_face
from helpers.proof.clip_measures import both_frames
from helpers.proof.swap_pairs import paste_faces

MOST = 100  # faces of the source, evenly spread, that are known, and unseen
FRAMES = 30  # of a clip, evenly spread


class LikenessGap:
    """How far faces are from a source, beside how far its own ones are.

    Args:
        reader: `likeness.Likeness`.
        face_set: `FaceSet` of the source, with training and test faces.

    Attributes:
        own: float. Distance of the source's test faces from the mean of its
            training faces.
    """

    def __init__(self, reader, face_set):
        self.reader = reader
        known, unseen = (
            own.pick(evenly(len(own), MOST)).load_crops()
            for own in (face_set.select("train"), face_set.select("test"))
        )
        self.middle = reader.vectors(known).mean(axis=0)
        self.own = self.distance(unseen)

    def distance(self, crops):
        """Median distance of faces from the source's mean face, a float."""
        away = self.reader.vectors(crops) - self.middle
        return float(np.median(np.linalg.norm(away, axis=1)))

    def gaps(self, target, swaps, pasted):
        """How much of the way from the target to the source is missing.

        Args:
            target: uint8 array, shape `(faces, size, size, 3)`. Whole crops
                of the target.
            swaps: uint8 array, same shape. The same crops, swapped.
            pasted: uint8 array, same shape. The same crops, into which real
                faces of the source were pasted as swaps are.

        Returns:
            dict of floats, in shares of the distance between the target and
            the source's own unseen faces: `likeness_gap` of the swaps, 0 if
            they are as like the source as it is itself, 1 if as little as the
            target; `likeness_gap_ceiling`, of the pasted ones, which is what
            the paste alone loses (hair and outline stay the target's); and
            `likeness_gap_above_ceiling`, their difference, which the drawing
            loses.
        """
        whole = self.distance(target) - self.own
        gap, ceiling = (
            (self.distance(crops) - self.own) / whole
            for crops in (swaps, pasted)
        )
        return {
            "likeness_gap": gap,
            "likeness_gap_ceiling": ceiling,
            "likeness_gap_above_ceiling": gap - ceiling,
        }


def nearest_in_pose(face_set, records):
    """For each of other faces, the one of a face set in the nearest pose.

    Args:
        face_set: `FaceSet` of at least one face.
        records: list of dicts with `yaw` and `pitch`, degrees.

    Returns:
        `FaceSet`: of `face_set`, one face for each of `records`.
    """
    own, wanted = (
        np.array([[each["yaw"], each["pitch"]] for each in one])
        for one in (face_set.records, records)
    )
    apart = np.linalg.norm(wanted[:, None] - own, axis=-1)
    return face_set.pick(apart.argmin(axis=1).tolist())


def pasted_alike(comb, face_set, crops, records):
    """Real faces of a source, pasted into a target's crops as swaps are.

    Args:
        comb: `helpers.comb.Comb`.
        face_set: `FaceSet` of the source.
        crops: uint8 array, shape `(faces, size, size, 3)`. Whole crops of the
            target.
        records: list of dicts with the `yaw` and `pitch` of each.

    Returns:
        uint8 array, the shape of `crops`.
    """
    nearest = nearest_in_pose(face_set, records)
    side = round(comb.contract["coverage"] * comb.contract["crop_size"])
    yaws = [record["yaw"] for record in records]
    return paste_faces(comb, crops, nearest.network_crops(side), yaws)


def clip_gaps(comb, face_set, track, target_path, swap_path, most=None):
    """Likeness gap of a swapped clip.

    Args:
        comb: `helpers.comb.Comb`, the one that made it.
        face_set: `FaceSet` of the source, with training and test faces.
        track: `FaceTrack` of the face, as it was swapped.
        target_path: str or path of the video that was swapped.
        swap_path: str or path of the result.
        most: int or `None`. Frames that count at most, from the first;
            `FRAMES` of those are looked at, evenly spread.

    Returns:
        dict of floats, see `LikenessGap.gaps`; empty if there is no face in
        the clip, or no test face of the source.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if a video cannot be read.
    """
    seen = np.flatnonzero(has_face(track.landmarks[:most]))
    if not len(face_set.select("test")) or not len(seen):
        return {}
    wanted = seen[evenly(len(seen), FRAMES)]
    records, crops, size = [], [], comb.contract["crop_size"]
    for index, _, *frames in both_frames(target_path, swap_path):
        if index in wanted:
            points = track.landmarks[index]
            yaw, pitch, _ = alignment.estimate_pose(points)
            records.append({"yaw": yaw, "pitch": pitch})
            matrix = alignment.crop_matrix(points, comb.contract)
            crops.append([cut_crop(frame, matrix, size) for frame in frames])
        if index >= wanted[-1]:
            break
    target, swaps = np.array(crops).swapaxes(0, 1)
    gap = LikenessGap(likeness.shipped_first(), face_set)
    return gap.gaps(
        target, swaps, pasted_alike(comb, face_set, target, records)
    )
