"""Everybody: a result and the footage of all in, everybody as everybody out."""

import pathlib

from helpers.files import fingerprints
from helpers.swap import matrix_video, result_files

CLIP = "test_clip.mp4"  # what 01 films of each person beside their takes


def film_everybody(job, result, footage_folder, folder):
    """The matrix of all whom a comb knows, as a result was made, and print.

    Args:
        job: `swap_job.SwapJob`.
        result: `swap_footage.SwapResult`: its colour, blend and label.
        footage_folder: str or path with a folder for each identity; those
            that hold a `test_clip.mp4` are columns.
        folder: str or path of the matrix. One that was made of exactly the
            same is kept, another stays, see `result_files.claim_result`.

    Returns:
        pathlib.Path of the video, or `None` if there is no clip.
    """
    home = pathlib.Path(footage_folder)
    clips = {name: home / name / CLIP for name in job.comb.identities}
    clips = {name: path for name, path in clips.items() if path.is_file()}
    if not clips:
        print(f"No matrix: nobody has a {CLIP} in {home}.")
        return None
    made = result.record["job"]
    how = {key: made[key] for key in ("color", "blend", "occlusion", "visible")}
    entries = {
        "clips": {n: fingerprints.of_file(path) for n, path in clips.items()},
        "comb": fingerprints.of_comb(job.comb.looking_at(None)),
        "detector": fingerprints.of_detector(job.detector),
        **how,
    }
    path, record = result_files.claim_result(
        folder, "everybody_as_everybody", ".mp4", entries
    )
    if record["finished"]:
        return path
    report = matrix_video.write_matrix_video(
        job.comb, clips, job.detector, path, **how
    )
    keys = ("frames", "left_out", "without_face")
    counts = {key: report[key] for key in keys}
    result_files.finish_record(path, record, counts=counts)
    print(f"{path.name}: {counts['frames']} frames")
    for key in keys[1:]:
        said = ", ".join(f"{n} {count}" for n, count in counts[key].items())
        print(f"    {key.replace('_', ' ')}: {said}")
    return path
