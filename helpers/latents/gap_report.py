"""Gaps -> data and files: which image of which film has no counterpart."""

import dataclasses
import json

import numpy as np

from helpers.files import manifests
from helpers.latents.encoding import identities_of
from helpers.latents.gap_search import Gap

# of a gap; its rows become files
GAP_FIELDS = [
    field.name
    for field in dataclasses.fields(Gap)
    if field.name not in ("rows", "counterparts")
]
RECORD_FIELDS = ("crop", "file", "frame", "time")


def missing_table(pairs, encoded):
    """Which image has no counterpart in whom.

    Args:
        pairs: list of `Pair`.
        encoded: `encoding.EncodedFaces`.

    Returns:
        dict from identity to a bool array, shape `(faces,)`: true where a face
        has no counterpart in this identity. One's own faces are false.
    """
    table = {
        name: np.zeros(len(encoded.labels), bool)
        for name in identities_of(encoded)
    }
    for pair in pairs:
        table[pair.source][pair.rows] = pair.lonely
    return table


def gaps_as_data(pairs, encoded, face_sets):
    """All that was found, as data that JSON can hold.

    Args:
        pairs: list of `Pair`.
        encoded: `encoding.EncodedFaces`.
        face_sets: dict from identity to `FaceSet`, as encoded.

    Returns:
        List of dicts, one a target and source: `target`, `source`, `images`,
        `without_counterpart` (how many), `gaps` (with `images`, each with its
        crop, file, frame, time and distance) and `scattered`: images without
        a counterpart that have nothing nameable in common.
    """
    return [
        {
            "target": pair.target,
            "source": pair.source,
            "images": len(pair.rows),
            "without_counterpart": int(pair.lonely.sum()),
            "gaps": [
                {
                    **{name: getattr(gap, name) for name in GAP_FIELDS},
                    "images": _images(gap.rows, pair, encoded, face_sets),
                }
                for gap in pair.gaps
            ],
            "scattered": _images(pair.scattered, pair, encoded, face_sets),
        }
        for pair in pairs
    ]


def _images(rows, pair, encoded, face_sets):
    """Where these images of the target came from."""
    records = face_sets[pair.target].records
    distances = dict(zip(pair.rows.tolist(), pair.distances, strict=True))
    return [
        {
            **{key: records[encoded.rows[row]][key] for key in RECORD_FIELDS},
            "distance": round(float(distances[row]), 3),
        }
        for row in rows.tolist()
    ]


def write_gaps(path, report):
    """Write what `gaps_as_data()` returned as JSON."""
    with manifests.atomic_path(path) as partial:
        text = json.dumps(report, indent=1, ensure_ascii=False)
        partial.write_text(text + "\n", encoding="utf-8")
