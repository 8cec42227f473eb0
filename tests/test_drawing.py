"""What all pictures share: that it is saved, and nothing lingers."""

import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image

from helpers import plotting


def test_images_of_both_ranges_look_the_same():
    bytes_ = np.array([[[0, 51, 255]]], np.uint8)
    np.testing.assert_array_equal(plotting.as_uint8(bytes_ / 255), bytes_)
    np.testing.assert_array_equal(plotting.as_uint8(bytes_), bytes_)
    assert plotting.as_uint8(np.array([-1.0, 2.0])).tolist() == [0, 255]


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_saved_figure_keeps_to_its_limit(tmp_path, ending):
    noise = np.random.default_rng(2).random((12, 64, 64, 3))
    figure = plotting.plot_contact_sheet(noise)
    path = tmp_path / f"sheet.{ending}"
    size = plotting.save_figure(figure, path, max_kilobytes=90)
    assert path.stat().st_size == size <= 90_000
    with Image.open(path) as picture:
        assert picture.width > 300


def test_a_figure_that_cannot_be_saved_leaves_no_file(tmp_path):
    noise = np.random.default_rng(2).random((12, 64, 64, 3))
    figure = plotting.plot_contact_sheet(noise)
    with pytest.raises(ValueError, match="does not fit 1 kB"):
        plotting.save_figure(figure, tmp_path / "sheet.png", 1)
    with pytest.raises(ValueError, match="sheet.bmp"):
        plotting.save_figure(figure, tmp_path / "sheet.bmp")
    assert not list(tmp_path.iterdir())


def test_plotting_leaves_pyplot_alone():
    # a figure that pyplot knows is shown twice, and never freed
    plotting.plot_stages("comb")
    assert pyplot.get_fignums() == []
