"""What shared weights save: CPU seconds to equal skill, with and without.

    taskset -c 0 python -m benchmarks.transfer

Trains a comb of two people twice: from the shared crowd, as notebook 03 does
(in rehearsal for real people), and from nothing, grown from 4 pixels up on
their own footage alone. For two rendered people the swap skill is followed
over the training, for two real ones (where `../shared/data` is) the skill of
reconstructing their own held-out faces, since nobody knows their true swap.
Before every measurement the two places are brought together (`shifts`).

*Equal skill* is the best that training from nothing reaches. The seconds are
those of the process (all its threads), with compiling and without measuring,
until a curve first reaches it. Last comes one line of JSON.
"""

import argparse
import functools
import json
import pathlib
import tempfile
import time

import keras
import numpy as np

from benchmarks.skill import LEARNING_RATE, SHARED, make_faces
from helpers import comb as combs
from helpers import crowd, growth
from helpers.crowd import Crowd
from helpers.faces import detection, facesets
from helpers.faces.face_set import evenly
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.latents import shifts
from helpers.proof import paired_faces
from helpers.proof.scores import masked_error, mean_face
from helpers.training import bundles, rehearsal, sharing
from helpers.training.identity_data import identity_data
from helpers.training.trainer import Trainer

ROOT = manifests.project_root()
FOLDER = ROOT / "build" / "transfer"
REAL_DATA = ROOT.parent / "shared" / "data" / "people"
REAL_IDENTITIES = ("person_a", "sen_menendez")
BATCH_SIZE = 12  # as in notebook 03
STEPS = {"shared": 800, "nothing": 1600}
PAIRS = ("synthetic", "real")
REPORT_EVERY = 10
MEASURED_FACES = 40
SHIFT_CROPS = 300  # of each identity; a whole training looks at 1500


class Measure:
    """Skills of a comb on faces never trained on, which are read once.

    Args:
        face_sets: dict from identity to its `FaceSet`.
        network: `Comb` whose resolution and contract count.
    """

    def __init__(self, face_sets, network):
        self.face_sets = face_sets
        self.means, self.unseen, self.pairs = {}, {}, {}
        tests = {n: s.select("test") for n, s in face_sets.items()}
        for name, face_set in face_sets.items():
            train = face_set.select("train")
            crops = train.network_crops(network.resolution)
            self.means[name] = mean_face(crops)
            chosen = tests[name].pick(_evenly(range(len(tests[name]))))
            self.unseen[name] = (
                chosen.network_crops(network.resolution),
                chosen.network_masks(network.resolution),
            )
        for source in tests:
            for target in tests:
                rows = tests[source].pairs(tests[target])
                if source != target and rows:
                    ours, theirs = zip(*_evenly(rows), strict=True)
                    seen = tests[target].pick(theirs)
                    crops = seen.network_crops(network.resolution)
                    truth, masks = paired_faces.truth_of(
                        network, tests[source].pick(ours), seen
                    )
                    self.pairs[source, target] = crops, truth, masks

    def __call__(self, network, sources=None):
        """How good a comb is now.

        Args:
            network: `Comb`. Its `shifts` are measured anew.
            sources: names of those whose decoders are looked at, or `None`
                for everybody that it knows.

        Returns:
            dict of `own_skill` and, where there is a truth, `swap_skill`.
        """
        sources = sources or network.identities
        own = [
            self._skill(network.swap(crops, name), crops, masks, name)
            for name, (crops, masks) in self.unseen.items()
            if name in sources
        ]
        figures = {"own_skill": float(np.mean(own))}
        known = {name: self.face_sets[name] for name in network.identities}
        if self.pairs and len(known) > 1:
            network.shifts = shifts.latent_shifts(network, known, SHIFT_CROPS)
        swaps = []
        for (source, target), (crops, truth, masks) in self.pairs.items():
            if source in sources:
                # whom it does not know, it takes as a stranger
                view = network.looking_at(target if target in known else None)
                swap = view.swap(crops, source)
                swaps.append(self._skill(swap, truth, masks, source))
        if swaps:
            figures["swap_skill"] = float(np.mean(swaps))
        return figures

    def _skill(self, drawn, truth, masks, name):
        mean = np.broadcast_to(self.means[name], truth.shape)
        return 1 - masked_error(drawn, truth, masks) / masked_error(
            mean, truth, masks
        )


def _evenly(rows):
    return [rows[row] for row in evenly(len(rows), MEASURED_FACES)]


def follow(trainer, measure):
    """Train, and measure ever more rarely: figures over CPU seconds.

    Args:
        trainer: `Trainer`, not begun.
        measure: function that gives a dict of figures.

    Returns:
        list of dicts with `seconds` of CPU, `step`, and the figures.
    """
    curve = [{"seconds": 0.0, "step": 0, **measure()}]
    mark = time.process_time()
    spent = 0.0

    def look(report):
        nonlocal mark, spent
        spent += time.process_time() - mark
        # every report at first, then ever more rarely
        if report["step"] >= 1.15 * curve[-1]["step"]:
            figures = measure()
            curve.append({"seconds": spent, "step": report["step"], **figures})
        mark = time.process_time()

    trainer.run(report_every=REPORT_EVERY, on_report=look)
    if curve[-1]["step"] < trainer.state["total_steps"]:
        step = trainer.state["total_steps"]
        figures = measure()
        curve.append({"seconds": spent, "step": step, **figures})
    return curve


def seconds_to(curve, figure, skill):
    """CPU seconds until a curve first reaches a skill, or `None`.

    Straight lines join the measured points.
    """
    before = curve[0]
    for point in curve:
        if point[figure] >= skill:
            rise = point[figure] - before[figure]
            share = (skill - before[figure]) / rise if rise else 0.0
            return before["seconds"] + share * (
                point["seconds"] - before["seconds"]
            )
        before = point
    return None


def make_pair(kind, seed):
    """Face sets of two rendered people, or of two real ones, made once."""
    if kind == "synthetic":
        folder = ROOT / "build" / "skill" / f"seed_{seed}"
        return make_faces(folder, seed, quick=False)
    folder, contract = FOLDER / "real_faces", manifests.data_contract()
    if not (folder / manifests.MANIFEST).is_file():
        detector = detection.FaceDetector(0.2)
        for name in REAL_IDENTITIES:
            footage = REAL_DATA / name
            extraction.extract_faces(footage, folder, contract, detector, name)
        facesets.write_face_sets(folder, REAL_IDENTITIES, contract)
    return facesets.read_face_sets(folder, REAL_IDENTITIES)


def train_both_ways(face_sets, steps, seed, rehearse):
    """Curves of two people from the shared weights and from nothing.

    Args:
        face_sets: dict from identity to its `FaceSet`.
        steps: dict of int by start, as `STEPS`.
        seed: int.
        rehearse: bool. Whether the shared encoder is trained on.

    Returns:
        dict of curves by start: see `follow()`.
    """
    names = tuple(face_sets)
    curves = {}
    for start in ("shared", "nothing"):
        keras.utils.set_random_seed(seed)
        if start == "shared":
            shared = bundles.load_bundle(SHARED, (Crowd,))
            network = crowd.comb_for(shared, names)
        else:
            side = curves["shared"][0]["resolution"]
            network = combs.build_comb(names, resolution=side)
        first = network.level if start == "shared" else 0
        data = identity_data(
            list(face_sets.values()), network.resolution, seed=seed
        )
        trained = network
        if start == "shared" and rehearse:
            trained = rehearsal.RehearsingComb(network, shared)
            film = ROOT / "build" / "rehearsal"
            data = rehearsal.rehearsal_data(data, shared, film, seed=seed)
        trainer = Trainer(
            trained,
            data,
            growth.growth_schedule(
                network.level, steps[start], first, BATCH_SIZE
            ),
            learning_rate=LEARNING_RATE,
            frozen=("encoder",) if start == "shared" and not rehearse else (),
        )
        measure = functools.partial(Measure(face_sets, network), network)
        curves[start] = follow(trainer, measure)
        curves[start][0]["resolution"] = network.resolution
    return curves


def half_difference(face_sets, origin, kinds=(Crowd,)):
    """What storing weights as float16 changes in drawn faces, and its size.

    Args:
        face_sets: dict from identity to its `FaceSet`.
        origin: bundle of a `Crowd`, or of a `Comb` of these identities.

    Returns:
        dict: `largest_difference` of a pixel, 0-1, and `megabytes` of the
        weights as float16.
    """
    with tempfile.TemporaryDirectory() as folder:
        half = pathlib.Path(folder) / "half"
        texts = dict.fromkeys(("licence", "data", "consent"), "not given away")
        sharing.share_bundle(origin, half, **texts)
        size = (half / bundles.WEIGHTS).stat().st_size
        networks = [
            crowd.comb_for(bundles.load_bundle(path, kinds), tuple(face_sets))
            for path in (origin, half)
        ]
    largest = 0.0
    for crops, _ in Measure(face_sets, networks[0]).unseen.values():
        for source in face_sets:
            one, other = (net.swap(crops, source) for net in networks)
            largest = max(largest, float(np.abs(one - other).max()))
    return {"largest_difference": largest, "megabytes": size / 1e6}


def compare(curves, figure):
    """Best skill from nothing, and how soon both ways reach it.

    Returns:
        dict with `skill`, `seconds_shared`, `seconds_nothing`, `ratio`, and
        `best_shared`; where there is no ratio, a `reason`.
    """
    skill = max(point[figure] for point in curves["nothing"])
    seconds = {
        start: seconds_to(curve, figure, skill)
        for start, curve in curves.items()
    }
    result = {
        "skill": round(skill, 3),
        "best_shared": round(max(p[figure] for p in curves["shared"]), 3),
        "seconds_shared": seconds["shared"],
        "seconds_nothing": seconds["nothing"],
        "ratio": None,
    }
    if skill <= 0:
        result["reason"] = (
            f"training from nothing never beat a mean face ({figure} 0)"
        )
    elif seconds["shared"] is None:
        result["reason"] = (
            f"the shared weights never reached {skill:.3f} in their steps"
        )
    else:
        result["ratio"] = round(seconds["shared"] / seconds["nothing"], 4)
    return result


def print_curves(title, curves):
    """One row a measure, both ways one after the other."""
    for start, curve in curves.items():
        print(f"\n{title}, from {start}")
        figures = [f for f in ("own_skill", "swap_skill") if f in curve[0]]
        print(f"{'step':>6}{'CPU s':>8}" + "".join(f"{f:>12}" for f in figures))
        for p in curve:
            row = "".join(f"{p[f]:12.3f}" for f in figures)
            print(f"{p['step']:6}{p['seconds']:8.1f}{row}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--pairs", nargs="+", choices=PAIRS, default=PAIRS, metavar="KIND"
    )
    parser.add_argument(
        "--shorten", type=int, default=1, help="divides the steps of all runs"
    )
    options = parser.parse_args()
    steps = {start: count // options.shorten for start, count in STEPS.items()}
    line = {"steps": steps, "seed": options.seed}
    for kind in options.pairs:
        if kind == "real" and not REAL_DATA.is_dir():
            print(f"no real pair: there is no {REAL_DATA}")
            continue
        face_sets = make_pair(kind, options.seed)
        line[f"{kind}_float16"] = half_difference(face_sets, SHARED)
        curves = train_both_ways(
            face_sets, steps, options.seed, rehearse=kind == "real"
        )
        manifests.write_json(FOLDER / f"{kind}.json", curves)
        print_curves(kind, curves)
        for figure in ("swap_skill", "own_skill"):
            if figure in curves["shared"][0]:
                line[f"{kind}_{figure}"] = compare(curves, figure)
    if "synthetic" in options.pairs:
        ratio = line["synthetic_swap_skill"]["ratio"]
        line["seconds_to_equal_skill_shared_over_nothing"] = ratio
    print(json.dumps(line))


if __name__ == "__main__":
    main()
