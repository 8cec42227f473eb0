"""Frames a second and memory of extraction, at several lengths of footage.

    python -m benchmarks.long_footage --lengths 1000 5000 20000

One rendered clip is repeated, without encoding it again, until it is long
enough. Each length runs in a process of its own, for its peak of memory.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import av

from helpers import synthetic
from helpers.faces import detection, finding
from helpers.files import manifests


def repeat(source, target, frames):
    """Copy a clip's packets again and again, until there are enough frames."""
    with av.open(str(source)) as before, av.open(str(target), "w") as after:
        stream = before.streams.video[0]
        copy = after.add_stream_from_template(stream)
        packets = [each for each in before.demux(stream) if each.size]
        content = [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in packets]
        ticks = packets[0].duration
        for number in range(frames):
            turn, place = divmod(number, len(content))
            data, pts, dts, is_key = content[place]
            packet = av.Packet(data)
            shift = turn * len(content) * ticks
            packet.pts, packet.dts = pts + shift, dts + shift
            packet.duration, packet.is_keyframe = ticks, is_key
            packet.stream, packet.time_base = copy, stream.time_base
            after.mux(packet)


def run(length, size):
    """Extract one length; print a line of JSON."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        take = synthetic.sample_take(100, seed=1)
        path = synthetic.write_take(
            folder / "render", "a", "Marco", take, "train", size
        )
        (folder / "footage").mkdir()
        repeat(path, folder / "footage" / "long.mp4", length)
        detector = detection.FaceDetector(0.2)
        clock = time.perf_counter()
        counts = finding.find_faces(
            folder / "footage",
            folder / "faces",
            manifests.data_contract(),
            detector,
            "Marco",
        )
        seconds = time.perf_counter() - clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "frames": counts["frames"],
        "faces": counts["faces"],
        "frames_per_second": round(counts["frames"] / seconds, 1),
        "cpu_milliseconds": round(1000 * time.process_time() / length, 2),
        "peak_mebibytes": round(peak),
    }
    print(json.dumps(result), flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--lengths", nargs="*", type=int, default=[1000, 5000, 20000]
    )
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--one", type=int, help="in this process, one length")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if options.one:
        run(options.one, options.size)
        return
    results = []
    print(f"{'frames':>8} {'frames/s':>9} {'CPU ms':>7} {'peak MiB':>9}")
    for length in options.lengths:
        command = [sys.executable, "-m", "benchmarks.long_footage"]
        command += ["--one", str(length), "--size", str(options.size)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        result = json.loads(done.stdout.splitlines()[-1])
        results.append(result)
        print(
            f"{result['frames']:8d} {result['frames_per_second']:9.1f} "
            f"{result['cpu_milliseconds']:7.2f} {result['peak_mebibytes']:9d}",
            flush=True,
        )
    print(json.dumps(results))


if __name__ == "__main__":
    main()
