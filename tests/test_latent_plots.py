"""The latent map as a picture: every face, and some of them seen."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.offsetbox import AnnotationBbox
from matplotlib.text import Text

from helpers import plotting


@pytest.fixture
def crops():
    return np.random.default_rng(0).random((7, 16, 16, 3), dtype=np.float32)


def test_the_latent_map_draws_every_face_and_some_thumbnails(crops):
    points = np.random.default_rng(1).normal(size=(7, 2))
    labels = np.array(["Marco"] * 3 + ["Lena"] * 4)
    figure = plotting.plot_latent_map(points, labels, crops, most=5)
    axes = figure.axes[0]
    drawn = [len(each.get_offsets()) for each in axes.collections]
    assert drawn == [3, 4]
    assert len(axes.findobj(AnnotationBbox)) == 5
    with pytest.raises(ValueError, match=r"\[6, 7\]"):
        plotting.plot_latent_map(points, labels[:6])


def texts_of(figure):
    return [each.get_text() for each in figure.findobj(Text)]


def test_a_legend_does_not_say_who_has_fewer_images():
    points = np.random.default_rng(1).normal(size=(7, 2))
    labels = np.array(["Marco"] * 3 + ["Lena"] * 4)
    maps = {"apart": points, "together": -points}
    for figure in (
        plotting.plot_latent_map(points, labels),
        plotting.plot_maps(maps, labels, np.array([0, 1])),
    ):
        words = texts_of(figure)
        assert {"Marco", "Lena"} <= set(words)
        assert not any(letter.isdigit() for letter in "".join(words))


def test_two_maps_show_the_same_faces_and_ring_the_same():
    points = np.random.default_rng(1).normal(size=(7, 2))
    labels = np.array(["Marco"] * 3 + ["Lena"] * 4)
    maps = {"apart": points, "together": -points}
    figure = plotting.plot_maps(maps, labels, np.array([2, 5]))
    for axes, shown in zip(figure.axes, maps.values(), strict=True):
        drawn = [len(each.get_offsets()) for each in axes.collections]
        assert drawn[:3] == [3, 4, 2]
        ringed = axes.collections[2].get_offsets()
        np.testing.assert_array_equal(ringed, shown[[2, 5]])


def test_what_a_gap_is_about_can_be_left_to_the_reader(crops):
    gap = SimpleNamespace(
        advice="Film about 150 more frames of Marco: mouth open.",
        rows=np.array([0, 1]),
        counterparts=np.array([[3, 4], [4, 5]]),
    )
    pair = SimpleNamespace(target="Lena", source="Marco", gaps=[gap])
    told = texts_of(plotting.plot_gaps([pair], crops))
    asked = texts_of(plotting.plot_gaps([pair], crops, advice=False))
    assert any("mouth open" in text for text in told)
    assert not any("mouth open" in text for text in asked)
