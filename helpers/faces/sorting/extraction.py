"""Extraction: folders of footage in, everybody's faces out, chosen."""

import contextlib

from helpers.faces import facesets, finding, photo_faces
from helpers.faces.sorting import choosing, extraction_text
from helpers.files.names import check_identities
from helpers.files.progress import print_progress
from helpers.footage import media

# the first face that is looked at, before all are found
LATER = 5  # a look is so much of its number later than the one before
MOST_STEP = 50  # frames of a video from one look to the next
MOST_FILES = 20


def extract_people(
    footage, output_folder, contract, detector, person=None, **options
):
    """Everybody's faces, and what was found, printed.

    Interrupted anywhere, it goes on where it was when it is called again.

    Args:
        footage: dict from identity to `listing.Footage`.
        output_folder: see `finding.find_faces`, as are `contract` and
            `detector`.
        person: dict from identity to what `choosing.choose_faces` takes, or
            `None`: the person who is seen most.
        **options: `every`, `held_out_share` and `max_faces`, see
            `finding.find_faces`.

    Returns:
        dict from identity to `FaceSet`, with the faces that were left out:
        each record's `left_out` says why, or is `None`.

    Raises:
        See `extract_faces`.
    """
    check_identities(footage, person)
    reports = {
        identity: extract_faces(
            own.folder,
            output_folder,
            contract,
            detector,
            identity,
            progress=print_progress(f"{identity}, frames"),
            person=(person or {}).get(identity),
            **options,
        )
        for identity, own in footage.items()
    }
    print(extraction_text.extraction_as_text(reports))
    return {
        identity: facesets.read_all_faces(output_folder, identity)
        for identity in reports
    }


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


def finish_face_sets(output_folder, identities, contract, parameters=None):
    """Write the manifest of everybody's faces, and read those that are kept.

    Args:
        output_folder: see `facesets.write_face_sets`, as is the rest.

    Returns:
        dict from identity to `FaceSet`.
    """
    facesets.write_face_sets(output_folder, identities, contract, parameters)
    return facesets.read_face_sets(output_folder, identities, contract)


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


def find_first_face(paths, detector):
    """The first frame in which a face is found, and that face.

    Of a video each of its first frames is looked at, then, after a title or a
    fade from black, one every few seconds, to its end. A file that cannot be
    read is passed over: it is named with its reason when all faces are found
    (`extraction.extract_faces`).

    Args:
        paths: list of paths of photos and videos; the first ones are tried.
        detector: `detection.FaceDetector`.

    Returns:
        Tuple `(frame, face)`: uint8 array, shape `(height, width, 3)`, RGB,
        and a dict as in `detection.FaceDetector.detect`.

    Raises:
        ValueError: if there is none; it says how many frames were looked at.
    """
    looked_at, fault = 0, "none"
    for path in paths[:MOST_FILES]:
        look = _sure_faces if media.is_photo(path) else _detected_faces
        try:
            for frame in _some_frames(path):
                looked_at += 1
                faces = look(detector, frame)
                if faces:
                    return frame, faces[0]
        except media.MediaError as error:
            fault = str(error)
    raise ValueError(
        "There should be a face in one of the first files. Received: "
        f"{looked_at} frames of {len(paths[:MOST_FILES])} files without one "
        f"(unreadable: {fault}). Is it the right folder? Turn videos that "
        "lie on their side, or set a smaller MIN_FACE_SHARE than "
        f"{detector.min_face_share}."
    )


def _sure_faces(detector, photo):
    faces = photo_faces.find_photo_faces(detector, photo)
    return [face for face in faces if not face["doubtful"]]


def _detected_faces(detector, frame):
    return detector.detect([frame])[0]


def _some_frames(path):
    if media.is_photo(path):
        yield media.read_photo(path)
        return
    wanted = 0
    with contextlib.closing(media.read_frames(path)) as frames:
        for number, (_, _, frame) in enumerate(frames):
            if number >= wanted:
                yield frame
                wanted = number + min(max(1, number // LATER), MOST_STEP)
