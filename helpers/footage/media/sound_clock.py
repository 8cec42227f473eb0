"""Sound clock: a file in, packets of its sound in time with its pictures out.

Sound jumps with the pictures, but in a file it may come before them. So it
waits until it is clear what the pictures do.
"""

import collections

from helpers.footage.media.frame_clock import (
    BREAK,
    LEAP,
    MOST_AHEAD,
    SILENT_STILL,
    move_packet,
    span_of,
)

# Sound and pictures that belong together are not further apart in a file.
APART = 15.0
# sound that begins by less before the end of what was heard overlaps
OVERLAP = 0.3


def placed_sounds(clock):
    """Packets of a file's sound, each with the pictures it belongs to.

    Args:
        clock: `frame_clock.FrameClock` with a sound.

    Yields:
        `av.Packet`, none of them empty.
    """
    placer = _SoundPlacer(clock)
    for packet in clock.packets():
        if packet.stream_index == clock.sound.index:
            placer.held.append(packet)
        else:
            clock.place_picture(packet)
        yield from placer.release()
    yield from placer.release(at_end=True)


class _SoundPlacer:
    """Says by how much each packet of sound has to be moved."""

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
        latest = self.clock.latest
        if latest is not None and begin > latest + SILENT_STILL:
            return True  # no film has its first sound as late
        return len(self.clock.shifts) > 1

    def _waits(self):
        """Whether what the pictures do may still become clear."""
        clock = self.clock
        if clock.video is None or len(self.held) > MOST_AHEAD:
            return False
        if self.since is None:
            self.since = clock.latest or 0.0
        # they have jumped, or go on as if nothing had happened
        return (
            self.epoch + 1 == len(clock.shifts)
            and (clock.latest or 0.0) < self.since + LEAP
        )

    def _choose(self, begin):
        """Set the shift with which sound comes next to its pictures."""
        clock = self.clock
        latest = self.end if clock.latest is None else clock.latest
        latest = latest or 0.0
        known = [*enumerate(clock.shifts), (self.epoch, self.shift)]
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
