"""Listing: a folder in, its photos and videos out, and what is neither."""

import os
import pathlib
from collections import namedtuple

from helpers.files import fingerprints
from helpers.files.names import check_identities, path_on_disk
from helpers.footage import consent, footage_log, media
from helpers.footage.media import PHOTO_ENDINGS, VIDEO_ENDINGS, MediaError

# what lies beside footage and is none: a synthetic clip's truth, what the
# person agreed to, and where it all came from
SIDECAR_ENDINGS = (
    ".truth.json",
    ".masks.npz",
    consent.FILE,
    footage_log.FILE,
)


Footage = namedtuple("Footage", "folder files")
Footage.__doc__ = """One person's footage.

Args:
    folder: pathlib.Path.
    files: list of pathlib.Path. Its videos, then its photos.
"""


def find_footage(root, footage_folder, identities, person=None):
    """Everybody's footage, looked for before any work, and printed.

    Args:
        root: path that relative folders start from.
        footage_folder: str, a folder that holds one folder an identity; or
            dict from identity to a folder, wherever it is.
        identities: list of str.
        person: dict, see `names.check_identities`, or `None`.

    Returns:
        dict from identity to `Footage`.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if a name is no identity's or has no folder, if a folder
            holds no photo and no video, or if its `consent.toml` says too
            little.
    """
    check_identities(identities, person)
    everybody, unstated = {}, []
    for identity in identities:
        folder = folder_of(footage_folder, identity)
        folder = path_on_disk(pathlib.Path(root) / folder)
        photos, videos, _ = list_media(folder)
        everybody[identity] = Footage(folder, [*videos, *photos])
        stated = consent.read_consent(folder)["consent"]
        if stated == consent.NOT_STATED:
            unstated.append(identity)
            stated = f"not stated, there is no {folder / consent.FILE}"
        counts = f"photos {len(photos)}, videos {len(videos)}"
        print(f"{identity}: {counts}; consent: {stated}")
    if unstated:
        print("\n".join(consent.how_to_state(unstated[0])))
    files = {name: own.files for name, own in everybody.items()}
    for line in fingerprints.shared_files(files):
        print(line)
    return everybody


def folder_of(footage_folder, identity):
    """The folder of one person, see `find_footage`.

    Args:
        footage_folder: str, or dict from identity to str.
        identity: str.

    Returns:
        pathlib.Path, relative to the course's folder unless it is absolute.

    Raises:
        ValueError: if it is neither, or if it does not name the identity.
    """
    if isinstance(footage_folder, dict):
        own = footage_folder.get(identity)
        if isinstance(own, str | os.PathLike) and str(own):
            return pathlib.Path(own)
    elif isinstance(footage_folder, str | os.PathLike) and str(footage_folder):
        return pathlib.Path(footage_folder) / identity
    raise ValueError(
        "FOOTAGE_FOLDER should be a folder that holds one folder a person, as "
        f'in "data/footage", or name {identity}\'s, as in '
        f'{{"{identity}": "films/{identity}", ...}}. Received: '
        f"{footage_folder!r:.300}. Write the names as in IDENTITIES."
    )


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
    folder = path_on_disk(folder)
    if not folder.is_dir():
        raise FileNotFoundError(_no_folder(folder))
    pictures, videos, others = [], [], []
    for path in _walk(folder):
        if path.name.endswith(SIDECAR_ENDINGS):
            continue
        if why_no_footage(path) is not None:
            others.append(path)
        elif media.is_photo(path):
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


def shown_name(path):
    """A name as text that can be written, whatever bytes it has on the disk.

    Args:
        path: str or path.

    Returns:
        str.
    """
    text = pathlib.PurePath(path).as_posix()
    return text.encode("utf-8", "replace").decode("utf-8")


def _walk(folder):
    """All that lies below a folder and is no folder, in order, none hidden.

    A link to a folder is given, not followed: it may lead in a circle, or to
    the whole disk.
    """
    paths, closed = [], []
    for where, folders, names in os.walk(
        folder, onerror=lambda error: closed.append(error.filename)
    ):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if _is_link(where, name)]
        paths += [
            pathlib.Path(where, name)
            for name in [*names, *links]
            if not name.startswith(".")
        ]
    return sorted([*paths, *map(pathlib.Path, closed)])


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
