"""Figures: that each shows what it was given, and nothing lingers."""

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.offsetbox import AnnotationBbox
from PIL import Image

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


def test_images_of_both_ranges_look_the_same():
    bytes_ = np.array([[[0, 51, 255]]], np.uint8)
    np.testing.assert_array_equal(plotting.as_uint8(bytes_ / 255), bytes_)
    np.testing.assert_array_equal(plotting.as_uint8(bytes_), bytes_)
    assert plotting.as_uint8(np.array([-1.0, 2.0])).tolist() == [0, 255]


def test_histograms_count_every_face():
    records = {
        "Marco": [{"yaw": float(value)} for value in range(30)],
        "Lena": [{"yaw": float(value)} for value in range(5)],
    }
    figure = plotting.plot_histograms(records, ["yaw"])
    bars = figure.axes[0].containers[0]
    assert sum(bar.get_height() for bar in bars) == 30
    with pytest.raises(ValueError, match="'blur'"):
        plotting.plot_histograms(records, ["blur"])


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


def test_losses_are_drawn_with_every_level_marked_once():
    history = [
        {"step": step, "level": step // 4, "losses": {"Marco": 1 / (step + 1)}}
        for step in range(12)
    ]
    history[-1]["held_out"] = {"Marco": 0.1}
    figure = plotting.plot_losses(history)
    assert len(figure.axes) == 2
    written = [text.get_text() for text in figure.axes[0].texts]
    assert written == ["4 px", "8 px", "16 px"]
    np.testing.assert_allclose(
        figure.axes[0].lines[0].get_ydata(), 1 / np.arange(1, 13)
    )
    with pytest.raises(ValueError, match="no history"):
        plotting.plot_losses([])


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


def test_scores_write_the_number_even_of_a_bar_that_is_cut():
    pair = {
        "source": "Marco",
        "target": "Lena",
        "swap_skill": 0.41,
        "ceiling": 0.7,
        "unchanged_skill": -3.0,
    }
    figure = plotting.plot_scores([pair])
    written = [text.get_text() for text in figure.axes[0].texts]
    assert "0.41" in written
    assert "\N{MINUS SIGN}3.00" in written
    assert figure.axes[0].get_xlim()[0] > -1.5
    with pytest.raises(ValueError, match="no pairs"):
        plotting.plot_scores([])


def test_the_comb_has_a_level_for_each_size_in_each_tooth():
    figure = plotting.plot_comb(64, ["Marco", "Lena", "Kofi"], 2)
    written = [text.get_text() for text in figure.axes[0].texts]
    assert {"Marco", "Lena", "Kofi", "latent"} <= set(written)
    # the encoder and three decoders end at 64 px, only two parts know 4
    assert written.count("64 px") == 4
    assert written.count("4") == 2
    assert written.count("16") == 4


@pytest.mark.parametrize("resolution", [4, 8, 64, 1024])
def test_a_comb_of_any_size_can_be_drawn(resolution):
    for shared_levels in (0, 1, 2):
        plotting.plot_comb(resolution, ["Marco"], shared_levels, level=0)


def test_a_comb_of_no_size_is_refused():
    with pytest.raises(ValueError, match="resolution=48"):
        plotting.plot_comb(48, ["Marco"], 2)


def test_the_stage_that_is_current_says_so():
    for stage in plotting.STAGES:
        figure = plotting.plot_stages(stage)
        written = [text.get_text() for text in figure.axes[0].texts]
        assert written.count("you are here") == 1
    with pytest.raises(ValueError, match="'training'"):
        plotting.plot_stages("training")


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


def test_skill_curves_show_the_mean_and_the_spread_of_the_seeds():
    def run(system, seed, *skills):
        points = [
            {"seconds": 10.0 * k, "own": skill, "swap": -skill}
            for k, skill in enumerate(skills)
        ]
        return {"system": system, "seed": seed, "points": points}

    curves = [run("flat", 0, 0.0, 0.2, 0.4), run("flat", 1, 0.2, 0.4)]
    curves.append(run("classic", 0, 0.0, 0.1))
    figure = plotting.plot_skill_curves(curves)
    own, swap = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "own skill",
        "swap skill",
    ]
    mean, _, zero = own.lines
    # no seed is drawn beyond its end
    assert mean.get_xdata()[[0, -1]].tolist() == [0, 10]
    np.testing.assert_allclose(mean.get_ydata()[[0, -1]], [0.1, 0.3])
    np.testing.assert_allclose(swap.lines[0].get_ydata()[[0, -1]], [-0.1, -0.3])
    assert list(zero.get_ydata()) == [0, 0]
    low, high = own.collections[0].get_paths()[0].get_extents().intervaly
    np.testing.assert_allclose([low, high], [0.0, 0.4])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ["flat", "classic"]
    with pytest.raises(ValueError, match="Received: no curves"):
        plotting.plot_skill_curves([])
