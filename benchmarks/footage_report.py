"""Does the report before training name what footage lacks, and only that?

    python -m benchmarks.footage_report

Renders people whom nothing was tuned on, in takes as people move, and cuts
their faces by the true landmarks. Whole, they should get no finding. Then
from each all frames of one kind are taken, a kind at a time, or the footage
is spoiled: few crops, one light only, blurred. The report of this person and
another should name just this first, and name nothing else, of neither.
Too few faces may be named, too, where fewer than wanted are left. Last, what
the report advises is filmed (`synthetic.film_more`), as much and
as it says, goes through detection as a reader's footage does, and the report
should not name it again. And a report on 20,000 faces is timed.
"""

import argparse
import json
import pathlib
import time

import cv2
import numpy as np

from helpers import alignment, masks, synthetic
from helpers.crops import cut_crop
from helpers.faces import detection, facesets
from helpers.faces.face_set import FaceSet, evenly
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.footage import media
from helpers.latents.report import (
    footage_facts,
    footage_findings,
    footage_report,
)
from helpers.synthetic.footage import take_seed
from helpers.synthetic.workers import run_jobs

FOLDER = manifests.project_root() / "build" / "footage_report"
FIRST_PERSON = 400  # of nobody's crowd and of no other benchmark
TAKES = (130, 6)  # to train with, and held out
FRAMES = 7  # of a take
FRAME_RATE = 5
FEW = 8  # takes
MANY = 20_000  # faces that are reported on in the time that is told
# what is taken away, by the words in which it should be found
HOLES = {
    **{words: (hole,) for words, hole in synthetic.HOLES.items()},
    "head turned right": (("yaw", 1, 12.0),),
    "light from the left": (("light", -1, 0.0),),
    "head up": (("pitch", 1, 5.0),),
    "smiling": (("smile", 1, 0.35),),
    "eyes to the left": (("gaze_x", -1, -0.3),),
    "head turned left and mouth open": (("yaw", -1, -5.0), ("jaw", 1, 0.08)),
}


def film_faces(folder, name, takes=TAKES, frames=FRAMES, changed=None):
    """A face set of a rendered person, cut by the true landmarks.

    Args:
        folder: str or path, for the person's crops and masks.
        name: str, see `identity_parameters`.
        takes: two ints, to train with and held out.
        frames: int, of a take.
        changed: dict of frame parameters that are the same in all, or `None`.

    Returns:
        `FaceSet`.
    """
    folder = pathlib.Path(folder) / name
    records_path = folder / "records.json"
    contract = manifests.data_contract()
    if not records_path.is_file():
        person = synthetic.Person(synthetic.identity_parameters(name))
        records = []
        for number in range(sum(takes)):
            split = "train" if number < takes[0] else "test"
            seed = take_seed(0, split, name, number)
            for index, frame in enumerate(
                synthetic.sample_take(frames, seed, FRAME_RATE)
            ):
                record = _cut(
                    person, {**frame, **(changed or {})}, folder, len(records)
                )
                file = f"{split}_{number:03d}.mp4"
                records.append(
                    {
                        **record,
                        "file": file,
                        "take": file,
                        "split": split,
                        "frame": index,
                        "time": index / FRAME_RATE,
                    }
                )
        manifests.write_json(records_path, records)
    records = json.loads(records_path.read_text(encoding="utf-8"))
    return FaceSet(name, folder, contract, records)


def _cut(person, frame, folder, row):
    """Render a frame and write its crop and mask."""
    contract = manifests.data_contract()
    size = contract["crop_size"]
    shot = synthetic.render(person, frame, 256)
    matrix = alignment.crop_matrix(shot["landmarks"], contract)
    crop = cut_crop(shot["image"], matrix, size)
    mask = masks.warp_mask(np.uint8(shot["mask"] * 255), matrix, size)
    names = f"crops/{row:06d}.jpg", f"masks/{row:06d}.png"
    for file, picture in zip(names, (crop, mask), strict=True):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        ending = pathlib.Path(file).suffix
        (folder / file).write_bytes(media.encode_image(picture, ending))
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return {
        "crop": names[0],
        "mask": names[1],
        "landmarks": shot["landmarks"].tolist(),
        "sharpness": float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        "frame_parameters": json.loads(json.dumps(frame)),
    }


def blurred(face_set, folder, sigma=5):
    """The same faces as an unfocused lens sees them."""
    folder = pathlib.Path(folder) / face_set.identity
    records = []
    for record in face_set.records:
        crop = cv2.imread(str(face_set.folder / record["crop"]))
        crop = cv2.GaussianBlur(crop, (0, 0), sigma)
        path = folder / record["crop"]
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), crop)
        sharpness = cv2.Laplacian(
            cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.CV_64F
        ).var()
        mask = str((face_set.folder / record["mask"]).resolve())
        records.append({**record, "mask": mask, "sharpness": float(sharpness)})
    contract = face_set.contract
    return FaceSet(face_set.identity, folder, contract, records)


def facts_without(facts, rows):
    """What is known when only these rows are left."""
    rows = np.asarray(rows)
    return facts._replace(
        face_set=facts.face_set.pick(rows.tolist()),
        described=facts.described[rows],
        stretches=facts.stretches[rows],
        train=facts.train[rows],
        eyes=facts.eyes[rows],
    )


def findings_of(own, other):
    """Names that the report gives: of the one, in order, and of the other."""
    report = footage_report.report_of_facts({"own": own, "other": other})
    return [
        [finding["name"] for finding in report["identities"][who]["findings"]]
        for who in ("own", "other")
    ], report["identities"]["own"]["findings"]


def one_light_of(name, quick):
    """What `film_faces()` is told to film all takes in one room and light."""
    room = synthetic.sample_take(1, take_seed(1, "train", name, 0))[0]
    same = ("light", "key", "key_color", "ambient", "background")
    return (
        FOLDER / ("one_light_quick" if quick else "one_light"),
        name,
        (12, 2) if quick else (40, 3),
        FRAMES,
        {key: room[key] for key in same},
    )


def spoiled(name, facts, quick):
    """Facts of a person's footage by how it was spoiled."""
    face_set = facts.face_set
    for words, hole in HOLES.items():
        yield (
            words,
            facts_without(facts, synthetic.rows_without(face_set, *hole)),
        )
    takes = sorted({each["take"] for each in face_set.records})
    few = takes[: TAKES[1] + FEW]  # the held-out ones are the first by name
    yield (
        "few faces",
        facts_without(
            facts,
            [
                row
                for row, each in enumerate(face_set.records)
                if each["take"] in few
            ],
        ),
    )
    soft = blurred(face_set, FOLDER / "blurred")
    yield "blurred", footage_facts.facts_of(soft)
    one = film_faces(*one_light_of(name, quick))
    yield "one light", footage_facts.facts_of(one)


def few_of(facts):
    """What is true of footage of which much was taken away."""
    few = facts.train.sum() < footage_findings.WANTED_FACES
    return ["few faces"] if few else []


def filled(name, finding, holed, other, number):
    """Whether the report is content once its advice was followed."""
    told = f"{name}, {finding['missing']}, {finding['does']}"
    folder = FOLDER / "more" / told
    takes = -(-finding["missing"] // 5)
    synthetic.film_more(
        folder / "footage",
        name,
        finding["conditions"],
        takes=takes,
        frames_per_take=5,
        seed=number,
    )
    extraction.extract_faces(
        folder / "footage",
        folder / "faces",
        holed.face_set.contract,
        detection.FaceDetector(0.2),
        name,
    )
    facesets.write_face_sets(
        folder / "faces", [name], holed.face_set.contract, least=1
    )
    more = facesets.read_face_set(folder / "faces", name)
    more = more.pick(evenly(len(more), finding["missing"]).tolist())
    facts = footage_facts.facts_of(holed.face_set.join(more))
    names, _ = findings_of(facts, other)
    return finding["name"] not in names[0], names


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--first", type=int, default=FIRST_PERSON)
    parser.add_argument("--filled", type=int, default=5, metavar="HOLES")
    parser.add_argument("--quick", action="store_true", help="few takes")
    options = parser.parse_args()
    names = [f"person_{options.first + n:04d}" for n in range(options.people)]
    takes = (12, TAKES[1]) if options.quick else TAKES
    folder = FOLDER / f"takes_{takes[0]}"
    jobs = [(folder, name, takes) for name in names]
    jobs += [one_light_of(name, options.quick) for name in names]
    run_jobs(film_faces, jobs, 2)
    facts = {
        name: footage_facts.facts_of(film_faces(folder, name, takes))
        for name in names
    }
    many = facts[names[0]].face_set
    many = many.pick((np.arange(MANY) % len(many)).tolist())
    started = time.perf_counter()
    footage_report.footage_report({names[0]: many})
    seconds = time.perf_counter() - started
    alarms = []
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        named, _ = findings_of(facts[name], facts[other])
        alarms.append(bool(named[0] or named[1]))
        print(f"{name} and {other}, whole: {named}", flush=True)
    rows, to_fill = [], []
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        for kind, spoilt in spoiled(name, facts[name], options.quick):
            named, findings = findings_of(spoilt, facts[other])
            row = {
                "kind": kind,
                "found": kind in named[0],
                "first": named[0][:1] == [kind],
                "nothing_else": not set(named[0]) - {kind, *few_of(spoilt)}
                and not named[1],
            }
            rows.append(row)
            print(f"{name} lacks {kind}: {named}", flush=True)
            if row["first"] and findings[0].get("words"):
                to_fill.append((name, findings[0], spoilt, facts[other]))
    chosen = evenly(len(to_fill), options.filled) if to_fill else ()
    content = []
    for number, place in enumerate(chosen):
        name, finding, holed, other = to_fill[place]
        good, names = filled(name, finding, holed, other, number)
        content.append(good)
        print(f"{finding['advice']} Then: {names}", flush=True)
    kinds = {kind: [] for kind in dict.fromkeys(r["kind"] for r in rows)}
    for row in rows:
        kinds[row["kind"]].append(row)
    print(f"{'kind':>34} {'found':>6} {'first':>6} {'alone':>6}")
    for kind, own in kinds.items():
        shares = [
            np.mean([row[key] for row in own])
            for key in ("found", "first", "nothing_else")
        ]
        print(f"{kind:>34}" + "".join(f" {share:6.0%}" for share in shares))
    figures = {
        "found_share": np.mean([row["found"] for row in rows]),
        "found_first_share": np.mean([row["first"] for row in rows]),
        "nothing_else_share": np.mean([row["nothing_else"] for row in rows]),
        "false_alarm_share": np.mean(alarms),
        "content_when_filled_share": np.mean(content) if content else 0.0,
        "seconds_20k": seconds,
    }
    figures = {key: round(float(value), 3) for key, value in figures.items()}
    print(json.dumps({**figures, "spoiled": len(rows), "filled": len(content)}))


if __name__ == "__main__":
    main()
