"""Animations: an animated GIF, WebP or PNG in, its frames and times out."""

import fractions
import functools
import pathlib

import av
from PIL import Image

from helpers.footage.media import photos
from helpers.footage.media.opening import (
    MediaError,
    existing_file,
    size_of,
    words_of,
)
from helpers.footage.media.photos import FORMATS, PHOTO_ERRORS

# of these a file may be a clip as well
MOVING_ENDINGS = (".gif", ".png", ".webp")

# what players make of an animation's frame that is shown for no time
SHORTEST = 0.1


def is_moving(path):
    """Whether a picture file is a clip: an animated GIF, WebP or PNG.

    Args:
        path: str or path.

    Returns:
        bool; false as well for what cannot be read.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() not in MOVING_ENDINGS or not size_of(path):
        return False
    try:
        with Image.open(path, formats=FORMATS) as photo:
            return bool(getattr(photo, "is_animated", False))
    except PHOTO_ERRORS:
        return False  # its fault is reported when it is its turn


def probe_moving(path):
    """What an animated picture file says of itself.

    Args:
        path: str or path.

    Returns:
        dict, see `probing.probe_video`.

    Raises:
        MediaError: if it cannot be read.
    """
    path = existing_file(path)
    try:
        with photos.open_picture(path) as photo:
            photo.load()  # before, a WebP does not say how long it is shown
            frames, seconds = photo.n_frames, _seconds(photo)
            height, width = photos.upright_rgb(photo).shape[:2]
            notes = _notes(photo)
    except MediaError:
        raise
    except PHOTO_ERRORS as error:
        raise MediaError(photos.why_unreadable(path, error)) from error
    return {
        "frames": frames,
        "frame_rate": 1 / seconds,
        "width": width,
        "height": height,
        "duration": frames * seconds,
        "has_sound": False,
        "rotation": 0,
        "bits": 8,
        "hdr": None,
        "notes": notes,
    }


def read_moving(path):
    """Frames of an animated GIF, WebP or PNG one by one, as RGB.

    Args:
        path: str or path.

    Yields:
        Tuples `(index, time, frame)`, see `reading.read_frames`.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no picture; or, after all frames that can be
            read, if it breaks off before its end.
    """
    path = existing_file(path)
    index, time = 0, 0.0
    try:
        with photos.open_picture(path) as photo:
            while True:
                photo.load()
                frame = photos.upright_rgb(photo)
                seconds = _seconds(photo)
                yield index, time, frame
                index, time = index + 1, time + seconds
                try:
                    photo.seek(index)
                except EOFError:
                    return
    except MediaError:
        raise
    except PHOTO_ERRORS as error:
        if not index:
            raise MediaError(photos.why_unreadable(path, error)) from error
        raise MediaError(
            f"{path.name} breaks off: {index} frames were read, then "
            f"{words_of(error)}. "
            "Use what was read, or copy the file again from where it came."
        ) from error


class Animation:
    """An animated picture, asked like a stream of video.

    FFmpeg reads no animated WebP, and of the others shows what Pillow would
    not. So all of them are read here, for tracking and for swapping.

    Args:
        path: str or path.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it cannot be read.
    """

    start_time = 0
    # of it both the hundredths of a GIF and the thirtieths of others are whole
    time_base = fractions.Fraction(1, 90000)
    sample_aspect_ratio = None

    def __init__(self, path):
        self.path = path

    @functools.cached_property
    def average_rate(self):
        """Frames a second, a fraction; only writing asks for it."""
        rate = probe_moving(self.path)["frame_rate"]
        return fractions.Fraction(rate).limit_denominator(1001)

    def frames(self):
        """Its frames, see `read_moving`, as `av.VideoFrame`."""
        for _, time, rgb in read_moving(self.path):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts = round(time / self.time_base)
            frame.time_base = self.time_base
            yield frame


def _notes(photo):
    """What becomes of an animation that is written as mp4, in words."""
    notes = []
    if photo.convert("RGBA").getextrema()[3][0] < 255:
        notes.append("what is transparent becomes white")
    if photo.width % 2 or photo.height % 2:
        notes.append("an odd side gets one more pixel")
    return notes


def _seconds(photo):
    """For how long the frame that was just read is shown."""
    duration = photo.info.get("duration") or 0
    return duration / 1000 if 0 < duration < 10**6 else SHORTEST
