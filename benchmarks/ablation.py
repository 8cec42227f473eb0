"""What helps a swap and what does not: one change at a time, several seeds.

    python -m benchmarks.ablation --seeds 3 --processes 2

Pretrains a crowd, trains four new people on it and scores them, at 32 pixels
and with few steps, so that a run takes two minutes of one core; then does it
again with one change. Changes are compared with each other by this, not with
the scores of the course. The people are not those of `benchmarks.skill`, on
whom nothing may be tuned. Every run is kept in `benchmarks/ablation.jsonl`: a
command that was stopped goes on where it was, `--only` picks changes. The table
is written beside it, as `ablation.md`.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib

import keras
import numpy as np

from benchmarks import skill
from helpers import augmentation, crowd, encoder_decoder, growth, synthetic
from helpers import comb as comb_module
from helpers.crowd import Crowd
from helpers.faces.readers import expression_reader
from helpers.files import manifests
from helpers.latents.shifts import latent_shifts
from helpers.proof import evaluation
from helpers.synthetic import workers
from helpers.training import bundles, rehearsal
from helpers.training.crowd_data import crowd_data
from helpers.training.identity_data import identity_data
from helpers.training.trainer import Trainer

ROOT = manifests.project_root()
KEPT = ROOT / "benchmarks" / "ablation.jsonl"
FOLDER = ROOT / "build" / "ablation"
# of lighter and darker skin: on two alike people a change that lets its colour
# through looks like a gain
PEOPLE = ("Mei", "Viktor", *(f"person_{n:04d}" for n in range(1, 15)))
TAKES_SEED = 5
SHIFT_CROPS = 300  # of each identity: so many are quick
SCORED_FRAMES = 80  # of each pair
ABOUT = """# What helps a swap, and what does not

Written by `python -m benchmarks.ablation`; a run each line and seed is in
`ablation.jsonl`. One change at a time, at 32 pixels and with few steps: to be
compared with each other and not with the scores of the course. What follows
from it is told in notebooks 02 and 03.
"""
FIGURES = ("swap_skill", "ceiling", "expression_skill", "retrieval_top5")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that a change may change, with the defaults of the course."""

    # the crowd
    crowd_people: int = 100
    crowd_frames: int = 2000
    crowd_steps: int = 320
    first_level: int = 0
    paired_share: float = 1.0
    latent_loss: float = 0.01
    expression_loss: float = 0.05
    # the network
    latent_dim: int = encoder_decoder.LATENT_DIM
    shared_levels: int = comb_module.SHARED_LEVELS
    pixel_norm: bool = True
    # both trainings
    warp: float = augmentation.DEFAULT["warp"]
    light: float = augmentation.DEFAULT["light"]
    view: float = 1.0  # times the default's rotation, zoom and shift
    eyes_and_mouth: bool = True
    # the new people
    identities: int = 4
    scored: int = 4  # the first of them; the others only train beside them
    steps: int = 120
    learning_rate: float = 3e-3
    frozen: tuple = ("encoder",)
    rehearse: bool = False  # beside the crowd's film


DEFAULT = "as in the course"
NO_CROWD = "2 people from nothing"
FROM_NOTHING = {"crowd_steps": 0, "frozen": (), "steps": 360, "scored": 2}
CHANGES = {
    DEFAULT: {},
    "no pairs: the crowd draws itself": {"paired_share": 0.0},
    "half of the crowd's pictures paired": {"paired_share": 0.5},
    "no loss on latents": {"latent_loss": 0.0},
    "loss on latents x 5": {"latent_loss": 0.05},
    "no expression read": {"expression_loss": 0.0},
    "expression read x 4": {"expression_loss": 0.2},
    "crowd of 24": {"crowd_people": 24},
    "crowd of 400": {"crowd_people": 400},
    "crowd not grown": {"first_level": 3, "crowd_steps": 230},
    "crowd trained half as long": {"crowd_steps": 160},
    "latent of 32": {"latent_dim": 32},
    "latent of 256": {"latent_dim": 256},
    "no shared decoder level": {"shared_levels": 0},
    "3 shared decoder levels": {"shared_levels": 3},
    "no pixel norm": {"pixel_norm": False},
    "no warp": {"warp": 0.0},
    "warp x 3": {"warp": 0.03},
    "no light jitter": {"light": 0.0},
    "light jitter x 3": {"light": 0.15},
    "no turn, zoom, shift": {"view": 0.0},
    "eyes and mouth as all else": {"eyes_and_mouth": False},
    "encoder trained on": {"frozen": ()},
    "encoder trained on, slowly": {"frozen": (), "learning_rate": 3e-4},
    "encoder trained on in rehearsal": {"frozen": (), "rehearse": True},
    "shared levels frozen too": {"frozen": ("encoder", "decoder_shared")},
    NO_CROWD: {**FROM_NOTHING, "identities": 2},
    "4 people from nothing": {**FROM_NOTHING, "identities": 4},
    "8 people from nothing": {**FROM_NOTHING, "identities": 8},
    "16 people from nothing": {**FROM_NOTHING, "identities": 16},
}


def _recipe(change, quick):
    recipe = Recipe(**CHANGES[change])
    if not quick:
        return recipe
    steps = min(recipe.crowd_steps, 8)
    few = {"crowd_frames": 60, "crowd_people": 6, "crowd_steps": steps}
    return dataclasses.replace(recipe, **few, steps=4)


def run(change, seed, quick=False):
    """Train by one recipe and score it.

    Args:
        change: str, a key of `CHANGES`.
        seed: int, of the weights and of what each step sees.
        quick: bool. A few steps only, to try the command.

    Returns:
        dict of the figures, with `change`, `seed` and `recipe`.
    """
    recipe = _recipe(change, quick)
    keras.utils.set_random_seed(seed)
    names = PEOPLE[: recipe.identities]
    with _pixel_norm(recipe.pixel_norm):
        comb, pretrained = _build(recipe, names, seed)
        face_sets = _face_sets(names, quick)
        data = identity_data(
            list(face_sets.values()),
            comb.resolution,
            options=_options(recipe),
            seed=seed,
        )
        if not recipe.eyes_and_mouth:
            data.weights = None
        stages = growth.growth_schedule(
            comb.level, recipe.steps, comb.level, 12
        )
        trained = comb
        if recipe.rehearse:
            trained = rehearsal.RehearsingComb(comb, pretrained)
            data = rehearsal.RehearsalData(
                data,
                _pairs(recipe, comb, seed),
                rehearsal.read_movements(data),
            )
        Trainer(
            trained,
            data,
            stages,
            learning_rate=recipe.learning_rate,
            frozen=recipe.frozen,
        ).run()
        scored = {name: face_sets[name] for name in names[: recipe.scored]}
        comb.shifts = latent_shifts(comb, scored, SHIFT_CROPS)
        reader = expression_reader.read_expression_reader()
        scores = evaluation.swap_scores(comb, scored, reader, SCORED_FRAMES)
    figures = {name: round(scores[name], 4) for name in FIGURES}
    recipe = dataclasses.asdict(recipe)
    return {"change": change, "seed": seed, **figures, "recipe": recipe}


def _build(recipe, names, seed):
    """The comb before it sees its own people, and the crowd it came from."""
    options = {
        "resolution": 32,
        "latent_dim": recipe.latent_dim,
        "shared_levels": recipe.shared_levels,
    }
    if not recipe.crowd_steps:
        return comb_module.build_comb(names, **options), None
    pretrained = _crowd(recipe, options, seed)
    return crowd.comb_for(pretrained, names), pretrained


# what of a recipe the crowd does not know
LATER = (
    "identities",
    "scored",
    "steps",
    "learning_rate",
    "frozen",
    "rehearse",
)


def _crowd(recipe, options, seed):
    """The pretrained crowd of a recipe: several recipes share one."""
    parts = {**_plain(recipe), "seed": seed}
    for name in LATER:
        del parts[name]
    text = json.dumps(parts, sort_keys=True).encode()
    folder = FOLDER / "crowds" / hashlib.sha256(text).hexdigest()[:16]
    if folder.is_dir():
        return bundles.load_bundle(folder, (Crowd,))
    network = crowd.build_crowd(recipe.crowd_people, **options)
    data = _pairs(recipe, network, seed)
    stages = growth.growth_schedule(
        network.level, recipe.crowd_steps, recipe.first_level
    )
    Trainer(network, data, stages).run()
    # two processes may have made the same: each is whole
    own = folder.with_name(f"{folder.name}_{os.getpid()}")
    bundles.save_bundle(network, own, "02_layerwise_pretraining")
    if not folder.is_dir():
        own.rename(folder)
    return network


def _pairs(recipe, network, seed):
    """What the crowd of a recipe is trained on."""
    data = crowd_data(
        _film(recipe),
        network,
        paired_share=recipe.paired_share,
        options=_options(recipe),
        seed=seed,
    )
    if not recipe.eyes_and_mouth:
        data.weights = None
    data.loss_weights = {
        "crowd": 1.0,
        "latents": recipe.latent_loss,
        "expression": recipe.expression_loss,
    }
    return data


def _film(recipe, processes=1):
    """The crowd of a recipe, rendered or loaded."""
    return synthetic.render_crowd(
        FOLDER / f"crowd_{recipe.crowd_people}_{recipe.crowd_frames}",
        people=recipe.crowd_people,
        frames=recipe.crowd_frames,
        resolution=40,
        processes=processes,
    )


def _options(recipe):
    moved = {
        name: recipe.view * augmentation.DEFAULT[name]
        for name in ("rotation", "zoom", "shift")
    }
    return {**moved, "warp": recipe.warp, "light": recipe.light}


def _face_sets(names, quick):
    return skill.make_faces(
        FOLDER / f"{'quick' if quick else 'takes'}_{len(names)}",
        TAKES_SEED,
        quick,
        names,
    )


@contextlib.contextmanager
def _pixel_norm(wanted):
    """Networks that are built inside have pixel norm, or have none."""
    before = encoder_decoder.normalize_features
    if not wanted:
        encoder_decoder.normalize_features = lambda features: features
    try:
        yield
    finally:
        encoder_decoder.normalize_features = before


def read_runs(path):
    """Runs kept in a file, as a dict by (change, seed).

    Only those that today's recipe of the same name would repeat: a change
    that has changed is run again.
    """
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    runs = [json.loads(line) for line in lines]
    return {
        (outcome["change"], outcome["seed"]): outcome
        for outcome in runs
        if outcome["change"] in CHANGES
        and outcome["recipe"] == _plain(Recipe(**CHANGES[outcome["change"]]))
    }


def _plain(recipe):
    return json.loads(json.dumps(dataclasses.asdict(recipe)))


def table_of(runs):
    """Lines of a Markdown table: what each change makes of each figure.

    A figure is the mean of the seeds. Beside the swap skill stands what the
    change added to it, seed by seed, as a mean and half of the spread: a seed
    moves all recipes alike, so this is steadier than the figure itself.
    """
    lines = [
        "| change | seeds | swap skill | against the first of its kind |"
        " ceiling | expression skill | pose in the top 5 |",
        "|---|---|---|---|---|---|---|",
    ]
    for change in CHANGES:
        by_seed = {
            seed: r for (name, seed), r in runs.items() if name == change
        }
        if not by_seed:
            continue
        means = [
            f"{np.mean([run[figure] for run in by_seed.values()]):.3f}"
            for figure in FIGURES
        ]
        base = (
            NO_CROWD
            if FROM_NOTHING.items() <= CHANGES[change].items()
            else DEFAULT
        )
        added = [
            run["swap_skill"] - runs[base, seed]["swap_skill"]
            for seed, run in by_seed.items()
            if (base, seed) in runs
        ]
        means.insert(1, _added(added) if change != base else "")
        lines.append(f"| {change} | {len(by_seed)} | {' | '.join(means)} |")
    return lines


def _added(values):
    if not values:
        return ""
    return f"{np.mean(values):+.3f} ± {np.ptp(values) / 2:.3f}"


def mean_skills(runs):
    """Mean swap skill by change, as a dict."""
    skills = {}
    for (change, _), outcome in runs.items():
        skills.setdefault(change, []).append(outcome["swap_skill"])
    return {name: round(float(np.mean(s)), 4) for name, s in skills.items()}


def _run_and_keep(change, seed, path, quick):
    outcome = run(change, seed, quick)
    # one write of one line: processes do not mix theirs
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(outcome) + "\n")
    return outcome


def _make_data(jobs, options):
    """What several processes would otherwise make in each other's way."""
    recipes = [_recipe(change, options.quick) for change, *_ in jobs]
    for count in {recipe.identities for recipe in recipes}:
        _face_sets(PEOPLE[:count], options.quick)
    crowds = {(r.crowd_people, r.crowd_frames): r for r in recipes}
    for recipe in crowds.values():
        _film(recipe, options.processes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=list(CHANGES))
    parser.add_argument("--quick", action="store_true", help="a few steps")
    parser.add_argument("--kept", type=pathlib.Path, default=KEPT)
    options = parser.parse_args()
    path = options.kept
    if options.quick:
        path = FOLDER / "quick.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    known = read_runs(path)
    jobs = [
        (change, seed, path, options.quick)
        for seed in range(options.seeds)
        for change in options.only or CHANGES
        if (change, seed) not in known
    ]
    if jobs:
        _make_data(jobs, options)
        # read when a process imports TensorFlow
        os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    made = workers.run_jobs(
        _run_and_keep,
        jobs,
        options.processes,
        lambda done, total: print(f"{done} of {total} runs", flush=True),
        fresh=True,  # TensorFlow keeps half a gigabyte of every network
    )
    runs = read_runs(path)
    runs |= {(outcome["change"], outcome["seed"]): outcome for outcome in made}
    table = "\n".join(table_of(runs))
    print(table)
    path.with_suffix(".md").write_text(f"{ABOUT}\n{table}\n", encoding="utf-8")
    print(json.dumps({"swap_skill": mean_skills(runs)}))


if __name__ == "__main__":
    main()
