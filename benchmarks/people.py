"""A new person joins a trained comb: CPU seconds to the others' quality.

    taskset -c 1 python -m benchmarks.people

A comb of two rendered people is trained from the shared crowd. A third one
joins it by training one decoder on their own footage, from each start that
`identities.add_identity()` knows. Against it stands a comb of all three that
is trained from nothing, grown from 4 pixels up.

The *others' quality* is 0.95 of the mean skill that the first two have. The
seconds are counted as in `benchmarks.transfer`. Last of all, everybody is
trained together at a tenth of the learning rate with the encoder thawed, to
see whether that is worth it. Last comes one line of JSON.
"""

import argparse
import functools
import json

import keras

from benchmarks.skill import IDENTITIES, LEARNING_RATE, SHARED, make_faces
from benchmarks.transfer import (
    BATCH_SIZE,
    Measure,
    follow,
    print_curves,
    seconds_to,
)
from helpers import comb as combs
from helpers import crowd, growth
from helpers.crowd import Crowd
from helpers.files import manifests
from helpers.identities import add_identity
from helpers.training import bundles
from helpers.training.identity_data import identity_data
from helpers.training.trainer import Trainer

FOLDER = manifests.project_root() / "build" / "people"
NEWCOMER = "Lena"
EVERYBODY = (*IDENTITIES, NEWCOMER)
STEPS = {"others": 300, "joining": 240, "nothing": 1000, "slow": 60}
SHARE = 0.95  # of the others' skill counts as their quality
FIGURES = ("own_skill", "swap_skill")


def build_trainer(network, face_sets, steps, first=None, **options):
    """Trainer of a network on the faces of its identities."""
    data = identity_data(
        [face_sets[name] for name in network.identities], network.resolution
    )
    first = network.level if first is None else first
    schedule = growth.growth_schedule(network.level, steps, first, BATCH_SIZE)
    options = {"learning_rate": LEARNING_RATE, **options}
    return Trainer(network, data, schedule, **options)


def train_others(shared, face_sets, steps):
    """The comb that knows everybody but the newcomer."""
    comb = crowd.comb_for(shared, IDENTITIES)
    build_trainer(comb, face_sets, steps, frozen=("encoder",)).run()
    return comb


def join(comb, start, face_sets, measure, steps):
    """The comb with the newcomer trained from a start, and the curve."""
    grown = add_identity(comb, NEWCOMER, start)
    alone, frozen = grown.alone(NEWCOMER), grown.shared_layers()
    trainer = build_trainer(alone, face_sets, steps, frozen=frozen)
    look = functools.partial(measure, grown, (NEWCOMER,))
    return grown, follow(trainer, look)


def train_from_nothing(comb, face_sets, measure, steps):
    """Curve of the newcomer in a comb of all three that began untrained."""
    anew = combs.build_comb(EVERYBODY, resolution=comb.resolution)
    trainer = build_trainer(anew, face_sets, steps, first=0)
    return follow(trainer, functools.partial(measure, anew, (NEWCOMER,)))


def train_slowly(grown, face_sets, measure, steps):
    """Skills of everybody before and after training all, encoder thawed."""
    before = measure(grown)
    rate = LEARNING_RATE / 10
    build_trainer(grown, face_sets, steps, learning_rate=rate).run()
    return {"before": before, "after": measure(grown)}


def compare(curves, best, quality):
    """Seconds to the others' quality by joining, over those from nothing."""
    result = {"quality": round(quality[1], 3)}
    seconds = {
        start: seconds_to(curve, *quality) for start, curve in curves.items()
    }
    result["seconds"] = seconds
    joined, anew = seconds[best], seconds["nothing"]
    result["ratio"] = joined / anew if joined and anew else None
    if joined is None:
        result["reason"] = f"joining from {best} never reached the quality"
    elif anew is None:
        # the truth lies below what its whole time allows
        result["ratio_below"] = joined / curves["nothing"][-1]["seconds"]
        result["reason"] = "training from nothing never reached the quality"
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--quick", action="store_true", help="a few steps, to try the command"
    )
    options = parser.parse_args()
    steps = dict.fromkeys(STEPS, 10) if options.quick else STEPS
    folder = FOLDER / ("quick" if options.quick else f"seed_{options.seed}")
    keras.utils.set_random_seed(options.seed)
    face_sets = make_faces(folder, options.seed, options.quick, EVERYBODY)
    shared = bundles.load_bundle(SHARED, (Crowd,))
    comb = train_others(shared, face_sets, steps["others"])
    measure = Measure(face_sets, comb)
    others = measure(comb)
    print("the others:", others, flush=True)
    starts = {"crowd": shared, "mean": None, "copy": IDENTITIES[0]}
    curves, grown = {}, {}
    for start, origin in starts.items():
        grown[start], curves[start] = join(
            comb, origin, face_sets, measure, steps["joining"]
        )
        print_curves(NEWCOMER, {start: curves[start]})
    curves["nothing"] = train_from_nothing(
        comb, face_sets, measure, steps["nothing"]
    )
    print_curves(NEWCOMER, {"nothing": curves["nothing"]})
    best = max(starts, key=lambda start: curves[start][-1]["swap_skill"])
    slow = train_slowly(grown[best], face_sets, measure, steps["slow"])
    print("everybody, slowly:", slow)
    manifests.write_json(FOLDER / "curves.json", curves)
    line = {"others": others, "best_start": best, "slow": slow}
    for figure in FIGURES:
        quality = figure, SHARE * others[figure]
        line[figure] = compare(curves, best, quality)
    ratio = line["own_skill"]["ratio"]
    line["seconds_to_quality_joining_over_nothing"] = ratio
    print(json.dumps(line))


if __name__ == "__main__":
    main()
