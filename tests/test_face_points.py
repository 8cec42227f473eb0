"""The 68 points of rendered faces: they lie on what is drawn, and move."""

import functools

import numpy as np
import pytest

from helpers import synthetic
from helpers.alignment import MIRRORED
from helpers.synthetic.face_points import face_points

SIZE = 256


@functools.cache
def person(**identity):
    return synthetic.Person({"asymmetry": 0.0, **identity}, texture_size=128)


def points_of(who=None, **frame):
    return face_points(who or person(), frame, SIZE)[0]


def test_a_symmetric_face_has_symmetric_points():
    points = points_of()
    assert points.shape == (68, 2) and points.dtype == np.float32
    mirrored = points[MIRRORED] * (-1, 1) + (SIZE, 0)
    np.testing.assert_allclose(points, mirrored, atol=0.3)
    # the other way round, the order is the picture's left to right
    assert (np.diff(points[1:16, 0]) > 0).all()
    assert (np.diff(points[17:27, 0]) > 0).all()
    assert points[36, 0] < points[39, 0] < points[42, 0] < points[45, 0]


def test_the_rendered_truth_holds_the_same_points_as_the_geometry():
    frame = {"yaw": 20.0, "jaw": 0.4, "blink": 0.3}
    shot = synthetic.render(person(), frame, 96, geometry=True)
    points, landmarks = face_points(person(), frame, 96)
    np.testing.assert_array_equal(shot["points"], points)
    np.testing.assert_array_equal(shot["landmarks"], landmarks)
    assert "points" not in synthetic.render(person(), frame, 96)
    # a picture of another size shows the same
    np.testing.assert_allclose(
        face_points(person(), frame, 192)[0], 2 * points, atol=0.01
    )


def test_the_lips_part_with_the_jaw_and_the_chin_goes_down():
    shut, half, wide = (points_of(jaw=jaw) for jaw in (0.0, 0.5, 1.0))
    gaps = [points[66, 1] - points[62, 1] for points in (shut, half, wide)]
    assert gaps[0] < 0.5
    assert gaps[1] == pytest.approx(gaps[2] / 2, rel=0.15)
    assert gaps[2] > 15
    assert wide[8, 1] - shut[8, 1] > 8  # the chin
    np.testing.assert_allclose(wide[17:48], shut[17:48], atol=1.5)


def test_lids_meet_in_a_blink_and_nothing_else_moves():
    opened, shut = points_of(), points_of(blink=1.0)
    assert (opened[[41, 40], 1] - opened[[37, 38], 1] > 5).all()
    # 2 % of the distance of the eyes stay open
    np.testing.assert_allclose(shut[[37, 38]], shut[[41, 40]], atol=1.0)
    others = np.delete(np.arange(68), [37, 38, 43, 44])
    np.testing.assert_array_equal(opened[others], shut[others])


def test_brows_rise_and_corners_of_the_mouth_smile():
    rest = points_of()
    raised, smiling = points_of(brow_up=1.0), points_of(smile=1.0)
    assert (rest[17:27, 1] - raised[17:27, 1] > 3).all()
    assert rest[48, 0] - smiling[48, 0] > 3  # wider
    assert rest[48, 1] - smiling[48, 1] > 3  # and up


@pytest.mark.parametrize("yaw", [-40.0, 40.0])
def test_the_far_half_of_the_jaw_is_the_edge_of_the_head(yaw):
    who = person(hair_style="bald")
    shot = synthetic.render(who, {"yaw": yaw}, SIZE, geometry=True)
    head = shot["skin"] > 0.5
    side = 1 if yaw > 0 else -1
    far = shot["points"][9:15] if yaw > 0 else shot["points"][2:8]
    for x, y in far:
        row = np.flatnonzero(head[round(float(y))])
        edge = row.max() if side > 0 else row.min()
        # below the cheek, the neck may stand out further
        inside = (edge - x) * side
        assert inside > -2.5
        if y < shot["points"][48:68, 1].mean():
            assert inside < 4
    # the near half does not reach the edge: the ear and the neck are there
    near = shot["points"][2] if yaw > 0 else shot["points"][14]
    row = np.flatnonzero(head[round(float(near[1]))])
    edge = row.min() if side > 0 else row.max()
    assert (near[0] - edge) * side > 8


def test_turning_the_picture_turns_the_points():
    level, tilted = points_of(yaw=15.0), points_of(yaw=15.0, roll=20.0)
    turn = np.radians(20.0)
    matrix = np.array(
        [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    )
    middle = level.mean(axis=0)
    turned = (level - middle) @ matrix.T
    # the head turns on its neck, so that one side comes nearer
    away = tilted - tilted.mean(axis=0) - turned
    assert np.abs(away).max() < 3 and np.abs(away).mean() < 0.8


def test_lips_are_inside_their_points_and_skin_is_outside():
    who = person(lip_color=(255, 0, 255), makeup=1.0, skin_color=(90, 160, 90))
    frame = {"noise": 0.0, "blur": 0.0}
    shot = synthetic.render(who, frame, 512, geometry=True)
    image, points = shot["image"].astype(float), shot["points"]

    def purple(place):
        x, y = np.rint(place).astype(int)
        red, green, blue = image[y, x]
        return min(red, blue) - green

    upper, lower = points[51], points[57]
    assert purple(upper + (0, 4)) > 0 > purple(upper - (0, 5))
    assert purple(lower - (0, 4)) > 0 > purple(lower + (0, 5))


def test_the_upper_edge_of_a_brow_is_where_its_hair_ends():
    who = person(brow_color=(0, 0, 0), brow_thickness=0.9, hair_style="bald")
    shot = synthetic.render(who, {"noise": 0.0}, 512, geometry=True)
    grey = shot["image"].mean(axis=-1)
    for x, y in np.rint(shot["points"][[18, 19, 20, 23, 24, 25]]).astype(int):
        assert grey[y + 5, x] < 0.75 * grey[y - 7, x]


def test_longer_brows_end_further_out_and_default_ones_stay():
    short, long = points_of(), points_of(person(brow_length=2.0))
    assert short[17, 0] - long[17, 0] > 5
    np.testing.assert_allclose(short[20:24], long[20:24], atol=4)
