"""Decoding: a video stream in, all its frames that can be decoded out.

A decoder stumbles over a damaged packet and goes on with the next one. So do
we, and count.
"""

import itertools

import av

from helpers.footage.media.frame_clock import FrameClock
from helpers.footage.media.opening import VIDEO_ERRORS

# What a video may fall short of its stated duration: a share of it, but no more
# than some seconds, and some pictures. Of those cut short on trial each lacked
# more, of whole ones none.
MISSING_SHARE, MISSING_SECONDS, MISSING_PICTURES = 0.05, 10.0, 3


# of codecs whose transparency FFmpeg's own decoder passes over
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def decoder_of(stream):
    """What decodes a stream: its own context, but for a hidden transparency.

    WebM stores that beside the pictures, where only libvpx looks for it.

    Args:
        stream: `av.VideoStream`.

    Returns:
        `av.CodecContext`.
    """
    context = stream.codec_context
    marks = {key.lower(): value for key, value in stream.metadata.items()}
    name = ALPHA_DECODERS.get(context.name)
    if name is None or marks.get("alpha_mode") != "1":
        return context
    decoder = av.CodecContext.create(name, "r")
    decoder.thread_count = 0
    return decoder


class Decoding:
    """Frames of a stream at rising times, without jumps of its clock.

    Args:
        container: `av.container.InputContainer`, at its beginning.
        stream: `av.VideoStream`.
        sound: `av.AudioStream` beside it, or `None`.

    Attributes:
        count: int. Frames so far.
        damaged: list of float: for each packet that cannot be decoded, the
            second of the last frame before.
        error: why the last one could not, or `None`.
        stated: float or `None`. Seconds that the video should last.
    """

    def __init__(self, container, stream, sound=None):
        self.stream, self._decoder = stream, decoder_of(stream)
        self.clock = FrameClock(container, stream, sound)
        self.count, self.damaged, self.error = 0, [], None
        self._start = stream.start_time or 0
        self._zero, self.stated = self._start, _own_seconds(container, stream)
        self._alone = self.stated is not None
        # a recorder that was killed wrote none, whatever its tags say
        if not self._alone and container.duration:
            # these count from the clock's zero
            self._zero, self.stated = 0, _tagged_seconds(stream)
            self._alone = self.stated is not None
            self.stated = self.stated or container.duration / av.time_base
        self._last, self._apart = self._start - 1, 1
        self._end = 0

    def frames(self):
        """Yields `av.VideoFrame`, whose `pts` rise and are never `None`."""
        # the last, which is none, has the decoder give what it still holds
        for packet in itertools.chain(self.clock.pictures(), [None]):
            for frame in self._decode(packet):
                yield self._timed(frame)
        self.error = self.error or self.clock.error

    def _decode(self, packet):
        try:
            return self._decoder.decode(packet)
        except EOFError:
            return []  # there is nothing to be flushed
        except VIDEO_ERRORS as error:
            self.error = error
            self.damaged.append(self._shown(self._last))
            return []

    def _timed(self, frame):
        """A frame with a time after that of the frame before it."""
        base = self.stream.time_base
        if frame.pts is None:
            missing = self.count + len(self.damaged)
            rate = self.stream.average_rate or 25
            frame.pts = self._start + round(missing / rate / base)
        if frame.pts > self._last:
            if self.count:
                self._apart = frame.pts - self._last
        else:
            # half a step, so that it is seen, and who comes next is in time
            frame.pts = self._last + max(1, self._apart // 2)
        frame.time_base = base
        self._last = frame.pts
        # a header may count jumps, or not
        longest = frame.pts + max(0, -self.clock.shift)
        self._end = max(self._end, longest + (frame.duration or 0))
        self.count += 1
        return frame

    def _shown(self, ticks):
        return max(0.0, float((ticks - self._start) * self.stream.time_base))

    def seconds(self):
        """How long the video lasts, up to the end of its last frame.

        By the file's own clock, which is what its header speaks of.
        """
        return float((self._end - self._zero) * self.stream.time_base)

    def breaks_off(self):
        """Whether the last frame falls clearly short of what is stated."""
        if self.stated is None:
            return self.clock.unread > 0
        reached = self.seconds()
        if not self._alone:
            # the whole file's, which may be its sound's
            reached = max(reached, self.clock.heard)
        missing = min(MISSING_SHARE * self.stated, MISSING_SECONDS)
        missing += MISSING_PICTURES * self.clock.usual()
        return reached < self.stated - missing

    def notes(self):
        """What was passed over, a list of str."""
        said = []
        if self.damaged:
            said.append(
                f"{_times(len(self.damaged), 'damaged picture')} left out, "
                f"the first after second {self.damaged[0]:.2f}"
            )
        if self.clock.unread:
            places = _times(self.clock.unread, "place")
            said.append(f"{places} of the file cannot be read")
        if self.clock.jumps:
            second, by = self.clock.jumps[0]
            jumps = _times(len(self.clock.jumps), "jump")
            said.append(
                f"{jumps} of its clock taken out, the first at second "
                f"{second:.2f} by {by:+.1f} s: pictures and sound go on there"
            )
        return said


def _times(count, noun):
    return f"{count} {noun}{'s' if count > 1 else ''}"


def stated_seconds(container, stream):
    """What a file says of the duration of one of its streams.

    Args:
        container: `av.container.InputContainer`.
        stream: `av.VideoStream`.

    Returns:
        float, seconds, or `None`.
    """
    return _own_seconds(container, stream) or _tagged_seconds(stream)


def _own_seconds(container, stream):
    """What a stream's header says of its duration, or `None`."""
    if not stream.duration:
        return None
    seconds = float(stream.duration * stream.time_base)
    if container.format.name == "avi" and stream.average_rate:
        # of a file cut short only this is what its head says
        seconds = max(seconds, float(stream.frames / stream.average_rate))
    return seconds


def _tagged_seconds(stream):
    """What Matroska says of a stream's end, or `None`."""
    for name, text in stream.metadata.items():
        # mkvmerge puts the language behind it
        if name.upper().startswith("DURATION"):
            return _clock_seconds(text)
    return None


def _clock_seconds(text):
    """Seconds of `"00:01:02.5"`, or `None` of anything else."""
    try:
        hours, minutes, seconds = text.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return None
