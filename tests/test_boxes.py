"""Boxes: which face a picture is about."""

from helpers.faces.boxes import rank_faces


def test_the_large_face_in_the_middle_comes_first():
    shape = (100, 200, 3)
    middle = {"box": (80, 30, 30, 40), "score": 0.92}
    corner = {"box": (0, 0, 30, 40), "score": 0.95}
    small = {"box": (98, 48, 5, 6), "score": 1.0}
    ranked = rank_faces([small, corner, middle], shape)
    assert ranked == [middle, corner, small]
