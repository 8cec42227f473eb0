"""Sound: a file in, packets of its sound out, for a file that is written."""

import av
from av.stream import Disposition

from helpers.footage.media import animations, containers
from helpers.footage.media.opening import existing_file

# sound that an mp4 file can hold as it is; other sound becomes AAC
MP4_SOUND = ("aac", "ac3", "alac", "eac3", "mp3", "opus")


def sound_tracks(container):
    """Sound tracks of codecs that ffmpeg knows; phones write others beside.

    The one that is marked as the default goes first, as players play it.

    Args:
        container: `av.container.InputContainer`.

    Returns:
        list of `av.AudioStream`.
    """
    known = [
        stream
        for stream in container.streams.audio
        if stream.codec_context is not None
    ]
    return sorted(known, key=lambda s: not s.disposition & Disposition.default)


class Sound:
    """Sound of a file, bit by bit as its time comes.

    It knows nobody: a writer owns it, adds its stream beside that of the
    pictures, and asks for its packets.

    Args:
        path: str or path, or `None` for silence.

    Attributes:
        container: `av.container.InputContainer` of the file, or `None`.
    """

    def __init__(self, path):
        self.container = self._source = self._encoder = None
        self._packets, self._waiting = iter(()), None
        # animations are silent, and not all of them for FFmpeg to open
        if path is not None and not animations.is_moving(path):
            self.container = containers.open_container(existing_file(path))
            self._source = next(iter(sound_tracks(self.container)), None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.container is not None:
            self.container.close()

    def add_stream(self, output):
        """Add its stream to a file that is written, before its first packet.

        Args:
            output: `av.container.OutputContainer`.
        """
        if self._source is None:
            return
        context = self._source.codec_context
        if context.name in MP4_SOUND:
            target = output.add_stream_from_template(self._source)
        else:
            target = output.add_stream("aac", rate=context.sample_rate)
            # raw sound often says how many channels, not which
            channels = context.layout.nb_channels
            target.layout = "mono" if channels == 1 else "stereo"
            self._encoder = target
        self._packets = self._timed_packets(target)

    def packets_until(self, time):
        """Packets up to a time that were not given yet.

        Args:
            time: float, seconds; or `None`, for all that are left.

        Yields:
            `av.Packet` of the stream that was added; none before that.
        """
        while True:
            self._waiting = self._waiting or next(self._packets, None)
            if self._waiting is None:
                return
            seconds, packet = self._waiting
            if time is not None and seconds > time:
                return
            self._waiting = None
            yield packet

    def _timed_packets(self, target):
        """Packets for the result with their times in seconds."""
        shift = round(self._video_start() / self._source.time_base)
        try:
            if self._encoder is not None:
                yield from self._encode(shift)
                return
            for packet in self.container.demux(self._source):
                if packet.dts is None:
                    continue
                packet.pts -= shift
                packet.dts -= shift
                time = float(packet.pts * packet.time_base)
                packet.stream = target
                yield time, packet
        except av.error.FFmpegError:
            return  # a file cut short: its pictures end here as well

    def _video_start(self):
        """The pictures' first time, which becomes zero in the result."""
        for video in containers.moving_streams(self.container):
            if video.start_time is not None:
                return float(video.start_time * video.time_base)
        return 0.0

    def _encode(self, shift):
        for frame in self.container.decode(self._source):
            if frame.pts is not None:
                frame.pts -= shift
            time = frame.time or 0.0
            for packet in self._encoder.encode(frame):
                yield time, packet
        for packet in self._encoder.encode(None):
            yield 0.0, packet
