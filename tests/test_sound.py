"""Sound: copied, or made anew where mp4 cannot hold it."""

import av
import pytest
from media_files import picture

from helpers.footage import media
from helpers.footage.media.sound import Sound


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
