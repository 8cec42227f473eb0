"""Sound: a file in, its sound in another one out, bit by bit."""

import av

from helpers.footage.media import containers
from helpers.footage.media.opening import existing_file

# sound that an mp4 file can hold as it is; other sound becomes AAC
MP4_SOUND = ("aac", "ac3", "alac", "eac3", "mp3", "opus")


def sound_tracks(container):
    """Sound tracks of codecs that ffmpeg knows; phones write others beside.

    Args:
        container: `av.container.InputContainer`.

    Returns:
        list of `av.AudioStream`.
    """
    return [
        stream
        for stream in container.streams.audio
        if stream.codec_context is not None
    ]


class Sound:
    """Sound of a file, handed to a writer bit by bit as its time comes.

    Args:
        path: str or path, or `None` for silence.
        writer: `VideoWriter`, which gets to know it as `writer.sound`.
    """

    def __init__(self, path, writer):
        self.container = None
        self.writer = writer
        self.packets = iter(())
        self.waiting = None
        self.encoder = None
        if path is not None:
            self.container = containers.open_container(existing_file(path))
        if self.container is not None and sound_tracks(self.container):
            self.source = sound_tracks(self.container)[0]
            self.begin = self._video_start()
            writer.sound = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.container is not None:
            self.container.close()

    def _video_start(self):
        """The pictures' first time, which becomes zero in the result."""
        for video in self.container.streams.video:
            if video.start_time is not None:
                return float(video.start_time * video.time_base)
        return 0.0

    def start(self):
        """Open the sound's stream; the writer calls it beside its own."""
        output = self.writer.container
        if self.source.codec_context.name in MP4_SOUND:
            self.target = output.add_stream_from_template(self.source)
        else:
            context = self.source.codec_context
            self.target = output.add_stream("aac", rate=context.sample_rate)
            # raw sound often says how many channels, not which
            channels = context.layout.nb_channels
            self.target.layout = "mono" if channels == 1 else "stereo"
            self.encoder = self.target
        self.packets = self._read()

    def _read(self):
        """Packets for the result with their times in seconds."""
        shift = round(self.begin / self.source.time_base)
        try:
            if self.encoder is not None:
                yield from self._encode(shift)
                return
            for packet in self.container.demux(self.source):
                if packet.dts is None:
                    continue
                packet.pts -= shift
                packet.dts -= shift
                time = float(packet.pts * packet.time_base)
                packet.stream = self.target
                yield time, packet
        except av.error.FFmpegError:
            return  # a file cut short: its pictures end here as well

    def _encode(self, shift):
        for frame in self.container.decode(self.source):
            if frame.pts is not None:
                frame.pts -= shift
            time = frame.time or 0.0
            for packet in self.encoder.encode(frame):
                yield time, packet
        for packet in self.encoder.encode(None):
            yield 0.0, packet

    def advance(self, until):
        """Write the sound up to a time in seconds (`None`: all of it)."""
        if self.writer.sound is not self or self.writer.stream is None:
            return
        while True:
            self.waiting = self.waiting or next(self.packets, None)
            if self.waiting is None:
                return
            time, packet = self.waiting
            if until is not None and time > until:
                return
            self.writer.container.mux(packet)
            self.waiting = None
