"""What the thresholds of choosing stand on, on rendered and real faces.

    python -m benchmarks.choosing --real ../shared/data

Rendered people are blurred, darkened, compressed and made to blink: a table of
what the measures say. Then what is left out of real footage, reason by reason,
and how long 20 000 faces take. Real sets that are not there are named.
"""

import argparse
import collections
import json
import pathlib
import tempfile
import time

import cv2
import numpy as np

from benchmarks import grouping, likeness
from helpers import alignment, synthetic
from helpers.crops import cut_crop
from helpers.faces import detection, finding
from helpers.faces.sorting import choosing, crop_quality, repeats
from helpers.files import manifests

CONTRACT = manifests.data_contract()
FIRST_PERSON = 140_000
BLURS = (0, 2, 3, 4, 6, 8)  # standard deviations in pixels of a crop of 256
MANY = 20_000
CLIPS = (
    "awkward/videos/small_face_hands_book.mkv",
    "awkward/videos/small_face_hands_learn.mkv",
    "awkward/videos/many_cuts_mostly_no_face.mp4",
    "awkward/videos/no_face_no_audio.mp4",
)


def crop_of(person, frame):
    shot = synthetic.render(person, frame, likeness.FRAME_SIZE)
    matrix = alignment.crop_matrix(shot["landmarks"], CONTRACT)
    return cut_crop(shot["image"], matrix, CONTRACT["crop_size"])


def noisy(crop, spread, random):
    noise = random.normal(0, spread, crop.shape)
    return np.uint8(np.clip(crop + noise, 0, 255))


def compressed(crop, quality):
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imdecode(cv2.imencode(".jpg", crop, options)[1], 1)


def shifted(crop, pixels):
    matrix = np.float32([[1, 0, pixels], [0, 1, 0]])
    return cv2.warpAffine(
        crop, matrix, crop.shape[1::-1], borderMode=cv2.BORDER_REPLICATE
    )


def measure_rendered(people):
    """What the measures say of rendered faces: dict from name to values."""
    measured = collections.defaultdict(list)
    random = np.random.default_rng(0)

    def small(crop):
        return repeats.small_look(crop_quality.look_at(crop)).astype(int)

    for number in range(people):
        person = synthetic.Person(
            synthetic.random_identity(FIRST_PERSON + number)
        )
        frame = dict(synthetic.sample_take(1, FIRST_PERSON + number)[0])
        frame |= {"blink": 0.0, "gaze_x": 0.0}
        crop = crop_of(person, frame)
        for sigma in BLURS:
            soft = cv2.GaussianBlur(crop, (0, 0), sigma) if sigma else crop
            grainy = noisy(soft, 12, random)
            for kind, each in (("", soft), (" and grain", grainy)):
                look = crop_quality.look_at(each)
                name = f"sharpness, blur of {sigma}{kind}"
                measured[name].append(crop_quality.sharpness(look))
        look = crop_quality.look_at(crop)
        measured["brightness"].append(crop_quality.brightness(look))
        others = {
            "grain of 12": noisy(crop, 12, random),
            "JPEG of quality 30": compressed(crop, 30),
            "shift by half a pixel": shifted(crop, 0.5),
            "shift by two pixels": shifted(crop, 2),
            "blink": crop_of(person, {**frame, "blink": 1.0}),
            "half a blink": crop_of(person, {**frame, "blink": 0.5}),
            "eyes turned": crop_of(person, {**frame, "gaze_x": 0.7}),
            "yaw by 3 degrees": crop_of(
                person, {**frame, "yaw": frame["yaw"] + 3}
            ),
        }
        for name, other in others.items():
            apart = np.abs(small(crop) - small(other)).max()
            measured[f"difference, {name}"].append(float(apart))
    return measured


def time_repeats():
    """Seconds to compare 20 000 faces, and how many differ of as many."""
    random = np.random.default_rng(0)
    shape = (MANY, repeats.SIDE, repeats.SIDE)
    looks = random.integers(0, 100, shape, dtype=np.uint8)
    # as bright as faces are
    looks += random.integers(0, 150, (MANY, 1, 1), dtype=np.uint8)
    start = time.perf_counter()
    repeated = repeats.find_repeats(looks, range(MANY), choosing.LARGEST_REPEAT)
    return time.perf_counter() - start, int((repeated < 0).sum())


def choose_real(real):
    """Report of each real set: dict from name to dict."""
    people = (*grouping.PHOTOS, *grouping.FAMOUS, *grouping.CLIPS)
    detector = detection.FaceDetector(0.12)
    reports = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name in (*(f"people/{person}" for person in people), *CLIPS):
            footage = real / name
            if not footage.exists():
                print(f"not there: {name}")
                continue
            identity = footage.stem
            if footage.is_file():
                alone = folder / "footage" / identity
                alone.mkdir(parents=True)
                (alone / footage.name).write_bytes(footage.read_bytes())
                footage = alone
            report = finding.find_faces(
                footage, folder, CONTRACT, detector, identity, every=4
            )
            if report["faces"]:
                report = choosing.choose_faces(folder, identity)
            reports[identity] = report
    return reports


def main():
    """Measure choosing, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--real", default="../shared/data")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    measured = measure_rendered(options.people)
    print(f"{'':36s} least   5 %  half  95 %  most")
    for name, values in measured.items():
        row = np.percentile(values, (0, 5, 50, 95, 100))
        print(f"{name:36s}" + "".join(f"{value:6.2f}" for value in row))
    seconds, differ = time_repeats()
    print(f"{MANY} faces compared in {seconds:.0f} s, {differ} differ")
    reports = {}
    if pathlib.Path(options.real).is_dir():
        reports = choose_real(pathlib.Path(options.real).resolve())
    for name, report in reports.items():
        print(
            f"{name:30s} faces {report['faces']:4d} "
            f"kept {report.get('kept', 0):4d} {report.get('left_out', {})}"
        )
    print(
        json.dumps(
            {
                "medians": {
                    name: round(float(np.median(values)), 3)
                    for name, values in measured.items()
                },
                "seconds_20000_compared": round(seconds, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
