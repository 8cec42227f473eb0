"""Sheets of crops: that each shows what it was given."""

import numpy as np
import pytest

from helpers import plotting


@pytest.fixture
def crops():
    return np.random.default_rng(0).random((7, 16, 16, 3), dtype=np.float32)


def test_a_contact_sheet_has_a_place_for_every_crop(crops):
    figure = plotting.plot_contact_sheet(crops, list("abcdefg"), columns=3)
    assert len(figure.axes) == 9
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == list("abcdefg")


def test_a_contact_sheet_says_what_does_not_fit(crops):
    with pytest.raises(ValueError, match="2 captions for 7 crops"):
        plotting.plot_contact_sheet(crops, ["a", "b"])
    with pytest.raises(ValueError, match="0 of them"):
        plotting.plot_contact_sheet(crops[:0])


def test_a_preview_has_one_row_a_title(crops):
    rows = {"target": crops, "swap": crops, "truth": crops}
    figure = plotting.plot_preview(rows, columns=4)
    assert len(figure.axes) == 12
    titles = [axes.get_ylabel() for axes in figure.axes[::4]]
    assert titles == ["target", "swap", "truth"]
    with pytest.raises(ValueError, match="'swap': 3"):
        plotting.plot_preview({"target": crops, "swap": crops[:3]})


def test_a_swap_matrix_has_a_row_a_source_and_frames_who_is_themselves(crops):
    targets = {"Rosa": crops[0], "Marco": crops[1], "Lena": crops[2]}
    swaps = {"Marco": crops[:3], "Rosa": crops[3:6]}
    figure = plotting.plot_swap_matrix(targets, swaps)
    assert len(figure.axes) == 9
    assert [axes.get_title() for axes in figure.axes[:3]] == list(targets)
    rows = [axes.get_ylabel() for axes in figure.axes[::3]]
    assert rows == ["target", "as Marco", "as Rosa"]
    framed = [
        place
        for place, axes in enumerate(figure.axes)
        if axes.spines["left"].get_visible()
    ]
    # row 1, column 1: Marco as Marco; row 2, column 0: Rosa as Rosa
    assert framed == [4, 6]
    shown = figure.axes[6].images[0].get_array()
    np.testing.assert_array_equal(shown, plotting.as_uint8(crops[3]))
    with pytest.raises(ValueError, match="'as Marco': 2"):
        plotting.plot_swap_matrix(targets, {"Marco": crops[:2]})
