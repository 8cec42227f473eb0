"""Speed of training: untrained networks and noise in, pictures a second out.

    python -m benchmarks.training
    python -m benchmarks.training --presets

Trains the default crowd and the default comb of two identities through
`Trainer` as the notebooks do, each in a process of its own. Noise
costs as much as faces. Six things are measured:

- `images_per_second`, on the clock;
- `input_pipeline_ratio`: the part of a step's time, on the clock, in which
  the network works, and does not wait for its batch: 1, the input never holds
  the step; .5, it is waited for as long as the network works;
- `input_cpu_share`: what the threads that cut batches take of the CPU time of
  a step. Where cores lie idle it costs nothing on the clock;
- `machine_rate_share`: multiplications and additions a second of the network
  (three times those of its forward pass; neither the optimizer's nor the
  loss's) over what the same process reaches on plain 3x3 convolutions of 64
  channels, forward and backward;
- `estimate_time_ratio`, `estimate_memory_ratio`: what
  `helpers.training.estimate` says, over what then happens. Memory is what
  training adds at its peak.

The other ratios are of the process' CPU time, so that what else the machine
does counts little; `wall` stands beside, for a machine that does nothing else.
Steps that compile are not counted. `--presets` measures a step of every preset
but the largest, with small batches, instead. Last comes one line of JSON.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import os
import sys
import time

import numpy as np

from benchmarks.parts import presets
from helpers.comb import build_comb
from helpers.crowd import build_crowd
from helpers.encoder_decoder import level_of
from helpers.files import manifests
from helpers.synthetic.crowd_film import CrowdCrops, sample_crowd_frames
from helpers.training import estimate
from helpers.training.batches_ahead import AHEAD
from helpers.training.crowd_data import CrowdData
from helpers.training.identity_data import IdentityData
from helpers.training.trainer import Trainer, course_optimizer
from helpers.training.training_step import SupervisedStep

COVERAGE = manifests.data_contract()["coverage"]
PEOPLE = 24
CAST = 3
FRAMES = 60
NAMES = ("Rosa", "Marco")
# steps before those that count: the first one compiles, and the batches of
# these are made meanwhile
FIRST = AHEAD + 2
# a batch that two cores and 2 GB of memory can take, by preset
SMALL_BATCHES = {"tiny": 4, "laptop": 32, "workshop": 4, "studio": 1}


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
    return CrowdData(film, COVERAGE, resolution)


def identity_data(resolution, frames=FRAMES):
    """Batches of two identities of noise."""
    crops, masks = sample_noise(resolution, len(NAMES), frames)
    return IdentityData(
        dict(zip(NAMES, crops, strict=True)),
        dict(zip(NAMES, masks, strict=True)),
        COVERAGE,
        resolution,
    )


class TimedData:
    """Data that notes how long its batches keep a thread's CPU busy."""

    def __init__(self, data):
        self.data = data
        self.seconds = []

    def __getattr__(self, name):
        return getattr(self.data, name)

    def batch(self, *options):
        begin = time.thread_time()
        batch = self.data.batch(*options)
        self.seconds.append(time.thread_time() - begin)
        return batch


class TimedStep(SupervisedStep):
    """Notes when each step begins and ends, on the clock and of the CPU."""

    def train(self, *batch):
        begin = time.perf_counter(), time.process_time()
        result = super().train(*batch)
        end = time.perf_counter(), time.process_time()
        self.marks = [*getattr(self, "marks", []), (begin, end)]
        return result


def memory():
    """Memory of this process now and at its peak, in bytes."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return now, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure_steps(network, data, batch_size, steps):
    """Steps of a training at the top level.

    Returns:
        dict of floats: `seconds` a step, a pair, on the clock and of the CPU;
        `pipeline`, the part of the former that is no waiting for a batch;
        `input`, the part of the latter that cuts batches.
    """
    level = level_of(network.resolution)
    stage = {"level": level, "steps": steps + FIRST, "batch_size": batch_size}
    stage |= {"share": 1.0, "fade": 0.0}
    data = TimedData(data)
    step = TimedStep(network, data, course_optimizer)
    # a report cuts and draws a batch of its own: none but the last
    Trainer(network, data, [stage], step=step).run(report_every=stage["steps"])
    begins, ends = np.moveaxis(step.marks, 1, 0)
    # from the end of one step to that of the next; means, as threads that
    # work side by side let a step wait in turns
    spent = np.diff(ends, axis=0)[FIRST - 1 :].mean(axis=0)
    waited = (begins[1:] - ends[:-1])[FIRST - 1 :, 0].mean()
    return {
        "seconds": spent,
        "pipeline": 1 - waited / spent[0],
        "input": np.mean(data.seconds) / spent[1],
    }


def measure_training(kind, options, batch_size, steps):
    """Measure one network; to be run in a process that did nothing before.

    Args:
        kind: "comb" or "crowd".
        options: dict for `build_comb()` or `build_crowd()`.
        batch_size: int, as in the schedule.
        steps: int.

    Returns:
        dict of numbers; shares of time are pairs, on the clock and of CPU
        time, but for those of `measure_steps()`.
    """
    side = options["resolution"]
    if kind == "comb":
        network = build_comb(NAMES, **options)
        data = identity_data(side, min(FRAMES, 10**6 // side**2 + 1))
    else:
        network, data = build_crowd(PEOPLE, **options), crowd_data(side)
    level = level_of(side)
    model = network.autoencoder(level)
    flops = estimate.TRAINING_FLOPS
    flops *= estimate.count_work(model, batch_size)["flops"]
    before, _ = memory()
    measured = measure_steps(network, data, batch_size, steps)
    added = memory()[1] - before
    spent = measured.pop("seconds")
    rates = [
        estimate.measure_rates(1.0, clock)
        for clock in (time.perf_counter, time.process_time)
    ]
    stage = {"level": level, "steps": 1, "batch_size": batch_size}
    guesses = [estimate.estimate_training(network, [stage], r) for r in rates]
    return {
        "parameters": model.count_params(),
        "milliseconds": 1000 * spent,
        "share": flops / spent / [r["flops"] for r in rates],
        "time": [g["seconds"] for g in guesses] / spent,
        "memory": guesses[0]["bytes"] / added,
        "added": added / 2**20,
        "guess": guesses[0]["bytes"] / 2**20,
        **measured,
    }


def in_a_process(*arguments):
    """`measure_training()` in a fresh process: its peak is its own."""
    with concurrent.futures.ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn")
    ) as pool:
        return pool.submit(measure_training, *arguments).result()


def measure_defaults(options):
    """The default crowd and comb: a table, and what the JSON line says."""
    side = options.resolution
    print(
        f"{'network':<8}{'ms/step':>9}{'CPU ms':>8}{'pipeline':>10}"
        f"{'input CPU':>11}{'of machine':>12}{'time est.':>11}"
        f"{'memory est.':>13}{'MiB':>6}"
    )
    rows = {}
    for kind, pictures in (("crowd", 1), ("comb", len(NAMES))):
        measured = in_a_process(
            kind, {"resolution": side}, options.batch_size, options.steps
        )
        clock, cpu = measured["milliseconds"]
        print(
            f"{kind:<8}{clock:>9.0f}{cpu:>8.0f}{measured['pipeline']:>10.2f}"
            f"{measured['input']:>11.2f}"
            f"{measured['share'][1]:>12.2f}{measured['time'][1]:>11.2f}"
            f"{measured['memory']:>13.2f}{measured['added']:>6.0f}",
            flush=True,
        )
        rows[kind] = {
            "images_per_second": round(
                1000 * pictures * options.batch_size / clock
            ),
            "input_pipeline_ratio": round(measured["pipeline"], 3),
            "input_cpu_share": round(measured["input"], 3),
            "machine_rate_share": round(measured["share"][1], 3),
            "machine_rate_share_wall": round(measured["share"][0], 3),
            "estimate_time_ratio": round(measured["time"][1], 3),
            "estimate_time_ratio_wall": round(measured["time"][0], 3),
            "estimate_memory_ratio": round(measured["memory"], 3),
        }
    return {
        "resolution": side,
        "batch_size": options.batch_size,
        **rows["comb"],
        "images_per_second": rows["crowd"]["images_per_second"],
        "rows": rows,
    }


def measure_presets(options):
    """Every preset: its size, a measured step, and an estimate of its own."""
    print(
        f"{'preset':<10}{'pixels':>7}{'batch':>7}{'parameters':>12}"
        f"{'ms/step':>9}{'CPU ms':>8}{'added MiB':>11}{'estimate':>10}"
    )
    rows = {}
    for name, batch_size in SMALL_BATCHES.items():
        network = presets.read_preset(name)["network"]
        measured = in_a_process("comb", network, batch_size, options.steps)
        rows[name] = {
            "resolution": network["resolution"],
            "batch_size": batch_size,
            "parameters": measured["parameters"],
            "milliseconds": round(measured["milliseconds"][0]),
            "cpu_milliseconds": round(measured["milliseconds"][1]),
            "added_mib": round(measured["added"]),
            "estimated_mib": round(measured["guess"]),
        }
        values = list(rows[name].values())
        widths = (7, 7, 12, 9, 8, 11, 10)
        print(
            f"{name:<10}"
            + "".join(f"{v:>{w}}" for v, w in zip(values, widths, strict=True)),
            flush=True,
        )
    return {"presets": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--presets", action="store_true")
    options = parser.parse_args()
    if not sys.platform.startswith("linux"):
        sys.exit("The memory of a process is read as Linux tells it.")
    measure = measure_presets if options.presets else measure_defaults
    print(json.dumps(measure(options)))


if __name__ == "__main__":
    main()
