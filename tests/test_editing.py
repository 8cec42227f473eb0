"""Editing: frames are changed, times and sound stay."""

import threading

import numpy as np
import pytest
from media_files import clip, difference, read_all, write_colorful_clip

from helpers.footage import media


def test_mapping_calls_the_function_and_refuses_other_shapes(tmp_path):
    path, result = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip(path, count=5)
    seen = []

    def invert(index, time, frame):
        seen.append((index, round(time * 25)))
        return 255 - frame

    done = []
    report = media.map_video(path, result, invert, progress=done.append)
    assert report == {"frames": 5, "broken": None}
    assert seen == [(i, i) for i in range(5)] and done == list(range(5))
    before, after = read_all(path)[0][2][2], read_all(result)[0][2][2]
    assert difference(after, 255 - before) < 4
    with pytest.raises(ValueError, match="uint8"):
        media.map_video(path, result, lambda i, t, frame: frame / 255.0)
    assert len(read_all(result)[0]) == 5


def test_a_video_is_finished_before_it_has_its_name(tmp_path):
    path, result = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip(path, count=5)
    finished = []

    def finish(partial):
        assert not result.exists()
        finished.append(len(read_all(partial)[0]))

    def keep(index, time, frame):
        return frame

    media.map_video(path, result, keep, finish=finish)
    assert finished == [5] and result.is_file()
    result.unlink()

    def refuse(partial):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        media.map_video(path, result, keep, finish=refuse)
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_mapping_gives_frames_of_another_shape_and_may_end_early(tmp_path):
    path, result = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip(path, count=12)

    def halve(index, time, frame):
        return frame[:, ::2] if index < 8 else None

    report = media.map_video(path, result, halve)
    assert report == {"frames": 8, "broken": None}
    found = read_all(result)[0]
    assert len(found) == 8 and found[0][2].shape == (64, 48, 3)

    def change(index, time, frame):
        return frame[: 64 - 2 * index]

    with pytest.raises(ValueError, match=r"\(64, 96, 3\).*\(62, 96, 3\)"):
        media.map_video(path, result, change)


def test_a_variable_frame_rate_keeps_its_exact_times(shared_data, tmp_path):
    source = shared_data / "awkward" / "videos" / "vfr.mp4"
    target = tmp_path / "a.mp4"
    media.map_video(source, target, lambda index, time, frame: frame, crf=30)
    before = [time for _, time, _ in media.read_frames(source)]
    after = [time for _, time, _ in media.read_frames(target)]
    assert len(set(np.diff(before).round(3))) > 1
    np.testing.assert_allclose(after, before, atol=1e-6)
    assert media.probe_video(target)["has_sound"]


def test_a_video_cut_short_gives_its_frames_then_says_so(shared_data, tmp_path):
    source = shared_data / "awkward" / "videos" / "corrupt_cut_short.mp4"
    found, error = read_all(source)
    assert len(found) == 49 and "49 frames were read" in str(error)
    target = tmp_path / "a.mp4"
    report = media.map_video(source, target, lambda index, time, frame: frame)
    assert report["frames"] == 49 and "breaks off" in report["broken"]
    assert len(read_all(target)[0]) == 49


def test_an_error_while_editing_leaves_no_file_and_no_thread(tmp_path):
    colorful = write_colorful_clip(tmp_path / "clip.mp4")

    def fail(pictures):
        raise RuntimeError("the editor stumbled")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="stumbled"):
        media.edit_video(colorful, colorful.with_name("new.mp4"), fail)
    assert threading.active_count() == before
    assert [path.name for path in colorful.parent.iterdir()] == ["clip.mp4"]
