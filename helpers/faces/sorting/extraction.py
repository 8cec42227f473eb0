"""Extraction: a folder of footage in, one person's faces in it out, chosen."""

from helpers.faces import finding
from helpers.faces.sorting import choosing


def extract_faces(
    footage_folder,
    output_folder,
    contract,
    detector,
    identity,
    every=1,
    held_out_share=0.1,
    max_faces=None,
    progress=None,
    person=None,
):
    """Turn the photos and videos of one person into a face set.

    All faces are found (`finding.find_faces`); which of them are the person's
    and good enough is then chosen from their crops (`choosing.choose_faces`).

    Args:
        footage_folder: see `find_faces`.
        output_folder: see `find_faces`.
        contract: see `find_faces`.
        detector: see `find_faces`.
        identity: see `find_faces`.
        every: see `find_faces`.
        held_out_share: see `find_faces`.
        max_faces: see `find_faces`.
        progress: see `find_faces`.
        person: see `choosing.choose_faces`.

    Returns:
        dict: what `finding.find_faces` returns, and `kept`, `left_out` (reason
        to count), `train` and `test`, the faces kept of each split.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if there is no footage in it, no face in the footage, its
            `consent.toml` says too little, or an argument is out of range.
        folder_lock.FolderError: see `finding.find_faces`.
    """
    report = finding.find_faces(
        footage_folder,
        output_folder,
        contract,
        detector,
        identity,
        every,
        held_out_share,
        max_faces,
        progress,
    )
    if report["faces"]:
        report = choosing.choose_faces(output_folder, identity, person)
    if not report.get("kept"):
        raise ValueError(_nothing_found(footage_folder, report))
    return report


def _nothing_found(footage_folder, report):
    reasons = "; ".join(
        f"{name}: {reason}"
        for name, reason in list(report["left_out_files"].items())[:5]
    )
    return (
        f"{footage_folder} should show at least one face that can be used. "
        f"Received: {report['frames']} frames, {report['no_face']} without a "
        f"face, left out {report.get('left_out') or 'none'}, unreadable files "
        f"{len(report['left_out_files'])} ({reasons or 'none'}). Use footage "
        "in which the face is upright, lit and at least a tenth of the "
        "picture's height, or lower the detector's min_face_share."
    )
