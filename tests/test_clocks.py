"""Clocks: times that jump, pictures that lack, packets that are damaged."""

import itertools
from fractions import Fraction

import av
import numpy as np
import pytest
from media_files import picture, read_all

from helpers.footage import media

RATE = 25
SIZE = (64, 96)
KINDS = {
    ".mkv": ("libx264", "aac"),
    ".mp4": ("libx264", "aac"),
    ".ts": ("libx264", "aac"),
    ".flv": ("flv1", "libmp3lame"),
    ".webm": ("libvpx", "libopus"),
    ".mpg": ("mpeg2video", "mp2"),
    ".avi": ("mpeg4", "libmp3lame"),
}


def write(path, times=None, sound=True, shift=(), rate=48000, codec=None):
    """A numbered clip with a tone; from some seconds on its clock is moved.

    Args:
        shift: tuples of the second from which, and by how many seconds.
    """
    times = np.arange(50) / RATE if times is None else np.asarray(times)
    video, audio = KINDS[path.suffix]
    packets = []
    with av.open(str(path), "w") as container:
        stream = container.add_stream(video, rate=RATE)
        stream.height, stream.width = SIZE
        stream.bit_rate, stream.pix_fmt = 10**6, "yuv420p"
        stream.codec_context.gop_size = 25
        for number, time in enumerate(times):
            image = np.roll(picture(*SIZE), 3 * number, 1)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = round(time * RATE), Fraction(1, RATE)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        if sound:
            track = container.add_stream(codec or audio, rate=rate)
            track.layout = "mono"
            length = int((times[-1] + 1 / RATE) * rate)
            for start in range(0, length, 960):
                tone = np.sin((start + np.arange(960)) * 0.06)
                frame = av.AudioFrame.from_ndarray(
                    np.float32(tone)[None], "fltp", "mono"
                )
                frame.sample_rate, frame.pts = rate, start
                frame.time_base = Fraction(1, rate)
                packets += track.encode(frame)
            packets += track.encode(None)
        moved = set()
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            kind = packet.stream.type
            for second, by in shift:
                late = packet.pts * packet.time_base >= second
                if late and (kind == "audio" or packet.is_keyframe):
                    moved.add((kind, second))
                if (kind, second) in moved:
                    ticks = round(by / packet.time_base)
                    packet.pts, packet.dts = (
                        packet.pts + ticks,
                        packet.dts + ticks,
                    )
            container.mux(packet)
    return path


def join(path, *parts):
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def move_flv(path, second, by):
    """An FLV's clock moved from a second on, which its muxer would refuse."""
    content, place = bytearray(path.read_bytes()), 13
    while place + 11 <= len(content):
        size = int.from_bytes(content[place + 1 : place + 4], "big")
        time = int.from_bytes(content[place + 4 : place + 7], "big")
        if content[place] in (8, 9) and time >= 1000 * second:
            content[place + 4 : place + 7] = (time + by).to_bytes(3, "big")
        place += size + 15
    path.write_bytes(content)
    return path


def damage(path, number, kind="video"):
    """One packet of a file, overwritten."""
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        packets = (p for p in container.demux(stream) if p.size)
        packet = next(itertools.islice(packets, number, None))
        place = slice(packet.pos, packet.pos + packet.size)
    if path.suffix == ".mkv":  # a block begins with four bytes of its own
        place = slice(place.start + 12, place.stop)
    content[place] = bytes(255 - byte for byte in content[place])
    path.write_bytes(content)
    return path


def edited(path, notes=None):
    """Times of pictures and of sound after a video is edited, and a report."""
    result = path.with_name(f"{path.stem}_edited.mp4")
    notes = [] if notes is None else notes
    report = media.edit_video(path, result, lambda _: None, 8, notes=notes)
    times = [time for _, time, _ in media.read_frames(result)]
    with av.open(str(result)) as container:
        tracks = container.streams.audio
        sound = [
            (float(frame.pts * frame.time_base), frame.samples)
            for frame in (container.decode(tracks[0]) if tracks else ())
        ]
    return times, sound, report


def read_times(path):
    notes = []
    times = [time for _, time, _ in media.read_frames(path, notes=notes)]
    return times, notes


def check_even(path, count, jumps, length=None):
    """Frames at even times, read and edited, with their sound in step."""
    times, notes = read_times(path)
    np.testing.assert_allclose(times, np.arange(count) / RATE, atol=2e-3)
    assert [note.split(" of its clock")[0] for note in notes] == jumps
    after, sound, report = edited(path)
    np.testing.assert_allclose(after, times, atol=2e-3)
    assert report["broken"] is None
    if sound:
        begins = np.array([begin for begin, _ in sound])
        assert np.diff(begins).max() < 0.15 and np.diff(begins).min() > 0
        assert begins[-1] == pytest.approx(length or count / RATE, abs=0.1)


@pytest.mark.parametrize("ending", [".mkv", ".mp4", ".ts", ".flv", ".webm"])
@pytest.mark.parametrize("sound", [True, False])
def test_a_clock_that_jumps_ahead_freezes_nothing(tmp_path, ending, sound):
    path = tmp_path / f"clip{ending}"
    write(path, sound=sound, shift=[(1, 3600)])
    check_even(path, 50, ["1 jump"])


@pytest.mark.parametrize("ending", [".ts", ".mpg"])
def test_files_that_were_joined_go_on(tmp_path, ending):
    parts = [write(tmp_path / f"{n}{ending}") for n in range(2)]
    silent = write(tmp_path / f"silent{ending}", sound=False)
    path = tmp_path / f"clip{ending}"
    check_even(join(path, parts[0], parts[1], parts[0]), 150, ["2 jumps"])
    check_even(join(path, silent, silent), 100, ["1 jump"])


def test_a_clock_that_jumps_back_squeezes_nothing(tmp_path):
    path = move_flv(write(tmp_path / "clip.flv"), 1, -900)
    check_even(path, 50, ["1 jump"])


def test_what_is_sought_is_what_is_read_after_a_jump(tmp_path):
    part = write(tmp_path / "part.ts")
    path = join(tmp_path / "clip.ts", part, part)
    for index, time, frame in media.read_frames(path, step=9):
        found = media.read_frame(path, index, time)
        np.testing.assert_array_equal(found, frame, str(index))


STILL = [*np.arange(25) / RATE, *(31 + np.arange(25) / RATE)]


@pytest.mark.parametrize("ending", [".mkv", ".mp4", ".webm"])
@pytest.mark.parametrize("sound", [True, False])
@pytest.mark.parametrize("times", [STILL, [0, 5, 10, 15, 20, 27, 40, 45]])
def test_a_still_picture_stays(tmp_path, ending, sound, times):
    path = write(tmp_path / f"clip{ending}", times, sound)
    found, notes = read_times(path)
    np.testing.assert_allclose(found, times, atol=2e-3)
    assert notes == []
    np.testing.assert_allclose(edited(path)[0], times, atol=2e-3)


def test_with_sound_a_still_picture_stays_in_a_stream_too(tmp_path):
    times, notes = read_times(write(tmp_path / "clip.ts", STILL))
    np.testing.assert_allclose(times, STILL, atol=2e-3)
    assert notes == []


def test_sound_that_jumps_alone_is_brought_back_and_said(tmp_path):
    path = write(tmp_path / "clip.mkv")
    moved = tmp_path / "moved.mkv"
    with av.open(str(path)) as source, av.open(str(moved), "w") as output:
        streams = [
            output.add_stream_from_template(each) for each in source.streams
        ]
        for packet in source.demux():
            if not packet.size:
                continue
            if packet.stream.type == "audio" and packet.pts > 1000:
                packet.pts, packet.dts = packet.pts + 10**6, packet.dts + 10**6
            packet.stream = streams[packet.stream.index]
            output.mux(packet)
    notes = []
    times, sound, _ = edited(moved, notes)
    assert len(times) == 50 and sound[-1][0] == pytest.approx(2, abs=0.1)
    assert notes == ["jumps of the sound's own clock are taken out"]


@pytest.mark.parametrize("ending", [".mkv", ".webm", ".flv", ".avi", ".mp4"])
def test_a_file_cut_short_is_told_from_a_whole_one(tmp_path, ending):
    path = write(tmp_path / f"clip{ending}", np.arange(100) / RATE)
    if ending == ".mp4":  # with its index in front
        fast = tmp_path / "fast.mp4"
        media.edit_video(path, fast, lambda _: None)
        path = fast
    frames, error = read_all(path)
    assert len(frames) == 100 and error is None
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    frames, error = read_all(path)
    assert 40 < len(frames) < 80
    assert "breaks off" in str(error) and f"{len(frames)} frames" in str(error)


def test_sound_that_goes_on_is_no_lack_of_pictures(tmp_path):
    path = write(tmp_path / "clip.mkv")
    longer = tmp_path / "longer.flv"
    with av.open(str(path)) as source, av.open(str(longer), "w") as output:
        video = output.add_stream_from_template(source.streams.video[0])
        track = output.add_stream("libmp3lame", rate=44100)
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        for start in range(0, 10 * 44100, 1152):
            silence = np.zeros((2, 1152), np.float32)
            frame = av.AudioFrame.from_ndarray(silence, "fltp", "stereo")
            frame.sample_rate, frame.pts = 44100, start
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    frames, error = read_all(longer)
    assert len(frames) == 50 and error is None


def test_what_an_edit_list_hides_is_not_missed(shared_data):
    path = shared_data / "reported" / "trimmed_without_encoding.mp4"
    frames, error = read_all(path)
    assert len(frames) == 35 and error is None
    assert media.count_frames(path) == 35
    assert media.probe_video(path)["frames"] == 35


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_a_damaged_picture_is_passed_over_and_said(tmp_path, ending):
    path = write(tmp_path / f"clip{ending}", np.arange(100) / RATE)
    damage(path, 30)
    times, notes = read_times(path)
    assert len(times) == 99 and times[-1] == pytest.approx(3.96, abs=2e-3)
    assert len(notes) == 1 and "1 damaged picture left out" in notes[0]
    after, sound, report = edited(path)
    np.testing.assert_allclose(after, times, atol=2e-3)
    assert report["broken"] is None and sound[-1][0] > 3.9


def test_a_damaged_packet_of_sound_is_silent_and_said(tmp_path):
    path = write(tmp_path / "clip.mkv", codec="flac")
    damage(path, 8, "audio")
    notes = []
    _, sound, _ = edited(path, notes)
    assert sum(count for _, count in sound) / 48000 == pytest.approx(2, abs=0.1)
    assert "1 damaged packet of sound is silent" in notes
