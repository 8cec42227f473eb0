"""Trains what detail networks begin with, `weights/shared/detail`.

    python -m benchmarks.shared_detail --folder weights/shared/detail
    python -m benchmarks.shared_detail --check

Rendered people of the shared crowd, each frame played by two. What goes in is
what the crowd's decoder draws, of their own crop or of the other's, as in a
swap; what should come out is their crop at four times the size. Takes 10
minutes on two cores. Prints the error inside the mask of frames never trained
on, over that of bicubic enlargement, and how sharp both are beside the truth;
last a line of JSON. `--check` trains nothing.
"""

import argparse
import json
import time

import keras
import numpy as np

from helpers import synthetic
from helpers.crops import cut_network_crops
from helpers.crowd import Crowd
from helpers.detail_network import DetailNetwork
from helpers.files import manifests
from helpers.losses import MaskedFaceLoss
from helpers.masks import feature_weights
from helpers.proof.detail_scores import mean_steps
from helpers.proof.scores import masked_error
from helpers.swapper import face_key, resize_pictures
from helpers.training import bundles, detail_start
from helpers.training.detail_data import detail_optimizer

ROOT = manifests.project_root()
FILM = ROOT / "build" / "shared_detail"
FACTOR, BATCH_SIZE, RATE = 4, 8, 1.5e-3
HELD_OUT = 20  # frames, so twice as many pictures
# light and tone of a picture and its truth, as shares: photos vary more than
# renders do
LIGHT, TONE, NOISE = 0.2, 0.05, 0.01
NAME, KEY = "crowd", face_key("crowd")


class Films:
    """Pictures of a crowd, drawn as themselves and in another's place."""

    def __init__(self, frames, seed=30000):
        crowd = bundles.load_bundle(ROOT / "weights/shared/crowd_64", (Crowd,))
        coverage, self.side = crowd.contract["coverage"], crowd.resolution
        large = FACTOR * self.side
        film = synthetic.render_crowd(
            FILM,
            people=crowd.people,
            frames=frames,
            cast=2,
            resolution=round(large / coverage),
            seed=seed,
        )
        crops, inside = (
            each.reshape(-1, *each.shape[2:])
            for each in (film.crops, film.masks)
        )
        self.shown = np.rint(
            255 * cut_network_crops(crops, coverage, large)
        ).astype(np.uint8)
        self.inside = cut_network_crops(inside, coverage, large)
        seen = cut_network_crops(crops, coverage, self.side)
        people = film.people.ravel()
        neighbour = np.arange(len(people)) ^ 1  # who plays the same frame
        model = crowd.autoencoder()
        self.drawn = [
            model.predict(
                {
                    "blend": np.ones((len(seen), 1), np.float32),
                    "crops": seen[rows],
                    "person": people[:, None],
                },
                verbose=0,
            )["crowd"]
            for rows in (slice(None), neighbour)
        ]
        self.weights = feature_weights(large, crowd.contract)
        self.trained = len(people) - 2 * HELD_OUT

    def batch(self, random):
        """Inputs and targets of a step."""
        rows = random.integers(self.trained, size=BATCH_SIZE)
        way = random.integers(2, size=BATCH_SIZE)
        seen = np.stack(self.drawn)[way, rows]
        shown = np.concatenate(
            [
                self.shown[rows] / np.float32(255),
                (self.inside[rows] * self.weights)[..., None],
            ],
            axis=-1,
        )
        light = random.uniform(1 - LIGHT, 1 + LIGHT, (BATCH_SIZE, 1, 1, 1))
        tone = random.uniform(1 - TONE, 1 + TONE, (BATCH_SIZE, 1, 1, 3))
        light = (light * tone).astype(np.float32)
        noise = NOISE * random.standard_normal(seen.shape, np.float32)
        seen, shown[..., :3] = seen * light + noise, shown[..., :3] * light
        if random.random() < 0.5:
            seen, shown = seen[:, :, ::-1], shown[:, :, ::-1]
        return {KEY: seen}, {KEY: shown}

    def scores(self, detail):
        """Figures of frames that were never trained on."""
        rows = slice(self.trained, None)
        shown, inside = self.shown[rows] / np.float32(255), self.inside[rows]
        figures = {}
        for way, drawn in zip(("own", "swap"), self.drawn, strict=True):
            smooth = resize_pictures(drawn[rows], detail.side)
            large = detail.enlarge(drawn[rows], NAME)
            errors = [masked_error(p, shown, inside) for p in (large, smooth)]
            steps = [mean_steps(p, inside) for p in (large, smooth, shown)]
            figures[f"{way}_error_over_bicubic"] = errors[0] / errors[1]
            figures[f"{way}_sharpness"] = steps[0] / steps[2]
            figures[f"{way}_sharpness_bicubic"] = steps[1] / steps[2]
        return {name: round(value, 3) for name, value in figures.items()}


def train(films, minutes, seed=0):
    """A `DetailNetwork` of everybody, trained for some minutes."""
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    detail = DetailNetwork([NAME], films.side, FACTOR)
    model, optimizer = detail.autoencoder(), detail_optimizer(RATE)
    model.compile(optimizer, loss=MaskedFaceLoss(detail=1.0))
    model.train_on_batch(*films.batch(random))  # the first one compiles
    begun, step, done = time.monotonic(), 0, 0.0
    while done < 1:
        optimizer.learning_rate = RATE * (1 + np.cos(np.pi * done)) / 2
        loss = model.train_on_batch(*films.batch(random))
        done, step = (time.monotonic() - begun) / (60 * minutes), step + 1
        if step % 100 == 0:
            print(f"step {step}: loss {float(np.ravel(loss)[0]):.4f}")
    return detail, step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="where it is written")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--frames", type=int, default=260)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    films = Films(options.frames)
    if options.check:
        print(json.dumps(films.scores(detail_start.read_detail_start())))
        return
    detail, steps = train(films, options.minutes)
    figures = films.scores(detail)
    if options.folder:
        detail_start.write_detail_start(
            options.folder,
            detail,
            parameters={"frames": options.frames, "steps": steps},
            scores=figures,
        )
    print(json.dumps({"steps": steps, **figures}))


if __name__ == "__main__":
    main()
