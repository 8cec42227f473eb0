"""Does the report name the hole in somebody's footage, and only that?

    python -m benchmarks.latents

Films three people whom nothing was tuned on, ten times, each time others.
Nothing is cut out: the report should be silent. Then all frames of one kind
are taken from one of them, a kind at a time: the report should name this kind
and this person for both others, and name nothing else. The encoder is the
shared one, frozen as in notebook 03, so that training decoders changes no
latent. `--free STEPS` trains encoder and decoders on the holed footage first.

Then it times 20,000 crops, from the files to the last figure, and a click in
the explorer of 10,000.
"""

import argparse
import json
import time

import keras
import numpy as np

from benchmarks import skill
from helpers import crowd, growth, synthetic
from helpers.crowd import Crowd
from helpers.faces import facesets
from helpers.files import manifests
from helpers.latents import (
    descriptions,
    encoding,
    gap_report,
    gaps,
    inspection,
    overlap,
    shifts,
    spaces,
)
from helpers.training import bundles
from helpers.training.identity_data import identity_data
from helpers.training.trainer import Trainer
from helpers.widgets import latent_explorer

ROOT = manifests.project_root()
FOLDER = ROOT / "build" / "latents_benchmark"
FIRST_PERSON = 200  # of nobody's crowd and of no other benchmark
PEOPLE = 3
MANY = 20_000


def people_of(run):
    """Names of the three who are filmed in a run."""
    first = FIRST_PERSON + PEOPLE * run
    return [f"person_{first + n:04d}" for n in range(PEOPLE)]


def named_gaps(comb, face_sets, described):
    """What the report names: a set of `(target, source, words)`."""
    comb.shifts = shifts.latent_shifts(comb, face_sets, 300)
    encoded = encoding.encode_face_sets(comb, face_sets)
    pairs = gaps.find_gaps(encoded, np.concatenate(described), comb.shifts)
    return {
        (pair.target, pair.source, gap.words)
        for pair in pairs
        for gap in pair.gaps
    }


def comb_of(names, face_sets, free_steps, seed):
    """The comb from shared weights; trained on with its encoder if asked."""
    pretrained = bundles.load_bundle(skill.SHARED, (Crowd,))
    comb = crowd.comb_for(pretrained, names)
    if free_steps:
        keras.utils.set_random_seed(seed)
        data = identity_data(
            list(face_sets.values()), comb.resolution, seed=seed
        )
        stages = growth.growth_schedule(comb.level, free_steps, comb.level, 12)
        Trainer(comb, data, stages, learning_rate=skill.LEARNING_RATE).run()
    return comb


def run(number, options):
    """One film crew: silent without a hole, and each hole named.

    Returns:
        dict with `false_alarm` and, for each kind of hole, whether it was
        found, and found exactly.
    """
    names = people_of(number)
    folder = FOLDER / f"{'quick' if options.quick else 'run'}_{number}"
    whole = skill.make_faces(folder, number, options.quick, names)
    described = {
        name: descriptions.describe_faces(face_set)
        for name, face_set in whole.items()
    }
    row = {"run": number}
    for kind in (None, *synthetic.HOLES):
        face_sets, left = dict(whole), dict(described)
        holder = names[number % PEOPLE]
        if kind:
            rows = synthetic.rows_without(whole[holder], synthetic.HOLES[kind])
            face_sets[holder] = whole[holder].pick(rows)
            left[holder] = described[holder][rows]
        comb = comb_of(names, face_sets, options.free, number)
        named = named_gaps(comb, face_sets, list(left.values()))
        if kind is None:
            row["false_alarm"] = bool(named)
        else:
            others = [name for name in names if name != holder]
            expected = {(name, holder, (kind,)) for name in others}
            row[kind] = {
                "found": bool(named & expected),
                "by_both": expected <= named,
                "nothing_else": named <= expected,
            }
        print(f"  {kind or 'no hole'}, {holder}: {sorted(named)}", flush=True)
    return row


def repeated(face_sets, count):
    """Face sets of so many crops in all, and the comb that sees them."""
    many = {}
    for name, face_set in face_sets.items():
        rows = np.arange(count // len(face_sets)) % len(face_set)
        many[name] = face_set.pick(rows.tolist())
        for copy, record in enumerate(many[name].records):
            # a copy counts as a take of its own, else all would be twins
            again = f"{record['take']} {copy // len(face_set)}"
            many[name].records[copy] = {**record, "take": again}
    return many, comb_of(list(many), many, 0, 0)


def time_many(face_sets, count):
    """Seconds from files to the last figure, for so many crops."""
    many, comb = repeated(face_sets, count)
    start = time.perf_counter()
    seconds = {}

    def lap(name):
        seconds[name] = round(time.perf_counter() - start, 1)

    encoded = encoding.encode_face_sets(comb, many)
    lap("encoded")
    described = descriptions.describe_encoded(many, encoded)
    lap("described")
    comb.shifts = shifts.latent_shifts(comb, many)
    overlap.overlap_table(encoded, comb.shifts)
    lap("overlap")
    pairs = gaps.find_gaps(encoded, described, comb.shifts)
    gap_report.gaps_as_data(pairs, encoded, many)
    lap("gaps")
    for method in ("pca", "tsne"):
        spaces.joint_map(encoded.latents, method)
    lap("mapped")
    return len(encoded.labels), seconds


def time_clicks(face_sets, count, clicks=20):
    """Milliseconds that the explorer of so many faces takes for a click."""
    many, comb = repeated(face_sets, count)
    encoded = encoding.encode_face_sets(comb, many)
    random = np.random.default_rng(0)
    # what a click shows does not depend on what the descriptions say
    described = random.normal(
        size=(len(encoded.labels), len(descriptions.FEATURES))
    )
    inspected = inspection.Inspection(
        comb,
        many,
        encoded,
        described,
        gaps.find_gaps(encoded, described),
    )
    points = inspected.joint_map()
    explorer = latent_explorer.LatentExplorer(inspected, points, FOLDER)
    taken = []
    for row in random.integers(len(encoded.labels), size=clicks):
        start = time.perf_counter()
        explorer.map.clicked = int(row)
        taken.append(1000 * (time.perf_counter() - start))
    return np.median(taken[1:])  # the first one compiles


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--free", type=int, default=0, metavar="STEPS")
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--quick", action="store_true", help="a few takes")
    options = parser.parse_args()
    rows = []
    for number in range(options.runs):
        print(f"run {number}", flush=True)
        rows.append(run(number, options))
    holes = [row[kind] for row in rows for kind in synthetic.HOLES]
    figures = {
        "holes_found_share": np.mean([hole["found"] for hole in holes]),
        "found_by_both_share": np.mean([hole["by_both"] for hole in holes]),
        "nothing_else_share": np.mean([hole["nothing_else"] for hole in holes]),
        "false_alarm_share": np.mean([row["false_alarm"] for row in rows]),
    }
    figures = {name: round(float(v), 4) for name, v in figures.items()}
    folder = FOLDER / f"{'quick' if options.quick else 'run'}_0" / "faces"
    face_sets = facesets.read_face_sets(folder, people_of(0))
    count, seconds = time_many(face_sets, options.many)
    print(f"{count} crops, seconds until done with: {seconds}")
    figures["seconds_20k"] = seconds["mapped"]
    clicked = time_clicks(face_sets, options.many // 2)
    figures["click_ms"] = round(float(clicked), 1)
    print(json.dumps({**figures, "holes": len(holes), "crops": count}))


if __name__ == "__main__":
    main()
