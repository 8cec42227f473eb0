"""Uniform frames: what changes on the way is brought to the first frame's."""

import numpy as np
import pytest
from media_files import difference, picture, read_all, write_clips

from helpers.footage import media
from helpers.footage.media import uniform_frames

# most phones and browsers, a digital camera, and how television is sent
STREAMS = {
    "a.webm": ("libvpx", "yuv420p"),
    "a.ts": ("libx264", "yuv420p"),
    "a.mkv": ("libx264", "yuv420p"),
    "a.avi": ("mjpeg", "yuvj420p"),
    "a.mov": ("png", "rgb24"),
}


@pytest.mark.parametrize("name", STREAMS)
def test_frames_of_another_size_are_brought_to_the_first(name, tmp_path):
    small, large = picture(72, 96), picture(72, 96).repeat(2, 0).repeat(2, 1)
    turned = np.full((96, 72, 3), 200, np.uint8)
    path = write_clips(
        tmp_path / name,
        [[small] * 4, [large] * 5, [turned] * 3],
        *STREAMS[name],
    )
    notes = []
    read, error = read_all(path, notes=notes)
    assert error is None and len(read) == 12
    for index, _, frame in read:
        assert frame.shape == (72, 96, 3)
        if index < 9:
            assert difference(frame, small) < 5
        else:  # upright in the middle, its face not stretched
            assert frame[:, 24:72].mean() == pytest.approx(200, abs=6)
            assert frame[:, :19].max() < 25 and frame[:, 77:].max() < 25
    assert notes == [
        "its size changes on the way: 8 frames are brought to the first's"
    ]

    def edit(pictures):
        for each in pictures:
            assert each.shape == (72, 96, 3)
            each.write(10, 20, np.full((16, 16, 3), 0, np.uint8))

    report = media.edit_video(path, tmp_path / "b.mp4", edit, at_once=5)
    assert report["frames"] == 12
    after, _ = read_all(tmp_path / "b.mp4")
    for (_, then, before), (_, now, frame) in zip(read, after, strict=True):
        assert then == pytest.approx(now, abs=2e-3)
        assert frame[23:33, 13:23].max() < 30
        assert difference(frame[44:], before[44:]) < 6


def test_frames_are_read_smaller_all_the_same(tmp_path):
    path = write_clips(
        tmp_path / "a.mkv", [[picture(72, 96)] * 3, [picture(144, 192)] * 3]
    )
    read, _ = read_all(path, size=(36, 48))
    assert [frame.shape for *_, frame in read] == [(36, 48, 3)] * 6


def test_a_frame_alone_has_the_size_of_the_first(tmp_path):
    path = write_clips(
        tmp_path / "a.mkv", [[picture(72, 96)] * 30, [picture(144, 192)] * 30]
    )
    read, _ = read_all(path)
    for index in (10, 29, 45, 59):
        _, time, frame = read[index]
        np.testing.assert_array_equal(
            media.read_frame(path, index, time), frame
        )


@pytest.mark.parametrize(
    "shape, bars",
    [
        ((40, 60), 0),
        ((81, 120), 0),
        ((80, 120), 0),
        ((60, 40), 2),
        ((20, 60), 2),
    ],
)
def test_a_picture_fits_whole_and_unstretched(shape, bars):
    page = uniform_frames.fit(np.full((*shape, 3), 255, np.uint8), (40, 60))
    assert page.shape == (40, 60, 3)
    rows, columns = (page[..., 0].max(axis=side) > 0 for side in (1, 0))
    height, width = rows.sum(), columns.sum()
    assert (height, width) == (40, 60) or bars
    if bars:
        assert height / width == pytest.approx(shape[0] / shape[1], rel=0.05)
        assert height == 40 or width == 60
