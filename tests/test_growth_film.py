"""A film of faces that grow: every level is as large as the others."""

import numpy as np
import pytest
from PIL import Image

from helpers import plotting


def test_every_moment_is_shown_and_the_last_one_stays(tmp_path):
    moments = [
        np.full((3, side, side, 3), shade, np.float32)
        for side, shade in ((4, 0.2), (8, 0.5), (16, 0.8))
    ]
    path = tmp_path / "growth.gif"
    plotting.write_growth_film(path, moments, side=32, seconds=0.1)
    with Image.open(path) as film:
        assert film.size == (96, 32) and film.n_frames == 3
        assert film.info["loop"] == 0  # for ever
        lasts = []
        for number, shade in enumerate((0.2, 0.5, 0.8)):
            film.seek(number)
            lasts.append(film.info["duration"])
            pixels = np.asarray(film.convert("RGB"))
            assert np.abs(pixels - 255 * shade).max() < 3
    assert lasts == [100, 100, 2000]


def test_a_long_level_takes_no_more_of_the_film_than_a_short_one(tmp_path):
    shades = {4: (0.1, 0.2), 8: np.linspace(0, 1, 9)}
    moments = [
        np.full((1, side, side, 3), shade, np.float32)
        for side, of_level in shades.items()
        for shade in of_level
    ]
    path = tmp_path / "growth.gif"
    plotting.write_growth_film(path, moments, side=16, most=3)
    with Image.open(path) as film:
        drawn = []
        for number in range(film.n_frames):
            film.seek(number)
            drawn.append(np.asarray(film.convert("RGB")).mean() / 255)
    np.testing.assert_allclose(drawn, (0.1, 0.2, 0, 0.5, 1), atol=0.02)


def test_a_sheet_has_a_row_for_each_level_of_what_it_drew_last():
    moments = [
        np.full((2, side, side, 3), shade, np.float32)
        for side, shade in ((4, 0.1), (4, 0.2), (8, 0.5))
    ]
    truth = np.full((2, 8, 8, 3), 0.9)
    figure = plotting.plot_growth(moments, truth, side=16)
    drawn = [axes.get_images()[0].get_array() for axes in figure.axes]
    assert [picture.shape for picture in drawn] == [(16, 16, 3)] * 6
    shades = [picture.mean() / 255 for picture in drawn]
    np.testing.assert_allclose(
        shades, [0.2] * 2 + [0.5] * 2 + [0.9] * 2, atol=0.01
    )
    titles = [figure.axes[k].get_ylabel() for k in (0, 2, 4)]
    assert titles == ["4 px", "8 px", "truth"]
    with pytest.raises(ValueError, match="Received: {}"):
        plotting.plot_growth([])


def test_a_film_of_nothing_or_of_other_faces_is_refused(tmp_path):
    path = tmp_path / "growth.gif"
    with pytest.raises(ValueError, match="0 moments"):
        plotting.write_growth_film(path, [])
    one, two = np.zeros((1, 4, 4, 3)), np.zeros((2, 4, 4, 3))
    with pytest.raises(ValueError, match=r"2 moments of \[1, 2\]"):
        plotting.write_growth_film(path, [one, two])
    assert not path.exists()


def test_a_film_stands_in_a_page_with_its_bytes(tmp_path):
    path = tmp_path / "growth.gif"
    path.write_bytes(b"GIF89a")
    page = plotting.show_film(path).data
    assert "data:image/gif;base64,R0lGODlh" in page
