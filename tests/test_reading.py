"""Reading: frames one by one, some of them, one alone, smaller ones."""

import cv2
import numpy as np
import pytest
from media_files import (
    clip,
    clip_of_many_key_frames,
    read_all,
    write_colorful_clip,
)

from helpers.footage import media
from helpers.footage.media import reading


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi"])
def test_one_frame_is_the_frame_that_reading_all_gives(tmp_path, ending):
    path = tmp_path / f"clip{ending}"
    clip_of_many_key_frames(path)
    for index, time, frame in media.read_frames(path, step=7):
        for known in (time, None, time + 0.013):
            found = media.read_frame(path, index, known)
            np.testing.assert_array_equal(found, frame, str(index))


def test_one_frame_is_found_without_decoding_what_is_before(tmp_path):
    path = tmp_path / "clip.mp4"
    clip_of_many_key_frames(path)
    times = [time for _, time, _ in media.read_frames(path)]
    # past the first second, which is read from the beginning
    found = [reading._seek_frame(path, time) is not None for time in times]
    assert not any(found[:31]) and all(found[31:])


def test_a_frame_beyond_the_end_is_told(tmp_path):
    clip(tmp_path / "a.mp4", 12)
    with pytest.raises(media.MediaError, match="should have a frame 12"):
        media.read_frame(tmp_path / "a.mp4", 12, 12 / 25)
    with pytest.raises(media.MediaError, match="should have a frame 99"):
        media.read_frame(tmp_path / "a.mp4", 99, 99 / 25)


def test_frames_are_chosen_by_start_step_and_stop(tmp_path):
    path = tmp_path / "a.mp4"
    clip(path, count=10)
    found, _ = read_all(path, start=2, step=3, stop=9)
    assert [index for index, _, _ in found] == [2, 5, 8]
    with pytest.raises(ValueError, match="step=0"):
        next(media.read_frames(path, step=0))


def test_frames_can_be_read_smaller(tmp_path):
    colorful = write_colorful_clip(tmp_path / "clip.mp4")
    for _, _, frame in media.read_frames(colorful, size=(45, 80)):
        assert frame.shape == (45, 80, 3)
    (_, _, large), *_ = media.read_frames(colorful)
    (_, _, small), *_ = media.read_frames(colorful, size=(45, 80))
    shrunk = cv2.resize(large, (80, 45), interpolation=cv2.INTER_AREA)
    # made to be looked at by a detector: quick, its colour less exact
    assert np.abs(small.astype(int) - shrunk).mean() < 6
