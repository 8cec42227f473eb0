"""Will this footage do? What is known before an hour is spent on training.

From the face sets alone: how many faces, from how many takes, how large and how
sharp, in which light; what the other identities do and this one lacks; and what
would help most. It is the first look. Notebook 04 is the later and deeper one:
`helpers.latents.gaps` asks a trained comb, whose latents are a second witness,
and shows every image without a counterpart.

Left and right are those of the picture.
"""

import pathlib

import numpy as np

from helpers.files import manifests
from helpers.latents.descriptions import FEATURES
from helpers.latents.report import (
    footage_facts,
    footage_findings,
    footage_gaps,
    footage_text,
)
from helpers.latents.report.footage_facts import NETWORK_SIZES

VERDICTS = ("will do", "will do with gaps", "will not do")
BINS = 14


def footage_report(face_sets, reader=None, most=footage_facts.MOST):
    """What can be said of footage before any training.

    Args:
        face_sets: dict from identity to `FaceSet`, one or more.
        reader: `ExpressionReader`, or `None` for the course's own.
        most: int. Faces of one identity that are looked at; of more, so many
            are chosen evenly, and the report says so.

    Returns:
        dict that JSON can hold. `edges` are the bins' edges by feature, and
        `identities` a dict from identity to a dict with
        `verdict`: one of `VERDICTS`; `reason`: the findings' names;
        `findings`: list of dicts, what helps most first, with `name`,
        `stops`, `missing` (images), `weight` (about which share of a swap
        suffers) and `advice`, and where others do what
        this one lacks also the keys of `footage_gaps.find_lacks()`;
        `faces`, `described`: how many there are and were looked at;
        `photographed`: bool; `train`, `held_out`, `warnings`: see
        `footage_findings.held_out_of()`; `eyes`: pixels of the frame, low,
        middle and high; `networks`: see `footage_findings.fitting_shares()`;
        `features`: name to a dict with `spread`, `shares` by word, whether
        readings are `rough`, `counts` in bins and the `missing` bins.

    Raises:
        ValueError: if there is no identity, or one without a face.
    """
    if not face_sets:
        raise ValueError(
            "A report is of at least one identity. Received: none. Give a "
            "dict from identity to face set"
        )
    facts = {
        name: footage_facts.facts_of(face_set, reader, most)
        for name, face_set in face_sets.items()
    }
    return report_of_facts(facts)


def write_footage_report(folder, face_sets):
    """The report, printed and written: `footage_report.json` and `.txt`.

    Args:
        folder: str or path of the face sets.
        face_sets: see `footage_report()`.

    Returns:
        dict, see `footage_report()`.
    """
    report = footage_report(face_sets)
    text = footage_text.footage_as_text(report)
    path = pathlib.Path(folder) / "footage_report.json"
    manifests.write_json(path, report)
    manifests.write_text(path.with_suffix(".txt"), text + "\n")
    print(text)
    return report


def report_of_facts(facts):
    """The report of what is known already, see `footage_report()`.

    Args:
        facts: dict from identity to `footage_facts.Facts`.

    Returns:
        dict.
    """
    pooled = np.concatenate([own.described for own in facts.values()])
    low, high = np.quantile(pooled, [0.005, 0.995], axis=0)
    edges = {
        feature.name: np.linspace(low[column], high[column] + 1e-6, BINS + 1)
        for column, feature in enumerate(FEATURES)
    }
    identities = {}
    for name, own in facts.items():
        others = [each for each in facts.values() if each is not own]
        findings = _findings(own, others)
        identities[name] = {
            **_verdict(findings),
            "findings": findings,
            "faces": len(own.face_set),
            "described": len(own.described),
            "photographed": not own.face_set.rendered,
            **footage_findings.held_out_of(own.face_set),
            "eyes": footage_findings.middle_spread(own.eyes),
            "networks": {
                str(size): footage_findings.fitting_shares(own, size)
                for size in NETWORK_SIZES
            },
            "features": _features(own, edges, findings),
        }
    edges = {name: each.round(3).tolist() for name, each in edges.items()}
    return {"identities": identities, "edges": edges}


def _findings(own, others):
    """Faults and lacks of one identity, what helps most first."""
    faults = {
        fault["name"]: fault for fault in footage_findings.find_faults(own)
    }
    # what blurred faces do is read wrongly
    lacks = [] if "blurred" in faults else _lacks(own, others)
    if "one light" in faults:
        lacks = _told(faults["one light"], lacks)
    if any(c[0] == "yaw" for lack in lacks for c in lack["conditions"]):
        faults.pop("still head", None)
    findings = [*faults.values(), *(_as_finding(own, each) for each in lacks)]
    return sorted(
        findings, key=lambda each: (not each["stops"], -each["weight"])
    )


def _lacks(own, others):
    """What any of the others does and this one lacks, each said once."""
    lacks = {}
    for other in others:
        for lack in footage_gaps.find_lacks(other, own):
            before = lacks.get(lack["words"])
            if before is None or lack["missing"] > before["missing"]:
                lacks[lack["words"]] = lack
    return list(lacks.values())


def _told(fault, lacks):
    """Lacks less those of light: who has one light only is told in one."""
    light = [
        each
        for each in lacks
        if {c[0] for c in each["conditions"]} == {"light"}
    ]
    for each in light[:1]:
        fault["advice"] += f" {each['target']} has {each['does']}."
        fault["conditions"] = each["conditions"]
    return [each for each in lacks if each not in light]


def _as_finding(own, lack):
    advice = (
        f"Film about {lack['missing']} more frames of {own.identity}: "
        f"{lack['does']}. {lack['target']} does it in "
        f"{lack['target_share']:.0%} of the images, {own.identity} in "
        f"{lack['source_share']:.0%} ({lack['images']} images)."
    )
    name = " and ".join(lack["words"])
    weight = round(lack["target_share"] - lack["source_share"], 3)
    return {
        **lack,
        "name": name,
        "stops": False,
        "weight": weight,
        "advice": advice,
    }


def _verdict(findings):
    stops = [each for each in findings if each["stops"]]
    names = ", ".join(each["name"] for each in stops or findings)
    verdict = VERDICTS[2 if stops else 1 if findings else 0]
    return {
        "verdict": verdict,
        "reason": names or "enough faces, and all that the others do",
    }


def _features(own, edges, findings):
    result = {}
    for column, feature in enumerate(FEATURES):
        readings, bins = own.described[:, column], edges[feature.name]
        middles = (bins[1:] + bins[:-1]) / 2
        missing = np.zeros(len(middles), bool)
        for finding in findings:
            conditions = finding.get("conditions", ())
            if len(conditions) == 1 and conditions[0][0] == feature.name:
                _, sign, edge = conditions[0]
                missing |= sign * middles >= sign * edge
        shares = {}
        if feature.low:
            shares[feature.low] = readings <= feature.low_from
        if feature.high:
            shares[feature.high] = readings >= feature.high_from
        inside = np.clip(readings, bins[0], bins[-1])
        result[feature.name] = {
            "spread": footage_findings.middle_spread(readings),
            "shares": {
                word: round(float(so.mean()), 3) for word, so in shares.items()
            },
            "rough": footage_facts.is_rough(feature, own.doubts[column]),
            "counts": np.histogram(inside, bins)[0].tolist(),
            "missing": missing.tolist(),
        }
    return result
