"""Frame clock: a file's packets in, the same out with times to be believed.

A camera that is stopped and begun, a card that is full, two files put one after
the other, a call that breaks off: all let the clock of a file jump, back or
ahead. Players of such a file freeze or race. Here what comes after a jump goes
on where the pictures before it ended, and its sound goes with it.
"""

import collections
import itertools
import statistics

from av.format import Flags

from helpers.footage.media.opening import VIDEO_ERRORS

# Pictures are decoded in another order than shown: as many of them, or as many
# seconds, may be between a picture and one that was read before.
REORDERED, REORDERED_SECONDS = 17, 0.3
# A pause is as long at least, in seconds and in usual distances of pictures,
# before it is asked whether it is one, or the clock has jumped.
LEAP, LEAP_PICTURES = 5.0, 10
# What no sound vouches for is a still up to so many seconds. The first is of
# containers in which clocks begin anew by design; nobody records a screen
# that stands still for as long as the second.
SILENT_STILL_STREAMED, SILENT_STILL = 10.0, 600.0
# a break in sound that is no jitter of its times, in seconds
BREAK, OVERLAP = 2.0, 0.3
# Sound and pictures that belong together are not further apart in a file.
APART = 15.0
# how many packets are looked at in advance, or held back
MOST_AHEAD = 1000
RETRIES = 3


class FrameClock:
    """Packets of a file's pictures and sound, without jumps of their times.

    Args:
        container: `av.container.InputContainer`, at its beginning.
        video: stream of its pictures, or `None`.
        sound: stream of its sound, or `None`.

    Attributes:
        jumps: list of tuples of float: the second at which the pictures'
            clock jumps, and by how many it does.
        unread: int. Places of the file that could not be read.
        error: what was wrong at the last one, or `None`.
        shift: int. Ticks that were added to the last picture's time.
        heard: float. Second of the file's clock up to which there is sound.
    """

    def __init__(self, container, video, sound=None):
        self.container, self.video, self.sound = container, video, sound
        self.jumps, self.unread, self.error = [], 0, None
        self.heard, self.shift = 0.0, 0
        # seconds that are added after each jump
        self._shifts = [0.0]
        self._tick = float(video.time_base) if video else 0.0
        self._latest, self._recent = None, collections.deque(maxlen=32)
        self._run = None  # of sound without a break, first and last second
        self._source, self._ahead = self._read(), collections.deque()

    def pictures(self):
        """Packets of the pictures in the order of decoding.

        Yields:
            `av.Packet`, none of them empty.
        """
        for packet in self._packets():
            if packet.stream_index == self.video.index:
                self._place_picture(packet)
                yield packet

    def sounds(self):
        """Packets of the sound, each with the pictures it belongs to.

        Yields:
            `av.Packet`, none of them empty.
        """
        placer = _SoundPlacer(self)
        for packet in self._packets():
            if packet.stream_index == self.sound.index:
                placer.held.append(packet)
            else:
                self._place_picture(packet)
            yield from placer.release()
        yield from placer.release(at_end=True)

    def _read(self):
        """All packets; what cannot be read is tried again, then passed over."""
        streams = [s for s in (self.video, self.sound) if s is not None]
        failures = 0
        while failures < RETRIES:
            try:
                for packet in self.container.demux(streams):
                    failures = 0
                    # an empty one ends a stream, or repeats a picture
                    if packet.size:
                        yield packet
                return
            except VIDEO_ERRORS as error:
                self.unread += not failures
                failures, self.error = failures + 1, error

    def _packets(self):
        while True:
            packet = self._ahead.popleft() if self._ahead else None
            packet = packet or next(self._source, None)
            if packet is None:
                return
            if self.sound and packet.stream_index == self.sound.index:
                self._note_sound(packet)
            yield packet

    def _note_sound(self, packet):
        begin, end = span_of(packet)
        if begin is None:
            return
        self.heard = max(self.heard, end)
        if self._run is None or abs(begin - self._run[1]) > BREAK:
            self._run = (begin, end)
        self._run = (self._run[0], end)

    def _place_picture(self, packet):
        ticks = packet.dts if packet.pts is None else packet.pts
        # what an edit list hides may have any time
        if ticks is not None and not packet.is_discard:
            shown = (ticks + self.shift) * self._tick
            if self._latest is not None:
                shown = self._without_jump(shown)
            if self._latest is None or shown > self._latest:
                self._latest = shown
            self._recent.append(shown)
        move_packet(packet, self.shift)

    def _without_jump(self, shown):
        """The time of a picture, after what it may have jumped by."""
        ahead = shown - self._latest
        if -REORDERED_SECONDS <= ahead <= LEAP:
            return shown
        usual = self.usual()
        back = ahead < -max(REORDERED_SECONDS, REORDERED * usual)
        if not back and not self._leaps(ahead, usual):
            return shown
        ticks = round((self._latest + usual - shown) / self._tick)
        start = (self.video.start_time or 0) * self._tick
        self.jumps.append((self._latest + usual - start, ahead - usual))
        self.shift += ticks
        self._shifts.append(self.shift * self._tick)
        return shown + ticks * self._tick

    def usual(self):
        """Seconds from one picture to the next, as they were lately."""
        times = sorted(self._recent)
        apart = [b - a for a, b in itertools.pairwise(times) if b > a]
        if len(apart) > 2:
            return statistics.median(apart)
        rate = self.video.guessed_rate or self.video.average_rate or 25
        return 1 / float(rate)

    def _leaps(self, ahead, usual):
        """Whether a pause is a jump of the clock, and no still picture."""
        if ahead < max(usual + LEAP, LEAP_PICTURES * usual):
            return False
        heard = self._is_heard(ahead)
        if heard is not None:
            return not heard
        streamed = self.container.format.flags & Flags.ts_discont
        return ahead > (SILENT_STILL_STREAMED if streamed else SILENT_STILL)

    def _is_heard(self, ahead):
        """Whether sound goes on in a pause; `None` if it does not say.

        Sound may run a little ahead of the pictures, so what is looked for is
        in the middle of the pause.
        """
        if self.sound is None:
            return None
        start = self._latest - self._shifts[-1]
        middle, end = start + 0.3 * ahead, start + 0.9 * ahead
        if self._run is not None:
            if self._run[0] >= end:
                return False
            if self._run[1] > middle:
                return True
            if self._run[1] < start - LEAP:
                return None
        for packet in self._look_ahead():
            begin, _ = span_of(packet)
            if packet.stream_index != self.sound.index or begin is None:
                continue
            if begin < start - LEAP:
                return None
            if begin > middle:
                return begin < end
        return None

    def _look_ahead(self):
        yield from tuple(self._ahead)
        while len(self._ahead) < MOST_AHEAD:
            packet = next(self._source, None)
            if packet is None:
                return
            self._ahead.append(packet)
            yield packet


class _SoundPlacer:
    """Says by how much each packet of sound has to be moved.

    Sound jumps with the pictures, but in a file it may come before them. So
    it waits until it is clear what the pictures do.
    """

    def __init__(self, clock):
        self.clock, self.held = clock, collections.deque()
        self.epoch, self.shift = 0, 0.0
        self.end = self.since = None

    def release(self, at_end=False):
        """Packets of which it is clear where they belong, moved there."""
        while self.held:
            packet = self.held[0]
            begin, end = span_of(packet)
            if begin is not None and self._is_break(begin + self.shift):
                if not at_end and self._waits():
                    return
                self._choose(begin)
            self.since = None
            self.held.popleft()
            if end is not None:
                end += self.shift
                self.end = end if self.end is None else max(end, self.end)
            move_packet(packet, round(self.shift / packet.time_base))
            yield packet

    def _is_break(self, begin):
        if self.end is None:
            return len(self.clock._shifts) > 1
        return not -OVERLAP <= begin - self.end <= BREAK

    def _waits(self):
        """Whether what the pictures do may still become clear."""
        clock = self.clock
        if clock.video is None or len(self.held) > MOST_AHEAD:
            return False
        if self.since is None:
            self.since = clock._latest or 0.0
        # they have jumped, or go on as if nothing had happened
        return (
            self.epoch + 1 == len(clock._shifts)
            and (clock._latest or 0.0) < self.since + LEAP
        )

    def _choose(self, begin):
        """Set the shift with which sound comes next to its pictures."""
        clock = self.clock
        latest = self.end if clock._latest is None else clock._latest
        latest = latest or 0.0
        known = list(enumerate(clock._shifts))[self.epoch + 1 :]
        if self.end is None or begin + self.shift >= self.end - OVERLAP:
            known.append((self.epoch, self.shift))
        apart = {
            (epoch, shift): abs(begin + shift - latest)
            for epoch, shift in known
        }
        best = min(apart, key=apart.get, default=None)
        if best is not None and apart[best] <= APART:
            self.epoch, self.shift = best
        elif self.end is not None:
            # its clock jumps alone
            self.shift = self.end - begin


def span_of(packet):
    """First and last second of a packet by the file's clock, or two `None`."""
    ticks = packet.dts if packet.pts is None else packet.pts
    if ticks is None:
        return None, None
    tick = float(packet.time_base)
    return ticks * tick, (ticks + (packet.duration or 0)) * tick


def move_packet(packet, ticks):
    """Change the times of a packet by so many ticks."""
    if not ticks:
        return
    if packet.pts is not None:
        packet.pts += ticks
    if packet.dts is not None:
        packet.dts += ticks
