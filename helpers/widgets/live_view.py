"""The live view: the swapped picture while it is filmed, in a notebook.

Frames run in a thread of their own, so the button and the list answer as
long as no other cell is running. Runs in JupyterLab, VS Code and Colab.
"""

import html
import re
import threading
import time
from collections import deque

import cv2
import ipywidgets
import numpy as np
from IPython.display import display

from helpers import plotting
from helpers.footage import media
from helpers.footage.media import cameras
from helpers.swap import live, recording, swapping
from helpers.widgets.still import LeavesPicture, pixels_of

# Pixels of the picture on the page and pictures a second: what a page draws
# and a network to a distant kernel carries. A recording has all.
SHOWN_WIDTH = 640
SHOWN_A_SECOND = 25
QUALITY = 80
# frames that the line below the picture tells of, and seconds until it does
LATEST = 50
TELL_EVERY = 0.5


class LiveView(LeavesPicture, ipywidgets.VBox):
    """Shows a camera's picture with another face, until it is stopped.

    It begins at once. The list chooses whose face appears, from the next frame
    on. The label in the picture cannot be switched off.

    Args:
        comb: comb; each of its identities can be chosen.
        detector: `detection.FaceDetector`.
        frames: generator of `cameras.CameraFrame`.
        source: name of the identity that is chosen first.
        record_to: str or path of an .mp4 file to write, marked and signed,
            or `None`. Its mark names all who can be chosen.
        original: see `recording.Recording`.

    Attributes:
        report: dict, see `live.swap_live`; `None` while frames run.

    Raises:
        ValueError: if the comb has no decoder of this name, or if the
            recording cannot be written there.
        OSError: if there can be no key to sign with, see
            `credentials.sign_file`.
    """

    def __init__(
        self,
        comb,
        detector,
        frames,
        source,
        record_to=None,
        original=None,
    ):
        swapping.check_swap(comb, source)
        self._recording = None
        if record_to is not None:
            self._recording = recording.Recording(
                record_to, comb.identities, original
            )
        self._comb, self._detector, self._frames = comb, detector, frames
        self._stop, self._error = threading.Event(), None
        self._next = self._told = 0.0
        self._latest = deque(maxlen=LATEST)  # when shown, and how late
        self.report = self._displayed = None
        self.picture = ipywidgets.Image(
            format="jpeg", layout={"max_width": f"{SHOWN_WIDTH}px"}
        )
        self.source = ipywidgets.Dropdown(
            options=list(comb.identities), value=source, description="face of"
        )
        self.stop_button = ipywidgets.Button(description="Stop", icon="stop")
        self.stop_button.on_click(lambda _: self.stop())
        self.line = ipywidgets.HTML("The networks are getting ready ...")
        controls = ipywidgets.HBox([self.source, self.stop_button])
        super().__init__([controls, self.picture, self.line])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        """End after the frame that is being swapped."""
        self._stop.set()
        self.stop_button.disabled = True

    def wait(self, seconds=None):
        """Wait for the end, which a file has and a camera does not.

        Args:
            seconds: float or `None`. How long at most.

        Returns:
            dict, see `live.swap_live`, or `None` if it goes on.

        Raises:
            What went wrong while frames ran.
        """
        self._thread.join(seconds)
        if self._displayed is not None and not self._thread.is_alive():
            # the last frame stays behind, not the empty picture of before
            data, metadata = self._repr_mimebundle_()
            self._displayed.update(data, metadata=metadata, raw=True)
            self._displayed = None
        if self._error is not None:
            raise self._error
        return self.report

    def draw_still(self):
        """The last frame shown, and the line below it."""
        words = html.unescape(re.sub("<.*?>", "", self.line.value))
        return plotting.plot_card(words, pixels_of(self.picture.value))

    def _ipython_display_(self, **_):
        data, metadata = self._repr_mimebundle_()
        self._displayed = display(
            data, metadata=metadata, raw=True, display_id=True
        )

    def _run(self):
        try:
            self.report = self._swap()
            self.line.value = html.escape(_in_words(self.report))
        except Exception as error:  # noqa: BLE001 - a thread has no other way
            self._error = error
            self.line.value = f"<b>Ended:</b> {html.escape(str(error))}"
        finally:
            self.stop_button.disabled = True

    def _swap(self):
        frames = live.warm_up(self._comb, self._detector, self._frames)
        with cameras.Newest(frames) as newest:
            if self._recording is None:
                return self._swap_all(newest, self._show)
            with self._recording as record:

                def keep(shown):
                    record.write_frame(shown)
                    self._show(shown)

                return self._swap_all(newest, keep)

    def _swap_all(self, newest, on_frame):
        return live.swap_live(
            self._comb,
            newest,
            lambda: self.source.value,
            self._detector,
            on_frame,
            self._stop,
        )

    def _show(self, shown):
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + 1 / SHOWN_A_SECOND
            self.picture.value = _jpeg(shown.frame)
            now = time.perf_counter()
        self._latest.append((now, now - shown.taken))
        if now - self._told >= TELL_EVERY and len(self._latest) > 1:
            self._told = now
            ends, late = np.transpose(self._latest)
            rate = (len(ends) - 1) / (ends[-1] - ends[0])
            words = shown.source or "no face is followed"
            self.line.value = html.escape(
                f"{rate:.0f} frames a second, {1000 * np.median(late):.0f} ms "
                f"late: {words}"
            )


def _in_words(report):
    words = (
        f"Ended: {report['frames']} frames shown, {report['swapped']} "
        f"swapped, {report['dropped']} dropped; "
        f"{report['frames_per_second']:.0f} a second, "
        f"{report['latency_ms']:.0f} ms late"
    )
    broken = [report["broken"]] if report["broken"] else []
    return ". ".join([words, *report["notes"], *broken])


def _jpeg(frame):
    height, width = frame.shape[:2]
    if width > SHOWN_WIDTH:
        size = SHOWN_WIDTH, round(height * SHOWN_WIDTH / width)
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return media.encode_image(frame, ".jpg", QUALITY)
