"""Live: frames as they come in, the same with another face out, at once.

The path of a frame is that of `swapping`, but nobody can look ahead: faces
are followed by `live_tracking`. What is shown live is no file that could carry
a mark, so the visible label is always drawn.
"""

import contextlib
import functools
import time
from collections import defaultdict, deque, namedtuple

import numpy as np

from helpers import alignment
from helpers.compositing import composite_face
from helpers.faces import live_tracking
from helpers.footage import media
from helpers.swap import swapping
from helpers.swap.marks.label import draw_label

# frames that a report looks back on: some minutes
REMEMBERED = 5000

LiveFrame = namedtuple("LiveFrame", "frame source landmarks time taken")
LiveFrame.__doc__ = """A frame as it is shown.

Args:
    frame: uint8 array, shape `(height, width, 3)`, RGB: swapped and with the
        label; the camera's own, to the bit, where no face is followed.
    source: name of the identity whose face appears, or `None`.
    landmarks: float64 array, shape `(5, 2)`, `(x, y)` in frame pixels, or
        `None`.
    time: float, seconds, see `cameras.CameraFrame`.
    taken: float, seconds of `time.perf_counter()`, likewise.
"""


def warm_up(comb, detector, frames):
    """Let the networks compile, on the first frame, before anybody waits.

    Args:
        comb: comb; all its identities are warmed up.
        detector: `detection.FaceDetector`.
        frames: generator of `cameras.CameraFrame`.

    Returns:
        Generator of the same frames.
    """
    first = next(frames, None)
    if first is None:
        return frames
    blank = np.zeros((1, comb.resolution, comb.resolution, 3), np.float32)
    for name in comb.identities:
        swapping.draw_faces(comb, blank, name)
    with live_tracking.LiveTracker(detector, beside=False) as tracker:
        tracker.follow(first.frame, first.time)

    def all_frames():
        with contextlib.closing(frames):
            yield first
            yield from frames

    return all_frames()


def swap_live(comb, frames, source, detector, on_frame, stop=None):
    """Swap the face that matters most, frame by frame, until the end.

    Args:
        comb: comb of the identities that may appear.
        frames: iterable of `cameras.CameraFrame`: `cameras.Newest`, so that
            the picture stays near to what is filmed, or a generator, of which
            no frame is left out.
        source: name of the identity whose face should appear, or a function
            without arguments that says so anew for each frame.
        detector: `detection.FaceDetector`.
        on_frame: function of a `LiveFrame`, which shows or keeps it.
        stop: `threading.Event` or `None`. Once it is set, this ends.

    Returns:
        dict, see `LiveSwapper.report`, with `broken`: `None`, or why no more
        frames could be read.

    Raises:
        FileNotFoundError: if there is no such file.
        MediaError: if not a single frame can be read.
        ValueError: if the comb has no decoder of the source's name.
    """
    name_now = source if callable(source) else lambda: source
    swapping.check_swap(comb, name_now())
    with LiveSwapper(comb, detector) as swapper:
        broken = []
        for taken in _until_broken(frames, broken):
            if stop is not None and stop.is_set():
                break
            shown = swapper.swap(taken, name_now())
            with swapper.time_stage("show"):
                on_frame(shown)
            swapper.note_shown(shown, getattr(frames, "dropped", 0))
    return {**swapper.report(), "broken": broken[0] if broken else None}


class LiveSwapper:
    """Swaps one frame after another, and knows how long that takes.

    Args:
        comb: comb of the identities that may appear.
        detector: `detection.FaceDetector`.
        every: int. Frames from one detection to the next.
        beside: bool, see `live_tracking.LiveTracker`.
    """

    def __init__(
        self, comb, detector, every=live_tracking.KEY_EVERY, beside=True
    ):
        self.comb = comb
        self.tracker = live_tracking.LiveTracker(detector, every, beside)
        # whole degrees: a mask is made once for each, not for each frame
        self._mask_at = functools.cache(
            functools.partial(swapping.blending_mask, comb)
        )
        self._seconds = defaultdict(functools.partial(deque, maxlen=REMEMBERED))
        self._ends = deque(maxlen=REMEMBERED)
        self._faces = deque(maxlen=REMEMBERED)
        self._frames = self._swapped = self._dropped = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tracker.close()

    def swap(self, taken, source):
        """The next frame.

        Args:
            taken: `cameras.CameraFrame`.
            source: name of the identity whose face should appear.

        Returns:
            `LiveFrame`.

        Raises:
            ValueError: if the comb has no decoder of this name.
        """
        swapping.check_swap(self.comb, source)
        frame = taken.frame
        with self.time_stage("track"):
            landmarks = self.tracker.follow(frame, taken.time)
        if landmarks is None:
            return LiveFrame(frame, None, None, taken.time, taken.taken)
        self._faces.append(landmarks)
        with self.time_stage("network"):
            cut = swapping.cut_target(self.comb, frame, landmarks)
            face = swapping.draw_faces(self.comb, cut.seen[None], source)[0]
        with self.time_stage("composite"):
            yaw, *_ = alignment.estimate_pose(landmarks)
            # only the face's rectangle of the frame is worked on
            swapped = composite_face(
                frame,
                face,
                cut.target_crop,
                cut.matrix,
                self._mask_at(round(yaw)),
            )
            swapped = draw_label(swapped)
        return LiveFrame(swapped, source, landmarks, taken.time, taken.taken)

    @contextlib.contextmanager
    def time_stage(self, stage):
        """Note the time of what is done inside as that of a stage."""
        started = time.perf_counter()
        yield
        self._seconds[stage].append(time.perf_counter() - started)

    def note_shown(self, shown, dropped=0):
        """Note that a `LiveFrame` was shown, and how many were dropped."""
        now = time.perf_counter()
        self._ends.append(now)
        self._frames += 1
        if shown.source is not None:  # others are quick, and would flatter
            self._seconds["latency"].append(now - shown.taken)
        self._swapped += shown.source is not None
        self._dropped = dropped

    def report(self):
        """What was shown so far, and how quickly.

        Returns:
            dict with `frames` (shown), `swapped`, `without_face`, `dropped`
            (by the camera, for newer ones), `frames_per_second`,
            `latency_ms` (milliseconds from when a frame was taken until it
            was shown swapped, the median; 0 if none was), `latency_ms_95`
            (what 95 of 100 of these keep), `stages_ms` (dict from `track`,
            `network`, `composite` and `show` to the median of a frame), and
            `notes` (list of str), see `swapping.enlarged_note()`.
        """
        stages = {
            name: 1000 * np.array(seconds)
            for name, seconds in self._seconds.items()
        }
        late = stages.pop("latency", np.zeros(1))
        passed = self._ends[-1] - self._ends[0] if self._ends else 0
        rate = (len(self._ends) - 1) / passed if passed else 0
        return {
            "frames": self._frames,
            "swapped": self._swapped,
            "without_face": self._frames - self._swapped,
            "dropped": self._dropped,
            "frames_per_second": round(rate, 1),
            "latency_ms": round(float(np.median(late)), 1),
            "latency_ms_95": round(float(np.quantile(late, 0.95)), 1),
            "stages_ms": {
                name: round(float(np.median(values)), 1)
                for name, values in stages.items()
            },
            "notes": swapping.enlarged_note(self.comb, self._faces),
        }


def _until_broken(frames, broken):
    """All frames that can be read; why there are no more goes to `broken`."""
    count = 0
    try:
        for count, frame in enumerate(frames, start=1):  # noqa: B007
            yield frame
    except media.MediaError as error:
        if count == 0:
            raise
        broken.append(str(error))
