"""Provenance: every result says what it is, to people and to machines."""

import cv2
import numpy as np
import pytest
from pictures import noise_frame, write_plain

from helpers.footage import media
from helpers.swap.marks import provenance, reading_marks
from helpers.swap.marks.label import draw_label


@pytest.mark.parametrize(
    "name", ["swap.png", "swap.jpg", "Zoë é.jpeg", "swap.gif"]
)
def test_a_mark_survives_in_a_picture(tmp_path, name):
    path = write_plain(tmp_path / name)
    plain = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    assert reading_marks.read_mark(path) is None
    mark = provenance.build_mark("Zoë", visible_label=True)
    provenance.add_mark(path, mark)
    assert reading_marks.read_mark(path) == mark
    assert mark["source_identity"] == "Zoë"
    assert mark["digital_source_type"].endswith(
        "compositeWithTrainedAlgorithmicMedia"
    )
    assert "made_at" in mark and mark["visible_label"] is True
    # the pixels are what they were, and OpenCV still reads the file
    again = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(again, plain)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif"])
@pytest.mark.parametrize("visible", [True, False])
def test_a_written_picture_is_marked_and_signed(tmp_path, ending, visible):
    path = tmp_path / f"swap{ending}"
    mark = provenance.build_mark("Zoë", visible_label=visible)
    provenance.write_picture(path, noise_frame(), mark, visible)
    report = reading_marks.read_provenance(path)
    assert report["mark"] == mark
    assert (report["credentials"], report["altered"]) == ("valid", False)
    assert report["trusted"] is True
    assert report["signed_at"] == mark["made_at"]
    assert report["digital_source_type"] == provenance.SOURCE_TYPE
    plain = media.encode_image(
        draw_label(noise_frame()) if visible else noise_frame(), ending
    )
    plain = cv2.imdecode(np.frombuffer(plain, np.uint8), cv2.IMREAD_COLOR)
    again = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(again, plain)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_what_cannot_be_signed_is_not_written(tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("COURSE_CREDENTIALS", str(blocked))
    path = tmp_path / "swap.png"
    with pytest.raises(OSError, match="COURSE_CREDENTIALS"):
        provenance.write_picture(
            path, noise_frame(), provenance.build_mark("Rosa")
        )
    assert [file.name for file in tmp_path.iterdir()] == ["blocked"]
