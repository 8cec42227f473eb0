"""Trains the expression reader on renders of people used nowhere else.

    python -m benchmarks.expression_reader --people 130 --frames 66

Prints how well it reads people it has never seen, sharp and blurred as swaps
are, writes `weights/shared/expression_reader/`, and last one line of JSON.
`--check` measures the reader that is there instead of training one.
"""

import argparse
import json
import time

import cv2
import keras
import numpy as np

from helpers import alignment, expression_reader, manifests, synthetic
from helpers.synthetic import workers

NAMES = expression_reader.EXPRESSION_PARAMETERS
RESOLUTION = 64
FRAME_SIZE = 160  # the distance between the eyes is then about 31 px
FIRST_TRAINED = 50_000  # numbers of people who appear in no score
FIRST_HELD_OUT = 60_000
BLURS = (0.0, 1.0, 2.0)  # sigma in pixels of the crop
TAKE_LENGTH = 60  # frames that a few are drawn from
FRAMES_PER_TAKE = 3
REDRAWN = {
    "pitch": (-22, 22),
    "jaw": (0, 1),
    "blink": (0, 1),
    "gaze_x": (-1, 1),
    "gaze_y": (-1, 1),
}


def render_people(first, people, frames, natural, processes):
    """Network crops of random people with their frame parameters.

    Args:
        first: int. Number of the first person.
        people: int.
        frames: int. Frames of each person.
        natural: bool. Frames as takes give them; otherwise some parameters
            are drawn evenly, since in takes the eyes are hardly ever shut.
        processes: int.

    Returns:
        Tuple of uint8 crops, shape `(faces, height, width, 3)`, uint8 masks,
        shape `(faces, height, width)`, 0-255, and float32 frame parameters,
        shape `(faces, parameters)`.
    """
    jobs = [(first + index, frames, natural) for index in range(people)]
    found = workers.run_jobs(_render_person, jobs, processes)
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def _render_person(number, frames, natural):
    contract = manifests.data_contract()
    person = synthetic.Person(synthetic.random_identity(number))
    random = np.random.default_rng(number)
    crops, masks, values = [], [], []
    for frame in _sample_frames(number, frames, natural, random):
        film = synthetic.render(person, frame, FRAME_SIZE)
        matrix = alignment.network_matrix(
            alignment.crop_matrix(film["landmarks"], contract),
            contract["crop_size"],
            contract["coverage"],
            RESOLUTION,
        )
        mask = (film["mask"] * 255).round().astype(np.uint8)
        crops.append(alignment.cut_crop(film["image"], matrix, RESOLUTION))
        masks.append(alignment.cut_crop(mask, matrix, RESOLUTION))
        values.append([frame[name] for name in NAMES])
    return np.array(crops), np.array(masks), np.array(values, np.float32)


def _sample_frames(number, frames, natural, random):
    """Frame parameters from many short takes, some of them redrawn."""
    chosen = []
    while len(chosen) < frames:
        take = synthetic.sample_take(
            TAKE_LENGTH,
            seed=number * 1000 + len(chosen),
            max_yaw=30 if natural else 42,
        )
        rows = random.choice(TAKE_LENGTH, FRAMES_PER_TAKE, replace=False)
        chosen.extend(take[row] for row in rows)
    if not natural:
        for frame in chosen:
            for name, (low, high) in REDRAWN.items():
                if random.random() < 0.3:
                    frame[name] = float(random.uniform(low, high))
    return chosen[:frames]


def spoil(crops, masks, random):
    """Crops as a comb might draw them: blurred, shifted, strange outside.

    Outside the face a comb draws anything, because no loss asks for more; so
    half of the crops get another crop's surroundings or a plain colour there.

    Args:
        crops: uint8 array, shape `(faces, height, width, 3)`.
        masks: uint8 array, shape `(faces, height, width)`, 0-255.
        random: `numpy.random.Generator`.

    Returns:
        float32 array, shape `(faces, height, width, 3)`, 0-1.
    """
    size = crops.shape[1]
    result = np.empty(crops.shape, np.float32)
    others = random.permutation(len(crops))
    for index, (crop, mask) in enumerate(zip(crops, masks, strict=True)):
        image = crop.astype(np.float32) / 255
        chance = random.random()
        if chance < 0.5:
            plain = random.random(3, dtype=np.float32)
            other = crops[others[index]].astype(np.float32) / 255
            inside = mask[..., None].astype(np.float32) / 255
            image = image * inside + (other if chance < 0.25 else plain) * (
                1 - inside
            )
        image = cv2.warpAffine(
            image, _jitter(random, size), (size, size), borderMode=1
        )
        if random.random() < 0.8:
            image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.1, 2.5))
        gain = random.uniform(0.75, 1.25) * random.uniform(0.93, 1.07, 3)
        shift = random.uniform(-0.06, 0.06)
        result[index] = (image - 0.5) * gain + 0.5 + shift
    return np.clip(result, 0, 1, out=result)


def _jitter(random, size):
    """Small random turn, scale and shift, as detected landmarks scatter."""
    centre = (size - 1) / 2
    angle, scale = random.normal(0, 2), np.exp(random.normal(0, 0.03))
    matrix = cv2.getRotationMatrix2D((centre, centre), angle, scale)
    matrix[:, 2] += random.normal(0, 1.0, 2)
    return matrix


def train_reader(crops, masks, values, epochs, seed):
    """A reader trained on renders.

    Args:
        crops: uint8 array, shape `(faces, height, width, 3)`.
        masks: uint8 array, shape `(faces, height, width)`, 0-255.
        values: float32 array, shape `(faces, parameters)`.
        epochs: int.
        seed: int.

    Returns:
        `expression_reader.ExpressionReader`.
    """
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    means, scales = values.mean(axis=0), values.std(axis=0)
    wanted = (values - means) / scales
    model = expression_reader.build_expression_reader(RESOLUTION)
    batch = 64
    rate = keras.optimizers.schedules.CosineDecay(
        2e-3, decay_steps=epochs * (len(crops) // batch), alpha=0.01
    )
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="mae")
    for epoch in range(epochs):
        start = time.perf_counter()
        order = random.permutation(len(crops))
        history = model.fit(
            spoil(crops[order], masks[order], random),
            wanted[order],
            batch_size=batch,
            shuffle=False,
            verbose=0,
        )
        print(
            f"epoch {epoch + 1}/{epochs}: "
            f"loss {history.history['loss'][-1]:.3f}, "
            f"{time.perf_counter() - start:.0f} s",
            flush=True,
        )
    return expression_reader.ExpressionReader(model, means, scales)


def check_reader(reader, crops, values):
    """Correlation and mean absolute error of each parameter, by blur.

    Args:
        reader: `expression_reader.ExpressionReader`.
        crops: uint8 array, shape `(faces, height, width, 3)`. Unseen people.
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
        readings = reader.read(images)
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
    parser.add_argument("--held-out-people", type=int, default=30)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--check", action="store_true", help="measure the reader that is there"
    )
    parser.add_argument(
        "--folder", default=str(expression_reader.READER_FOLDER)
    )
    options = parser.parse_args()
    cv2.setNumThreads(1)
    start = time.perf_counter()
    unseen, _, truth = render_people(
        FIRST_HELD_OUT, options.held_out_people, 40, True, options.processes
    )
    if options.check:
        reader = expression_reader.read_expression_reader(options.folder)
    else:
        films = render_people(
            FIRST_TRAINED,
            options.people,
            options.frames,
            False,
            options.processes,
        )
        seconds = time.perf_counter() - start
        print(f"{len(films[0])} renders in {seconds:.0f} s", flush=True)
        reader = train_reader(*films, options.epochs, options.seed)
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
