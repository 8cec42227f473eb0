"""Trains the face mask on renders of people used nowhere else.

    python -m benchmarks.face_mask --people 150 --epochs 12

Each face is seen bare, and twice with things before it. It prints how well
people never seen are masked, writes `weights/shared/face_mask/`, and last one
line of JSON. `--check` measures the network that is there instead.
`python -m benchmarks.masks` asks what the masks do for a swap.
"""

import argparse
import json
import time

import cv2
import keras
import numpy as np

from benchmarks.parts import hard_frames, spoilt_pictures
from helpers import alignment, synthetic
from helpers.crops import cut_crop, cut_network_crops
from helpers.faces.readers import face_mask
from helpers.faces.readers.face_mask import build_face_mask
from helpers.files import manifests
from helpers.synthetic import occluders, workers
from helpers.training import optimizers

RESOLUTION = 128
COVERAGE = manifests.data_contract()["coverage"]
CROP_SIZE = round(RESOLUTION / COVERAGE)  # of whole crops: 160
FRAME_SIZE = 288  # the distance between the eyes is then about 54 px
FIRST_TRAINED = 80_000  # numbers of people who appear in no score
FIRST_HELD_OUT = 90_000
FRAMES = 16  # of each person
BATCH = 32
LEARNING_RATE = 5e-3
CONTINUED_RATE = 2e-3
KINDS = (*occluders.OCCLUDERS, "hand", "hand", "hair", "glasses", "wire")
# drawn anew in every epoch: those of which a few hundred are too few
RENEWED = ("bar",) * 5 + ("blob", "hand", "hair", "hair", "glasses")
RENEWED += ("wire",) * 3
WORN = ("glasses", "wire")


def render_faces(first, people, processes, occluded=2):
    """Crops of random people, bare and with things before them.

    Args:
        first: int. Number of the first person.
        people: int.
        processes: int.
        occluded: int. How often each face is seen with things before it.

    Returns:
        Tuple of uint8 crops, shape `(faces, CROP_SIZE, CROP_SIZE, 3)`, and
        uint8 truths, shape `(faces, CROP_SIZE, CROP_SIZE, 3)`: 255 times
        what the channels of `face_mask.CHANNELS` should say.
    """
    jobs = [(first + index, occluded) for index in range(people)]
    parts = workers.run_jobs(_render_person, jobs, processes)
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _render_person(number, occluded):
    random = np.random.default_rng(number)
    identity = synthetic.random_identity(number)
    if random.random() < 0.35:
        identity["glasses"] = {
            "color": tuple(float(v) for v in random.uniform(5, 110, 3)),
            "thickness": float(random.uniform(0.06, 0.35)),
            "radius_x": float(random.uniform(1.9, 2.4)),
            "radius_y": float(random.uniform(1.2, 2.0)),
            "squareness": float(random.uniform(2, 4.5)),
        }
    person = synthetic.Person(identity)
    crops, truths = [], []
    for index in range(FRAMES):
        frame = hard_frames.sample_frame(number * 1000 + index, random)
        shot = synthetic.render(person, frame, FRAME_SIZE, geometry=True)
        for view in range(1 + occluded):
            image, worn = shot["image"], shot["glasses"]
            bare = shot["skin"] * (1 - worn)
            for _ in range(0 if view == 0 else random.choice((1, 1, 2))):
                kind = KINDS[random.integers(len(KINDS))]
                image, cover = occluders.occlude(
                    image,
                    shot["landmarks"],
                    kind,
                    int(random.integers(2**31)),
                    frame,
                )
                bare = bare * (1 - cover)
                worn = worn * (1 - cover) + cover * (kind in WORN)
            truth = np.stack((shot["mask"], bare, worn), -1)
            matrix = alignment.crop_matrix(
                shot["landmarks"], manifests.data_contract(CROP_SIZE)
            )
            crops.append(cut_crop(image, matrix, CROP_SIZE))
            truth = np.uint8(truth * 255 + 0.5)
            truths.append(cut_crop(truth, matrix, CROP_SIZE))
    return np.stack(crops), np.stack(truths)


class SpoiltFaces(keras.utils.PyDataset):
    """Batches of renders as cameras and files spoil them, anew every epoch.

    Args:
        crops: uint8 array, shape `(faces, CROP_SIZE, CROP_SIZE, 3)`.
        truths: uint8 array, shape `(faces, CROP_SIZE, CROP_SIZE, 3)`.
        seed: int.
    """

    def __init__(self, crops, truths, seed):
        super().__init__(workers=1)
        self.crops, self.truths = crops, truths
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return len(self.crops) // BATCH

    def __getitem__(self, index):
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        spoilt = [
            spoil(self.crops[row], self.truths[row], self.random)
            for row in rows
        ]
        crops, truths = (np.stack(part) for part in zip(*spoilt, strict=True))
        outline, bare, worn = np.moveaxis(truths, -1, 0)
        # what is covered is a small part of most faces, and rims a smaller one
        weight = 0.5 + outline + outline * (1.5 * (1 - bare) + 0.5 * worn)
        return crops, truths, weight

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.crops))


def spoil(crop, truth, random):
    """A network crop as a detector cuts and a camera films it.

    Args:
        crop: uint8 array, shape `(CROP_SIZE, CROP_SIZE, 3)`.
        truth: uint8 array, shape `(CROP_SIZE, CROP_SIZE, 3)`.
        random: `numpy.random.Generator`.

    Returns:
        Two float32 arrays, shape `(RESOLUTION, RESOLUTION, 3)` and `(...,
        3)`, 0-1.
    """
    size = (RESOLUTION, RESOLUTION)
    if random.random() < 0.5:
        crop, truth = _occlude(crop, truth, random)
    matrix = _jitter(random)
    crop, truth = (
        cv2.warpAffine(part, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        for part in (crop, truth)
    )
    crop, truth = _bend(crop, truth, random)
    if random.random() < 0.6:
        crop = _crease(crop, random)
    image = spoilt_pictures.spoil_picture(crop, random)
    return image, np.float32(truth) / 255


def _occlude(crop, truth, random):
    """One more thing before the face of a whole crop."""
    landmarks = alignment.template_points(manifests.TEMPLATE, CROP_SIZE)
    kind = RENEWED[random.integers(len(RENEWED))]
    seed = int(random.integers(2**31))
    crop, cover = occluders.occlude(crop, landmarks, kind, seed)
    outline, bare, worn = np.moveaxis(np.float32(truth), -1, 0)
    bare, worn = bare * (1 - cover), worn * (1 - cover)
    worn = worn + 255 * cover * (kind in WORN)
    return crop, np.uint8(np.stack((outline, bare, worn), -1) + 0.5)


def _crease(crop, random):
    """Folds and bags around the eyes, and brows: bowed, and no rims."""
    whole = alignment.template_points(manifests.TEMPLATE, CROP_SIZE)[:2]
    eyes = whole - (CROP_SIZE - RESOLUTION) / 2
    folds = np.zeros(crop.shape[:2], np.float32)
    for _ in range(int(random.integers(1, 6))):
        place = eyes[random.integers(2)] + random.normal(0, 4, 2)
        axes = random.uniform((8, 6), (26, 20))
        begin = random.choice((30, 210)) + random.normal(0, 25)
        end = begin + random.uniform(40, 130)
        line = _bow(folds.shape, place, axes, (begin, end), random, (1, 5))
        folds = np.maximum(folds, random.uniform(0.1, 0.6) * line)
    if random.random() < 0.5:
        # bushy brows, which may stand right above a rim
        above, axes = random.uniform(8, 17), random.uniform((12, 3), (18, 8))
        strength = random.uniform(0.3, 0.75)
        for eye in eyes:
            place = eye - (0, above) + random.normal(0, 1, 2)
            line = _bow(folds.shape, place, axes, (190, 350), random, (3, 9))
            folds = np.maximum(folds, strength * line)
    return np.uint8(crop * (1 - folds[..., None]) + 0.5)


def _bow(shape, place, axes, angles, random, thickness):
    """Part of an ellipse, soft, 0-1, as `cv2.ellipse` draws it."""
    line = np.zeros(shape, np.float32)
    width = int(random.integers(*thickness))
    place, axes = (np.int32(each).tolist() for each in (place, axes))
    cv2.ellipse(line, place, axes, 0, *angles, 1.0, width)
    return cv2.GaussianBlur(line, (0, 0), random.uniform(0.6, 2.5))


def _jitter(random):
    """The middle of a whole crop, turned, scaled, shifted, some mirrored."""
    middle = (CROP_SIZE - 1) / 2
    angle, scale = random.normal(0, 4), np.exp(random.normal(0, 0.06))
    matrix = cv2.getRotationMatrix2D((middle, middle), angle, scale)
    shift = random.normal(0, 0.025, 2) * RESOLUTION
    matrix[:, 2] += shift - (CROP_SIZE - RESOLUTION) / 2
    if random.random() < 0.5:
        matrix[0] = -matrix[0]
        matrix[0, 2] += RESOLUTION - 1
    return matrix


def _bend(crop, truth, random):
    """Both moved a little, each place otherwise: ever new faces."""
    moved = random.normal(0, 2.5, (2, 5, 5)).astype(np.float32)
    places = np.mgrid[:RESOLUTION, :RESOLUTION].astype(np.float32)
    rows, columns = (
        place + cv2.resize(field, place.shape, interpolation=cv2.INTER_CUBIC)
        for place, field in zip(places, moved, strict=True)
    )
    return (
        cv2.remap(
            part, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        for part in (crop, truth)
    )


def train_face_mask(crops, truths, epochs, seed, start=None):
    """A face mask network trained on renders.

    Args:
        crops: uint8 array, shape `(faces, CROP_SIZE, CROP_SIZE, 3)`.
        truths: uint8 array, shape `(faces, CROP_SIZE, CROP_SIZE, 3)`.
        epochs: int.
        seed: int.
        start: `face_mask.FaceMask` to train on from, or `None`.

    Returns:
        `face_mask.FaceMask`.
    """
    keras.utils.set_random_seed(seed)
    model = build_face_mask(RESOLUTION) if start is None else start.model
    data = SpoiltFaces(crops, truths, seed)
    rate = keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE if start is None else CONTINUED_RATE,
        decay_steps=epochs * len(data),
        alpha=0.01,
    )
    model.compile(
        optimizer=optimizers.KernelMuon(rate), loss="binary_crossentropy"
    )
    model.fit(data, epochs=epochs, verbose=2)
    return face_mask.FaceMask(model)


def check_face_mask(network, crops, truths):
    """How well unseen faces are masked.

    Args:
        network: `face_mask.FaceMask`.
        crops: uint8 array, shape `(faces, CROP_SIZE, CROP_SIZE, 3)`.
        truths: uint8 array, shape `(faces, CROP_SIZE, CROP_SIZE, 3)`.

    Returns:
        dict: `iou` of visible face with the truth, both above a half;
        `covered_found`, share of the covered face that is found covered;
        `bare_found`, share of the bare face that is found bare; and
        `glasses_found` and `no_glasses_found`, the same of glasses.
    """
    seen, wanted = (
        cut_network_crops(part, COVERAGE, RESOLUTION)
        for part in (crops, truths)
    )
    shares = network.read_masks(seen)
    visible, true = (
        part[..., :2].prod(axis=-1) > 0.5 for part in (shares, wanted)
    )
    face, bare = wanted[..., 0] > 0.5, wanted[..., 1] > 0.5
    found_bare = shares[..., 1] > 0.5
    rims, found_rims = wanted[..., 2] > 0.5, shares[..., 2] > 0.5
    return {
        "iou": float((visible & true).sum() / (visible | true).sum()),
        "covered_found": float(1 - found_bare[face & ~bare].mean()),
        "bare_found": float(found_bare[face & bare].mean()),
        "glasses_found": float(found_rims[face & rims].mean()),
        "no_glasses_found": float(1 - found_rims[face & ~rims].mean()),
    }


def main():
    """Train or check the face mask, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=150)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--held-out-people", type=int, default=12)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--continued",
        action="store_true",
        help="train on from the network that is there",
    )
    parser.add_argument(
        "--check", action="store_true", help="measure the network there is"
    )
    parser.add_argument("--folder", default=str(face_mask.MASK_FOLDER))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    start = time.perf_counter()
    network = None
    if options.check or options.continued:
        network = face_mask.read_face_mask(options.folder)
    if not options.check:
        faces = render_faces(FIRST_TRAINED, options.people, options.processes)
        seconds = time.perf_counter() - start
        print(f"{len(faces[0])} faces in {seconds:.0f} s", flush=True)
        network = train_face_mask(*faces, options.epochs, options.seed, network)
    unseen = render_faces(
        FIRST_HELD_OUT, options.held_out_people, options.processes
    )
    scores = check_face_mask(network, *unseen)
    if not options.check:
        made = {
            name: value
            for name, value in vars(options).items()
            if name not in ("check", "folder", "processes")
        }
        face_mask.write_face_mask(
            options.folder,
            network,
            parameters=made,
            command="python -m benchmarks.face_mask",
            trained_on="renders of random synthetic people from number "
            f"{FIRST_TRAINED}; no real face",
            held_out=scores,
        )
    scores = {name: round(value, 4) for name, value in scores.items()}
    seconds = round(time.perf_counter() - start)
    print(json.dumps({**scores, "seconds": seconds}))


if __name__ == "__main__":
    main()
