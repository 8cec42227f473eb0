"""Files chosen in the browser into a person's folder, in a notebook.

Its page is upload.js and upload.css. Files come in pieces, one after the
other has been written, so that their size does not matter: ipywidgets'
`FileUpload` sends a file as one message, and Jupyter's server ends the
connection at a message of more than 10 MiB. Runs in JupyterLab, VS Code and
Colab.
"""

import pathlib

import anywidget
import traitlets

from helpers import plotting
from helpers.footage import (
    consent,
    footage_folder,
    footage_log,
    footage_zip,
    media,
    pieces,
)
from helpers.widgets.still import LeavesPicture

HERE = pathlib.Path(__file__).resolve().parent
LARGEST = 16 * 2**30  # bytes of a file
UPLOAD = "upload"
ENDINGS = (*media.PHOTO_ENDINGS, *media.VIDEO_ENDINGS, ".zip")


class FootageUpload(LeavesPicture, anywidget.AnyWidget):
    """A button that takes photos, videos and zips of them, and what happened.

    Nothing that is there is overwritten, and zips are looked through first.

    Args:
        folder: str or path of the person's footage, made if need be.

    Attributes:
        happened: dict from file to what happened, in words.

    Raises:
        OSError: if the folder cannot be written to.
    """

    _esm = HERE / "upload.js"
    _css = HERE / "upload.css"
    endings = traitlets.List(list(ENDINGS)).tag(sync=True)
    largest = traitlets.Float(LARGEST).tag(sync=True)
    rows = traitlets.List().tag(sync=True)  # (file, what happened)
    said = traitlets.Unicode("").tag(sync=True)

    def __init__(self, folder):
        self.folder, self.happened = pathlib.Path(folder), {}
        self._file = self._name = self._number = None
        super().__init__()
        with footage_folder.locked(self.folder):
            # half a file, of which the whole is where it was chosen
            for path in footage_folder.abandoned_files(self.folder, UPLOAD):
                path.unlink()
        self.said = consent.line_of(self.folder)
        self.on_msg(self._receive)

    def draw_still(self):
        """Where files go, and what became of them."""
        lines = [f"Files from your disk into {self.folder}"]
        lines += [f"{name}: {word}" for name, word in self.rows]
        return plotting.plot_card("\n".join([*lines, self.said]).rstrip())

    def _receive(self, _, content, buffers):
        """One file after the other; each message is answered."""
        kind, number = content.get("kind"), content.get("file")
        try:
            if kind == "start":
                self._start(number, content.get("name"))
            elif number != self._number:
                raise ValueError(
                    "A file that was begun should go on. Received: another "
                    "one: the kernel was started anew. Choose it again."
                )
            elif kind == "piece":
                self._file.write_piece(content["number"], bytes(buffers[0]))
            elif kind == "end":
                self._end(content.get("size"))
        except (OSError, ValueError) as error:
            name, word = str(content.get("name")), str(error)
            if self._file is not None:
                word = word.replace(self._file.path.name, name)
            self._drop()
            self._tell(name, f"left out: {word}")
            self.send({"kind": "left out", "file": number})
        else:
            self.send({"kind": "taken", "file": number})

    def _start(self, number, name):
        if self._file is not None:
            self._drop()
            self._tell(self._name, "left out: another file came before its end")
        self._name = footage_folder.safe_name(name, "uploaded")
        self._number = number
        ending = pathlib.PurePath(self._name).suffix.lower()
        if ending not in ENDINGS:
            raise ValueError(
                f"A file ends in {' '.join(ENDINGS)}. Received: {name}. "
                "Save it as one of these, pictures as .jpg or .png"
            )
        self._file = pieces.Incoming(self.folder, UPLOAD, ending, LARGEST)

    def _end(self, size):
        self._file.close()
        path, name = self._file.path, self._name
        if self._file.size != size:
            raise ValueError(
                f"{size} bytes should come. Received: {self._file.size}. The "
                "file was moved or changed meanwhile; choose it again."
            )
        if path.suffix == ".zip":
            happened = footage_zip.unpack_zip(path, self.folder, origin=name)
            for inside, word in happened.items():
                self.happened[f"{name}: {inside}"] = word
            foreign = sum(w.startswith("passed") for w in happened.values())
            word = f"a zip of {len(happened)} files, {foreign} passed over"
        elif self._file.size == 0:
            raise ValueError(
                "It should hold a photo or a video. Received: an empty file. "
                "Copy it again from where it came."
            )
        else:
            with footage_folder.locked(self.folder):
                footage_log.read_log(self.folder)
                placed = footage_folder.place_files({name: path}, self.folder)
                given, word = placed[name]
                if word.startswith("taken"):
                    footage_log.note_source(self.folder, UPLOAD, name, [given])
        self._drop()
        self._tell(name, word)

    def _drop(self):
        file, self._file, self._number = self._file, None, None
        if file is not None:
            file.drop()  # what was placed lies elsewhere by now

    def _tell(self, name, word):
        self.happened[name] = word
        self.rows = [*self.rows, [name, word]]
        self.said = consent.line_of(self.folder)
