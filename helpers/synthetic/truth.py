"""A rendered clip -> its truth and its painted masks, which lie beside it."""

import zipfile
import zlib

import numpy as np

from helpers.files import foreign_files
from helpers.footage import media

MADE_BY = "01_data_generation"  # the notebook that films such clips
# bytes of a clip's painted masks: half a minute of 1280 x 720
MOST_PAINTED = 700_000_000


def truth_path(path):
    """Path of the truth beside a synthetic clip, whether it is there or not."""
    return path.with_name(path.stem + ".truth.json")


def read_truth(path):
    """The truth of a synthetic clip.

    Args:
        path: path of its `.truth.json`.

    Returns:
        dict with `split` and `frames`.

    Raises:
        MediaError: if it cannot be read or says too little.
    """
    try:
        truth = foreign_files.read_json(path, "")
    except (OSError, ValueError) as error:
        raise media.MediaError(broken_truth(path, error)) from error
    frames = truth.get("frames")
    good = truth.get("split") in ("train", "test") and frames
    good = good and isinstance(frames, list) and all(map(_is_known, frames))
    if not good:
        raise media.MediaError(broken_truth(path, "no split or no frames"))
    return truth


def _is_known(frame):
    return isinstance(frame, dict) and isinstance(
        frame.get("parameters", 0), dict | None
    )


def broken_truth(path, reason):
    """What is said of a truth that is of no use, and what to do.

    Args:
        path: path of the clip, or of what lies beside it.
        reason: str or exception.

    Returns:
        str.
    """
    return (
        f"{path} should be the truth of a synthetic clip. Received: {reason}. "
        "Delete the clip with its .truth.json and .masks.npz and run "
        f"notebooks/{MADE_BY}.ipynb again; it films it anew."
    )


def read_painted_masks(path, frames):
    """The true masks of a synthetic clip.

    Args:
        path: path of the clip.
        frames: int. How many frames its truth speaks of.

    Returns:
        uint8 array, shape `(frames, height, width)`, 255 on the face.

    Raises:
        MediaError: if they cannot be read.
    """
    path = path.with_name(path.stem + ".masks.npz")
    try:
        shape = _shape_of_masks(path)
        if shape[0] != frames or np.prod(shape, dtype=float) > MOST_PAINTED:
            raise ValueError(f"masks of the shape {shape}")
        with np.load(path, allow_pickle=False) as arrays:
            return arrays["masks"]
    except (
        OSError,
        ValueError,
        LookupError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise media.MediaError(broken_truth(path, error)) from error


def _shape_of_masks(path):
    """What the masks' head says, before memory is taken for them."""
    with zipfile.ZipFile(path) as archive, archive.open("masks.npy") as file:
        version = np.lib.format.read_magic(file)
        read_head = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, kind = read_head(file)
    if kind != np.uint8 or len(shape) != 3:
        raise ValueError(f"masks of {kind}, shape {shape}")
    return shape
