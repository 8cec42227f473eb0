"""Photo faces: a photo in, its faces out, however it lies and if it is dark.

Scans and cameras that were held sideways leave photos turned, with no mark
that says so. MTCNN finds no face in them, or one that is none; of one upside
down it takes the chin for a forehead. Of dark photos it sees nothing that eyes
still see. So where the first look shows nothing that is sure, a second one is
taken.
"""

import cv2
import numpy as np

from helpers import alignment
from helpers.faces import detection, tracking
from helpers.faces.boxes import enlarge_faces
from helpers.faces.tracker import Tracker

# Views of a face whose landmarks are averaged. Their error is that of eight,
# and a crop does not tremble, as frames next to each other do.
VIEWS = 4
# a photo whose middle brightness is below this is looked at brightened
DARK = 40
# to this brightness, 0-255
BRIGHT = 110
# A picture whose grey levels differ by less shows nothing; one of which so
# large a share of the rows is plain grey, not all.
FLAT, GREY_SHARE = 8, 0.1
DAMAGED = "It may be damaged: copy it again from where it came"
# by how many degrees a photo is turned, one round after the other, until
# something is sure
ROUNDS = ((90, 180, 270), (45, 135, 225, 315))
# Score and doubt (see `witness`) of a face of which one may be sure at the
# first look: so have 208 of 211 photos that are upright.
SURE, SURE_DOUBT = 0.9, 0.9
# two faces are at least so far from each other, in distances between the eyes
APART = 1.5
# more than this is not believed after all looks
MOST_DOUBT = 1.25


def find_photo_faces(detector, image):
    """The faces of a photo, as all parts of the course see them.

    Args:
        detector: `detection.FaceDetector`.
        image: uint8 array, shape `(height, width, 3)`, RGB.

    Returns:
        list of dicts, the face that matters most first: `landmarks`, float64
        array, shape `(5, 2)`, `(x, y)` in pixels of the image; `box`,
        `score` as in `FaceDetector.detect`; and `doubtful`, bool, whether
        there may be a face, but not where it is said.
    """
    picture = tracking.shrink_frame(image, detector)
    tracker = Tracker(detector, views=VIEWS)
    tracker.add_frames([(0.0, picture)])
    (faces,) = look_at_photos(detector, [picture], [tracker.faces_at(0)])
    return enlarge_faces(faces, picture.shape, image.shape)


def look_at_photos(detector, pictures, sights):
    """What was found at the first look, and by a second one where it is due.

    Args:
        detector: see `find_photo_faces`.
        pictures: list of uint8 arrays, shape `(height, width, 3)`, RGB.
        sights: list with, for each, a dict from `Tracker.faces_at`.

    Returns:
        list with, for each, a list of dicts of `landmarks`, float64 array,
        shape `(5, 2)`, in pixels of the picture; `score`, float; `doubtful`,
        bool; and `track`, the number of the track, or `None`.
    """
    places = [n for n, seen in enumerate(sights) for _ in seen]
    faces = _judge(
        detector,
        [pictures[n] for n in places],
        [sight.landmarks for seen in sights for sight in seen.values()],
        [sight.score for seen in sights for sight in seen.values()],
        [track for seen in sights for track in seen],
    )
    found = [[] for _ in pictures]
    for place, face in zip(places, faces, strict=True):
        found[place].append(face)
    return [
        _without_doubts(
            seen
            if any(_is_sure(face) for face in seen)
            else _look_again(detector, picture, seen)
        )
        for picture, seen in zip(pictures, found, strict=True)
    ]


def _judge(detector, pictures, landmarks, scores, tracks):
    """Faces with the doubt that a second network has of them."""
    doubts, elsewhere = np.zeros(len(pictures)), landmarks
    if hasattr(detector, "doubt_landmarks") and pictures:
        doubts, elsewhere = detector.doubt_landmarks(pictures, landmarks)
    keys = ("landmarks", "score", "track", "doubt", "elsewhere")
    rows = zip(landmarks, scores, tracks, doubts, elsewhere, strict=True)
    return [dict(zip(keys, row, strict=True)) for row in rows]


def _is_sure(face, doubt=SURE_DOUBT):
    return face["score"] >= SURE and face["doubt"] <= doubt


def _without_doubts(faces):
    """Faces with a word on whether they are doubtful, in place of numbers."""
    return [
        {
            "landmarks": np.asarray(face["landmarks"], np.float64),
            "score": float(face["score"]),
            "doubtful": not _is_sure(face, MOST_DOUBT),
            "track": face["track"],
        }
        for face in faces
    ]


def _look_again(detector, picture, seen):
    """Faces of a picture turned, and brightened if it is dark.

    What was seen before is given where nothing better is.
    """
    candidates = [face["landmarks"] for face in seen]
    faces = _refine_twice(detector, picture, candidates)
    for view, angles in _ways_to_look(picture):
        candidates = _look_around(detector, view, angles)
        faces += _refine_twice(detector, view, candidates)
        if any(_is_sure(face) for face in faces):
            break
    return _best_of(faces) or seen


def _ways_to_look(picture):
    """Pictures, and by how many degrees each is turned, one after another."""
    middle = np.median(picture)
    if middle < DARK:
        yield brightened(picture, middle), (0, *ROUNDS[0])
    for angles in ROUNDS:
        yield picture, angles


def _look_around(detector, picture, angles):
    """Landmarks that the detector sees in a turned picture, turned back."""
    turned = [_turn(picture, angle) for angle in angles]
    found = detector.detect([view for view, _ in turned])
    return [
        alignment.transform_points(back, face["landmarks"])
        for (_, back), faces in zip(turned, found, strict=True)
        for face in faces
    ]


def _refine_twice(detector, picture, candidates):
    """Faces found again from where each network says that they are."""
    faces = []
    for _ in range(2):
        if not candidates:
            break
        pictures = [picture] * len(candidates)
        points, scores, _ = detector.refine(
            pictures, np.array(candidates, np.float64), views=VIEWS
        )
        found = _judge(detector, pictures, points, scores, [None] * len(points))
        faces += found
        candidates = [face["elsewhere"] for face in found]
    return faces


def _best_of(faces):
    """Those that may be believed: of several in one place, the surest."""
    best, most = [], MOST_DOUBT
    if any(_is_sure(face) for face in faces):
        most = SURE_DOUBT
    for face in sorted(faces, key=lambda face: face["doubt"]):
        apart = [
            np.linalg.norm(
                (face["landmarks"] - other["landmarks"]).mean(axis=0)
            )
            > APART * max(_eyes(face), _eyes(other))
            for other in best
        ]
        if _is_sure(face, most) and all(apart):
            best.append(face)
    return best


def _eyes(face):
    return np.linalg.norm(face["landmarks"][1] - face["landmarks"][0])


def why_no_face(picture):
    """What is seen of a photo without a face, and what to do.

    Args:
        picture: uint8 array, shape `(height, width, 3)`, RGB, as it was
            looked at.

    Returns:
        str that begins small, or `None` where nothing special is seen.
    """
    height, width = picture.shape[:2]
    if min(height, width) < detection.SMALLEST_SIDE:
        return (
            f"it has {width} x {height} pixels, too few for a face. Take a "
            "larger picture"
        )
    dark, bright = np.percentile(picture, (1, 99))
    if bright - dark < FLAT:
        return f"it shows nothing but one colour. {DAMAGED}"
    # so JPEG decoders fill what is missing
    grey = (np.abs(picture.astype(int) - 128) <= 2).all(axis=(1, 2))
    if grey.mean() > GREY_SHARE:
        return f"a part of it is plain grey. {DAMAGED}"
    if np.median(picture) < DARK:
        return "it is dark. Take one with more light on the face"
    return None


def brightened(image, middle):
    """A dark picture so much brighter that its middle is half bright."""
    gain = BRIGHT / max(1, middle)
    return np.clip(image.astype(np.float32) * gain, 0, 255).astype(np.uint8)


def _turn(picture, angle):
    """A picture turned counter-clockwise, and the matrix of the way back."""
    height, width = picture.shape[:2]
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    linear = np.round([[cosine, sine], [-sine, cosine]], 12)
    size = np.ceil(np.abs(linear) @ (width, height) - 1e-6).astype(int)
    middle = (np.array([width, height]) - 1) / 2
    matrix = np.column_stack([linear, (size - 1) / 2 - linear @ middle])
    turned = cv2.warpAffine(
        picture, matrix, size.tolist(), borderMode=cv2.BORDER_REPLICATE
    )
    return turned, alignment.invert_transform(matrix)
