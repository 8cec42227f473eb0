"""Faces to train the landmark network on: rendered, moved, bent and spoilt."""

import cv2
import numpy as np

from benchmarks.parts import hard_frames, spoilt_pictures
from helpers import alignment, synthetic
from helpers.alignment import MIRRORED
from helpers.crops import cut_crop, cut_network_crops
from helpers.files import manifests
from helpers.synthetic import occluders, workers

RESOLUTION = 96
# What is rendered reaches further than a crop, so that it can be moved.
CUT_SIZE, MARGIN = 128, 1.25  # pixels, and sides of the crop
FRAME_SIZE = 208
FIRST_TRAINED = 60_000  # numbers of people who appear in no score
FIRST_HELD_OUT = 70_000
FRAMES = 32  # of each person
EYES_APART = manifests.TEMPLATE[1][0] - manifests.TEMPLATE[0][0]
OCCLUDERS = ("bar", "bar", "blob", "hand", "hand", "glasses", "hair", "cap")


def render_faces(first, people, processes, varied=True, progress=None):
    """Pictures of random people around their faces, and their 68 points.

    Args:
        first: int. Number of the first person.
        people: int.
        processes: int.
        varied: bool. Whether faces are shaped more variously than
            `synthetic.random_identity` does it.
        progress: see `workers.run_jobs`.

    Returns:
        Tuple of uint8 pictures, shape `(faces, CUT_SIZE, CUT_SIZE, 3)`, and
        float32 points, shape `(faces, 68, 2)`, in their pixels.
    """
    jobs = [(first + index, varied) for index in range(people)]
    parts = workers.run_jobs(_render_person, jobs, processes, progress)
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _render_person(number, varied):
    random = np.random.default_rng(number)
    identity = synthetic.random_identity(number)
    if varied:
        _vary_identity(identity, random)
    person = synthetic.Person(identity, texture_size=384)
    pictures, points = [], []
    for index in range(FRAMES):
        frame = _sample_frame(number * 1000 + index, random)
        shot = synthetic.render(person, frame, FRAME_SIZE, geometry=True)
        matrix = alignment.similarity_transform(
            shot["landmarks"], cut_template()
        )
        pictures.append(cut_crop(shot["image"], matrix, CUT_SIZE))
        points.append(alignment.transform_points(matrix, shot["points"]))
    return np.stack(pictures), np.float32(points)


def cut_template():
    """Where the five landmarks lie in a rendered picture, in its pixels."""
    side = CUT_SIZE / MARGIN
    template = alignment.template_points(manifests.TEMPLATE, side)
    return template + (CUT_SIZE - side) / 2


def _vary_identity(identity, random):
    """Wider ranges of shape: noses, mouths and brows differ more in life."""
    for name in ("nose_length", "mouth_width", "eye_size", "chin_length"):
        identity[name] += float(random.normal(0, 0.6))
    for name in ("face_width", "jaw_width", "eye_gap", "nose_width"):
        identity[name] += float(random.normal(0, 0.4))
    identity["nose_length"] -= 0.5
    identity["eye_opening"] += float(random.normal(0, 0.3))
    identity["brow_length"] = float(random.uniform(-0.5, 2.5))
    identity["brow_height"] += float(random.normal(0.4, 0.6))
    identity["brow_thickness"] = float(random.uniform(0.05, 1))


def _sample_frame(seed, random):
    """A frame of a take; lids, jaw, pose and light are often further out."""
    take = synthetic.sample_take(hard_frames.TAKE_LENGTH, seed=seed, max_yaw=42)
    frame = dict(take[random.integers(hard_frames.TAKE_LENGTH)])

    def draw(chance, name, low, high):
        if random.random() < chance:
            frame[name] = float(random.uniform(low, high))

    draw(0.3, "blink", 0, 1)
    draw(0.3, "jaw", 0, 1)
    draw(0.3, "yaw", -42, 42)
    draw(0.3, "pitch", -22, 22)
    draw(0.15, "brow_up", -0.2, 1)
    draw(0.15, "pucker", 0, 1)
    draw(0.15, "lip_raise", 0, 1)
    draw(0.5, "gaze_x", -1, 1)
    draw(0.4, "distance", 45, 140)
    frame["zoom"] *= frame.get("distance", 70) / 70
    hard_frames.light_hard(frame, random)
    return frame


def spoil_face(picture, points, random):
    """A whole crop as a detector cuts and a camera films it.

    Args:
        picture: uint8 array, shape `(CUT_SIZE, CUT_SIZE, 3)`.
        points: float32 array, shape `(68, 2)`, in its pixels.
        random: `numpy.random.Generator`.

    Returns:
        float32 arrays, shapes `(RESOLUTION, RESOLUTION, 3)`, 0-1, and
        `(68, 2)`, where 0 and 1 are the crop's edges.
    """
    if random.random() < 0.3:
        kind = OCCLUDERS[random.integers(len(OCCLUDERS))]
        seed = int(random.integers(2**31))
        picture, _ = occluders.occlude(picture, cut_template(), kind, seed)
    matrix = _jitter(random)
    placed = alignment.transform_points(matrix, points)
    moved = _bend(random)
    moved[1] -= _droop(placed[[17, 26]], random)
    places = np.mgrid[:RESOLUTION, :RESOLUTION][::-1].astype(np.float32)
    back = alignment.invert_transform(matrix)
    where = alignment.transform_points(back, np.moveaxis(places + moved, 0, -1))
    crop = cv2.remap(
        picture,
        np.float32(where),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    points = _unbend(placed, moved)
    if matrix[0, 0] < 0:
        points = points[MIRRORED]
    crop = spoilt_pictures.spoil_picture(crop, random)
    return crop, np.float32((points + 0.5) / RESOLUTION)


def _jitter(random):
    """A whole crop, turned, scaled, shifted; half of them mirrored."""
    middle = (CUT_SIZE - 1) / 2
    scale = RESOLUTION / CUT_SIZE * MARGIN * np.exp(random.normal(0, 0.07))
    angle = random.normal(0, 5)
    matrix = cv2.getRotationMatrix2D((middle, middle), angle, scale)
    shift = random.normal(0, 0.03, 2) * RESOLUTION
    matrix[:, 2] += shift - (CUT_SIZE - RESOLUTION) / 2
    if random.random() < 0.5:
        matrix[0] = -matrix[0]
        matrix[0, 2] += RESOLUTION - 1
    return matrix


def _bend(random):
    """By how much each place is moved, `(2, side, side)` in pixels.

    Each row and each column moves as a whole, so that foreheads, noses and
    chins, cheeks and brows grow longer and shorter; and each place by a
    little of its own.
    """
    size = (RESOLUTION, RESOLUTION)
    moved = random.normal(0, 1.5, (2, 5, 5)) * random.random()
    moved[0] += random.normal(0, 1.5, 5) * random.random()
    moved[1] += random.normal(0, 2.5, (5, 1)) * random.random()
    return np.stack(
        [
            cv2.resize(np.float32(field), size, interpolation=cv2.INTER_CUBIC)
            for field in moved
        ]
    )


def _droop(tails, random):
    """By how much each place is lowered: brows droop at their outer ends.

    The renderer's hardly do. In OpenFace's mean of faces marked with 68 points
    the end lies lower than the top by 0.19 of the distance of the eyes.
    """
    side = EYES_APART * RESOLUTION
    # of both brows alike; some as the renderer draws them
    depth = max(0, random.normal(0.08, 0.08)) * side
    y, x = np.mgrid[:RESOLUTION, :RESOLUTION].astype(np.float32)
    away = [(x - left) ** 2 + ((y - top) / 0.7) ** 2 for left, top in tails]
    return np.float32(depth * np.exp(-np.minimum(*away) / (0.3 * side) ** 2))


def _unbend(points, moved):
    """Where the points of a picture are once it is bent."""
    bent = points
    for _ in range(4):
        x, y = np.float32(np.clip(bent, 0, RESOLUTION - 1)).T[..., None]
        away = [cv2.remap(field, x, y, cv2.INTER_LINEAR) for field in moved]
        bent = points - np.concatenate(away, axis=1)
    return bent


def whole_crops(pictures, points):
    """Rendered pictures as stored crops of their own size, and the points."""
    side = CUT_SIZE / MARGIN
    crops = cut_network_crops(pictures, 1 / MARGIN, CUT_SIZE)
    points = (points - (CUT_SIZE - side) / 2 + 0.5) * MARGIN - 0.5
    return crops, points
