"""Writing: frames in, a video file out."""

import fractions
import pathlib

import av
import numpy as np

from helpers.files import manifests
from helpers.footage.media.conversion import EXACT_COLOR
from helpers.footage.media.sound import Sound

# x264's: "superfast" with what "veryfast" adds for the size of files, but not
# with the rest. On three clips it takes 0.5 to 0.85 of its time; files grow by
# 0 to 8 %, at 0.1 to 0.6 dB less (`benchmarks.prediction --presets`).
ENCODING = {
    "preset": "superfast",
    "x264-params": "rc-lookahead=10:mbtree=1:weightp=1",
}

# containers that are written, with how
WRITTEN_CONTAINERS = {
    "mp4": {"movflags": "faststart"},
    # decoding times before zero are no reason to move the ticks
    "nut": {"avoid_negative_ts": "disabled"},
    # a second of it, in milliseconds, is on the disk at the latest
    "matroska": {"cluster_time_limit": "1000", "flush_packets": "1"},
}


def write_video(
    path,
    frames,
    frame_rate,
    sound_from=None,
    metadata=None,
    crf=18,
    finish=None,
):
    """Write frames as an mp4 file (H.264, 4:2:0), in one step.

    Args:
        path: str or path ending in `.mp4`.
        frames: iterable of uint8 arrays, shape `(height, width, 3)`, RGB,
            all of one shape. Taken one by one, so a generator will do. A
            side of odd length gets one more pixel, a copy of its last.
        frame_rate: float. Frames per second.
        sound_from: path of a video or sound file whose sound is kept, see
            `sound`, or `None`.
        metadata: dict of str to str, for example `{"comment": "..."}`.
        crf: int. 0 is lossless, 18 looks like the original, 30 is poor.
        finish: see `editing.edit_video`.

    Returns:
        int: how many frames were written.

    Raises:
        ValueError: if there are no frames, or frames of different shapes, or
            if the frame rate is not positive.
    """
    if not frame_rate > 0:
        raise ValueError(
            "frame_rate should be positive. "
            f"Received: frame_rate={frame_rate!r}"
        )
    rate = fractions.Fraction(frame_rate).limit_denominator(1001)
    count, shape = 0, None
    with (
        manifests.atomic_path(mp4_path(path), finish) as partial,
        Sound(sound_from) as sound,
        VideoWriter(partial, metadata, crf, sound=sound) as writer,
    ):
        for frame in frames:
            shape = shape or np.shape(frame)
            check_frame(frame, shape)
            writer.write_sound(float(count / rate))
            writer.write(frame, count, 1 / rate, rate, "ITU601")
            count += 1
        if not count:
            raise ValueError("A video needs at least one frame. Received: none")
        writer.write_sound(float(count / rate))
    return count


def mp4_path(path):
    """The path of a video that will be written.

    Args:
        path: str or path.

    Returns:
        pathlib.Path.

    Raises:
        ValueError: if it does not end in `.mp4`.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() != ".mp4":
        raise ValueError(
            "Videos are written as mp4 files; the name should end in .mp4. "
            f"Received: {path.name!r}"
        )
    return path


def check_frame(frame, shape):
    """Stop at what is no frame, or none like those before.

    Args:
        frame: array.
        shape: tuple `(height, width, 3)` that it should have.

    Raises:
        ValueError: if it is no uint8 array of this shape.
    """
    frame = np.asarray(frame)
    if frame.dtype != np.uint8 or frame.shape != shape or len(shape) != 3:
        raise ValueError(
            f"Each frame should be a uint8 array of shape {tuple(shape)} "
            f"(height, width, 3). Received: {frame.dtype}, {frame.shape}"
        )


class VideoWriter:
    """One H.264 stream in a file, frames at given ticks.

    Args:
        path: str or path.
        metadata: dict of str to str, or `None`.
        crf: int, see `editing.edit_video`.
        kind: str, of container; `"nut"` keeps the ticks of every clock,
            `"matroska"` can be read however early the writing breaks off.
        sound: `Sound` that is written beside the frames, or `None`.
    """

    def __init__(self, path, metadata, crf, kind="mp4", sound=None):
        self.container = av.open(
            str(path), "w", format=kind, options=WRITTEN_CONTAINERS[kind]
        )
        self.container.metadata.update(metadata or {})
        self.crf = crf
        self.stream = None
        self.sound = sound

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.stream is not None:
                self.container.mux(self.stream.encode(None))
        finally:
            self.container.close()

    def _start(self, shape, time_base, rate, matrix):
        height, width = shape[:2]
        stream = self.container.add_stream("libx264", rate=rate or 25)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(self.crf), **ENCODING}
        context = stream.codec_context
        context.time_base = time_base
        # say which colours were written, so that no player guesses
        bt709, bt601 = 1, 6
        context.colorspace = bt709 if matrix == "ITU709" else bt601
        context.color_range = 1  # limited, as everywhere in video
        self.stream = stream

    def write(self, picture, ticks, time_base, rate, matrix):
        """Write RGB, or a frame that is in the stream's format already.

        Args:
            picture: uint8 array, shape `(height, width, 3)`, RGB, or frame.
            ticks: int, when it is shown.
            time_base: fraction, seconds a tick.
            rate: fraction, mean frames a second.
            matrix: str, `"ITU601"` or `"ITU709"`.
        """
        if not isinstance(picture, av.VideoFrame):
            picture = _to_planes(picture, matrix)
        if self.stream is None:
            shape = (picture.height, picture.width)
            self._start(shape, time_base, rate, matrix)
            if self.sound is not None:
                self.sound.add_stream(self.container)
        picture.pts, picture.time_base = ticks, time_base
        self.container.mux(self.stream.encode(picture))

    def write_sound(self, until):
        """Write the sound up to a time; nothing before the first frame.

        Args:
            until: float, seconds; or `None`, for all of it.
        """
        if self.sound is not None:
            self.sound.write_until(until, self.container)


def _to_planes(picture, matrix):
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        edges = ((0, height % 2), (0, width % 2), (0, 0))
        picture = np.pad(picture, edges, mode="edge")
    return av.VideoFrame.from_ndarray(
        np.ascontiguousarray(picture), format="rgb24"
    ).reformat(
        format="yuv420p", dst_colorspace=matrix, interpolation=EXACT_COLOR
    )
