"""Sound: copied, or made anew where mp4 cannot hold it."""

import av
import numpy as np
import pytest
from clips import FakeDetector, MirrorComb, face_at
from clips import picture as face_picture
from media_files import picture

from helpers.footage import media
from helpers.footage.media import sound as sound_module
from helpers.footage.media.sound import Sound
from helpers.swap.swap_video import swap_video


@pytest.mark.parametrize(
    "name, codec", [("mjpeg_pcm.avi", "aac"), ("vp9_opus.webm", "opus")]
)
def test_sound_is_copied_or_becomes_aac(shared_data, tmp_path, name, codec):
    source = shared_data / "awkward" / "videos" / name
    target = tmp_path / "a.mp4"
    media.write_video(target, [picture()] * 50, 25, sound_from=source)
    with av.open(str(target)) as container:
        sound = container.streams.audio[0]
        assert sound.codec_context.name == codec
        length = float(sound.duration * sound.time_base)
        assert length == pytest.approx(2, abs=0.1)


def test_packets_come_once_and_up_to_their_time(shared_data, tmp_path):
    source = shared_data / "awkward" / "videos" / "fps_5.mp4"
    with Sound(source) as sound, av.open(tmp_path / "a.mp4", "w") as output:
        # there is no stream yet to put them into
        assert list(sound.packets_until(None)) == []
        sound.add_stream(output)
        early, late = (
            [float(packet.pts * packet.time_base) for packet in packets]
            for packets in (sound.packets_until(1.0), sound.packets_until(None))
        )
        assert early[0] < 0.1 and max(early) <= 1.0 < min(late)
        assert list(sound.packets_until(None)) == []


def test_silence_has_neither_stream_nor_packets(tmp_path):
    with Sound(None) as silence, av.open(tmp_path / "a.mp4", "w") as output:
        silence.add_stream(output)
        assert not output.streams
        assert list(silence.packets_until(None)) == []


def write_sound(path, codec, rate, layout="stereo", pictures=None):
    """Two seconds of a tone, beside pictures if they are wanted."""
    packed = codec in ("pcm_s16le", "pcm_s24le")
    with av.open(str(path), "w") as container:
        video = None
        if pictures is not None:
            video = container.add_stream("mpeg4", rate=25)
            video.height, video.width = pictures[0].shape[:2]
            video.pix_fmt, video.bit_rate = "yuv420p", 4 * 10**6
        track = container.add_stream(codec, rate=rate)
        track.layout, track.bit_rate = layout, 128000
        for image in pictures or ():
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(video.encode(frame))
        channels = track.layout.nb_channels
        for start in range(0, 2 * rate, rate // 50):
            tone = np.sin((start + np.arange(rate // 50)) * 0.06) * 2**14
            if packed:
                samples = np.repeat(tone, channels)[None].astype(np.int16)
                frame = av.AudioFrame.from_ndarray(samples, "s16", layout)
            else:
                samples = np.tile(tone / 2**15, (channels, 1))
                frame = av.AudioFrame.from_ndarray(
                    samples.astype(np.float32), "fltp", layout
                )
            frame.sample_rate, frame.pts = rate, start
            container.mux(track.encode(frame))
        if video is not None:
            container.mux(video.encode(None))
        container.mux(track.encode(None))
    return path


@pytest.mark.parametrize(
    "name, codec, rate, layout, kept, kept_rate, channels",
    [
        ("a.avi", "libmp3lame", 44100, "stereo", "mp3", 44100, 2),
        ("a.mkv", "libmp3lame", 8000, "mono", "aac", 8000, 1),
        ("a.wmv", "wmav2", 44100, "stereo", "aac", 44100, 2),
        ("a.mkv", "pcm_s16le", 192000, "stereo", "aac", 48000, 2),
        ("a.mkv", "pcm_s16le", 37800, "mono", "aac", 44100, 1),
        ("a.mov", "pcm_s24le", 96000, "stereo", "aac", 96000, 2),
        ("a.avi", "pcm_s16le", 48000, "5.1", "aac", 48000, 2),
        ("a.mkv", "pcm_s16le", 48000, "7.1", "aac", 48000, 2),
        ("a.ts", "ac3", 48000, "5.1(side)", "ac3", 48000, 6),
        ("a.mkv", "libopus", 48000, "stereo", "opus", 48000, 2),
    ],
)
def test_sound_of_every_kind_is_kept(
    tmp_path, name, codec, rate, layout, kept, kept_rate, channels
):
    path = write_sound(tmp_path / name, codec, rate, layout, [picture()] * 50)
    notes = []
    media.edit_video(path, tmp_path / "b.mp4", lambda _: None, notes=notes)
    with av.open(str(tmp_path / "b.mp4")) as container:
        track = container.streams.audio[0]
        context = track.codec_context
        assert context.codec.canonical_name == kept
        assert context.sample_rate == kept_rate
        assert context.layout.nb_channels == channels
        samples = sum(frame.samples for frame in container.decode(track))
        assert samples / kept_rate == pytest.approx(2, abs=0.15)
    said = f"{rate} Hz becomes {kept_rate} Hz" in str(notes)
    assert said == (rate != kept_rate)
    assert ("becomes AAC" in str(notes)) == (kept == "aac")


def test_sound_that_nobody_can_decode_is_left_out_and_said(
    tmp_path, monkeypatch
):
    pictures = [picture()] * 50
    path = write_sound(tmp_path / "a.mkv", "pcm_s16le", 48000, "mono", pictures)
    monkeypatch.setattr(sound_module, "SoundEncoder", None)
    monkeypatch.setattr(
        sound_module, "VIDEO_ERRORS", (*sound_module.VIDEO_ERRORS, TypeError)
    )
    notes = []
    media.edit_video(path, tmp_path / "b.mp4", lambda _: None, notes=notes)
    assert notes == ["sound (pcm_s16le) cannot be read and is left out"]
    assert len(list(media.read_frames(tmp_path / "b.mp4"))) == 50


def test_sound_that_fails_at_the_end_costs_no_picture(
    tmp_path, monkeypatch, egg_masks
):
    pictures = [face_picture(3)] * 50
    path = write_sound(
        tmp_path / "a.avi", "libmp3lame", 44100, "mono", pictures
    )

    def fail(sound, time, output):
        if sound._track is not None and time is None:
            raise av.error.InvalidDataError(1, "no")

    monkeypatch.setattr(Sound, "write_until", fail)
    report = swap_video(
        MirrorComb(),
        path,
        tmp_path / "b.mp4",
        "Rosa",
        FakeDetector([[face_at()]] * 50),
        detect_every=1,
    )
    assert report["swapped"] == 50
    assert "sound is left out" in str(report["notes"])
    assert len(list(media.read_frames(tmp_path / "b.mp4"))) == 50
