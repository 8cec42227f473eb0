"""Face sets of synthetic people as extraction writes them, without a detector.

The renderer's true landmarks stand for the detector's.
"""

import functools
import hashlib
import json

import cv2
import numpy as np

from helpers import alignment, masks, synthetic
from helpers.crops import cut_crop
from helpers.faces import face_records
from helpers.files import manifests
from helpers.footage import media

CONTRACT = manifests.data_contract()
SIZE = 224  # side of the rendered frames: 45 pixels between the eyes
FIRST_PERSON = 120_500  # of those whom nothing was learned from


@functools.lru_cache(maxsize=8)
def person(number):
    return synthetic.Person(synthetic.random_identity(FIRST_PERSON + number))


@functools.lru_cache(maxsize=256)
def shot(number, seed, place=0, **changes):
    """Frame and landmarks of a person in one light; seed is the take."""
    frame = dict(synthetic.sample_take(40, seed)[4 * place])
    found = synthetic.render(person(number), {**frame, **changes}, SIZE)
    return found["image"], found["landmarks"]


class FaceFolder:
    """Writes faces one by one, and last what makes them a face set.

    Args:
        folder: pathlib.Path of the face sets.
        identity: str.
    """

    def __init__(self, folder, identity="Ada"):
        self.folder, self.identity = folder, identity
        self.home = folder / identity
        for name in ("crops", "masks"):
            (self.home / name).mkdir(parents=True)
        self.records = []

    def add(self, picture, landmarks, file, frame=0, face=0, **record):
        """Add a face of a frame; returns the row of its record."""
        landmarks = np.asarray(landmarks, np.float64)
        matrix = alignment.crop_matrix(landmarks, CONTRACT)
        crop = cut_crop(picture, matrix, CONTRACT["crop_size"])
        name = f"{len(self.records):06d}"
        written = media.encode_image(crop, ".jpg", 95)
        (self.home / f"crops/{name}.jpg").write_bytes(written)
        mask = masks.face_mask(64, manifests.data_contract(64))
        mask = media.encode_image(np.uint8(mask * 255), ".png")
        (self.home / f"masks/{name}.png").write_bytes(mask)
        video = file.endswith(".mp4")
        self.records.append(
            {
                "crop": f"crops/{name}.jpg",
                "mask": f"masks/{name}.png",
                "file": file,
                "frame": frame,
                "face": face,
                "time": frame / 25 if video else None,
                "track": f"{file}#{0 if video else frame}.{face}",
                "take": file,
                "split": "train",
                "score": 0.999,
                "landmarks": landmarks.tolist(),
                "matrix": matrix.tolist(),
                "box": [0.0, 0.0, 1.0, 1.0],
                "eyes": float(np.linalg.norm(landmarks[1] - landmarks[0])),
                "outside": 0.0,
                "sharpness": 1.0,
                "yaw": 0.0,
                "pitch": 0.0,
                "roll": 0.0,
                "faces_in_frame": 1,
                "frame_parameters": None,
                "sha256": hashlib.sha256(written).hexdigest(),
                "person": None,
                "left_out": None,
                **record,
            }
        )
        return len(self.records) - 1

    def add_person(self, number, seeds, file="{seed}.mp4", frames=3):
        """Takes of a synthetic person, each of some frames; their rows."""
        return [
            self.add(*shot(number, seed, place), file.format(seed=seed), place)
            for seed in seeds
            for place in range(frames)
        ]

    def write(self):
        """Write records and report; returns the folder of the face sets."""
        path = self.home / face_records.RECORDS
        face_records.write_records(path, self.records)
        head = {"settings": {"contract": CONTRACT, "detector": {}}}
        manifests.write_text(
            self.home / face_records.FILES, json.dumps(head) + "\n"
        )
        manifests.write_json(
            self.home / face_records.REPORT, {"faces": len(self.records)}
        )
        return self.folder

    def read(self):
        return face_records.read_records(self.home / face_records.RECORDS)


def blurred(picture, sigma):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def noisy(picture, sigma, seed=0):
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.uint8(np.clip(picture + noise, 0, 255))


def jpeg(picture, quality):
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imdecode(cv2.imencode(".jpg", picture, options)[1], 1)
