"""Does a detector of one way to swap find another? Each mode against each.

    python -m benchmarks.swap_detection
    python -m benchmarks.swap_detection --size 128 --seeds 1

People of the shared crowd get each other's faces, drawn by its decoder and
pasted in one blending mode. A small network is trained on two thirds of the
people, for each mode anew, and tested on the last third. The first table is
of the crops as they are: AUC, and the share of swaps that is found, for each
mode trained on (rows) and tested on (columns). Two columns show nobody else:

- `own`: each person drawn as themselves by the decoder and pasted: no swap;
- `paste`: the crop's own centre, cut, made small and pasted back: no network.

The second table is of the mode trained on, after crops were compressed or made
smaller; `false` is the share of real crops that it calls swapped. Each seed
draws other people to hold out, other pairs and other first weights. At 80
pixels a face is pasted pixel for pixel; at 128 it is enlarged, and blurred.
With a trained comb (`--comb`) Rosa and Marco are tested, too, whom neither the
crowd nor the detector has seen. After each seed come the means so far, last of
all one line of JSON.
"""

import argparse
import json
import pathlib

import numpy as np

from helpers import synthetic
from helpers.crops import cut_network_crops
from helpers.crowd import Crowd
from helpers.faces import facesets
from helpers.faces.face_set import evenly
from helpers.files import manifests
from helpers.proof import swap_detector, swap_pairs
from helpers.training import bundles

ROOT = manifests.project_root()
SHARED = ROOT / "weights" / "shared" / "crowd_64"
MODES = (
    ("none", "alpha"),
    ("reinhard", "alpha"),
    ("none", "poisson"),
    ("none", "multiband"),
    ("none", "relight"),
)
FRAMES_SEED = 20000  # not those that the crowd was trained on
CAST = 3
STRANGERS = 60  # crops of each of a comb's people at most


def names_of(mode):
    return "+".join(mode)


def paste(network, crops, faces, yaws, mode):
    """Faces pasted in one mode."""
    color, blend = mode
    return swap_pairs.paste_faces(
        network, crops, faces, yaws, color=color, blend=blend
    )


def crowd_pictures(crowd, film, seed):
    """Training and test pictures of one split of the people.

    Returns:
        tuple of two dicts, of the people trained on and held out, from
        `real`, each mode's name, `own` and `paste` to uint8 crops.
    """
    swaps = swap_pairs.film_swaps(crowd, film, seed=seed)
    modes = {names_of(mode): (swaps.faces, mode) for mode in MODES}
    seen = cut_network_crops(
        swaps.crops, crowd.contract["coverage"], crowd.resolution
    )
    controls = {
        "own": (swaps.own, ("none", "alpha")),
        "paste": (seen, ("none", "alpha")),
    }
    sides = []
    for rows, wanted in (
        (~swaps.held_out, modes),
        (swaps.held_out, modes | controls),
    ):
        crops, yaws = swaps.crops[rows], swaps.yaws[rows]
        pictures = {"real": crops}
        for name, (faces, mode) in wanted.items():
            pictures[name] = paste(crowd, crops, faces[rows], yaws, mode)
        sides.append(pictures)
    return sides


def comb_pictures(comb, folder, size):
    """Test crops of a comb's people, real and with each other's faces."""
    real, swapped = [], {names_of(mode): [] for mode in MODES}
    for target in comb.identities:
        face_set = facesets.read_face_set(folder, target).select("test")
        face_set = face_set.pick(evenly(len(face_set), STRANGERS))
        crops = face_set.load_crops(size)
        yaws = [record["yaw"] for record in face_set.records]
        seen = cut_network_crops(
            crops, comb.contract["coverage"], comb.resolution
        )
        real.append(crops)
        for source in comb.identities:
            if source == target:
                continue
            faces = comb.looking_at(target).swap(seen, source)
            for mode in MODES:
                pasted = paste(comb, crops, faces, yaws, mode)
                swapped[names_of(mode)].append(pasted)
    joined = {name: np.concatenate(parts) for name, parts in swapped.items()}
    return {"real": np.concatenate(real), **joined}


def measure(trained, tested, strangers, options, seed):
    """Scores of one seed: dict from `(mode, column)` to a dict of figures."""
    scores = {}
    for mode in map(names_of, MODES):
        detector = swap_detector.train_swap_detector(
            trained["real"], trained[mode], options.epochs, seed
        )

        def score(real, swapped, detector=detector):
            return swap_detector.score_swap_detector(detector, real, swapped)

        for name in tested.keys() - {"real"}:
            scores[mode, name] = score(tested["real"], tested[name])
        for change in swap_pairs.CHANGES:
            scores[mode, change] = score(
                swap_pairs.send_crops(tested["real"], change),
                swap_pairs.send_crops(tested[mode], change),
            )
        for name in strangers.keys() - {"real"}:
            scores[mode, f"comb {name}"] = score(
                strangers["real"], strangers[name]
            )
        print(f"seed {seed}: trained on {mode}", flush=True)
    return scores


def print_table(means, columns, figures):
    """Rows are the modes trained on."""
    print(f"{'trained on':18}" + "".join(f"{c:>20}" for c in columns))
    for mode in map(names_of, MODES):
        cells = (
            " ".join(f"{means[mode, c][f]:.2f}" for f in figures)
            for c in columns
        )
        print(f"{mode:18}" + "".join(f"{cell:>20}" for cell in cells))


def summary(means):
    """The figures that count, rounded, as a dict for JSON."""
    names = [names_of(mode) for mode in MODES]
    same = [means[name, name] for name in names]
    other = [means[a, b] for a in names for b in names if a != b]
    sent = {c: [means[a, c] for a in names] for c in swap_pairs.CHANGES}
    line = {}
    for figure in ("auc", "found"):
        line[f"{figure}_same_mode"] = np.mean([s[figure] for s in same])
        line[f"{figure}_other_mode"] = np.mean([s[figure] for s in other])
        line[f"{figure}_worst_other"] = min(s[figure] for s in other)
        for name in ("own", "paste"):
            values = [means[a, name][figure] for a in names]
            line[f"{figure}_{name}"] = np.mean(values)
    line["false_alarms"] = np.mean([s["false_alarms"] for s in same])
    for change, scores in sent.items():
        line[f"auc, {change}"] = np.mean([s["auc"] for s in scores])
        alarms = np.mean([s["false_alarms"] for s in scores])
        line[f"false_alarms, {change}"] = alarms
    return {name: round(float(value), 3) for name, value in line.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=80, help="pixels of a crop")
    parser.add_argument("--people", type=int, default=90)
    parser.add_argument("--frames", type=int, default=270)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--comb", type=pathlib.Path, help="bundle of a trained comb"
    )
    parser.add_argument(
        "--faces", type=pathlib.Path, default=ROOT / "data" / "faces"
    )
    options = parser.parse_args()
    crowd = bundles.load_bundle(SHARED, (Crowd,))
    film = synthetic.render_crowd(
        ROOT / "build" / "swap_detection" / f"film_{options.size}",
        people=options.people,
        frames=options.frames,
        cast=CAST,
        seed=FRAMES_SEED,
        resolution=options.size,
    )
    strangers = {}
    if options.comb:
        comb = bundles.load_bundle(options.comb)
        strangers = comb_pictures(comb, options.faces, options.size)
    runs = []
    for seed in range(options.seeds):
        pictures = crowd_pictures(crowd, film, seed)
        runs.append(measure(*pictures, strangers, options, seed))
        report(runs, options.size)


def report(runs, size):
    """Tables and line of JSON: the means of the seeds so far."""
    means = {
        key: {
            figure: float(np.mean([run[key][figure] for run in runs]))
            for figure in score
        }
        for key, score in runs[0].items()
    }
    names = [names_of(mode) for mode in MODES]
    print("\nAUC and share found, of people held out")
    print_table(means, [*names, "own", "paste"], ("auc", "found"))
    print("\nAUC, share found and false alarms, same mode, after")
    figures = ("auc", "found", "false_alarms")
    print_table(means, swap_pairs.CHANGES, figures)
    strangers = [f"comb {name}" for name in names]
    if (names[0], strangers[0]) in means:
        print("\nAUC, share found and false alarms, a comb's people")
        print_table(means, strangers, figures)
    line = {"size": size, "seeds": len(runs), **summary(means)}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
