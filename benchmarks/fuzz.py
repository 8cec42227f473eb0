"""Fuzzing: what strangers' files and numbers make the package do.

    python -m benchmarks.fuzz --tries 10000

Each target of `benchmarks.parts.fuzz_targets` gets so many values, the same
ones in every run (`hypothesis`). Anything but an error of ours with advice
counts as a traceback, and so does what takes ten seconds. Where `atheris` can
be imported (it needs a Clang of its own), `--atheris TARGET` lets it look for
more, guided by the code that is reached. Prints a table, and last one line of
JSON.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings

import av
import hypothesis

from benchmarks.parts import fuzz_targets

MOST_SECONDS = 10
SETTINGS = {
    "database": None,
    "deadline": None,
    "derandomize": True,
    "phases": [hypothesis.Phase.generate],
    "suppress_health_check": list(hypothesis.HealthCheck),
}


def _too_long(*_):
    raise TimeoutError(f"longer than {MOST_SECONDS} s")


class Trial:
    """Runs one target, and counts what comes out.

    Args:
        function: of a value and a folder.
        folder: path, emptied before each try.
    """

    def __init__(self, function, folder):
        self.function, self.folder = function, pathlib.Path(folder)
        self.counts, self.kinds, self.slowest = collections.Counter(), {}, 0.0

    def __call__(self, value):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        start = time.perf_counter()
        signal.alarm(MOST_SECONDS)
        try:
            self.function(value, self.folder)
            self.counts["taken"] += 1
        except Exception as error:  # noqa: BLE001 - counted by its kind
            good = fuzz_targets.advised(error)
            self.counts["refused" if good else "tracebacks"] += 1
            if not good:
                self._note(error, value)
        finally:
            signal.alarm(0)
        self.slowest = max(self.slowest, time.perf_counter() - start)

    def _note(self, error, value):
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{pathlib.Path(place.filename).name}:{place.lineno}"
        kind = f"{type(error).__name__} at {where}: {str(error)[:80]}"
        self.kinds.setdefault(kind.split(": ")[0], (kind, repr(value)[:200]))


def run(strategy, function, tries, folder):
    """Try a target with so many values; gives its `Trial`."""
    trial = Trial(function, folder)
    settings = hypothesis.settings(max_examples=tries, **SETTINGS)
    signal.signal(signal.SIGALRM, _too_long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings(hypothesis.given(strategy)(trial.__call__))()
    return trial


def seeds(folder, endings, most_bytes=100_000, cut=True):
    """Ending and first bytes of real files, where there are any."""
    for path in sorted(pathlib.Path(folder).rglob("*")):
        small = path.is_file() and (cut or path.stat().st_size <= most_bytes)
        if small and path.suffix.lower() in endings:
            with path.open("rb") as file:
                yield path.suffix.lower(), file.read(most_bytes)


def guided(strategy, function, folder):
    """Let atheris look for more; it ends the process."""
    try:
        import atheris
    except ImportError:
        raise SystemExit(
            "atheris should be installed (pip install atheris; it needs "
            "Clang). Received: no such package. Run without --atheris."
        ) from None
    trial = Trial(function, folder)
    test = hypothesis.given(strategy)(trial.__call__)
    atheris.instrument_all()
    atheris.Setup(sys.argv[:1], test.hypothesis.fuzz_one_input)
    with contextlib.suppress(KeyboardInterrupt):
        atheris.Fuzz()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=10_000)
    parser.add_argument("--only", help="names of targets, comma between")
    parser.add_argument("--seeds", default="../shared/data/awkward")
    parser.add_argument("--atheris", help="name of a target")
    options = parser.parse_args()
    av.logging.set_level(None)
    endings = fuzz_targets.media.PHOTO_ENDINGS
    photos = list(seeds(options.seeds, endings, cut=False))
    videos = list(seeds(options.seeds, fuzz_targets.media.VIDEO_ENDINGS))
    total = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        targets = fuzz_targets.targets(folder, photos, videos)
        place = pathlib.Path(folder, "try")
        if options.atheris:
            return guided(*targets[options.atheris], place)
        for name in (options.only or ",".join(targets)).split(","):
            start = time.perf_counter()
            trial = run(*targets[name], options.tries, place)
            counts, seconds = trial.counts, time.perf_counter() - start
            total += counts
            print(
                f"{name:<12} {counts['taken']:>6} taken {counts['refused']:>6} "
                f"refused {counts['tracebacks']:>5} tracebacks  slowest "
                f"{trial.slowest:.2f} s, {seconds:.0f} s in all",
                flush=True,
            )
            for kind, value in trial.kinds.values():
                print(f"    {kind}\n        {value}", flush=True)
    tries = sum(total.values())
    print(json.dumps({"tries": tries, "tracebacks": total["tracebacks"]}))


if __name__ == "__main__":
    main()
