"""Speed and steadiness of the live mode: rendered clips in a camera's place.

    python -m benchmarks.live --seconds 6

For 640 x 480 and 1280 x 720 pixels, played at their own 25 frames a second:
how many frames are shown and dropped, how late they are, what each stage
costs; the same with detections that the picture waits for. Then, without a
clock, how the followed landmarks tremble and lag against the truth, for
several strengths of the filter. Prints tables and last one line of JSON.

The lag is what fits best in frames, also between whole ones: the error of a
face's centre along its way. `jitter_ratio` is that of `benchmarks.prediction`:
acceleration of the error over that of detecting each frame.
"""

import argparse
import json
import pathlib
import tempfile

import cv2
import numpy as np

from helpers import synthetic
from helpers.comb import build_comb
from helpers.faces import detection, live_tracking
from helpers.footage import media
from helpers.footage.media import cameras
from helpers.swap import live

FRAME_RATE = 25
RENDER_SIZE = 256
SIZES = {"640x480": (480, 640), "1280x720": (720, 1280)}
NOWHERE = np.full((5, 2), np.nan)
# least cutoff in Hz, and gain
FILTERS = ((1.0, 2.0), (1.0, 6.0), (2.0, 6.0), (2.0, 12.0), (4.0, 12.0))


def write_clip(folder, take, size):
    """A take in the middle of a picture, enlarged.

    Returns:
        Tuple of the clip's path and the true landmarks, float array, shape
        `(frames, 5, 2)`, in pixels of the clip.
    """
    height, width = size
    left = (width - height) // 2
    sides = ((0, 0), (left, width - height - left), (0, 0))

    def enlarge():
        for _, _, frame in media.read_frames(take):
            large = cv2.resize(
                frame, (height, height), interpolation=cv2.INTER_CUBIC
            )
            yield np.pad(large, sides, mode="edge")

    path = folder / f"clip_{height}.mp4"
    media.write_video(path, enlarge(), FRAME_RATE)
    text = take.with_suffix(".truth.json").read_text(encoding="utf-8")
    truth = np.array([row["landmarks"] for row in json.loads(text)["frames"]])
    truth = (truth + 0.5) * height / RENDER_SIZE - 0.5
    return path, truth + (left, 0)


def measure_live(comb, clip, detector, beside):
    """Report of a clip that is played and swapped at its own pace."""
    frames = live.warm_up(comb, detector, cameras.play_file(clip))
    swapper = live.LiveSwapper(comb, detector, beside=beside)
    with cameras.Newest(frames) as newest, swapper:
        for taken in newest:
            shown = swapper.swap(taken, "Rosa")
            with swapper.time_stage("show"):
                media.encode_image(shown.frame, ".jpg", 80)
            swapper.note_shown(shown, newest.dropped)
    return swapper.report()


def follow(clip, detector):
    """What is found in each frame before it is calmed, and when."""
    places = []

    class Plain(live_tracking.OneEuro):
        def add_landmarks(self, landmarks, seconds):
            super().add_landmarks(landmarks, seconds)
            self.place = landmarks

    real, live_tracking.OneEuro = live_tracking.OneEuro, Plain
    try:
        with live_tracking.LiveTracker(detector, beside=False) as tracker:
            for taken in cameras.play_file(clip, paced=False):
                place = tracker.follow(taken.frame, taken.time)
                places.append(
                    np.full((5, 2), np.nan) if place is None else place
                )
    finally:
        live_tracking.OneEuro = real
    return np.array(places)


def calm(places, least_cutoff, gain):
    """Landmarks as the filter gives them."""
    euro = live_tracking.OneEuro(least_cutoff, gain)
    return np.array(
        [
            euro.add_landmarks(place, n / FRAME_RATE)
            for n, place in enumerate(places)
        ]
    )


def measure_lag(landmarks, truth):
    """Frames by which landmarks come after the truth, by least squares."""
    way, true = landmarks.mean(axis=1), truth.mean(axis=1)
    speed = np.gradient(true, axis=0)
    error = true - way
    error = error - error.mean(axis=0)
    return float((speed * error).sum() / (speed**2).sum())


def measure_jitter(landmarks, truth):
    return float(np.abs(np.diff(landmarks - truth, 2, axis=0)).mean())


def detect_all(clip, detector):
    return np.array(
        [
            detector.detect([frame])[0][0]["landmarks"]
            for *_, frame in media.read_frames(clip)
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--resolution", type=int, default=64)
    options = parser.parse_args()
    comb = build_comb(("Rosa", "Marco"), resolution=options.resolution)
    detector = detection.FaceDetector(0.2)
    frames = round(options.seconds * FRAME_RATE)
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        take = synthetic.write_take(
            folder,
            "take",
            "Marco",
            synthetic.sample_take(frames, seed=1, frame_rate=FRAME_RATE),
            "test",
            size=RENDER_SIZE,
            frame_rate=FRAME_RATE,
        )
        clips = {
            name: write_clip(folder, take, size) for name, size in SIZES.items()
        }
        print(
            f"{'':<10}{'detected':<10}"
            + "frames/s  ms late  95th  swapped  dropped"
        )
        for name, (clip, _) in clips.items():
            for beside in (False, True):
                report = measure_live(comb, clip, detector, beside)
                how = "beside" if beside else "between"
                print(
                    f"{name:<10}{how:<10}"
                    f"{report['frames_per_second']:8.1f}"
                    f"{report['latency_ms']:9.0f}{report['latency_ms_95']:6.0f}"
                    f"{report['swapped']:9d}{report['dropped']:9d}"
                )
                result[f"{name}_{how}"] = report
            print("  ms:", report["stages_ms"])
        clip, truth = clips["640x480"]
        result |= compare_filters(clip, truth, detector)
    print(json.dumps(result))


def compare_filters(clip, truth, detector):
    """Table of the filter's strengths; figures of the one in use."""
    places = follow(clip, detector)
    seen = np.isfinite(places).all(axis=(1, 2))
    places, truth = places[seen], truth[seen]
    alone = measure_jitter(detect_all(clip, detector)[seen], truth)
    print(f"{len(truth)} frames followed of {len(seen)}")
    print(f"{'filter':<22}{'jitter_ratio':>12}{'lag_frames':>12}")
    used = live_tracking.LEAST_CUTOFF, live_tracking.GAIN
    rows = [("none", places)] + [
        (pair, calm(places, *pair)) for pair in dict.fromkeys((*FILTERS, used))
    ]
    figures = {}
    for name, landmarks in rows:
        jitter = measure_jitter(landmarks, truth) / alone
        lag = measure_lag(landmarks, truth)
        print(f"{name!s:<22}{jitter:>12.3f}{lag:>12.2f}")
        figures[name] = jitter, lag
    jitter, lag = figures[used]
    return {
        "jitter_ratio": round(jitter, 3),
        "lag_frames": round(lag, 2),
        "followed": int(seen.sum()),
    }


if __name__ == "__main__":
    main()
