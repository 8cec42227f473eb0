"""Speed of a swap: a rendered clip and an untrained comb in, frames/s out.

    python -m benchmarks.prediction --seconds 4 --height 720
    python -m benchmarks.prediction --presets CLIP [CLIP ...]

Prints what each stage of `swap_video` costs, what reading and
writing the clip costs without a swap (the ceiling), how steady the landmarks
are, how a swap flickers, and last one line of JSON. Stages overlap: each is
what the one that swaps spends on it, while others decode and encode.
An untrained comb is as fast as a trained one, but draws noise: for the flicker
one is taken from `weights/trained`, or trained briefly on the shared crowd. A
first, uncounted run on a few frames compiles the networks.

`--presets` compares the encoder's settings on the first frames of clips: time
of the processor, size and likeness (PSNR), each beside x264's `veryfast`.
"""

import argparse
import json
import pathlib
import tempfile
import time

import cv2
import numpy as np

from benchmarks import shifts as trial
from benchmarks import skill
from helpers import synthetic
from helpers.comb import build_comb
from helpers.faces import detection, tracking
from helpers.files import manifests
from helpers.footage import media
from helpers.footage.media import writing
from helpers.latents.shifts import latent_shifts
from helpers.proof import flicker
from helpers.swap import swapping
from helpers.swap.swap_tracks import Role, steady_track, swap_tracks
from helpers.swap.swap_video import swap_video
from helpers.training import bundles

ROOT = manifests.project_root()
TRAINED = ROOT / "weights" / "trained"
PEOPLE = ("Rosa", "Marco")
TRAINING_TAKES, TRAINING_SEED, TRAINING_STEPS = (40, 4), 4, 400
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
    media.edit_video(
        clip, folder / "copy.mp4", lambda pictures: None, swapping.BATCH_SIZE
    )
    return time.perf_counter() - started


def measure_steadiness(folder, detector, frames=150):
    """How landmarks tremble and lag, against the truth of a rendered clip.

    Returns:
        dict: `jitter_ratio`, acceleration of the error of stabilised
        landmarks over that of detecting each frame, and `lag_frames`, the
        shift at which the face's way fits the true one best.
    """
    take = synthetic.write_take(
        folder,
        "steady",
        "Marco",
        synthetic.sample_take(frames, seed=1, frame_rate=FRAME_RATE),
        "test",
        size=RENDER_SIZE,
        frame_rate=FRAME_RATE,
    )
    text = take.with_suffix(".truth.json").read_text(encoding="utf-8")
    truth = np.array(
        [frame["landmarks"] for frame in json.loads(text)["frames"]]
    )
    pictures = [frame for _, _, frame in media.read_frames(take)]
    detected = np.array(
        [
            face[0]["landmarks"]
            for start in range(0, frames, swapping.BATCH_SIZE)
            for face in detector.detect(
                pictures[start : start + swapping.BATCH_SIZE]
            )
        ]
    )
    track = steady_track(tracking.find_face_track(take, detector))
    jitters = [
        np.abs(np.diff(landmarks - truth, 2, axis=0)).mean()
        for landmarks in (track.landmarks, detected)
    ]
    return {
        "jitter_ratio": round(jitters[0] / jitters[1], 3),
        "lag_frames": _lag(track.landmarks, truth),
    }


def _lag(landmarks, truth, most=6):
    """Frames by which landmarks come after the truth."""
    moves = [np.diff(way.mean(axis=1), axis=0) for way in (landmarks, truth)]
    moves = [move - move.mean(axis=0) for move in moves]
    middle = slice(most, len(moves[0]) - most)
    fits = {
        shift: float((np.roll(moves[0], -shift, 0) * moves[1])[middle].sum())
        for shift in range(-most, most + 1)
    }
    return max(fits, key=fits.get)


def measure_encoders(clip, folder, frames=120):
    """Cost and likeness of encoder settings, over those of `veryfast`.

    Returns:
        dict from settings to a dict of `time_ratio`, `size_ratio` and
        `decibels_more`.
    """
    first = [f for *_, f in media.read_frames(clip, stop=frames)]
    measured = {}
    kept = writing.ENCODING
    for name, settings in {
        "veryfast": {"preset": "veryfast"},
        "superfast": {"preset": "superfast"},
        "ours": kept,
    }.items():
        writing.ENCODING = settings
        path = folder / f"{name}.mp4"
        started = time.process_time()
        media.write_video(path, first, FRAME_RATE)
        seconds = time.process_time() - started
        errors = [
            np.mean((np.float32(again[: len(f), : f.shape[1]]) - f) ** 2)
            for f, (*_, again) in zip(
                first, media.read_frames(path), strict=True
            )
        ]
        decibels = 10 * np.log10(255**2 / np.mean(errors))
        measured[name] = (seconds, path.stat().st_size, decibels)
    writing.ENCODING = kept
    base = measured["veryfast"]
    return {
        name: {
            "time_ratio": round(figures[0] / base[0], 2),
            "size_ratio": round(figures[1] / base[1], 2),
            "decibels_more": round(float(figures[2] - base[2]), 2),
        }
        for name, figures in measured.items()
    }


def trained_comb():
    """A comb of these people that has been trained, or is now."""
    if (TRAINED / manifests.MANIFEST).is_file():
        comb = bundles.load_bundle(TRAINED)
        if set(PEOPLE) <= set(comb.identities):
            return comb
    face_sets = skill.make_faces(
        ROOT / "build" / "prediction",
        TRAINING_SEED,
        False,
        PEOPLE,
        TRAINING_TAKES,
    )
    comb = trial.train(face_sets, TRAINING_STEPS, 0)
    comb.shifts = latent_shifts(comb, face_sets)
    return comb


def measure_flicker(comb, folder, detector, frames=100):
    """Flicker of each swapped for the other, the mean of both clips."""
    ratios = []
    for seed, (source, target) in enumerate((PEOPLE, PEOPLE[::-1]), start=2):
        take = synthetic.write_take(
            folder,
            f"flicker_{target}",
            target,
            synthetic.sample_take(frames, seed, frame_rate=FRAME_RATE),
            "test",
            size=RENDER_SIZE,
            frame_rate=FRAME_RATE,
        )
        track = steady_track(tracking.find_face_track(take, detector))
        path = folder / f"flicker_{source}.mp4"
        role = Role(track, source, target)
        swap_tracks(comb, take, path, [role])
        ratios.append(flicker.flicker_ratio(comb.contract, take, path, track))
    return round(float(np.mean(ratios)), 3)


def measure_swap(comb, clip, folder, detector):
    """Report of `swap_video` with its seconds from file to file."""
    started = time.perf_counter()
    report = swap_video(comb, clip, folder / "swap.mp4", "Rosa", detector)
    report["whole"] = time.perf_counter() - started
    return report


def compare_presets(clips):
    """Print `measure_encoders` of each clip; last a line of JSON."""
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        for clip in clips:
            result[clip.name] = measure_encoders(clip, pathlib.Path(folder))
            for name, figures in result[clip.name].items():
                print(f"{clip.name:24}{name:12}", figures, flush=True)
    print(json.dumps(result))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--presets", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    if options.presets:
        compare_presets(options.presets)
        return
    comb = build_comb(PEOPLE, resolution=options.resolution)
    detector = detection.FaceDetector()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        first = write_clip(folder, swapping.BATCH_SIZE, options.height)
        frames = round(options.seconds * FRAME_RATE)
        clip = write_clip(folder, frames, options.height)
        measure_swap(comb, first, folder, detector)
        report = measure_swap(comb, clip, folder, detector)
        ceiling = measure_ceiling(clip, folder)
        steadiness = measure_steadiness(folder, detector)
        steadiness["flicker_ratio"] = measure_flicker(
            trained_comb(), folder, detector
        )
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
        f"frames_per_second_{options.height}p": round(
            frames / report["whole"], 2
        ),
        "ceiling_frames_per_second": round(frames / ceiling, 2),
        "frames": frames,
        "swapped": report["swapped"],
        "height": options.height,
        "seconds": {k: round(v, 3) for k, v in report["seconds"].items()},
        **steadiness,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
