"""A shown result: before and after beside it, once, of frames with faces."""

import dataclasses

import av
import pytest
from clips import assert_signed, count_in_memory, picture, write_clip
from test_swap_footage import clip_in, job_of, names_in, states_of

from helpers.footage import media
from helpers.swap import shown_result, swap_footage
from helpers.swap.marks import reading_marks

pytestmark = pytest.mark.usefixtures("egg_masks")

PLAIN = {"color": "none", "blend": "alpha"}


def result_of(path, folder):
    (result,) = swap_footage.swap_all(job_of(path), folder, **PLAIN)
    return result


@pytest.fixture
def video(tmp_path):
    return result_of(clip_in(tmp_path / "Rosa"), tmp_path / "out")


@pytest.fixture
def photo(tmp_path):
    media.write_image(tmp_path / "photo.png", picture(3))
    return result_of(tmp_path / "photo.png", tmp_path / "out")


def is_green(picture):
    """Whether the middle of the painted face is that of `GreenComb`."""
    red, green, _ = picture[63, 79].astype(int)
    return green - red > 100


def test_a_video_is_shown_by_a_picture_a_video_and_a_gif(video, capsys):
    shown = shown_result.show_result(video)
    assert {name: path.name for name, path in shown.items()} == {
        "picture": "Marco_on_Rosa_clip_before_after.png",
        "pair": "Marco_on_Rosa_clip_side_by_side.mp4",
        "gif": "Marco_on_Rosa_clip.gif",
    }
    mark = reading_marks.read_mark(video.path)
    for path in shown.values():
        assert_signed(path, mark)
    wide = media.read_photo(shown["picture"]).shape[1]
    assert wide > 2 * picture().shape[1]
    # what is there is kept
    before = states_of(video.path.parent)
    assert shown_result.show_result(video) == shown
    assert states_of(video.path.parent) == before
    assert "ends early" not in capsys.readouterr().out


def test_a_photo_is_shown_by_a_picture_alone(photo):
    shown = shown_result.show_result(photo)
    assert list(shown) == ["picture"]
    assert_signed(shown["picture"], reading_marks.read_mark(photo.path))
    assert names_in(photo.path.parent) == [
        "Marco_on_Rosa_photo.json",
        "Marco_on_Rosa_photo.png",
        "Marco_on_Rosa_photo_before_after.png",
    ]
    ((before, after),) = shown_result.frame_pairs(photo)
    assert before.shape == after.shape
    assert (is_green(before), is_green(after)) == (False, True)


def test_frames_that_are_shown_have_a_face(video):
    pairs = shown_result.frame_pairs(video, 3)
    assert len(pairs) == 3
    assert all(is_green(after) for _, after in pairs)
    # the first half without a face: what is left comes from the second
    times = [0.0, 0.04, 0.08, 0.12]
    record = {**video.record, "times_without_face": times}
    video = dataclasses.replace(video, record=record)
    assert len(shown_result.frame_pairs(video, 8)) == 4
    # or from the beginning, if there alone are faces
    record["times_without_face"] = [0.12, 0.16, 0.2, 0.24, 0.28]
    assert len(shown_result.frame_pairs(video, 1)) == 1
    record["times_without_face"] = [0.04 * n for n in range(99)]
    record["times_without_face"] = [
        round(time, 3) for time in record["times_without_face"]
    ]
    assert len(shown_result.frame_pairs(video, 8)) == 1


def test_of_a_long_video_only_what_is_shown_is_kept(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "long.mp4", [picture(3)] * 40)
    result = result_of(clip, tmp_path / "out")
    in_memory = count_in_memory(monkeypatch)
    assert len(shown_result.frame_pairs(result, 3)) == 3
    # of each video those that are shown, and the one that is read
    assert max(in_memory) <= 2 * 3 + 4


def test_a_target_that_breaks_off_is_shown_as_far_as_it_goes(tmp_path, capsys):
    clip = tmp_path / "cut.mp4"
    with av.open(
        str(clip), "w", options={"movflags": "faststart"}
    ) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width = picture().shape[:2]
        for seed in range(30):
            frame = av.VideoFrame.from_ndarray(picture(seed), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) * 6 // 10])
    result = result_of(clip, tmp_path / "out")
    frames = result.record["counts"]["frames"]
    assert 10 < frames < 25 and "breaks off" in result.record["broken"]
    assert "breaks off" in capsys.readouterr().out
    assert len(shown_result.frame_pairs(result, 6)) == 6
    # nor is the break met where no later frame has a face
    late = [round(0.04 * n, 3) for n in range(5, 30)]
    record = {**result.record, "times_without_face": late}
    faceless = dataclasses.replace(result, record=record)
    assert len(shown_result.frame_pairs(faceless, 6)) < 6
    shown_result.show_result(result)
    capsys.readouterr()
    # a result that is kept says it again
    assert result_of(clip, tmp_path / "out").record == result.record
    assert "breaks off" in capsys.readouterr().out


def test_a_result_of_odd_size_is_shown(tmp_path):
    home = tmp_path / "Rosa"
    home.mkdir()
    frames = [picture(3, (121, 161))] * 4
    clip = write_clip(home / "odd.mp4", frames, pixels="yuv444p")
    result = result_of(clip, tmp_path / "out")
    ((before, after),) = shown_result.frame_pairs(result, 1)
    assert before.shape == after.shape == (121, 161, 3)
