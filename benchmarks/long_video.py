"""Memory of a long swap: minutes of 1080p in, the peak of a process out.

    python -m benchmarks.long_video --minutes 10 --height 1080

A rendered clip of four seconds is repeated without encoding it again, so a long
clip costs seconds. A process of its own swaps it with an untrained comb, and
says after each minute of video how much memory it has needed so far. It is
swapped as `swap_video` does for everybody, in parts that an
interrupted run goes on from. Prints a table, and last one line of JSON. Needs
Linux or macOS.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import av

from benchmarks.prediction import FRAME_RATE, write_clip
from helpers.comb import build_comb
from helpers.faces import detection
from helpers.swap.swap_video import swap_video

SECONDS = 4  # of the clip that is repeated


def repeat_clip(clip, path, times):
    """Write a clip several times behind itself; packets are copied.

    Args:
        clip: path of a video with sound.
        path: path to write.
        times: int.
    """
    with av.open(str(path), "w", format="mp4") as output:
        with av.open(str(clip)) as source:
            streams = [
                output.add_stream_from_template(stream)
                for stream in source.streams
            ]
        for number in range(times):
            with av.open(str(clip)) as source:
                for packet in source.demux():
                    if packet.dts is None:
                        continue
                    ticks = round(SECONDS / packet.time_base)
                    # sound begins a little before the pictures, ends behind
                    early = packet.pts < 0 and number > 0
                    if early or packet.pts >= ticks:
                        continue
                    packet.pts += number * ticks
                    packet.dts += number * ticks
                    packet.stream = streams[packet.stream.index]
                    output.mux(packet)


def peak_mib():
    """Most memory that this process has needed so far, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def swap(clip, output, resolution):
    """The work of the process that is measured; prints JSON lines."""
    comb = build_comb(("Rosa", "Marco"), resolution=resolution)
    detector = detection.FaceDetector()
    started, told = time.perf_counter(), set()

    def tell(stage, done, total):
        minute = done // (60 * FRAME_RATE)
        if (stage, minute) in told and done < total:
            return
        told.add((stage, minute))
        seconds = round(time.perf_counter() - started, 1)
        line = {"stage": stage, "minutes": round(done / 60 / FRAME_RATE, 2)}
        line.update(peak_mib=round(peak_mib()), seconds=seconds)
        print(json.dumps(line), flush=True)

    report = swap_video(comb, clip, output, "Rosa", detector, progress=tell)
    line = {"stage": "whole", "minutes": report["frames"] / 60 / FRAME_RATE}
    seconds = round(time.perf_counter() - started, 1)
    line.update(peak_mib=round(peak_mib()), seconds=seconds)
    print(json.dumps({**line, "frames": report["frames"]}), flush=True)


def measure(clip, output, resolution):
    """Swap in a process of its own; prints a table and gives its lines."""
    command = [sys.executable, "-m", "benchmarks.long_video", "--swap"]
    command += [str(clip), str(output), "--resolution", str(resolution)]
    print(f"{'stage':<8}{'minutes':>9}{'peak MiB':>10}{'seconds':>9}")
    lines = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        for text in process.stdout:
            line = json.loads(text)
            lines.append(line)
            print(
                f"{line['stage']:<8}{line['minutes']:>9.2f}"
                f"{line['peak_mib']:>10}{line['seconds']:>9.1f}",
                flush=True,
            )
    if process.returncode:
        raise RuntimeError(f"The swap ended with code {process.returncode}.")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--swap", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.swap:
        return swap(*options.swap, options.resolution)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        short = write_clip(folder, SECONDS * FRAME_RATE, options.height)
        clip = folder / "long.mp4"
        started = time.perf_counter()
        repeat_clip(short, clip, round(options.minutes * 60 / SECONDS))
        print(
            f"{options.minutes} minutes of {options.height} lines, "
            f"{clip.stat().st_size / 1e6:.0f} MB, repeated in "
            f"{time.perf_counter() - started:.1f} s"
        )
        lines = measure(clip, folder / "swap.mp4", options.resolution)
    whole = lines[-1]
    seen = {
        stage: {
            str(round(line["minutes"])): line["peak_mib"]
            for line in lines
            if line["stage"] == stage and line["minutes"] >= 1
        }
        for stage in ("detect", "swap")
    }
    result = {
        "peak_gib": round(whole["peak_mib"] / 1024, 2),
        "minutes": round(whole["minutes"], 2),
        "height": options.height,
        "frames_per_second": round(whole["frames"] / whole["seconds"], 2),
        "peak_mib_after_minutes": seen,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
