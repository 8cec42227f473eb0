"""A crowd that does the same: seeds in, crops of paired frames out.

In the crowd each set of frame parameters is played by a small cast: a few of
the people, drawn anew for every take. Frame by frame they share pose,
expression and light and differ in who they are: what a shared encoder should
keep apart. A small cast buys many different frames for the same rendering.
"""

import collections
import json
import pathlib

import cv2
import numpy as np

from helpers import alignment
from helpers.crops import cut_crop
from helpers.files import manifests
from helpers.synthetic.motion import sample_take
from helpers.synthetic.person import build_named_person
from helpers.synthetic.rendering import render
from helpers.synthetic.workers import run_jobs

FORMAT = 2
FRAMES_PER_TAKE = 2
FIRST_PERSON = 1000  # of those who are never scored
TAKE_LENGTH = 50  # frames that these are drawn from
# the whole crop covers 0.59 of the frame: a little more than it needs
FRAME_SIZE = 2  # sides of the crop


CrowdCrops = collections.namedtuple(
    "CrowdCrops", "crops masks people frame_parameters"
)
CrowdCrops.__doc__ = """Crops of people who do the same, frame by frame.

Args:
    crops: uint8 array, shape `(frames, cast, size, size, 3)`. RGB, 0-255,
        whole crops of the data contract's template.
    masks: uint8 array, shape `(frames, cast, size, size)`. Mask of the face,
        0-255.
    people: int array, shape `(frames, cast)`. Who is seen, from 0.
    frame_parameters: list of dicts, one a frame.
"""


def render_crowd(
    path,
    people=24,
    frames=150,
    cast=3,
    seed=10000,
    resolution=80,
    processes=2,
    progress=None,
):
    """Crops of random people who do the same, rendered or loaded.

    Args:
        path: str or path of the crowd's folder.
        people: int, how many: `person_1000` and those after.
        frames: int, sets of frame parameters. Every two are of one take, so
            that lights and rooms vary.
        cast: int, how many of the people play each frame, at least 2.
        seed: int, of the frame parameters and casts.
        resolution: int, side of the whole crop in pixels, even, 16-512.
        processes: int, how many people are filmed at the same time.
        progress: `None`, or a function called as `progress(done, total)` with
            numbers of people. Not called when the crowd is loaded.

    Returns:
        `CrowdCrops`.

    Raises:
        ValueError: if a number is out of range.
    """
    if not 2 <= cast <= people or frames < 1:
        raise ValueError(
            "A cast has at least two of the people, and a crowd one frame. "
            f"Received: people={people!r}, cast={cast!r}, frames={frames!r}"
        )
    if resolution % 2 or not 16 <= resolution <= 512:
        raise ValueError(
            "The crop's side is an even number of pixels in 16-512. "
            f"Received: resolution={resolution!r}"
        )
    plan = {
        "format": FORMAT,
        "first_person": FIRST_PERSON,
        "people": people,
        "cast": sample_casts(people, frames, cast, seed).tolist(),
        "resolution": resolution,
        "template": manifests.TEMPLATE,
        "frame_parameters": sample_crowd_frames(frames, seed),
    }
    plan = json.loads(json.dumps(plan))  # as it will be read back
    folder = pathlib.Path(path)
    if not _is_finished(folder, plan):
        _write_crowd(folder, plan, processes, progress)
    return CrowdCrops(
        np.load(folder / "crops.npy"),
        np.load(folder / "masks.npy"),
        np.array(plan["cast"]),
        plan["frame_parameters"],
    )


def sample_casts(people, frames, cast, seed):
    """Who plays in each frame: everybody in turn, in ever new company.

    Args:
        people: int.
        frames: int.
        cast: int, at most `people`.
        seed: int, 0 or more.

    Returns:
        int array, shape `(frames, cast)`, from 0 to `people - 1`, without
        repetition in a row.
    """
    random = np.random.default_rng((seed, 1))
    rows, row = [], []
    while len(rows) < frames:
        for person in random.permutation(people).tolist():
            if person in row:
                continue  # the next round begins with who ended the last
            row.append(person)
            if len(row) == cast:
                rows.append(row)
                row = []
    return np.array(rows[:frames])


def sample_crowd_frames(frames, seed):
    """Frame parameters drawn from many takes, two of each.

    Args:
        frames: int, at least 1.
        seed: int, 0 or more.

    Returns:
        list of dicts of frame parameters that JSON can hold.
    """
    random = np.random.default_rng(seed)
    drawn = []
    while len(drawn) < frames:
        take_seed = int(random.integers(2**32))
        take = sample_take(TAKE_LENGTH, take_seed, talk=1.3)
        chosen = random.choice(TAKE_LENGTH, FRAMES_PER_TAKE, replace=False)
        drawn += [take[frame] for frame in sorted(chosen)]
    return drawn[:frames]


def _is_finished(folder, plan):
    path = folder / "frame_parameters.json"
    names = ("crops.npy", "masks.npy", path.name)
    if not all((folder / name).is_file() for name in names):
        return False
    try:
        return json.loads(path.read_text(encoding="utf-8")) == plan
    except json.JSONDecodeError:
        return False  # damaged: render it again


def _write_crowd(folder, plan, processes, progress):
    plan_path = folder / "frame_parameters.json"
    plan_path.unlink(missing_ok=True)  # it describes the crowd before
    cast = np.array(plan["cast"])
    rows = [np.argwhere(cast == n) for n in range(plan["people"])]
    jobs = [
        (
            f"person_{plan['first_person'] + n:04d}",
            plan["resolution"],
            plan["template"],
            [plan["frame_parameters"][frame] for frame, _ in rows[n]],
        )
        for n in range(plan["people"])
    ]
    films = run_jobs(film_member, jobs, processes, progress)
    side = plan["resolution"]
    for part, (name, channels) in enumerate((("crops", (3,)), ("masks", ()))):
        whole = np.empty((*cast.shape, side, side, *channels), np.uint8)
        for places, film in zip(rows, films, strict=True):
            whole[places[:, 0], places[:, 1]] = film[part]
        with manifests.atomic_path(folder / f"{name}.npy") as partial:
            np.save(partial, whole)
    manifests.write_json(plan_path, plan)


def film_member(name, resolution, template, frame_parameters):
    """Crops and masks of one person of a crowd.

    Args:
        name: str, see `identity_parameters`.
        resolution: int, side of the whole crop in pixels.
        template: five `(x, y)` pairs in the unit crop.
        frame_parameters: list of dicts, what the person does.

    Returns:
        tuple of a uint8 array, shape `(frames, resolution, resolution, 3)`,
        RGB, and a uint8 array, shape `(frames, resolution, resolution)`.
    """
    shape = (len(frame_parameters), resolution, resolution)
    crops, masks = np.empty((*shape, 3), np.uint8), np.empty(shape, np.uint8)
    target = alignment.template_points(template, 2 * resolution)
    person = build_named_person(name)
    for index, frame in enumerate(frame_parameters):
        shot = render(person, frame, FRAME_SIZE * resolution)
        matrix = alignment.similarity_transform(shot["landmarks"], target)
        mask = np.rint(shot["mask"] * 255).astype(np.uint8)
        for kept, picture in ((crops, shot["image"]), (masks, mask)):
            kept[index] = cut_halved(picture, matrix, resolution)
    return crops, masks


def cut_halved(picture, matrix, size):
    """A crop cut at twice its size, then averaged: no pixel is skipped.

    Args:
        picture: uint8 array, shape `(height, width)` or `(height, width, 3)`.
        matrix: float array, shape `(2, 3)`, to pixels of twice the size.
        size: int. Side of the crop in pixels.

    Returns:
        uint8 array, shape `(size, size)` or `(size, size, 3)`.
    """
    crop = cut_crop(picture, matrix, 2 * size)
    return cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
