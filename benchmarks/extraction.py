"""How fast a clip becomes a face set, and how well its landmarks lie.

    python -m benchmarks.extraction --frames 240

A synthetic clip is filmed, then extracted as notebook 01 does it. Speed is
the time on the clock (TensorFlow uses all cores) with CPU seconds beside it;
each stage is also timed alone. The landmark error is the distance from the
true points in units of the distance between the eyes.
"""

import argparse
import json
import os
import pathlib
import tempfile
import time

import numpy as np

from helpers import (
    alignment,
    detection,
    facesets,
    manifests,
    masks,
    media,
    synthetic,
)

BATCH = facesets.BATCH_FRAMES


def film(folder, frames, size):
    """Film one clip of a synthetic person, with its truth beside it."""
    parameters = synthetic.sample_take(frames, seed=1)
    return synthetic.write_take(
        folder, "train_000", "Marco", parameters, "train", size
    )


def time_stages(path, detector, contract):
    """Milliseconds a frame of reading, detecting, cutting and encoding."""
    start = time.perf_counter()
    images = [frame for _, _, frame in media.read_frames(path)]
    stages = {"read": time.perf_counter() - start}

    start = time.perf_counter()
    found = []
    for first in range(0, len(images), BATCH):
        found += detector.detect(images[first : first + BATCH])
    stages["detect"] = time.perf_counter() - start

    size = contract["crop_size"]
    start = time.perf_counter()
    crops = []
    for image, faces in zip(images, found, strict=True):
        if faces:
            matrix = alignment.crop_matrix(faces[0]["landmarks"], contract)
            crops.append(alignment.cut_crop(image, matrix, size))
    stages["cut"] = time.perf_counter() - start

    mask = (masks.face_mask(size, contract) * 255).astype(np.uint8)
    start = time.perf_counter()
    for crop in crops:
        media.encode_image(crop, ".jpg", facesets.JPEG_QUALITY)
        media.encode_image(mask, ".png")
    stages["encode"] = time.perf_counter() - start
    return {
        stage: 1000 * seconds / len(images) for stage, seconds in stages.items()
    }


def time_extraction(folder, output, detector, contract):
    """The report of an extraction with its seconds."""
    clock, cpu = time.perf_counter(), time.process_time()
    report = facesets.extract_faces(folder, output, contract, detector, "Marco")
    return (
        report,
        time.perf_counter() - clock,
        time.process_time() - cpu,
    )


def landmark_error(folder, output):
    """Mean distance of the landmarks from the truth, in eye distances."""
    lines = (output / "Marco" / facesets.RECORDS).read_text().splitlines()
    truth = json.loads((folder / "train_000.truth.json").read_text())["frames"]
    errors = []
    for record in map(json.loads, lines):
        points = np.array(truth[record["frame"]]["landmarks"])
        apart = np.linalg.norm(points[1] - points[0])
        away = np.linalg.norm(np.array(record["landmarks"]) - points, axis=1)
        errors.append(away.mean() / apart)
    return float(np.mean(errors))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=160)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--min-face-share", type=float, default=0.12)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")

    contract = manifests.data_contract()
    detector = detection.FaceDetector(min_face_share=options.min_face_share)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "footage" / "Marco"
        output = pathlib.Path(name) / "faces"
        path = film(folder, options.frames, options.size)
        # the first batch pays for TensorFlow's start
        first = next(media.read_frames(path))[2]
        detector.detect([first] * BATCH)
        report, clock, cpu = time_extraction(folder, output, detector, contract)
        error = landmark_error(folder, output)
        stages = time_stages(path, detector, contract)

    for stage, milliseconds in stages.items():
        print(f"{stage:8} {milliseconds:7.2f} ms a frame")
    print(f"frames   {report['frames']:7d}, kept {report['kept']}")
    result = {
        "frames_per_second": round(report["frames"] / clock, 1),
        "frames_per_cpu_second": round(report["frames"] / cpu, 1),
        "found_share": round(1 - report["no_face"] / report["frames"], 4),
        "landmark_error": round(error, 4),
        "milliseconds": {
            stage: round(value, 2) for stage, value in stages.items()
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
