"""Result report: what 05 made in, how good it is without a truth out."""

from helpers.faces import facesets, tracking
from helpers.proof import clip_report, identity_judge, likeness_gap
from helpers.swap.swap_tracks import Role, steady_track


def report_result(job, result, most=None):
    """Judge what notebook 05 made, and print the figures.

    Args:
        job: `swap_job.SwapJob` that made it.
        result: `swap_footage.SwapResult`.
        most: int or `None`, see `clip_report.report_clip`.

    Returns:
        `clip_report.ClipReport`, its figures with those of
        `likeness_gap.clip_gaps`; `None` where there is nothing to judge: the
        reason is printed.

    Raises:
        See `clip_report.report_clip`.
    """
    reasons = {
        "nothing moves in a photo": not result.is_video,
        "the comb does not know the target, so no way leads back to them": (
            job.target is None
        ),
        "FACES was not 'main', and only that face is followed again": (
            result.record["job"]["faces"] != "main"
        ),
    }
    for reason in (reason for reason, holds in reasons.items() if holds):
        print(f"No report on {result.path.name}: {reason}.")
        return None
    face_sets = facesets.read_face_sets(
        job.folders["faces"], job.comb.identities, job.comb.contract
    )
    judge = identity_judge.train_identity_judge(face_sets)
    track = steady_track(tracking.find_face_track(result.media, job.detector))
    clips = result.media, result.path
    report = clip_report.report_clip(
        job.comb,
        Role(track, job.source, job.target),
        *clips,
        job.detector,
        judge,
        most,
    )
    report.figures.update(
        likeness_gap.clip_gaps(
            job.comb, face_sets[job.source], track, *clips, most
        )
    )
    clip_report.print_table(report)
    return report
