"""Face editor: pictures of a video before and after, as they are encoded."""

import functools

import numpy as np
import pytest
from clips import GAPS, MirrorComb, gap_detector, write_gap_clip

from helpers.footage import media
from helpers.swap.swap_video import swap_video

pytestmark = pytest.mark.usefixtures("egg_masks")

# the stand-in for a detector says frame by frame what it sees
swap_clip = functools.partial(swap_video, detect_every=1)


@pytest.fixture
def clip(tmp_path):
    return write_gap_clip(tmp_path / "clip.mp4")


@pytest.fixture
def written_frames(monkeypatch):
    """Brightness before and after, as it is handed to the encoder."""
    written = []
    real = media.edit_onward

    def brightness(picture):
        planes, _ = picture.encoded()
        return planes.to_ndarray()[: picture.shape[0]].copy()

    def spy(source_path, writer, edit, *rest, **options):
        def keep(pictures):
            before = [brightness(picture) for picture in pictures]
            edit(pictures)
            after = [brightness(picture) for picture in pictures]
            written.extend(zip(before, after, strict=True))

        return real(source_path, writer, keep, *rest, **options)

    monkeypatch.setattr(media, "edit_onward", spy)
    return written


def test_frames_without_a_face_are_bit_identical(
    clip, tmp_path, written_frames
):
    swap_clip(MirrorComb(), clip, tmp_path / "swap.mp4", "Rosa", gap_detector())
    assert len(written_frames) == 22
    for index, (before, after) in enumerate(written_frames):
        if index in GAPS:
            np.testing.assert_array_equal(after, before)
            continue
        # the label and nothing else can be seen
        assert np.abs(after[:90].astype(int) - before[:90]).max() <= 3
        assert np.abs(after[100:].astype(int) - before[100:]).max() > 30


def test_a_video_without_the_label_is_only_swapped(
    clip, tmp_path, written_frames
):
    report = swap_clip(
        MirrorComb(),
        clip,
        tmp_path / "swap.mp4",
        "Rosa",
        gap_detector(),
        visible=False,
    )
    assert report["mark"]["visible_label"] is False
    assert len(written_frames) == 22
    for before, after in written_frames:
        assert np.abs(after.astype(int) - before).max() <= 3
