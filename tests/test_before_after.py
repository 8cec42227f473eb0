"""The slider between two pictures, asked by Python; the browser's is apart."""

import io

import numpy as np
import pytest
import traitlets
from pictures import smooth_picture
from PIL import Image

from helpers import plotting
from helpers.widgets.before_after import WIDEST, BeforeAfter


def frames(count, seed=0, height=90, width=120):
    return [
        plotting.as_uint8(smooth_picture(height, width, seed + n))
        for n in range(count)
    ]


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), int)


def test_pictures_are_sent_as_they_are():
    before, after = frames(3), frames(3, seed=10)
    slider = BeforeAfter(before, after, ("before: Rosa", "after: Marco"))
    assert slider.captions == ["before: Rosa", "after: Marco"]
    assert (slider.position, slider.frame) == (50, 0)
    for sent, pictures in ((slider.before, before), (slider.after, after)):
        assert len(sent) == 3
        for content, picture in zip(sent, pictures, strict=True):
            assert content.startswith(b"\xff\xd8")  # JPEG
            assert np.abs(opened(content) - picture).mean() < 2
    state = slider.get_state()
    # all that a page needs is in the widget: nothing is fetched
    assert "export default" in state["_esm"] and "http" not in state["_esm"]
    assert ".before-after" in state["_css"] and "url(" not in state["_css"]


@pytest.mark.parametrize("as_array", [True, False])
def test_one_picture_is_one_frame(as_array):
    (before,), (after,) = frames(1), frames(1, seed=3)
    if not as_array:
        before, after = [before], [after]
    slider = BeforeAfter(before, after)
    assert (len(slider.before), len(slider.after)) == (1, 1)
    assert opened(slider.before[0]).shape == (90, 120, 3)
    assert slider.captions == ["before", "after"]


def test_an_array_of_frames_is_as_good_as_a_list():
    before, after = np.stack(frames(2)), np.stack(frames(2, seed=3))
    slider = BeforeAfter(before, after)
    assert slider.before == BeforeAfter(list(before), list(after)).before


def test_large_pictures_are_made_smaller_in_their_proportions():
    (picture,) = frames(1, height=540, width=2 * WIDEST)
    slider = BeforeAfter(picture, picture)
    assert opened(slider.before[0]).shape == (270, WIDEST, 3)


def test_what_does_not_fit_is_refused():
    before = frames(2)
    with pytest.raises(ValueError, match="as many.*2 and 1"):
        BeforeAfter(before, before[:1])
    with pytest.raises(ValueError, match=r"one shape.*80, 120, 3.*90, 120, 3"):
        BeforeAfter(before, frames(2, height=80))
    with pytest.raises(ValueError, match="uint8.*float64"):
        BeforeAfter([before[0] / 255], [before[1] / 255])
    with pytest.raises(ValueError, match="0 and 0"):
        BeforeAfter([], [])
    with pytest.raises(traitlets.TraitError, match="captions"):
        BeforeAfter(before, before, ("before", "between", "after"))


def test_the_handle_and_the_frame_stay_in_their_range():
    slider = BeforeAfter(frames(2), frames(2))
    slider.position, slider.frame = 100, 1
    with pytest.raises(traitlets.TraitError):
        slider.position = 101
    with pytest.raises(traitlets.TraitError, match="2 frames.*frame=2"):
        slider.frame = 2
    assert (slider.position, slider.frame) == (100, 1)
