"""Containers: what is opened as a video, and what of it is told."""

import av
import numpy as np
import pytest
from media_files import deep, difference, picture, write_deep

from helpers.footage import media


def test_a_list_of_addresses_is_no_video(tmp_path):
    target = tmp_path / "target.mp4"
    media.write_video(target, [np.zeros((48, 64, 3), np.uint8)] * 4, 25)
    lists = (
        f"#EXTM3U\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {target}\n",
    )
    for text in lists:
        (tmp_path / "a.mp4").write_text(text)
        with pytest.raises(media.MediaError, match="cannot be opened"):
            media.probe_video(tmp_path / "a.mp4")


def test_turned_videos_are_read_upright(shared_data):
    folder = shared_data / "awkward" / "videos"
    upright = next(media.read_frames(folder / "no_audio.mp4"))[2]
    for degrees in (90, 180, 270):
        path = folder / f"rotation_{degrees}.mp4"
        frame = next(media.read_frames(path))[2]
        assert frame.shape == upright.shape
        assert difference(frame, upright) < 6
        assert media.probe_video(path)["rotation"] in (degrees, 360 - degrees)


def test_videos_of_every_codec_are_read(shared_data):
    folder = shared_data / "awkward" / "videos"
    sizes = {
        "odd_size_361x271_yuv444.mp4": (271, 361, 3),
        "hevc_10bit.mp4": (480, 640, 3),
        "vp9_opus.webm": (480, 640, 3),
        "mjpeg_pcm.avi": (480, 640, 3),
        "non_square_pixels.mp4": (480, 853, 3),
    }
    for name, shape in sizes.items():
        assert next(media.read_frames(folder / name))[2].shape == shape


def test_videos_that_cannot_be_opened_say_why(shared_data):
    folder = shared_data / "awkward" / "videos"
    for name in (
        "audio_only.mp4",
        "corrupt_no_moov.mp4",
        "corrupt_text_inside.mp4",
        "zero_byte.mp4",
    ):
        with pytest.raises(media.MediaError, match=name):
            next(media.read_frames(folder / name))


@pytest.mark.parametrize(
    "pixels, options",
    [
        ("yuv420p10le", {}),
        ("yuv422p", {}),
        ("yuv422p10le", {}),
        ("yuv444p", {}),
        ("yuvj420p", {"color_range": 2}),
        ("yuv420p", {}),
    ],
)
def test_every_format_comes_out_as_it_went_in(tmp_path, pixels, options):
    image = picture(90, 160)
    path = write_deep(
        tmp_path / "a.mkv", [deep(image)] * 3, pixels, colorspace=1, **options
    )
    assert difference(next(media.read_frames(path))[2], image) < 4
    media.edit_video(path, tmp_path / "b.mp4", lambda pictures: None, crf=8)
    after = next(media.read_frames(tmp_path / "b.mp4"))[2]
    assert difference(after, image) < 4
    assert abs(after.astype(float).mean() - image.mean()) < 1.5


def test_a_video_cut_before_its_first_frame_is_reported(tmp_path):
    whole, cut = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    with av.open(str(whole), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 96, 64
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(
                np.zeros((64, 96, 3), np.uint8), "rgb24"
            )
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    content = whole.read_bytes()
    cut.write_bytes(content[: content.index(b"\x1f\x43\xb6\x75")])
    with pytest.raises(media.MediaError, match="cut.mkv"):
        list(media.read_frames(cut))


def test_a_video_without_a_frame_is_not_said_to_break_off(tmp_path):
    path = tmp_path / "none.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    content = path.read_bytes()
    start = content.index(b"mdat") + 4
    size = int.from_bytes(content[start - 8 : start - 4], "big") - 8
    nothing = bytes(size)
    path.write_bytes(content[:start] + nothing + content[start + size :])
    with pytest.raises(media.MediaError) as error:
        list(media.read_frames(path))
    assert "none that can be read" in str(error.value)
    assert "Use what was read" not in str(error.value)
