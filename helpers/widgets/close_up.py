"""A face looked at closely: its frame, its landmarks, its crop, its facts."""

import cv2
import numpy as np

from helpers.crops import cut_crop
from helpers.footage import media

WIDEST = 720  # pixels of the frame on the page
ZOOM = 480  # pixels of the part of it in which landmarks are moved
AROUND = 3.9  # side of that part, in distances of the eyes
QUALITY = 88


def describe_face(sorting, row):
    """All that the page shows of one face.

    Args:
        sorting: `hand_sorting.HandSorting`.
        row: int.

    Returns:
        dict with `row`; `crop` (bytes of its file); `facts` (list of pairs of
        str); `landmarks` (five `(x, y)` in pixels of the frame); `left_out`;
        `by_hand` (bool); `problem` (why there is no frame, or empty); and
        where there is one, `frame` and `zoom` (JPEG), `size` (width and
        height of the frame in pixels), `part` (left, top and side of the zoom
        in pixels of the frame) and `faces` (list of dicts of `row`, `box`,
        `left_out`).
    """
    record = sorting.records[row]
    path = sorting.folder / record["crop"]
    shown = {
        "row": row,
        "crop": path.read_bytes() if path.is_file() else b"",
        "facts": facts(record),
        "landmarks": record["landmarks"],
        "left_out": record.get("left_out"),
        "by_hand": row in sorting.by_row,
        "problem": "",
    }
    try:
        image = sorting.frame_of(row).image
    except (OSError, ValueError) as error:
        # without footage a face can still be left out and taken back
        return {**shown, "problem": str(error)}
    height, width = image.shape[:2]
    part, zoom = _zoom(image, record["landmarks"])
    return {
        **shown,
        "frame": _jpeg(_fit(image)),
        "size": [width, height],
        "zoom": _jpeg(zoom),
        "part": part,
        "faces": [
            {
                "row": each,
                "box": box_of(sorting.records[each]),
                "left_out": sorting.records[each].get("left_out"),
            }
            for each in sorting.rows_of_frame(row)
        ],
    }


def box_of(record):
    """Where a face is: left, top, width and height in pixels of the frame.

    From its landmarks, so that it follows them when a hand moves one.
    """
    landmarks = np.asarray(record["landmarks"], dtype=float)
    eye_distance = np.linalg.norm(landmarks[1] - landmarks[0])
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    left, top = low - (0.6 * eye_distance, 0.9 * eye_distance)
    right, bottom = high + (0.6 * eye_distance, 0.7 * eye_distance)
    return [left, top, right - left, bottom - top]


def facts(record):
    """What is known of a face, as pairs of words."""
    lines = [("file", record["file"]), ("frame", str(record["frame"]))]
    if record["time"] is not None:
        lines.append(("time", f"{record['time']:.2f} s"))
    for name, unit, digits in (
        ("sharpness", "", 0),
        ("yaw", "°", 0),
        ("pitch", "°", 0),
        ("eyes", " pixels apart", 0),
        ("score", "", 3),
    ):
        if record.get(name) is not None:
            lines.append((name, f"{record[name]:.{digits}f}{unit}"))
    if record.get("person") is not None:
        lines.append(("person", str(record["person"])))
    lines.append(("split", record["split"]))
    return lines


def moment_of(record):
    """Where a face is from: `talk.mp4, frame 12, 0.48 s`."""
    if record["time"] is None:
        return record["file"]
    return f"{record['file']}, frame {record['frame']}, {record['time']:.2f} s"


def _zoom(image, landmarks):
    """The upright square around a face, and where it lies in the frame."""
    landmarks = np.asarray(landmarks, dtype=float)
    # a turned face's eyes are near to each other, its mouth is not
    reach = max(np.ptp(landmarks, axis=0).max() / 1.1, 4.0)
    side = AROUND * reach
    left, top = landmarks.mean(axis=0) - side / 2
    scale = ZOOM / side
    # a pixel's middle lies half a pixel from its edge
    shift = 0.5 * scale - 0.5
    matrix = [[scale, 0, shift - left * scale], [0, scale, shift - top * scale]]
    zoom = cut_crop(image, np.array(matrix), ZOOM)
    return [left, top, side], zoom


def _fit(image):
    height, width = image.shape[:2]
    if width <= WIDEST:
        return image
    size = WIDEST, max(1, round(height * WIDEST / width))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _jpeg(image):
    return media.encode_image(image, ".jpg", QUALITY)
