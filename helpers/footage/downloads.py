"""Photos, videos and zips behind addresses into a person's folder."""

import hashlib
import os
import pathlib
import re
import urllib.parse

from PIL import Image

from helpers.files import fetching
from helpers.footage import footage_folder, footage_log, footage_zip, media

LARGEST = 4 * 2**30  # bytes of a file
MOST_ADDRESSES = 10_000
LONGEST_LIST = 2**22  # bytes of a text file of addresses
# text that a server sends in place of a file: a page, an error, a script
TEXT = re.compile(r"text/|application/(json|xml|xhtml|javascript)", re.I)
PHOTO_FORMATS = {
    ending: Image.registered_extensions()[ending]
    for ending in media.PHOTO_ENDINGS
}
# how videos begin, and the endings that they may have; the first if in doubt
VIDEO_BEGINNINGS = {
    rb"....(ftyp|moov|mdat|wide|free)": [".mp4", ".mov", ".m4v", ".3gp"],
    rb"\x1aE\xdf\xa3": [".mkv", ".webm"],
    rb"RIFF....AVI ": [".avi"],
    rb"FLV": [".flv"],
    rb"OggS": [".ogv"],
    rb"\x30\x26\xb2\x75": [".wmv"],
    rb"\x00\x00\x01\xba": [".mpg", ".mpeg"],
    rb"G.{187}G": [".ts", ".mts", ".m2ts"],
    rb".{4}G.{191}G": [".m2ts", ".mts", ".ts"],
}


def fetch_list(addresses, folder, largest=LARGEST, progress=None):
    """Fetch photos, videos and zips of them into a person's folder.

    What an earlier call fetched is not fetched again, and what broke off goes
    on. An address that leads nowhere, to something else or to too much never
    stops the rest. Only https:// is allowed, but on this machine.

    Args:
        addresses: sequence of str, or the path of a text file with one a
            line; what follows a # that begins a line or a word is a comment.
        folder: str or path of the person's footage, made if need be.
        largest: int. Bytes that a file may have.
        progress: `None`, or a function called as `progress(done, total)` with
            numbers of addresses.

    Returns:
        dict from address to what happened, in words.

    Raises:
        FileNotFoundError: if there is no such text file.
        ValueError: if it is none, or too long.
        TimeoutError: if another run fetches into this folder.
        OSError: if the disk is full or cannot be written.
    """
    addresses = list(dict.fromkeys(_addresses(addresses)))
    if len(addresses) > MOST_ADDRESSES:
        raise ValueError(
            f"A list has at most {MOST_ADDRESSES} addresses. "
            f"Received: {len(addresses)}. Split it."
        )
    happened = {}
    with footage_folder.locked(folder, "fetching", seconds=0) as folder:
        known = {}
        for entry in footage_log.read_log(folder):
            known.setdefault(entry.get("origin"), {}).update(entry["files"])
        for done, address in enumerate(addresses, start=1):
            names = known.get(address, {})
            if names and all((folder / name).is_file() for name in names):
                happened[address] = "there already"
            else:
                happened[address] = _fetch(address, folder, largest)
            if progress is not None:
                progress(done, len(addresses))
    return happened


def _addresses(given):
    """Addresses of a list, or of a text file."""
    if not isinstance(given, (str, os.PathLike)):
        return [str(address).strip() for address in given]
    if "://" in str(given):
        return [str(given).strip()]
    path = pathlib.Path(given)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no list of addresses at {path}. Write a text file with "
            "one a line."
        )
    if path.stat().st_size > LONGEST_LIST:
        raise ValueError(
            f"A list of addresses has at most {LONGEST_LIST} bytes. Received: "
            f"{path} of {path.stat().st_size}. Split it."
        )
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} should be a text file in UTF-8, one address a line. "
            f"Received: {error}. Save it anew as UTF-8."
        ) from error
    # a # within an address is a part of it
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in lines]
    return [line for line in lines if line]


def _fetch(address, folder, largest):
    code = hashlib.sha256(address.encode(errors="replace")).hexdigest()[:16]
    partial = folder / f".{code}.download"
    try:
        if not fetching.is_safe(address):
            raise ValueError(
                "An address begins with https://, or with http:// on this "
                "machine: else anybody on the way could change what comes. "
                "Ask for one that does, or fetch the file by hand."
            )
        fetching.download(_quoted(address), partial, largest, _check_headers)
        return _keep(partial, address, folder)
    except ConnectionError as error:
        return f"left out: {error}"  # what came of it is kept
    except ValueError as error:
        partial.unlink(missing_ok=True)
        return f"left out: {error}".replace(partial.name, "what came")


def _quoted(address):
    """An address of any alphabet in the letters that servers know."""
    parts = urllib.parse.urlsplit(address)
    known = "%/:=&?~+!$,;'@()*[]"
    return urllib.parse.urlunsplit(
        (
            parts.scheme,
            parts.netloc.encode("idna").decode(),
            urllib.parse.quote(parts.path, known),
            urllib.parse.quote(parts.query, known),
            "",
        )
    )


def _check_headers(headers):
    kind = headers.get("Content-Type", "")
    if TEXT.match(kind):
        raise ValueError(
            "An address should lead to a photo, a video or a zip. Received: "
            f"text ({kind}), as a page is. Open it in a browser and copy the "
            "address of the file itself."
        )


def _keep(partial, address, folder):
    """Give what was fetched its name and place, or say what it is instead."""
    endings = _endings(partial)
    if endings == [".zip"]:
        happened = footage_zip.unpack_zip(partial, folder, origin=address)
        partial.unlink()
        foreign = sum(w.startswith("passed") for w in happened.values())
        return f"a zip of {len(happened)} files, {foreign} passed over"
    parts = urllib.parse.urlsplit(address)
    name = urllib.parse.unquote(parts.path).rpartition("/")[2]
    stem, ending = os.path.splitext(footage_folder.safe_name(name, "fetched"))
    if ending.lower() not in endings:
        ending = endings[0]
    name = footage_folder.safe_name(f"{stem}{ending}")
    with footage_folder.locked(folder):
        placed, word = footage_folder.place_files({name: partial}, folder)[name]
        footage_log.note_source(folder, "address", address, [placed])
    return word if word.startswith("there") else f"taken as {placed}"


def _endings(path):
    """Endings that a file of this content may have."""
    with open(path, "rb") as file:
        start = file.read(256)
    if start.startswith(b"PK\3\4"):
        return [".zip"]
    try:
        with Image.open(path, formats=list(PHOTO_FORMATS.values())) as photo:
            endings = [e for e, f in PHOTO_FORMATS.items() if f == photo.format]
        # what cameras call it first: .jpg before .jfif
        return sorted(endings, key=lambda ending: ending != ".jpg")
    except media.PHOTO_ERRORS as error:
        received = error
    for beginning, endings in VIDEO_BEGINNINGS.items():
        if re.match(beginning, start, re.DOTALL):
            media.probe_video(path)  # says what is wrong with it
            return endings
    raise ValueError(
        "An address should lead to a photo, a video or a zip. Received: "
        f"{path.stat().st_size} bytes that are none ({received}). Open it in "
        "a browser and see what comes."
    )
