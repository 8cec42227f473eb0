"""Picture marks: a picture file and a mark's texts in, both in one file out.

The texts stand where other programs look for them: a comment and an XMP packet
of a PNG, JPEG or GIF. Pixels are not touched.
"""

import io
import os
import pathlib
import struct
import zlib

from PIL import Image

from helpers.files import manifests
from helpers.footage import media

# endings of the files that a mark can be written into
MARKED_PICTURES = (".png", ".jpg", ".jpeg", ".gif")

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
GIF_STARTS = (b"GIF87a", b"GIF89a")
KEYWORD = b"Comment"
XMP_KEYWORD = b"XML:com.adobe.xmp"
XMP_START = b"http://ns.adobe.com/xap/1.0/\x00"


def write_texts(path, comment, packet):
    """Write a comment and an XMP packet into a picture file.

    They come before those that are there already.

    Args:
        path: str or path of a .png, .jpg or .gif file, which is replaced in
            one step.
        comment: str of ASCII characters.
        packet: str, XML.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no PNG, JPEG or GIF, whatever its name says.
    """
    content = _read_bytes(path)
    text = comment.encode("ascii")
    packet = packet.encode("utf-8")
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


def read_comments(path):
    """The comments of a picture file, anybody's.

    Args:
        path: str or path of a .png, .jpg or .gif file.

    Returns:
        list of str.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no PNG, JPEG or GIF, whatever its name says, or
            is damaged.
    """
    content = _read_bytes(path)
    if content.startswith(PNG_START):
        return _png_comments(content, path)
    if content.startswith(JPEG_START):
        return _jpeg_segments(content, path)[0]
    if content.startswith(GIF_STARTS):
        return _gif_comments(content, path)
    raise ValueError(
        "This should be a PNG, JPEG or GIF picture. "
        f"Received: path={str(path)!r}, which is none of them inside"
    )


def _read_bytes(path):
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"There is no file {path}. Give the path of a written result."
        )
    return pathlib.Path(path).read_bytes()


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
