"""How well the comb swaps after some minutes: skill over several seeds.

`python -m benchmarks.skill --minutes 12 --seeds 3 --from nothing`

By itself it takes 40 minutes: 12 for each of three seeds, and their scores.
"""

import argparse
import json

import keras
import numpy as np

from helpers import crowd, growth, synthetic
from helpers.crowd import Crowd
from helpers.faces import detection, facesets
from helpers.faces.readers import expression_reader
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.latents import shifts
from helpers.proof import evaluation
from helpers.training import bundles
from helpers.training.crowd_data import crowd_data
from helpers.training.identity_data import identity_data
from helpers.training.trainer import Trainer

ROOT = manifests.project_root()
SHARED = ROOT / "weights" / "shared" / "crowd_64"
IDENTITIES = ("Rosa", "Marco")
FIGURES = ("swap_skill", "ceiling", "expression_skill", "retrieval_top5")
# of the minutes from nothing, what notebook 02 takes of them and 03
PRETRAINING_SHARE = 5 / 6
# as in notebooks 02 and 03
PEOPLE, FRAMES = 100, 4000
PRETRAINING_RATE = 5e-3
LEARNING_RATE = 3e-3


def make_faces(folder, seed, quick, identities=IDENTITIES, takes=(90, 12)):
    """Face sets of rendered people, made once for each seed."""
    takes = (6, 4) if quick else takes
    synthetic.write_footage(
        folder / "footage",
        identities,
        training_takes=takes[0],
        test_takes=takes[1],
        frames_per_take=10,
        clip_seconds=1,
        seed=seed,
    )
    contract = manifests.data_contract()
    detector = detection.FaceDetector(0.2)
    for name in identities:
        footage = folder / "footage" / name
        extraction.extract_faces(
            footage, folder / "faces", contract, detector, name
        )
    facesets.write_face_sets(folder / "faces", identities, contract)
    return facesets.read_face_sets(folder / "faces", identities)


def pretrain(folder, minutes, seed, quick):
    """A crowd pretrained for some minutes, as notebook 02 does."""
    people, frames = (6, 60) if quick else (PEOPLE, FRAMES)
    film = synthetic.render_crowd(folder, people=people, frames=frames)
    network = crowd.build_crowd(people)
    data = crowd_data(film, network, seed=seed)
    Trainer(
        network,
        data,
        growth.growth_schedule(network.level, 10**6),
        learning_rate=PRETRAINING_RATE,
        minutes=minutes,
    ).run()
    return network


def train(pretrained, face_sets, minutes, seed):
    """A comb trained for some minutes, as notebook 03 does."""
    comb = crowd.comb_for(pretrained, IDENTITIES)
    data = identity_data(list(face_sets.values()), comb.resolution, seed=seed)
    Trainer(
        comb,
        data,
        growth.growth_schedule(comb.level, 10**6, comb.level, 12),
        learning_rate=LEARNING_RATE,
        minutes=minutes,
        frozen=("encoder",),
    ).run()
    return comb


def measure(options, seed, folder):
    """Scores of one seed, as a dict of figures."""
    keras.utils.set_random_seed(seed)
    quick = options.minutes < 1
    face_sets = make_faces(folder / f"seed_{seed}", seed, quick)
    if options.start == "nothing":
        share = PRETRAINING_SHARE
        pretrained = pretrain(
            folder / "crowd", share * options.minutes, seed, quick
        )
    else:
        share = 0
        pretrained = bundles.load_bundle(SHARED, (Crowd,))
    comb = train(pretrained, face_sets, (1 - share) * options.minutes, seed)
    comb.shifts = shifts.latent_shifts(comb, face_sets)
    reader = expression_reader.read_expression_reader()
    scores = evaluation.swap_scores(comb, face_sets, reader)
    return {name: scores[name] for name in FIGURES}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=12, help="of training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--from",
        dest="start",
        choices=("nothing", "shared"),
        default="nothing",
        help="pretraining counts in the minutes from nothing",
    )
    options = parser.parse_args()
    folder = (
        ROOT / "build" / ("skill" if options.minutes >= 1 else "skill_quick")
    )
    results = []
    print(
        f"{'seed':>4}" + "".join(f"{name:>18}" for name in FIGURES), flush=True
    )
    for seed in range(options.seeds):
        results.append(measure(options, seed, folder))
        row = "".join(f"{results[-1][name]:18.3f}" for name in FIGURES)
        print(f"{seed:4}{row}", flush=True)
    line = {"minutes": options.minutes, "from": options.start}
    for name in FIGURES:
        values = [result[name] for result in results]
        line[name] = round(float(np.mean(values)), 4)
        line[f"{name}_spread"] = round(float(np.ptp(values)), 4)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
