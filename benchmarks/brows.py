"""How far masks reach at the brow ends: what it gives, what it costs.

    python -m benchmarks.brows

Rendered people become each other with their true faces, which a perfect comb
would draw, and with faces that are smeared beyond the egg, where a decoder has
learned nothing. Prints, for masks that reach further and further out beside the
brows, the mean absolute error (RGB 0-1) around the outer ends of the target's
and the source's brows and of the whole face, the seam, and the mask's share of
the network crop. Last comes one line of JSON.
"""

import argparse
import json
import types
import unittest.mock

import cv2
import numpy as np

from benchmarks import masks as benchmark
from helpers import compositing, synthetic
from helpers.crops import cut_crop, matrix_for
from helpers.proof import clip_measures
from helpers.swap import visible_face

FIRST_PERSON = 95_100  # of those whom no network has seen
FRAME = 256
ZONE = 0.22  # around a brow's end, in distances between the eyes
BROW_ENDS = [17, 26]
REACHES = (0.0, 0.015, 0.03, 0.06)
FIGURES = ("brow_ends", "face", "brow_ends_smeared", "face_smeared", "seam")


def pairs(people):
    """Renders of people, and of others who do the same in their place.

    Args:
        people: int.

    Yields:
        Two dicts of `synthetic.render`: the target, and the true swap.
    """
    for number in range(FIRST_PERSON, FIRST_PERSON + people):
        target, source = (
            {**synthetic.random_identity(each), "glasses": None}
            for each in (number, number + 1000)
        )
        swapped = synthetic.true_swap_identity(source, target, "target")
        frame = synthetic.sample_take(60, seed=number, max_yaw=30)[30]
        yield tuple(
            synthetic.render(synthetic.Person(who), frame, FRAME, geometry=True)
            for who in (target, swapped)
        )


def smear(face, egg):
    """A face that goes on beyond the egg as its edge was.

    Args:
        face: float32 array, shape `(side, side, 3)`.
        egg: float32 array, shape `(side, side)`, 0-1.

    Returns:
        float32 array, the shape of `face`.
    """
    inside = egg > 0.5
    _, nearest = cv2.distanceTransformWithLabels(
        np.uint8(~inside), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colors = np.empty((nearest.max() + 1, 3), np.float32)
    colors[nearest[inside]] = face[inside]
    beyond = cv2.GaussianBlur(colors[nearest], (0, 0), 2)
    return np.where(inside[..., None], face, beyond)


def score(target, truth, maker, masks):
    """Errors of swaps along some masks.

    Args:
        target, truth: dicts of `pairs`.
        maker: `visible_face.MaskMaker`.
        masks: list of float arrays, shape `(side, side)`, 0-1.

    Returns:
        list with `FIGURES` for each mask, and its mean.
    """
    image, landmarks = target["image"], target["landmarks"]
    egg, crop = maker.look_at_face(image, landmarks)
    matrix = matrix_for(landmarks, benchmark.CONTRACT, len(crop))
    drawn = cut_crop(truth["image"], matrix, len(crop)) / np.float32(255)
    unit = np.linalg.norm(landmarks[1] - landmarks[0])
    y, x = np.mgrid[:FRAME, :FRAME]
    ends = [*target["points"][BROW_ENDS], *truth["points"][BROW_ENDS]]
    zone = np.any(
        [np.hypot(x - end[0], y - end[1]) < ZONE * unit for end in ends], axis=0
    )
    face = (target["mask"] > 0.5) | (truth["mask"] > 0.5)
    rows = []
    for mask in masks:
        row = []
        for picture in (drawn, smear(drawn, egg)):
            after = compositing.composite_face(
                image, picture, crop / np.float32(255), matrix, mask
            )
            off = np.abs(np.float32(after) - truth["image"]).mean(-1) / 255
            row += [off[zone].mean(), off[face].mean()]
        placed = benchmark.in_frame(mask, landmarks, image.shape).clip(0, 1)
        row += [clip_measures.seam(after, image, placed), mask.mean()]
        rows.append(row)
    return rows


def main():
    """Print what masks of every reach do, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=24)
    options = parser.parse_args()
    comb = types.SimpleNamespace(contract=benchmark.CONTRACT, resolution=64)
    maker = visible_face.MaskMaker(comb)
    rows = []
    for target, truth in pairs(options.people):
        look = maker.look_at_face(target["image"], target["landmarks"])
        with unittest.mock.patch.object(
            visible_face, "_above_eyes", lambda side: np.float32(0)
        ):
            masks = maker.make_masks([look])
        for reach in REACHES:
            with unittest.mock.patch.object(
                visible_face, "BROW_REACH_SHARE", reach
            ):
                masks += maker.make_masks([look])
        rows.append(score(target, truth, maker, masks))
    names = ("drawn in", *(f"reach {reach}" for reach in REACHES))
    means = dict(zip(names, np.mean(rows, axis=0), strict=True))
    print(f"{'':14}" + "".join(f"{name:>19}" for name in (*FIGURES, "area")))
    for name, row in means.items():
        print(f"{name:14}" + "".join(f"{value:19.4f}" for value in row))
    shipped = means[f"reach {visible_face.BROW_REACH_SHARE}"]
    figures = zip(FIGURES, shipped.tolist(), strict=False)
    print(json.dumps({name: round(value, 4) for name, value in figures}))


if __name__ == "__main__":
    main()
