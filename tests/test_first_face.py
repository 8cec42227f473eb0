"""A face to look at, though footage may begin with none."""

import numpy as np
import pytest

from helpers.faces.sorting import extraction
from helpers.footage import media


class Bright:
    """Finds a face in every picture that is not black."""

    min_face_share = 0.2
    looks = 0

    def detect(self, images):
        self.looks += len(images)
        return [[{"score": 1.0}] if image.max() else [] for image in images]


@pytest.fixture
def black(tmp_path):
    photo = media.encode_image(np.zeros((64, 64, 3), np.uint8), ".png")
    (tmp_path / "black.png").write_bytes(photo)
    return tmp_path / "black.png"


def show(monkeypatch, levels):
    """Every video has frames of these levels of grey."""

    def read_frames(path):
        for number, level in enumerate(levels):
            yield number, 0.0, np.full((64, 64, 3), level, np.uint8)

    monkeypatch.setattr(media, "read_frames", read_frames)


def test_a_title_and_a_broken_file_are_passed_over(
    tmp_path, monkeypatch, black
):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"x")
    show(monkeypatch, [0] * 25 + [200] * 10)
    frame, face = extraction.find_first_face(
        [broken, black, tmp_path / "a.mp4"], Bright()
    )
    assert frame.max() == 200 and face == {"score": 1.0}


@pytest.mark.parametrize(
    "levels, looks",
    [
        ([0] * 5 + [200] * 3, 6),  # an animation of eight frames
        ([0] * 1500 + [200] * 50, 100),  # a minute of title
    ],
)
def test_a_face_is_found_wherever_it_comes(levels, looks, monkeypatch):
    show(monkeypatch, levels)
    detector = Bright()
    frame, _ = extraction.find_first_face(["a.mp4"], detector)
    assert frame.max() == 200 and detector.looks <= looks


def test_no_face_is_said_with_what_was_looked_at(black):
    with pytest.raises(ValueError, match="1 frames of 1 files.*MIN_FACE_SHARE"):
        extraction.find_first_face([black], Bright())
