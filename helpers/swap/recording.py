"""Recordings: what is shown live into a video, marked and signed."""

import concurrent.futures
import contextlib
import itertools
import queue

from helpers.footage import media
from helpers.swap import swapping
from helpers.swap.marks import provenance
from helpers.swap.marks.signing import signing_key

# frames per second of a recording
RECORDED_RATE = 25
# frames that may wait for the encoder
WAITING = 16


class Recording:
    """Writes what is shown live into a video, marked and signed.

    Frames come at uneven times, and are repeated or left out for an even
    rate. A context manager: the file is complete at its end, and holds what
    was shown until then also if something went wrong.

    Args:
        path: str or path of the .mp4 file to write.
        sources: list of str. The identities whose faces may appear.
        original: path of the file that stood in for a camera, or `None`.

    Attributes:
        frames: int, how many were written; known at the end.
        mark: dict, what the file says of itself.

    Raises:
        ValueError: if the path is that of no .mp4 file, or the original's.
        OSError: if there can be no key to sign with, see
            `credentials.sign_file`.
    """

    def __init__(self, path, sources, original=None):
        swapping.check_paths(original or "", path, (".mp4",))
        signing_key()  # if it cannot be had, better now than later
        self.path, self.original, self.frames = path, original, 0
        self.mark = provenance.build_mark(
            ", ".join(sources), visible_label=True, live=True
        )
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self._waiting, self._written = queue.Queue(WAITING), None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self._written is not None:
                self._hand_over(None)
                self.frames = self._written.result()
        finally:
            self._thread.shutdown()

    def write_frame(self, shown):
        """Write a `LiveFrame`; waits if too many are waiting."""
        if self._written is None:
            self._written = self._thread.submit(
                media.write_video,
                self.path,
                _at_even_times(iter(self._waiting.get, None)),
                RECORDED_RATE,
                **provenance.video_mark(self.mark, self.original),
            )
        self._hand_over(shown)

    def _hand_over(self, shown):
        while True:
            if self._written.done():
                self._written.result()  # says why nothing is written any more
                return
            with contextlib.suppress(queue.Full):
                return self._waiting.put(shown, timeout=0.1)


def _at_even_times(shown):
    """Pictures of some `LiveFrame`, one for each even time."""
    count, start = 0, None
    for before, after in itertools.pairwise(itertools.chain(shown, [None])):
        start = before.time if start is None else start
        if after is None:
            yield before.frame
            return
        # half a frame of patience, as no clock is exact
        while count < (after.time - start) * RECORDED_RATE - 0.5:
            yield before.frame
            count += 1
