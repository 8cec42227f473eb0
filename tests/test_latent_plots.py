"""The latent map as a picture: every face, and some of them seen."""

import numpy as np
import pytest
from matplotlib.offsetbox import AnnotationBbox

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
