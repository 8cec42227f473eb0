"""Face finder: frames of footage in, the faces in them cut and recorded out.

Faces are followed by `Tracker` in frames shrunk to what it needs. What is found
in some frames does not change with later ones, so their crops are cut at once,
and the whole frames need not be kept for long.
"""

import concurrent.futures
import pathlib

import numpy as np

from helpers.faces import face_cutting, face_records, second_look, takes
from helpers.faces.boxes import face_box, rank_faces
from helpers.faces.tracker import Tracker
from helpers.faces.tracks import KEY_EVERY

# Frames that are followed together, and how many pixels they may hold: eight
# frames of 3840 x 2160, one detection apart.
CHUNK_FRAMES = 64
CHUNK_PIXELS = 68_000_000
# frames of a long file after which its records are safe from a crash
PART_FRAMES = 16 * CHUNK_FRAMES
# Views of a face whose landmarks are averaged. Their error is that of eight,
# and a crop does not tremble, as frames next to each other do.
VIEWS = 4
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
        self._tracker = Tracker(self.detector, self.every, views=VIEWS)
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

    def end_file(self, error):
        """Note that a file is at its end.

        Args:
            error: str, why it could not be read further, or `None`.
        """
        self._files[-1]["error"] = error

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
        jobs = []
        for number, item in enumerate(chunk):
            faces = self._faces_of(item, self._tracker.faces_at(first + number))
            _count(item["entry"]["counts"], len(faces))
            for place, face in enumerate(faces):
                jobs.append((item, place, face, len(faces)))
        for crop, mask, record in self._pool.map(self._cut, jobs):
            self.writer.write_face(crop, mask, record)
        self.pixels_done += pixels

    def _faces_of(self, item, sights):
        """Faces of a frame in its own pixels, those that matter most first."""
        height, width = item["image"].shape[:2]
        ratio = np.array([width, height]) / item["looked_at"].shape[1::-1]
        faces = []
        for number, landmarks, score in self._seen(item, sights):
            # integer coordinates are pixel centres in both pictures
            landmarks = (np.asarray(landmarks) + 0.5) * ratio - 0.5
            faces.append(
                {
                    "box": face_box(landmarks),
                    "score": score,
                    "landmarks": landmarks,
                    "number": number,
                }
            )
        faces = rank_faces(faces, (height, width))
        for place, face in enumerate(faces):
            # a track is known by its first face
            name = f"{item['plan']['file']}#{item['index']}.{place}"
            face["track"] = self._names.setdefault(face["number"], name)
        return faces

    def _seen(self, item, sights):
        """Track, landmarks and score of each face; photos get a second look."""
        numbers = list(sights)
        landmarks = [sight.landmarks for sight in sights.values()]
        scores = [sight.score for sight in sights.values()]
        if item["time"] is None and sights:
            landmarks = second_look.set_upright(
                self.detector, item["looked_at"], landmarks
            )
        elif item["time"] is None:
            faces = second_look.look_again(self.detector, item["looked_at"])
            numbers = [(item["plan"]["file"], n) for n in range(len(faces))]
            landmarks = [face["landmarks"] for face in faces]
            scores = [face["score"] for face in faces]
        return zip(numbers, landmarks, scores, strict=True)

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
