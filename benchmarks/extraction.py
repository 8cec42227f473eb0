"""How fast footage becomes a face set, against mtcnn called frame by frame.

    python -m benchmarks.extraction
    python -m benchmarks.extraction --clips CLIP.mp4 --photos PHOTO.jpg
    python -m benchmarks.extraction --length

Ours is all of `finding.find_faces`: reading, following, cutting, encoding,
writing. The baseline reads the same frames and calls `MTCNN().detect_faces`
with its defaults on each, nothing else, on a sample of them, in the same run.
Clips of 1280 x 720 and photos of 20 megapixels are made of rendered people;
real ones may be added, and have lines and figures of their own. With `--length`
frames a second at several lengths.

`detections_kept` is the share of mtcnn's detections, at least as wide as the
smallest wanted face, that are records of ours in the same frame, less than
half the eyes' distance away. Detections that mtcnn does not make again when
the picture is moved by some pixels are taken for false, and counted apart.

`landmark_deviation` is the median distance from mtcnn's landmarks in eye
distances. `mtcnn_tremble` is how far mtcnn is from itself when the picture is
moved by a pixel, and `deviation_from_mean` how far ours are from the mean of
mtcnn over five such moves: what it means, without its tremble. `mtcnn_smaller`
is how far mtcnn is from itself when it looks at the smaller picture that is
enough for the smallest wanted face. The errors are medians against the renders'
truth, of the same faces.
"""

import argparse
import json
import os
import pathlib
import tempfile
import time

import cv2
import numpy as np

from benchmarks import long_footage
from benchmarks.parts import extraction_stages
from helpers import synthetic
from helpers.faces import detection, face_records, finding
from helpers.files import manifests
from helpers.footage import media

# by how many pixels a picture is moved to see how mtcnn trembles
MOVES = ((1, 0), (0, 1), (3, 2), (5, 7))
PEOPLE = ("Marco", "Rosa", "Lena", "Viktor")
POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
PHOTO_SHAPE = (3648, 5472)
MEDIANS = {
    "landmark_deviation": "away",
    "mtcnn_tremble": "tremble",
    "mtcnn_smaller": "smaller",
    "deviation_from_mean": "mean",
}


def film(folder, people, frames):
    """Clips of 1280 x 720 of rendered people; path to true landmarks."""
    truths = {}
    for seed, person in enumerate(people):
        take = synthetic.sample_take(frames, seed=seed)
        path = synthetic.write_take(
            folder / "renders", person, person, take, "train", 720
        )
        truth = json.loads(
            path.with_suffix(".truth.json").read_text(encoding="utf-8")
        )
        wide = [
            cv2.copyMakeBorder(frame, 0, 0, 280, 280, cv2.BORDER_REFLECT_101)
            for _, _, frame in media.read_frames(path)
        ]
        target = folder / "clips" / f"{person}.mp4"
        media.write_video(target, wide, 25)
        truths[target] = [
            np.array(each["landmarks"]) + (280, 0) for each in truth["frames"]
        ]
    return truths


def photograph(folder, people, count):
    """Photos of 20 megapixels with a rendered face; path to landmarks."""
    truths = {}
    height, width = PHOTO_SHAPE
    for number in range(count):
        person = people[number % len(people)]
        take = synthetic.sample_take(40, seed=100 + number)[-1:]
        path = synthetic.write_take(
            folder / "portraits", f"{number}", person, take, "train", 720
        )
        truth = json.loads(
            path.with_suffix(".truth.json").read_text(encoding="utf-8")
        )
        side = (1200, 2000, 3000)[number % 3]
        portrait = cv2.resize(next(media.read_frames(path))[2], (side, side))
        left, top = (width - side) // 2, (height - side) // 2
        noise = np.random.default_rng(number).integers(60, 190, (9, 9, 3))
        photo = cv2.resize(np.uint8(noise), (width, height))
        photo[top : top + side, left : left + side] = portrait
        target = folder / "photos" / f"{number}.jpg"
        media.write_image(target, photo)
        points = np.array(truth["frames"][0]["landmarks"]) * side / 720
        truths[target] = [points + (left, top)]
    return truths


def call_mtcnn(network, image, narrowest):
    """Landmarks of mtcnn's detections that are wide enough."""
    faces = []
    for face in network.detect_faces(image):
        if face["box"][2] >= narrowest:
            points = [face["keypoints"][name] for name in POINTS]
            faces.append(np.array(points, float))
    return faces


def nearest(places, landmarks):
    """The face that is at a place, or `None`."""
    reach = 0.5 * eyes_of(landmarks)
    for place in places:
        if np.linalg.norm((place - landmarks).mean(axis=0)) < reach:
            return place
    return None


def eyes_of(landmarks):
    return max(1.0, float(np.linalg.norm(landmarks[1] - landmarks[0])))


def run_baseline(network, detector, path, sample):
    """Detections of some frames, seconds a frame, moved and smaller ones."""
    share = detector.min_face_share
    is_photo = path.suffix.lower() in media.PHOTO_ENDINGS
    clock, frames = time.perf_counter(), []
    if is_photo:
        frames = [(0, media.read_photo(path))]
    else:
        count = media.probe_video(path)["frames"]
        step = max(1, count // sample)
        frames = [(n, f) for n, _, f in media.read_frames(path, step)]
    # skipped frames are decoded too, so that is no loss for the baseline
    reading = time.perf_counter() - clock
    theirs, seconds = {}, reading / len(frames)
    for index, frame in frames:
        narrowest = share * min(frame.shape[:2])
        clock = time.perf_counter()
        theirs[index] = call_mtcnn(network, frame, narrowest)
        seconds += (time.perf_counter() - clock) / len(frames)
    moved = {}
    for index, frame in frames:
        narrowest = 0.8 * share * min(frame.shape[:2])
        moved[index] = [
            [
                each + (right, down)
                for each in call_mtcnn(
                    network,
                    np.ascontiguousarray(frame[down:, right:]),
                    narrowest,
                )
            ]
            for right, down in MOVES
        ]
    smaller = {
        index: [face["landmarks"] for face in detector.detect([frame])[0]]
        for index, frame in frames
    }
    return theirs, seconds, moved, smaller


def compare(theirs, moved, smaller, ours, truth):
    """What became of mtcnn's detections of one file."""
    rows = {"kept": [], "false": 0, "away": [], "tremble": [], "mean": []}
    rows |= {"smaller": [], "error": [], "mtcnn_error": []}
    for index, faces in theirs.items():
        for face in faces:
            again = [nearest(places, face) for places in moved[index]]
            again = [each for each in again if each is not None]
            if 2 * len(again) < len(MOVES):
                rows["false"] += 1
                continue
            mine = nearest(ours.get(index, []), face)
            rows["kept"].append(mine is not None)
            if mine is None:
                continue
            eyes = eyes_of(face)
            mean = np.mean([face, *again], axis=0)
            rows["away"].append(_apart(mine, face) / eyes)
            rows["tremble"].append(_apart(again[0], face) / eyes)
            rows["mean"].append(_apart(mine, mean) / eyes)
            less = nearest(smaller[index], face)
            if less is not None:
                rows["smaller"].append(_apart(less, face) / eyes)
            if truth is not None:
                eyes = eyes_of(truth[index])
                rows["error"].append(_apart(mine, truth[index]) / eyes)
                rows["mtcnn_error"].append(_apart(face, truth[index]) / eyes)
    return rows


def _apart(one, other):
    return np.linalg.norm(one - other, axis=1)


def run_ours(folder, output, detector):
    """Landmarks of all records by file and frame, seconds a frame."""
    clock, cpu = time.perf_counter(), time.process_time()
    report = finding.find_faces(
        folder, output, manifests.data_contract(), detector, "Somebody"
    )
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    records = face_records.read_records(
        output / "Somebody" / face_records.RECORDS
    )
    ours = {}
    for record in records:
        frames = ours.setdefault(record["file"], {})
        points = np.array(record["landmarks"])
        frames.setdefault(record["frame"], []).append(points)
    return ours, clock / report["frames"], cpu / report["frames"]


def measure(name, files, output, detector, network, sample):
    """Rows of the comparison of some files, each with its true landmarks."""
    folder = output / name
    folder.mkdir(parents=True)
    for number, path in enumerate(files):
        (folder / f"{number}{path.suffix}").symlink_to(path.resolve())
    ours, seconds, cpu = run_ours(folder, output / "faces" / name, detector)
    rows, baseline = [], []
    for number, (path, truth) in enumerate(files.items()):
        theirs, spent, *others = run_baseline(network, detector, path, sample)
        mine = ours.get(f"{number}{path.suffix}", {})
        baseline.append(spent)
        rows.append(compare(theirs, *others, mine, truth))
        rows[-1]["real"] = truth is None
        print(
            f"{path.parent.name + '/' + path.name:40} "
            f"{sum(rows[-1]['kept']):3} of {len(rows[-1]['kept']):3} kept, "
            f"{rows[-1]['false']} of mtcnn's false; away "
            f"{median(rows[-1:], 'away')}, tremble "
            f"{median(rows[-1:], 'tremble')}",
            flush=True,
        )
    speedup = float(np.mean(baseline)) / seconds
    print(
        f"{name:8} {1 / seconds:8.2f} frames/s, mtcnn "
        f"{1 / np.mean(baseline):6.2f}",
        flush=True,
    )
    return rows, speedup, 1 / seconds, 1000 * cpu


def median(rows, key):
    values = [each for row in rows for each in row[key]]
    return round(float(np.median(values)), 4) if values else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--sample", type=int, default=8)
    parser.add_argument("--photo-count", type=int, default=3)
    parser.add_argument("--min-face-share", type=float, default=0.12)
    parser.add_argument("--clips", nargs="*", type=pathlib.Path, default=[])
    parser.add_argument("--photos", nargs="*", type=pathlib.Path, default=[])
    parser.add_argument("--length", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if options.length:
        long_footage.main([])
        return
    import mtcnn

    detector = detection.FaceDetector(options.min_face_share)
    network = mtcnn.MTCNN()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        clips = film(folder, PEOPLE, options.frames)
        photos = photograph(folder, PEOPLE, options.photo_count)
        first = next(media.read_frames(next(iter(clips))))[2]
        for _ in range(2):  # the first calls pay for TensorFlow's start
            network.detect_faces(first)
            detector.detect([first] * 8)
        stages = extraction_stages.time_stages(next(iter(clips)), detector)
        clips |= dict.fromkeys(options.clips)
        photos |= dict.fromkeys(options.photos)
        work = (folder / "out", detector, network, options.sample)
        video, faster, rate, cpu = measure("clips", clips, *work)
        photo, photos_faster, photo_rate, _ = measure("photos", photos, *work)
    rows = video + photo
    kept = [each for row in rows for each in row["kept"]]
    result = {
        "speedup_video": round(faster, 1),
        "speedup_photos": round(photos_faster, 1),
        "detections_kept": round(float(np.mean(kept)), 4),
        "detections": len(kept),
        "false_of_mtcnn": sum(row["false"] for row in rows),
        "landmark_deviation": median(rows, "away"),
        **{
            f"{name}_{kind}": median(
                [r for r in rows if r["real"] == real], key
            )
            for kind, real in (("rendered", False), ("real", True))
            for name, key in MEDIANS.items()
        },
        "landmark_error": median(rows, "error"),
        "mtcnn_landmark_error": median(rows, "mtcnn_error"),
        "frames_per_second": round(rate, 1),
        "photos_per_second": round(photo_rate, 2),
        "cpu_milliseconds_a_frame": round(cpu, 1),
        "milliseconds": stages,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
