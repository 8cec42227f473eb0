"""Containers: a video file in, its frames out, as decoded and upright as RGB.

Everything in this package that opens a video or its sound does it here.
"""

import contextlib
import fractions
import pathlib

import av
import numpy as np
from av.video.reformatter import Interpolation

from helpers.footage.media import hdr
from helpers.footage.media.opening import (
    LARGEST_FRAME,
    MediaError,
    existing_file,
    size_of,
    words_of,
)

VIDEO_ENDINGS = (
    ".3gp .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm "
    ".wmv"
).split()

# without these flags every pass darkens a picture by one grey level
EXACT_COLOR = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
)

# What a file of any name may hold. By content FFmpeg would take play lists and
# scripts as well, which open other files and addresses.
CONTAINERS = (
    "aac asf avi flac flv gif h264 hevc m4v matroska mov mp3 mpeg mpegts "
    "mpegvideo nut ogg wav webm"
).split()

# what PyAV raises on broken files
VIDEO_ERRORS = (
    av.error.FFmpegError,
    OSError,
    ValueError,
    ArithmeticError,
    AttributeError,
    MemoryError,
    RuntimeError,
)

# wider or higher than this no video's pixels are
WIDEST_PIXEL = 4


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


@contextlib.contextmanager
def open_video(path):
    """A container and its video stream; read errors become MediaError.

    Args:
        path: str or path.

    Yields:
        Tuple `(container, stream)`, as `av` has them.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no video, or its frames are too large.
    """
    path = existing_file(path)
    with open_container(path) as container:
        if not container.streams.video:
            raise MediaError(
                f"{path.name} should be a video. Received: a file without "
                "pictures (sound only?). Take it out of the folder."
            )
        stream = container.streams.video[0]
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


def decode_frames(path, container, stream):
    """Frames of a video in order, as they are stored.

    Args:
        path: str or path, for messages.
        container: see `open_video`.
        stream: see `open_video`.

    Yields:
        `av.VideoFrame`.

    Raises:
        MediaError: if there is none; or, after the last good one, if the
            video breaks off before its end.
    """
    count = 0
    expected = stream.frames
    name = pathlib.Path(path).name
    todo = "Use what was read, or copy the file again from where it came."
    try:
        for frame in container.decode(stream):
            yield frame
            count += 1
    except VIDEO_ERRORS as error:
        if not count:
            raise MediaError(_frameless(name, error)) from error
        raise MediaError(
            f"{name} breaks off: {count} frames were read, "
            f"then {words_of(error)}. {todo}"
        ) from error
    if not count:
        raise MediaError(_frameless(name, "it ends before its first"))
    # a file cut short ends without an error; its index tells
    if count < 0.95 * expected - 2:
        raise MediaError(
            f"{name} breaks off: expected {expected} frames, {count} frames "
            f"were read. {todo}"
        )


def _frameless(name, reason):
    return (
        f"{name} should be a video with frames. Received: none that can be "
        f"read ({words_of(reason)}). Copy the file again from where it came, "
        "or take it out of the folder."
    )


def color_matrix(frame):
    """Colour matrix of a frame; unmarked ones follow the players' custom.

    Args:
        frame: `av.VideoFrame`.

    Returns:
        `"ITU601"`, `"ITU709"` or `"BT2020"`.
    """
    bt709, unspecified, bt2020, bt2020_constant = 1, 2, 9, 10
    if frame.colorspace in (bt2020, bt2020_constant):
        return "BT2020"
    if frame.colorspace == unspecified and hdr.has_wide_color(frame):
        return "BT2020"
    if frame.colorspace == bt709:
        return "ITU709"
    if frame.colorspace == unspecified and frame.height >= 720:
        return "ITU709"
    return "ITU601"


def upright_frame(frame, stream, size=None):
    """A frame as RGB, upright and with square pixels.

    Args:
        frame: `av.VideoFrame`.
        stream: the one it is of, see `open_video`.
        size: tuple `(height, width)`, see `reading.read_frames`, or `None`.

    Returns:
        uint8 array, shape `(height, width, 3)`, RGB.

    Raises:
        MediaError: if it cannot be read: a broken one can be of any format.
    """
    try:
        return _convert(frame, stream, size)
    except VIDEO_ERRORS as error:
        raise MediaError(
            f"The video holds a frame that cannot be read ({frame}: "
            f"{words_of(error)}). "
            "Convert the video to H.264, or use what comes before."
        ) from error


def _convert(frame, stream, size):
    turns = round(frame.rotation / 90) % 4
    width, height = frame.width, frame.height
    shape = stream.sample_aspect_ratio or fractions.Fraction(1)
    if not 1 / WIDEST_PIXEL <= shape <= WIDEST_PIXEL:
        shape = fractions.Fraction(1)  # no camera's; the header is broken
    if shape > 1:
        width = round(width * shape)
    elif 0 < shape < 1:
        height = round(height / shape)
    if size is not None:
        height, width = size if turns % 2 == 0 else size[::-1]
    transfer, wide = hdr.transfer_of(frame), hdr.has_wide_color(frame)
    ordinary = transfer is None and not wide
    picture = frame.reformat(
        width=width,
        height=height,
        # of 10 bits libswscale makes no sound rgb48
        format="rgb24" if ordinary else "gbrp16le",
        src_colorspace=color_matrix(frame),
        interpolation=EXACT_COLOR if size is None else Interpolation.BILINEAR,
    ).to_ndarray()
    if not ordinary:
        picture = hdr.to_sdr(picture, transfer, wide)
    return np.ascontiguousarray(np.rot90(picture, turns))


def frame_time(frame, stream, index):
    """When a frame is shown.

    Args:
        frame: `av.VideoFrame`.
        stream: the one it is of, see `open_video`.
        index: int, its place in the video.

    Returns:
        float, seconds since the start of the video.
    """
    if frame.pts is None:
        return index / float(stream.average_rate or 25)
    start = stream.start_time or 0
    return float((frame.pts - start) * stream.time_base)
