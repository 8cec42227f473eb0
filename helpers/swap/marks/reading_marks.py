"""Reading marks: a file in, what it says of itself out."""

import json
import os
import pathlib

import av

from helpers.footage.media.opening import words_of
from helpers.swap.marks import credentials, picture_marks
from helpers.swap.marks.picture_marks import MARKED_PICTURES
from helpers.swap.marks.provenance import GENERATOR

# endings of the videos that a mark is read from
MARKED_VIDEOS = (".mp4", ".mov", ".m4v")


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
    if ending not in MARKED_PICTURES + MARKED_VIDEOS:
        raise ValueError(
            "Marks are read from "
            f"{', '.join(MARKED_PICTURES + MARKED_VIDEOS)}. "
            f"Received: path={str(path)!r}"
        )
    if ending in MARKED_VIDEOS:
        comments = _video_comments(path)
    else:
        comments = picture_marks.read_comments(path)
    for comment in comments:
        try:
            mark = json.loads(comment)
        except ValueError:
            continue  # somebody else's comment
        if isinstance(mark, dict) and mark.get("generator") == GENERATOR:
            return mark
    return None


def read_provenance(path):
    """What a file says about itself, and whether that can be believed.

    Args:
        path: str or path of a .png, .jpg, .gif, .mp4 or .mov file.

    Returns:
        dict with `mark`, from `read_mark()`, and what
        `credentials.read_credentials()` gives: whether there are Content
        Credentials, who signed them, and whether the file was altered since.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is of another kind or damaged.
    """
    return {"mark": read_mark(path), **credentials.read_credentials(path)}


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
            f"This should be a readable video ({words_of(error)}). "
            f"Received: path={str(path)!r}"
        ) from error


def print_provenance(path):
    """Print in words what a file says of itself, and what that is worth.

    Args:
        path: see `read_provenance`.

    Returns:
        dict, see `read_provenance`.

    Raises:
        See `read_provenance`.
    """
    said = read_provenance(path)
    for name, words in in_words(said).items():
        print(f"{name:10} {words}")
    return said


def in_words(said):
    """What a file says of itself, in words.

    Args:
        said: dict from `read_provenance`.

    Returns:
        dict of str: `label`, `comment`, `signature`, and where it is unbroken
        `signer` and `key`.
    """
    mark, words = said["mark"], {}
    if mark is None:
        words["label"] = "nobody says whether there is one: look"
        words["comment"] = "none"
    else:
        drawn = mark.get("visible_label")
        words["label"] = "on every swapped picture" if drawn else "none"
        words["comment"] = (
            f"the face of {mark['source_identity']}, swapped by "
            f"{mark['generator']} at {mark['made_at']}"
        )
    words["signature"] = {
        "none": "none: who takes it out leaves no trace",
        "valid": "valid: the file is as it was signed",
        "invalid": "invalid: "
        + (
            "the file was changed since it was signed"
            if said["altered"]
            else ", ".join(said["problems"])
        ),
    }[said["credentials"]]
    if said["signer"]:
        words["signer"] = said["signer"]
        words["key"] = (
            "your own: nobody else vouches for it"
            if said["trusted"]
            else "one that this computer does not know"
        )
    return words
