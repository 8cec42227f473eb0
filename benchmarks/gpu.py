"""Training on a GPU: two rendered people in, images a second and skill out.

    python -m benchmarks.gpu
    python -m benchmarks.gpu --minutes 1 --sizes 64 128 --batch-factor 4

It was not run on a GPU yet: none was at hand. All of it takes 8 minutes at
most, and needs Keras with one of its backends, NumPy and OpenCV alone, of which
`KERAS_BACKEND` chooses one: what a rented machine has.

Films two people, and trains a comb of each size on them as long, each in a
process of its own, in mixed bfloat16, with all crops on the device
(`benchmarks.parts.device_crops`): the level below the top, then the top. Time
that compiles is not counted, but if a size has used up its part of the 8
minutes, it ends earlier and `minutes` says so. Printed are, at the top level,

- `images_per_second`, of both people together, on the device; and
  `cut_on_cpu_per_second`, what the two threads of `Trainer` would cut here:
  where it is less, they would hold the step;
- `convolution_share`, `matrix_share`: multiplications and additions a second of
  the network (three times those of its forward pass) over what this machine
  reaches, in the same precision, on plain 3x3 convolutions of 128 channels and
  on products of matrices;
- `peak_mib`: memory of the device, `None` where its backend does not tell;
- `swap_skill` and `ceiling` of unseen takes with a truth, the mean of both
  directions (`helpers.proof.scores`), drawn in float32.

Of a size that fails, what was not measured is `None`, and the next one begins.
Last comes one line of JSON.
"""

import argparse
import json
import multiprocessing
import os
import time

import keras
import numpy as np

from benchmarks.parts import device_rates, rendered_pair
from benchmarks.parts.device_crops import DeviceCrops
from benchmarks.parts.device_training import train
from benchmarks.parts.presets import read_preset
from helpers.comb import build_comb
from helpers.masks import feature_weights
from helpers.proof import scores
from helpers.training import estimate
from helpers.training.batches_ahead import make_ahead
from helpers.training.identity_data import IdentityData

PRESETS = {16: "tiny", 64: "laptop", 128: "workshop", 256: "studio"}
LIMIT = 8 * 60  # seconds of everything together
LATE = 40  # seconds that a size needs after its training
FIGURES = (
    "images_per_second",
    "cut_on_cpu_per_second",
    "convolution_share",
    "matrix_share",
    "peak_mib",
    "swap_skill",
    "ceiling",
    "minutes",
)


def score(comb, pair):
    """Swap skill and ceiling, the mean of both directions, in float32."""
    keras.config.set_dtype_policy("float32")
    exact = build_comb(**comb.config())
    for name, variable in exact.variables().items():
        variable.assign(comb.variables()[name])
    results = []
    cut = (comb.contract["coverage"], comb.resolution)
    for source, target in pair.tests:
        seen, _ = pair.training[source]
        mean = scores.mean_face(rendered_pair.cut_network_crops(seen, *cut))
        paired = rendered_pair.paired_crops(pair, source, target, *cut)
        results.append(scores.score_pair(exact, source, paired, mean))
    return {
        name: float(np.mean([result[name] for result in results]))
        for name in ("swap_skill", "ceiling")
    }


def cut_on_cpu(comb, pair, count, batches):
    """Pictures a second that the threads of `Trainer` cut."""
    crops, masks = zip(*pair.training.values(), strict=True)
    names, coverage = pair.training, comb.contract["coverage"]
    data = IdentityData(
        dict(zip(names, crops, strict=True)),
        dict(zip(names, masks, strict=True)),
        coverage,
        comb.resolution,
    )

    def make(step):
        return data.batch(step, comb.level, 1.0, count)

    begin = time.perf_counter()
    for _ in make_ahead(make, range(batches)):
        pass
    seconds = time.perf_counter() - begin
    return len(names) * count * batches / seconds


def measure_size(side, pair, options, deadline, rates):
    """Measure a size, in a process that did nothing before.

    Yields:
        dicts of figures, as they are known.
    """
    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.utils.set_random_seed(0)
    preset = read_preset(PRESETS[side])
    comb = build_comb(tuple(pair.training), **preset["network"])
    coverage = comb.contract["coverage"]
    weights = feature_weights(side, comb.contract)
    crops = {
        name: DeviceCrops(*film, coverage, side, weights)
        for name, film in pair.training.items()
    }
    sizes = [options.batch_factor * size for size in preset["batch_sizes"]]
    seconds, trained = train(comb, crops, sizes, options.minutes, deadline)
    peak = device_rates.peak_bytes()
    count = sizes[comb.level]
    model = comb.autoencoder(comb.level)
    flops = estimate.count_work(model, count)["flops"] / seconds
    flops *= estimate.TRAINING_FLOPS
    yield {
        "images_per_second": len(crops) * count / seconds,
        "cut_on_cpu_per_second": cut_on_cpu(comb, pair, count, 6),
        "peak_mib": None if peak is None else peak / 2**20,
        "minutes": trained / 60,
        "parameters": model.count_params(),
        "batch_size": count,
        "teraflops": flops / 1e12,
    }
    yield score(comb, pair)
    keras.config.set_dtype_policy("mixed_bfloat16")
    if rates is None:
        rates = device_rates.machine_rates(0.1 if options.tiny else 2.0)
    yield {
        "rates": rates,
        **{f"{kind}_share": flops / rates[kind] for kind in rates},
    }


def _send_size(connection, *arguments):
    for figures in measure_size(*arguments):
        connection.send(figures)


def in_a_process(end, *arguments):
    """`measure_size()` in a fresh process: its peak of memory is its own.

    Args:
        end: float, as of `time.time()`, when it is waited for no longer.
        arguments: of `measure_size()`.

    Returns:
        dict: what it measured until it ended, or failed.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_size, args=(sender, *arguments))
    process.start()
    sender.close()  # so that its end is seen
    figures = {}
    try:
        while receiver.poll(max(0, end - time.time())):
            figures |= receiver.recv()
    except EOFError:
        pass  # it has ended
    process.terminate()
    process.join()
    return figures


def main():
    began = time.time()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, help="of training, each size")
    parser.add_argument(
        "--sizes", type=int, nargs="+", choices=PRESETS, default=None
    )
    parser.add_argument("--batch-factor", type=int, default=1)
    parser.add_argument("--tiny", action="store_true", help="for tests")
    options = parser.parse_args()
    sizes = sorted(options.sizes or ((16,) if options.tiny else (64, 128, 256)))
    if options.minutes is None:
        options.minutes = 0.02 if options.tiny else 1.2
    takes = (2, 1) if options.tiny else (60, 12)
    coverage = 0.8
    film = rendered_pair.render_pair(
        round(sizes[-1] / coverage),
        *takes,
        1 if options.tiny else os.cpu_count(),
    )
    print(f"{'pixels':>6}" + "".join(f"{name:>22}" for name in FIGURES))
    line = {"backend": keras.backend.backend(), "sizes": sizes}
    rates = None  # of the machine, from the first size that gets so far
    for done, side in enumerate(sizes):
        pair = rendered_pair.shrink_pair(film, round(side / coverage))
        now = time.time()
        part = (began + LIMIT - now) / (len(sizes) - done)
        figures = in_a_process(
            began + LIMIT, side, pair, options, now + part - LATE, rates
        )
        rates = figures.pop("rates", rates)
        row = dict.fromkeys(FIGURES) | figures
        for name, value in row.items():
            short = value if value is None else float(f"{value:.4g}")
            line[f"{name}_{side}"] = short
        shown = [str(line[f"{name}_{side}"]) for name in FIGURES]
        print(
            f"{side:>6}" + "".join(f"{each:>22}" for each in shown), flush=True
        )
    for kind, rate in (rates or {}).items():
        line[f"{kind}_teraflops"] = round(rate / 1e12, 3)
    line["seconds"] = round(time.time() - began)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
