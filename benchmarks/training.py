"""Speed of training: untrained networks and noise in, pictures a second out.

    python -m benchmarks.training --seconds 10 --resolution 64

Trains a crowd flat at each level, then a comb of two identities at the top
one, with the default widths, through `training.Trainer` as the notebooks do.
The first step, which compiles, is not counted. Noise costs as much as faces.
`cutting` is the share of a step's CPU time that cuts and augments its batch,
on threads beside the network. Last comes one line of JSON.
"""

import argparse
import json
import sys
import time

import numpy as np

from helpers import growth, manifests, training, training_data
from helpers.models.comb import build_comb, level_of, resolution_of
from helpers.models.crowd import build_crowd
from helpers.synthetic.crowd import CrowdCrops, sample_crowd_frames

COVERAGE = manifests.data_contract()["coverage"]
PEOPLE = 24
CAST = 3
FRAMES = 150
NAMES = ("Rosa", "Marco")


def sample_noise(resolution, *shape):
    """Noise for crops and masks of the size that such a network is fed.

    Returns:
        tuple of uint8 arrays, shapes `(*shape, size, size, 3)` and `(*shape,
        size, size)`.
    """
    size = round(resolution / COVERAGE)
    random = np.random.default_rng(0)
    crops = random.integers(0, 256, (*shape, size, size, 3), np.uint8)
    return crops, np.full((*shape, size, size), 255, np.uint8)


def crowd_data(resolution):
    """Batches of a crowd of noise."""
    random = np.random.default_rng(1)
    cast = [random.permutation(PEOPLE)[:CAST] for _ in range(FRAMES)]
    noise = sample_noise(resolution, FRAMES, CAST)
    film = CrowdCrops(*noise, np.array(cast), sample_crowd_frames(FRAMES, 0))
    return training_data.CrowdData(film, COVERAGE, resolution)


def identity_data(resolution):
    """Batches of two identities of noise."""
    crops, masks = sample_noise(resolution, len(NAMES), FRAMES)
    return training_data.IdentityData(
        dict(zip(NAMES, crops, strict=True)),
        dict(zip(NAMES, masks, strict=True)),
        COVERAGE,
        resolution,
    )


def measure_training(network, data, level, batch_size, seconds):
    """Train one level for some seconds.

    Args:
        network: `Comb` or `Crowd`.
        data: `IdentityData` or `CrowdData`.
        level: int.
        batch_size: int, as in the schedule.
        seconds: float, on the clock.

    Returns:
        dict with `milliseconds` a step on the clock, `cpu_milliseconds` a
        step, and `cutting`, the share of those that makes the batch.
    """
    stages = growth.growth_schedule(level, 10**9, level, batch_size)
    marks = []

    def mark(report):
        marks.append((report["step"], time.perf_counter(), time.process_time()))

    trainer = training.Trainer(network, data, stages, minutes=seconds / 60)
    trainer.run(report_every=1, on_report=mark)
    # from the first report on: what is compiled has been by then
    (first, *begin), (last, *end) = marks[0], marks[-1]
    clock, cpu = (
        (b - a) / (last - first) for a, b in zip(begin, end, strict=True)
    )
    started, batches = time.process_time(), 5
    for step in range(batches):
        data.batch(step, level, 1.0, batch_size)
    cutting = (time.process_time() - started) / batches
    return {
        "milliseconds": 1000 * clock,
        "cpu_milliseconds": 1000 * cpu,
        "cutting": cutting / cpu,
    }


def peak_memory():
    """Largest memory this process has had in MiB, or `None` on Windows."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10, help="each row")
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    side, batch_size = options.resolution, options.batch_size
    top = level_of(side)
    rows = [("crowd", level, batch_size) for level in range(top + 1)]
    rows.append(("comb", top, batch_size * len(NAMES)))
    print(
        f"{'network':<8}{'pixels':>7}{'pictures/s':>12}{'ms/step':>9}"
        f"{'CPU ms':>8}{'cutting':>9}{'peak MiB':>10}"
    )
    speeds = {}
    for name, level, pictures in rows:
        if name == "crowd":
            network = build_crowd(PEOPLE, resolution=side)
            data = crowd_data(side)
        else:
            network = build_comb(NAMES, resolution=side)
            data = identity_data(side)
        found = measure_training(
            network, data, level, batch_size, options.seconds
        )
        peak = peak_memory()
        key = f"{name}_{resolution_of(level)}"
        speeds[key] = {
            "images_per_second": round(1000 * pictures / found["milliseconds"]),
            "cutting": round(found["cutting"], 3),
        }
        print(
            f"{name:<8}{resolution_of(level):>7}"
            f"{speeds[key]['images_per_second']:>12}"
            f"{found['milliseconds']:>9.1f}{found['cpu_milliseconds']:>8.1f}"
            f"{found['cutting']:>9.0%}"
            f"{'unknown' if peak is None else round(peak):>10}",
            flush=True,
        )
    result = {
        "images_per_second": speeds[f"crowd_{side}"]["images_per_second"],
        "resolution": side,
        "batch_size": batch_size,
        "rows": speeds,
        "peak_mib": None if peak is None else round(peak),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
