"""Speed of a swap: a rendered clip and an untrained comb in, frames/s out.

    python -m benchmarks.prediction --seconds 4 --height 720

Prints what each stage of `swapping.swap_video` costs, what reading and
writing the clip costs without a swap (the ceiling), and last one line of JSON.
An untrained comb is as fast as a trained one. A first, uncounted run on a few
frames compiles the networks.
"""

import argparse
import json
import pathlib
import tempfile
import time

import cv2
import numpy as np

from helpers import detection, media, swapping, synthetic
from helpers.models.comb import build_comb

FRAME_RATE = 25
RENDER_SIZE = 256


def write_clip(folder, frames, height):
    """Write a 16:9 clip of a synthetic person in the middle, with sound.

    Args:
        folder: path.
        frames: int.
        height: int, in pixels. The rendered frame is enlarged to it.

    Returns:
        pathlib.Path of the clip.
    """
    take = synthetic.write_take(
        folder,
        f"take_{frames}",
        "Marco",
        synthetic.sample_take(frames, seed=0, frame_rate=FRAME_RATE),
        "test",
        size=RENDER_SIZE,
        frame_rate=FRAME_RATE,
        sound=True,
    )
    width = height * 16 // 9 // 2 * 2
    left = (width - height) // 2
    right = width - height - left

    def enlarge():
        for _, _, frame in media.read_frames(take):
            large = cv2.resize(
                frame, (height, height), interpolation=cv2.INTER_CUBIC
            )
            sides = ((0, 0), (left, right), (0, 0))
            yield np.pad(large, sides, mode="edge")

    path = folder / f"clip_{frames}.mp4"
    media.write_video(path, enlarge(), FRAME_RATE, sound_from=take)
    return path


def measure_ceiling(clip, folder):
    """Seconds for reading and writing the clip without any swap."""
    started = time.perf_counter()
    media.map_video(clip, folder / "copy.mp4", lambda index, time, frame: frame)
    return time.perf_counter() - started


def measure_swap(comb, clip, folder, detector):
    """Report of `swap_video` with its seconds from file to file."""
    started = time.perf_counter()
    report = swapping.swap_video(
        comb, clip, folder / "swap.mp4", "Rosa", detector
    )
    report["whole"] = time.perf_counter() - started
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--resolution", type=int, default=64)
    options = parser.parse_args()
    comb = build_comb(("Rosa", "Marco"), resolution=options.resolution)
    detector = detection.FaceDetector()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        first = write_clip(folder, swapping.BATCH_SIZE, options.height)
        frames = round(options.seconds * FRAME_RATE)
        clip = write_clip(folder, frames, options.height)
        measure_swap(comb, first, folder, detector)
        report = measure_swap(comb, clip, folder, detector)
        ceiling = measure_ceiling(clip, folder)
    frames = report["frames"]
    print(
        f"{frames} frames of {options.height} lines, {comb.resolution}-px comb"
    )
    print(f"{'stage':<12}{'seconds':>9}{'ms/frame':>10}")
    for stage, seconds in [
        *report["seconds"].items(),
        ("whole", report["whole"]),
        ("ceiling", ceiling),
    ]:
        print(f"{stage:<12}{seconds:>9.2f}{1000 * seconds / frames:>10.1f}")
    result = {
        "frames_per_second": round(frames / report["whole"], 2),
        "ceiling_frames_per_second": round(frames / ceiling, 2),
        "frames": frames,
        "swapped": report["swapped"],
        "height": options.height,
        "seconds": {k: round(v, 3) for k, v in report["seconds"].items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
