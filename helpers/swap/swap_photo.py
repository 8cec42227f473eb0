"""Swap a photo: a photo and a comb in, the same with another face out."""

from helpers.compositing import check_modes
from helpers.faces import photo_faces
from helpers.footage import media
from helpers.swap import swapping
from helpers.swap.marks import picture_marks, provenance

IN_DOUBT = "where its eyes and mouth are is in doubt"


def swap_photo(
    comb,
    photo_path,
    output_path,
    source,
    detector,
    faces="all",
    visible=True,
    **compositing,
):
    """Swap the faces of a photo, from file to file.

    Args:
        comb: comb of the identity `source`.
        photo_path: str or path of the target's photo.
        output_path: str or path of the .png, .jpg or .gif file to write.
        source: name of the identity whose face should appear.
        detector: `detection.FaceDetector`.
        faces: `"all"`, or `"largest"` for the one that the photo is about.
        visible: bool. Whether the label is drawn. In the European Union who
            publishes a deepfake has to disclose it, and what generates one
            has to mark its file (AI Act, article 50). The file is marked and
            signed in any case; platforms strip that, the label stays.
        **compositing: `color`, `blend`, `occlusion`, see
            `swapping.swap_frame`.

    Returns:
        dict with `output`, `faces_found`, `faces_swapped`, `swaps` (list of
        `swapping.Swap`, without the label), `before` (uint8 RGB array),
        `notes` (list of str, what was changed or left out) and `mark`.

    Raises:
        FileNotFoundError: if there is no such photo.
        MediaError: if the photo is damaged.
        ValueError: if the photo shows no face, or none of which it is sure
            where eyes and mouth are; or if an argument is out of range.
        OSError: if there can be no key to sign with, see
            `credentials.sign_file`.
    """
    swapping.check_swap(comb, source)
    if faces not in ("all", "largest"):
        raise ValueError(
            f"faces should be 'all' or 'largest'. Received: faces={faces!r}"
        )
    swapping.check_paths(photo_path, output_path, picture_marks.MARKED_PICTURES)
    check_modes(**compositing)
    before = media.read_photo(photo_path)
    seen = photo_faces.find_photo_faces(detector, before)
    detected = [face for face in seen if not face["doubtful"]]
    if not detected:
        raise ValueError(_no_face(photo_path, before, seen))
    notes = media.photo_notes(photo_path)
    if len(detected) < len(seen):
        notes.append(f"faces left out, {IN_DOUBT}: {len(seen) - len(detected)}")
    chosen = detected if faces == "all" else detected[:1]
    notes += swapping.enlarged_note(comb, [f["landmarks"] for f in chosen])
    swaps, frame = [], before
    for face in chosen:
        swap = swapping.swap_frame(
            comb, frame, face["landmarks"], source, **compositing
        )
        swaps.append(swap)
        frame = swap.frame
    mark = provenance.build_mark(source, visible_label=visible, **compositing)
    provenance.write_picture(output_path, frame, mark, visible, photo_path)
    return {
        "output": str(output_path),
        "faces_found": len(detected),
        "faces_swapped": len(swaps),
        "swaps": swaps,
        "before": before,
        "notes": notes,
        "mark": mark,
    }


def _no_face(path, photo, seen):
    """Why there is nothing to swap in a photo, and what to do."""
    size = f"Received: {photo.shape[1]} x {photo.shape[0]} pixels"
    if seen:
        return (
            f"A face may be in {path}, but {IN_DOUBT}, and another face would "
            f"be pasted askew. {size}. Turn the photo upright, or take one "
            "that shows eyes, nose and mouth."
        )
    why = photo_faces.why_no_face(photo)
    return (
        f"A photo with a face is needed, but none was found in {path}"
        f"{f': {why}' if why else ''}. {size}. Take a photo with a larger or "
        "more frontal face, or a detector with a smaller min_face_share."
    )
