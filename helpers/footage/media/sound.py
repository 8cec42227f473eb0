"""Sound: a file in, packets of its sound out, for a file that is written.

How it is kept is tried before anything is written: copied, or anew as AAC, or
not at all. So no sound can cost the pictures that were made meanwhile.
"""

import errno
import io
import itertools

import av

from helpers.footage.media import animations, containers
from helpers.footage.media.frame_clock import BREAK, FrameClock, span_of
from helpers.footage.media.opening import (
    VIDEO_ERRORS,
    existing_file,
    words_of,
)
from helpers.footage.media.sound_clock import placed_sounds
from helpers.footage.media.sound_encoding import SoundEncoder, encoded_rate

# sound that an mp4 file can hold as it is; other sound becomes AAC
MP4_SOUND = ("aac", "ac3", "alac", "eac3", "mp3", "opus")
COPIED, ENCODED, LEFT_OUT = "copied", "encoded", "left out"
# packets that are written on trial
TRIED = 100
# seconds of sound before the first that is heard, of which decoders make it
EARLY = 0.1
# what no other sound would help against
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


def codec_of(track):
    """Name of a sound's codec, whichever decoder reads it.

    Args:
        track: `av.AudioStream`.

    Returns:
        str.
    """
    return track.codec_context.codec.canonical_name


def describe_sound(track):
    """What becomes of a sound in an mp4 file, in words.

    Args:
        track: `av.AudioStream`.

    Returns:
        list of str.
    """
    return _describe(track, codec_of(track) not in MP4_SOUND)


def _describe(track, encoded):
    if not encoded:
        return []
    context = track.codec_context
    said = [f"sound ({codec_of(track)}) becomes AAC"]
    rate = encoded_rate(context.sample_rate)
    if context.sample_rate != rate:
        said.append(f"sound of {context.sample_rate} Hz becomes {rate} Hz")
    if context.layout.nb_channels > 2:
        said.append(f"{context.layout.nb_channels} channels become two")
    return said


class Sound:
    """Sound of a file, bit by bit as its time comes.

    It knows nobody: a writer owns it, adds its stream beside that of the
    pictures, and has its packets written.

    Args:
        path: str or path, or `None` for silence.

    Attributes:
        container: `av.container.InputContainer` of the file, or `None`.
    """

    def __init__(self, path):
        self.container = self._track = None
        self._notes = []
        # animations are silent, and not all of them for FFmpeg to open
        if path is None or animations.is_moving(path):
            return
        path = existing_file(path)
        self.container = containers.open_container(path)
        try:
            source = containers.first_sound(self.container)
            if source is not None:
                kept = _try_ways(path, source)
                self._notes += _say_kept(source, kept)
                if kept != LEFT_OUT:
                    self._track = _Track(self.container, source, kept)
        except BaseException:
            self.container.close()
            raise

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
        if self._track is not None:
            self._track.add_stream(output)

    def packets_until(self, time):
        """Packets up to a time that were not given yet.

        Args:
            time: float, seconds; or `None`, for all that are left.

        Yields:
            `av.Packet` of the stream that was added; none before that.
        """
        if self._track is not None:
            yield from self._track.packets_until(time)

    def write_until(self, time, output):
        """Write packets up to a time; what is refused is passed over.

        Args:
            time: see `packets_until`.
            output: the file that `add_stream` was given.
        """
        for packet in self.packets_until(time):
            try:
                output.mux(packet)
            except av.error.FFmpegError as error:
                if error.errno in FULL:
                    raise
                self._track.refused += 1

    def leave_out(self, error):
        """Be silent from now on, as what was begun cannot be written."""
        reason = f"it cannot be written ({words_of(error)})"
        self._track, self._notes = None, [f"sound is left out: {reason}"]

    def notes(self):
        """What becomes of it, and what was passed over: a list of str."""
        return self._notes + (self._track.notes() if self._track else [])


def _say_kept(source, kept):
    if kept == LEFT_OUT:
        return [f"sound ({codec_of(source)}) cannot be read and is left out"]
    return _describe(source, kept == ENCODED)


def _try_ways(path, source):
    """The first way to keep a sound that works on trial."""
    ways = [COPIED] if codec_of(source) in MP4_SOUND else []
    for way in [*ways, ENCODED]:
        if _works(path, source.index, way):
            return way
    return LEFT_OUT


def _works(path, index, way):
    """Whether the first packets of a sound can be written to an mp4 file."""
    try:
        with (
            containers.open_container(path) as container,
            av.open(io.BytesIO(), "w", format="mp4") as output,
        ):
            track = _Track(container, container.streams[index], way)
            track.add_stream(output)
            written = 0
            for packet in track.packets_until(None):
                output.mux(packet)
                written += 1
                if written == TRIED:
                    break
            # a track may be there and empty
            return track.error is None and (written or not track.damaged)
    except VIDEO_ERRORS:
        return False


def _leads_to(first, packet):
    """Whether a hidden packet is one from which decoders make the first."""
    end = span_of(packet)[1]
    return end is not None and abs(end - first) <= EARLY


def _is_stray(packet, after):
    """Whether a packet lies alone before the pictures and all other sound."""
    end, begin = span_of(packet)[1], span_of(after)[0]
    known = end is not None and begin is not None
    return known and end < 0 and begin - end > BREAK


class _Track:
    """Packets of one sound for the result, in time with its pictures.

    Args:
        container: `av.container.InputContainer`, at its beginning.
        source: `av.AudioStream`.
        kept: `COPIED` or `ENCODED`.

    Attributes:
        damaged: int. Packets that could not be decoded.
        refused: int. Packets that could not be written.
        error: why it ends before its end, or `None`.
    """

    def __init__(self, container, source, kept):
        self.container, self.source, self.kept = container, source, kept
        self.damaged = self.refused = 0
        self.error = self._clock = None
        self._packets, self._waiting = iter(()), None
        self._video = next(iter(containers.moving_streams(container)), None)

    def add_stream(self, output):
        """See `Sound.add_stream`."""
        if self.kept == COPIED:
            target = output.add_stream_from_template(self.source)
            packets = self._copied(target)
        else:
            encoder = SoundEncoder(output, self.source)
            packets = self._encoded(encoder)
        self._packets = self._to_the_end(packets)

    def packets_until(self, time):
        """See `Sound.packets_until`."""
        while True:
            self._waiting = self._waiting or next(self._packets, None)
            if self._waiting is None:
                return
            if time is not None and span_of(self._waiting)[0] > time:
                return
            packet, self._waiting = self._waiting, None
            yield packet

    def _to_the_end(self, packets):
        try:
            yield from packets
        except VIDEO_ERRORS as error:
            self.error = error

    def _timed(self):
        """Packets of the source; the pictures' first time becomes zero."""
        zero = 0.0
        if self._video is not None and self._video.start_time is not None:
            zero = float(self._video.start_time * self._video.time_base)
        shift = round(zero / self.source.time_base)
        self._clock = FrameClock(self.container, self._video, self.source)
        first = (self.source.start_time or 0) * float(self.source.time_base)
        waiting = None
        for packet in placed_sounds(self._clock):
            if packet.is_discard and not _leads_to(first, packet):
                continue
            if packet.pts is None:
                packet.pts = packet.dts
            if packet.pts is not None:
                packet.pts -= shift
                packet.dts = packet.pts
            if waiting is not None and not _is_stray(waiting, packet):
                yield waiting
            waiting = packet
        if waiting is not None:
            yield waiting

    def _copied(self, target):
        end = last = None
        for packet in self._timed():
            if packet.pts is None:
                packet.pts = end or 0
            lasts = packet.duration or 0
            # two parts that were put together may overlap
            if end is not None and packet.pts < end - lasts / 2:
                continue
            if last is not None:
                packet.pts = max(packet.pts, last + 1)
            packet.dts = last = packet.pts
            end = packet.pts + lasts
            packet.stream = target
            yield packet

    def _encoded(self, encoder):
        context = self.source.codec_context
        # the last, which is none, has a decoder give what it still holds
        for packet in itertools.chain(self._timed(), [None]):
            try:
                frames = context.decode(packet)
            except VIDEO_ERRORS:
                self.damaged += packet is not None
                continue
            for frame in frames:
                yield from encoder.encode(frame, self.source.time_base)
        yield from encoder.finish()

    def notes(self):
        """What was passed over, a list of str."""
        said = []
        if self.damaged:
            many = "packet of sound is"
            if self.damaged > 1:
                many = "packets of sound are"
            said.append(f"{self.damaged} damaged {many} silent")
        if self._clock is not None and self._clock.sound_jumps:
            said.append("jumps of the sound's own clock are taken out")
        if self.refused:
            said.append(f"{self.refused} packets of sound are left out")
        if self.error is not None:
            said.append(f"sound ends early ({words_of(self.error)})")
        return said
