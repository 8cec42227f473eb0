"""The folder of one identity's faces, with what a hand changed about them."""

import os
import pathlib

from helpers.faces import face_records, facesets
from helpers.faces.sorting import choosing, corrections
from helpers.files import folder_lock, foreign_files, manifests
from helpers.files.names import check_name

# the manifest of before: what it says of the parameters is needed again
STALE = "manifest.before_corrections.json"
AGAIN = f"Delete it and run notebooks/{face_records.MADE_BY}.ipynb again."
INSTEAD = "Make the folder of the faces writable, or copy it elsewhere."


class CorrectedFolder:
    """Records and corrections, and how both are kept on disk.

    A row is a face's place in `records`, which holds those that were left
    out, too.

    Args:
        folder: str or path that extraction wrote to.
        identity: str. Whose faces.

    Attributes:
        folder: pathlib.Path of this identity's faces.
        records: list of dicts, see `FaceSet`.
        by_row: dict from row to correction, see `read_corrections`.
        lost: list of corrections whose face is not found any more.
        contract: dict, the data contract.

    Raises:
        FileNotFoundError: if there are no faces of this identity.
        ValueError: if a file cannot be read.
    """

    def __init__(self, folder, identity):
        check_name(identity)
        self.parent, self.identity = pathlib.Path(folder), identity
        self.folder = self.parent / identity
        self.reload()

    def reload(self):
        """Read the folder anew."""
        self._seen = self._state()
        self.contract = _read_contract(self.folder)
        stored = face_records.read_records(self.folder / face_records.RECORDS)
        # face sets of before hold only who was kept
        stored = [{"person": None, "left_out": None, **each} for each in stored]
        corrected = corrections.read_corrections(self.folder, self.contract)
        self.records = corrections.apply_corrections(stored, corrected)
        self.by_row, self.lost = corrections.match_corrections(
            self.records, corrected
        )
        self._lines = [
            face_records.line_of_record(record) for record in self.records
        ]
        self._frames = {}
        for row, record in enumerate(self.records):
            place = corrections.key_of(record)[:2]
            self._frames.setdefault(place, []).append(row)
        self._unwritten = self.records != stored

    @property
    def stale(self):
        """Whether the manifest has to be written anew."""
        return (self.parent / STALE).is_file() and not (
            self.parent / manifests.MANIFEST
        ).is_file()

    def manifest_of_before(self):
        """The parent's manifest, which is set aside while it is stale."""
        for name in (manifests.MANIFEST, STALE):
            if (self.parent / name).is_file():
                return foreign_files.read_json(self.parent / name, AGAIN)
        return {}

    def finish(self):
        """Write the manifest anew, as it was but for what has changed.

        Returns:
            dict: the manifest, see `facesets.write_face_sets`.

        Raises:
            FileNotFoundError: if there was none; `write_face_sets` then
                writes the first.
        """
        if self._unwritten:
            self.store({})
        before = self.manifest_of_before()
        if (self.parent / manifests.MANIFEST).is_file():
            return before
        if not before.get("identities"):
            raise FileNotFoundError(
                f"{self.parent} was never finished. Run facesets."
                "write_face_sets with all identities, as notebook 01 does."
            )
        names = list(before["identities"])
        manifest = facesets.write_face_sets(
            self.parent,
            names,
            self.contract,
            before.get("parameters"),
            least=min(2, len(names)),
        )
        (self.parent / STALE).unlink()
        return manifest

    def set_manifest_aside(self):
        """Make the folder unfinished, until its manifest is written anew."""
        manifest = self.parent / manifests.MANIFEST
        if manifest.is_file():
            os.replace(manifest, self.parent / STALE)

    def store(self, entries):
        """Keep corrections, in memory and on disk.

        Args:
            entries: dict from row to a correction, or to `None` where a face
                is to be as it was found.

        Returns:
            int: how many faces that are.

        Raises:
            RuntimeError: if somebody else wrote into the folder meanwhile.
            folder_lock.FolderError: if somebody does right now, if the disk
                is full, or if the folder cannot be written.
        """
        with folder_lock.locked_folder(self.folder, INSTEAD):
            self._check_unchanged()
            try:
                self._write(entries)
            except (OSError, ValueError):
                self.reload()  # what is in memory is not on the disk
                raise
        return len(entries)

    def _write(self, entries):
        self.set_manifest_aside()
        for row, entry in entries.items():
            if entry is None:
                self.by_row.pop(row, None)
            else:
                self.by_row[row] = entry
            self.records[row] = corrections.apply_corrections(
                [self.records[row]], [entry] if entry else []
            )[0]
            self._lines[row] = face_records.line_of_record(self.records[row])
        corrections.write_corrections(
            self.folder, [*self.by_row.values(), *self.lost]
        )
        manifests.write_text(
            self.folder / face_records.RECORDS,
            "".join(self._lines),
        )
        self._write_report()
        self._unwritten, self._seen = False, self._state()

    def _write_report(self):
        path = self.folder / face_records.REPORT
        if not path.is_file():
            return  # extraction was broken off, and counts when it ends
        report = foreign_files.read_json(path, facesets.AGAIN_FOR_IT)
        report |= choosing.sum_up_faces(self.records)
        manifests.write_json(path, report)

    def _state(self):
        """By what is seen that somebody else wrote these files."""
        paths = [self.folder / face_records.RECORDS]
        paths.append(self.folder / corrections.FILE)
        return [
            (path.stat().st_mtime_ns, path.stat().st_size)
            for path in paths
            if path.is_file()
        ]

    def _check_unchanged(self):
        if self._state() != self._seen:
            raise RuntimeError(
                f"The faces in {self.folder} were written by somebody else "
                "since they were read here. Nothing was changed. Call "
                "reload(), or run the cell again, and repeat the change."
            )


def _read_contract(folder):
    head = face_records.read_lines(folder / face_records.FILES)[:1]
    try:
        return head[0]["settings"]["contract"]
    except (LookupError, TypeError) as error:
        raise FileNotFoundError(
            f"There are no faces to sort in {folder}: {face_records.FILES} "
            "should say how they were extracted. Run notebooks/"
            f"{face_records.MADE_BY}.ipynb for this identity first."
        ) from error
