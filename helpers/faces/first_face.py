"""The first face in some footage, to look at before all are found."""

from helpers.footage import media

STEP = 10  # frames of a video from one look to the next
MOST_FRAMES = 300  # of one video: a title, a fade from black
MOST_FILES = 20


def find_first_face(paths, detector):
    """The first frame in which a face is found, and that face.

    A file that cannot be read is passed over: it is named with its reason
    when all faces are found (`extraction.extract_faces`).

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
        try:
            for frame in _some_frames(path):
                looked_at += 1
                faces = detector.detect([frame])[0]
                if faces:
                    return frame, faces[0]
        except media.MediaError as error:
            fault = str(error)
    raise ValueError(
        f"There should be a face at the beginning of some file. Received: "
        f"{looked_at} frames of {len(paths[:MOST_FILES])} files without one "
        f"(unreadable: {fault}). Is it the right folder? Turn footage that "
        "lies on its side, or set a smaller MIN_FACE_SHARE than "
        f"{detector.min_face_share}."
    )


def _some_frames(path):
    if media.is_photo(path):
        yield media.read_photo(path)
        return
    for number, (_, _, frame) in enumerate(media.read_frames(path)):
        if number >= MOST_FRAMES:
            return
        if number % STEP == 0:
            yield frame
