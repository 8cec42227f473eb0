"""Writing: frames come back with times and colours, or there is no file."""

import av
import pytest
from media_files import clip, difference, picture, read_all

from helpers.footage import media


def test_a_video_comes_back_with_its_times_and_colours(tmp_path):
    path = tmp_path / "a.mp4"
    frames = clip(path, metadata={"comment": "nobody was filmed"}, crf=10)
    found, error = read_all(path)
    assert error is None and len(found) == 12
    for (index, time, frame), expected in zip(found, frames, strict=True):
        assert time == pytest.approx(index / 25, abs=1e-6)
        assert frame.shape == expected.shape
    bias = found[0][2].astype(float).mean() - frames[0].mean()
    assert abs(bias) < 0.5  # not a grey level darker
    facts = media.probe_video(path)
    assert (facts["width"], facts["height"], facts["frames"]) == (96, 64, 12)
    assert facts["frame_rate"] == 25 and not facts["has_sound"]
    with av.open(str(path)) as container:
        assert container.metadata["comment"] == "nobody was filmed"


def test_odd_sides_get_one_more_pixel(tmp_path):
    path = tmp_path / "a.mp4"
    frames = clip(path, count=2, height=45, width=61)
    frame = next(media.read_frames(path))[2]
    assert frame.shape == (46, 62, 3)
    assert difference(frame[:45, :61], frames[0]) < 6


def test_a_broken_writer_leaves_nothing_behind(tmp_path):
    path = tmp_path / "a.mp4"

    def frames():
        yield picture()
        yield picture(32, 32)

    with pytest.raises(ValueError, match="shape"):
        media.write_video(path, frames(), 25)
    with pytest.raises(ValueError, match="at least one frame"):
        media.write_video(path, [], 25)
    with pytest.raises(ValueError, match="frame_rate=0"):
        media.write_video(path, [picture()], 0)
    with pytest.raises(ValueError, match=".mp4"):
        media.write_video(tmp_path / "a.avi", [picture()], 25)
    assert list(tmp_path.iterdir()) == []
