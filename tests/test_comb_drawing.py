"""The comb and the way of the data, drawn."""

import pytest

from helpers import plotting


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
