"""A crowd that does the same: seeds in, crops of paired frames out.

In the paired crowd every person is filmed with the same frame parameters.
Frame by frame they share pose, expression and light and differ in who they
are: what a shared encoder should keep apart.
"""

import json
import pathlib

import cv2
import numpy as np

from helpers import alignment, manifests
from helpers.synthetic.footage import build_named_person
from helpers.synthetic.motion import sample_take
from helpers.synthetic.rendering import render
from helpers.synthetic.workers import run_jobs

FORMAT = 1
FRAMES_PER_TAKE = 2
TAKE_LENGTH = 50  # frames that these are drawn from
# the whole crop covers 0.59 of the frame: a little more than it needs
FRAME_SIZE = 2  # sides of the crop


def render_crowd(
    path,
    people=24,
    frames=150,
    seed=10000,
    resolution=80,
    template=manifests.TEMPLATE,
    first_person=1000,
    processes=2,
    progress=None,
):
    """Crops of random people who all do the same, rendered or loaded.

    Args:
        path: str or path of the crowd's folder.
        people: int, how many: `person_1000` and those after.
        frames: int, crops of each person. Every two are of one take, so that
            lights and rooms vary.
        seed: int, of the frame parameters.
        resolution: int, side of the whole crop in pixels, even, 16-512.
        template: five `(x, y)` pairs in the unit crop, as in the data
            contract.
        first_person: int, number of the first random person.
        processes: int, how many people are filmed at the same time.
        progress: `None`, or a function called as `progress(done, total)` with
            numbers of people. Not called when the crowd is loaded.

    Returns:
        tuple of
        - uint8 array, shape `(people, frames, resolution, resolution, 3)`.
          RGB, 0-255.
        - uint8 array, shape `(people, frames, resolution, resolution)`. Mask
          of the inner face, 0-255.
        - list of dicts of frame parameters, one a frame.

    Raises:
        ValueError: if a number is out of range.
    """
    if people < 1 or frames < 1:
        raise ValueError(
            "A crowd has at least one person and one frame. "
            f"Received: people={people!r}, frames={frames!r}"
        )
    if resolution % 2 or not 16 <= resolution <= 512:
        raise ValueError(
            "The crop's side is an even number of pixels in 16-512. "
            f"Received: resolution={resolution!r}"
        )
    plan = {
        "format": FORMAT,
        "people": [f"person_{first_person + n:04d}" for n in range(people)],
        "seed": seed,
        "resolution": resolution,
        "template": template,
        "frame_parameters": sample_crowd_frames(frames, seed),
    }
    plan = json.loads(json.dumps(plan))  # as it will be read back
    folder = pathlib.Path(path)
    if not _is_finished(folder, plan):
        _write_crowd(folder, plan, processes, progress)
    crops = np.load(folder / "crops.npy")
    return crops, np.load(folder / "masks.npy"), plan["frame_parameters"]


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
    jobs = [(name, plan) for name in plan["people"]]
    pairs = run_jobs(film_person, jobs, processes, progress)
    for part, name in enumerate(("crops", "masks")):
        with manifests.atomic_path(folder / f"{name}.npy") as partial:
            np.save(partial, np.stack([pair[part] for pair in pairs]))
    manifests.write_json(plan_path, plan)


def film_person(name, plan):
    """Crops and masks of one person of a crowd.

    Args:
        name: str, see `identity_parameters`.
        plan: dict with `resolution`, `template` and `frame_parameters`.

    Returns:
        tuple of a uint8 array, shape `(frames, resolution, resolution, 3)`,
        RGB, and a uint8 array, shape `(frames, resolution, resolution)`.
    """
    person, resolution = build_named_person(name), plan["resolution"]
    # cut at twice the size, then averaged: no pixel of the frame is skipped
    side = 2 * resolution
    target = alignment.template_points(plan["template"], side)
    crops, masks = [], []
    for frame in plan["frame_parameters"]:
        shot = render(person, frame, FRAME_SIZE * resolution)
        matrix = alignment.similarity_transform(shot["landmarks"], target)
        mask = np.rint(shot["mask"] * 255).astype(np.uint8)
        for kept, picture in ((crops, shot["image"]), (masks, mask)):
            crop = alignment.cut_crop(picture, matrix, side)
            shape = (resolution, resolution)
            kept.append(cv2.resize(crop, shape, interpolation=cv2.INTER_AREA))
    return np.stack(crops), np.stack(masks)
