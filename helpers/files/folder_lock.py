"""Folder lock: one run at a time writes into a folder; a full disk is told."""

import contextlib
import errno
import os
import pathlib

LOCK = "lock"
# a disk that holds less than this is full before anything is written
PROBE_BYTES = 1_000_000


class FolderError(OSError):
    """A folder cannot be written, or another run is writing into it."""

    def __str__(self):
        # the message alone: a number such as [Errno 11] helps no reader
        return self.strerror or super().__str__()


@contextlib.contextmanager
def locked_folder(folder, instead, error=FolderError):
    """A folder for this run alone, made if it is not there.

    Half a file that a run left which was killed is removed. So is the folder
    if it is empty in the end.

    Args:
        folder: str or path.
        instead: str. What to do where it cannot be written, as an order.
        error: class of what is raised, `FolderError` or one below it.

    Yields:
        pathlib.Path of the folder.

    Raises:
        FolderError: if the folder cannot be written, if another run is
            writing into it, or if the disk is full.
    """
    folder = pathlib.Path(folder)
    made = [path for path in folder.parents if not os.path.exists(path)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / LOCK, "a+", encoding="ascii")  # noqa: SIM115
    except OSError as reason:
        raise error(
            reason.errno,
            f"A folder that can be written is needed. Received: {folder} "
            f"({reason.strerror}). {instead}",
        ) from reason
    with lock, told_if_full(folder, error):
        _take(lock, folder, instead, error)
        try:
            _probe(folder)
            yield folder
        finally:
            lock.close()  # Windows removes no open file
            (folder / LOCK).unlink(missing_ok=True)
            for path in (folder, *made):
                with contextlib.suppress(OSError):
                    path.rmdir()  # only if it is empty


def _probe(folder):
    """Write a little, so that a full disk is said before hours of work."""
    for path in folder.glob(".*"):
        path.unlink()  # half a file of a run that was killed
    probe = folder / ".probe"
    try:
        probe.write_bytes(bytes(PROBE_BYTES))
    finally:
        probe.unlink(missing_ok=True)


def _take(lock, folder, instead, error):
    """Lock the folder; the lock ends with this process, however it ends."""
    try:
        if os.name == "nt":
            import msvcrt

            lock.seek(1 << 20)  # beyond what others want to read
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as reason:
        if reason.errno not in (errno.EAGAIN, errno.EACCES):
            return  # a drive without locks, such as some of a network
        lock.seek(0)
        raise error(
            reason.errno,
            f"Another run (process {lock.read() or 'unknown'}) is writing "
            f"into {folder}. Wait for it, stop it, or do this: {instead}",
        ) from reason
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()


@contextlib.contextmanager
def told_if_full(folder, error=FolderError):
    """Say what to do where a disk is full, and what is kept.

    Args:
        folder: pathlib.Path that is written into.
        error: class of what is raised.

    Raises:
        FolderError: in place of the error of a full disk.
    """
    try:
        yield
    except OSError as reason:
        if reason.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise error(
            reason.errno,
            f"The disk of {folder.parent} is full. Make room and run this "
            f"again: it goes on with what {folder.name} holds.",
        ) from reason
