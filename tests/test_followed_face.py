"""A followed face: where it is expected, from where it was seen."""

import numpy as np
from clips import FACE, face_at

from helpers.faces.followed_face import FollowedFace, Sight


def seen_at(places):
    """A face that was found at these places, dict from frame to x."""
    face = FollowedFace(shot=0, first=0)
    for frame, x in places.items():
        landmarks = face_at(x)["landmarks"].astype(np.float64)
        face.sights[frame] = Sight(landmarks, 0.5, 0.9)
    return face


def test_between_two_detections_it_is_on_the_straight_line():
    face = FollowedFace(shot=0, first=8)
    face.note_detection(8, face_at(0))
    assert face.last == 8 and face.width == face_at(0)["box"][2]
    place = face.place_toward(face_at(16), frame=16, between=10)
    np.testing.assert_allclose(place, FACE + (4, 0))


def test_beside_what_was_found_it_goes_on_as_it_moved():
    face = seen_at({3: 0, 4: 5, 9: 20, 10: 18})
    for frame, x in ((5, 10), (2, -5), (8, 22), (11, 16)):
        np.testing.assert_allclose(face.place_beside(frame), FACE + (x, 0))
    # from one sight alone it stays; between two it is half way
    lone = seen_at({3: 6, 5: 8})
    np.testing.assert_allclose(lone.place_beside(2), FACE + (6, 0))
    np.testing.assert_allclose(lone.place_beside(4), FACE + (7, 0))


def test_what_was_not_found_is_not_a_number():
    face = seen_at({1: 2})
    assert np.isfinite(face.landmarks(3)).all(axis=(1, 2)).tolist() == [
        False,
        True,
        False,
    ]
    np.testing.assert_array_equal(face.spread(3), [np.nan, 0.5, np.nan])
