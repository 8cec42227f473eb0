"""An address to a file: resumed, of limited size, every redirect checked."""

import errno
import http.client
import pathlib
import urllib.error
import urllib.parse
import urllib.request

from helpers.files.archives import HostileError

PIECE = 2**20  # bytes read at a time
SECONDS = 30  # that a server may keep silent
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
# what is wrong with the disk here, not with the network
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


def is_safe(url):
    """Whether nobody on the way can change what an address gives.

    Args:
        url: str.

    Returns:
        bool: it begins with https://, or with http:// on this machine.
    """
    address = urllib.parse.urlsplit(url)
    if address.scheme == "https":
        return bool(address.hostname)
    return address.scheme == "http" and address.hostname in THIS_MACHINE


def download(url, partial, most, check=None):
    """Write what is behind an address to a file, on from where it ends.

    Args:
        url: str.
        partial: path of the file. What it holds from an earlier call is kept,
            if the server still has the same and can go on there.
        most: int. Bytes that may come.
        check: function called with the answer's headers before anything is
            written; it may raise. Or `None`.

    Raises:
        ConnectionError: if it cannot be fetched to its end.
        HostileError: if more comes than that.
        ValueError: if the address leads where it should not.
        OSError: if the disk is full or cannot be written.
    """
    have = partial.stat().st_size if partial.is_file() else 0
    version = _version_path(partial)
    headers = {"Range": f"bytes={have}-"} if have else {}
    if have and version.is_file():
        # the whole file comes anew if it is another one by now
        headers["If-Range"] = version.read_text(encoding="ascii")
    request = urllib.request.Request(url, headers=headers)
    try:
        with _opener().open(request, timeout=SECONDS) as response:
            if check is not None:
                check(response.headers)
            goes_on = have and response.status == http.client.PARTIAL_CONTENT
            have = have if goes_on else 0
            length = _length(response, have, most, url)
            if not goes_on:
                _keep_version(response, version)
            with open(partial, "ab" if goes_on else "wb") as file:
                _copy(response, file, have, most, url)
                size = file.tell()
        if length is not None and size != length:
            raise ConnectionError(f"{size} of {length} bytes came")
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            partial.unlink()  # what is there now is not what was begun
            download(url, partial, most, check)
            return
        raise ConnectionError(
            f"{url} could not be fetched. Received: {error}. Check the address."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        if getattr(error, "errno", None) in DISK_ERRORS:
            raise
        raise ConnectionError(
            f"{url} could not be fetched to its end. Received: {error}. What "
            f"came is kept in {partial}: run the same again to go on there."
        ) from error
    version.unlink(missing_ok=True)


def _version_path(partial):
    partial = pathlib.Path(partial)
    return partial.with_name(f"{partial.name}.version")


def _keep_version(response, path):
    """By what the server knows this version of the file, for `If-Range`."""
    tag = response.headers.get("ETag", "")
    # a weak one, W/"...", does not vouch for single bytes
    if not tag.startswith('"'):
        tag = response.headers.get("Last-Modified", "")
    if tag and tag.isascii() and tag.isprintable():
        path.write_text(tag, encoding="ascii")
    else:
        path.unlink(missing_ok=True)


def _length(response, have, most, url):
    """Bytes of the whole file as the server states them, or `None`."""
    stated = response.headers.get("Content-Length", "")
    if not stated.isdecimal():
        return None
    length = have + int(stated)
    if length > most:
        raise _too_much(url, most)
    return length


def _copy(response, file, size, most, url):
    while piece := response.read(PIECE):
        size += len(piece)
        if size > most:
            file.truncate(0)
            raise _too_much(url, most)
        file.write(piece)


def _too_much(url, most):
    return HostileError(
        f"A file to be fetched has at most {most} bytes. Received: more from "
        f"{url}. Nothing of it was kept."
    )


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, file, code, message, headers, url):
        check_redirect(request.full_url, url)
        return super().redirect_request(
            request, file, code, message, headers, url
        )


def _opener():
    return urllib.request.build_opener(_Redirects)


def check_redirect(asked, given):
    """Stop where an address leads to a worse one.

    Args:
        asked: str. The address that was asked.
        given: str. The one it leads to.

    Raises:
        ValueError: if https:// leads to anything else, or if another machine
            leads to this one, or this one to another without https://.
    """
    before, after = map(urllib.parse.urlsplit, (asked, given))
    was_here, is_here = (a.hostname in THIS_MACHINE for a in (before, after))
    kept_safe = after.scheme == "https" or (
        before.scheme == after.scheme == "http" and was_here == is_here
    )
    if not kept_safe or (is_here and not was_here):
        raise ValueError(
            "An https:// address should lead to another one at most, and none "
            f"to this machine. Received: {asked} leads to {given}"
        )
