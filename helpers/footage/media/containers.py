"""Containers: a video file in, its frames out as they are decoded.

Everything in this package that opens a video or its sound does it here.
"""

import contextlib
import pathlib

import av
from av.stream import Disposition

from helpers.footage.media import animations
from helpers.footage.media.decoding import Decoding, stated_seconds
from helpers.footage.media.opening import (
    LARGEST_FRAME,
    VIDEO_ERRORS,
    MediaError,
    existing_file,
    size_of,
    words_of,
)

VIDEO_ENDINGS = (
    ".3gp .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm "
    ".wmv"
).split()

# What a file of any name may hold. By content FFmpeg would take play lists and
# scripts as well, which open other files and addresses.
CONTAINERS = (
    "aac asf avi flac flv gif h264 hevc m4v matroska mov mp3 mpeg mpegts "
    "mpegvideo nut ogg wav webm"
).split()

# streams of one picture, and those that belong to another one
STILL = (
    Disposition.attached_pic
    | Disposition.still_image
    | Disposition.timed_thumbnails
)
SECOND = Disposition.dependent | Disposition.multilayer
# what lasts no longer, of the longest of a file, is no film but a still
SHORT_SHARE = 0.2


def open_container(path):
    """Open a video or a sound file.

    Args:
        path: pathlib.Path of a file that is there.

    Returns:
        `av.container.InputContainer`. Closing it closes the file.

    Raises:
        MediaError: if it is neither.
    """
    options = {
        "format_whitelist": ",".join(CONTAINERS),
        "protocol_whitelist": "file",
        "max_pixels": str(LARGEST_FRAME),
    }
    try:
        # absolute: "a:b.mp4" would be the address of a protocol
        return av.open(
            str(path.absolute()), options=options, metadata_errors="replace"
        )
    except VIDEO_ERRORS as error:
        raise MediaError(
            f"{path.name} should be a video. Received: {size_of(path)} "
            f"bytes that cannot be opened ({words_of(error)}). Convert or "
            "record it anew, or take it out of the folder."
        ) from error


def moving_streams(container):
    """The streams of pictures that move, the one that players show first.

    A cover that music programs and downloaders write is none; phones write
    further ones for depth or a second camera. The one that is marked as the
    default goes before, then the one of most pixels, then the first.

    Args:
        container: `av.container.InputContainer`.

    Returns:
        list of `av.VideoStream`.
    """
    moving = [
        stream
        for stream in container.streams.video
        if not stream.disposition & STILL
    ]
    lasting = {s.index: stated_seconds(container, s) or 0.0 for s in moving}
    longest = max(lasting.values(), default=0.0)
    return sorted(
        moving,
        key=lambda s: _rank(s, 0 < lasting[s.index] < SHORT_SHARE * longest),
    )


def _rank(stream, is_short):
    if stream.codec_context is None:
        return (True,)
    return (
        False,
        bool(stream.disposition & SECOND),
        # a cover that does not say that it is one
        stream.frames == 1 or is_short,
        not stream.disposition & Disposition.default,
        -stream.width * stream.height,
        stream.index,
    )


@contextlib.contextmanager
def open_video(path):
    """A container and its video stream; read errors become MediaError.

    Args:
        path: str or path.

    Yields:
        Tuple `(container, stream)`, as `av` has them, of the first of
        `moving_streams`; or `(None, Animation)`, see `animations.Animation`.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no video, or its frames are too large.
    """
    path = existing_file(path)
    if animations.is_moving(path):
        yield None, animations.Animation(path)
        return
    with open_container(path) as container:
        streams = moving_streams(container)
        if not streams:
            raise MediaError(
                f"{path.name} should be a video. Received: a file without "
                "pictures that move (sound only, with a cover?). Take it out "
                "of the folder."
            )
        stream = streams[0]
        if stream.codec_context is None:
            raise MediaError(
                f"{path.name} should be a video. Received: pictures of a "
                "codec that is not known here. Convert it to H.264."
            )
        if stream.width * stream.height > LARGEST_FRAME:
            raise MediaError(
                f"{path.name} should have frames of at most "
                f"{LARGEST_FRAME // 10**6} megapixels. Received: "
                f"{stream.width} x {stream.height} pixels. Convert it to a "
                "smaller size."
            )
        stream.thread_type = "AUTO"
        yield container, stream


def sound_tracks(container):
    """Sound tracks of codecs that ffmpeg knows; phones write others beside.

    The one that is marked as the default goes first, as players play it.

    Args:
        container: `av.container.InputContainer`.

    Returns:
        list of `av.AudioStream`.
    """
    known = [
        stream
        for stream in container.streams.audio
        if stream.codec_context is not None
    ]
    return sorted(known, key=lambda s: not s.disposition & Disposition.default)


def first_sound(container):
    """The first of `sound_tracks`, or `None` where there is none."""
    return next(iter(sound_tracks(container)), None)


def decode_frames(path, container, stream, notes=None):
    """Frames of a video in order, as they are stored, at rising times.

    A packet that is damaged is passed over; where the clock jumps, frames go
    on without the jump, see `frame_clock`.

    Args:
        path: str or path, for messages.
        container: see `open_video`.
        stream: see `open_video`.
        notes: list; what was passed over is added to it in words, once
            reading ends. Or `None`.

    Yields:
        `av.VideoFrame`, whose `pts` is never `None`.

    Raises:
        MediaError: if there is none; or, after the last good one, if the
            video breaks off before its end.
    """
    decoding = Decoding(container, stream, first_sound(container))
    name = pathlib.Path(path).name
    try:
        yield from decoding.frames()
    finally:
        if notes is not None:
            notes += decoding.notes()
    if not decoding.count:
        reason = decoding.error or "it ends before its first"
        raise MediaError(_frameless(name, reason)) from decoding.error
    lasts, stated = decoding.seconds(), decoding.stated
    if decoding.breaks_off():
        raise MediaError(
            f"{name} breaks off: it should last {stated:.2f} seconds, "
            f"{decoding.count} frames were read, up to second {lasts:.2f}. "
            "Use what was read, or copy the file again from where it came."
        )


def _frameless(name, reason):
    return (
        f"{name} should be a video with frames. Received: none that can be "
        f"read ({words_of(reason)}). Copy the file again from where it came, "
        "or take it out of the folder."
    )


def frame_time(frame, stream):
    """When a frame is shown.

    Args:
        frame: `av.VideoFrame` from `decode_frames`.
        stream: the one it is of, see `open_video`.

    Returns:
        float, seconds since the start of the video.
    """
    start = stream.start_time or 0
    return float((frame.pts - start) * stream.time_base)
