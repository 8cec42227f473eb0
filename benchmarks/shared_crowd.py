"""Trains the crowd that comes with the course, `weights/shared/crowd_64`.

    python -m benchmarks.shared_crowd --people 300 --frames 10000 --minutes 42
    python -m benchmarks.shared_crowd --start weights/shared/crowd_64 \\
        --minutes 60 --seed 1 --expression 0.2 --folder build/shared_crowd_1

The first takes 45 minutes. Notebook 02 with more people and more time, without
the pictures. The second trains the crowd that is there on, at its top level, on
other frames of the same people. It can be stopped and goes on where it was.
Nobody in it is real, and nobody is scored. Last it prints the unseen losses,
the size and the sha256 as JSON.
"""

import argparse
import json
import pathlib

import keras

from helpers import crowd, growth, synthetic
from helpers.crowd import Crowd
from helpers.files import manifests, progress
from helpers.training import bundles, sharing
from helpers.training.crowd_data import crowd_data
from helpers.training.reports import report_line
from helpers.training.trainer import Trainer

ROOT = manifests.project_root()
HELD_OUT_FRAMES = 60
FRAMES_SEED = 10000  # plus --seed
FIRST_RATE, CONTINUED_RATE = 5e-3, 3e-3
STATEMENT = {
    "licence": "MIT, as the course",
    "data": "people who do not exist, rendered by helpers.synthetic",
    "consent": "nobody was filmed",
}


def train(options, folder):
    """The crowd of the course, trained from nothing or from where it was.

    Args:
        options: namespace of the command line.
        folder: path of what is made on the way.

    Returns:
        `(network, history)`: `Crowd` and list of reports.
    """
    keras.utils.set_random_seed(options.seed)
    if options.start:
        network = bundles.load_bundle(options.start, (Crowd,))
        first_level, rate = network.level, CONTINUED_RATE
    else:
        network = crowd.build_crowd(
            options.people, resolution=options.resolution
        )
        first_level, rate = 0, FIRST_RATE
    coverage = network.contract["coverage"]
    film = synthetic.render_crowd(
        folder / "film",
        people=network.people,
        frames=options.frames,
        seed=FRAMES_SEED + options.seed,
        resolution=round(network.resolution / coverage),
        progress=progress.print_progress("people filmed"),
    )
    data = crowd_data(
        film,
        network,
        held_out_frames=min(HELD_OUT_FRAMES, options.frames // 2),
        seed=options.seed,
    )
    if options.expression is not None:
        data.loss_weights["expression"] = options.expression
    trainer = Trainer(
        network,
        data,
        growth.growth_schedule(network.level, 10**6, first_level),
        learning_rate=rate,
        minutes=options.minutes,
        checkpoint=folder / "checkpoint.safetensors",
    )
    history = trainer.run(
        report_every=200,
        on_report=lambda report: print(report_line(report), flush=True),
    )
    return network, history


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--start",
        help="bundle of a crowd to train on; --people and --resolution are its",
    )
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--frames", type=int, default=10000)
    parser.add_argument("--minutes", type=float, default=42)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--expression",
        type=float,
        help="weight of the loss on expression, instead of the default",
    )
    parser.add_argument(
        "--folder",
        type=pathlib.Path,
        default=ROOT / "build" / "shared_crowd",
        help="of film, checkpoint and bundle; the bundle is not there yet",
    )
    options = parser.parse_args()
    network, history = train(options, options.folder)
    whole = options.folder / "whole"
    bundles.save_bundle(
        network,
        whole,
        "02_layerwise_pretraining",
        parameters={
            "START": options.start,
            "PEOPLE": network.people,
            "FRAMES": options.frames,
            "MINUTES": options.minutes,
            "SEED": options.seed,
            "EXPRESSION": options.expression,
        },
        command="python -m benchmarks.shared_crowd",
        training=bundles.training_summary(history),
    )
    shared = options.folder / "bundle"
    sha256 = sharing.share_bundle(whole, shared, **STATEMENT)
    size = (shared / bundles.WEIGHTS).stat().st_size
    print(f"{shared}: move it to weights/shared/crowd_{network.resolution}")
    unseen = {k: round(v, 4) for k, v in history[-1]["held_out"].items()}
    print(json.dumps({"held_out": unseen, "bytes": size, "sha256": sha256}))


if __name__ == "__main__":
    main()
