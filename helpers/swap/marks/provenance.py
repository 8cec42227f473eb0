"""Provenance: a generated picture or video in, one that says so out."""

import datetime
import functools
import io
import json
import os
import pathlib
import struct
import xml.sax.saxutils
import zlib

import av
import cv2
import numpy as np
from PIL import Image

from helpers.files import manifests
from helpers.footage import media
from helpers.swap.marks import credentials, signing

GENERATOR = signing.NAME

# IPTC's word for a real picture, part of which a trained model has made
SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/"
    "compositeWithTrainedAlgorithmicMedia"
)

# from the fullest to the shortest; the longest that fits is drawn
LABELS = (
    "face swapped - synthetic media",
    "synthetic media",
    "synthetic",
    "AI",
)
MIN_TEXT_HEIGHT = 7  # pixels of a capital letter, still legible

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
GIF_STARTS = (b"GIF87a", b"GIF89a")
KEYWORD = b"Comment"
XMP_KEYWORD = b"XML:com.adobe.xmp"
XMP_START = b"http://ns.adobe.com/xap/1.0/\x00"

PICTURES = (".png", ".jpg", ".jpeg", ".gif")
VIDEOS = (".mp4", ".mov", ".m4v")


def build_mark(source_identity, **details):
    """What a result says about itself, for machines.

    Args:
        source_identity: name of the identity whose face appears.
        **details: further entries that JSON can hold, for example
            `visible_label=True`.

    Returns:
        dict with the keys `generator`, `digital_source_type`,
        `source_identity`, `made_at` (UTC) and those of `details`.
    """
    now = datetime.datetime.now(datetime.UTC)
    return {
        "generator": GENERATOR,
        "digital_source_type": SOURCE_TYPE,
        "source_identity": str(source_identity),
        "made_at": now.isoformat(timespec="seconds"),
        **details,
    }


def mark_text(mark):
    """The mark as one line of JSON: the comment of a picture or video.

    Args:
        mark: dict from `build_mark`.

    Returns:
        str of ASCII characters, because containers differ in encodings.
    """
    return json.dumps(mark, ensure_ascii=True)


def draw_label(image, text=None):
    """A copy of the image with a small visible label, bottom left.

    The label is what still tells a viewer when the metadata is gone. Its text
    gets shorter as the image gets smaller, so that it stays legible.

    Args:
        image: uint8 array, shape `(height, width, 3)`, RGB.
        text: str or `None`, for the longest text of `LABELS` that fits.

    Returns:
        uint8 array, shape `(height, width, 3)`.

    Raises:
        ValueError: if the image is of another type or shape.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            "An image is a uint8 array of shape (height, width, 3). "
            f"Received: {image.dtype} {image.shape}"
        )
    top, bottom, letters = _label_letters(*image.shape[:2], text)
    labelled = image.copy()
    plate = labelled[top:bottom, : letters.shape[1]]
    plate[:] = _draw_letters(plate, letters)
    return labelled


def label_picture(picture):
    """Draw the same label into a picture of a video, in place.

    Args:
        picture: `media.VideoPicture`.
    """
    height, width, _ = picture.shape
    top, bottom, letters = _label_letters(height, width, None)
    plate = picture.read(0, top, letters.shape[1], bottom)
    picture.write(0, top, _draw_letters(plate, letters))


def label_corner(height, width):
    """Where the label ends that is drawn at the bottom left of a frame.

    Args:
        height: int, of the frame in pixels.
        width: int, likewise.

    Returns:
        tuple `(top, right)` in pixels.
    """
    top, _, letters = _label_letters(height, width, None)
    return top, letters.shape[1]


def _draw_letters(plate, letters):
    # half-transparent black, with white letters nearly opaque
    dark = plate * np.float32(0.4)
    drawn = np.rint(dark + letters[..., None] * (0.9 * (255 - dark)))
    return drawn.astype(np.uint8)


@functools.lru_cache(maxsize=8)
def _label_letters(height, width, text):
    """Rows of the plate and its letters, float32 `(height, width)`, 0-1."""
    font = cv2.FONT_HERSHEY_SIMPLEX
    wanted = max(MIN_TEXT_HEIGHT, round(min(height, width) * 0.022))
    choices = LABELS if text is None else (text,)
    for choice in choices:
        # Hershey capitals are 21 or 22 units high at scale 1
        scale = wanted / 21.5
        (wide, high), below = cv2.getTextSize(choice, font, scale, 1)
        if wide + high <= width:
            break
    else:
        scale *= max(width - high, 1) / wide  # no room: smaller letters
        (wide, high), below = cv2.getTextSize(choice, font, scale, 1)
    margin = max(2, high // 2)
    plate = np.zeros((high + below + 2 * margin, wide + 2 * margin), np.uint8)
    thickness = max(1, round(scale * 1.4))
    origin = (margin, margin + high)
    cv2.putText(plate, choice, origin, font, scale, 255, thickness, cv2.LINE_AA)
    plate = plate[-height:, :width].astype(np.float32) / 255
    return height - len(plate), height, plate


def write_picture(path, image, mark, visible=False, original=None):
    """Write a picture with its mark, signed, in one step.

    Args:
        path: str or path of the .png, .jpg or .gif file to write. A GIF has
            256 colours.
        image: uint8 array, shape `(height, width, 3)`, RGB.
        mark: dict from `build_mark`.
        visible: bool. Whether to draw the label first.
        original: see `credentials.sign`.

    Raises:
        ValueError: if the file ending is unknown.
        OSError: if there can be no key to sign with, see `credentials.sign`.
    """
    ending = pathlib.Path(path).suffix.lower()
    if ending not in PICTURES:
        raise ValueError(
            f"Pictures are written as {', '.join(PICTURES)}. "
            f"Received: path={str(path)!r}"
        )
    image = draw_label(image) if visible else image
    # no moment at which the file is there without its mark and signature
    with manifests.atomic_path(path) as partial:
        media.write_image(partial, image)
        add_mark(partial, mark)
        credentials.sign(partial, mark, original)


def video_mark(mark, original=None):
    """How a video gets its mark and signature while it is written.

    Args:
        mark: dict from `build_mark`.
        original: see `credentials.sign`.

    Returns:
        dict: `metadata` and `finish` of `media.map_video` and
        `media.write_video`.
    """
    return {
        "metadata": {"comment": mark_text(mark)},
        "finish": functools.partial(
            credentials.sign, mark=mark, original=original
        ),
    }


def add_mark(path, mark):
    """Write the mark into a picture file.

    The JSON goes into the comment (PNG iTXt, JPEG COM, GIF comment); the IPTC
    digital source type also goes into an XMP packet, where photo tools and
    platforms look for it. Pixels are not touched. Be clear about what this is
    worth: most platforms strip metadata on upload, and anybody can remove it.
    A video's mark is its `comment` tag, see `video_mark`. A mark is not
    signed, and adding it breaks a signature: `credentials.sign` comes last.

    Args:
        path: str or path of a .png, .jpg or .gif file, which is replaced in
            one step.
        mark: dict from `build_mark`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no PNG, JPEG or GIF, whatever its name says.
    """
    content = _read_bytes(path)
    text = mark_text(mark).encode("ascii")
    packet = _xmp_packet(mark).encode("utf-8")
    if content.startswith(PNG_START):
        # the header, IHDR, is always the first chunk: 8 + 25 bytes
        chunks = _png_text(KEYWORD, text) + _png_text(XMP_KEYWORD, packet)
        marked = content[:33] + chunks + content[33:]
    elif content.startswith(JPEG_START):
        comment = _jpeg_segment(0xFE, text)
        xmp = _jpeg_segment(0xE1, XMP_START + packet)
        # after APP0 and its like, which want to come first
        place = _jpeg_segments(content, path)[1]
        marked = content[:place] + xmp + comment + content[place:]
    elif content.startswith(GIF_STARTS):
        extensions = _gif_comment(text) + _gif_xmp(packet)
        place = _gif_place(content)
        # extensions came with version 89a
        start = GIF_STARTS[1] + content[6:place]
        marked = start + extensions + content[place:]
    else:
        raise ValueError(
            "Marks are written into PNG, JPEG and GIF files. "
            f"Received: path={str(path)!r}, which is none of them inside"
        )
    with manifests.atomic_path(path) as partial:
        partial.write_bytes(marked)


def read_mark(path):
    """The mark that a file carries.

    No mark does not mean that nothing was generated: most platforms strip
    metadata.

    Args:
        path: str or path of a .png, .jpg, .gif, .mp4 or .mov file.

    Returns:
        dict as from `build_mark`, or `None` if there is no mark of ours.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is of another kind or damaged.
    """
    ending = pathlib.Path(path).suffix.lower()
    if ending not in PICTURES + VIDEOS:
        raise ValueError(
            f"Marks are read from {', '.join(PICTURES + VIDEOS)}. "
            f"Received: path={str(path)!r}"
        )
    if ending in VIDEOS:
        comments = _video_comments(path)
    else:
        content = _read_bytes(path)
        if content.startswith(PNG_START):
            comments = _png_comments(content, path)
        elif content.startswith(JPEG_START):
            comments = _jpeg_segments(content, path)[0]
        elif content.startswith(GIF_STARTS):
            comments = _gif_comments(content, path)
        else:
            raise ValueError(
                "This should be a PNG, JPEG or GIF picture. "
                f"Received: path={str(path)!r}, which is none of them inside"
            )
    for comment in comments:
        try:
            mark = json.loads(comment)
        except ValueError:
            continue  # somebody else's comment
        if isinstance(mark, dict) and mark.get("generator") == GENERATOR:
            return mark
    return None


def read(path):
    """What a file says about itself, and whether that can be believed.

    Args:
        path: str or path of a .png, .jpg, .gif, .mp4 or .mov file.

    Returns:
        dict with `mark`, from `read_mark()`, and what `credentials.read()`
        gives: whether there are Content Credentials, who signed them, and
        whether the file was altered since.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is of another kind or damaged.
    """
    return {"mark": read_mark(path), **credentials.read(path)}


def _read_bytes(path):
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"There is no file {path}. Give the path of a written result."
        )
    return pathlib.Path(path).read_bytes()


def _video_comments(path):
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"There is no file {path}. Give the path of a written result."
        )
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            return [container.metadata.get("comment", "")]
    except av.FFmpegError as error:
        raise ValueError(
            f"This should be a readable video ({error}). "
            f"Received: path={str(path)!r}"
        ) from error


def _xmp_packet(mark):
    escape = xml.sax.saxutils.escape
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        "<rdf:RDF"
        ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
        "<Iptc4xmpExt:DigitalSourceType>"
        f"{escape(mark['digital_source_type'])}"
        "</Iptc4xmpExt:DigitalSourceType>"
        f"<xmp:CreatorTool>{escape(mark['generator'])}</xmp:CreatorTool>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )


def _png_text(keyword, text):
    # keyword, end, not compressed, method, no language, no translation
    body = b"iTXt" + keyword + b"\x00\x00\x00\x00\x00" + text
    head, tail = len(body) - 4, zlib.crc32(body)
    return struct.pack(">I", head) + body + struct.pack(">I", tail)


def _png_comments(content, path):
    comments, place = [], len(PNG_START)
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        if kind == b"iTXt":
            body = content[place + 8 : place + 8 + length]
            # the text follows the keyword, two flags and two empty words
            if body.startswith(KEYWORD + bytes(5)):
                comments.append(
                    body[len(KEYWORD) + 5 :].decode("utf-8", "replace")
                )
        if kind == b"IEND":
            return comments
        place += 12 + length
    raise ValueError(f"This PNG ends too early. Received: path={str(path)!r}")


def _jpeg_segment(kind, body):
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def _jpeg_segments(content, path):
    """Comments of a JPEG, and the place after its application segments."""
    comments, place, after = [], 2, 2
    while place + 4 <= len(content):
        start, kind, length = struct.unpack_from(">BBH", content, place)
        if start != 0xFF:
            break
        if kind == 0xDA:  # the picture itself begins
            return comments, after
        body = content[place + 4 : place + 2 + length]
        place += 2 + length
        if kind == 0xFE:
            comments.append(body.decode("utf-8", errors="replace"))
        if 0xE0 <= kind <= 0xEF:
            after = place
    raise ValueError(f"This JPEG is damaged. Received: path={str(path)!r}")


def _gif_place(content):
    """Where extensions may begin: after header, size and colour table."""
    flags = content[10] if len(content) > 10 else 0
    has_table, size = flags >= 0x80, 2 ** (flags % 8 + 1)
    return 13 + (3 * size if has_table else 0)


def _gif_comment(text):
    pieces = [text[k : k + 255] for k in range(0, len(text), 255)]
    blocks = b"".join(bytes([len(piece)]) + piece for piece in pieces)
    return b"\x21\xfe" + blocks + b"\x00"


def _gif_xmp(packet):
    # The packet is not cut into blocks. Who reads its letters as lengths of
    # blocks lands in the falling row of numbers, which leads to the end.
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    return b"\x21\xff\x0bXMP DataXMP" + packet + trailer


def _gif_comments(content, path):
    try:
        with Image.open(io.BytesIO(content)) as picture:
            comment = picture.info.get("comment", b"")
    except media.PHOTO_ERRORS as error:
        raise ValueError(
            f"This GIF is damaged ({error}). Received: path={str(path)!r}"
        ) from error
    # several comments come as lines of one
    return comment.decode("utf-8", errors="replace").split("\n")
