"""Sound encoding: decoded sound of any kind in, packets of AAC out, in time."""

import fractions

import av
import numpy as np

# samples a second that AAC has
RATES = (
    8000,
    11025,
    12000,
    16000,
    22050,
    24000,
    32000,
    44100,
    48000,
    64000,
    88200,
    96000,
)
USUAL_RATE = 48000
FORMAT = "fltp"
FRAME = 1024  # samples that AAC encodes at once
# Sound that is this many seconds off its time is brought back to it; less is
# how times are rounded.
ASTRAY = 0.05


def encoded_rate(rate):
    """Samples a second of AAC, for sound of any rate.

    Args:
        rate: int, samples a second.

    Returns:
        int: the same where AAC has it, or the next one; at most
        `USUAL_RATE` of what it has not.
    """
    if rate in RATES:
        return rate
    return next((known for known in RATES if known > rate), USUAL_RATE)


class SoundEncoder:
    """Encodes sound for one stream of a file.

    Where some is missing it is silent, and where two parts overlap the second
    is cut: what comes after is heard at its time.

    Args:
        output: `av.container.OutputContainer`.
        source: `av.AudioStream` that is encoded.
    """

    def __init__(self, output, source):
        context = source.codec_context
        self.rate = encoded_rate(context.sample_rate)
        # raw sound often says how many channels, not which
        layout = "mono" if context.layout.nb_channels == 1 else "stereo"
        self.stream = output.add_stream("aac", rate=self.rate)
        self.stream.layout = self.layout = layout
        self._kind = self._resampler = None
        self._waiting, self._place = [], None

    def encode(self, frame, time_base):
        """Packets of what is complete.

        Args:
            frame: `av.AudioFrame`.
            time_base: fraction, seconds of a tick of its `pts`.

        Yields:
            `av.Packet`.
        """
        kind = (frame.format.name, str(frame.layout), frame.sample_rate)
        start = None
        if frame.pts is not None:
            start = round(frame.pts * time_base * self.rate)
        if kind != self._kind:  # television changes it within a film
            self._add(self._rest())
            self._kind = kind
            self._resampler = av.AudioResampler(FORMAT, self.layout, self.rate)
        if self._place is None:
            self._place = start or 0
        if start is not None:
            missing = start - self._place - self._count()
            if missing > ASTRAY * self.rate:
                yield from self._silence(missing)
            elif missing < -ASTRAY * self.rate:
                return
        frame.pts = None
        self._add(self._resampler.resample(frame))
        yield from self._full_frames()

    def finish(self):
        """Packets of what is left.

        Yields:
            `av.Packet`.
        """
        self._add(self._rest())
        yield from self._full_frames()
        if self._count():
            yield from self._write(self._take(self._count()))
        if self._place is not None:
            yield from self.stream.encode(None)

    def _rest(self):
        return self._resampler.resample(None) if self._resampler else []

    def _add(self, frames):
        self._waiting += [frame.to_ndarray() for frame in frames]

    def _count(self):
        return sum(part.shape[1] for part in self._waiting)

    def _silence(self, count):
        channels = 1 if self.layout == "mono" else 2
        while count > 0:
            part = min(count, self.rate)
            self._waiting.append(np.zeros((channels, part), np.float32))
            yield from self._full_frames()
            count -= part

    def _full_frames(self):
        count = self._count() // FRAME * FRAME
        if not count:
            return
        samples = self._take(count)
        for start in range(0, count, FRAME):
            yield from self._write(samples[:, start : start + FRAME])

    def _take(self, count):
        samples = np.concatenate(self._waiting, axis=1)
        self._waiting = [samples[:, count:]]
        return samples[:, :count]

    def _write(self, samples):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), FORMAT, self.layout
        )
        frame.sample_rate, frame.pts = self.rate, self._place
        frame.time_base = fractions.Fraction(1, self.rate)
        self._place += samples.shape[1]
        yield from self.stream.encode(frame)
