"""Video parts: a video encoded part by part, and the parts made one file.

Each part begins with a picture that needs no other, so in the end their packets
are put one after the other, not encoded again, and the sound is copied between
them.
"""

import itertools
import os

import av
import numpy as np

from helpers.files import manifests
from helpers.footage.media import containers
from helpers.footage.media.sound import FULL
from helpers.footage.media.writing import VideoWriter

# Frames of a part at least: as many as x264 puts between two pictures that
# need no other, so that parts make the file no larger.
PART_FRAMES = 250

WRITING = "writing.nut"


def parts_of(folder):
    """The complete parts in a folder that follow each other from frame 0 on.

    Args:
        folder: pathlib.Path.

    Returns:
        list of pathlib.Path.
    """
    parts, wanted = [], 0
    for path in sorted(folder.glob("*_*.nut")):
        if int(path.stem.split("_")[0]) == wanted:
            parts.append(path)
            wanted += part_length(path)
    return parts


def part_length(part):
    """Frames of a part, whose name says its first and the first after it."""
    start, end = part.stem.split("_")
    return int(end) - int(start)


class PartWriter:
    """Writes frames as `VideoWriter` does, into one file after another.

    A file has its name, which says its first frame and the first after it,
    once it is complete. Parts are silent: `join_parts` adds the sound.

    Args:
        folder: pathlib.Path.
        start: int. Index of the first frame.
        length: int. Frames of a part.
        crf: int, see `editing.edit_video`.
    """

    def __init__(self, folder, start, length, crf):
        self.folder, self.length, self.crf = folder, length, crf
        self.start, self.count = start, 0
        self.part = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.part is not None:
            self._close(*error)

    def write(self, *frame):
        """Write a frame, see `VideoWriter.write`."""
        if self.part is None:
            path = self.folder / WRITING
            self.part = VideoWriter(path, None, self.crf, "nut")
        self.part.write(*frame)
        self.count += 1
        if self.count == self.length:
            self._close(None)

    def write_sound(self, until):
        """Nothing: a part is silent."""

    def _close(self, kind, *error):
        path = self.folder / WRITING
        part, self.part = self.part, None
        try:
            part.__exit__(kind, *error)
        finally:
            if kind is not None:
                path.unlink(missing_ok=True)
        if kind is not None:
            return
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
        end = self.start + self.count
        os.replace(path, self.folder / f"{self.start:07}_{end:07}.nut")
        self.start, self.count = end, 0


def join_parts(
    parts, source_path, target_path, sound, metadata=None, finish=None
):
    """Encoded parts of a video and the sound of its source, as one mp4 file.

    Packets are copied. That players get them in time, their decoding times
    are set anew: those of a part begin before its first picture. Where the
    sound cannot be written the video is silent: no picture is lost for it.

    Args:
        parts: list of paths, from an encoder with the same settings.
        source_path: str or path of the video whose ticks the parts have.
        target_path: str or path ending in `.mp4`.
        sound: `sound.Sound` of the source, of which nothing was taken yet.
        metadata: see `editing.edit_video`.
        finish: see `editing.edit_video`.
    """
    with (
        containers.open_video(source_path) as (_, video),
        manifests.atomic_path(target_path, finish) as partial,
    ):
        tick = video.time_base
        try:
            _join(parts, partial, metadata, tick, sound)
        except av.error.FFmpegError as error:
            if error.errno in FULL:
                raise
            sound.leave_out(error)
            _join(parts, partial, metadata, tick, sound)


def _join(parts, path, metadata, tick, sound):
    shown = [packet.pts for packet, _ in _packets(parts)]
    decoded = _decoding_times(shown)
    lasting = {
        ticks: after - ticks
        for ticks, after in itertools.pairwise(sorted(shown))
    }
    # the last picture stays as long as the one before it
    last = lasting.get(sorted(shown)[-2]) if len(shown) > 1 else None
    with _PacketWriter(path, metadata, sound) as writer:
        for (packet, stream), ticks in zip(
            _packets(parts), decoded, strict=True
        ):
            if writer.stream is None:
                writer.start(stream, tick)
            packet.dts = ticks
            packet.duration = lasting.get(packet.pts, last) or packet.duration
            writer.write_sound(float(packet.pts * stream.time_base))
            writer.write(packet)
        writer.write_sound(None)


def _packets(parts):
    """Packets of all parts in the order of decoding, with their stream."""
    for part in parts:
        with av.open(str(part)) as container:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                if packet.size:
                    yield packet, stream


def _decoding_times(shown):
    """When each picture has to be decoded, given when it is shown.

    Args:
        shown: list of int, ticks in the order of decoding.

    Returns:
        list of int, rising, none later than its picture is shown.
    """
    order = np.argsort(shown, kind="stable")
    # a picture is decoded so many pictures before its turn at most
    delay = int((np.arange(len(shown)) - np.argsort(order)).max())
    rising = np.sort(shown)
    before = rising[0] - (rising[delay:0:-1] - rising[0])
    return [*before.tolist(), *rising[: len(shown) - delay].tolist()]


class _PacketWriter:
    """An mp4 file that takes encoded pictures, and the sound of a file."""

    def __init__(self, path, metadata, sound):
        self.container = av.open(
            str(path), "w", format="mp4", options={"movflags": "faststart"}
        )
        self.container.metadata.update(metadata or {})
        self.stream, self.sound = None, sound

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.container.close()

    def start(self, template, time_base):
        self.stream = self.container.add_stream_from_template(template)
        self.stream.time_base = time_base
        self.sound.add_stream(self.container)

    def write(self, packet):
        packet.stream = self.stream
        self.container.mux(packet)

    def write_sound(self, until):
        self.sound.write_until(until, self.container)
