"""How many images of a kind does a decoder need to draw it?

    python -m benchmarks.frames_needed

Two rendered people whom nothing was tuned on. One of them loses all training
frames of one kind (`synthetic.HOLES`), and gets some of them back, evenly
spread over the takes. Then all its training frames are thinned out, whatever
they show ("anything"). A comb's decoders are trained on what is left, the
encoder frozen, as notebook 04 does it; the swap skill is that on unseen
frames of just this kind. `report.footage_report` asks for as many images as
the table says.
"""

import argparse
import json

import numpy as np

from benchmarks import shifts as benchmark_of_shifts
from benchmarks import skill
from helpers import synthetic
from helpers.faces.face_set import evenly
from helpers.files import manifests
from helpers.latents import shifts
from helpers.proof import evaluation

FOLDER = manifests.project_root() / "build" / "frames_needed"
NAMES = ("person_0300", "person_0301")
KINDS = ("light from the right", "mouth open", "head turned left")
COUNTS = (0, 20, 80, 160)
ANYTHING = (30, 120, 500)


def with_some(face_set, hole, count):
    """A face set of which so many training faces of a kind are left."""
    inside = [
        row
        for row in rows_of(face_set, hole)
        if face_set.records[row]["split"] == "train"
    ]
    kept = {inside[place] for place in evenly(len(inside), count)}
    return face_set.pick(
        [
            row
            for row in range(len(face_set))
            if row not in inside or row in kept
        ]
    ), len(kept)


def rows_of(face_set, hole):
    """Rows of the faces of a kind; all, if it is `None`."""
    if hole is None:
        return range(len(face_set))
    return synthetic.rows_with(face_set, hole)


def train(face_sets, steps, seed):
    """Decoders trained from shared weights, with their places in the space."""
    comb = benchmark_of_shifts.train(face_sets, steps, seed)
    comb.shifts = shifts.latent_shifts(comb, face_sets)
    return comb


def skill_of_kind(comb, whole, hole):
    """Swap skill of the holder on unseen frames of this kind."""
    holder, other = NAMES
    asked = whole[other].pick(rows_of(whole[other], hole))
    scores = evaluation.swap_scores(comb, {holder: whole[holder], other: asked})
    return float(
        np.mean(
            [
                pair["swap_skill"]
                for pair in scores["pairs"]
                if pair["source"] == holder
            ]
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    whole = skill.make_faces(FOLDER, 0, False, NAMES)
    results = {}
    print(f"{'kind':>22} {'images':>6} {'skill':>6}", flush=True)
    for kind in (*KINDS, "anything"):
        hole = synthetic.HOLES.get(kind)
        for count in COUNTS if hole else ANYTHING:
            holed, kept = with_some(whole[NAMES[0]], hole, count)
            if kept < count:
                continue
            skills = []
            for seed in range(options.seeds):
                face_sets = {NAMES[0]: holed, NAMES[1]: whole[NAMES[1]]}
                comb = train(face_sets, options.steps, seed)
                skills.append(skill_of_kind(comb, whole, hole))
            results.setdefault(kind, {})[count] = round(np.mean(skills), 3)
            print(f"{kind:>22} {count:6} {np.mean(skills):6.2f}", flush=True)
    print(json.dumps({"steps": options.steps, "skill": results}))


if __name__ == "__main__":
    main()
