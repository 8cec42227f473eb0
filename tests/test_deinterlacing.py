"""De-interlacing: no combs, and as many frames at the same times."""

import av
import numpy as np
import pytest
from media_files import picture, read_all, write_clips

from helpers.footage import media
from helpers.footage.media import deinterlacing

COMBED = {
    "a.mp4": ("libx264", "yuv420p", {"flags": "+ildct+ilme"}),
    "a.ts": ("mpeg2video", "yuv420p", {"flags": "+ildct+ilme"}),
    "a.mov": ("prores_ks", "yuv422p10le", {"flags": "+ildct"}),
}


def moving_fields(count=12):
    """Frames whose every other line shows a bar half a step further on."""
    frames = []
    for number in range(count):
        frame = np.full((96, 128, 3), 40, np.uint8)
        for line in (0, 1):
            left = 10 + 8 * number + 4 * line
            frame[line::2, left : left + 24] = 220
        frames.append(frame)
    return frames


def comb(frame):
    """How much lines differ from the mean of their neighbours."""
    grey = frame.mean(axis=2)
    return np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2).mean()


@pytest.mark.parametrize("name", COMBED)
def test_interlaced_frames_lose_their_comb_and_keep_their_times(name, tmp_path):
    codec, pixels, options = COMBED[name]
    fields = moving_fields()
    path = write_clips(tmp_path / name, [fields], codec, pixels, **options)
    with av.open(str(path)) as container:
        decoded = list(container.decode(video=0))
    assert all(frame.interlaced_frame for frame in decoded)
    notes = []
    read, error = read_all(path, notes=notes)
    assert error is None and len(read) == len(decoded) == 12
    start = decoded[0].time
    np.testing.assert_allclose(
        [time for _, time, _ in read],
        [frame.time - start for frame in decoded],
        atol=1e-6,
    )
    for (_, _, frame), stored in zip(read, fields, strict=True):
        assert frame.shape == stored.shape
        assert comb(frame) < 0.2 * comb(stored)
    assert (
        notes
        == media.probe_video(path)["notes"][-1:]
        == ["interlaced: its frames are de-interlaced"]
    )
    report = media.edit_video(path, tmp_path / "b.mp4", lambda pictures: None)
    assert report["frames"] == 12 and report["broken"] is None
    after, _ = read_all(tmp_path / "b.mp4")
    for (_, then, frame), (_, now, swapped) in zip(read, after, strict=True):
        assert then == pytest.approx(now, abs=1e-3)
        assert comb(swapped) < 1.5 * comb(frame) + 0.5


def test_a_frame_alone_is_as_in_its_video(tmp_path):
    codec, pixels, options = COMBED["a.mp4"]
    path = write_clips(
        tmp_path / "a.mp4", [moving_fields(10) * 5], codec, pixels, **options
    )
    read, _ = read_all(path)
    for index in (3, 30, 44, 49):
        _, time, frame = read[index]
        np.testing.assert_array_equal(
            media.read_frame(path, index, time), frame, str(index)
        )


def frames_of(path):
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def test_without_interlaced_frames_nothing_is_done(tmp_path, monkeypatch):
    path = write_clips(tmp_path / "a.mp4", [[picture()] * 4])
    monkeypatch.delattr(deinterlacing, "_Graph")
    frames = list(frames_of(path))
    assert list(deinterlacing.without_comb(iter(frames))) == frames


def test_what_breaks_off_gives_all_frames_that_came_before(tmp_path):
    codec, pixels, options = COMBED["a.mp4"]
    path = write_clips(
        tmp_path / "a.mp4", [moving_fields(5)], codec, pixels, **options
    )

    def break_off():
        yield from frames_of(path)
        raise media.MediaError("breaks off")

    given = []
    with pytest.raises(media.MediaError, match="breaks off"):
        for frame in deinterlacing.without_comb(break_off()):
            given.append(frame.pts)
    assert len(given) == 5 and given == sorted(given)
