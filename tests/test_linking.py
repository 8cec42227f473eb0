"""Linking: who goes on where, when two are near."""

import numpy as np
import pytest

from helpers.faces import detection, linking, tracking
from helpers.faces.followed_face import FollowedFace
from helpers.faces.tracks import has_face, tracks_at

SHAPE = np.array([[-10, -10], [10, -10], [0, 0], [-8, 10], [8, 10]], float)
WIDTH = 50.0


def seen(x, who=None):
    """A detected face at a place; `who` is a number, its looks."""
    face = {"landmarks": SHAPE + (x, 100), "box": (x - 25, 75, WIDTH, WIDTH)}
    if who is not None:
        face["look"] = {"vector": np.eye(4)[who]}
    return face


def followed(places, who=None, every=8):
    face = FollowedFace(0, 0)
    for number, x in enumerate(places):
        face.note_detection(number * every, seen(x))
    if who is not None:
        face.looks = [seen(0, who)["look"]]
    return face


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Who has a vector is not looked at again; nobody else may be."""

    def fail():
        raise AssertionError("the likeness network was asked")

    monkeypatch.setattr(linking.likeness, "shipped_first", fail)


@pytest.mark.parametrize("pixels", [2, 4, 8])
def test_a_face_goes_on_as_it_moved(pixels):
    face = followed([pixels * 8 * n for n in range(4)])
    x, y = face.centre_at(32)
    assert 24 * pixels < x <= 32 * pixels and y == pytest.approx(100)
    # nobody knows for how long: at last it stands
    assert face.centre_at(1000)[0] < 44 * pixels
    still = followed([70, 70, 70])
    assert still.centre_at(99).tolist() == pytest.approx([70, 100])


def test_two_who_pass_fast_go_on_as_they_moved():
    one, other = followed([0, 64, 128]), followed([320, 256, 192])
    faces = [seen(128), seen(192)]  # they have changed places
    linked, confused = linking.link_faces([one, other], faces, 24)
    assert linked == [other, one] and not confused


def test_who_turns_back_is_known_by_looks():
    # by their movement they would have passed
    one, other = followed([0, 40, 80], 0), followed([200, 160, 120], 1)
    faces = [seen(84, 0), seen(116, 1)]
    linked, confused = linking.link_faces([one, other], faces, 24)
    assert linked == [one, other] and confused == {0, 1}
    faces = [seen(84, 1), seen(116, 0)]
    assert linking.link_faces([one, other], faces, 24)[0] == [other, one]


def test_the_one_in_front_goes_on_and_the_other_is_hidden():
    one, other = followed([0, 40, 80], 0), followed([200, 160, 120], 1)
    for who, face, hidden in ((0, one, other), (1, other, one)):
        faces = [seen(100, who)]
        linked, _ = linking.link_faces([one, other], faces, 24)
        assert linked == [face]
        assert linking.is_hidden(hidden, faces, 24)
    assert not linking.is_hidden(one, [seen(300)], 24)
    assert not linking.is_hidden(one, [], 24)


def test_who_was_hidden_is_found_again_and_a_stranger_is_not():
    hidden = followed([200, 160, 120], 1)
    hidden.hidden = True
    for who, expected in ((1, hidden), (2, None)):
        linked, confused = linking.link_faces([hidden], [seen(40, who)], 48)
        assert linked == [expected] and confused == {0}


def test_people_who_stay_apart_are_linked_without_a_look():
    faces = [followed([x, x, x]) for x in (0, 70, 140, 300)]
    now = [seen(x) for x in (303, 72, 138, 1)]
    linked, confused = linking.link_faces(faces, now, 24)
    assert linked == faces[::-1][:1] + [faces[1], faces[2], faces[0]]
    assert not confused
    # one who is gone, and one who came
    linked, _ = linking.link_faces(faces, [seen(70), seen(900)], 24)
    assert linked == [faces[1], None]
    assert linking.link_faces([], now, 24)[0] == [None] * 4


@pytest.fixture
def network(monkeypatch):
    monkeypatch.undo()


@pytest.mark.parametrize("every", [4, 8])
def test_two_people_who_pass_keep_who_they_are(shared_data, network, every):
    clip = shared_data / "reported/two_people_pass.mp4"
    if not clip.is_file():
        pytest.skip(f"not there: {clip}")
    found = tracking.find_tracks(clip, detection.FaceDetector(0.12), every)
    left, right = tracks_at(found, ["left", "right"], (360, 720))
    x = left.landmarks.mean(axis=1)[:, 0]
    assert has_face(left.landmarks).mean() > 0.9
    assert x[5] < 250 and x[-5] > 500 and np.nanmax(np.abs(np.diff(x))) < 20
    x = right.landmarks.mean(axis=1)[:, 0]
    assert has_face(right.landmarks).mean() > 0.6
    assert x[5] > 500 and x[-5] < 250
    # nowhere are both on one face
    near = np.abs(left.landmarks - right.landmarks).mean(axis=(1, 2))
    assert np.nanmin(near) > 15
