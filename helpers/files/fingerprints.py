"""Fingerprints: by what a video, a comb or a track is known again."""

import hashlib
import pathlib

import numpy as np


def of_file(path):
    """By what a video is known again: size and the sha256 of both its ends.

    Args:
        path: str or path.

    Returns:
        dict that JSON can hold.
    """
    path, megabyte = pathlib.Path(path), 1 << 20
    size = path.stat().st_size
    with open(path, "rb") as file:
        ends = file.read(megabyte)
        file.seek(max(0, size - megabyte))
        ends += file.read(megabyte)
    return {"size": size, "ends": hashlib.sha256(ends).hexdigest()}


def shared_files(files):
    """Lines about footage that several identities have.

    Args:
        files: dict from identity to list of paths.

    Returns:
        list of str, none where each has files of their own.
    """
    seen, lines = {}, []
    for identity, paths in files.items():
        for path in paths:
            code = tuple(of_file(path).values())
            other, name = seen.setdefault(code, (identity, path.name))
            if other != identity:
                lines.append(
                    f"Beware: {path.name} of {identity} is {name} of {other}, "
                    "too. Where both are seen, choose by PERSON; else take it "
                    "out of the wrong folder."
                )
    return lines


def of_weights(network):
    """By what weights are known again: a code of all their numbers.

    Args:
        network: one with `variables()`, a dict of arrays by name.

    Returns:
        str.
    """
    code = hashlib.sha256()
    for name, values in sorted(network.variables().items()):
        code.update(name.encode("utf-8"))
        code.update(np.asarray(values).tobytes())
    return code.hexdigest()


def of_comb(comb):
    """By what a comb is known again: what it knows, and some of its weights.

    Args:
        comb: comb with `variables()`, `shifts`, `identities`, `resolution`,
            `contract`, `target` and `detail`.

    Returns:
        dict that JSON can hold.
    """
    code = hashlib.sha256()
    shifts = {f"{s} {t}": shift for (s, t), shift in comb.shifts.items()}
    detail = {} if comb.detail is None else comb.detail.variables()
    everything = {**comb.variables(), **shifts, **detail}
    for name, values in sorted(everything.items()):
        values = np.asarray(values).ravel()
        # a step of training changes all: a thousand of each are enough
        code.update(name.encode("utf-8"))
        code.update(values[:: 1 + len(values) // 1000].tobytes())
    return {
        "kind": type(comb).__name__,
        "identities": list(comb.identities),
        "resolution": comb.resolution,
        "contract": comb.contract,
        "target": comb.target,
        "weights": code.hexdigest(),
    }


def of_detector(detector):
    """By what a detector is known again, as a dict for JSON.

    Args:
        detector: `detection.FaceDetector`.
    """
    return {
        "kind": type(detector).__name__,
        "min_face_share": detector.min_face_share,
    }


def of_role(track, source, target):
    """By what a role is known again, as a dict for JSON.

    Args:
        track: `FaceTrack`.
        source: name of an identity.
        target: name of an identity, or `None`.
    """
    code = hashlib.sha256(track.landmarks.tobytes())
    return {"track": code.hexdigest(), "source": source, "target": target}
