"""Probing: a video in, what it says of itself and what writing changes out."""

import pathlib

import av
from av.stream import Disposition

from helpers.footage.media import animations, containers, conversion, hdr
from helpers.footage.media.conversion import upright_frame
from helpers.footage.media.frame_clock import FrameClock, span_of
from helpers.footage.media.opening import MediaError, size_of
from helpers.footage.media.orientations import TURNS, describe_mark, mark_of
from helpers.footage.media.sound import describe_sound
from helpers.footage.media.uniform_frames import DEINTERLACED

# a frame of a video takes more bytes than that in its file
FEWEST_BYTES = 4
# what is written of colour matrices that few players know, by ffmpeg's numbers
RARE = {
    4: "FCC become those of BT.601",
    7: "SMPTE 240M become those of BT.709",
}
DEFAULT = Disposition.default


def probe_video(path):
    """What a video says of itself, and the size of its upright frames.

    Args:
        path: str or path.

    Returns:
        dict with `frames` (int, an estimate), `frame_rate` (mean frames per
        second), `width` and `height` (pixels of an upright frame),
        `duration` (seconds), `has_sound` (bool), `rotation` (degrees that
        were applied counter-clockwise, after a mirror), `bits` (of a colour
        value), `hdr` (`"PQ"`, `"HLG"` or `None`, see `hdr.py`) and `notes`
        (list of str, what else than the swapped is changed by writing it as
        mp4).

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no video, or has no readable frame.
    """
    if animations.is_moving(path):
        return animations.probe_moving(path)
    with containers.open_video(path) as (container, stream):
        frame_rate = float(stream.average_rate or stream.guessed_rate or 25)
        duration = None
        if stream.duration:
            duration = float(stream.duration * stream.time_base)
        elif container.duration:
            duration = container.duration / av.time_base
        frames = round((duration or 0) * frame_rate)
        # an edit list may hide some of them
        if stream.frames and not frames < 0.9 * stream.frames or not duration:
            frames = stream.frames
        # what a header says may be anything
        frames = min(frames, size_of(path) // FEWEST_BYTES)
        first = next(containers.decode_frames(path, container, stream), None)
        if first is None:
            raise MediaError(
                f"{pathlib.Path(path).name} should be a video. Received: no "
                "frame that can be read. Take it out of the folder."
            )
        if duration is None and not stream.frames:
            frames, duration, frame_rate = _measure(path, frame_rate)
        height, width = upright_frame(first, stream).shape[:2]
        return {
            "frames": max(1, frames),
            "frame_rate": frame_rate,
            "width": width,
            "height": height,
            "duration": duration or max(1, frames) / frame_rate,
            "has_sound": bool(containers.sound_tracks(container)),
            "rotation": TURNS[mark_of(first)],
            "bits": first.format.components[0].bits,
            "hdr": hdr.transfer_of(first),
            "notes": _notes(first, container, stream),
        }


def _measure(path, frame_rate):
    """Frames, seconds and frame rate of a video that states none of them.

    A browser's recording, and one that broke off, was written by somebody
    who did not know yet how long it would be. Nothing is decoded.
    """
    times = _shown_times(path)
    count = len(times)
    if count > 1 and max(times) > min(times):
        frame_rate = (count - 1) / (max(times) - min(times))
    return count, count / frame_rate, frame_rate


def _shown_times(path):
    """Seconds at which pictures are shown, in the order of decoding."""
    with containers.open_video(path) as (container, stream):
        clock = FrameClock(container, stream, containers.first_sound(container))
        return [
            span_of(packet)[0] or 0.0
            for packet in clock.pictures()
            if not packet.is_discard
        ]


def count_frames(path):
    """How many frames of a video can be shown, whatever its head says.

    Those that an edit list hides, and those that a file lacks which was cut
    short, are not counted. Nothing is decoded, so damaged ones are.

    Args:
        path: str or path.

    Returns:
        int.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no video.
    """
    if animations.is_moving(path):
        return animations.probe_moving(path)["frames"]
    return max(1, len(_shown_times(path)))


def _notes(frame, container, stream):
    """What becomes of a video that is written by `edit_video`, in words."""
    notes = _color_notes(frame)
    if (stream.sample_aspect_ratio or 1) != 1:
        notes.append("pixels become squares")
    notes += describe_mark(frame)
    if frame.interlaced_frame:
        notes.append(DEINTERLACED)
    if frame.width % 2 or frame.height % 2:
        notes.append("an odd side gets one more pixel")
    return notes + _track_notes(container)


def _color_notes(frame):
    notes = []
    transfer, bits = hdr.transfer_of(frame), frame.format.components[0].bits
    if transfer is not None:
        notes.append(f"HDR ({transfer}) becomes SDR (BT.709)")
    elif hdr.has_wide_color(frame):
        notes.append("colours of BT.2020 become those of BT.709")
    elif frame.colorspace in RARE:
        notes.append(f"colours of {RARE[frame.colorspace]}")
    if not conversion.is_matrix_known(frame):
        notes.append(
            f"colours are off: their matrix ({int(frame.colorspace)}) is not "
            "known here. Convert it to BT.709"
        )
    if bits > 8:
        notes.append(f"{bits} bits become 8")
    if frame.format.name in ("yuv422p", "yuv444p", "yuvj422p", "yuvj444p"):
        notes.append("colour is kept for every second pixel (4:2:0)")
    if conversion.is_seen_through(frame):
        notes.append("what is transparent becomes white")
    return notes


def _track_notes(container):
    notes = []
    streams = containers.moving_streams(container)
    if len(streams) > 1:
        notes.append(f"of {len(streams)} video tracks {_which(streams)} kept")
    if len(streams) < len(container.streams.video):
        notes.append("a cover picture is left out")
    sounds = containers.sound_tracks(container)
    if sounds:
        notes += describe_sound(sounds[0])
    if len(sounds) > 1:
        notes.append(f"of {len(sounds)} sound tracks {_which(sounds)} kept")
    if container.streams.subtitles:
        notes.append("subtitles are left out")
    return notes


def _which(tracks):
    """Why the first of some tracks goes before the others, in words."""
    default = [bool(track.disposition & DEFAULT) for track in tracks]
    if default[0] and not all(default):
        return "the default one is"
    first = min(track.index for track in tracks)
    return "the first is" if tracks[0].index == first else "the largest is"
