"""Where a bundle lies -> its folder on this machine: folder, zip, URL, hub.

What comes from elsewhere is a stranger's: of a zip two files are taken, under
names of our own, and only after its list of contents was looked through.
"""

import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import tempfile
import urllib.parse
import zipfile

from helpers.files import archives, fetching, manifests

WEIGHTS = "weights.safetensors"
# the largest that each file may be, in bytes: a manifest is a page of text
LARGEST = {manifests.MANIFEST: 2**20, WEIGHTS: 4 * 2**30}
MOST_ENTRIES = 16
# Trained weights hardly shrink in a zip; what shrinks more is made to fill
# the disk.
MOST_SQUEEZED = 20

# a bundle was made to do harm, or looks as if; nothing of it is kept
HostileBundleError = archives.HostileError


def default_cache():
    """Folder in which fetched bundles stay."""
    return manifests.project_root() / "weights" / "fetched"


@contextlib.contextmanager
def local_folder(origin, sha256=None, cache=None):
    """The folder of a bundle, wherever it lies, for as long as it is read.

    Args:
        origin: str or path. A folder, a `.zip` file, the `https://` address
            of one, or `hf://owner/name@revision`, a model of the Hugging Face
            hub that holds a bundle's two files.
        sha256: str or `None`. What the bundle's manifest has to hash to; it
            vouches for all of it, since the manifest holds the hash of the
            weights.
        cache: folder for what is fetched, or `None` for `default_cache()`.

    Yields:
        pathlib.Path of the folder. That of a zip is gone afterwards.

    Raises:
        FileNotFoundError: if there is no such folder or file.
        HostileBundleError: if a zip is refused.
        ConnectionError: if it cannot be fetched; what came of it is kept,
            and the next call goes on there.
        ValueError: if the hash is another one, or the address not allowed.
    """
    text = str(origin)
    cache = pathlib.Path(cache or default_cache())
    with contextlib.ExitStack() as stack:
        if text.startswith("hf://"):
            folder = _fetch_from_hub(text, cache)
        elif "://" in text:
            path = _fetch_zip(text, cache, sha256)
            folder = stack.enter_context(unpacked(path))
        elif text.endswith(".zip"):
            folder = stack.enter_context(unpacked(origin))
        else:
            folder = pathlib.Path(origin)
        _check_manifest(folder, sha256)
        yield folder


def _check_manifest(folder, sha256):
    path = folder / manifests.MANIFEST
    if not path.is_file():
        return  # that is said where it is read
    size, most = path.stat().st_size, LARGEST[manifests.MANIFEST]
    if size > most:
        raise HostileBundleError(
            f"A manifest has at most {most} bytes. Received: {path} of {size}. "
            "Do not use this bundle."
        )
    received = manifests.file_sha256(path)
    if sha256 is not None and received != sha256.lower():
        raise ValueError(
            f"{path} is not the manifest that was asked for. Expected: sha256 "
            f"{sha256}. Received: {received}. Ask who gave you the number, or "
            "fetch the bundle again."
        )


@contextlib.contextmanager
def unpacked(path):
    """A zip's manifest and weights in a folder that is gone afterwards.

    Args:
        path: str or path of the zip. Its two files stand at its top, or
            together in one folder.

    Yields:
        pathlib.Path of the folder.

    Raises:
        FileNotFoundError: if there is no such file.
        HostileBundleError: if the zip holds what a bundle does not.
        ValueError: if it is no zip, or damaged.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no bundle at {path}.")
    try:
        with (
            zipfile.ZipFile(path) as archive,
            tempfile.TemporaryDirectory() as parent,
        ):
            folder = pathlib.Path(parent) / path.stem
            folder.mkdir()
            for name, entry in _chosen_entries(archive, path).items():
                # no more is ever read than the size that was looked at
                with archive.open(entry) as packed:
                    with open(folder / name, "wb") as file:
                        shutil.copyfileobj(packed, file, fetching.PIECE)
            yield folder
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ValueError(
            f"{path} should be a whole zip file. Received: {error}. Fetch it "
            "again."
        ) from error


def _chosen_entries(archive, path):
    """The two entries of a bundle by our own names, or an error with a reason.

    Every entry is looked at, also those that would not be taken: one reason
    to distrust a zip is enough.
    """
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise _hostile(path, f"{len(entries)} entries")
    chosen, folders = {}, set()
    for entry in entries:
        name = entry.filename.rpartition("/")[2]
        most = LARGEST.get(name, 0)
        reason = archives.reason_to_refuse(entry, most, MOST_SQUEEZED)
        if reason:
            raise _hostile(path, f"{entry.filename!r}, {reason}")
        if entry.is_dir():
            continue
        folder = entry.filename.rpartition("/")[0]
        if name in chosen:
            raise _hostile(path, f"{name!r} twice")
        chosen[name] = entry
        folders.add(folder)
    if set(chosen) != set(LARGEST) or len(folders) > 1:
        names = sorted(entry.filename for entry in chosen.values())
        raise _hostile(path, f"{names}")
    return chosen


def _hostile(path, received):
    return HostileBundleError(
        f"A bundle's zip holds {' and '.join(LARGEST)}, at its top or in one "
        f"folder. Received: {path} with {received}. Nothing was unpacked; do "
        "not use it."
    )


def _fetch_zip(url, cache, sha256):
    """Path of the zip behind an address: fetched once, checked, and kept."""
    address = urllib.parse.urlsplit(url)
    known = sha256 and address.scheme == "http"
    if not (fetching.is_safe(url) or known):
        raise ValueError(
            "A bundle is fetched by https://, or by http:// if its sha256 is "
            f"given: anybody on the way could change it. Received: {url}"
        )
    stem = re.sub(r"[^\w-]", "_", pathlib.PurePosixPath(address.path).stem)
    code = hashlib.sha256(url.encode()).hexdigest()[:12]
    path = cache / f"{stem[:40] or 'bundle'}-{code}.zip"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        fetching.download(url, partial, sum(LARGEST.values()))
        try:
            _check_download(partial, sha256)
        except ValueError:
            partial.unlink()  # joined from two versions, or not to be kept
            raise
        os.replace(partial, path)
    return path


def _check_download(path, sha256):
    with unpacked(path) as folder:
        _check_manifest(folder, sha256)


def _fetch_from_hub(origin, cache):
    """Folder of a model of the hub, kept and gone on with by its library."""
    match = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)(?:@([\w.-]+))?", origin)
    if match is None:
        raise ValueError(
            "A model of the hub is named hf://owner/name@revision. "
            f"Received: {origin}"
        )
    # here, since it takes a second and most bundles lie in a folder
    import huggingface_hub

    name, revision = match.groups()
    folder = huggingface_hub.snapshot_download(
        name,
        revision=revision,
        cache_dir=cache / "hub",
        allow_patterns=list(LARGEST),
        endpoint=os.environ.get("HF_ENDPOINT"),
    )
    return pathlib.Path(folder)
