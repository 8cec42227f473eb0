"""Second look: a photo in which no face was found, or one upside down.

Scans and cameras that were held sideways leave photos turned, with no mark
that says so. MTCNN finds no face in them; of one upside down it takes the chin
for a forehead. Of dark photos it sees nothing that eyes still see.
"""

import numpy as np

# a photo whose middle brightness is below this is looked at brightened
DARK = 40
# to this brightness, 0-255
BRIGHT = 110
# what is found by a second look should be sure
SURE = 0.95


def look_again(detector, image):
    """Find faces in a photo, brightened if it is dark, or else turned.

    Args:
        detector: `detection.FaceDetector`.
        image: uint8 array, shape `(height, width, 3)`, RGB, in which it found
            no face.

    Returns:
        list of dicts, see `FaceDetector.detect`, with places in the pixels of
        `image`; empty if no way of looking shows a face.
    """
    views = {0: image}
    middle = np.median(image)
    if middle < DARK:
        views[0] = brightened(image, middle)
    turned = {turns: np.rot90(views[0], turns) for turns in (1, 2, 3)}
    views = turned if middle >= DARK else {**views, **turned}
    pictures = [np.ascontiguousarray(view) for view in views.values()]
    candidates = [
        [_turn_back(face, turns, image.shape) for face in faces]
        for turns, faces in zip(views, detector.detect(pictures), strict=True)
    ]
    best = max(candidates, key=_surest)
    return best if _surest(best) >= SURE else []


def brightened(image, middle):
    """A dark picture so much brighter that its middle is half bright."""
    gain = BRIGHT / max(1, middle)
    return np.clip(image.astype(np.float32) * gain, 0, 255).astype(np.uint8)


def _surest(faces):
    return max((face["score"] for face in faces), default=0)


def _turn_back(face, turns, shape):
    """A face of a picture that `np.rot90` turned, in the picture before."""
    x, y, width, height = face["box"]
    corners = np.array([[x, y], [x + width, y + height]])
    corners = _turn_points_back(corners, turns, shape)
    low, size = corners.min(axis=0), np.ptp(corners, axis=0)
    points = _turn_points_back(face["landmarks"], turns, shape)
    return {**face, "box": (*low.tolist(), *size.tolist()), "landmarks": points}


def _turn_points_back(points, turns, shape):
    (x, y), (height, width) = np.asarray(points, np.float64).T, shape[:2]
    for side in (width, height, width)[3 - turns :]:
        x, y = side - 1 - y, x
    return np.stack([x, y], axis=-1)


def set_upright(detector, image, landmarks):
    """Landmarks of faces, by half a turn where they stand upside down.

    The last network looks at each both ways. Upside down it is less sure, and
    its views agree less.

    Args:
        detector: `detection.FaceDetector`.
        image: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(faces, 5, 2)`, `(x, y)` in its pixels.

    Returns:
        float64 array, shape `(faces, 5, 2)`.
    """
    upright = np.asarray(landmarks, np.float64).reshape(-1, 5, 2)
    turned = 2 * upright.mean(axis=1, keepdims=True) - upright
    both = np.concatenate([upright, turned])
    points, scores, spread = detector.refine([image] * len(both), both)
    scores, spread = scores.reshape(2, -1), spread.reshape(2, -1)
    better = (scores[1] > scores[0]) & (scores[1] >= SURE)
    better &= spread[1] < spread[0]
    turned = points[len(upright) :]
    return np.where(better[:, None, None], turned, upright)
