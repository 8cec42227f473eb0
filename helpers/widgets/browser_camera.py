"""The browser's camera recorded into a person's folder, in a notebook.

Its page is browser_camera.js and browser_camera.css. Runs in JupyterLab and
Colab; VS Code gives no camera to its notebooks.
"""

import pathlib

import anywidget
import traitlets

from helpers import plotting
from helpers.footage import consent, footage_folder, footage_log, media, pieces
from helpers.widgets.still import LeavesPicture

HERE = pathlib.Path(__file__).resolve().parent
LARGEST = 4 * 2**30  # bytes of a clip
CAMERA = "camera"


class BrowserCamera(LeavesPicture, anywidget.AnyWidget):
    """Shows the browser's camera, and records it on a click.

    The clip comes in pieces while it is filmed, and has its name,
    `camera_001.webm` and so on, once it is complete. No sound is recorded.
    It needs a secure page: https://, or a kernel on this machine.

    Args:
        folder: str or path of the person's footage, made if need be.
        most_seconds: float. A recording ends by itself after so long.

    Attributes:
        happened: dict from file to what happened, in words.

    Raises:
        OSError: if the folder cannot be written to.
    """

    _esm = HERE / "browser_camera.js"
    _css = HERE / "browser_camera.css"
    most_seconds = traitlets.Float(600.0, min=1).tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)

    def __init__(self, folder, most_seconds=600.0):
        self.folder, self.happened = pathlib.Path(folder), {}
        self._clip = self._name = None
        super().__init__(most_seconds=most_seconds)
        with footage_folder.locked(self.folder):
            recovered = footage_folder.recover_recordings(self.folder, CAMERA)
            footage_log.note_source(self.folder, CAMERA, "browser", recovered)
        for name in recovered:
            self._tell(name, "an earlier recording that broke off, recovered")
        if not recovered:
            self.said = consent.line_of(self.folder)
        self.on_msg(self._receive)

    def draw_still(self):
        """Where recordings go, and what became of them; no picture of it."""
        words = f"The browser's camera, recorded into {self.folder}"
        return plotting.plot_card(f"{words}\n{self.said}".rstrip())

    def _receive(self, _, content, buffers):
        kind, name = content.get("kind"), content.get("clip")
        try:
            if kind == "start":
                self._start(name, str(content.get("type")))
            elif name != self._name or self._clip is None:
                return  # it was ended, and that was said
            elif kind == "piece":
                self._clip.write_piece(content["number"], bytes(buffers[0]))
            elif kind == "end":
                self._end("")
        except (OSError, ValueError) as error:
            self._end(f"; broken off: {error}")

    def _start(self, name, kind):
        if self._clip is not None:
            self._end("; broken off by another recording")
        ending = ".mp4" if "mp4" in kind else ".webm"
        self._clip = pieces.Incoming(self.folder, CAMERA, ending, LARGEST)
        self._name = name

    def _end(self, more):
        """Give what came its name: also a clip that broke off can be read."""
        clip, self._clip = self._clip, None
        if clip is None:
            if more:
                self._say(more.removeprefix("; "))
            return
        clip.close()
        try:
            seconds = media.probe_video(clip.path)["duration"]
        except media.MediaError as error:
            clip.drop()
            reason = more.removeprefix("; ") or error
            self._say(f"Nothing was recorded. {reason}")
            return
        with footage_folder.locked(self.folder):
            ending = clip.path.suffix
            name = footage_folder.next_name(self.folder, CAMERA, ending)
            footage_folder.place_files({name: clip.path}, self.folder)
            footage_log.note_source(self.folder, CAMERA, "browser", [name])
        size = clip.size / 1e6
        self._tell(name, f"taken, {seconds:.1f} s, {size:.1f} MB{more}")

    def _tell(self, name, word):
        self.happened[name] = word
        lines = [f"{n}: {w}" for n, w in self.happened.items()]
        self._say("\n".join([*lines, consent.line_of(self.folder)]))

    def _say(self, text):
        self.said = text
        self.send({"kind": "said"})  # also if it was said before
