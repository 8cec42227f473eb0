"""Names of identities, in any alphabet, that every disk can have as folders."""

import hashlib
import os
import pathlib
import re
import unicodedata

LONGEST = 255  # bytes of a name, on nearly all disks
# files beside a folder add to its name
MOST_BYTES = 200
# Windows takes these for devices, whatever stands after their first dot
RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.IGNORECASE
)
FORBIDDEN = '/\\:*?"<>|'
# join letters of some alphabets and parts of emoji; all else that is not to be
# seen could hide one name behind another
JOINERS = "\u200c\u200d"


def check_name(identity):
    """Stop if a name cannot be an identity's.

    Args:
        identity: anything.

    Raises:
        ValueError: if it is no name that a folder can have on every disk.
    """
    wrong = why_no_name(identity)
    if wrong is not None:
        raise ValueError(
            "An identity is a name that a folder can have: letters of any "
            "alphabet, digits, spaces, signs but "
            + " ".join(FORBIDDEN)
            + ", not "
            f"beginning with . - or a space. Received: {identity!r:.300}, "
            f"{wrong}. Rename its folder."
        )


def why_no_name(identity):
    """What is wrong with an identity's name.

    Args:
        identity: anything.

    Returns:
        str, or `None` if nothing is.
    """
    if not isinstance(identity, str) or not identity:
        return "which is no text"
    try:
        size = len(identity.encode("utf-8"))
    except UnicodeEncodeError:
        return "which is no text that can be written"
    if size > MOST_BYTES:
        return f"which has {size} bytes, more than {MOST_BYTES}"
    for letter in identity:
        if is_forbidden(letter):
            return f"which holds {letter!r}"
    if identity[0] in ".-_" or identity != identity.strip():
        return "which begins with a sign or with a space, or ends with one"
    if identity.endswith("."):
        return "which ends with a dot"
    if RESERVED.fullmatch(identity):
        return "which is a device on Windows"
    return None


def safe_stem(text, most_bytes=MOST_BYTES):
    """A name for a file that every disk takes, as near to a text as can be.

    Args:
        text: str.
        most_bytes: int. Longest name in bytes of UTF-8, cut at its end.

    Returns:
        str: what no name may hold is `_`; never empty, never a device.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = "".join("_" if is_forbidden(each) else each for each in text)
    text = text.encode("utf-8")[:most_bytes].decode("utf-8", "ignore")
    text = text.lstrip(".- ").rstrip(". ")
    return f"_{text}" if not text or RESERVED.fullmatch(text) else text


def longer_name(name, added):
    """A name with something behind it, still one that a disk takes.

    Args:
        name: str.
        added: str, such as `".part.png"`.

    Returns:
        str. If both are too long together, the name is cut at its end; a few
        letters of its hash keep it from others that begin alike.
    """
    if len(os.fsencode(name + added)) <= LONGEST:
        return name + added
    token = "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:8]
    room = LONGEST - len(os.fsencode(token + added))
    short = os.fsencode(name)[:room].decode("utf-8", "ignore")
    return f"{short}{token}{added}"


def path_on_disk(path):
    """A path as its folders and its file are called on the disk.

    An accented letter is one sign or two, a letter and its accent. Both look
    the same, macOS writes the latter, and other disks tell them apart.

    Args:
        path: str or path.

    Returns:
        pathlib.Path: that of what is called so but for how accents are
        written, where there is exactly one; else the path as it is.
    """
    path = pathlib.Path(path)
    if os.path.lexists(path) or path.parent == path:
        return path
    folder = path_on_disk(path.parent)
    wanted = unicodedata.normalize("NFC", path.name)
    try:
        names = os.listdir(folder)
    except OSError:
        return path
    same = [n for n in names if unicodedata.normalize("NFC", n) == wanted]
    return folder / same[0] if len(same) == 1 else path


def is_forbidden(letter):
    """Whether some system takes no name with this letter, or hides it.

    Args:
        letter: str of one character.

    Returns:
        bool.
    """
    # control characters, what is not to be seen, line breaks
    hidden = unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp")
    return letter in FORBIDDEN or (hidden and letter not in JOINERS)


def plain_name(name):
    """A name as disks compare it: no case, one way to write an accent.

    Args:
        name: str.

    Returns:
        str, the same for two names that are one folder on some disks.
    """
    return unicodedata.normalize("NFKC", name).casefold()


def check_apart(identities):
    """Stop if two names are one folder on some disks.

    Disks of Windows and macOS take large and small letters for the same, and
    macOS a letter with its accent for both in one.

    Args:
        identities: list of str.

    Raises:
        ValueError: if one is no name, or two are the same to some disks.
    """
    seen = {}
    for identity in identities:
        check_name(identity)
        plain = plain_name(identity)
        other = seen.setdefault(plain, identity)
        if other != identity:
            raise ValueError(
                "Names of identities should differ by more than large and "
                "small letters or how an accent is written. Received: "
                f"{other!r} and {identity!r}. Rename one."
            )


def check_identities(identities, person=None, least=2):
    """Stop if these are no identities that face sets can be made of.

    Args:
        identities: list of str, different names.
        person: dict from an identity to the groups of faces that are theirs,
            see `sorting.choosing.choose_faces`, or `None`.
        least: int. Fewest identities.

    Raises:
        ValueError: if there are too few, one twice, one that no folder can
            be called, or if `person` is about somebody else.
    """
    if isinstance(identities, str):
        raise ValueError(
            f"Identities should be a list of names. Received: {identities!r}. "
            f'Write IDENTITIES = ["{identities}", "..."].'
        )
    different = len(set(identities))
    if different < least or different < len(identities):
        raise ValueError(
            "A swap needs at least two different identities. "
            f"Received: {identities!r}. Give one folder of footage for each."
        )
    for identity in identities:
        check_name(identity)
    check_apart(identities)
    person = {} if person is None else person
    if not isinstance(person, dict) or not set(person) <= set(identities):
        raise ValueError(
            f"PERSON should be about {identities!r}, as in "
            f'{{"{list(identities)[0]}": [0, 3]}}. Received: {person!r}. Write '
            "the names as in IDENTITIES."
        )
