"""Photos: a picture file in, an upright array of 8-bit RGB out."""

import pathlib
import struct
import warnings
import zlib

import numpy as np
from PIL import Image

from helpers.footage.media import photo_colors
from helpers.footage.media.opening import (
    LARGEST_FRAME,
    MediaError,
    existing_file,
    size_of,
    words_of,
)
from helpers.footage.media.orientations import (
    ORIENTATIONS,
    SIDEWAYS,
    as_stored,
)

PHOTO_ENDINGS = ".bmp .gif .jfif .jpeg .jpg .png .ppm .tif .tiff .webp".split()
# formats of which a file may be a clip as well
MOVING = ("GIF", "PNG", "WEBP")

# A name's ending says nothing of the content, and Pillow has readers that
# start other programs (PostScript) or read what nobody photographs.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")

# 9000 x 9900 pixels: more is a bomb, or needs more memory than there may be
LARGEST_PHOTO = Image.MAX_IMAGE_PIXELS
# its decoder holds four copies at once
LARGEST_WEBP = LARGEST_PHOTO * 2 // 3

STRIP_PIXELS = 2**20  # are converted at once

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

# nobody can do anything about what Pillow warns of in the middle of a run;
# `photo_notes` says it with the photo's name
warnings.filterwarnings("ignore", module=r"PIL\.")


def read_photo(path):
    """Read a photo upright, as 8-bit RGB, whatever it is stored as.

    The camera's orientation mark is applied. Colours of another space than
    sRGB are converted to it, see `photo_colors`, as are grey, palette, CMYK
    and 16-bit pictures; what is transparent becomes white, the colour of
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
        with open_picture(path) as photo:
            photo.load()
            return upright_rgb(photo)
    except MediaError:
        raise
    except PHOTO_ERRORS as error:
        raise MediaError(why_unreadable(path, error)) from error


def photo_notes(path):
    """What is changed of a photo by reading it, in words.

    Args:
        path: str or path.

    Returns:
        list of str; empty for what cannot be read.
    """
    path = pathlib.Path(path)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with open_picture(path) as photo:
                notes = _notes(photo, path.suffix.lower())
    except PHOTO_ERRORS:
        return []  # its fault is reported when it is read
    said = [" ".join(str(each.message).split()) for each in warned]
    return notes + list(dict.fromkeys(said))


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
    _, color_note = photo_colors.way_to_srgb(photo)
    if color_note is not None:
        notes.append(color_note)
    if photo.has_transparency_data and _shows_through(photo):
        notes.append("what is transparent becomes white")
    if getattr(photo, "n_frames", 1) > 1 and kind == "TIFF":
        notes.append("of several pages the first is read")
    return notes


def _shows_through(photo):
    """Whether any pixel is transparent, not only may be."""
    photo.load()
    return any(
        strip.convert("RGBA").getchannel("A").getextrema()[0] < 255
        for _, strip in _strips(photo)
    )


def open_picture(path):
    """Open a photo or an animation that is no larger than it may be.

    Args:
        path: pathlib.Path.

    Returns:
        `PIL.Image.Image` whose pixels are not decoded yet. Closing it closes
        the file.

    Raises:
        MediaError: if it is too large.
        Exception: one of `PHOTO_ERRORS`, if it is broken or no picture.
    """
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


def why_unreadable(path, error):
    """What to say of a picture that Pillow cannot read.

    Args:
        path: pathlib.Path.
        error: Exception that Pillow raised.

    Returns:
        str.
    """
    return (
        f"{path.name} should be a photo. Received: {size_of(path)} bytes that "
        f"cannot be read ({words_of(error)}). Save it anew as JPEG or PNG, or "
        "take it out of the folder."
    )


def upright_rgb(photo):
    """A loaded photo as an upright array, filled strip by strip.

    A copy of 90 megapixels takes 350 MB, and each conversion makes one or
    two; of a strip they are nothing.

    Args:
        photo: `PIL.Image.Image`, loaded.

    Returns:
        uint8 array, shape `(height, width, 3)`, RGB.
    """
    width, height = photo.size
    mark = photo.getexif().get(0x0112, 1)
    shape = (width, height) if mark in SIDEWAYS else (height, width)
    upright = np.empty((*shape, 3), np.uint8)
    stored = as_stored(upright, mark)
    top = _highest(photo) if _is_deep(photo) else None
    to_srgb, _ = photo_colors.way_to_srgb(photo)
    for rows, strip in _strips(photo):
        stored[rows] = _to_rgb(strip, top, to_srgb)
    return upright


def _strips(photo):
    """The rows and the picture of each strip of a photo, from the top."""
    width, height = photo.size
    step = max(1, STRIP_PIXELS // width)
    for top in range(0, height, step):
        bottom = min(top + step, height)
        yield slice(top, bottom), photo.crop((0, top, width, bottom))


def _to_rgb(photo, top, to_srgb):
    """A strip in 8-bit sRGB, array; `to_srgb` is `None` where it is that."""
    if top is not None:
        grey = _to_grey(photo, top)
        return (
            grey[..., None]
            if to_srgb is None
            else to_srgb(Image.fromarray(grey))
        )
    alpha = None
    if photo.mode in ("RGBA", "LA", "PA", "La", "RGBa") or (
        "transparency" in photo.info
    ):
        photo = photo if photo.mode == "RGBA" else photo.convert("RGBA")
        alpha = photo.getchannel("A")
    if to_srgb is not None:
        photo = to_srgb(photo)
    if alpha is not None:
        page = Image.new("RGB", photo.size, "white")
        page.paste(photo, mask=alpha)
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
