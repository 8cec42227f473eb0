"""Which images are missing: planted gaps are named, and nothing else is."""

import json

import numpy as np
import pytest

from helpers.latents import encoding, gap_report, gaps
from helpers.latents.descriptions import FEATURES

NAMES = [feature.name for feature in FEATURES]
STRETCH = 5  # frames


def sample_described(random, count):
    """Descriptions of faces that do what people do, in stretches of film."""
    stretches = -(-count // STRETCH)
    each = {
        "yaw": random.normal(0, 15, stretches),
        "pitch": random.normal(0, 5, stretches),
        "jaw": random.choice([0.0, 0.05, 0.5], stretches),
        "smile": random.uniform(0, 0.6, stretches),
        "blink": random.choice([0.0, 0.9], stretches, p=[0.9, 0.1]),
        "gaze_x": random.normal(0, 0.3, stretches),
        "gaze_y": random.normal(0, 0.2, stretches),
        "light": random.normal(0, 0.4, stretches),
        "brightness": random.normal(0, 0.2, stretches),
        "sharpness": random.normal(0, 0.4, stretches),
    }
    described = np.column_stack([each[name] for name in NAMES])
    described = np.repeat(described, STRETCH, axis=0)[:count]
    wobble = random.normal(0, 0.03, described.shape) * described.std(axis=0)
    return described + wobble


class Footage:
    """People whose latents say what they do, and a little who they are."""

    def __init__(self, names, seed=0, count=900):
        random = np.random.default_rng(seed)
        mixing = random.normal(size=(len(FEATURES), 24))
        self.described = np.concatenate(
            [sample_described(random, count) for _ in names]
        )
        self.labels = np.repeat(names, count)
        scaled = self.described / self.described.std(axis=0)
        self.latents = scaled @ mixing
        self.latents += random.normal(size=self.latents.shape) * 0.3
        self.places = {name: random.normal(size=24) * 3 for name in names}
        for name, place in self.places.items():
            self.latents[self.labels == name] += place
        self.shifts = {
            (source, target): self.places[source] - self.places[target]
            for source in names
            for target in names
        }
        self.keep = np.ones(len(self.labels), bool)

    def leave_out(self, name, feature, above=None, below=None):
        reading = self.described[:, NAMES.index(feature)]
        gone = reading >= above if below is None else reading <= below
        self.keep &= ~(gone & (self.labels == name))

    def encoded(self):
        rows = np.flatnonzero(self.keep)
        return encoding.EncodedFaces(
            self.latents[rows].astype(np.float32),
            self.labels[rows],
            rows,
            np.zeros(len(rows), bool),
            rows // STRETCH,
        )

    def pairs(self, shifts=True):
        return gaps.find_gaps(
            self.encoded(),
            self.described[self.keep],
            self.shifts if shifts else None,
        )


def named(pairs):
    return {
        (pair.target, pair.source, gap.words)
        for pair in pairs
        for gap in pair.gaps
    }


@pytest.mark.parametrize("seed", range(4))
def test_people_who_do_the_same_have_no_gap(seed):
    assert not named(Footage(["Marco", "Lena"], seed).pairs())


@pytest.mark.parametrize(
    "feature, edges, words",
    [
        ("jaw", {"above": 0.3}, "mouth open"),
        ("yaw", {"below": -12}, "head turned left"),
        ("light", {"above": 0.3}, "light from the right"),
        ("blink", {"above": 0.5}, "eyes shut"),
    ],
)
def test_a_planted_hole_is_named_with_whose_it_is(feature, edges, words):
    footage = Footage(["Marco", "Lena", "Kofi"])
    footage.leave_out("Lena", feature, **edges)
    assert named(footage.pairs()) == {
        ("Marco", "Lena", (words,)),
        ("Kofi", "Lena", (words,)),
    }


def test_a_gap_begins_where_the_hole_was_cut():
    footage = Footage(["Marco", "Lena"])
    footage.leave_out("Lena", "yaw", below=-14)
    [gap] = footage.pairs()[0].gaps
    [(feature, sign, edge)] = gap.conditions
    assert (feature, sign) == ("yaw", -1)
    assert -22 < edge < -12
    assert gap.source_share < 0.05 < gap.target_share
    assert gap.farther > 1.03
    assert gap.advice.startswith("Film about ")
    assert "Lena: head turned left" in gap.advice


def test_two_holes_of_one_person_are_both_named():
    footage = Footage(["Marco", "Lena"])
    footage.leave_out("Lena", "jaw", above=0.3)
    footage.leave_out("Lena", "yaw", above=12)
    assert named(footage.pairs()) == {
        ("Marco", "Lena", ("mouth open",)),
        ("Marco", "Lena", ("head turned right",)),
    }


def test_only_two_things_at_once_may_be_missing():
    footage = Footage(["Marco", "Lena"], count=1800)
    jaw, yaw = (
        footage.described[:, NAMES.index(name)] for name in ("jaw", "yaw")
    )
    both = (jaw > 0.12) & (yaw > 5)
    footage.keep &= ~(both & (footage.labels == "Lena"))
    found = named(footage.pairs())
    assert ("Marco", "Lena", ("head turned right", "mouth open")) in found
    assert len(found) == 1


def test_images_of_a_gap_come_loneliest_first_with_their_nearest():
    footage = Footage(["Marco", "Lena"])
    footage.leave_out("Lena", "jaw", above=0.3)
    encoded = footage.encoded()
    pair = footage.pairs()[0]
    [gap] = pair.gaps
    distances = dict(zip(pair.rows.tolist(), pair.distances, strict=True))
    order = [distances[row] for row in gap.rows.tolist()]
    assert order == sorted(order, reverse=True)
    assert set(encoded.labels[gap.rows]) == {"Marco"}
    assert set(encoded.labels[gap.counterparts.ravel()]) == {"Lena"}


def test_without_the_shift_everything_looks_lonely():
    footage = Footage(["Marco", "Lena"])
    with_it, without = footage.pairs(), footage.pairs(shifts=False)
    assert with_it[0].lonely.mean() < 0.2
    assert without[0].lonely.mean() > 0.4


def test_what_latents_do_not_know_is_no_gap():
    footage = Footage(["Marco", "Lena"])
    # the latents are of other frames than the descriptions
    own = footage.labels == "Marco"
    footage.latents[own] = footage.latents[own][::-1]
    footage.leave_out("Lena", "jaw", above=0.3)
    assert ("Lena", "Marco", ("mouth open",)) not in named(footage.pairs())


def test_a_gap_needs_two_described_identities():
    footage = Footage(["Marco"])
    with pytest.raises(ValueError, match="two identities"):
        footage.pairs()
    footage = Footage(["Marco", "Lena"])
    with pytest.raises(ValueError, match="3 descriptions"):
        gaps.find_gaps(footage.encoded(), footage.described[:3])


class Records:
    def __init__(self, count):
        self.records = [
            {
                "crop": f"crops/{row:06d}.jpg",
                "file": "talk.mp4",
                "frame": row,
                "time": row / 25,
            }
            for row in range(count)
        ]


def test_the_report_leads_back_to_the_files(tmp_path):
    footage = Footage(["Marco", "Lena"])
    footage.leave_out("Lena", "jaw", above=0.3)
    pairs = footage.pairs()
    face_sets = {name: Records(1800) for name in ("Marco", "Lena")}
    report = gap_report.gaps_as_data(pairs, footage.encoded(), face_sets)
    gap_report.write_gaps(tmp_path / "missing.json", report)
    text = (tmp_path / "missing.json").read_text(encoding="utf-8")
    read = json.loads(text)
    [gap] = read[0]["gaps"]
    assert gap["words"] == ["mouth open"]
    assert gap["images"][0]["file"] == "talk.mp4"
    assert gap["images"][0]["frame"] == pairs[0].gaps[0].rows[0]
    assert read[0]["without_counterpart"] == pairs[0].lonely.sum()
    scattered = {image["frame"] for image in read[0]["scattered"]}
    assert not scattered & {image["frame"] for image in gap["images"]}


def test_the_table_says_for_every_image_in_whom_it_has_no_counterpart():
    footage = Footage(["Marco", "Lena"])
    footage.leave_out("Lena", "jaw", above=0.3)
    encoded, pairs = footage.encoded(), footage.pairs()
    table = gap_report.missing_table(pairs, encoded)
    assert not table["Lena"][encoded.labels == "Lena"].any()
    lonely = np.flatnonzero(table["Lena"])
    assert set(pairs[0].gaps[0].rows.tolist()) & set(lonely.tolist())
