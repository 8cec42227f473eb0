"""Unfinished: a swap of a video that was interrupted goes on where it was.

What takes long is kept in a folder beside the result as soon as it is done:
the tracks of the first pass, and the pictures in parts of some hundred frames,
encoded. Each says what it was made from: what belongs to another video, comb
or setting is never mixed in. When the result is written the folder goes.
"""

import contextlib
import json
import os
import pathlib
import warnings

import av
import numpy as np

from helpers.faces.tracks import FaceTrack, has_face
from helpers.files import asides, folder_lock, manifests
from helpers.files.folder_lock import LOCK
from helpers.files.names import longer_name
from helpers.footage import media
from helpers.footage.media import video_parts
from helpers.footage.media.sound import Sound

ENDING = ".unfinished"
TRACKS, JOB = "tracks.npz", "job.json"


class UnfinishedError(folder_lock.FolderError):
    """An unfinished video cannot be kept, or somebody else is at it."""


@contextlib.contextmanager
def unfinished(output_path):
    """The folder of a result that is being made, for this run alone.

    It is removed once it holds nothing that took long to make.

    Args:
        output_path: str or path of the .mp4 file that is to be written.

    Yields:
        `Unfinished`.

    Raises:
        UnfinishedError: if the folder cannot be written, if another run is
            writing this result, or if the disk is full.
    """
    output = pathlib.Path(output_path)
    folder = output.with_name(longer_name(output.name, ENDING))
    instead = f"Choose another output path than {output}."
    with folder_lock.locked_folder(folder, instead, UnfinishedError):
        yield Unfinished(output, folder)


class Unfinished:
    """What there is of a result so far. See `unfinished`.

    Args:
        output: pathlib.Path of the .mp4 file that is to be written.
        folder: pathlib.Path of its folder, which is locked.

    Attributes:
        kept: int. Frames that an earlier run has swapped.
    """

    def __init__(self, output, folder):
        self.output, self.folder = output, folder
        self.kept = 0

    def keep_tracks(self, job, find):
        """The first pass over the video, or what an earlier run found.

        Args:
            job: dict that JSON can hold: what the tracks are made from.
            find: function without arguments that gives a list of `FaceTrack`.

        Returns:
            list of `FaceTrack`.
        """
        path = self.folder / TRACKS
        if path.exists():
            known, tracks = _read_tracks(path)
            if known == _plain(job):
                return tracks
            self._move_aside([path], known, job)
        tracks = find()
        if any(has_face(track.landmarks).any() for track in tracks):
            _write_tracks(path, job, tracks)
        return tracks

    def write_result(
        self, source_path, job, frames, edit, at_once, crf, **options
    ):
        """Swap what is not swapped yet, and write the result.

        Args:
            source_path: str or path.
            job: dict that JSON can hold: what the pictures are made from.
            frames: int. How many the result will have.
            edit: see `media.edit_video`. What it makes of pictures must not
                depend on earlier ones.
            at_once: see `media.edit_video`.
            crf: see `media.edit_video`.
            **options: `progress`, `metadata` and `finish`, see
                `media.edit_video`.

        Returns:
            list of str, what became of the sound.

        Raises:
            FileNotFoundError: if there is no such video.
            MediaError: if no frame can be read.
        """
        versions = {**manifests.versions(), "av": av.__version__}
        self._agree({**job, "crf": crf, "versions": versions})
        parts = video_parts.parts_of(self.folder)
        self.kept = sum(video_parts.part_length(part) for part in parts)
        result = self.folder / f"result{self.output.suffix}"
        # how its sound is kept is tried before the work, not after it
        with Sound(source_path) as sound:
            if self.kept < frames:
                self._edit_onward(source_path, edit, at_once, crf, options)
            video_parts.join_parts(
                video_parts.parts_of(self.folder),
                source_path,
                result,
                sound,
                options.get("metadata"),
                options.get("finish"),
            )
        os.replace(result, self.output)
        for path in self.folder.iterdir():
            if path.name != LOCK:
                path.unlink()
        return sound.notes()

    def _edit_onward(self, source_path, edit, at_once, crf, options):
        # batches as they are without an interruption
        length = -(-video_parts.PART_FRAMES // at_once) * at_once
        with video_parts.PartWriter(
            self.folder, self.kept, length, crf
        ) as writer:
            media.edit_onward(
                source_path,
                writer,
                edit,
                at_once,
                options.get("progress"),
                self.kept,
            )

    def _agree(self, job):
        """Parts of another job are moved aside, and this job written down."""
        path = self.folder / JOB
        parts = video_parts.parts_of(self.folder)
        if parts:
            known = json.loads(path.read_text(encoding="utf-8"))
            if known == _plain(job):
                return
            self._move_aside([path, *parts], known, job)
        manifests.write_json(path, job)

    def _move_aside(self, paths, known, job):
        job = _plain(job)
        fields = [key for key in job if job[key] != known.get(key)]
        aside = asides.aside_name(self.folder)
        aside.mkdir()
        for path in paths:
            os.replace(path, aside / path.name)
        warnings.warn(
            f"{self.folder.name} holds an unfinished video that was made "
            f"otherwise: {', '.join(fields)} changed. It was moved to "
            f"{aside}, and this one begins anew. To go on with the old one, "
            f"give the old values and rename it to {self.folder.name}; else "
            "delete it.",
            stacklevel=4,
        )


def _plain(job):
    return json.loads(json.dumps(job))


def _write_tracks(path, job, tracks):
    first = tracks[0]
    details = json.dumps(
        {"job": job, "broken": first.broken, "notes": first.notes}
    )
    arrays = {
        "details": np.array(details),
        "times": first.times,
        "face_counts": first.face_counts,
        "shots": first.shots,
    }
    for number, track in enumerate(tracks):
        arrays[f"landmarks_{number}"] = track.landmarks
        arrays[f"spread_{number}"] = track.spread
        if track.hidden is not None:
            arrays[f"hidden_{number}"] = track.hidden
    with manifests.atomic_path(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, **arrays)


def _read_tracks(path):
    with np.load(path, allow_pickle=False) as arrays:
        details = json.loads(str(arrays["details"]))
        times, counts = arrays["times"], arrays["face_counts"]
        shots = arrays["shots"]
        tracks = [
            FaceTrack(
                arrays[f"landmarks_{number}"],
                times,
                counts,
                shots,
                details["broken"],
                arrays[f"spread_{number}"],
                tuple(details.get("notes", ())),
                arrays.get(f"hidden_{number}"),
            )
            for number in range(sum("landmarks" in key for key in arrays))
        ]
    return details["job"], tracks
