"""A picture: only what was changed reaches the encoder otherwise."""

import av
import numpy as np
import pytest
from media_files import write_colorful_clip

from helpers.footage import media


@pytest.fixture
def colorful(tmp_path):
    return write_colorful_clip(tmp_path / "clip.mp4")


def planes(picture):
    return picture.encoded()[0].to_ndarray().copy()


def test_only_changed_pixels_reach_the_encoder_otherwise(colorful, tmp_path):
    seen = []

    def edit(pictures):
        for picture in pictures:
            before = planes(picture)
            part = picture.read(21, 11, 60, 44)
            assert part.shape == (33, 39, 3)
            part[5:9, 7:12] = (255, 0, 0)
            picture.write(21, 11, part)
            seen.append((before, planes(picture), picture.read(28, 16, 33, 20)))

    report = media.edit_video(
        colorful, tmp_path / "new.mp4", edit, at_once=5, crf=4
    )
    assert report == {"frames": 12, "broken": None} and len(seen) == 12
    for before, after, part in seen:
        brightness = np.argwhere((before != after)[:90])
        (top, left), (bottom, right) = brightness.min(0), brightness.max(0)
        assert (left, top, right, bottom) == (28, 16, 32, 19)
        # colour of blocks that were changed, and of no others
        assert 0 < (before != after)[90:].sum() <= 2 * 4 * 3
        assert part[1:-1, 1:-1, 0].min() > 150
    for _, _, frame in media.read_frames(tmp_path / "new.mp4"):
        assert frame[17:19, 29:32, 0].min() > 150


def test_a_part_is_what_the_whole_picture_shows_there(colorful):
    wholes = {n: frame for n, _, frame in media.read_frames(colorful)}

    def edit(pictures):
        for picture in pictures:
            for place in ((0, 0, 160, 90), (3, 5, 40, 41), (100, 60, 160, 90)):
                left, top, right, bottom = place
                part = picture.read(*place).astype(int)
                whole = wholes[picture.index][top:bottom, left:right]
                assert np.abs(part - whole).mean() < 0.5
            np.testing.assert_array_equal(picture.rgb(), wholes[picture.index])

    media.edit_video(colorful, colorful.with_name("same.mp4"), edit)


@pytest.mark.parametrize("place", [(-1, 0, 9, 9), (5, 5, 5, 9), (0, 0, 9, 91)])
def test_a_part_beyond_the_picture_is_refused(colorful, place):
    with pytest.raises(ValueError, match="within 160 x 90"):
        media.edit_video(
            colorful,
            colorful.with_name("new.mp4"),
            lambda pictures: pictures[0].read(*place),
        )


def test_pictures_of_other_formats_are_changed_in_parts_as_well(tmp_path):
    path = tmp_path / "ten_bit.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 160, 90
        stream.pix_fmt = "yuv420p10le"
        grey = np.full((90, 160, 3), 120, np.uint8)
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())

    def edit(pictures):
        for picture in pictures:
            part = picture.read(20, 10, 60, 40)
            picture.write(20, 10, np.full_like(part, 255))

    media.edit_video(path, tmp_path / "new.mp4", edit, at_once=2)
    frames = [f for *_, f in media.read_frames(tmp_path / "new.mp4")]
    assert len(frames) == 3
    assert frames[1][15:35, 25:55].min() > 240
    assert np.abs(frames[1][50:].astype(int) - 120).max() < 6
