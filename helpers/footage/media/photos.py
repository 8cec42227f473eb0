"""Photos: picture files in and out, upright, 8-bit RGB; and moving pictures."""

import io
import os
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

from helpers.files import manifests

PHOTO_ENDINGS = ".bmp .gif .jfif .jpeg .jpg .png .ppm .tif .tiff .webp".split()
# of these a file may be a clip as well
MOVING_ENDINGS = (".gif", ".png", ".webp")
MOVING = ("GIF", "PNG", "WEBP")

# A name's ending says nothing of the content, and Pillow has readers that
# start other programs (PostScript) or read what nobody photographs.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")

# 9000 x 9900 pixels: more is a bomb, or needs more memory than there may be
LARGEST_PHOTO = Image.MAX_IMAGE_PIXELS
# its decoder holds four copies at once
LARGEST_WEBP = LARGEST_PHOTO * 2 // 3
# 8K; each frame that waits for another takes its pixels times four of memory
LARGEST_FRAME = 8192 * 4608

# what EXIF's marks make of a picture
ORIENTATIONS = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "turned upside down and mirrored",
    5: "turned by 90 degrees and mirrored",
    6: "turned by 90 degrees",
    7: "turned by 270 degrees and mirrored",
    8: "turned by 270 degrees",
}

SIDEWAYS = (5, 6, 7, 8)  # of these, the marks that swap height and width

STRIP_PIXELS = 2**20  # are converted at once

# what players make of an animation's frame that is shown for no time
SHORTEST = 0.1

# what Pillow's readers raise on broken files
PHOTO_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class MediaError(ValueError):
    """A photo or a video cannot be read (further)."""


def existing_file(path):
    """Path of a file that is there and not empty.

    Args:
        path: str or path.

    Returns:
        pathlib.Path.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is empty, or may not be read.
    """
    path = pathlib.Path(path)
    if is_shut(path):
        raise MediaError(
            f"{path.name} should be a file that may be read. Received: no "
            "right to. Give yourself the right to read it and to open its "
            "folder."
        )
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"There is no file {path}. Check the name and the folder."
        )
    if not size_of(path):
        raise MediaError(
            f"{path.name} should be a photo or a video. Received: an empty "
            "file. Copy it again from where it came."
        )
    return path


def is_shut(path):
    """Whether something may not be read, or its folder not be entered."""
    if os.path.lexists(path):
        return os.path.exists(path) and not os.access(path, os.R_OK)
    folder = os.path.dirname(path) or "."
    return os.path.isdir(folder) and not os.access(folder, os.X_OK)


def size_of(path):
    """Bytes of a file; none, if it is gone meanwhile."""
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def read_photo(path):
    """Read a photo upright, as 8-bit RGB, whatever it is stored as.

    The camera's orientation mark is applied. Grey, palette, CMYK and 16-bit
    pictures are converted; what is transparent becomes white, the colour of
    the page that cut-out portraits are made for. Of an animation the first
    frame is read, of several pages the first.

    Args:
        path: str or path.

    Returns:
        uint8 array, shape `(height, width, 3)`, RGB.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is empty, broken, too large or no photo.
    """
    path = existing_file(path)
    try:
        with _open(path) as photo:
            photo.load()
            return _upright_rgb(photo)
    except MediaError:
        raise
    except PHOTO_ERRORS as error:
        raise MediaError(_unreadable(path, error)) from error


def photo_notes(path):
    """What is changed of a photo by reading it, in words.

    Args:
        path: str or path.

    Returns:
        list of str; empty for what cannot be read.
    """
    path = pathlib.Path(path)
    try:
        with Image.open(path, formats=FORMATS) as photo:
            return _notes(photo, path.suffix.lower())
    except PHOTO_ERRORS:
        return []  # its fault is reported when it is read


def _notes(photo, ending):
    notes = []
    named = Image.registered_extensions().get(ending)
    kind = "JPEG" if photo.format == "MPO" else photo.format
    if named != kind:
        notes.append(f"named {ending}, is {kind}")
    orientation = photo.getexif().get(0x0112, 1)
    if orientation in ORIENTATIONS:
        notes.append(f"{ORIENTATIONS[orientation]} as its EXIF mark says")
    if _is_deep(photo):
        notes.append("more than 8 bits become 8")
    if photo.mode == "CMYK":
        notes.append("CMYK becomes RGB")
    if photo.has_transparency_data:
        notes.append("what is transparent becomes white")
    if getattr(photo, "n_frames", 1) > 1 and kind == "TIFF":
        notes.append("of several pages the first is read")
    return notes


def _open(path):
    photo = Image.open(path, formats=FORMATS)
    kind, most, todo = "as photos may", LARGEST_PHOTO, "Save it smaller"
    if getattr(photo, "is_animated", False) and photo.format in MOVING:
        kind, most = "as moving pictures may", LARGEST_FRAME
    elif photo.format == "WEBP":
        kind, most = "as a WebP may", LARGEST_WEBP
        todo = "Save it as JPEG or smaller"
    width, height = photo.size
    if width * height > most:
        photo.close()
        raise MediaError(
            f"{path.name} should have at most {most // 10**6} megapixels, "
            f"{kind}. Received: {width} x {height} pixels. {todo}; a face "
            "needs no more than 1000 pixels."
        )
    return photo


def _unreadable(path, error):
    return (
        f"{path.name} should be a photo. Received: {size_of(path)} bytes that "
        f"cannot be read ({error}). Save it anew as JPEG or PNG, or take it "
        "out of the folder."
    )


def _upright_rgb(photo):
    """A loaded photo as an upright array, filled strip by strip.

    A copy of 90 megapixels takes 350 MB, and each conversion makes one or
    two; of a strip they are nothing.
    """
    width, height = photo.size
    mark = photo.getexif().get(0x0112, 1)
    shape = (width, height) if mark in SIDEWAYS else (height, width)
    upright = np.empty((*shape, 3), np.uint8)
    stored = _as_stored(upright, mark)
    top = _highest(photo) if _is_deep(photo) else None
    for rows, strip in _strips(photo):
        stored[rows] = _to_rgb(strip, top)
    return upright


def _as_stored(upright, mark):
    """A view of an upright picture in the order in which its file holds it."""
    if mark in SIDEWAYS:
        upright = upright.swapaxes(0, 1)
    if mark in (3, 4, 6, 7):
        upright = upright[::-1]
    if mark in (2, 3, 7, 8):
        upright = upright[:, ::-1]
    return upright


def _strips(photo):
    """The rows and the picture of each strip of a photo, from the top."""
    width, height = photo.size
    step = max(1, STRIP_PIXELS // width)
    for top in range(0, height, step):
        bottom = min(top + step, height)
        yield slice(top, bottom), photo.crop((0, top, width, bottom))


def _to_rgb(photo, top):
    if top is not None:
        return _to_grey(photo, top)[..., None]
    if photo.mode in ("RGBA", "LA", "PA", "La", "RGBa") or (
        "transparency" in photo.info
    ):
        photo = photo if photo.mode == "RGBA" else photo.convert("RGBA")
        page = Image.new("RGB", photo.size, "white")
        page.paste(photo, mask=photo.getchannel("A"))
        photo = page
    return np.asarray(photo if photo.mode == "RGB" else photo.convert("RGB"))


def _is_deep(photo):
    """Whether values have more than 8 bits; of colours Pillow keeps 8."""
    return photo.mode.startswith("I") or photo.mode == "F"


def _highest(photo):
    return max(_values(strip).max() for _, strip in _strips(photo))


def _values(photo):
    values = np.asarray(photo).astype(np.float32)
    # scientific pictures mark missing values with what is no number
    return np.nan_to_num(values, copy=False, nan=0, posinf=0, neginf=0)


def _to_grey(photo, top):
    """Values of more than 8 bits, at most `top`, as 8 bits."""
    values = _values(photo)
    if photo.mode == "F" and top <= 1:
        values *= 255  # 0-1 floats
    elif top > 2**16:
        values *= 255 / top
    elif top > 255:
        values /= 257  # 16 bits
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


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
        dict, see `media.probe_video`.

    Raises:
        MediaError: if it cannot be read.
    """
    path = existing_file(path)
    try:
        with _open(path) as photo:
            photo.load()  # before, a WebP does not say how long it is shown
            frames, seconds = photo.n_frames, _seconds(photo)
            width, height = photo.size
    except MediaError:
        raise
    except PHOTO_ERRORS as error:
        raise MediaError(_unreadable(path, error)) from error
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
        "notes": [],
    }


def read_moving(path):
    """Frames of an animated GIF, WebP or PNG one by one, as RGB.

    Args:
        path: str or path.

    Yields:
        Tuples `(index, time, frame)`, see `media.read_frames`.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no picture; or, after all frames that can be
            read, if it breaks off before its end.
    """
    path = existing_file(path)
    index, time = 0, 0.0
    try:
        with _open(path) as photo:
            while True:
                photo.load()
                frame = _upright_rgb(photo)
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
            raise MediaError(_unreadable(path, error)) from error
        raise MediaError(
            f"{path.name} breaks off: {index} frames were read, then {error}. "
            "Use what was read, or copy the file again from where it came."
        ) from error


def _seconds(photo):
    """For how long the frame that was just read is shown."""
    duration = photo.info.get("duration") or 0
    return duration / 1000 if 0 < duration < 10**6 else SHORTEST


def encode_image(image, ending, quality=95):
    """Bytes of a picture file.

    Args:
        image: uint8 array, shape `(height, width, 3)`, RGB, or
            `(height, width)`, grey.
        ending: str, `".jpg"`, `".png"`, `".webp"` or another ending that
            Pillow writes.
        quality: int, 1-100, for formats that lose. From 90 on JPEG keeps the
            colours at full resolution (4:4:4).

    Returns:
        bytes.

    Raises:
        ValueError: if the image has another dtype or shape, or if the ending
            is unknown.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(
            "An image is uint8, of shape (height, width, 3) or (height, "
            f"width). Received: {image.dtype}, shape {image.shape}"
        )
    ending = ending.lower()
    image_format = Image.registered_extensions().get(ending)
    if image_format is None:
        raise ValueError(
            "A picture's name should end in .jpg, .png or .webp. "
            f"Received: {ending!r}"
        )
    options = {}
    if image_format in ("JPEG", "WEBP"):
        options["quality"] = quality
    if image_format == "JPEG" and quality >= 90:
        options["subsampling"] = 0
    content = io.BytesIO()
    Image.fromarray(image).save(content, image_format, **options)
    return content.getvalue()


def write_image(path, image, quality=95):
    """Write a picture in one step, in the format that its name says.

    Args:
        path: str or path; its ending says the format.
        image: see `encode_image`.
        quality: see `encode_image`.

    Raises:
        ValueError: see `encode_image`.
    """
    content = encode_image(image, pathlib.Path(path).suffix, quality)
    with manifests.atomic_path(path) as partial:
        partial.write_bytes(content)
