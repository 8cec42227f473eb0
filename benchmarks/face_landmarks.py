"""Trains the landmark network on renders of people used nowhere else.

    python -m benchmarks.face_landmarks --people 200 --epochs 12

It prints how far the 68 points of people never seen are off, in shares of the
distance between the outer corners of the eyes, writes
`weights/shared/face_landmarks/`, and last one line of JSON. `--check` measures
the network that is there instead; `--portraits` adds the hand-placed points
of studio portraits.
"""

import argparse
import json
import pathlib
import time

import cv2
import keras
import numpy as np
from keras import ops

from benchmarks.parts import landmark_faces, portrait_points
from helpers import alignment
from helpers.crops import cut_crop
from helpers.faces import detection
from helpers.faces.readers import face_landmarks, face_measures
from helpers.faces.readers.face_landmarks import build_landmarks
from helpers.files import manifests
from helpers.footage import media
from helpers.training import optimizers

BATCH = 32
LEARNING_RATE = 5e-3
CONTINUED_RATE = 2e-3
# where the loss turns from squares to lengths, in distances of the eyes
BEND = 0.03
GROUPS = {
    "jaw": alignment.JAW,
    "brows": alignment.BROWS,
    "nose": alignment.NOSE,
    "eyes": alignment.EYES,
    "mouth": alignment.MOUTH,
}


class MovedFaces(keras.utils.PyDataset):
    """Batches of renders, cut, bent and spoilt anew in every epoch.

    Args:
        pictures: uint8 array, shape `(faces, CUT_SIZE, CUT_SIZE, 3)`.
        points: float32 array, shape `(faces, 68, 2)`, in their pixels.
        seed: int.
    """

    def __init__(self, pictures, points, seed):
        super().__init__(workers=1)
        self.pictures, self.points = pictures, points
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return len(self.pictures) // BATCH

    def __getitem__(self, index):
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        spoilt = [
            landmark_faces.spoil_face(
                self.pictures[row], self.points[row], self.random
            )
            for row in rows
        ]
        return tuple(np.stack(part) for part in zip(*spoilt, strict=True))

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.pictures))


def point_loss(wanted, points):
    """Lengths of the errors, in distances of the eyes; squares when small."""
    error = (points[..., :2] - wanted) / landmark_faces.EYES_APART
    length = ops.sqrt(ops.sum(error * error, axis=-1) + 1e-9)
    return ops.mean(
        ops.where(
            length < BEND, length * length / (2 * BEND), length - BEND / 2
        )
    )


def train_landmarks(pictures, points, epochs, seed, start=None):
    """A landmark network trained on renders.

    Args:
        pictures: uint8 array, shape `(faces, CUT_SIZE, CUT_SIZE, 3)`.
        points: float32 array, shape `(faces, 68, 2)`, in their pixels.
        epochs: int.
        seed: int.
        start: `face_landmarks.LandmarkReader` to train on from, or `None`.

    Returns:
        `face_landmarks.LandmarkReader`.
    """
    keras.utils.set_random_seed(seed)
    model = (
        build_landmarks(landmark_faces.RESOLUTION)
        if start is None
        else start.model
    )
    data = MovedFaces(pictures, points, seed)
    rate = keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE if start is None else CONTINUED_RATE,
        decay_steps=epochs * len(data),
        alpha=0.01,
    )
    # TensorFlow's own kernels are faster than compiled ones on processors
    compiled = keras.backend.backend() == "jax"
    model.compile(
        optimizer=optimizers.KernelMuon(rate),
        loss=point_loss,
        jit_compile=compiled,
    )
    model.fit(data, epochs=epochs, verbose=2)
    return face_landmarks.LandmarkReader(model)


def measure(reader, crops, points, unit=None):
    """How far points are off, by group.

    Args:
        reader: `face_landmarks.LandmarkReader`.
        crops: array, shape `(faces, size, size, 3)`. Whole crops.
        points: float array, shape `(faces, 68, 2)`, in their pixels.
        unit: float array, shape `(faces,)`, or `None` for the distance of
            the eyes' outer corners.

    Returns:
        dict from group, and `all`, to the mean distance in shares of the
        unit.
    """
    away = np.linalg.norm(reader.landmarks(crops) - points, axis=-1)
    if unit is None:
        # of a turned head they lie close together: a level one's would be
        unit = np.maximum(
            face_measures.corner_distance(points),
            1.2 * landmark_faces.EYES_APART * crops.shape[1],
        )
    away = away / np.asarray(unit)[:, None]
    errors = {"all": away.mean()}
    for name, group in GROUPS.items():
        errors[name] = away[:, group].mean()
    return {name: float(value) for name, value in errors.items()}


def measure_portraits(reader, folder, detector):
    """How far the points of studio portraits are off.

    Args:
        reader: `face_landmarks.LandmarkReader`.
        folder: pathlib.Path of `people/`, with `person_p` to `person_s`.
        detector: `detection.FaceDetector`, by which the crops are cut.

    Returns:
        Two dicts from group to the mean distance over portraits: in distances
        of the eyes' outer corners, and of the pupils.
    """
    contract = manifests.data_contract()
    crops, points, pupils = [], [], []
    for path in sorted(folder.glob("person_*/photos/neutral.tem")):
        photo = media.read_photo(path.with_suffix(".jpg"))
        face = detector.detect([photo])[0][0]
        matrix = alignment.crop_matrix(face["landmarks"], contract)
        crops.append(cut_crop(photo, matrix, contract["crop_size"]))
        placed, eyes = portrait_points.read_portrait_points(path)
        points.append(alignment.transform_points(matrix, placed))
        eyes = alignment.transform_points(matrix, eyes)
        pupils.append(np.linalg.norm(eyes[1] - eyes[0]))
    crops, points = np.stack(crops), np.stack(points)
    corners = face_measures.corner_distance(points)
    return [measure(reader, crops, points, unit) for unit in (corners, pupils)]


def main():
    """Train or check the landmark network, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--held-out-people", type=int, default=16)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--continued",
        action="store_true",
        help="train on from the network that is there",
    )
    parser.add_argument(
        "--check", action="store_true", help="measure the network there is"
    )
    parser.add_argument(
        "--portraits", default=None, help="folder of the London Set's people"
    )
    parser.add_argument(
        "--folder", default=str(face_landmarks.LANDMARKS_FOLDER)
    )
    options = parser.parse_args()
    cv2.setNumThreads(1)
    start = time.perf_counter()
    reader = None
    if options.check or options.continued:
        reader = face_landmarks.read_face_landmarks(options.folder)
    if not options.check:
        faces = landmark_faces.render_faces(
            landmark_faces.FIRST_TRAINED, options.people, options.processes
        )
        seconds = time.perf_counter() - start
        print(f"{len(faces[0])} faces in {seconds:.0f} s", flush=True)
        reader = train_landmarks(*faces, options.epochs, options.seed, reader)
    unseen = landmark_faces.render_faces(
        landmark_faces.FIRST_HELD_OUT,
        options.held_out_people,
        options.processes,
        False,
    )
    scores = {"held_out": measure(reader, *landmark_faces.whole_crops(*unseen))}
    if options.portraits:
        corners, pupils = measure_portraits(
            reader, pathlib.Path(options.portraits), detection.FaceDetector()
        )
        scores.update(portraits=corners, portraits_by_pupils=pupils)
    if not options.check:
        save(options, reader, scores["held_out"])
    print(f"{'':22}" + "".join(f"{name:>8}" for name in scores["held_out"]))
    for name, groups in scores.items():
        print(f"{name:22}" + "".join(f"{v:8.4f}" for v in groups.values()))
    seconds = round(time.perf_counter() - start)
    scores = {
        f"{name}_{group}": round(value, 4)
        for name, groups in scores.items()
        for group, value in groups.items()
    }
    print(json.dumps({**scores, "seconds": seconds}))


def save(options, reader, scores):
    """Write the network with how it was made and how far it is off."""
    made = {
        name: value
        for name, value in vars(options).items()
        if name not in ("check", "folder", "processes", "portraits")
    }
    face_landmarks.write_face_landmarks(
        options.folder,
        reader,
        parameters=made,
        command="python -m benchmarks.face_landmarks",
        trained_on="renders of random synthetic people from number "
        f"{landmark_faces.FIRST_TRAINED}; no real face",
        held_out=scores,
    )


if __name__ == "__main__":
    main()
