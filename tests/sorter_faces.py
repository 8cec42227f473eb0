"""A small face set to sort by hand: two made-up people in every frame."""

import functools
import json

import numpy as np

from helpers import synthetic
from helpers.faces import face_records, facesets
from helpers.faces.sorting import recutting
from helpers.files import manifests
from helpers.footage import consent, media

NAMES = ("Rosa", "Marco")
SIZE = 256  # pixels of one person's half of a frame
CONTRACT = manifests.data_contract(crop_size=128)
BAD = 3  # the frame in which Rosa's landmarks went wrong
REASONS = {1: "blurred", 4: "near-duplicate", 5: "near-duplicate"}


@functools.cache
def filmed(frames):
    """Frames of two people side by side, and their landmarks.

    Returns:
        Tuple of uint8 array, shape `(frames, SIZE, 2 * SIZE, 3)`, and float
        array, shape `(frames, 2, 5, 2)`.
    """
    pictures, landmarks = [], []
    for index in range(frames):
        halves = [_film(name, index) for name in NAMES]
        pictures.append(np.hstack([half["image"] for half in halves]))
        landmarks.append(
            [
                half["landmarks"] + (SIZE * place, 0)
                for place, half in enumerate(halves)
            ]
        )
    return np.stack(pictures), np.array(landmarks, np.float64)


@functools.cache
def _people():
    return {
        name: synthetic.Person(synthetic.identity_parameters(name))
        for name in NAMES
    }


def _film(name, index):
    turn = 25 * np.sin(index + len(name))
    frame = {"yaw": turn, "jaw": index % 3 / 3, "seed": 0, "zoom": 0.9}
    return synthetic.render(_people()[name], frame, SIZE)


def write_footage(folder, frames):
    """A video of all frames but the last one, which is a photo."""
    pictures, landmarks = filmed(frames)
    folder.mkdir(parents=True)
    media.write_video(folder / "talk.mp4", pictures[:-1], 25, crf=8)
    media.write_image(folder / "photo.png", pictures[-1])
    consent.write_consent(folder, "Rosa", "rendered", "nobody was filmed")
    return landmarks


def make_faces(home, frames=6, faces=None):
    """Footage and face sets of both people, as extraction leaves them.

    Args:
        home: pathlib.Path; gets `footage/Rosa` and `faces`.
        frames: int. Frames that are rendered, each with two faces.
        faces: int. So many records, of which many share a crop; `None` for
            one a face.

    Returns:
        pathlib.Path of the face sets' folder.
    """
    landmarks = write_footage(home / "footage" / "Rosa", frames)
    folder = home / "faces"
    records = _write_crops(folder / "Rosa", filmed(frames)[0], landmarks)
    _write_crops(folder / "Marco", *(each[:2] for each in filmed(frames)))
    if faces is not None:
        records = _repeat(records, faces)
    _write_records(folder / "Rosa", records)
    facesets.write_face_sets(
        folder, NAMES, CONTRACT, {"FOOTAGE_FOLDER": str(home / "footage")}
    )
    return folder


def _write_crops(folder, pictures, landmarks):
    records = []
    for index, picture in enumerate(pictures):
        video = index < len(pictures) - 1
        for face, points in enumerate(landmarks[index]):
            if index == BAD and face == 0:
                points = points + [[0, 0], [14, 6], [8, 20], [0, 0], [20, 9]]
            record = _record(picture, points, index, face, video)
            frame = recutting.Frame(picture)
            crop, mask, facts = recutting.recut_face(frame, points, CONTRACT)
            name = f"{len(records):06d}"
            record["crop"] = f"crops/{name}.jpg"
            record["mask"] = f"masks/{name}.png"
            for kind, content in (("crop", crop), ("mask", mask)):
                path = folder / record[kind]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            records.append({**record, **facts})
    _write_records(folder, records)
    return records


def _record(picture, points, index, face, video):
    low, high = points.min(axis=0), points.max(axis=0)
    left_out = "another person" if face else REASONS.get(index)
    return {
        "file": "talk.mp4" if video else "photo.png",
        "frame": index if video else 0,
        "face": face,
        "time": index / 25 if video else None,
        "track": f"talk.mp4 {face}" if video else f"photo.png {face}",
        "take": "talk.mp4" if video else "photos",
        "split": "train" if video else "test",
        "score": 0.99 - 0.01 * face,
        "box": [*(low - 22), *(high - low + 44)],
        "faces_in_frame": 2,
        "frame_parameters": None,
        "person": face,
        "left_out": left_out,
    }


def _repeat(records, faces):
    """More records, each at a time of its own, with the crops there are."""
    result = []
    for row in range(faces):
        record = dict(records[row % len(records)])
        if record["time"] is not None:
            turns = row // len(records)
            record["frame"] += turns * 1000
            record["time"] += turns * 40
            result.append(record)
    return result


def _write_records(folder, records):
    head = {"settings": {"contract": CONTRACT, "detector": {}}}
    text = json.dumps(head) + "\n"
    manifests.write_text(folder / face_records.FILES, text)
    face_records.write_records(folder / face_records.RECORDS, records)
    kept = [each for each in records if each["left_out"] is None]
    report = {"kept": len(kept), "consent": consent.unstated()}
    for split in ("train", "test"):
        report[split] = sum(each["split"] == split for each in kept)
    manifests.write_json(folder / face_records.REPORT, report)
