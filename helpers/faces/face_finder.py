"""Face finder: frames of footage in, the faces in them cut and recorded out.

Faces are followed by `Tracker` in frames shrunk to what it needs. What is found
in some frames does not change with later ones, so their crops are cut at once,
and the whole frames need not be kept for long.
"""

import concurrent.futures
import pathlib

from helpers.faces import face_cutting, face_records, photo_faces, takes
from helpers.faces.boxes import enlarge_faces
from helpers.faces.tracker import Tracker
from helpers.faces.tracks import KEY_EVERY

# Frames that are followed together, and how many pixels they may hold: eight
# frames of 3840 x 2160, one detection apart.
CHUNK_FRAMES = 64
CHUNK_PIXELS = 68_000_000
# frames of a long file after which its records are safe from a crash
PART_FRAMES = 16 * CHUNK_FRAMES
# crops that are cut and encoded at once
ENCODERS = 2


class FaceFinder:
    """Takes frames of one file after another, and records their faces.

    A part, at whose end all is safe from a crash, is a thousand frames of a
    long file, or as many short files as make a chunk. Nothing of a part
    depends on the one before: where an interrupted run goes on, all comes out
    as it would have.

    Args:
        writer: `record_writer.RecordWriter`.
        contract: dict from `manifests.data_contract()`.
        detector: see `finding.find_faces`.
        step: int. Every how many frames of a video one is given.

    Attributes:
        pixels_done: int. Pixels of the frames that are worked off.
    """

    def __init__(self, writer, contract, detector, step=1):
        self.writer, self.contract = writer, contract
        self.detector = detector
        # as often in time, whatever frames are skipped
        self.every = max(1, KEY_EVERY // step)
        self.pixels_done = 0
        self._pool = concurrent.futures.ThreadPoolExecutor(ENCODERS)
        self._begin_part()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._pool.shutdown()

    def _begin_part(self):
        self._tracker = Tracker(
            self.detector, self.every, views=photo_faces.VIEWS
        )
        self._files, self._names = [], {}
        self._frames = 0
        self._chunk, self._pixels = [], 0

    def begin_file(self, plan, start):
        """Frames of another file come next.

        Args:
            plan: dict from `takes.plan_files`.
            start: int. Index of its first frame.
        """
        coming = takes.frames_of(plan, start)
        if self._frames and self._frames + coming > CHUNK_FRAMES:
            self.finish_part()
        self._begin_entry(plan, start)

    def _begin_entry(self, plan, start):
        counts = dict.fromkeys(face_records.COUNTS, 0)
        self._files.append(
            {
                "plan": plan,
                "start": start,
                "next": None,
                "counts": counts,
                "error": None,
                "why": None,
                "notes": [],
            }
        )
        self._begins = True

    def add_frame(self, item):
        """Take a frame.

        Args:
            item: dict from `takes.read_items`, with the picture in which the
                faces are looked for as `looked_at`.
        """
        if self._frames == PART_FRAMES:
            plan = self._files[-1]["plan"]
            self._files[-1]["next"] = item["index"]
            self.finish_part()
            self._begin_entry(plan, item["index"])
        pixels = item["image"].shape[0] * item["image"].shape[1]
        full = len(self._chunk) == CHUNK_FRAMES
        if full or self._chunk and self._pixels + pixels > CHUNK_PIXELS:
            self._follow()
        item["entry"], item["begins"] = self._files[-1], self._begins
        self._begins = False
        self._chunk.append(item)
        self._pixels += pixels
        self._frames += 1
        if self._pixels >= CHUNK_PIXELS:
            self._follow()  # no other frame fits beside it

    def end_file(self, error, notes=()):
        """Note that a file is at its end.

        Args:
            error: str, why it could not be read further, or `None`.
            notes: sequence of str, what of it was passed over.
        """
        self._files[-1]["error"] = error
        self._files[-1]["notes"] = list(notes)

    def finish_part(self):
        """Find the faces of what was taken so far, and make all of it safe."""
        self._follow()
        if self._files:
            self.writer.finish_part(self._files)
        self._begin_part()

    def _follow(self):
        """Find the faces in the frames that wait."""
        chunk, self._chunk = self._chunk, []
        pixels, self._pixels = self._pixels, 0
        if not chunk:
            return
        first = len(self._tracker.times)
        begins = [n for n, item in enumerate(chunk) if item["begins"]]
        self._tracker.add_frames(
            [(item["time"] or 0.0, item["looked_at"]) for item in chunk], begins
        )
        sights = [self._tracker.faces_at(first + n) for n in range(len(chunk))]
        jobs = []
        looked = self._look_at(chunk, sights)
        for item, faces in zip(chunk, looked, strict=True):
            faces = self._name_tracks(item, faces)
            _count(item["entry"]["counts"], len(faces))
            if not faces and item["time"] is None:
                why = photo_faces.why_no_face(item["looked_at"])
                item["entry"]["why"] = why
            for place, face in enumerate(faces):
                jobs.append((item, place, face, len(faces)))
        for crop, mask, record in self._pool.map(self._cut, jobs):
            self.writer.write_face(crop, mask, record)
        self.pixels_done += pixels

    def _look_at(self, chunk, sights):
        """Faces of each frame as the tracker saw them, photos looked at anew.

        Args:
            chunk: list of items.
            sights: list of dicts from `Tracker.faces_at`.

        Returns:
            list with, for each, a list of dicts, see `look_at_photos`.
        """
        found = [
            [
                {**sight._asdict(), "track": number, "doubtful": False}
                for number, sight in seen.items()
            ]
            for seen in sights
        ]
        photos = [n for n, item in enumerate(chunk) if item["time"] is None]
        looked = photo_faces.look_at_photos(
            self.detector,
            [chunk[n]["looked_at"] for n in photos],
            [sights[n] for n in photos],
        )
        for n, faces in zip(photos, looked, strict=True):
            found[n] = faces
        return found

    def _name_tracks(self, item, faces):
        """Faces in the frame's own pixels; a track is known by its first."""
        picture, image = item["looked_at"], item["image"]
        faces = enlarge_faces(faces, picture.shape, image.shape)
        for place, face in enumerate(faces):
            name = f"{item['plan']['file']}#{item['index']}.{place}"
            if face["track"] is not None:
                name = self._names.setdefault(face["track"], name)
            face["track"] = name
        return faces

    def _cut(self, job):
        item, place, face, faces = job
        # what a synthetic clip's truth says is said of its one person
        painted = item["mask"] if place == 0 else None
        crop, mask, facts = face_cutting.cut_face(
            item["image"], face["landmarks"], self.contract, painted
        )
        record = {
            "file": item["plan"]["file"],
            "frame": item["index"],
            "face": place,
            "time": item["time"],
            "track": face["track"],
            # until `takes.hold_out` knows whose faces are whose
            "take": pathlib.PurePosixPath(item["plan"]["file"]).name,
            "split": item["plan"]["split"] or "train",
            "score": face["score"],
            "doubtful": face["doubtful"],
            "box": list(face["box"]),
            **facts,
            "faces_in_frame": faces,
            "frame_parameters": item["parameters"] if place == 0 else None,
            "person": None,
            "left_out": None,
        }
        return crop, mask, record


def _count(counts, faces):
    counts["frames"] += 1
    counts["faces"] += faces
    counts[("no_face", "one_face", "several_faces")[min(faces, 2)]] += 1
