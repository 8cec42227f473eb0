"""Eyes and mouth weighed where each crop has them, or where the template has.

    python -m benchmarks.feature_weights --faces data/faces --seeds 2

Small combs are trained from the same start on the same batches, once with each
weighing. Of test faces it prints the error (mean absolute difference, RGB 0-1)
of their own reconstruction around eyes and mouth and elsewhere in the face,
and the scores of swaps against their truth; last one line of JSON.
"""

import argparse
import json

import keras
import numpy as np

from helpers import growth, masks
from helpers.comb import build_comb
from helpers.faces import facesets
from helpers.faces.readers import expression_reader, face_landmarks
from helpers.files import manifests
from helpers.proof import evaluation
from helpers.training.identity_data import identity_data
from helpers.training.trainer import Trainer

LEARNING_RATE = 3e-3
BATCH_SIZE = 16
SCORES = ("swap_skill", "expression_skill")


def train(face_sets, steps, seed, reader, resolution):
    """A comb trained from nothing, with either weighing."""
    keras.utils.set_random_seed(seed)
    comb = build_comb(tuple(face_sets), resolution=resolution)
    data = identity_data(
        list(face_sets.values()), resolution, seed=seed, reader=reader
    )
    schedule = growth.growth_schedule(comb.level, steps, 0, BATCH_SIZE)
    Trainer(comb, data, schedule, learning_rate=LEARNING_RATE).run()
    return comb


def region_errors(comb, face_sets, reader):
    """Errors of own reconstructions around eyes and mouth, and elsewhere."""
    errors = {"features": [], "elsewhere": []}
    for name, face_set in face_sets.items():
        test = face_set.select("test")
        crops = test.network_crops(comb.resolution)
        inside = test.network_masks(comb.resolution)
        own = comb.swap(crops, name)
        away = np.abs(own - crops).mean(axis=-1)
        size = test.contract["crop_size"]
        points = reader.landmarks(test.load_crops())
        seen = (points + 0.5) / size - (1 - test.contract["coverage"]) / 2
        seen = seen / test.contract["coverage"] * comb.resolution - 0.5
        weights = [masks.landmark_weights(p, comb.resolution) for p in seen]
        near = np.stack(weights) > 2
        for region, where in (("features", near), ("elsewhere", ~near)):
            share = inside.reshape(away.shape) * where
            errors[region].append((away * share).sum() / share.sum())
    return {name: float(np.mean(values)) for name, values in errors.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", default="data/faces")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--resolution", type=int, default=32)
    options = parser.parse_args()
    folder = manifests.project_root() / options.faces
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    face_sets = facesets.read_face_sets(folder, names)
    points = face_landmarks.read_face_landmarks()
    judge = expression_reader.read_expression_reader()
    line = {}
    for seed in range(options.seeds):
        for weighing, reader in (("template", None), ("points", points)):
            comb = train(
                face_sets, options.steps, seed, reader, options.resolution
            )
            scores = evaluation.swap_scores(comb, face_sets, judge)
            row = region_errors(comb, face_sets, points)
            row |= {name: scores[name] for name in SCORES}
            print(seed, f"{weighing:9}", row, flush=True)
            line.setdefault(weighing, []).append(row)
    means = {
        f"{weighing}_{name}": round(float(np.mean([r[name] for r in rows])), 4)
        for weighing, rows in line.items()
        for name in rows[0]
    }
    print(json.dumps(means))


if __name__ == "__main__":
    main()
