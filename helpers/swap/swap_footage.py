"""Swap footage: a photo, a video or a folder of them in, each swapped out.

Nothing that is there is replaced, see `result_files`; what gives no result is
named with its reason, and does not stop the rest.
"""

import dataclasses
import pathlib

from helpers import masks
from helpers.compositing import DEFAULT_MODE, check_modes
from helpers.faces.tracks import check_position
from helpers.files import manifests, progress
from helpers.footage import listing, media
from helpers.swap import result_files, swap_job
from helpers.swap.swap_job import open_job
from helpers.swap.swap_photo import swap_photo
from helpers.swap.swap_video import swap_video

__all__ = ["SwapResult", "open_job", "read_result", "swap_all"]

MADE_BY = "05_prediction"
COUNTS = {
    "photo": ("faces_found", "faces_swapped"),
    "video": ("frames", "swapped", "bridged", "without_face", "hidden"),
}
MOST_TIMES = 8  # of frames without a face, that are printed


@dataclasses.dataclass(frozen=True)
class SwapResult:
    """A swapped photo or video.

    Attributes:
        path: pathlib.Path of the result.
        media: pathlib.Path of the target's photo or video.
        record: dict, what is written down beside it, see `swap_all`.
    """

    path: pathlib.Path
    media: pathlib.Path
    record: dict

    @property
    def is_video(self):
        """Whether it moves."""
        return self.record["kind"] == "video"

    @property
    def files(self):
        """The result and its record, a list of pathlib.Path."""
        return [self.path, self.path.with_suffix(result_files.RECORD)]

    @property
    def captions(self):
        """Two str for pictures of before and after."""
        job = self.record["job"]
        target = job["target"] or "the target"
        return f"before: {target}", f"after: the face of {job['source']}"


def swap_all(job, folder, faces="main", crf=18, visible=True, **compositing):
    """Swap all the footage of a job, from files to files, and print how far.

    A result is called `<source>_on_<target>_<name of the medium>`, where the
    comb does not know the target with the name of its folder. Beside it lies
    `<result's stem>.json`: what it was made from, what was counted, the times
    without a face, what was agreed, and the mark in short. A result that was
    made of exactly the same is kept; see `result_files.claim_result`.

    Args:
        job: `swap_job.SwapJob`.
        folder: str or path of the results.
        faces: whose face is replaced. Of a video see `swap_video`; of a photo
            `"main"` is the largest one, `"all"` are all.
        crf: int, see `swap_video`.
        visible: bool, whether results get the label, see `swap_video`.
        **compositing: `color`, `blend`, `occlusion`, see
            `swapping.swap_frame`.

    Returns:
        list of `SwapResult`, videos first, at least one.

    Raises:
        ValueError: if nothing gave a result, if the only medium gave none, or
            if an argument is out of range.
        OSError: see `swap_video`.
    """
    check_modes(**compositing)
    if faces not in ("main", "all"):
        check_position(tuple(faces) if isinstance(faces, list) else faces)
    how = dict(zip(("color", "blend"), DEFAULT_MODE, strict=True))
    how |= {"occlusion": masks.DEFAULT_OCCLUSION, **compositing}
    photos, videos, others = job.listed
    results, left_out = {}, 0
    for path in others:
        print(f"left out: {path.name} {listing.why_no_footage(path)}.")
    for path in videos + photos:
        try:
            result = _swap_file(job, path, folder, faces, crf, visible, how)
            results[result.path] = result
        except ValueError as error:
            if not job.media.is_dir():
                raise
            left_out += 1
            print(f"left out: {path.name}. {error}")
    if job.media.is_dir():
        print(
            f"{len(results)} results of {len(photos)} photos and "
            f"{len(videos)} videos; left out: {left_out + len(others)} files"
        )
    if not results:
        raise ValueError(
            "At least one photo or video should show a face that can be "
            f"swapped. Received: none of {left_out} in {job.media}; the lines "
            "above say why."
        )
    return list(results.values())


def _swap_file(job, path, folder, faces, crf, visible, how):
    """One photo or video swapped, or the result that there is."""
    is_photo = media.is_photo(path)
    if is_photo and faces not in ("main", "all"):
        raise ValueError(
            "Of a photo the 'main' face is swapped, or 'all' of them. "
            f"Received: faces={faces!r}, which says where in a video."
        )
    stem = result_files.result_stem(job.source, job.target_name, path)
    entries = swap_job.job_entries(job, path, faces, crf, visible, how)
    ending = ".png" if is_photo else ".mp4"
    output, record = result_files.claim_result(folder, stem, ending, entries)
    if record["finished"]:
        _print_result(output.name, record)
        return SwapResult(output, path, record)
    how = {"visible": visible, **how}
    try:
        if is_photo:
            wanted = "all" if faces == "all" else "largest"
            report = swap_photo(
                job.comb, path, output, job.source, job.detector, wanted, **how
            )
        else:
            report = swap_video(
                job.comb,
                path,
                output,
                job.source,
                job.detector,
                progress=_printers(path.name),
                faces=faces,
                crf=crf,
                **how,
            )
    except ValueError:
        # it gives nothing, so its name is free for another
        output.with_suffix(result_files.RECORD).unlink()
        raise
    kind = "photo" if is_photo else "video"
    details = _details(job, path, kind, report)
    record = result_files.finish_record(output, record, **details)
    _print_result(output.name, record)
    return SwapResult(output, path, record)


def _printers(name):
    """A function of stage and numbers that prints lines of progress."""
    words = {"detect": "followed", "swap": "swapped"}

    def start(stage):
        return progress.print_progress(f"{name}, {words[stage]}, frames")

    printers = {stage: start(stage) for stage in words}

    def tell(stage, done, total):
        printers[stage](done, total)
        if stage == "detect" and done >= total:
            # what is left of the next stage is not reckoned by this one
            printers["swap"] = start("swap")

    return tell


def _details(job, path, kind, report):
    """What a record says beside what the result was made from."""
    mark = report["mark"]
    short = ("source_identity", "made_at", "visible_label")
    return {
        "kind": kind,
        "media": manifests.path_from_root(path),
        "folders": {
            name: manifests.path_from_root(folder)
            for name, folder in job.folders.items()
        },
        "counts": {name: report[name] for name in COUNTS[kind]},
        "times_without_face": report.get("times_without_face", []),
        "notes": report.get("notes", []),
        "broken": report.get("broken"),
        "consent": job.agreed,
        "mark": {name: mark[name] for name in short},
    }


def _print_result(name, record):
    counts = {
        key.replace("_", " "): value for key, value in record["counts"].items()
    }
    said = ", ".join(f"{key} {value}" for key, value in counts.items())
    print(f"{name}: {said}")
    if times := record.get("times_without_face"):
        shown = ", ".join(f"{time:.2f}" for time in times[:MOST_TIMES])
        more = ", ..." if len(times) > MOST_TIMES else ""
        print(f"    without a face at seconds {shown}{more}")
    # (records of before had neither)
    for note in filter(None, [*record.get("notes", []), record.get("broken")]):
        print(f"    {note}")


def read_result(folder):
    """The result that notebook 05 showed last, and the job that made it.

    Args:
        folder: str or path that notebook 05 wrote.

    Returns:
        Tuple of a `SwapResult` and a `swap_job.SwapJob`, which has what was
        agreed by everybody whom the comb knows.

    Raises:
        FileNotFoundError: if there is none yet, or something is gone.
        ValueError: if comb or footage have changed since.
    """
    folder = pathlib.Path(folder)
    manifest = manifests.read_manifest(folder, MADE_BY)
    again = f"Run notebooks/{MADE_BY}.ipynb again."
    name = manifest.get("video") or manifest.get("photo") or ""
    path = folder / pathlib.PurePath(name).name
    record = result_files.read_record(folder, path.stem) if name else None
    if record is None or not record["finished"] or not path.is_file():
        raise FileNotFoundError(
            f"{folder} should hold a finished result and its record. "
            f"Received: {name or 'the name of none'}. {again}"
        )
    job = swap_job.reopen_job(record)
    return SwapResult(path, job.media, record), job
