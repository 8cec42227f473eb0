"""A face set sorted by hand: leave out, take back, choose, move landmarks."""

import contextlib

from helpers.faces.face_records import PARTS
from helpers.faces.sorting import choosing, corrections, recutting
from helpers.faces.sorting.corrected_folder import CorrectedFolder
from helpers.files import manifests
from helpers.footage import listing

KEPT, ALL, BY_HAND = "kept", "all", "by hand"


class HandSorting(CorrectedFolder):
    """The faces of one identity, and what a hand changes about them.

    Each change is on disk when its method returns: in `by_hand.json`, which
    outlives another extraction, and in `faces.jsonl` and `report.json`. The
    folder then is unfinished until `finish()`, or
    `facesets.write_face_sets`, has run.

    Args:
        folder: str or path that extraction wrote to.
        identity: str. Whose faces.
        footage: str or path of this identity's footage; without it where the
            manifest says that notebook 01 read it.

    Raises:
        FileNotFoundError: if there are no faces of this identity.
        ValueError: if a file cannot be read.
    """

    def __init__(self, folder, identity, footage=None):
        self._history = []
        self._frame = None, None
        super().__init__(folder, identity)
        self.footage = footage or self._footage_of_before()

    def reload(self):
        """Read the folder anew; what was changed before cannot be undone."""
        self._history.clear()
        super().reload()
        rows = {}
        for row, record in enumerate(self.records):
            if record["person"] is not None:
                rows.setdefault(_name_of(record), []).append(row)
        # the row of a face to show for each
        self._people = {
            person: (rows[person], max(rows[person], key=self._clearness))
            for person in sorted(rows, key=_in_order)
        }

    def _clearness(self, row):
        record = self.records[row]
        return abs(record["yaw"]) < 20, record["sharpness"]

    def _footage_of_before(self):
        parameters = self.manifest_of_before().get("parameters") or {}
        folder = parameters.get("FOOTAGE_FOLDER")
        with contextlib.suppress(ValueError):
            folder = listing.folder_of(folder, self.identity)
            return manifests.project_root() / folder
        return None

    # ---- what there is

    def count_faces(self):
        """dict: how many faces are kept, and each reason with its count."""
        counts = {KEPT: 0}
        for record in self.records:
            reason = record["left_out"] or KEPT
            counts[reason] = counts.get(reason, 0) + 1
        return counts

    def people(self):
        """Who was found.

        Returns:
            dict from a person's number, or the name of each part of one who
            may be several people, to a tuple of how many faces they have,
            whether they are this identity (some faces were kept by the
            machine), and the row of a sharp one that looks ahead.
        """
        return {
            person: (len(rows), any(map(self._was_kept, rows)), portrait)
            for person, (rows, portrait) in self._people.items()
        }

    def _was_kept(self, row):
        record = self.records[row]
        before = record.get("found", record)
        return before.get("left_out", record["left_out"]) is None

    def rows(self, which=KEPT):
        """Rows of some faces.

        Args:
            which: `"kept"`, `"all"`, `"by hand"`, a reason why faces were
                left out, the number of a person, or the name of a part.

        Returns:
            list of int.
        """
        return [
            row
            for row, record in enumerate(self.records)
            if which == ALL
            or (which == KEPT and record["left_out"] is None)
            or (which == BY_HAND and row in self.by_row)
            or (isinstance(which, str) and record["left_out"] == which)
            or (isinstance(which, int) and record["person"] == which)
            or (which == _name_of(record) and which is not None)
        ]

    def rows_of_frame(self, row):
        """Rows of all faces of the frame in which this one was found."""
        return self._frames[corrections.key_of(self.records[row])[:2]]

    def frame_of(self, row):
        """The footage's frame of a face, a `recutting.Frame`.

        Raises:
            FileNotFoundError: if the footage is gone.
            media.MediaError: if it cannot be read.
        """
        place = corrections.key_of(self.records[row])[:2]
        if self._frame[0] != place:
            frame = recutting.read_frame_of(self.footage, self.records[row])
            self._frame = place, frame
        return self._frame[1]

    # ---- what a hand does

    def leave_out(self, rows):
        """Leave faces out of the set.

        Args:
            rows: iterable of int.

        Returns:
            int: how many faces changed.
        """
        return self._change({row: self._entry(row, take=False) for row in rows})

    def take_back(self, rows):
        """Take faces into the set, whatever they were left out for."""
        entries = {}
        for row in rows:
            reason = corrections.as_found(self.records[row]).get("left_out")
            take = None if reason is None else True
            entries[row] = self._entry(row, take=take)
        return self._change(entries)

    def choose_face(self, row):
        """Take this face, and leave out the others of its frame."""
        return self._change(
            {
                each: self._entry(each, take=each == row)
                for each in self.rows_of_frame(row)
            }
        )

    def preview_face(self, row, landmarks):
        """What these landmarks give, see `recutting.recut_face`."""
        return recutting.recut_face(
            self.frame_of(row), landmarks, self.contract
        )

    def move_landmarks(self, row, landmarks):
        """Cut a face again; if it was left out, it is taken.

        Args:
            row: int.
            landmarks: array-like, shape `(5, 2)`, `(x, y)` in pixels of the
                frame: left eye, right eye, nose, left and right corner of
                the mouth; left is left in the picture.

        Returns:
            int: how many faces changed, 1.

        Raises:
            FileNotFoundError: if the footage is gone.
            ValueError: if no face can be cut by these points.
        """
        record, cut = self.records[row], self.preview_face(row, landmarks)
        changes = recutting.write_recut_face(self.folder, record, *cut)
        if record.get("left_out") is not None:
            changes["take"] = True
        return self._change({row: self._entry(row, **changes)})

    def forget_changes(self, rows):
        """Give up what a hand changed about faces: they are as found."""
        return self._change({row: None for row in rows if row in self.by_row})

    def pick_people(self, people, progress=None):
        """Say which people are the identity; everybody else is left out.

        Args:
            people: list of int or str, see `people`.
            progress: called as `progress(faces done, faces)`, or `None`.

        Returns:
            dict: the report, see `choosing.choose_faces`.
        """
        self.set_manifest_aside()
        report = choosing.choose_faces(
            self.parent, self.identity, people, progress
        )
        self.reload()
        return report

    def undo(self):
        """Take the last change back.

        Returns:
            int: how many faces changed; 0 if there is nothing to undo.
        """
        return self.store(self._history.pop()) if self._history else 0

    @property
    def can_undo(self):
        """Whether there is a change of this session to undo."""
        return bool(self._history)

    # ---- what becomes of it

    def _entry(self, row, **changes):
        record = self.records[row]
        file, frame, face = corrections.key_of(record)
        entry = {"file": file, "frame": frame, "face": face, "take": None}
        entry["place"] = corrections.place_of(record)
        entry = {**entry, **self.by_row.get(row, {}), **changes}
        says_nothing = entry["take"] is None and "landmarks" not in entry
        return None if says_nothing else entry

    def _change(self, entries):
        before = {row: self.by_row.get(row) for row in entries}
        if before == entries:
            return 0
        count = self.store(entries)
        self._history.append(before)
        return count


def _name_of(record):
    return choosing.name_part(record["person"], record.get("part"))


def _in_order(name):
    """`0a` and `0b` stand before `1`."""
    number = str(name).rstrip(PARTS)
    return int(number), str(name)
