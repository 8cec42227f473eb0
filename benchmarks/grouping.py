"""How well faces are grouped by who they are, on rendered and real footage.

    python -m benchmarks.grouping --real ../shared/data

Folders of one person, where nobody may be lost, and folders with several.
`kept` is the share of the one person's faces that are in group 0, and
`purity` the share of faces in a group that is mostly theirs, `precision` and
`recall` are of the faces that share a group with each face (BCubed). `said`
is the share of wrong joins that are announced: both stand in other parts of a
group that "may be several people"; `alarms`, how many people of one group are
said to be several. Real sets that are not there are left out, and named.

Last, leave people out: of half of the real people the distance is chosen at
which tracks are two people, and used on the other half.

Reference:
    Bagga and Baldwin, "Entity-based cross-document coreferencing using the
    vector space model", 1998: BCubed.
"""

import argparse
import functools
import json
import pathlib
import tempfile

import cv2
import numpy as np

from benchmarks import likeness as learning
from helpers import alignment, synthetic
from helpers.crops import cut_crop
from helpers.faces import detection, face_records, finding
from helpers.faces.face_set import FaceSet
from helpers.faces.readers import likeness
from helpers.faces.sorting import face_reasons, grouping
from helpers.files import manifests
from helpers.footage import media

CONTRACT = manifests.data_contract()
FIRST_PERSON = 130_000  # who take part in nothing else
TAKES, TAKE_FRAMES = 24, 3
PHOTOS = [f"person_{letter}" for letter in "jklmno"]
FAMOUS = ["lfw_colin_powell", "lfw_donald_rumsfeld", "lfw_george_w_bush"]
CLIPS = [f"person_{letter}" for letter in "abcdefghi"]
MEANS = ("kept", "purity", "precision", "recall", "groups", "alarms")
PORTRAITS = [f"person_{letter}" for letter in "pqrs"]


def score(groups, truth, parts=None):
    """How well groups fit the truth.

    Args:
        groups: sequence of int, one for each face.
        truth: sequence of the same length, who each face is.
        parts: sequence of the same length, see `grouping.group_faces`, or
            `None`: nothing is said.

    Returns:
        dict of floats: `kept`, `purity`, `precision`, `recall`, `groups`,
        `said` (`None` if nothing is joined wrongly) and `alarms`.
    """
    parts = np.array([part or "" for part in parts or [""] * len(groups)])
    wrong, said = 0, 0
    together = np.asarray(groups)
    for row, whose in enumerate(truth):
        joined = (together == together[row]) & (np.asarray(truth) != whose)
        wrong += joined.sum()
        said += (joined & (parts != parts[row])).sum()
    of_parts = {}
    for group, whose, part in zip(groups, truth, parts, strict=True):
        of_parts.setdefault((group, whose), set()).add(part)
    _, groups = np.unique(groups, return_inverse=True)
    _, truth = np.unique(truth, return_inverse=True)
    counts = np.zeros((groups.max() + 1, truth.max() + 1))
    np.add.at(counts, (groups, truth), 1)
    most = counts.sum(axis=0).argmax()
    together = counts[groups, truth]
    return {
        "kept": float(counts[0, most] / counts[:, most].sum()),
        "purity": float(counts.max(axis=1).sum() / counts.sum()),
        "precision": float(np.mean(together / counts.sum(axis=1)[groups])),
        "recall": float(np.mean(together / counts.sum(axis=0)[truth])),
        "groups": len(counts),
        "said": float(said / wrong) if wrong else None,
        "alarms": sum(len(each) > 1 for each in of_parts.values()),
    }


# ---- rendered people


def write_takes(folder, number, photos):
    """A rendered person's face set: takes of a few frames, or as many photos.

    Returns:
        list of dicts, the records.
    """
    person = synthetic.Person(synthetic.random_identity(FIRST_PERSON + number))
    records = []
    for take in range(TAKES):
        seed = (FIRST_PERSON + number) * 100 + take
        frames = synthetic.sample_take(TAKE_FRAMES * 10, seed)[::10]
        for index, frame in enumerate(frames[:1] if photos else frames):
            shot = synthetic.render(person, frame, learning.FRAME_SIZE)
            matrix = alignment.crop_matrix(shot["landmarks"], CONTRACT)
            crop = cut_crop(shot["image"], matrix, 256)
            path = folder / f"{number}_{take}_{index}.jpg"
            media.write_image(path, crop)
            record = {"crop": str(path), "file": f"{number}_{take}"}
            record |= {"track": record["file"], "frame": index, "face": 0}
            records.append({**record, "who": number, "false": False})
    return records


# ---- real people


def find(folder, footage, name, every):
    """All faces of some footage, as records that name their crops in full."""
    finding.find_faces(
        footage,
        folder,
        CONTRACT,
        _detector(),
        name,
        every=every,
        held_out_share=0.0,
    )
    home = folder / name
    records = face_records.read_records(home / face_records.RECORDS)
    face_set = FaceSet(name, home, CONTRACT, records)
    reasons = face_reasons.find_reasons(
        records, face_reasons.measure_faces(face_set)
    )
    faces = []
    for record, reason in zip(records, reasons, strict=True):
        record = {**record, "crop": str((home / record["crop"]).resolve())}
        record["file"] = f"{name}/{record['file']}"
        record["track"] = f"{name}/{record['track']}"
        false = reason is not None
        faces.append({**record, "who": name, "false": false})
    return faces


@functools.cache
def _detector():
    return detection.FaceDetector(0.12)


def group(records, judged):
    """Scores of the faces that are judged, grouped together with all."""
    face_set = FaceSet("all", pathlib.Path("/"), CONTRACT, records)
    reasons = ["false detection" if r["false"] else None for r in records]
    groups, parts = grouping.group_faces(face_set, reasons)
    rows = [n for n, r in enumerate(records) if judged(r) and not r["false"]]
    return score(
        [groups[n] for n in rows],
        [records[n]["who"] for n in rows],
        [parts[n] for n in rows],
    )


def leave_out(records, rounds=20):
    """Scores of people whom the distance was not chosen on.

    Args:
        records: list of dicts of many people.
        rounds: int. Ways to halve the people.

    Returns:
        dict of means: `precision` and `recall` at the chosen distance, the
        chosen `apart`, and `shipped_precision`, `shipped_recall` at ours.
    """
    records = [r for r in records if is_main(r) and not r["false"]]
    face_set = FaceSet("all", pathlib.Path("/"), CONTRACT, records)
    tracks = face_reasons.tracks_of(records)
    vectors = grouping.describe_tracks(face_set, tracks, [True] * len(records))
    sizes = np.array([len(rows) for rows in tracks.values()])
    whose = np.array([records[rows[0]]["who"] for rows in tracks.values()])
    people = np.unique(whose)

    def measure(some, apart):
        rows = np.flatnonzero(np.isin(whose, some))
        labels = grouping.group_tracks(
            vectors[rows], sizes[rows], threshold=apart
        )
        groups = np.repeat(labels, sizes[rows])
        scores = score(groups, np.repeat(whose[rows], sizes[rows]))
        return scores["precision"], scores["recall"]

    results, random = [], np.random.default_rng(0)
    for _ in range(rounds):
        order = random.permutation(people)
        seen, unseen = order[::2], order[1::2]
        chosen = max(
            np.arange(0.6, 0.9, 0.02),
            key=lambda apart: np.prod(measure(seen, apart)),
        )
        results.append(
            [
                *measure(unseen, chosen),
                chosen,
                *measure(unseen, grouping.APART),
            ]
        )
    names = ("precision", "recall", "apart")
    names += ("shipped_precision", "shipped_recall")
    means = np.mean(results, axis=0).round(3).tolist()
    return dict(zip(names, means, strict=True))


def is_main(record):
    return record["face"] == 0


def real_sets(folder, real):
    """Name and scores of every real set, one after the other."""
    people = {}
    for name in (
        *PHOTOS,
        *FAMOUS,
        *CLIPS,
        *PORTRAITS,
        "president_obama",
        "sen_menendez",
    ):
        if (real / "people" / name).is_dir():
            footage = real / "people" / name
            people[name] = find(folder, footage, name, 8)
        else:
            print(f"not there: {name}")
    everybody = [r for records in people.values() for r in records]
    if len(people) > 3:
        print("people left out:", json.dumps(leave_out(everybody)))
    for name, records in people.items():
        yield f"alone: {name}", group(records, is_main)
    for title, names in (
        ("photos of six", PHOTOS),
        ("studio portraits of four", PORTRAITS),
        ("clips of nine, five of one studio", CLIPS),
        ("press photos of three", FAMOUS),
        ("all real people", list(people)),
    ):
        joined = [r for name in names for r in people.get(name, ())]
        if joined:
            yield f"mixed: {title}", group(joined, is_main)
    yield from awkward_sets(folder, real / "awkward/videos")


def awkward_sets(folder, videos):
    for name in ("two_faces_side_by_side", "hard_cut_between_two_people"):
        if not (videos / f"{name}.mp4").is_file():
            print(f"not there: {name}")
            continue
        alone = folder / f"{name}_footage"
        alone.mkdir()
        (alone / "clip.mp4").write_bytes((videos / f"{name}.mp4").read_bytes())
        records = find(folder, alone, name, 4)
        middle = np.mean([np.mean(r["landmarks"], 0)[0] for r in records])
        for record in records:
            left = np.mean(record["landmarks"], axis=0)[0] < middle
            cut = record["frame"] < 50
            record["who"] = str(left if name.startswith("two") else cut)
        yield f"one clip: {name}", group(records, lambda record: True)


def main():
    """Measure grouping, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--real", default="../shared/data")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    likeness.read_likeness()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        rows = dict(rendered_sets(folder, options.people))
        if pathlib.Path(options.real).is_dir():
            rows |= real_sets(folder, pathlib.Path(options.real).resolve())
        else:
            print(f"not there: {options.real}")
    print(f"{'':45s} kept purity precision recall groups said alarms")
    for name, row in rows.items():
        kept = f"{row['kept']:.2f}" if "alone" in name else "    "
        print(
            f"{name:45s} {kept}   {row['purity']:.2f}      "
            f"{row['precision']:.2f}   {row['recall']:.2f} {row['groups']:6d} "
            + ("   -" if row["said"] is None else f"{row['said']:4.2f}")
            + f" {row['alarms']:6.1f}"
        )
    alone = [row["kept"] for name, row in rows.items() if "alone" in name]
    print(
        json.dumps(
            {
                "kept_alone": round(float(np.mean(alone)), 3),
                "kept_alone_least": round(min(alone), 3),
                "sets": {
                    name: {
                        key: value and round(value, 3)
                        for key, value in row.items()
                        if key != "kept"
                    }
                    for name, row in rows.items()
                    if "alone" not in name
                },
            }
        )
    )


def rendered_sets(folder, people):
    """Name and scores of the rendered sets, one after the other."""
    for kind in ("takes", "photos"):
        inside = folder / kind
        inside.mkdir()
        sets = [
            write_takes(inside, number, kind == "photos")
            for number in range(people)
        ]
        yield f"alone: rendered {kind}, mean of {people}", _mean(sets)
        pairs = [
            [*one, *other]
            for one, other in zip(sets[::2], sets[1::2], strict=False)
        ]
        yield f"mixed: rendered {kind} of two, mean", _mean(pairs)
        joined = [record for records in sets for record in records]
        yield f"mixed: rendered {kind} of {people}", group(joined, is_main)


def _mean(sets):
    """Mean scores of several sets, each grouped by itself."""
    scores = [group(records, is_main) for records in sets]
    mean = {name: np.mean([s[name] for s in scores]) for name in MEANS}
    said = [s["said"] for s in scores if s["said"] is not None]
    mean["said"] = float(np.mean(said)) if said else None
    return {**mean, "groups": round(mean["groups"])}


if __name__ == "__main__":
    main()
