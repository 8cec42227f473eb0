"""Names of identities, in any alphabet, that every disk can have as folders."""

import re
import unicodedata

# a folder's name has at most 255 bytes, and files beside it add to theirs
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
