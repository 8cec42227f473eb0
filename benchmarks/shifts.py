"""What it is worth to bring the places of two identities together.

    python -m benchmarks.shifts --steps 400

Trains four people of no score on the shared crowd and swaps each with each:
with the latents as they are, moved by the plain difference of the mean
latents, moved by `shifts.latent_shifts()`, and moved by the mean difference of
true pairs of other takes, which only rendered people have: the bound. Last it
prints the mean swap skills as JSON.
"""

import argparse
import json

import keras
import numpy as np

from benchmarks import skill
from helpers import crowd, growth
from helpers.crowd import Crowd
from helpers.files import manifests
from helpers.latents import shifts
from helpers.proof import evaluation, paired_faces
from helpers.training import bundles
from helpers.training.identity_data import identity_data
from helpers.training.trainer import Trainer

FOLDER = manifests.project_root() / "build" / "shifts"
# not those of `benchmarks.skill`: on them nothing may be tuned
PEOPLE = ("Mei", "Viktor", "person_0001", "person_0002")
TAKES_SEED = 5
PARTS = 4  # of the test takes; each is judged by a shift known from the others


def train(face_sets, steps, seed):
    """A comb of these people on the shared crowd, as notebook 03 trains it."""
    keras.utils.set_random_seed(seed)
    pretrained = bundles.load_bundle(skill.SHARED, (Crowd,))
    comb = crowd.comb_for(pretrained, list(face_sets))
    data = identity_data(list(face_sets.values()), comb.resolution, seed=seed)
    Trainer(
        comb,
        data,
        growth.growth_schedule(comb.level, steps, comb.level, 12),
        learning_rate=skill.LEARNING_RATE,
        frozen=("encoder",),
    ).run()
    return comb


def mean_differences(comb, face_sets):
    """The plain difference of the mean latents of each pair."""
    means = {
        name: shifts.find_place(comb, face_set).mean
        for name, face_set in face_sets.items()
    }
    return {
        (source, target): (means[source] - means[target]).astype("float32")
        for source in means
        for target in means
        if source != target
    }


def skill_from_pairs(comb, face_sets):
    """Mean swap skill with shifts known from true pairs of other takes."""
    skills = []
    tests = {name: each.select("test") for name, each in face_sets.items()}
    takes = sorted({r["take"] for r in next(iter(tests.values())).records})
    for part in range(PARTS):
        judged = set(takes[part::PARTS])
        for source, target in comb.shifts:
            known = _difference_of_pairs(
                comb,
                *(_of_takes(tests[n], judged, False) for n in (source, target)),
            )
            pair = {name: face_sets[name] for name in (source, target)}
            comb.shifts = {**comb.shifts, (source, target): known}
            chosen = {
                name: each.pick(
                    [
                        row
                        for row, record in enumerate(each.records)
                        if record["split"] == "train"
                        or record["take"] in judged
                    ]
                )
                for name, each in pair.items()
            }
            scores = evaluation.swap_scores(comb, chosen)
            skills += [
                row["swap_skill"]
                for row in scores["pairs"]
                if (row["source"], row["target"]) == (source, target)
            ]
    return float(np.mean(skills))


def _of_takes(test, takes, wanted):
    rows = [
        row
        for row, record in enumerate(test.records)
        if (record["take"] in takes) == wanted
    ]
    return test.pick(rows)


def _difference_of_pairs(comb, source, target):
    ours, theirs = zip(*source.pairs(target), strict=True)
    source, target = source.pick(list(ours)), target.pick(list(theirs))
    truth, _ = paired_faces.truth_of(comb, source, target)
    seen = target.network_crops(comb.resolution)
    return (comb.encode(truth) - comb.encode(seen)).mean(axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    quick = options.steps < 20
    face_sets = skill.make_faces(
        FOLDER / ("quick" if quick else "takes"), TAKES_SEED, quick, PEOPLE
    )
    comb = train(face_sets, options.steps, options.seed)
    result = {}
    for name, moves in (
        ("as it is", {}),
        ("difference of means", mean_differences(comb, face_sets)),
        ("latent_shifts()", shifts.latent_shifts(comb, face_sets)),
    ):
        comb.shifts = moves
        scores = evaluation.swap_scores(comb, face_sets)
        result[name] = round(scores["swap_skill"], 4)
        print(f"{name:22} {result[name]:.3f}", flush=True)
    result["known from pairs"] = round(skill_from_pairs(comb, face_sets), 4)
    result["own"] = round(scores["ceiling"], 4)
    print(f"{'known from pairs':22} {result['known from pairs']:.3f}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
