"""Media: photos and videos in and out, upright, RGB, as streams."""

import collections
import concurrent.futures
import contextlib
import fractions
import functools
import os
import pathlib
import queue
import threading

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation

from helpers.files import manifests
from helpers.footage import consent, footage_log
from helpers.footage.media import animations, hdr
from helpers.footage.media.color_planes import planes_to_rgb, rgb_to_planes
from helpers.footage.media.opening import (
    LARGEST_FRAME,
    MediaError,
    existing_file,
    size_of,
)
from helpers.footage.media.photo_writing import encode_image as encode_image
from helpers.footage.media.photo_writing import write_image as write_image
from helpers.footage.media.photos import PHOTO_ENDINGS
from helpers.footage.media.photos import PHOTO_ERRORS as PHOTO_ERRORS
from helpers.footage.media.photos import photo_notes as photo_notes
from helpers.footage.media.photos import read_photo as read_photo

VIDEO_ENDINGS = (
    ".3gp .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm "
    ".wmv"
).split()

# what lies beside footage and is none: a synthetic clip's truth, what the
# person agreed to, and where it all came from
SIDECAR_ENDINGS = (
    ".truth.json",
    ".masks.npz",
    consent.FILE,
    footage_log.FILE,
)

# sound that an mp4 file can hold as it is; other sound becomes AAC
MP4_SOUND = ("aac", "ac3", "alac", "eac3", "mp3", "opus")

# without these flags every pass darkens a picture by one grey level
EXACT_COLOUR = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
)

# x264's: "superfast" with what "veryfast" adds for the size of files, but not
# with the rest. On three clips it takes 0.5 to 0.85 of its time; files grow by
# 0 to 8 %, at 0.1 to 0.6 dB less (`benchmarks.prediction --presets`).
ENCODING = {
    "preset": "superfast",
    "x264-params": "rc-lookahead=10:mbtree=1:weightp=1",
}

ROOM_CHECK = 0.01  # seconds between looks for room, where reading waits for it

SEEK_EARLY = 1.0  # seconds before a frame where its decoding begins

# containers that are written, with how
WRITTEN_CONTAINERS = {
    "mp4": {"movflags": "faststart"},
    # decoding times before zero are no reason to move the ticks
    "nut": {"avoid_negative_ts": "disabled"},
    # a second of it, in milliseconds, is on the disk at the latest
    "matroska": {"cluster_time_limit": "1000", "flush_packets": "1"},
}


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

# a frame of a video takes more bytes than that in its file
FEWEST_BYTES = 4


def list_media(folder):
    """Photos and videos below a folder, by the endings of their names.

    Hidden files, the truth beside synthetic clips, `consent.toml` and
    `sources.jsonl` are passed over. A link to a file counts as the file, a
    link to a folder is not followed. An animated picture is a video.

    Args:
        folder: str or path. Searched with all its folders.

    Returns:
        Tuple `(photos, videos, others)` of lists of `pathlib.Path`, each
        sorted; `others` are neither, see `why_no_footage`.

    Raises:
        FileNotFoundError: if there is no such folder.
        MediaError: if it holds no photo and no video.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(_no_folder(folder))
    pictures, videos, others = [], [], []
    for path in _walk(folder):
        if path.name.endswith(SIDECAR_ENDINGS):
            continue
        if why_no_footage(path) is not None:
            others.append(path)
        elif is_photo(path):
            pictures.append(path)
        else:
            videos.append(path)
    if not pictures and not videos:
        reasons = [
            f"{shown_name(path.name)} {why_no_footage(path)}" for path in others
        ]
        raise MediaError(
            f"{folder} should hold photos or videos. Received: "
            f"{f'{len(others)} other files' if others else 'nothing'}. Put "
            f"some there: photos end in {' '.join(PHOTO_ENDINGS)}; videos in "
            f"{' '.join(VIDEO_ENDINGS)}. " + "; ".join(reasons[:3])
        )
    return pictures, videos, others


def _no_folder(folder):
    """What is missing, and what is there, as the name may be misspelt."""
    there = next(path for path in folder.parents if path.is_dir())
    beside = sorted(path.name for path in there.iterdir() if path.is_dir())
    names = ", ".join(shown_name(name) for name in beside[:8]) or "no folder"
    more = ", ..." if len(beside) > 8 else ""
    return (
        f"There is no folder {folder}. In {there} there are: {names}{more}. "
        "Give the name as it is on disk, or make the folder and put the "
        "photos and videos of one person into it."
    )


def is_photo(path):
    """Whether a file is read by `read_photo`, not by `read_frames`.

    Args:
        path: str or path.

    Returns:
        bool, judged by its name; animated pictures are looked into.
    """
    ending = pathlib.Path(path).suffix.lower()
    return ending in PHOTO_ENDINGS and not animations.is_moving(path)


def shown_name(path):
    """A name as text that can be written, whatever bytes it has on the disk."""
    text = pathlib.PurePath(path).as_posix()
    return text.encode("utf-8", "replace").decode("utf-8")


def _walk(folder):
    """All that lies below a folder and is no folder, in order, none hidden.

    A link to a folder is given, not followed: it may lead in a circle, or to
    the whole disk.
    """
    found, closed = [], []
    for where, folders, names in os.walk(
        folder, onerror=lambda error: closed.append(error.filename)
    ):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if _is_link(where, name)]
        found += [
            pathlib.Path(where, name)
            for name in [*names, *links]
            if not name.startswith(".")
        ]
    return sorted([*found, *map(pathlib.Path, closed)])


def _is_link(folder, name):
    return os.path.islink(os.path.join(folder, name))


def why_no_footage(path):
    """Why something in a folder of footage is neither photo nor video.

    Judged without a look inside: by kind and name.

    Args:
        path: str or path.

    Returns:
        str, the reason and what to do; or `None`, for a photo or a video.
    """
    path = pathlib.Path(path)
    ending = path.suffix.lower()
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError:
        return "has a name that is no text. Rename it"
    # these of os.path say no where pathlib's raise, in folders that are shut
    is_link, exists = os.path.islink(path), os.path.exists(path)
    if os.path.isdir(path) and is_link:
        return (
            "is a link to a folder, which is not followed. Copy the folder "
            "itself here"
        )
    if os.path.isdir(path):
        return "is a folder that cannot be opened. Give yourself the right to"
    if is_link and not exists:
        return "is a link that leads nowhere. Put the file itself here"
    if exists and not os.path.isfile(path):
        return "is no file but a pipe, a socket or a device. Take it away"
    if ending in PHOTO_ENDINGS or ending in VIDEO_ENDINGS:
        return None
    if ending in (".heic", ".heif", ".avif", ".jxl", ".dng", ".cr2", ".nef"):
        return f"is a photo that is not read ({ending}). Save it as JPEG"
    return (
        f"ends in {ending!r}, which is neither a photo's ending nor a video's. "
        "Convert it if it is footage"
    )


def _open_container(path):
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
            f"bytes that cannot be opened ({error}). Convert or record it "
            "anew, or take it out of the folder."
        ) from error


@contextlib.contextmanager
def _open_video(path):
    """A container and its video stream; read errors become MediaError."""
    path = existing_file(path)
    with _open_container(path) as container:
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


def probe_video(path):
    """What a video says of itself, and the size of its upright frames.

    Args:
        path: str or path.

    Returns:
        dict with `frames` (int, an estimate), `frame_rate` (mean frames per
        second), `width` and `height` (pixels of an upright frame),
        `duration` (seconds), `has_sound` (bool), `rotation` (degrees that
        were applied counter-clockwise), `bits` (of a colour value), `hdr`
        (`"PQ"`, `"HLG"` or `None`, see `hdr.py`) and `notes` (list of str,
        what else than the swapped is changed by writing it as mp4).

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no video, or has no readable frame.
    """
    if animations.is_moving(path):
        return animations.probe_moving(path)
    with _open_video(path) as (container, stream):
        frame_rate = float(stream.average_rate or stream.guessed_rate or 25)
        duration = None
        if stream.duration:
            duration = float(stream.duration * stream.time_base)
        elif container.duration:
            duration = container.duration / av.time_base
        frames = stream.frames or round((duration or 0) * frame_rate)
        # what a header says may be anything
        frames = min(frames, size_of(path) // FEWEST_BYTES)
        first = next(_decode(path, container, stream), None)
        if first is None:
            raise MediaError(
                f"{pathlib.Path(path).name} should be a video. Received: no "
                "frame that can be read. Take it out of the folder."
            )
        if duration is None and not stream.frames:
            frames, duration, frame_rate = _measure(path, frame_rate)
        height, width = _upright(first, stream).shape[:2]
        return {
            "frames": max(1, frames),
            "frame_rate": frame_rate,
            "width": width,
            "height": height,
            "duration": duration or max(1, frames) / frame_rate,
            "has_sound": bool(_sounds(container)),
            "rotation": int(first.rotation) % 360,
            "bits": first.format.components[0].bits,
            "hdr": hdr.transfer_of(first),
            "notes": _notes(first, container, stream),
        }


def _measure(path, frame_rate):
    """Frames, seconds and frame rate of a video that states none of them.

    A browser's recording, and one that broke off, was written by somebody
    who did not know yet how long it would be. Nothing is decoded.
    """
    count, first, last = 0, None, None
    with _open_video(path) as (container, stream):
        with contextlib.suppress(av.error.FFmpegError):
            for packet in container.demux(stream):
                if packet.pts is None:
                    continue
                time = float(packet.pts * packet.time_base)
                first = time if first is None else min(first, time)
                last = time if last is None else max(last, time)
                count += 1
    if count > 1 and last > first:
        frame_rate = (count - 1) / (last - first)
    return count, count / frame_rate, frame_rate


def _notes(frame, container, stream):
    """What becomes of a video that is written by `edit_video`, in words."""
    notes = []
    transfer, bits = hdr.transfer_of(frame), frame.format.components[0].bits
    if transfer is not None:
        notes.append(f"HDR ({transfer}) becomes SDR (BT.709)")
    elif hdr.has_wide_colour(frame):
        notes.append("colours of BT.2020 become those of BT.709")
    if bits > 8:
        notes.append(f"{bits} bits become 8")
    if frame.format.name in ("yuv422p", "yuv444p", "yuvj422p", "yuvj444p"):
        notes.append("colour is kept for every second pixel (4:2:0)")
    if (stream.sample_aspect_ratio or 1) != 1:
        notes.append("pixels become squares")
    if round(frame.rotation / 90) % 4:
        notes.append(f"turned upright by {int(frame.rotation) % 360} degrees")
    if frame.width % 2 or frame.height % 2:
        notes.append("an odd side gets one more pixel")
    sounds = _sounds(container)
    if sounds and sounds[0].codec_context.name not in MP4_SOUND:
        notes.append(f"sound ({sounds[0].codec_context.name}) becomes AAC")
    if len(sounds) > 1:
        notes.append(f"of {len(sounds)} sound tracks the first is kept")
    if container.streams.subtitles:
        notes.append("subtitles are left out")
    return notes


def _sounds(container):
    """Sound tracks of codecs that ffmpeg knows; phones write others beside."""
    return [
        stream
        for stream in container.streams.audio
        if stream.codec_context is not None
    ]


def _decode(path, container, stream):
    """Frames in order; a break raises MediaError after the last good one."""
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
            f"{name} breaks off: {count} frames were read, then {error}. {todo}"
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
        f"read ({reason}). Copy the file again from where it came, or take it "
        "out of the folder."
    )


def _colour_matrix(frame):
    """Colour matrix of a frame; unmarked ones follow the players' custom."""
    bt709, unspecified, bt2020, bt2020_constant = 1, 2, 9, 10
    if frame.colorspace in (bt2020, bt2020_constant):
        return "BT2020"
    if frame.colorspace == unspecified and hdr.has_wide_colour(frame):
        return "BT2020"
    if frame.colorspace == bt709:
        return "ITU709"
    if frame.colorspace == unspecified and frame.height >= 720:
        return "ITU709"
    return "ITU601"


def _upright(frame, stream, size=None):
    """A frame as RGB, or MediaError: a broken one can be of any format."""
    try:
        return _convert(frame, stream, size)
    except VIDEO_ERRORS as error:
        raise MediaError(
            f"The video holds a frame that cannot be read ({frame}: {error}). "
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
    transfer, wide = hdr.transfer_of(frame), hdr.has_wide_colour(frame)
    ordinary = transfer is None and not wide
    picture = frame.reformat(
        width=width,
        height=height,
        # of 10 bits libswscale makes no sound rgb48
        format="rgb24" if ordinary else "gbrp16le",
        src_colorspace=_colour_matrix(frame),
        interpolation=EXACT_COLOUR if size is None else Interpolation.BILINEAR,
    ).to_ndarray()
    if not ordinary:
        picture = hdr.to_sdr(picture, transfer, wide)
    return np.ascontiguousarray(np.rot90(picture, turns))


def _time(frame, stream, index):
    """Seconds since the start of the video."""
    if frame.pts is None:
        return index / float(stream.average_rate or 25)
    start = stream.start_time or 0
    return float((frame.pts - start) * stream.time_base)


def read_frames(path, step=1, start=0, stop=None, size=None):
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
    if animations.is_moving(path):
        yield from _read_moving(path, step, start, stop, size)
        return
    with _open_video(path) as (container, stream):
        for index, frame in enumerate(_decode(path, container, stream)):
            if stop is not None and index >= stop:
                return
            if index >= start and (index - start) % step == 0:
                time = _time(frame, stream, index)
                yield index, time, _upright(frame, stream, size)


def _read_moving(path, step, start, stop, size):
    for index, time, frame in animations.read_moving(path):
        if stop is not None and index >= stop:
            return
        if index >= start and (index - start) % step == 0:
            if size is not None:
                frame = cv2.resize(
                    frame, size[::-1], interpolation=cv2.INTER_AREA
                )
            yield index, time, frame


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


def first_frame(paths):
    """The first frame of the first file that can be read.

    Args:
        paths: list of paths of photos and videos.

    Returns:
        uint8 array, shape `(height, width, 3)`, RGB.

    Raises:
        MediaError: if none can be read; it says what is wrong with the last.
    """
    fault = "there is no file"
    for path in paths:
        try:
            if is_photo(path):
                return read_photo(path)
            return next(read_frames(path))[2]
        except MediaError as error:
            fault = error  # said with the others when all faces are found
    raise MediaError(f"No frame of {len(paths)} files can be read: {fault}")


def _seek_frame(path, time):
    """The frame of exactly this time, or `None` where seeking finds none."""
    with _open_video(path) as (container, stream):
        start = stream.start_time or 0
        wanted = start + round(time / stream.time_base)
        # a whole picture may be followed by some of before that need others
        early = wanted - round(SEEK_EARLY / stream.time_base)
        if early <= start:
            return None
        try:
            container.seek(early, stream=stream)
            for frame in container.decode(stream):
                if frame.pts is None or frame.pts > wanted:
                    return None
                if frame.pts == wanted:
                    return _upright(frame, stream)
        except VIDEO_ERRORS:
            pass  # read from its beginning, which says what is wrong
    return None


class VideoPicture:
    """A frame of a video, upright, whose parts can be read and changed.

    Most videos store brightness in full and colour at half the size. Of such
    a frame only the rectangle that is read gets converted, and only pixels
    that were changed are converted back: the others reach the encoder as they
    came out of the decoder, to the bit. Frames of other formats (10 bit, HDR,
    rotated, with pixels that are no squares) are converted as a whole.

    Attributes:
        index: int.
        time: float, seconds since the start of the video.
        shape: tuple `(height, width, 3)`.
    """

    def __init__(self, index, time, frame, stream):
        self.index, self.time = index, time
        self.ended = False
        self._matrix = _colour_matrix(frame)
        self._whole = self._planes = self._pixels = None
        if _is_plain(frame, stream):
            self._whole = functools.partial(_upright, frame, stream)
            self._planes = frame.to_ndarray()
            self.shape = (frame.height, frame.width, 3)
        else:
            self._pixels = _upright(frame, stream)
            self.shape = self._pixels.shape
            if self._matrix == "BT2020":
                self._matrix = "ITU709"  # what it was converted to

    def read(self, left, top, right, bottom):
        """A rectangle of the picture.

        Args:
            left, top, right, bottom: int, in pixels; the right column and the
                bottom row are the first outside.

        Returns:
            uint8 array, shape `(bottom - top, right - left, 3)`, RGB: a copy.

        Raises:
            ValueError: if it is empty or reaches beyond the picture.
        """
        height, width, _ = self.shape
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise ValueError(
                f"A rectangle within {width} x {height} pixels is needed. "
                f"Received: {(left, top, right, bottom)}"
            )
        if self._planes is None:
            return self._pixels[top:bottom, left:right].copy()
        # two pixels more: at its border colour is mixed with its neighbours'
        x, y = max(0, left // 2 * 2 - 2), max(0, top // 2 * 2 - 2)
        x_end = min(width, (right + 1) // 2 * 2 + 2)
        y_end = min(height, (bottom + 1) // 2 * 2 + 2)
        brightness, *colours = self._slices(x, y, x_end, y_end)
        rgb = planes_to_rgb(brightness, colours, self._matrix)
        return rgb[top - y : bottom - y, left - x : right - x].copy()

    def write(self, left, top, rgb, before=None):
        """Put a changed rectangle back.

        Args:
            left, top: int, in pixels, where its first pixel goes.
            rgb: uint8 array, shape `(height, width, 3)`, RGB.
            before: what `read` gave of this rectangle, if it is at hand:
                where it begins and ends on even pixels it need not be read
                again.

        Raises:
            ValueError: see `read`.
        """
        height, width = rgb.shape[:2]
        if self._planes is None:
            self._pixels[top : top + height, left : left + width] = rgb
            return
        # whole blocks of the colour, which is stored for four pixels at once
        x, y = left // 2 * 2, top // 2 * 2
        x_end, y_end = -(-(left + width) // 2) * 2, -(-(top + height) // 2) * 2
        if before is None or before.shape[:2] != (y_end - y, x_end - x):
            before = self.read(x, y, x_end, y_end)
        block = before.copy()
        inside = np.s_[top - y : top - y + height, left - x : left - x + width]
        changed = np.zeros(block.shape[:2], bool)
        changed[inside] = _any_of(*np.moveaxis(rgb != block[inside], -1, 0))
        block[inside] = rgb
        four = _any_of(
            changed[::2, ::2],
            changed[::2, 1::2],
            changed[1::2, ::2],
            changed[1::2, 1::2],
        )
        self._whole = None
        planes = zip(
            self._slices(x, y, x_end, y_end),
            rgb_to_planes(block, self._matrix),
            (changed, four, four),
            strict=True,
        )
        for old, new, where in planes:
            np.copyto(old, new, where=where)

    def rgb(self):
        """The whole picture: uint8 array, shape `(height, width, 3)`."""
        if self._whole is not None:
            return self._whole()
        height, width, _ = self.shape
        return self.read(0, 0, width, height)

    def replace(self, rgb):
        """Put a new picture, of any size, into this one's place.

        Args:
            rgb: uint8 array, shape `(height, width, 3)`, RGB.
        """
        self._planes, self._pixels = None, rgb
        self.shape = np.shape(rgb)

    def end(self):
        """End the result before this picture."""
        self.ended = True

    def encoded(self):
        """What the writer takes: planes as a frame of `av`, or RGB."""
        if self._planes is None:
            return self._pixels, self._matrix
        frame = av.VideoFrame.from_ndarray(self._planes, format="yuv420p")
        return frame, self._matrix

    def _slices(self, left, top, right, bottom):
        """The three planes' parts of a rectangle on even pixels, as views."""
        height, width, _ = self.shape
        brightness, *colours = _split_planes(self._planes, height, width)
        yield brightness[top:bottom, left:right]
        for colour in colours:
            yield colour[top // 2 : bottom // 2, left // 2 : right // 2]


def _is_plain(frame, stream):
    """Whether a frame can be changed in parts, see `VideoPicture`."""
    full_range = 2
    shape = stream.sample_aspect_ratio
    return (
        frame.format.name == "yuv420p"
        and frame.color_range != full_range
        and round(frame.rotation / 90) % 4 == 0
        and shape in (None, 0, 1)
        and frame.width % 2 == frame.height % 2 == 0
        and _colour_matrix(frame) != "BT2020"
        and hdr.transfer_of(frame) is None
        and not hdr.has_wide_colour(frame)
    )


def _any_of(first, *others):
    """Elementwise or; NumPy's `any` along a short axis is ten times slower."""
    result = first.copy()
    for other in others:
        result |= other
    return result


def _split_planes(planes, height, width):
    """Brightness and two colours of a yuv420p array, as views."""
    flat = planes.reshape(-1)
    whole, quarter = height * width, height * width // 4
    yield flat[:whole].reshape(height, width)
    for start in (whole, whole + quarter):
        colour = flat[start : start + quarter]
        yield colour.reshape(height // 2, width // 2)


def edit_video(
    source_path,
    target_path,
    edit,
    at_once=1,
    metadata=None,
    crf=18,
    progress=None,
    finish=None,
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

    Returns:
        dict with `frames` (int) and `broken` (`None`, or why reading ended
        before the end of the source; the result then ends there too).

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if no frame can be read.
        ValueError: if `edit` makes something else than frames of one shape.
    """
    target = _target_path(target_path)
    with (
        _open_video(source_path) as opened,
        manifests.atomic_path(target, finish) as partial,
        VideoWriter(partial, metadata, crf) as writer,
        Sound(source_path, writer) as sound,
    ):
        return _edit(source_path, opened, edit, at_once, progress, sound)


def edit_onward(source_path, writer, edit, at_once, progress=None, start=0):
    """`edit_video` from one frame on, without sound, into another writer.

    Args:
        source_path: str or path.
        writer: takes the frames, as a `VideoWriter` does.
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
    with _open_video(source_path) as opened, Sound(None, writer) as silence:
        return _edit(
            source_path, opened, edit, at_once, progress, silence, start
        )


def _edit(source_path, opened, edit, at_once, progress, sound, start=0):
    report = {"frames": 0, "broken": None}
    read = _pictures(source_path, *opened, start)
    with (
        _Encoding(sound.writer, sound, opened[1], at_once) as encoding,
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


def _pictures(path, container, stream, first=0):
    """Pictures with the ticks of the stream's clock at which they are shown."""
    start = stream.start_time or 0
    last = -1
    for index, frame in enumerate(_decode(path, container, stream)):
        time = _time(frame, stream, index)
        ticks = round(time / stream.time_base)
        if frame.pts is not None:
            ticks = frame.pts - start
        # a player needs rising times; broken files repeat some
        last = max(ticks, last + 1)
        if index >= first:
            yield VideoPicture(index, time, frame, stream), last


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


def read_ahead(items, most, has_room=None):
    """A generator's items, taken in a thread of its own, some ahead.

    Args:
        items: generator. An error that it raises is raised here.
        most: int. How many items wait at most.
        has_room: called as `has_room()`, in the thread: whether there is
            memory for one more item. It has to come to be true once all
            earlier items are worked off. `None`: always.

    Yields:
        The items. Closing this generator ends the thread.
    """
    waiting, stopped = queue.Queue(max(1, most)), threading.Event()

    def hand_over(item):
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return

    def wait_for_room():
        while has_room is not None and not has_room():
            if stopped.wait(ROOM_CHECK):
                return

    def work():
        try:
            for item in items:
                hand_over((item, None))
                wait_for_room()
                if stopped.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - raised in the other thread
            hand_over((None, error))
        else:
            hand_over((None, None))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        stopped.set()
        thread.join()


class _Encoding:
    """Writes pictures and sound in a thread of its own, in order."""

    def __init__(self, writer, sound, stream, most):
        self.writer, self.sound, self.stream = writer, sound, stream
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
            _check_frame(pixels, self.shape)
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
        self.sound.advance(end)

    def _write(self, pixels, matrix, time, ticks):
        self.sound.advance(time)
        rate = self.stream.average_rate or self.stream.guessed_rate
        self.writer.write(pixels, ticks, self.stream.time_base, rate, matrix)


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
        sound_from: path of a video or sound file whose sound is copied, or
            `None`.
        metadata: dict of str to str, for example `{"comment": "..."}`.
        crf: int. 0 is lossless, 18 looks like the original, 30 is poor.
        finish: see `map_video`.

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
        manifests.atomic_path(_target_path(path), finish) as partial,
        VideoWriter(partial, metadata, crf) as writer,
        Sound(sound_from, writer) as sound,
    ):
        for frame in frames:
            shape = shape or np.shape(frame)
            _check_frame(frame, shape)
            sound.advance(float(count / rate))
            writer.write(frame, count, 1 / rate, rate, "ITU601")
            count += 1
        if not count:
            raise ValueError("A video needs at least one frame. Received: none")
        sound.advance(float(count / rate))
    return count


def _target_path(path):
    path = pathlib.Path(path)
    if path.suffix.lower() != ".mp4":
        raise ValueError(
            "Videos are written as mp4 files; the name should end in .mp4. "
            f"Received: {path.name!r}"
        )
    return path


def _check_frame(frame, shape):
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
        crf: int, see `edit_video`.
        kind: str, of container; `"nut"` keeps the ticks of every clock,
            `"matroska"` can be read however early the writing breaks off.
    """

    def __init__(self, path, metadata, crf, kind="mp4"):
        self.container = av.open(
            str(path), "w", format=kind, options=WRITTEN_CONTAINERS[kind]
        )
        self.container.metadata.update(metadata or {})
        self.crf = crf
        self.stream = None
        self.sound = None

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
                self.sound.start()
        picture.pts, picture.time_base = ticks, time_base
        self.container.mux(self.stream.encode(picture))


def _to_planes(picture, matrix):
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        edges = ((0, height % 2), (0, width % 2), (0, 0))
        picture = np.pad(picture, edges, mode="edge")
    return av.VideoFrame.from_ndarray(
        np.ascontiguousarray(picture), format="rgb24"
    ).reformat(
        format="yuv420p", dst_colorspace=matrix, interpolation=EXACT_COLOUR
    )


class Sound:
    """Sound of a file, handed to a writer bit by bit as its time comes.

    Args:
        path: str or path, or `None` for silence.
        writer: `VideoWriter`, which gets to know it as `writer.sound`.
    """

    def __init__(self, path, writer):
        self.container = None
        self.writer = writer
        self.packets = iter(())
        self.waiting = None
        self.encoder = None
        if path is not None:
            self.container = _open_container(existing_file(path))
        if self.container is not None and _sounds(self.container):
            self.source = _sounds(self.container)[0]
            self.begin = self._video_start()
            writer.sound = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.container is not None:
            self.container.close()

    def _video_start(self):
        """The pictures' first time, which becomes zero in the result."""
        for video in self.container.streams.video:
            if video.start_time is not None:
                return float(video.start_time * video.time_base)
        return 0.0

    def start(self):
        """Open the sound's stream; the writer calls it beside its own."""
        output = self.writer.container
        if self.source.codec_context.name in MP4_SOUND:
            self.target = output.add_stream_from_template(self.source)
        else:
            context = self.source.codec_context
            self.target = output.add_stream("aac", rate=context.sample_rate)
            # raw sound often says how many channels, not which
            channels = context.layout.nb_channels
            self.target.layout = "mono" if channels == 1 else "stereo"
            self.encoder = self.target
        self.packets = self._read()

    def _read(self):
        """Packets for the result with their times in seconds."""
        shift = round(self.begin / self.source.time_base)
        try:
            if self.encoder is not None:
                yield from self._encode(shift)
                return
            for packet in self.container.demux(self.source):
                if packet.dts is None:
                    continue
                packet.pts -= shift
                packet.dts -= shift
                time = float(packet.pts * packet.time_base)
                packet.stream = self.target
                yield time, packet
        except av.error.FFmpegError:
            return  # a file cut short: its pictures end here as well

    def _encode(self, shift):
        for frame in self.container.decode(self.source):
            if frame.pts is not None:
                frame.pts -= shift
            time = frame.time or 0.0
            for packet in self.encoder.encode(frame):
                yield time, packet
        for packet in self.encoder.encode(None):
            yield 0.0, packet

    def advance(self, until):
        """Write the sound up to a time in seconds (`None`: all of it)."""
        if self.writer.sound is not self or self.writer.stream is None:
            return
        while True:
            self.waiting = self.waiting or next(self.packets, None)
            if self.waiting is None:
                return
            time, packet = self.waiting
            if until is not None and time > until:
                return
            self.writer.container.mux(packet)
            self.waiting = None
