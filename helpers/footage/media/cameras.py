"""Cameras: frames as they come, from a webcam or from a file in its place."""

import contextlib
import threading
import time
from collections import namedtuple

import cv2
import numpy as np

from helpers.footage.media import reading
from helpers.footage.media.opening import MediaError

# seconds without a frame after which a camera counts as gone
PATIENCE = 10

CameraFrame = namedtuple("CameraFrame", "frame time taken")
CameraFrame.__doc__ = """A frame and when it was taken.

Args:
    frame: uint8 array, shape `(height, width, 3)`, RGB.
    time: float, seconds; how far frames are apart in what is filmed.
    taken: float, seconds of `time.perf_counter()` at which it was there:
        latency counts from here.
"""


def open_camera(number=0, mirrored=True):
    """Frames of a webcam, without end.

    Args:
        number: int. The system's number of the camera; the first is 0.
        mirrored: bool. Whether left and right are exchanged, as in a mirror.

    Returns:
        Generator of `CameraFrame`. Closing it lets go of the camera.

    Raises:
        MediaError: if there is no such camera; or, from the generator, once
            it gives no more frames.
    """
    camera = cv2.VideoCapture(number)
    if not camera.isOpened():
        raise MediaError(
            f"A camera should be there as number {number!r}, but none opens. "
            "Try another number, end other programs that use the camera, or "
            "play a file in its place: cameras.play_file(path)."
        )
    return _film(camera, number, mirrored)


def _film(camera, number, mirrored):
    try:
        while True:
            there, picture = camera.read()
            if not there:
                raise MediaError(
                    f"Camera {number!r} gives no more frames. See whether it "
                    "is still plugged in and no other program has taken it, "
                    "then open it again."
                )
            # OpenCV's order is BGR, and nobody else's
            frame = picture[:, ::-1, ::-1] if mirrored else picture[..., ::-1]
            now = time.perf_counter()
            yield CameraFrame(np.ascontiguousarray(frame), now, now)
    finally:
        camera.release()


def play_file(path, paced=True, seconds=None):
    """Frames of a video as a camera would give them: its stand-in.

    Args:
        path: str or path.
        paced: bool. Whether each frame waits until its time has come. The
            clock starts as the second frame is asked for.
        seconds: float or `None`. How much of the video is played.

    Yields:
        `CameraFrame`.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if it is no video; or, after all frames that can be read,
            if it breaks off before its end.
    """
    started = None
    with contextlib.closing(reading.read_frames(path)) as frames:
        for _, moment, frame in frames:
            if seconds is not None and moment >= seconds:
                return
            if paced and started is not None:
                due = started + moment
                time.sleep(max(0.0, due - time.perf_counter()))
            yield CameraFrame(frame, moment, time.perf_counter())
            if started is None:
                started = time.perf_counter() - moment


class Newest:
    """The newest frame each time; older ones that nobody took are dropped.

    A thread takes the frames as they come, so that one who is slow is late
    by one frame at most, and never by all that have gathered. A context
    manager: its end stops the thread and closes the frames.

    Args:
        frames: generator of `CameraFrame`.
        patience: float. Seconds to wait for a frame.

    Attributes:
        dropped: int. How many frames were left out so far.
    """

    def __init__(self, frames, patience=PATIENCE):
        self.frames, self.patience, self.dropped = frames, patience, 0
        self._waiting = self._error = None
        self._ended = self._stopped = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped = True
        # a camera that hangs is not waited for
        self._thread.join(self.patience)

    def __iter__(self):
        """Yields `CameraFrame`; raises what the frames raise, after them.

        Raises:
            MediaError: if no frame comes for so long.
        """
        while True:
            with self._news:
                self._news.wait_for(
                    lambda: self._waiting is not None or self._ended,
                    self.patience,
                )
                newest, self._waiting = self._waiting, None
            if newest is not None:
                yield newest
            elif self._error is not None:
                raise self._error
            elif self._ended:
                return
            else:
                raise MediaError(
                    "The camera should give a frame within "
                    f"{self.patience} s. Received: none. Plug it in anew, or "
                    "play a file in its place: cameras.play_file(path)."
                )

    def _read(self):
        try:
            with contextlib.closing(self.frames):
                for frame in self.frames:
                    if self._stopped:
                        break
                    with self._news:
                        self.dropped += self._waiting is not None
                        self._waiting = frame
                        self._news.notify()
        except Exception as error:  # noqa: BLE001 - raised in the other thread
            self._error = error
        finally:
            with self._news:
                self._ended = True
                self._news.notify()
