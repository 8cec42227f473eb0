"""Provenance: a generated picture or video in, one that says so out."""

import datetime
import functools
import json
import pathlib
import xml.sax.saxutils

from helpers.files import manifests
from helpers.footage import media
from helpers.swap.marks import credentials, picture_marks, signing
from helpers.swap.marks.label import draw_label
from helpers.swap.marks.picture_marks import MARKED_PICTURES

GENERATOR = signing.NAME

# IPTC's word for a real picture, part of which a trained model has made
SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/"
    "compositeWithTrainedAlgorithmicMedia"
)


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


def write_picture(path, image, mark, visible=False, original=None):
    """Write a picture with its mark, signed, in one step.

    Args:
        path: str or path of the .png, .jpg or .gif file to write. A GIF has
            256 colours.
        image: uint8 array, shape `(height, width, 3)`, RGB.
        mark: dict from `build_mark`.
        visible: bool. Whether to draw the label first.
        original: see `credentials.sign_file`.

    Raises:
        ValueError: if the file ending is unknown.
        OSError: if there can be no key to sign with, see
            `credentials.sign_file`.
    """
    ending = pathlib.Path(path).suffix.lower()
    if ending not in MARKED_PICTURES:
        raise ValueError(
            f"Pictures are written as {', '.join(MARKED_PICTURES)}. "
            f"Received: path={str(path)!r}"
        )
    image = draw_label(image) if visible else image
    # no moment at which the file is there without its mark and signature
    with manifests.atomic_path(path) as partial:
        media.write_image(partial, image)
        add_mark(partial, mark)
        credentials.sign_file(partial, mark, original)


def write_animation(path, frames, seconds, mark, original=None):
    """Write a GIF that moves with its mark, signed, in one step.

    Args:
        path: str or path of the .gif file to write.
        frames: see `media.write_animation`, as is `seconds`.
        seconds: float or list of float.
        mark: dict from `build_mark`.
        original: see `credentials.sign_file`.

    Raises:
        ValueError: see `media.write_animation`.
        OSError: see `write_picture`.
    """
    with manifests.atomic_path(path) as partial:
        media.write_animation(partial, frames, seconds)
        add_mark(partial, mark)
        credentials.sign_file(partial, mark, original)


def video_mark(mark, original=None):
    """How a video gets its mark and signature while it is written.

    Args:
        mark: dict from `build_mark`.
        original: see `credentials.sign_file`.

    Returns:
        dict: `metadata` and `finish` of `media.map_video` and
        `media.write_video`.
    """
    return {
        "metadata": {"comment": mark_text(mark)},
        "finish": functools.partial(
            credentials.sign_file, mark=mark, original=original
        ),
    }


def add_mark(path, mark):
    """Write the mark into a picture file.

    The JSON goes into the comment (PNG iTXt, JPEG COM, GIF comment); the IPTC
    digital source type also goes into an XMP packet, where photo tools and
    platforms look for it. Pixels are not touched. Be clear about what this is
    worth: most platforms strip metadata on upload, and anybody can remove it. A
    video's mark is its `comment` tag, see `video_mark`. A mark is not signed,
    and adding it breaks a signature: `credentials.sign_file` comes last.

    Args:
        path: str or path of a .png, .jpg or .gif file, which is replaced in
            one step.
        mark: dict from `build_mark`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no PNG, JPEG or GIF, whatever its name says.
    """
    picture_marks.write_texts(path, mark_text(mark), _xmp_packet(mark))


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
