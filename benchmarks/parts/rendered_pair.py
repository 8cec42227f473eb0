"""Two people who do not exist -> crops to train on, and swaps with a truth.

Cut by true landmarks, so that it needs no detector: what a rented machine has
is enough, Keras, NumPy and OpenCV.
"""

from collections import namedtuple

import cv2
import numpy as np

from helpers import alignment
from helpers.crops import cut_network_crops
from helpers.files import manifests
from helpers.files.progress import print_progress
from helpers.proof.scores import PairedCrops
from helpers.synthetic.crowd_film import (
    FRAME_SIZE,
    cut_halved,
    film_member,
)
from helpers.synthetic.motion import sample_take
from helpers.synthetic.person import build_named_person
from helpers.synthetic.rendering import render
from helpers.synthetic.workers import run_jobs

NAMES = ("Rosa", "Marco")
FRAMES = 10  # of each take, spread over its 50

RenderedPair = namedtuple("RenderedPair", "training tests")
RenderedPair.__doc__ = """Film of two people, cut.

Args:
    training: dict of identity to `(crops, masks)`: uint8 arrays, shape
        `(faces, size, size, 3)` and `(faces, size, size)`. Own takes.
    tests: dict of `(source, target)` to three such arrays: the target's
        crops, the source doing the same, cut where the target's lie, and the
        masks of the source's face there.
"""


def render_pair(size, takes=60, test_takes=12, processes=2):
    """Film of two people, in takes of which the tests are common to both.

    Args:
        size: int. Side of the whole crop in pixels, even.
        takes: int. Of each person, to train on.
        test_takes: int.
        processes: int.

    Returns:
        `RenderedPair`.
    """
    seeds = iter(range(2 * takes + test_takes))
    jobs = [
        (name, size, manifests.TEMPLATE, _frames(next(seeds)))
        for name in NAMES
        for _ in range(takes)
    ]
    said = print_progress("takes filmed")
    films = run_jobs(film_member, jobs, processes, said)
    jobs = [(_frames(seed), size) for seed in seeds]
    pairs = run_jobs(film_both, jobs, processes, said)
    return RenderedPair(
        {
            name: _joined(films[n * takes : (n + 1) * takes])
            for n, name in enumerate(NAMES)
        },
        {key: _joined([pair[key] for pair in pairs]) for key in pairs[0]},
    )


def film_both(frame_parameters, size):
    """Both people in the same frames, each cut where the other's crop lies.

    Args:
        frame_parameters: list of dicts, what both do.
        size: int. Side of the whole crop in pixels.

    Returns:
        dict as `RenderedPair.tests`.
    """
    target_points = alignment.template_points(manifests.TEMPLATE, 2 * size)
    cut = {key: [] for key in (NAMES, NAMES[::-1])}
    for frame in frame_parameters:
        shots = {
            name: render(build_named_person(name), frame, FRAME_SIZE * size)
            for name in NAMES
        }
        for source, target in cut:
            matrix = alignment.similarity_transform(
                shots[target]["landmarks"], target_points
            )
            mask = np.rint(255 * shots[source]["mask"]).astype(np.uint8)
            cut[source, target].append(
                [
                    cut_halved(picture, matrix, size)
                    for picture in (
                        shots[target]["image"],
                        shots[source]["image"],
                        mask,
                    )
                ]
            )
    return {
        key: [np.stack(part) for part in zip(*rows, strict=True)]
        for key, rows in cut.items()
    }


def shrink_pair(pair, size):
    """The same film with smaller crops, of this side in pixels."""

    def shrink(arrays):
        return tuple(
            np.stack(
                [
                    cv2.resize(p, (size, size), interpolation=cv2.INTER_AREA)
                    for p in array
                ]
            )
            for array in arrays
        )

    return RenderedPair(
        *({key: shrink(each) for key, each in part.items()} for part in pair)
    )


def paired_crops(pair, source, target, coverage, resolution):
    """What a swap is scored on, see `scores.score_pair()`.

    Returns:
        `PairedCrops`, without frame parameters.
    """
    return PairedCrops(
        *(
            cut_network_crops(array, coverage, resolution)
            for array in pair.tests[source, target]
        ),
        None,
    )


def _frames(seed):
    length = 5 * FRAMES
    return sample_take(length, seed)[:: length // FRAMES]


def _joined(films):
    return tuple(np.concatenate(part) for part in zip(*films, strict=True))
