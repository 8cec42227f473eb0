"""Pictures of who was found and what was left out."""

import pytest
from face_footage import CONTRACT, FaceFolder, shot

from helpers import plotting
from helpers.faces.face_set import FaceSet


@pytest.fixture
def face_set(tmp_path):
    faces = FaceFolder(tmp_path)
    picture, landmarks = shot(1, 1)
    for number, reason in (
        (0, None),
        (0, "near-duplicate"),
        (1, "another person"),
        (None, "false detection"),
    ):
        faces.add(picture, landmarks, "a.mp4", person=number, left_out=reason)
    return FaceSet("Ada", faces.home, CONTRACT, faces.records)


def rows(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_everybody_has_a_row_with_counts(face_set):
    figure = plotting.plot_people(face_set, columns=3)
    assert rows(figure) == [
        "person 0\n2 faces\n1 kept",
        "person 1\n1 face\n0 kept",
    ]
    assert sum(len(axes.images) for axes in figure.axes) == 3
    figure = plotting.plot_people(face_set, most=1)
    assert rows(figure)[0].endswith("and 1 more")


def test_every_reason_has_a_row(face_set):
    figure = plotting.plot_left_out(face_set)
    assert rows(figure) == [
        "false detection\n1",
        "near-duplicate\n1",
        "another person\n1",
    ]


def test_what_cannot_be_shown_is_said(face_set):
    with pytest.raises(ValueError, match="everything=True"):
        plotting.plot_left_out(face_set.pick([0]))
    with pytest.raises(ValueError, match="nobody"):
        plotting.plot_people(face_set.pick([3]))
