"""HDR: pictures with more light and colour than a screen has, made ordinary.

A film in HDR stores light itself, up to 1,000 times that of a candle on a
square metre (nit) and more, in one of two scales: PQ or HLG. Shown as if it
were ordinary (SDR) its faces are grey and pale. Here the light is worked out,
what is brighter than white paper is bent down to it, and colours that only
BT.2020 has are clipped to those of BT.709.

Reference:
    - ITU-R BT.2100-2, tables 4 (PQ) and 5 (HLG).
    - ITU-R BT.2390-11, section 5.4.1: bending highlights down (EETF).
    - ITU-R BT.2408-7: white paper is 203 nits, in PQ and in HLG.
    - ITU-R BT.2087-0 (BT.2020 to BT.709), BT.1886 (how a screen shows SDR).
"""

import functools

import cv2
import numpy as np

WHITE = 203.0  # nits of white paper, which SDR shows as 255
PEAK = 1000.0  # brighter light is taken for this; what HLG is defined for
SCREEN_GAMMA = 2.4

# of BT.2020, what each channel adds to the brightness
BRIGHTNESS = np.float32([[0.2627, 0.6780, 0.0593]])
TO_BT709 = np.float32(
    [
        [1.6605, -0.5876, -0.0728],
        [-0.1246, 1.1329, -0.0083],
        [-0.0182, -0.1006, 1.1187],
    ]
)

# ffmpeg's numbers
SMPTE2084, ARIB_STD_B67 = 16, 18
BT2020 = 9

ENTRIES = 65536
STRIP_PIXELS = 2**20  # are worked out at once; each takes a hundred bytes


def transfer_of(frame):
    """In which scale a frame of a video stores light.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        `"PQ"`, `"HLG"`, or `None` for SDR.
    """
    return {SMPTE2084: "PQ", ARIB_STD_B67: "HLG"}.get(int(frame.color_trc))


def has_wide_color(frame):
    """Whether a frame's colours are those of BT.2020.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        bool; HDR that does not say is taken to have them.
    """
    unspecified = 2
    primaries = int(frame.color_primaries)
    hdr = transfer_of(frame) is not None
    return primaries == BT2020 or (hdr and primaries == unspecified)


def to_sdr(picture, transfer=None, wide=True):
    """An HDR picture, or one with BT.2020's colours, as SDR in BT.709's.

    Light up to about 90 nits, and so most of a face, stays as it is.

    Args:
        picture: uint16 array, shape `(height, width, 3)`, RGB, 0-65535, as
            it is stored.
        transfer: `"PQ"`, `"HLG"` or `None`, see `transfer_of`.
        wide: bool, see `has_wide_color`.

    Returns:
        uint8 array, shape `(height, width, 3)`, RGB.
    """
    sdr = np.empty(picture.shape, np.uint8)
    rows = max(1, STRIP_PIXELS // picture.shape[1])
    for top in range(0, len(picture), rows):
        strip = slice(top, top + rows)
        sdr[strip] = _strip_to_sdr(picture[strip], transfer, wide)
    return sdr


def _strip_to_sdr(picture, transfer, wide):
    light = _light_table(transfer)[picture]  # 1 is PEAK
    if transfer == "HLG":
        scene = cv2.transform(light, BRIGHTNESS)
        # a screen of 1,000 nits raises the scene's light to the power 1.2
        light *= cv2.pow(np.maximum(scene, 1e-6), 0.2)[..., None]
    if transfer is not None:
        # one factor for all channels, so that the hue stays
        red, green, blue = cv2.split(light)
        brightest = np.maximum(np.maximum(red, green), blue)
        factor = _bend_table()[_root_index(brightest)]
        light = cv2.merge([red * factor, green * factor, blue * factor])
    if wide:
        light = cv2.transform(light, TO_BT709)
    return _screen_table()[_root_index(light)]


def pq_signal(nits):
    """PQ: light to what is stored (the inverse EOTF of BT.2100, table 4).

    Args:
        nits: float array, 0-10000.

    Returns:
        float array, 0-1.
    """
    power = (np.asarray(nits) / 10000) ** (2610 / 16384)
    ratio = (3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)
    return ratio ** (2523 / 32)


def pq_light(signal):
    """PQ: what is stored to light in nits, see `pq_signal`."""
    root = np.asarray(signal) ** (32 / 2523)
    above = np.maximum(root - 3424 / 4096, 0)
    return 10000 * (above / (2413 / 128 - 2392 / 128 * root)) ** (16384 / 2610)


def hlg_scene(signal):
    """HLG: what is stored to the scene's light (inverse OETF, table 5).

    Args:
        signal: float array, 0-1.

    Returns:
        float array, 0-1.
    """
    signal = np.asarray(signal)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(
        signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12
    )


def bend_highlights(nits):
    """Light of up to `PEAK` as light of up to `WHITE` (BT.2390's EETF).

    Args:
        nits: float array, 0-1000.

    Returns:
        float array, 0-203, nits.
    """
    top = pq_signal(PEAK)
    signal, white = pq_signal(nits) / top, pq_signal(WHITE) / top
    knee = 1.5 * white - 0.5
    t = np.clip((signal - knee) / (1 - knee), 0, 1)
    bent = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * white
    )
    return pq_light(np.where(signal < knee, signal, bent) * top)


def _root_index(light):
    """Place in a table that is finer where light is dim."""
    root = cv2.sqrt(np.clip(light, 0, 1))
    root *= ENTRIES - 1
    root += 0.5
    return root.astype(np.uint16)


@functools.cache
def _light_table(transfer):
    signal = np.arange(ENTRIES) / (ENTRIES - 1)
    if transfer == "PQ":
        light = np.minimum(pq_light(signal) / PEAK, 1)
    elif transfer == "HLG":
        light = hlg_scene(signal)
    else:
        light = signal**SCREEN_GAMMA * WHITE / PEAK
    return light.astype(np.float32)


@functools.cache
def _bend_table():
    nits = PEAK * (np.arange(ENTRIES) / (ENTRIES - 1)) ** 2
    bent = bend_highlights(nits)
    return np.divide(bent, nits, np.ones(ENTRIES), where=nits > 1).astype(
        np.float32
    )


@functools.cache
def _screen_table():
    nits = PEAK * (np.arange(ENTRIES) / (ENTRIES - 1)) ** 2
    shown = np.minimum(nits / WHITE, 1) ** (1 / SCREEN_GAMMA)
    return np.rint(255 * shown).astype(np.uint8)
