"""Editing: a video in, the same out with its frames changed."""

import collections
import concurrent.futures
import contextlib
import pathlib

import av
import numpy as np

from helpers.files import manifests
from helpers.footage.media import containers, writing
from helpers.footage.media.opening import MediaError
from helpers.footage.media.picture import VideoPicture
from helpers.footage.media.reading_ahead import read_ahead
from helpers.footage.media.sound import Sound
from helpers.footage.media.uniform_frames import uniform_frames
from helpers.footage.media.writing import VideoWriter


def edit_video(
    source_path,
    target_path,
    edit,
    at_once=1,
    metadata=None,
    crf=18,
    progress=None,
    finish=None,
    notes=None,
):
    """Change parts of a video's frames; all else stays as it is.

    Frames are decoded and encoded in threads of their own while others are
    edited. The result is an mp4 file (H.264, 4:2:0). A side of odd length gets
    one more pixel, a copy of its last. It appears under its name when
    complete.

    Args:
        source_path: str or path.
        target_path: str or path ending in `.mp4`.
        edit: called as `edit(pictures)` with a list of the next
            `VideoPicture`, which it reads and writes.
        at_once: int. How many pictures are edited at once.
        metadata: dict of str to str, for example `{"comment": "..."}`.
        crf: int. Quality: 0 is lossless, 18 looks like the original, 30 is
            poor.
        progress: called as `progress(index)` after each frame, or `None`.
        finish: called as `finish(path)` with the complete file before it
            appears under its name, or `None`.
        notes: list, to which is added in words what was passed over and what
            became of the sound, once all is done; or `None`.

    Returns:
        dict with `frames` (int) and `broken` (`None`, or why reading ended
        before the end of the source; the result then ends there too).

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if no frame can be read.
        ValueError: if `edit` makes something else than frames of one shape.
    """
    target = writing.mp4_path(target_path)
    with (
        containers.open_video(source_path) as opened,
        manifests.atomic_path(target, finish) as partial,
        Sound(source_path) as sound,
        VideoWriter(partial, metadata, crf, sound=sound) as writer,
    ):
        report = _edit(
            source_path, opened, writer, edit, at_once, progress, 0, notes
        )
        if notes is not None:
            notes += sound.notes()
        return report


def edit_onward(source_path, writer, edit, at_once, progress=None, start=0):
    """`edit_video` from one frame on, without sound, into another writer.

    Args:
        source_path: str or path.
        writer: takes the frames and is told the sound's time, as a
            `VideoWriter` is.
        edit: see `edit_video`.
        at_once: see `edit_video`.
        progress: see `edit_video`.
        start: int. Index of the first frame that is edited; those before it
            are decoded and passed over, so that all comes out as if they had
            been edited.

    Returns:
        dict, see `edit_video`.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if no frame can be read.
    """
    with containers.open_video(source_path) as opened:
        return _edit(
            source_path, opened, writer, edit, at_once, progress, start
        )


def _edit(
    source_path, opened, writer, edit, at_once, progress, start=0, notes=None
):
    report = {"frames": 0, "broken": None}
    read = _pictures(source_path, *opened, start, notes)
    with (
        _Encoding(writer, opened[1], at_once) as encoding,
        contextlib.closing(read_ahead(read, at_once)) as pictures,
    ):
        end = None
        try:
            for batch in _batches(pictures, at_once):
                edit([picture for picture, _ in batch])
                for picture, ticks in batch:
                    if picture.ended:
                        end = picture.time
                        break
                    encoding.add(picture, ticks)
                    report["frames"] += 1
                    if progress is not None:
                        progress(picture.index)
                if end is not None:
                    break
        except MediaError as error:
            report["broken"] = str(error)
        if not report["frames"]:
            raise MediaError(
                f"{pathlib.Path(source_path).name} should be a video. "
                f"Received: no readable frame ({report['broken']})."
            )
        encoding.finish(end)
    return report


def map_video(
    source_path,
    target_path,
    function,
    metadata=None,
    crf=18,
    progress=None,
    finish=None,
):
    """Change a video frame by frame; times and sound stay as they are.

    As `edit_video`, for what changes the whole frame.

    Args:
        source_path: str or path.
        target_path: str or path ending in `.mp4`.
        function: called as `function(index, time, frame)` with the frame as
            a uint8 array, shape `(height, width, 3)`, RGB; gives the new
            frame, same dtype, each of the same shape, or `None` to end the
            result before this frame.
        metadata: see `edit_video`.
        crf: see `edit_video`.
        progress: see `edit_video`.
        finish: see `edit_video`.

    Returns:
        dict, see `edit_video`.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if no frame can be read.
        ValueError: if `function` gives something else than a frame.
    """

    def edit(pictures):
        (picture,) = pictures
        result = function(picture.index, picture.time, picture.rgb())
        if result is None:
            picture.end()
        else:
            picture.replace(result)

    return edit_video(
        source_path,
        target_path,
        edit,
        metadata=metadata,
        crf=crf,
        progress=progress,
        finish=finish,
    )


def _pictures(path, container, stream, first=0, notes=None):
    """Pictures with the ticks of the stream's clock at which they are shown."""
    start = stream.start_time or 0
    frames = uniform_frames(path, container, stream, notes)
    for index, frame in enumerate(frames):
        if index >= first:
            time = containers.frame_time(frame, stream)
            ticks = frame.pts - start
            yield VideoPicture(index, time, frame, stream), ticks


def _batches(items, size):
    batch = []
    try:
        for item in items:
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch = []
    except MediaError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


class _Encoding:
    """Writes pictures and sound in a thread of its own, in order."""

    def __init__(self, writer, stream, most):
        self.writer, self.stream = writer, stream
        self.most, self.shape = most, None
        self.waiting = collections.deque()
        self.thread = concurrent.futures.ThreadPoolExecutor(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.thread.shutdown(cancel_futures=True)

    def add(self, picture, ticks):
        """Hand a picture over; waits while too many are waiting."""
        self.shape = self.shape or picture.shape
        pixels, matrix = picture.encoded()
        if isinstance(pixels, av.VideoFrame):
            shape = picture.shape
        else:
            shape = np.shape(pixels)
            writing.check_frame(pixels, self.shape)
        if tuple(shape) != tuple(self.shape):
            raise ValueError(
                f"Each frame should have the shape {tuple(self.shape)}. "
                f"Received: {tuple(shape)}"
            )
        while len(self.waiting) > self.most:
            self.waiting.popleft().result()
        self.waiting.append(
            self.thread.submit(self._write, pixels, matrix, picture.time, ticks)
        )

    def finish(self, end):
        """Wait for all pictures, and write the sound up to a time."""
        while self.waiting:
            self.waiting.popleft().result()
        self.writer.write_sound(end)

    def _write(self, pixels, matrix, time, ticks):
        self.writer.write_sound(time)
        rate = self.stream.average_rate or self.stream.guessed_rate
        self.writer.write(pixels, ticks, self.stream.time_base, rate, matrix)
