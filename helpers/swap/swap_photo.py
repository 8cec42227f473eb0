"""Swap a photo: a photo and a comb in, the same with another face out."""

from helpers.compositing import check_modes
from helpers.footage import media
from helpers.swap import swapping
from helpers.swap.marks import picture_marks, provenance


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
        `swapping.Swap`, without the label), `before` (uint8 RGB array) and
        `mark`.

    Raises:
        FileNotFoundError: if there is no such photo.
        MediaError: if the photo is damaged.
        ValueError: if the photo shows no face, or if an argument is out of
            range.
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
    detected = detector.detect([before])[0]
    if not detected:
        raise ValueError(
            "A photo with a face is needed, but none was found in "
            f"{photo_path}. Received: {before.shape[1]} x {before.shape[0]} "
            "pixels. Take a photo with a larger or more frontal face, or a "
            "detector with a smaller min_face_share."
        )
    chosen = detected if faces == "all" else detected[:1]
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
        "mark": mark,
    }
