"""A voice without words: how far a mouth opens in, sound out."""

import numpy as np

SAMPLE_RATE = 24000  # samples per second
# Resonances of a throat saying "ah": frequency and bandwidth in Hz.
FORMANTS = ((700.0, 110.0), (1200.0, 130.0))
PITCH = 130.0  # Hz


def make_voice(opening, frame_rate):
    """Sound of a voice whose loudness follows the mouth.

    Pulses of the vocal cords pass through two resonances of the throat.

    Args:
        opening: float array, shape `(frames,)`, 0-1. How far the jaw is open.
        frame_rate: float, frames per second.

    Returns:
        float32 array, shape `(samples,)`, -1 to 1, at `SAMPLE_RATE`.

    Reference:
        Klatt, "Software for a cascade/parallel formant synthesizer", 1980,
        equations 1 and 2.
    """
    opening = np.asarray(opening, np.float64)
    count = round(len(opening) / frame_rate * SAMPLE_RATE)
    seconds = np.arange(count) / SAMPLE_RATE
    loudness = np.interp(seconds * frame_rate, range(len(opening)), opening)
    # a pitch that sways a little sounds less like a buzzer
    pitch = PITCH * (1 + 0.06 * np.sin(2 * np.pi * 0.7 * seconds))
    cycles = np.floor(np.cumsum(pitch) / SAMPLE_RATE)
    pulses = np.diff(cycles, prepend=0.0)
    voice = sum(_resonance(pulses, *formant) for formant in FORMANTS)
    voice = voice * np.clip(loudness, 0, 1)
    return (0.5 * voice / max(np.abs(voice).max(), 1e-9)).astype(np.float32)


def _resonance(pulses, frequency, bandwidth):
    """Pulses through a resonator, as a convolution with its decaying tone."""
    length = int(5 * SAMPLE_RATE / bandwidth)
    seconds = np.arange(length) / SAMPLE_RATE
    decay = np.exp(-np.pi * bandwidth * seconds)
    tone = decay * np.sin(2 * np.pi * frequency * seconds)
    return np.convolve(pulses, tone)[: len(pulses)]
