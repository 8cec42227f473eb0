"""Likeness gap: where faces stand between the target and the source."""

import numpy as np
import pytest
from clips import FACE, FRAME_SHAPE, MirrorComb, write_clip

from helpers.faces.face_set import FaceSet
from helpers.faces.tracks import FaceTrack
from helpers.proof import likeness_gap
from helpers.proof.likeness_gap import LikenessGap, nearest_in_pose


class Brightness:
    """Knows people by how bright they are."""

    def vectors(self, crops):
        return np.asarray(crops, float).mean(axis=(1, 2, 3))[:, None]


def people(*levels):
    return np.array([np.full((2, 2, 3), level, np.uint8) for level in levels])


class GreyFaces(FaceSet):
    """Faces of one brightness, without a disk."""

    def load_crops(self, size=64):
        levels = [record["level"] for record in self.records]
        return np.repeat(people(*levels), size // 2, 1).repeat(size // 2, 2)

    def select(self, split):
        chosen = [each for each in self.records if each["split"] == split]
        return GreyFaces(self.identity, self.folder, self.contract, chosen)

    def pick(self, rows):
        chosen = [self.records[row] for row in rows]
        return GreyFaces(self.identity, self.folder, self.contract, chosen)


def faces_of(known, unseen):
    """A face set of faces so bright, to train with and to test."""
    pose = {"yaw": 0.0, "pitch": 0.0}
    records = [
        {**pose, "split": split, "level": level}
        for split, levels in (("train", known), ("test", unseen))
        for level in levels
    ]
    return GreyFaces("Rosa", ".", MirrorComb.contract, records)


def test_the_gap_goes_from_the_source_itself_to_the_target():
    face_set = faces_of((95, 100, 105), (110, 110, 90))
    gap = LikenessGap(Brightness(), face_set)
    assert gap.own == 10
    target = people(200, 200)
    found = gap.gaps(target, target, people(110, 110))
    assert found["likeness_gap"] == 1
    assert found["likeness_gap_ceiling"] == 0
    assert found["likeness_gap_above_ceiling"] == 1
    found = gap.gaps(target, people(155, 155), people(140, 128))
    assert found["likeness_gap"] == pytest.approx(0.5)
    assert found["likeness_gap_ceiling"] == pytest.approx(24 / 90)


def test_the_nearest_pose_is_of_yaw_and_pitch():
    def records(*poses):
        return [{"yaw": yaw, "pitch": pitch} for yaw, pitch in poses]

    own = FaceSet("Rosa", ".", {}, records((0, 0), (20, 0), (20, 20)))
    nearest = nearest_in_pose(own, records((19, 18), (1, 3), (-40, 0)))
    assert [list(each.values()) for each in nearest.records] == [
        [20, 20],
        [0, 0],
        [0, 0],
    ]


def test_a_clip_is_judged_where_it_shows_the_face(tmp_path, monkeypatch):
    monkeypatch.setattr(
        likeness_gap.likeness, "shipped_first", lambda: Brightness()
    )
    frames = {
        name: [np.full((*FRAME_SHAPE, 3), level, np.uint8)] * 6
        for name, level in (("target", 180), ("swap", 140))
    }
    paths = [
        write_clip(tmp_path / f"{name}.mp4", each)
        for name, each in frames.items()
    ]
    landmarks = np.repeat(FACE[None], 6, axis=0)
    landmarks[2] = np.nan
    track = FaceTrack(landmarks, np.arange(6) / 25, None, None, None)
    comb, face_set = MirrorComb(), faces_of((100, 100), (100,))
    found = likeness_gap.clip_gaps(comb, face_set, track, *paths)
    assert found["likeness_gap"] == pytest.approx(0.5, abs=0.03)
    # what is pasted takes the target's light, and leaves its surroundings
    assert 0.5 < found["likeness_gap_ceiling"] <= 1.05
    unseen = likeness_gap.clip_gaps(
        comb, face_set.select("train"), track, *paths
    )
    assert unseen == {}
