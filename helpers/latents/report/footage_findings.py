"""What is wrong with somebody's footage by itself, and what would help.

Whoever else there is: too few faces, soft or small ones, one light only. What
others do and this one lacks is in `footage_gaps`. And which faces are held
out, since a swap can only be judged on footage that no training saw.
"""

import numpy as np

from helpers.faces import face_records, facesets
from helpers.files import foreign_files
from helpers.latents.descriptions import FEATURES
from helpers.latents.report import footage_facts, footage_gaps
from helpers.latents.report.footage_facts import NETWORK_SIZES, SOFT

NAMES = [feature.name for feature in FEATURES]
# Argued and not measured yet (`benchmarks.frames_needed` would): notebook 01
# films 900 faces of each person, `benchmarks.real` takes up to 500 of a real
# clip. With fewer than the least, of what one face in six does there are not
# even ten images.
WANTED_FACES = 500
LEAST_FACES = 60
# Ranges of the readings of the middle nine tenths of somebody's faces. Of the
# light, less what comes of the head turning in it: rendered people in one
# light and real clips of one take have 0.11 to 0.16 stops, rendered takes and
# real photos of several days 0.77 to 0.99.
ONE_LIGHT = 0.35
STILL_HEAD = 12  # degrees of yaw
OF_ONE_LIGHT = 0.5  # weight: half of all targets are lit from the other side
MOST_SOFT = 0.9  # of the faces: nothing sharp could be learned
MIDDLE = (0.05, 0.5, 0.95)


def middle_spread(values):
    """Low, middle and high of the middle nine tenths, a list of floats."""
    return [round(float(each), 3) for each in np.quantile(values, MIDDLE)]


def fitting_shares(own, size):
    """Shares of the faces that have as much as a network of a size draws.

    Args:
        own: `footage_facts.Facts`.
        size: int, of `NETWORK_SIZES`.

    Returns:
        dict with `eyes`, the distance of the eyes that it sees in its pixels,
        and the shares `large` and `sharp`.
    """
    eyes = footage_facts.network_eyes(own.face_set.contract, size)
    return {
        "eyes": round(eyes, 1),
        "large": round(float((own.eyes >= eyes).mean()), 3),
        "sharp": round(float((own.detail[size] >= SOFT).mean()), 3),
    }


def find_faults(own):
    """What is wrong with this footage, whatever the others do.

    Args:
        own: `footage_facts.Facts`.

    Returns:
        List of dicts: `name`, `stops` (whether it will not do like this),
        `missing` (images), `weight` (about which share of a swap suffers)
        and `advice`.
    """
    train = sum(each["split"] == "train" for each in own.face_set.records)
    faults = []
    if train < WANTED_FACES:
        faults.append(
            _fault(
                "few faces",
                f"Only {train} faces to train with: at least {WANTED_FACES} "
                f"are wanted. Film more, in several takes{_or_look(own)}.",
                1 - train / WANTED_FACES,
                WANTED_FACES - train,
                train < LEAST_FACES,
            )
        )
    smallest = NETWORK_SIZES[0]
    fit = fitting_shares(own, smallest)
    if fit["sharp"] < 0.5:
        faults.append(
            _fault(
                "blurred",
                f"{1 - fit['sharp']:.0%} of the faces are softer than what a "
                f"network of {smallest} px draws, and so will be the swap: "
                "film in focus, in more light, and move less. What they do "
                "cannot be read well and is not compared.",
                1 - fit["sharp"],
                stops=fit["sharp"] < 1 - MOST_SOFT,
            )
        )
    if fit["large"] < 0.5:
        faults.append(
            _fault(
                "small",
                f"The eyes are {np.median(own.eyes):.0f} px apart in the "
                f"footage; a network of {smallest} px draws them "
                f"{fit['eyes']:.0f} px apart. Film closer, or in a higher "
                "resolution.",
                1 - fit["large"],
            )
        )
    return faults + _narrow(own)


def _or_look(own):
    """More frames of what is filmed, where some were passed over."""
    path = own.face_set.folder / face_records.REPORT
    if not path.is_file():
        return ""
    report = foreign_files.read_json(path, facesets.AGAIN_FOR_IT)
    every = report.get("every", {}).get("frames", 1)
    if every == 1:
        return ""
    return (
        f", or look at more frames of each video: one of {every} was looked "
        "at (a smaller EVERY, a larger MAX_FACES)"
    )


def _narrow(own):
    """Too little of one thing: one light, a head that hardly turns."""
    faults = []
    light = own.described[own.train, NAMES.index("light")]
    yaw = own.described[own.train, NAMES.index("yaw")]
    if not len(light):
        return faults
    fixed = _in_one_pose(light, yaw)
    middle = float(np.median(light))
    low, _, high = middle_spread(fixed)
    if high - low < ONE_LIGHT:
        faults.append(
            _fault(
                "one light",
                f"All footage has one light, {_side(middle)}: film near "
                "another window, at another time of day, or with a lamp on "
                "the other side.",
                OF_ONE_LIGHT,
                footage_gaps.ENOUGH,
            )
        )
    low, _, high = middle_spread(yaw)
    if high - low < STILL_HEAD:
        faults.append(
            _fault(
                "still head",
                f"The head hardly turns (by {high - low:.0f}°): film it "
                "turning slowly to both sides, up and down.",
                0.0,
                footage_gaps.ENOUGH,
            )
        )
    return faults


def _in_one_pose(light, yaw):
    """The light on a face less what comes of the face turning in it."""
    if len(light) < 3 or np.ptp(yaw) < 1:
        return light
    return light - np.polyval(np.polyfit(yaw, light, 1), yaw)


def _side(light):
    feature = FEATURES[NAMES.index("light")]
    if light <= feature.low_from:
        return "from the left of the picture"
    if light >= feature.high_from:
        return "from the right of the picture"
    return "from the front"


def _fault(name, advice, weight, missing=0, stops=False):
    return {
        "name": name,
        "stops": stops,
        "missing": missing,
        "weight": round(weight, 3),
        "advice": advice,
    }


def held_out_of(face_set):
    """Which faces are for training and which are held out, and a warning.

    Args:
        face_set: `FaceSet`.

    Returns:
        dict: `train` and `held_out`, each with `faces` (a number) and `takes`
        (names), and `warnings`, a list of str.
    """
    result = {}
    for key, split in (("train", "train"), ("held_out", "test")):
        records = face_set.select(split).records
        # a photo is a take of its own
        takes = dict.fromkeys((each["take"], each["file"]) for each in records)
        result[key] = {
            "faces": len(records),
            "takes": [file for _, file in takes],
        }
    train, held_out = result["train"]["takes"], result["held_out"]["takes"]
    warnings = []
    if not held_out:
        warnings.append(
            "No face is held out, so nobody can say how the swap does on "
            "footage that it has not seen: add another take."
        )
    elif not train:
        warnings.append("All faces are held out: there is nothing to train on.")
    shared = sorted(set(train) & set(held_out))
    if shared:
        warnings.append(
            f"Training and test come from one video ({', '.join(shared)}; its "
            "last part is held out): the same light and room, an easy test. "
            "Film another take."
        )
    elif len(train) == 1:
        warnings.append(
            f"All training faces are from one take ({train[0]}): one room, "
            "one light, one day. Film another take."
        )
    return {**result, "warnings": warnings}
