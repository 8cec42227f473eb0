"""Learns on renders what tells people apart: the likeness of `grouping`.

    python -m benchmarks.likeness --people 700

Everybody is seen in many lights and poses, once as rendered and once as
cameras and files spoil it. It prints how well people never seen are told apart,
writes `weights/shared/likeness/`, and last one line of JSON. `--check` measures
the one that is there instead. `python -m benchmarks.grouping` asks what it does
for footage, rendered and real.
"""

import argparse
import json
import time

import cv2
import numpy as np
from scipy import linalg
from sklearn import decomposition, metrics

from benchmarks import hard_frames, spoilt_pictures
from helpers import alignment, manifests, synthetic
from helpers.sorting import likeness
from helpers.synthetic import workers

RESOLUTION = likeness.RESOLUTION
CROP_SIZE = 80  # of what is rendered; the network sees all of a stored crop
MARGIN_SIZE = 88  # a stored crop with as much around it as the jitter needs
FRAME_SIZE = 192
FIRST_TRAINED = 100_000  # numbers of people who appear in no score
FIRST_HELD_OUT = 120_000
FRAMES = 10  # of each person
COMPONENTS, DIMENSIONS = 500, 80
# of the mean variance within people, added to all of them
SHRINKAGE = 0.03


def render_faces(first, people, processes):
    """Crops of random people, each in many lights and poses.

    Args:
        first: int. Number of the first person.
        people: int.
        processes: int.

    Returns:
        uint8 array, shape `(people, FRAMES, MARGIN_SIZE, MARGIN_SIZE, 3)`.
    """
    jobs = [(first + index,) for index in range(people)]
    return np.stack(workers.run_jobs(_render_person, jobs, processes))


def _render_person(number):
    random = np.random.default_rng(number)
    person = synthetic.Person(synthetic.random_identity(number))
    # the template in the middle of a larger square
    points = alignment.template_points(manifests.data_contract(), CROP_SIZE)
    points = (points + (MARGIN_SIZE - CROP_SIZE) / 2) * 2 + 0.5
    crops = []
    for index in range(FRAMES):
        frame = hard_frames.sample_frame(number * 1000 + index, random)
        shot = synthetic.render(person, frame, FRAME_SIZE)
        # a detector's points are never quite the true ones
        landmarks = shot["landmarks"] + random.normal(0, 0.8, (5, 2))
        matrix = alignment.similarity_transform(landmarks, points)
        crop = alignment.cut_crop(shot["image"], matrix, 2 * MARGIN_SIZE)
        size = (MARGIN_SIZE, MARGIN_SIZE)
        crops.append(cv2.resize(crop, size, interpolation=cv2.INTER_AREA))
    return np.stack(crops)


def spoil(crop, random):
    """A stored crop as a detector cuts and a camera films it.

    Args:
        crop: uint8 array, shape `(MARGIN_SIZE, MARGIN_SIZE, 3)`.
        random: `numpy.random.Generator`.

    Returns:
        float32 array, shape `(RESOLUTION, RESOLUTION, 3)`, 0-1.
    """
    size = (RESOLUTION, RESOLUTION)
    crop = cv2.warpAffine(
        crop, _jitter(random), size, borderMode=cv2.BORDER_REPLICATE
    )
    image = np.float32(crop) / 255
    if random.random() < 0.5:
        image = image * _field(random, 0.75)
    if random.random() < 0.5:
        for cells in (6, 20, 48):
            image = image * (
                1 + random.uniform(0, 0.08) * _noise(random, cells)
            )
    if random.random() < 0.15:
        _cover(image, random)
    image = _recolor(image, random)
    image = _blur(image, random)
    return spoilt_pictures.add_grain_and_jpeg(image, 0.06, random)


def _jitter(random):
    """The stored crop, turned, scaled, shifted, half of them mirrored."""
    middle = (MARGIN_SIZE - 1) / 2
    angle, scale = random.normal(0, 3), np.exp(random.normal(0, 0.05))
    scale *= RESOLUTION / CROP_SIZE
    matrix = cv2.getRotationMatrix2D((middle, middle), angle, scale)
    shift = random.normal(0, 0.02, 2) * RESOLUTION
    matrix[:, 2] += shift - (MARGIN_SIZE - RESOLUTION) / 2
    # lenses and the detector's points make faces wide or narrow
    matrix[0] *= np.exp(random.normal(0, 0.03))
    if random.random() < 0.5:
        matrix[0] = -matrix[0]
        matrix[0, 2] += RESOLUTION - 1
    return matrix


def _noise(random, cells):
    field = random.normal(size=(cells, cells, 3)).astype(np.float32)
    field = 0.6 * field[..., :1] + 0.4 * field
    size = (RESOLUTION, RESOLUTION)
    return cv2.resize(field, size, interpolation=cv2.INTER_CUBIC)


def _field(random, deepest):
    """Shade that falls over a face, soft or with an edge."""
    field = _noise(random, int(random.integers(2, 5)))[..., :1]
    edge = random.uniform(0.2, 2.5)
    share = np.clip((field - random.normal(0, 0.7)) / edge + 0.5, 0, 1)
    return 1 - share * random.uniform(0.1, deepest)


def _cover(image, random):
    """Something of one colour before a part of the face."""
    left, top = random.integers(0, RESOLUTION, 2)
    width, height = random.integers(6, 26, 2)
    image[top : top + height, left : left + width] = random.random(3)


def _recolor(image, random):
    """Gains, gamma and saturation of another camera; one in four is grey."""
    grey = image.mean(axis=-1, keepdims=True)
    saturation = 0 if random.random() < 0.25 else random.uniform(0.4, 1.5)
    image = grey + saturation * (image - grey)
    gain = np.exp(random.normal(0, 0.2) + random.normal(0, 0.08, 3))
    gamma = np.exp(random.normal(0, 0.25))
    return np.clip(image * np.float32(gain), 0.001, 1) ** np.float32(gamma)


def _blur(image, random):
    """Out of focus, or enlarged from a small picture."""
    chance = random.random()
    if chance < 0.35:
        sigma = 2 * random.random() ** 2
        if sigma > 0.2:
            image = cv2.GaussianBlur(image, (0, 0), sigma)
    elif chance < 0.6:
        small = int(random.uniform(0.25, 1) * RESOLUTION)
        size = (RESOLUTION, RESOLUTION)
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return image


def learn_likeness(crops, seed):
    """A likeness learned on renders.

    Args:
        crops: uint8 array from `render_faces`.
        seed: int.

    Returns:
        `likeness.Likeness`.

    Reference:
        Belhumeur et al., "Eigenfaces vs. Fisherfaces", 1997, section 2.4.
    """
    random = np.random.default_rng(seed)
    people, frames = crops.shape[:2]
    histograms = []
    for person in crops:
        views = [_middle(crop) for crop in person]
        views += [spoil(crop, random) for crop in person]
        histograms.append(likeness.gradient_histograms(np.stack(views)))
    histograms = np.concatenate(histograms)
    components = decomposition.PCA(
        min(COMPONENTS, people - 1), svd_solver="randomized", random_state=seed
    )
    points = components.fit_transform(histograms)
    points = points.reshape(people, 2 * frames, -1)
    means = points.mean(axis=1)
    within = (points - means[:, None]).reshape(-1, points.shape[-1])
    within = within.T @ within / len(within)
    within += SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    ratios, directions = linalg.eigh(np.cov(means.T), within)
    ratios, directions = ratios[::-1], directions[:, ::-1]
    dimensions = min(DIMENSIONS, len(ratios))
    ratios = np.maximum(ratios[:dimensions], 0)
    # what tells people apart less surely counts less
    directions = directions[:, :dimensions] * np.sqrt(ratios / (1 + ratios))
    weights = components.components_.T @ directions
    # numbers of about 1, which 16 bits hold
    weights /= np.abs(weights).max()
    model = likeness.build_likeness(dimensions)
    model.set_weights([weights, -components.mean_ @ weights])
    return likeness.Likeness(model)


def _middle(crop):
    """A crop as it is stored, without what the jitter needs around it."""
    inside = slice(
        (MARGIN_SIZE - CROP_SIZE) // 2, (MARGIN_SIZE + CROP_SIZE) // 2
    )
    size = (RESOLUTION, RESOLUTION)
    crop = cv2.resize(crop[inside, inside], size, interpolation=cv2.INTER_AREA)
    return np.float32(crop) / 255


def check_likeness(found, crops, seed=0):
    """How well unseen people are told apart, by pairs of their faces.

    Args:
        found: `likeness.Likeness`.
        crops: uint8 array from `render_faces`, spoilt here as for learning.
        seed: int.

    Returns:
        dict: `separation`, the chance that two faces of one person are more
        alike than two of different people (area under the ROC curve), and
        `equal_error`, the error where both kinds of error are as frequent.
    """
    random = np.random.default_rng(seed)
    people, frames = crops.shape[:2]
    flat = crops.reshape(-1, *crops.shape[2:])
    vectors = found.describe(np.stack([spoil(crop, random) for crop in flat]))
    alike = vectors @ vectors.T
    whose = np.repeat(np.arange(people), frames)
    pairs = np.triu_indices(len(whose), 1)
    same = (whose[:, None] == whose)[pairs]
    wrong, right, _ = metrics.roc_curve(same, alike[pairs])
    return {
        "separation": float(metrics.auc(wrong, right)),
        "equal_error": float(wrong[np.argmin(np.abs(wrong - 1 + right))]),
    }


def main():
    """Learn or check the likeness, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=700)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--held-out-people", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--check", action="store_true", help="measure the one there is"
    )
    parser.add_argument("--folder", default=str(likeness.LIKENESS_FOLDER))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    start = time.perf_counter()
    if options.check:
        found = likeness.read_likeness(options.folder)
    else:
        crops = render_faces(FIRST_TRAINED, options.people, options.processes)
        seconds = time.perf_counter() - start
        print(f"{len(crops)} people in {seconds:.0f} s", flush=True)
        found = learn_likeness(crops, options.seed)
    unseen = render_faces(
        FIRST_HELD_OUT, options.held_out_people, options.processes
    )
    scores = check_likeness(found, unseen)
    for name, value in scores.items():
        print(f"{name:12s} {value:.3f}")
    if not options.check:
        write(options.folder, found, options.people, options.seed, scores)
    seconds = round(time.perf_counter() - start)
    print(json.dumps({**scores, "seconds": seconds}))


def write(folder, found, people, seed, scores):
    """Write a likeness with how it was made."""
    likeness.write_likeness(
        folder,
        found,
        parameters={"people": people, "frames": FRAMES, "seed": seed},
        command="python -m benchmarks.likeness",
        trained_on="renders of random synthetic people from number "
        f"{FIRST_TRAINED}; no real face",
        held_out=scores,
    )


if __name__ == "__main__":
    main()
