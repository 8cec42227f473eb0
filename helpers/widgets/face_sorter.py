"""The face sorter: all faces of an identity as pictures, sorted by hand.

Runs in JupyterLab, VS Code and Colab. Only the page that is seen is sent to
the browser, so it stays quick with tens of thousands of faces. Clicks ask the
kernel, so they are answered while no other cell is running.
"""

import pathlib

import anywidget
import traitlets

from helpers import plotting
from helpers.faces.sorting.hand_sorting import ALL, BY_HAND, KEPT, HandSorting
from helpers.widgets import close_up, face_tiles
from helpers.widgets.still import LeavesPicture, pixels_of

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = ("face_pages.js", "face_close_up.js", "face_sorter.js")
PAGE = 60  # faces
MOST_PEOPLE = 12  # that get a tab of their own
FAULTS = (ValueError, OSError, RuntimeError)


class FaceSorter(LeavesPicture, anywidget.AnyWidget):
    """Pages of faces to leave out, take back, choose among and cut again.

    What it does is done by `sorting`, and can be done without a widget by
    `hand_sorting.HandSorting`, too. Each change is on disk at once; `finish`
    writes the manifest that later notebooks ask for.

    Args:
        folder: str or path that extraction wrote to.
        identity: str. Whose faces.
        footage: str or path of this identity's footage; without it where the
            manifest says that notebook 01 read it.

    Attributes:
        sorting: `hand_sorting.HandSorting`.

    Raises:
        FileNotFoundError: if there are no faces of this identity.
        ValueError: if a file cannot be read.
    """

    _esm = "\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS)
    _css = HERE / "face_sorter.css"
    identity = traitlets.Unicode().tag(sync=True)
    tabs = traitlets.List().tag(sync=True)  # see `_tabs`
    view = traitlets.Dict().tag(sync=True)  # see `_view`
    tiles = traitlets.Bytes().tag(sync=True)  # JPEG of the page, row by row
    columns = traitlets.Int(face_tiles.COLUMNS).tag(sync=True)
    closely = traitlets.Dict().tag(sync=True)  # see `close_up.describe_face`
    recut = traitlets.Dict().tag(sync=True)  # what moved landmarks would give
    said = traitlets.Unicode().tag(sync=True)
    failed = traitlets.Bool(False).tag(sync=True)
    can_undo = traitlets.Bool(False).tag(sync=True)
    stale = traitlets.Bool(False).tag(sync=True)  # the manifest is

    def __init__(self, folder, identity, footage=None):
        self.sorting = HandSorting(folder, identity, footage)
        self._tiles = face_tiles.Tiles()
        self._tab, self._page = KEPT, 0
        super().__init__(identity=identity)
        self.on_msg(self._answer)
        self._refresh()
        if self.sorting.lost:
            self._say(
                f"{len(self.sorting.lost)} faces that a hand corrected are "
                "not found any more; what was said of them is kept."
            )

    # ---- what a click asks for

    def _answer(self, _, message, __):
        actions = {
            "show": self.show_page,
            "leave_out": self.leave_out,
            "take_back": self.take_back,
            "as_found": self.reset_faces,
            "choose": self.choose_face,
            "look": self.look_closer,
            "leave": self.leave_close_up,
            "preview": self.preview_landmarks,
            "move": self.move_landmarks,
            "pick": self.pick_people,
            "undo": self.undo,
            "finish": self.finish,
        }
        message = dict(message)
        action = actions[message.pop("do")]
        try:
            action(**message)
        except FAULTS as error:
            self._say(str(error), failed=True)

    def show_page(self, tab=KEPT, page=0):
        """Show a page of some faces, see `HandSorting.rows`."""
        self._tab, self._page = tab, page
        self._refresh()
        self.leave_close_up()

    def leave_out(self, rows):
        """Leave faces out of the set; `rows` is a list of int."""
        self._done(self.sorting.leave_out(rows), "left out")

    def take_back(self, rows):
        """Take faces into the set, whatever they were left out for."""
        self._done(self.sorting.take_back(rows), "taken back")

    def reset_faces(self, rows):
        """Give up what a hand changed about these faces."""
        self._done(self.sorting.forget_changes(rows), "as found again")

    def choose_face(self, row):
        """Take this face, and leave out the others of its frame."""
        self.sorting.choose_face(row)
        self._refresh()
        self.look_closer(row)
        self._say("This face is taken, the others of its frame are not.")

    def move_landmarks(self, row, landmarks):
        """Cut a face again, see `HandSorting.move_landmarks`."""
        self.sorting.move_landmarks(row, landmarks)
        self._refresh()
        self.look_closer(row)
        self._say("The face is cut again; the crop of before is kept.")

    def pick_people(self, people):
        """Say which people are the identity: a list of their numbers."""
        report = self.sorting.pick_people(
            people,
            lambda done, faces: self._say(f"{done} of {faces} faces looked at"),
        )
        self.show_page()
        self._say(f"{report['kept']} faces are kept.")

    def undo(self):
        """Take the last change back."""
        self._done(self.sorting.undo(), "as before")

    def finish(self):
        """Write the manifest, so that later notebooks read these faces."""
        self.sorting.finish()
        self._refresh()
        self._say("Finished: the later notebooks can read these faces.")

    def look_closer(self, row):
        """Show a face in its frame, with its landmarks."""
        self.recut = {}
        self.closely = close_up.describe_face(self.sorting, row)

    def leave_close_up(self):
        """Go back to the page of faces."""
        self.recut, self.closely = {}, {}

    def preview_landmarks(self, row, landmarks):
        """Show what moved landmarks would give, without keeping it."""
        try:
            crop, *_ = self.sorting.preview_face(row, landmarks)
        except FAULTS as error:
            # asked anew with each move, so that the page has to hear of it
            self.recut = {"crop": b"", "said": str(error), "of": landmarks}
            return
        self.recut = {
            "crop": crop,
            "said": "",
            "of": landmarks,
        }

    # ---- what is shown

    def draw_still(self):
        """The page that is seen, and how many faces are on each tab."""
        counts = ", ".join(f"{tab['name']} {tab['count']}" for tab in self.tabs)
        page = f"page {self.view['page'] + 1} of {self.view['pages']}"
        words = f"{self.identity}, faces by hand: {counts}; {page}"
        return plotting.plot_card(words, pixels_of(self.tiles))

    def _done(self, count, what):
        self._refresh()
        if self.closely:
            self.look_closer(self.closely["row"])
        faces = "1 face is" if count == 1 else f"{count} faces are"
        self._say(f"{faces} {what}." if count else "Nothing to change.")

    def _say(self, words, failed=False):
        self.said, self.failed = words, failed

    def _refresh(self):
        rows = self.sorting.rows(self._tab)
        pages = max(1, -(-len(rows) // PAGE))
        self._page = min(max(0, self._page), pages - 1)
        shown = rows[self._page * PAGE : (self._page + 1) * PAGE]
        with self.hold_sync():
            self.tabs = self._tabs()
            self.tiles = self._tiles.draw_page(self._crops(shown))
            self.view = {
                "tab": self._tab,
                "page": self._page,
                "pages": pages,
                "total": len(rows),
                "faces": [self._face(row) for row in shown],
            }
            self.can_undo = self.sorting.can_undo
            self.stale = self.sorting.stale

    def _tabs(self):
        """One dict a tab: `key`, `name`, `count`, and of a person, or a part
        of one who may be several people, `picked` (whether any is kept),
        `picture` (JPEG) and `part` (whether it is one)."""
        counts = self.sorting.count_faces()
        people = self.sorting.people()
        tabs = [{"key": KEPT, "name": KEPT, "count": counts.pop(KEPT)}]
        for reason, count in sorted(counts.items(), key=lambda each: -each[1]):
            tabs.append({"key": reason, "name": reason, "count": count})
        if self.sorting.by_row:
            count = len(self.sorting.by_row)
            tabs.append({"key": BY_HAND, "name": BY_HAND, "count": count})
        count = len(self.sorting.records)
        tabs.append({"key": ALL, "name": ALL, "count": count})
        shown = list(people.items())[:MOST_PEOPLE] if len(people) > 1 else []
        for person, (count, picked, row) in shown:
            tabs.append(
                {
                    "key": person,
                    # called as in PERSON and in face_pictures
                    "name": f"person {person}",
                    "count": count,
                    "picked": picked,
                    "part": isinstance(person, str),
                    "picture": self._tiles.draw_tile(self._crops([row])[0]),
                }
            )
        return tabs

    def _crops(self, rows):
        folder, records = self.sorting.folder, self.sorting.records
        return [folder / records[row]["crop"] for row in rows]

    def _face(self, row):
        record = self.sorting.records[row]
        return {
            "row": row,
            "left_out": record.get("left_out"),
            "by_hand": row in self.sorting.by_row,
            "caption": close_up.moment_of(record),
        }
