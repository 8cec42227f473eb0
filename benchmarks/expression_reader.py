"""Trains the expression reader on renders of people used nowhere else.

    python -m benchmarks.expression_reader --people 130 --frames 66
    python -m benchmarks.expression_reader --people 140 \\
        --frames 42 --epochs 4 --continued

The second trains on from the reader that is there. Each prints how well it
reads people it has never seen, sharp and blurred as swaps are, writes
`weights/shared/expression_reader/`, and last one line of JSON.
`--check` measures the reader that is there instead of training one, `--public`
the public reader (`readers.blendshapes`), on sharper crops of the same people.
"""

import argparse
import functools
import json
import time

import cv2
import keras
import numpy as np

from helpers import alignment, synthetic
from helpers.crops import cut_crop, cut_network_crops
from helpers.faces import detection
from helpers.faces.readers import (
    blendshapes,
    expression_reader,
    face_measures,
)
from helpers.files import manifests
from helpers.synthetic import workers
from helpers.training import optimizers

NAMES = expression_reader.EXPRESSION_PARAMETERS
RESOLUTION = 64
COVERAGE = manifests.data_contract()["coverage"]
CROP_SIZE = round(RESOLUTION / COVERAGE)  # of whole crops: 80
FRAME_SIZE = 192  # the distance between the eyes is then about 37 px
PUBLIC_SIZES = 320, 256  # of frames and crops, for the public reader
# what it says, by the name of the truth that it should follow
PUBLIC_NAMES = {"brow_up": "brows"} | {
    name: name
    for name in ("pitch", "jaw", "smile", "blink", "pucker", "gaze_x", "gaze_y")
}
FACE_SHARE = 0.2  # of the detector, as for the face sets that are scored
FIRST_TRAINED = 50_000  # numbers of people who appear in no score
FIRST_HELD_OUT = 60_000
BLURS = (0.0, 1.0, 2.0)  # sigma in pixels of the crop
MOST_BLUR = 2.2  # sigma in pixels: most are far less blurred
BATCH = 64
LEARNING_RATE = 5e-3
CONTINUED_RATE = 1.5e-3  # gentle: what is known should stay
TAKE_LENGTH = 60  # frames that a few are drawn from
FRAMES_PER_TAKE = 3
REDRAWN = {
    "pitch": (-22, 22),
    "jaw": (0, 1),
    "blink": (0, 1),
    "gaze_x": (-1, 1),
    "gaze_y": (-1, 1),
}


def render_people(
    first,
    people,
    frames,
    natural,
    processes,
    sizes=(FRAME_SIZE, CROP_SIZE),
    names=NAMES,
):
    """Crops of random people with their frame parameters.

    They are aligned by the landmarks that the detector finds, as the crops
    that the reader will judge are: its points lie elsewhere than the true
    ones, more so with pitch, and a reader would take that for a nod.

    Args:
        first: int. Number of the first person.
        people: int.
        frames: int. Frames of each person.
        natural: bool. Frames as takes give them; otherwise some parameters
            are drawn evenly, since in takes the eyes are hardly ever shut.
        processes: int.
        sizes: two ints, sides of the frames and of the crops in pixels.
        names: names of the frame parameters that are wanted.

    Returns:
        Tuple of uint8 crops, shape `(faces, height, width, 3)`, whole crops;
        uint8 masks, shape `(faces, height, width)`, 0-255; and float32 frame
        parameters, shape `(faces, parameters)`. Faces that were not detected
        are missing.
    """
    jobs = [
        (first + index, frames, natural, sizes, tuple(names))
        for index in range(people)
    ]
    parts = workers.run_jobs(_render_person, jobs, processes)
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


@functools.lru_cache(maxsize=1)
def _detector():
    return detection.FaceDetector(FACE_SHARE)


def _render_person(number, frames, natural, sizes, names):
    random = np.random.default_rng(number)
    person = synthetic.Person(synthetic.random_identity(number))
    chosen = _sample_frames(number, frames, natural, random)
    films = [synthetic.render(person, frame, sizes[0]) for frame in chosen]
    detected = _detector().detect([film["image"] for film in films])
    shape = (0, sizes[1], sizes[1])
    crops, masks = (
        [np.empty((*shape, 3), np.uint8)],
        [np.empty(shape, np.uint8)],
    )
    values = [np.empty((0, len(names)), np.float32)]
    for frame, film, faces in zip(chosen, films, detected, strict=True):
        if not faces:
            continue  # the caller sees by the count how many these are
        mask = np.rint(film["mask"] * 255).astype(np.uint8)
        landmarks = faces[0]["landmarks"]
        crops.append(_cut(film["image"], landmarks, sizes[1])[None])
        masks.append(_cut(mask, landmarks, sizes[1])[None])
        values.append(np.float32([[frame[name] for name in names]]))
    return tuple(np.concatenate(part) for part in (crops, masks, values))


def _cut(picture, landmarks, size=CROP_SIZE):
    """A whole crop, cut large and then averaged, as a face set's are."""
    contract = manifests.data_contract(crop_size=2 * size)
    matrix = alignment.crop_matrix(landmarks, contract)
    crop = cut_crop(picture, matrix, contract["crop_size"])
    return cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)


def _sample_frames(number, frames, natural, random):
    """Frame parameters from many short takes, some of them redrawn."""
    chosen = []
    while len(chosen) < frames:
        take = synthetic.sample_take(
            TAKE_LENGTH,
            seed=number * 1000 + len(chosen),
            max_yaw=30 if natural else 36,
        )
        rows = random.choice(TAKE_LENGTH, FRAMES_PER_TAKE, replace=False)
        chosen.extend(take[row] for row in rows)
    if not natural:
        for frame in chosen:
            for name, (low, high) in REDRAWN.items():
                if random.random() < 0.2:
                    frame[name] = float(random.uniform(low, high))
    return chosen[:frames]


class SpoiltCrops(keras.utils.PyDataset):
    """Batches of renders as a comb might draw them, anew in every epoch.

    Args:
        crops: uint8 array, shape `(faces, height, width, 3)`, whole crops.
        masks: uint8 array, shape `(faces, height, width)`, 0-255.
        values: float32 array, shape `(faces, parameters)`.
        scaling: means and standard deviations of the parameters, two arrays
            of shape `(parameters,)`.
        seed: int.
    """

    def __init__(self, crops, masks, values, scaling, seed):
        super().__init__()
        self.crops, self.masks, self.values = crops, masks, values
        self.means, self.scales = scaling
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return len(self.crops) // BATCH

    def __getitem__(self, index):
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        crops, masks = self.crops[rows], self.masks[rows]
        values = self.values[rows]
        # a mirrored face is one more face: half of them are turned round
        turned = self.random.random(len(rows)) < 0.5
        crops[turned] = crops[turned, :, ::-1]
        masks[turned] = masks[turned, :, ::-1]
        signs = np.where(expression_reader.FLIPPED, -1, 1)
        values[turned] = values[turned] * signs
        wanted = (values - self.means) / self.scales
        return spoil(crops, masks, self.random), wanted

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.crops))


def spoil(crops, masks, random):
    """Network crops as a comb might draw them: blurred, strange outside.

    Outside the face a comb draws anything, because no loss asks for more; so
    half of the crops get another crop's surroundings or a plain colour there.

    Args:
        crops: uint8 array, shape `(faces, height, width, 3)`, whole crops.
        masks: uint8 array, shape `(faces, height, width)`, 0-255.
        random: `numpy.random.Generator`.

    Returns:
        float32 array, shape `(faces, RESOLUTION, RESOLUTION, 3)`, 0-1.
    """
    size = (RESOLUTION, RESOLUTION)
    result = np.empty((len(crops), *size, 3), np.float32)
    others = random.permutation(len(crops))
    for index, (crop, mask) in enumerate(zip(crops, masks, strict=True)):
        image, chance = crop.astype(np.float32), random.random()
        if chance < 0.5:
            other = crops[others[index]]
            plain = 255 * random.random(3, dtype=np.float32)
            inside = mask[..., None].astype(np.float32) / 255
            outside = other if chance < 0.25 else plain
            image = image * inside + outside * (1 - inside)
        image = cv2.warpAffine(
            image, _jitter(random, len(crop)), size, borderMode=1
        )
        # mostly sharp, for what is blurred has less to learn from
        sigma = MOST_BLUR * random.random() ** 1.5
        if sigma > 0.2:
            image = cv2.GaussianBlur(image, (0, 0), sigma)
        gain = random.uniform(0.75, 1.25) * random.uniform(0.93, 1.07, 3)
        shift = random.uniform(-0.06, 0.06)
        result[index] = (image / 255 - 0.5) * gain + 0.5 + shift
    return np.clip(result, 0, 1, out=result)


def _jitter(random, size):
    """The middle of a whole crop, a little turned, scaled and shifted.

    The landmarks scatter already, as the detector does.
    """
    middle = (size - 1) / 2
    angle, scale = random.normal(0, 1.5), np.exp(random.normal(0, 0.015))
    matrix = cv2.getRotationMatrix2D((middle, middle), angle, scale)
    matrix[:, 2] += random.normal(0, 0.4, 2) - (size - RESOLUTION) / 2
    return matrix


def train_reader(crops, masks, values, epochs, seed, start=None):
    """A reader trained on renders.

    Args:
        crops: uint8 array, shape `(faces, height, width, 3)`, whole crops.
        masks: uint8 array, shape `(faces, height, width)`, 0-255.
        values: float32 array, shape `(faces, parameters)`.
        epochs: int.
        seed: int.
        start: `expression_reader.ExpressionReader` to train on from, with its
            scaling, or `None` for a new one.

    Returns:
        `expression_reader.ExpressionReader`.
    """
    keras.utils.set_random_seed(seed)
    if start is None:
        learning_rate = LEARNING_RATE
        scaling = values.mean(axis=0), values.std(axis=0)
        model = expression_reader.build_expression_reader(RESOLUTION)
    else:
        learning_rate = CONTINUED_RATE
        model, scaling = start.model, (start.means, start.scales)
    data = SpoiltCrops(crops, masks, values, scaling, seed)
    rate = keras.optimizers.schedules.CosineDecay(
        learning_rate, decay_steps=epochs * len(data), alpha=0.01
    )
    # L1: the score that it serves is one of absolute errors
    model.compile(optimizer=optimizers.KernelMuon(rate), loss="mae")
    model.fit(data, epochs=epochs, verbose=2)
    return expression_reader.ExpressionReader(model, *scaling)


def check_reader(reader, crops, values):
    """Correlation and mean absolute error of each parameter, by blur.

    Args:
        reader: `expression_reader.ExpressionReader`.
        crops: uint8 array, shape `(faces, height, width, 3)`. Whole crops of
            unseen people.
        values: float32 array, shape `(faces, parameters)`.

    Returns:
        List of dicts: `blur`, `parameter`, `correlation`, `error` (in the
        parameter's unit) and `spread` (standard deviation of the truth).
    """
    rows = []
    for sigma in BLURS:
        images = crops.astype(np.float32) / 255
        if sigma:
            images = np.stack(
                [cv2.GaussianBlur(image, (0, 0), sigma) for image in images]
            )
        readings = reader.read_expressions(
            cut_network_crops(images, COVERAGE, RESOLUTION)
        )
        for column, name in enumerate(NAMES):
            read, truth = readings[:, column], values[:, column]
            rows.append(
                {
                    "blur": sigma,
                    "parameter": name,
                    "correlation": float(np.corrcoef(read, truth)[0, 1]),
                    "error": float(np.mean(np.abs(read - truth))),
                    "spread": float(truth.std()),
                }
            )
    return rows


def check_public(crops, values):
    """How the public reader follows the truth.

    Args:
        crops: uint8 array, shape `(faces, size, size, 3)`. Whole crops.
        values: float32 array, shape `(faces, parameters)`, in the order of
            `PUBLIC_NAMES`.

    Returns:
        dict by parameter of dicts: the `correlation` of the reading, that of
        one look without the mirror (`once`), and the `slope` of the truth
        over the reading.
    """
    reader = blendshapes.shipped_blendshapes()
    shapes, points = reader.read_in_depth(crops)
    small = cut_network_crops(crops, 1.0, reader.side)
    once = [reader._look(crop, reader.left)[0] for crop in small]
    rows = {}
    for column, (name, reading) in enumerate(PUBLIC_NAMES.items()):
        looks = []
        for read in (shapes, once):
            does = blendshapes.behaviours(read).T
            does = dict(zip(blendshapes.BEHAVIOURS, does, strict=True))
            does["pitch"] = face_measures.head_pitch(points)
            # of the lips' distance, as the descriptions take it
            does["jaw"] = face_measures.lips_apart(points)
            looks.append(does[reading])
        truth = values[:, column]
        correlations = [np.corrcoef(look, truth)[0, 1] for look in looks]
        rows[name] = {
            "correlation": round(float(correlations[0]), 3),
            "once": round(float(correlations[1]), 3),
            "slope": round(float(np.polyfit(looks[0], truth, 1)[0]), 2),
        }
        print(f"{name:10}", *(f"{k} {v:6.3f}" for k, v in rows[name].items()))
    return rows


def _print_rows(rows):
    print("parameter   blur px  correlation  error   spread of the truth")
    for row in rows:
        print(
            f"{row['parameter']:10s} {row['blur']:7.1f}  "
            f"{row['correlation']:11.3f} {row['error']:7.3f} "
            f"{row['spread']:10.3f}"
        )


def main():
    """Train or check the reader, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=130)
    parser.add_argument("--frames", type=int, default=66)
    parser.add_argument("--epochs", type=int, default=34)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--held-out-people", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--continued",
        action="store_true",
        help="train on from the reader that is there",
    )
    parser.add_argument(
        "--check", action="store_true", help="measure the reader that is there"
    )
    parser.add_argument(
        "--public", action="store_true", help="measure the public reader"
    )
    parser.add_argument(
        "--folder", default=str(expression_reader.READER_FOLDER)
    )
    options = parser.parse_args()
    cv2.setNumThreads(1)
    start = time.perf_counter()
    if options.public:
        crops, _, truth = render_people(
            FIRST_HELD_OUT,
            options.held_out_people,
            60,
            False,
            options.processes,
            PUBLIC_SIZES,
            PUBLIC_NAMES,
        )
        print(json.dumps({"public": check_public(crops, truth)}))
        return
    unseen, _, truth = render_people(
        FIRST_HELD_OUT, options.held_out_people, 40, True, options.processes
    )
    reader = None
    if options.check or options.continued:
        reader = expression_reader.read_expression_reader(options.folder)
    if not options.check:
        films = render_people(
            FIRST_TRAINED,
            options.people,
            options.frames,
            False,
            options.processes,
        )
        seconds = time.perf_counter() - start
        rendered = options.people * options.frames
        print(
            f"{rendered} renders in {seconds:.0f} s, of which "
            f"{rendered - len(films[0])} undetected",
            flush=True,
        )
        reader = train_reader(*films, options.epochs, options.seed, reader)
    rows = check_reader(reader, unseen, truth)
    _print_rows(rows)
    if not options.check:
        made = {
            name: value
            for name, value in vars(options).items()
            if name not in ("check", "folder", "processes")
        }
        expression_reader.write_expression_reader(
            options.folder,
            reader,
            parameters=made,
            command="python -m benchmarks.expression_reader",
            trained_on="renders of random synthetic people from number "
            f"{FIRST_TRAINED}; no real face",
            held_out=rows,
        )
    correlation = {
        f"{row['parameter']}_blur_{row['blur']:.0f}": round(
            row["correlation"], 3
        )
        for row in rows
    }
    seconds = round(time.perf_counter() - start)
    print(json.dumps({"correlation": correlation, "seconds": seconds}))


if __name__ == "__main__":
    main()
