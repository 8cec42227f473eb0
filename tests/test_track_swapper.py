"""Track swapper: each frame of a clip, with the face of each source."""

import numpy as np
import pytest
from clips import FACE, GAPS, NameComb, gap_detector, write_gap_clip

from helpers.faces import tracking
from helpers.footage import media
from helpers.swap.swap_tracks import steady_track
from helpers.swap.track_swapper import TrackSwapper

pytestmark = pytest.mark.usefixtures("egg_masks")


def test_each_frame_gets_the_face_of_each_source(tmp_path):
    clip = write_gap_clip(tmp_path / "clip.mp4")
    track = tracking.find_face_track(clip, gap_detector(), every=1)
    comb, sources = NameComb(), ["Rosa", "Marco"]
    swapper = TrackSwapper(
        comb, clip, sources, steady_track(track), color="none", blend="alpha"
    )
    x, y = FACE[2].astype(int)
    for index, _, frame in media.read_frames(clip):
        swaps = swapper.swap(index, frame)
        if index in GAPS:
            assert swaps == []
            continue
        green, black = (swap[y, x].astype(int) for swap in swaps)
        assert green[1] - green[0] > 150 and black.max() < 40
        np.testing.assert_array_equal(swaps[0][:, -8:], frame[:, -8:])
    # in batches, one source after the other
    assert comb.batches == [
        (None, source, count) for count in (16, 1) for source in sources
    ]
    assert np.flatnonzero(~swapper.with_face).tolist() == list(GAPS)
    with pytest.raises(ValueError, match="track has 22 frames"):
        swapper.swap(22, frame)
    swapper.close()


def test_a_source_that_the_comb_does_not_know_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Rosa, Marco.*'Anna'"):
        TrackSwapper(NameComb(), tmp_path / "none.mp4", ["Anna"], None)
