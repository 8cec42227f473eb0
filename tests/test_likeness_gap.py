"""Likeness gap: where faces stand between the target and the source."""

import numpy as np
import pytest

from helpers.faces.face_set import FaceSet
from helpers.proof.likeness_gap import LikenessGap, nearest_in_pose


class Brightness:
    """Knows people by how bright they are."""

    def vectors(self, crops):
        return np.asarray(crops, float).mean(axis=(1, 2, 3))[:, None]


def people(*levels):
    return np.array([np.full((2, 2, 3), level, np.uint8) for level in levels])


def test_the_gap_goes_from_the_source_itself_to_the_target():
    known = people(95, 100, 105)
    gap = LikenessGap(Brightness(), known, people(110, 110, 90))
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
