"""A file that a browser sends in pieces, since a message has a largest size.

Jupyter's server takes messages of 10 MiB at most, and ends the connection at
a larger one. A piece is far below that.
"""

import os

from helpers.files.archives import HostileError
from helpers.footage import footage_folder


class Incoming:
    """A file as it comes, under a hidden name.

    Args:
        folder: path, made if need be.
        stem: str, of the hidden name.
        ending: str, with its dot.
        largest: int. Bytes that may come.

    Attributes:
        path: path of the file.
        pieces: int, how many came.
        size: int, bytes that came.

    Raises:
        OSError: if it cannot be written.
    """

    def __init__(self, folder, stem, ending, largest):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = footage_folder.partial_path(folder, stem, ending)
        self.largest, self.pieces, self.size = largest, 0, 0
        self._file = open(self.path, "xb")

    def write_piece(self, number, content):
        """Write the next piece.

        Args:
            number: int, its place, from 0.
            content: bytes.

        Raises:
            ValueError: if a piece before it did not come.
            HostileError: if more comes than may.
            OSError: if the disk is full.
        """
        if number != self.pieces:
            raise ValueError(
                f"Piece {self.pieces} of a file should come. Received: piece "
                f"{number}: the connection to the kernel broke off. Do it "
                "again."
            )
        if self.size + len(content) > self.largest:
            raise HostileError(
                f"A file has at most {self.largest} bytes. Received: more. "
                "Split it, or copy it into the folder by hand."
            )
        self._file.write(content)
        self._file.flush()
        self.pieces, self.size = self.pieces + 1, self.size + len(content)

    def close(self):
        """End it; what came is on the disk then."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def drop(self):
        """End it, and keep nothing."""
        self._file.close()
        self.path.unlink(missing_ok=True)
