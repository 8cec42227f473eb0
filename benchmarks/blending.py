"""How a face is best put into its frame: every mode against the true frame.

    python -m benchmarks.blending
    python -m benchmarks.blending --steps 400

Six pairs of rendered people; each target is filmed in ten lights. The true
frame shows the target with the source's inner face, in the target's light and
tone of skin. Its error is the mean absolute difference inside the mask, RGB
0-1. The face that is put in is

- `plain`: the source's true face, filmed in one plain light whatever the
  target's: the blend has to bring light and tone of skin;
- `lit`: the same, filmed in the target's light, as a perfect comb would draw
  it: only the tone of the skin is to be matched;
- `comb`: what a comb draws that was trained on the six for `--steps`.

`target` leaves the target as it is: nobody is swapped. A mode that gives the
target's own features back would come near it, and its error of light is small;
so beside the error stands that of the features: of the gradients in `lit`, over
those of `target`. Last comes one line of JSON.
"""

import argparse
import itertools
import json
import types

import cv2
import numpy as np

from benchmarks import shifts as trial
from benchmarks import skill
from helpers import alignment, blending, compositing, synthetic
from helpers.color_transfer import COLORS
from helpers.files import manifests
from helpers.latents.shifts import latent_shifts
from helpers.swap import swapping

FOLDER = manifests.project_root() / "build" / "blending"
PEOPLE = tuple(synthetic.NAMED_PEOPLE)
TAKES_SEED = 7
FRAME = 256  # pixels
CROP = 128  # pixels of a true face: the blend is judged, not the network
PLAIN = {"light": (0, 0.4, 0.9), "key": 0.8, "ambient": 0.45}
LIGHTS = {
    "left": {"light": (-1, 0.15, 0.35), "key": 1.1, "ambient": 0.22},
    "right": {"light": (1, 0.15, 0.35), "key": 1.1, "ambient": 0.22},
    "above": {"light": (0, 1, 0.35), "key": 1.1, "ambient": 0.22},
    "below": {"light": (0, -0.8, 0.6), "key": 1.0, "ambient": 0.25},
    "above left": {"light": (-0.7, 0.7, 0.5), "key": 1.1, "ambient": 0.2},
    "above right": {"light": (0.7, 0.7, 0.5), "key": 1.1, "ambient": 0.2},
    "warm": {"light": (-0.8, 0.3, 0.6), "key_color": (1.0, 0.75, 0.5)},
    "cold": {"light": (0.8, 0.3, 0.6), "key_color": (0.8, 0.92, 1.1)},
    "dim": {"light": (-0.3, 0.5, 0.8), "key": 0.5, "ambient": 0.15},
    "overcast": {"light": (0, 0.6, 0.8), "key": 0.5, "ambient": 0.75},
}
FACES = (
    {"yaw": -12, "pitch": 3, "jaw": 0.3, "smile": 0.4},
    {"yaw": 14, "pitch": -4, "smile": -0.1, "brow_up": 0.5},
    {"yaw": 2, "smile": 0.7, "gaze_x": 0.4},
)
UNCORRECTED = ("none", "alpha")


def scenes_of(people):
    """Targets in every light, with what a swap of each should show.

    Args:
        people: list of str. Each is the source of the next one's frames.

    Yields:
        dict with `source`, `target` (names), `light`, `landmarks`, and the
        frames `before`, `truth`, `plain` and `lit`.
    """
    drawn = zip(people, (*people[1:], people[0]), strict=True)
    for number, (source, target) in enumerate(drawn):
        ours, theirs = map(synthetic.identity_parameters, (source, target))
        person = synthetic.Person(theirs)
        toned, own = (
            synthetic.Person(synthetic.true_swap_identity(ours, theirs, tone))
            for tone in ("target", "source")
        )
        frame = {**FACES[number % len(FACES)], "background": number + 1}
        plain = synthetic.render(own, {**frame, **PLAIN}, FRAME)["image"]
        for light, lamp in LIGHTS.items():
            frame_lit = {**frame, **lamp}
            before = synthetic.render(person, frame_lit, FRAME)
            yield {
                "source": source,
                "target": target,
                "light": light,
                "landmarks": before["landmarks"],
                "before": before["image"],
                "truth": synthetic.render(toned, frame_lit, FRAME)["image"],
                "plain": plain,
                "lit": synthetic.render(own, frame_lit, FRAME)["image"],
            }


def compare(scenes, comb=None):
    """Errors of every mode.

    Returns:
        dict from (color, blend), or `"target"`, to a dict from `plain`, `lit`,
        `features` and, with a comb, `comb` to a list, one figure a scene.
    """
    modes = list(itertools.product(COLORS, blending.BLENDS))
    errors = {mode: {} for mode in ("target", *modes)}

    def keep(mode, figure, value):
        errors[mode].setdefault(figure, []).append(value)

    contract = manifests.data_contract()
    true_crops = types.SimpleNamespace(contract=contract, resolution=CROP)
    for scene in scenes:
        drawn = {"plain": true_crops, "lit": true_crops}
        if comb is not None:
            drawn["comb"] = comb.looking_at(scene["target"])
        for figure, network in drawn.items():
            crop, matrix = swapping.cut_target(
                network, scene["before"], scene["landmarks"]
            )
            if figure == "comb":
                face = network.swap(crop[None], scene["source"])[0]
            else:
                face, _ = swapping.cut_target(
                    network, scene[figure], scene["landmarks"]
                )
            yaw, *_ = alignment.estimate_pose(scene["landmarks"])
            mask = swapping.blending_mask(network, yaw)
            weight = cv2.warpAffine(
                mask, matrix, (FRAME, FRAME), flags=cv2.WARP_INVERSE_MAP
            )
            for mode in errors:
                after = scene["before"]
                if mode != "target":
                    after = compositing.composite_face(
                        after, face, crop, matrix, mask, *mode
                    )
                error, features = errors_of(after, scene["truth"], weight)
                keep(mode, figure, error)
                if figure == "lit":
                    keep(mode, "features", features)
    return errors


def errors_of(frame, truth, weight):
    """Mean absolute error inside a mask, of pixels and of their gradients."""
    frame, truth = np.float32(frame) / 255, np.float32(truth) / 255
    pixels = np.abs(frame - truth).mean(axis=-1)
    along = [
        cv2.Sobel((frame - truth).mean(axis=-1), cv2.CV_32F, *order)
        for order in ((1, 0), (0, 1))
    ]
    weight = weight / weight.sum()
    return float((pixels * weight).sum()), float(
        (np.hypot(*along) * weight).sum()
    )


def trained_comb(people, steps):
    """A comb of these people on the shared crowd, as notebook 03 trains it."""
    folder = FOLDER / ("takes" if steps >= 20 else "quick")
    face_sets = skill.make_faces(folder, TAKES_SEED, steps < 20, people)
    comb = trial.train(face_sets, steps, 0)
    comb.shifts = latent_shifts(comb, face_sets)
    return comb


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", nargs="+", default=list(PEOPLE))
    parser.add_argument(
        "--steps", type=int, default=0, help="of a comb; 0: none"
    )
    options = parser.parse_args()
    comb = (
        trained_comb(options.people, options.steps) if options.steps else None
    )
    errors = compare(scenes_of(options.people), comb)
    means = {
        mode: {name: float(np.mean(values)) for name, values in figures.items()}
        for mode, figures in errors.items()
    }
    of_target = means["target"]["features"]
    for figures in means.values():
        figures["features"] /= of_target
    figures = list(means["target"])
    print(f"{'color':12}{'blend':12}" + "".join(f"{f:>10}" for f in figures))
    for mode in sorted(means, key=lambda mode: means[mode]["plain"]):
        names = mode if mode != "target" else ("", "target")
        numbers = "".join(f"{means[mode][name]:10.4f}" for name in figures)
        print(f"{names[0]:12}{names[1]:12}{numbers}")
    default = compositing.DEFAULT_MODE
    line = {"default_mode": "+".join(default)}
    for figure in ("plain", "lit", "comb"):
        if figure in figures:
            swapped = {m: means[m][figure] for m in means if m != "target"}
            best = min(swapped, key=swapped.get)
            share = swapped[default] / swapped[UNCORRECTED]
            prefix = "" if figure == "plain" else f"{figure}_"
            line[f"{prefix}best_mode"] = "+".join(best)
            line[f"{prefix}default_error_over_uncorrected"] = round(share, 4)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
