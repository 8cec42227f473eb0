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
# of how many pictures the usual distance is taken, and which are too few
RECENT, FEW = 32, 8
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
        sound_jumps: int. How often the sound's clock jumps alone.
        unread: int. Places of the file that could not be read.
        error: what was wrong at the last one, or `None`.
        shift: int. Ticks that were added to the last picture's time.
        heard: float. Second of the file's clock up to which there is sound.
    """

    def __init__(self, container, video, sound=None):
        self.container, self.video, self.sound = container, video, sound
        self.jumps, self.sound_jumps = [], 0
        self.unread, self.error = 0, None
        self.heard, self.shift, self._before = 0.0, 0, 0
        # seconds that are added after each jump
        self._shifts = [0.0]
        self._tick = float(video.time_base) if video else 0.0
        self._latest, self._recent = None, collections.deque(maxlen=RECENT)
        self._lasts = None
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
        if end - begin > BREAK:
            # the jump after it is taken for its length
            packet.duration, end = self._lasts, begin
        self._lasts = packet.duration
        self.heard = max(self.heard, end)
        if self._run is None or abs(begin - self._run[1]) > BREAK:
            self._run = (begin, end)
        self._run = (self._run[0], end)

    def _place_picture(self, packet):
        ticks, shift = _ticks_of(packet), self.shift
        # what an edit list hides may have any time
        if ticks is not None and not packet.is_discard:
            shift = self._shift_at(ticks)
            shown = (ticks + shift) * self._tick
            if self._latest is None or shown > self._latest:
                self._latest = shown
            self._recent.append(shown)
        move_packet(packet, shift)

    def _shift_at(self, ticks):
        """What is added to the time of a picture; more after each jump."""
        ahead = self._ahead_of(ticks, self.shift)
        if -REORDERED_SECONDS <= ahead <= LEAP:
            return self.shift
        usual = self.usual()
        early = max(REORDERED_SECONDS, REORDERED * usual)
        back = ahead < -early and self._is_back(ahead, usual)
        if not back and not self._leaps(ahead, usual):
            return self.shift
        # some from before the jump may be decoded after it
        if -early <= self._ahead_of(ticks, self._before) <= LEAP:
            return self._before
        first = min(self._reordered(ticks, early), default=ticks)
        shown = self._latest + usual
        by = self._ahead_of(first, self.shift) - usual
        self._before, self.shift = self.shift, round(shown / self._tick) - first
        self._shifts.append(self.shift * self._tick)
        start = (self.video.start_time or 0) * self._tick
        self.jumps.append((shown - start, by))
        return self.shift

    def _is_back(self, ahead, usual):
        """Whether a picture is earlier than its order of decoding explains.

        One from before a long still picture may be decoded after it.
        """
        known = sorted(self._recent)
        first = known[-REORDERED - 1] if len(known) > REORDERED else known[0]
        return self._latest + ahead < first - usual / 2

    def _ahead_of(self, ticks, shift):
        """Seconds from the latest picture so far to one at these ticks."""
        if self._latest is None:
            return 0.0
        return (ticks + shift) * self._tick - self._latest

    def _reordered(self, ticks, early):
        """Ticks of a picture, and of those decoded after but shown before."""
        yield ticks
        for later in itertools.islice(self._coming(), REORDERED):
            if 0 <= ticks - later <= early / self._tick:
                yield later

    def _coming(self):
        """Ticks of the pictures that come next, in the order of decoding."""
        for packet in self._look_ahead():
            ticks = _ticks_of(packet)
            ours = packet.stream_index == self.video.index
            if ours and ticks is not None and not packet.is_discard:
                yield ticks

    def usual(self):
        """Seconds from one picture to the next, as they are here."""
        times = list(self._recent)
        if len(times) < FEW:
            # at its beginning those to come tell more
            coming = itertools.islice(self._coming(), RECENT)
            times += [(t + self.shift) * self._tick for t in coming]
        times.sort()
        apart = [b - a for a, b in itertools.pairwise(times) if b > a]
        if apart:
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
        streamed = self.container.format.flags & Flags.ts_discont.value
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


def has_jumps(container, video, sound=None):
    """Whether the clock of a file's pictures jumps. Nothing is decoded.

    Args:
        container: see `FrameClock`.
        video: see `FrameClock`.
        sound: see `FrameClock`.

    Returns:
        bool.
    """
    if "mp4" in container.format.name.split(","):
        # its index says when each picture is decoded
        times = [entry.timestamp for entry in video.index_entries]
        most = LEAP / video.time_base
        if times and all(
            0 <= b - a < most for a, b in itertools.pairwise(times)
        ):
            return False
    clock = FrameClock(container, video, sound)
    return any(clock.jumps for _ in clock.pictures())


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
                self.end = begin + self.shift
            self.since = None
            self.held.popleft()
            if end is not None:
                end += self.shift
                self.end = end if self.end is None else max(end, self.end)
            move_packet(packet, round(self.shift / packet.time_base))
            yield packet

    def _is_break(self, begin):
        if self.end is not None:
            return not -OVERLAP <= begin - self.end <= BREAK
        latest = self.clock._latest
        if latest is not None and begin > latest + SILENT_STILL:
            return True  # no film has its first sound as late
        return len(self.clock._shifts) > 1

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
        known = [*enumerate(clock._shifts), (self.epoch, self.shift)]
        if self.end is not None:
            # never back, but for sound that was longer than its pictures
            known = [
                (epoch, shift)
                for epoch, shift in known
                if epoch > self.epoch or begin + shift >= self.end - OVERLAP
            ]
        apart = {each: abs(begin + each[1] - latest) for each in known}
        best = min(apart, key=apart.get, default=None)
        if best is not None and apart[best] <= APART:
            self.epoch, self.shift = best
            return
        # its clock jumps alone
        begins = self.since or latest if self.end is None else self.end
        if self.end is not None or begin > latest:
            self.shift = begins - begin
            clock.sound_jumps += 1


def _ticks_of(packet):
    return packet.dts if packet.pts is None else packet.pts


def span_of(packet):
    """First and last second of a packet by the file's clock, or two `None`."""
    ticks = _ticks_of(packet)
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
