"""Reading: a video in, its frames out one by one, upright, RGB, with times."""

import functools
import pathlib

from helpers.footage.media import animations, containers
from helpers.footage.media.conversion import sound_shape, upright_frame
from helpers.footage.media.decoding import decoder_of
from helpers.footage.media.deinterlacing import without_comb
from helpers.footage.media.frame_clock import has_jumps
from helpers.footage.media.opening import (
    VIDEO_ERRORS,
    MediaError,
    existing_file,
)
from helpers.footage.media.photos import PHOTO_ENDINGS
from helpers.footage.media.uniform_frames import uniform_frames

SEEK_EARLY = 1.0  # seconds before a frame where its decoding begins


def is_photo(path):
    """Whether a file is read by `read_photo`, not by `read_frames`.

    Args:
        path: str or path.

    Returns:
        bool, judged by its name; animated pictures are looked into.
    """
    ending = pathlib.Path(path).suffix.lower()
    return ending in PHOTO_ENDINGS and not animations.is_moving(path)


def read_frames(path, step=1, start=0, stop=None, size=None, notes=None):
    """Read the frames of a video one by one, upright and with square pixels.

    Only one frame is in memory at a time.

    Args:
        path: str or path.
        step: int. Every how many frames one is given.
        start: int. Index of the first frame that is given.
        stop: int or `None`. Index at which reading ends.
        size: tuple `(height, width)` in pixels, to which frames are scaled
            while they are converted, quicker and with less exact colour than
            afterwards; or `None`, for their own.
        notes: list, to which is added in words what only reading shows; or
            `None`, see `uniform_frames.uniform_frames`.

    Yields:
        Tuples `(index, time, frame)`: int; float seconds, exact also where
        the frame rate varies; uint8 array, shape `(height, width, 3)`, RGB.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no video; or, after all frames that can be read,
            if it breaks off before its end.
        ValueError: if `step` or `start` is out of range.
    """
    if step < 1 or start < 0:
        raise ValueError(
            "step should be at least 1 and start at least 0. "
            f"Received: step={step!r}, start={start!r}"
        )
    with containers.open_video(path) as (container, stream):
        frames = uniform_frames(path, container, stream, notes)
        for index, frame in enumerate(frames):
            if stop is not None and index >= stop:
                return
            if index >= start and (index - start) % step == 0:
                time = containers.frame_time(frame, stream)
                yield index, time, upright_frame(frame, stream, size)


@functools.lru_cache(maxsize=64)
def _has_own_times(path, _size, _changed):
    """Whether frames have the times that the file gives them."""
    with containers.open_video(path) as (container, stream):
        if container.format.name == "avi" and stream.codec_context.has_b_frames:
            return False  # it says in which order they are decoded
        return not has_jumps(
            container, stream, containers.first_sound(container)
        )


def read_frame(path, index, time=None):
    """Read one frame of a video, upright and with square pixels.

    Where its time is known the frames before are not decoded, but for those
    since the last whole picture.

    Args:
        path: str or path.
        index: int, see `read_frames`.
        time: float, its seconds as `read_frames` gave them, or `None`.

    Returns:
        uint8 array, shape `(height, width, 3)`, RGB.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no video, or has no such frame.
    """
    if time is not None and not animations.is_moving(path):
        image = _seek_frame(path, time)
        if image is not None:
            return image
    for _, _, image in read_frames(path, start=index, stop=index + 1):
        return image
    raise MediaError(
        f"{pathlib.Path(path).name} should have a frame {index}. Received: a "
        "video that ends before. Was the file replaced? Extract it anew."
    )


def _seek_frame(path, time):
    """The frame of exactly this time, or `None` where seeking finds none."""
    status = existing_file(path).stat()
    if not _has_own_times(path, status.st_size, status.st_mtime_ns):
        return None
    with containers.open_video(path) as (container, stream):
        start = stream.start_time or 0
        wanted = start + round(time / stream.time_base)
        # a whole picture may be followed by some of before that need others
        early = wanted - round(SEEK_EARLY / stream.time_base)
        own = decoder_of(stream) is stream.codec_context
        if early <= start or not own:
            return None
        try:
            known = stream.width, stream.height, _pixels_of(stream)
            container.seek(early, stream=stream)
            for frame in without_comb(container.decode(stream)):
                if frame.pts is None or frame.pts > wanted:
                    return None
                if (frame.width, frame.height, _pixels_of(stream)) != known:
                    return None  # it is brought to the size of the first
                if frame.pts == wanted:
                    return upright_frame(frame, stream)
        except VIDEO_ERRORS:
            pass  # read from its beginning, which says what is wrong
    return None


def _pixels_of(stream):
    return sound_shape(stream.codec_context.sample_aspect_ratio)
