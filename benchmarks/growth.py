"""Does growing a network save time? Layer-wise, flat and classic, by skill.

    python -m benchmarks.growth --minutes 3 --seeds 3

Two synthetic people, one core's worth of time, from nothing: no crowd and no
shared weights. All systems see the same batches and the same loss:

    layer-wise          the course's comb, grown from 4 to 64 pixels
    flat                the same comb, at 64 pixels from the first step
    classic             helpers/families/classic.py, with its source's optimizer
                        (Adam, 0.00005, constant)
    classic_small       a quarter of its width, with Adam at 0.0004
    classic_small_muon  the same with the comb's optimizer and rate

By itself it takes 45 minutes, 3 for each of five systems and three seeds.
Seconds are CPU seconds of the training process in its steps: what else a
machine does hardly changes them. The first step of a stage, which compiles,
is counted apart (`compile_seconds`), and scoring is not counted.

Two skills, both on takes never trained on (`scores.score_pair`): `own`,
the ceiling, tells how well each decoder reconstructs its own person; `swap`,
how close a swap is to the truth. Without a crowd the latents of two people lie
apart, so a swap can get worse while everything else gets better: the ratios
are those of `own`, and those of `swap` stand beside them.

*Time to equal skill*: the level is the skill that the other system has at the
end. The figure is the seconds after which layer-wise first has it, over those
after which the other one first has it; null if in one of the seeds layer-wise
never has it, or the other one began with it. Below 1 layer-wise is faster.

`--pooled` measures the other thing that is called pretraining. Half of the
time one decoder is trained on both people, then it is copied for each, and the
other half trains the comb flat: once as it is (`cloned`), once after
`crowd.renew_bottleneck()` (`renewed`).

Each finished run is a file in build/growth; what is there is not run again.
"""

import argparse
import functools
import gc
import json
import time

import keras
import numpy as np

from benchmarks.parts.skill_curves import plot_skill_curves
from benchmarks.skill import IDENTITIES, make_faces
from helpers import growth, plotting
from helpers.comb import build_comb
from helpers.crowd import comb_for, renew_bottleneck
from helpers.encoder_decoder import level_of
from helpers.families.classic import build_classic, classic_optimizer
from helpers.files import manifests
from helpers.proof import evaluation
from helpers.training.identity_data import IdentityData, identity_data
from helpers.training.trainer import Trainer

ROOT = manifests.project_root()
FOLDER = ROOT / "build" / "growth"
TOP = level_of(64)
BATCH_SIZE = 12  # of each identity, as in notebook 03
# parts of the time after which a network is scored
MARKS = (0.05, 0.15, 0.3, 0.5, 0.75)
SKILLS = {"own": "ceiling", "swap": "swap_skill"}


class ConstantRate(Trainer):
    """The classic's source neither raises nor lowers its rate."""

    def _rate(self):
        return self.learning_rate


def _trainer(first_level=TOP, kind=Trainer, **options):
    return {"first_level": first_level, "kind": kind, "options": options}


SMALL = functools.partial(build_classic, width=0.25)
SYSTEMS = {
    "layer-wise": (build_comb, _trainer(first_level=0)),
    "flat": (build_comb, _trainer()),
    "classic": (
        build_classic,
        _trainer(
            kind=ConstantRate, optimizer=classic_optimizer, learning_rate=5e-5
        ),
    ),
    "classic_small": (
        SMALL,
        _trainer(
            kind=ConstantRate, optimizer=classic_optimizer, learning_rate=4e-4
        ),
    ),
    "classic_small_muon": (SMALL, _trainer()),
}


def run(network, data, schedule, trainer, on_step=None):
    """Train a network and take the time of its steps.

    Args:
        network: `Comb` or `Classic`.
        data: `IdentityData`.
        schedule: list of stages.
        trainer: dict from `_trainer()`.
        on_step: function of a report and of the seconds so far, or `None`.
            Its own time is not counted.

    Returns:
        dict with `steps`, `seconds` (CPU), and `compile_seconds`, those of
        each stage's first step.
    """
    spent = {"steps": 0, "seconds": 0.0, "compile_seconds": 0.0}
    state = {"stage": None, "mark": time.process_time()}

    def take(report):
        passed = time.process_time() - state["mark"]
        first = report["stage"] != state["stage"]
        state["stage"] = report["stage"]
        spent["compile_seconds" if first else "seconds"] += passed
        spent["steps"] = report["step"]
        if on_step is not None:
            on_step(report, spent["seconds"])
        state["mark"] = time.process_time()

    trained = trainer["kind"](network, data, schedule, **trainer["options"])
    trained.run(report_every=1, on_report=take)
    return spent


def step_costs(name, data):
    """CPU seconds of a step of a system at each of its levels, as a list."""
    build, trainer = SYSTEMS[name]
    network = build(IDENTITIES)
    costs = []
    for level in range(trainer["first_level"], TOP + 1):
        (stage,) = growth.growth_schedule(level, 4, level, BATCH_SIZE)
        outcome = run(network, data, [stage], trainer)
        costs.append(outcome["seconds"] / (outcome["steps"] - 1))
    return costs


def planned(name, seconds, costs, batch_size=BATCH_SIZE):
    """Stages of a system that take about so many seconds."""
    first_level = SYSTEMS[name][1]["first_level"]
    weights = [2.0**k for k in range(len(costs[name]))]
    cost = np.average(costs[name], weights=weights)
    steps = max(round(seconds / cost), len(weights))
    return growth.growth_schedule(TOP, steps, first_level, batch_size)


def score(network, face_sets):
    """Skills of a network now: `SKILLS`, and those of an unchanged target."""
    scores = evaluation.swap_scores(network, face_sets)
    skills = {name: scores[key] for name, key in SKILLS.items()}
    return skills | {"unchanged": scores["unchanged_skill"]}


def thin_out(face_sets, training_faces=30, every=4):
    """Face sets small enough to be scored often: some of each split."""
    tests = {n: each.select("test") for n, each in face_sets.items()}
    one, other = IDENTITIES
    rows = np.array(tests[one].pairs(tests[other])[::every]).T
    result = {}
    for name, chosen in zip(IDENTITIES, rows, strict=True):
        train = face_sets[name].select("train")
        spread = np.linspace(0, len(train) - 1, training_faces).astype(int)
        thin = train.pick(spread)
        thin.records += tests[name].pick(chosen).records
        result[name] = thin
    return result


def follow(name, seed, seconds, costs, data, face_sets):
    """Train a system from nothing and score it on its way."""
    build, trainer = SYSTEMS[name]
    keras.utils.set_random_seed(seed)
    network = build(IDENTITIES)
    points = [{"seconds": 0.0, "level": TOP, **score(network, face_sets)}]
    marks = [part * seconds for part in MARKS]

    def look(report, passed):
        # a level that is not all faded in has not learned to draw alone
        if marks and passed >= marks[0] and report["blend"] >= 1:
            while marks and passed >= marks[0]:
                marks.pop(0)
            points.append(
                {
                    "seconds": passed,
                    "level": report["level"],
                    **score(network, face_sets),
                }
            )

    spent = run(network, data, planned(name, seconds, costs), trainer, look)
    points.append(
        {
            "seconds": spent["seconds"],
            "level": TOP,
            **score(network, face_sets),
        }
    )
    return {"system": name, "seed": seed, **spent, "points": points}


def pooled_data(data):
    """The batches of all identities as if they were one person's."""
    together = {
        part: {"everybody": np.concatenate(list(getattr(data, part).values()))}
        for part in ("crops", "masks")
    }
    return IdentityData(
        **together,
        coverage=data.coverage,
        resolution=data.resolution,
        weights=data.weights,
        seed=data.seed,
    )


def follow_pooled(seed, seconds, costs, data, face_sets):
    """Copy one decoder of everybody for each: as it is, and cured."""
    grown, flat = SYSTEMS["layer-wise"][1], SYSTEMS["flat"][1]
    keras.utils.set_random_seed(seed)
    pooled = build_comb(("everybody",))
    schedule = planned(
        "layer-wise", seconds / 2, costs, len(IDENTITIES) * BATCH_SIZE
    )
    run(pooled, pooled_data(data), schedule, grown)
    result = {"system": "pooled", "seed": seed}
    for name in ("cloned", "renewed"):
        comb = comb_for(pooled, IDENTITIES)
        if name == "renewed":
            renew_bottleneck(comb)
        before = score(comb, face_sets)
        run(comb, data, planned("flat", seconds / 2, costs), flat)
        result[name] = {"before": before, "after": score(comb, face_sets)}
    return result


def seconds_to(points, skill, level):
    """Seconds after which a curve first reaches a level, or `None`."""
    for before, after in zip(points, points[1:], strict=False):
        if after[skill] >= level:
            rise = after[skill] - before[skill]
            part = (level - before[skill]) / rise if rise > 0 else 0.0
            passed = after["seconds"] - before["seconds"]
            return before["seconds"] + max(0.0, part) * passed
    return None


def time_ratio(runs, other, skill, system="layer-wise"):
    """Time to equal skill over that of another system, for each seed.

    Args:
        runs: dict from `(system, seed)` to what `follow()` returns.
        other: str. Whose skill at the end is the level.
        skill: one of `SKILLS`.
        system: str. Whose time is measured.

    Returns:
        list of float or `None`, one a seed that both have.
    """
    ratios = []
    for name, seed in sorted(runs):
        if name != other or (system, seed) not in runs:
            continue
        points = runs[other, seed]["points"]
        level = points[-1][skill]
        ours = seconds_to(runs[system, seed]["points"], skill, level)
        theirs = seconds_to(points, skill, level)
        # one that ends no better than it began took no time to get there
        ratios.append(ours / theirs if ours is not None and theirs else None)
    return ratios


def summary(runs):
    """What the last line of the benchmark says of all runs, as a dict."""
    line = {}
    for other in [name for name in SYSTEMS if name != "layer-wise"]:
        for skill in SKILLS:
            ratios = time_ratio(runs, other, skill)
            if not ratios:
                continue
            prefix = "" if skill == "own" else "swap_"
            key = f"{prefix}seconds_to_equal_skill_layerwise_over_{other}"
            reached = None not in ratios
            line[key] = round(float(np.mean(ratios)), 4) if reached else None
            line[f"{key}_seeds"] = [r and round(r, 4) for r in ratios]
    for name in SYSTEMS:
        ends = [r["points"][-1] for (s, _), r in runs.items() if s == name]
        for skill in SKILLS if ends else ():
            values = [end[skill] for end in ends]
            line[f"{skill}_{name}"] = round(float(np.mean(values)), 4)
            line[f"{skill}_{name}_spread"] = round(float(np.ptp(values)), 4)
    return line


def kept(path, make):
    """What a finished run wrote, or what `make()` finds now."""
    if path.is_file():
        return json.loads(path.read_text("utf-8"))
    result = make()
    manifests.write_json(path, result)
    # Keras keeps graphs of networks that nobody uses any more
    keras.backend.clear_session()
    gc.collect()
    return result


def print_run(outcome):
    end = outcome["points"][-1]
    print(
        f"{outcome['system']:<20}{outcome['seed']:>5}{outcome['steps']:>7}"
        f"{outcome['seconds']:>9.1f}{outcome['compile_seconds']:>9.1f}"
        f"{end['own']:>8.3f}{end['swap']:>8.3f}",
        flush=True,
    )


def print_pooled(outcome):
    for name in ("cloned", "renewed"):
        for when, end in outcome[name].items():
            print(
                f"{name + ', ' + when:<20}{outcome['seed']:>5}{'':>25}"
                f"{end['own']:>8.3f}{end['swap']:>8.3f}"
                f"   target as it is {end['unchanged']:.3f}",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3, help="of each run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS)[:3]
    )
    parser.add_argument("--pooled", action="store_true")
    parser.add_argument("--picture", help="write the curves there, as .png")
    options = parser.parse_args()
    seconds = 60 * options.minutes
    folder = FOLDER / f"runs_{options.minutes:g}"
    folder.mkdir(parents=True, exist_ok=True)
    print(
        f"{'system':<20}{'seed':>5}{'steps':>7}{'CPU s':>9}{'compile':>9}"
        f"{'own':>8}{'swap':>8}",
        flush=True,
    )
    runs, pooled = {}, []
    for seed in range(options.seeds):
        quick = options.minutes < 0.5
        made = make_faces(
            FOLDER / f"{'quick_' if quick else ''}seed_{seed}", seed, quick
        )
        data = identity_data(list(made.values()), 64, seed=seed)
        data.unseen, data.measured = {}, ()  # scored here, not by the trainer
        faces = thin_out(made)
        costs = {}
        flat_too = ("layer-wise", "flat") if options.pooled else ()
        for name in (*options.systems, *flat_too):
            costs[name] = kept(
                folder / f"costs_{name}.json",
                functools.partial(step_costs, name, data),
            )
        for name in options.systems:
            outcome = kept(
                folder / f"{name}_{seed}.json",
                functools.partial(
                    follow, name, seed, seconds, costs, data, faces
                ),
            )
            runs[name, seed] = outcome
            print_run(outcome)
        if options.pooled:
            outcome = kept(
                folder / f"pooled_{seed}.json",
                functools.partial(
                    follow_pooled, seed, seconds, costs, data, faces
                ),
            )
            pooled.append(outcome)
            print_pooled(outcome)
    curves = [
        {"system": name, "seed": seed, "points": outcome["points"]}
        for (name, seed), outcome in runs.items()
    ]
    manifests.write_json(folder / "curves.json", curves)
    if options.picture:
        figure = plot_skill_curves(curves)
        plotting.save_figure(figure, options.picture, 60)
    line = {"minutes": options.minutes, **summary(runs)}
    for name in ("cloned", "renewed") if pooled else ():
        for skill in SKILLS:
            values = [outcome[name]["after"][skill] for outcome in pooled]
            line[f"{skill}_{name}"] = round(float(np.mean(values)), 4)
            line[f"{skill}_{name}_spread"] = round(float(np.ptp(values)), 4)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
