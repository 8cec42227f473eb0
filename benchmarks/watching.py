"""What watching over a training run costs, and whether it cries wolf.

    python -m benchmarks.watching --faces data/faces --steps 300

Trains on the face sets of notebook 01 from nothing (layer-wise, then flat),
from the shared crowd as notebook 03 does, and a small crowd, each checked at
every single step. A *spread* is how much the drawn pictures of one decoder
differ from each other, as a share of the truth's. `lowest` is over the whole
run, `later` after it had once reached what counts as alive; an alarm in a
healthy run would be a false one. Then a decoder is made to draw one picture,
and has to be named. Times are of the processor, so that other programs do not
count. Last comes one line of JSON.
"""

import argparse
import itertools
import json
import pathlib
import tempfile
import time

import keras
import numpy as np

from helpers import comb, crowd, growth, synthetic
from helpers.crowd import Crowd
from helpers.faces import facesets
from helpers.files import manifests
from helpers.training import bundles, training_watch
from helpers.training.checkpoint_files import disk_use
from helpers.training.crowd_data import crowd_data
from helpers.training.identity_data import identity_data
from helpers.training.last_good import TrainingError
from helpers.training.trainer import Trainer

ROOT = manifests.project_root()
SHARED = ROOT / "weights" / "shared" / "crowd_64"
PEOPLE, FRAMES = 24, 300
RATE, CROWD_RATE = 3e-3, 5e-3  # as in notebooks 03 and 02


def read_faces(folder):
    """Face sets of notebook 01, by name."""
    made = manifests.read_manifest(folder, "01_data_generation")
    return [facesets.read_face_set(folder, n) for n in made["identities"]]


def crowd_run(folder, steps):
    """Network, data, schedule, rate and frozen layers of a small crowd."""
    film = synthetic.render_crowd(folder, people=PEOPLE, frames=FRAMES)
    network = crowd.build_crowd(PEOPLE)
    data = crowd_data(film, network, held_out_frames=FRAMES // 20)
    stages = growth.growth_schedule(network.level, steps)
    return network, data, stages, CROWD_RATE, ()


def comb_run(start, face_sets, steps):
    """The same for a comb from nothing, flat or layer-wise, or from shared."""
    names = [face_set.identity for face_set in face_sets]
    if start == "shared":
        network = crowd.comb_for(bundles.load_bundle(SHARED, (Crowd,)), names)
    else:
        network = comb.build_comb(names)
    data = identity_data(face_sets, network.resolution)
    first = 0 if start == "nothing" else network.level
    stages = growth.growth_schedule(network.level, steps, first, 12)
    frozen = ("encoder",) if start == "shared" else ()
    return network, data, stages, RATE, frozen


def watch(network, data, stages, rate, frozen):
    """Train with a check at every step: spreads, and alarms (0 or 1)."""
    trainer = Trainer(network, data, stages, rate, frozen=frozen)
    spreads, alarms = {}, 0

    def note(report):
        for name, share in report["spread"].items():
            spreads.setdefault(name, []).append(share)

    try:
        trainer.run(report_every=1, on_report=note)
    except TrainingError as error:
        alarms = 1
        print(error, flush=True)
    lowest = min(min(series) for series in spreads.values())
    later = [
        share
        for series in spreads.values()
        for share in itertools.dropwhile(
            lambda share: share < training_watch.ALIVE, series
        )
    ]
    return {
        "reports": len(next(iter(spreads.values()))),
        "lowest": round(lowest, 3),
        "later": round(min(later), 3) if later else None,
        "last": round(min(series[-1] for series in spreads.values()), 3),
        "alarms": alarms,
    }


def cost_of_report(run):
    """Processor time of a report as a share of that of a step."""
    network, data, _, rate, frozen = run
    seconds = {}
    for every in (1, 10):
        stages = growth.growth_schedule(network.level, 41, network.level, 12)
        marks = []
        Trainer(network, data, stages, rate, frozen=frozen).run(
            report_every=every,
            on_report=lambda report, marks=marks: marks.append(
                (report["step"], time.process_time())
            ),
        )
        # the first report compiles
        (first, begin), (last, end) = marks[1], marks[-1]
        seconds[every] = (end - begin) / (last - first)
    report = (seconds[1] - seconds[10]) / 0.9
    return report / (seconds[1] - report)


def collapse(run, folder):
    """Make a decoder draw one picture: is it named, and is all well again?"""
    network, data, _, rate, frozen = run
    victim = network.identities[-1]
    stages = growth.growth_schedule(network.level, 4, network.level, 12)
    trainer = Trainer(
        network, data, stages, rate, checkpoint=folder / "a.safetensors"
    )
    trainer.run(report_every=1)
    started = time.perf_counter()
    trainer.save()
    result = {"save_seconds": round(time.perf_counter() - started, 2)}
    files, size = disk_use(folder / "a.safetensors")
    result["checkpoint_mb"] = round(size / files / 1e6, 1)
    stages = growth.growth_schedule(network.level, 3, network.level, 12)
    trainer = Trainer(network, data, stages, rate, frozen=frozen)
    layer = network.decoders[victim].to_rgb[network.level]

    def black(report):
        before.append(layer.get_weights()[1])
        layer.set_weights([layer.get_weights()[0], np.full(3, -30, "float32")])

    before = []
    try:
        trainer.run(report_every=1, on_report=black)
        result["named"] = False
    except TrainingError as error:
        print(error, flush=True)
        result["named"] = victim in str(error)
    result["restored"] = bool(np.all(layer.get_weights()[1] > -30))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=pathlib.Path, default="data/faces")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    face_sets = read_faces(ROOT / options.faces)
    line, run = {"seed": options.seed, "steps": options.steps}, None
    print(f"{'start':<9}{'reports':>8}{'lowest':>8}{'later':>7}{'alarms':>8}")
    for start in ("crowd", "nothing", "flat", "shared"):
        keras.utils.set_random_seed(options.seed)
        if start == "crowd":
            folder = ROOT / "build" / "watching"
            run = crowd_run(folder, options.steps)
        else:
            run = comb_run(start, face_sets, options.steps)
        row = line[start] = watch(*run)
        later = "-" if row["later"] is None else f"{row['later']:.3f}"
        print(
            f"{start:<9}{row['reports']:>8}{row['lowest']:>8.3f}{later:>7}"
            f"{row['alarms']:>8}",
            flush=True,
        )
    line["report_over_step"] = round(cost_of_report(run), 2)
    with tempfile.TemporaryDirectory() as folder:
        line.update(collapse(run, pathlib.Path(folder)))
    print(json.dumps(line))


if __name__ == "__main__":
    main()
