"""The label: visible, small, legible, at any size."""

import numpy as np
import pytest

from helpers.swap.marks.label import _label_letters, draw_label


@pytest.mark.parametrize("height, width", [(1080, 1920), (240, 320), (64, 64)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_the_label_is_visible_and_small(height, width, grey):
    image = np.full((height, width, 3), grey, np.uint8)
    labelled = draw_label(image)
    assert labelled.shape == image.shape and labelled.dtype == np.uint8
    changed = (labelled != image).any(axis=2)
    rows, columns = (
        np.flatnonzero(changed.any(1)),
        np.flatnonzero(changed.any(0)),
    )
    # bottom left, at most the lowest third and a quarter of the area
    assert rows[0] >= height * 2 / 3
    assert columns[0] < width / 10
    assert changed.mean() < 0.25
    # letters stand out from their plate, in grey levels
    plate = labelled[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert plate.max() - int(plate.min()) > 120
    np.testing.assert_array_equal(image, np.full_like(image, grey))


def test_the_label_gets_shorter_with_the_image_not_illegible():
    for width, height in [(64, 64), (320, 240), (1920, 1080)]:
        top, bottom, letters = _label_letters(height, width, None)
        inked = np.flatnonzero((letters > 0.5).any(axis=1))
        assert len(inked) >= 6
        assert letters.shape[1] <= width
        assert bottom == height and 0 <= top < bottom


def test_the_label_works_at_any_size():
    for height, width in [(1, 1), (8, 200), (200, 8), (17, 31)]:
        image = np.zeros((height, width, 3), np.uint8)
        assert draw_label(image).shape == image.shape


def test_a_text_of_ones_own_can_be_drawn():
    image = np.zeros((240, 640, 3), np.uint8)
    first = draw_label(image, "a lesson")
    second = draw_label(image)
    assert (first != second).any()


def test_label_refuses_floats():
    with pytest.raises(ValueError, match="uint8 array.*float64"):
        draw_label(np.zeros((9, 9, 3)))
