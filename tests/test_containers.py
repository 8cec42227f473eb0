"""Containers: what is opened as a video, and what of it is told."""

import av
import numpy as np
import pytest
from av.stream import Disposition
from media_files import deep, difference, picture, read_all, write_deep

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


COVER, DEFAULT = Disposition.attached_pic, Disposition.default


def write_tracks(path, tracks):
    """A file of several video tracks of one colour each.

    Args:
        path: pathlib.Path.
        tracks: list of tuples `(grey, size, frames, disposition)`.
    """
    with av.open(str(path), "w") as container:
        streams = []
        for _, (height, width), count, disposition in tracks:
            codec = "mjpeg" if count == 1 else "libx264"
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width = height, width
            stream.pix_fmt = "yuvj420p" if count == 1 else "yuv420p"
            stream.disposition = disposition
            streams.append(stream)
        for stream, (grey, size, count, _) in zip(streams, tracks, strict=True):
            image = np.full((*size, 3), grey, np.uint8)
            for _ in range(count):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    "ending, tracks, grey, said",
    [
        # a cover goes before, is larger, and marked as default
        (
            ".mp4",
            [(20, (96, 96), 1, COVER), (120, (48, 64), 9, DEFAULT)],
            120,
            "a cover picture is left out",
        ),
        # one that does not say that it is one
        (
            ".mkv",
            [(20, (96, 96), 1, DEFAULT), (120, (48, 64), 9, 0)],
            120,
            "of 2 video tracks",
        ),
        (
            ".mkv",
            [(20, (96, 96), 9, 0), (120, (48, 64), 9, DEFAULT)],
            120,
            "of 2 video tracks the default one is kept",
        ),
        (
            ".ts",
            [(20, (32, 32), 9, 0), (120, (48, 64), 9, 0)],
            120,
            "of 2 video tracks the largest is kept",
        ),
        (
            ".mkv",
            [(120, (48, 64), 9, DEFAULT), (20, (48, 64), 9, DEFAULT)],
            120,
            "of 2 video tracks the first is kept",
        ),
    ],
)
def test_of_several_tracks_the_best_is_read(
    ending, tracks, grey, said, tmp_path
):
    path = write_tracks(tmp_path / f"a{ending}", tracks)
    read, error = read_all(path)
    assert error is None and len(read) == 9
    for _, _, frame in read:
        assert frame.shape == (48, 64, 3)
        assert frame.mean() == pytest.approx(grey, abs=3)
    facts = media.probe_video(path)
    assert (facts["frames"], facts["height"], facts["width"]) == (9, 48, 64)
    assert any(said in note for note in facts["notes"])
    report = media.edit_video(path, tmp_path / "b.mp4", lambda pictures: None)
    assert report["frames"] == 9
    after, _ = read_all(tmp_path / "b.mp4")
    assert after[4][2].mean() == pytest.approx(grey, abs=3)


def test_a_cover_alone_is_no_video(tmp_path):
    path = write_tracks(tmp_path / "a.mp4", [(20, (96, 96), 1, COVER)])
    with pytest.raises(media.MediaError, match="pictures that move"):
        list(media.read_frames(path))


def test_the_sound_that_players_play_is_kept(tmp_path):
    path, result = tmp_path / "a.mkv", tmp_path / "b.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds = []
        for disposition in (0, DEFAULT):
            sound = container.add_stream("aac", rate=16000)
            sound.layout, sound.disposition = "mono", disposition
            sounds.append(sound)
        image = np.full((48, 64, 3), 90, np.uint8)
        for _ in range(25):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for sound, height in zip(sounds, (0.05, 0.5), strict=True):
            for start in range(0, 16000, 1000):
                wave = np.sin((start + np.arange(1000)) * 0.2) * height
                wave = wave[None].astype(np.float32)
                frame = av.AudioFrame.from_ndarray(wave, "fltp", "mono")
                frame.sample_rate, frame.pts = 16000, start
                container.mux(sound.encode(frame))
            container.mux(sound.encode())
    media.edit_video(path, result, lambda pictures: None)
    with av.open(str(result)) as container:
        frames = [f.to_ndarray() for f in container.decode(audio=0)]
    assert 0.4 < np.abs(np.concatenate(frames, axis=1)).max() < 0.7
    notes = media.probe_video(path)["notes"]
    assert "of 2 sound tracks the default one is kept" in notes
