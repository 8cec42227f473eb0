"""How fast synthetic people are rendered, and whether a detector sees faces.

    python -m benchmarks.synthetic --frames 240

Speed is CPU time of one thread, so that other work on the machine matters
little. The landmark error is the distance of MTCNN's five points from the
true ones, in units of the frontal distance between the eyes.
"""

import argparse
import json
import os
import time

import cv2
import numpy as np

from helpers import synthetic

RANDOM_PEOPLE = 6
FRAMES_PER_TAKE = 5
BATCH = 20


def measure_speed(size, frames=60):
    """Frames per second of CPU time, and seconds to build a person."""
    cv2.setNumThreads(1)
    start = time.process_time()
    people = [
        synthetic.Person(identity)
        for identity in synthetic.NAMED_PEOPLE.values()
    ]
    build = (time.process_time() - start) / len(people)
    take = synthetic.sample_take(frames, seed=1)
    synthetic.render(people[0], take[0], size)  # caches are filled here
    start = time.process_time()
    for number, frame in enumerate(take):
        synthetic.render(people[number % len(people)], frame, size)
    return frames / (time.process_time() - start), build


def film_people(num_frames, size, max_yaw):
    """Frames of named and random people, an equal number of each.

    Yields:
        tuple of name, image, true landmarks and the frame's zoom.
    """
    names = list(synthetic.NAMED_PEOPLE)
    names += [f"person_{number:04d}" for number in range(RANDOM_PEOPLE)]
    each = max(1, -(-num_frames // len(names)))
    for position, name in enumerate(names):
        person = synthetic.Person(synthetic.identity_parameters(name))
        frames = []
        while len(frames) < each:
            # slow film: the few frames of a take differ
            frames += synthetic.sample_take(
                FRAMES_PER_TAKE,
                seed=1000 * position + len(frames),
                frame_rate=2,
                max_yaw=max_yaw,
            )
        for frame in frames[:each]:
            shot = synthetic.render(person, frame, size)
            yield name, shot["image"], shot["landmarks"], frame["zoom"]


def detect(images):
    """MTCNN's best face of each image: five points `(5, 2)`, or `None`."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # MTCNN's only one
    from mtcnn import MTCNN

    detector = MTCNN(stages="face_and_landmarks_detection", device="CPU:0")
    landmarks = [None] * len(images)
    for start in range(0, len(images), BATCH):
        rows = detector.detect_faces(
            images[start : start + BATCH], output_type="numpy"
        )
        # image, x, y, width, height, score, five x, five y; best score last
        for row in sorted(rows, key=lambda row: row[5]):
            landmarks[start + int(row[0])] = np.stack(
                [row[6:11], row[11:16]], 1
            )
    return landmarks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--max-yaw", type=float, default=30)
    arguments = parser.parse_args()
    speed, build = measure_speed(arguments.size)
    shots = list(
        film_people(arguments.frames, arguments.size, arguments.max_yaw)
    )
    detected = detect([image for _, image, _, _ in shots])
    errors, seen = [], {}
    for (name, _, landmarks, zoom), points in zip(shots, detected, strict=True):
        seen.setdefault(name, []).append(points is not None)
        if points is not None:
            # eyes 6.3 cm apart, 61 cm from a camera of focal length 2.05
            distance = 2.05 * arguments.size * zoom * 6.3 / 61
            error = np.linalg.norm(points - landmarks, axis=1).mean()
            errors.append(error / distance)
    print(f"{'person':<14}{'frames':>8}{'found':>8}")
    for name, hits in seen.items():
        print(f"{name:<14}{len(hits):>8}{np.mean(hits):>8.1%}")
    result = {
        "frames_per_second_per_core": round(speed, 1),
        "person_build_seconds": round(build, 3),
        "size": arguments.size,
        "max_yaw": arguments.max_yaw,
        "frames": len(shots),
        "mtcnn_found_share": round(
            sum(points is not None for points in detected) / len(shots), 4
        ),
        "landmark_error_median": round(float(np.median(errors)), 4),
        "landmark_error_p95": round(float(np.percentile(errors, 95)), 4),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
