"""Will the footage do: planted gaps are named first, and nothing else is."""

import json
import shutil

import numpy as np
import pytest

from benchmarks import footage_report as benchmark
from helpers import plotting, synthetic
from helpers.faces import detection, facesets
from helpers.faces.face_set import FaceSet, evenly
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.latents.descriptions import FEATURES
from helpers.latents.report import (
    footage_facts,
    footage_findings,
    footage_gaps,
    footage_report,
    footage_text,
)

NAMES = [feature.name for feature in FEATURES]
STRETCH = 10  # faces of a take


def sample_described(random, count):
    """Descriptions of faces that do what people do, in takes."""
    takes = -(-count // STRETCH)
    each = {
        "yaw": random.normal(0, 15, takes),
        "pitch": random.normal(0, 5, takes),
        "jaw": random.choice([0.0, 0.06, 0.5], takes),
        "smile": random.uniform(0, 0.6, takes),
        "blink": random.choice([0.0, 0.9], takes, p=[0.9, 0.1]),
        "gaze_x": random.normal(0, 0.3, takes),
        "gaze_y": random.normal(0, 0.2, takes),
        "light": random.normal(0, 0.4, takes),
        "brightness": random.normal(0, 0.2, takes),
        "sharpness": random.normal(0, 0.4, takes),
    }
    described = np.column_stack([each[name] for name in NAMES])
    described = np.repeat(described, STRETCH, axis=0)[:count]
    wobble = random.normal(0, 0.2, described.shape) * described.std(axis=0)
    return described + wobble


def sample_records(count, rendered=True):
    records = []
    for row in range(count):
        take = f"take_{row // STRETCH:03d}.mp4"
        records.append(
            {
                "take": take,
                "file": take,
                "split": "test" if row % 100 < STRETCH else "train",
                "landmarks": [[100, 100], [150, 100]],
                "frame_parameters": {"yaw": 0} if rendered else None,
            }
        )
    return records


def sample_facts(name="Lena", seed=0, count=900, rendered=True):
    """Facts of a person who does what people do."""
    random = np.random.default_rng(seed)
    face_set = FaceSet(
        name,
        "nowhere",
        manifests.data_contract(),
        sample_records(count, rendered),
    )
    return footage_facts.Facts(
        name,
        face_set,
        sample_described(random, count),
        np.arange(count) // STRETCH,
        np.array([each["split"] == "train" for each in face_set.records]),
        footage_facts.doubts_of(face_set),
        np.full(count, 50.0),
        {size: np.full(count, 0.7) for size in footage_facts.NETWORK_SIZES},
    )


def without(facts, feature, above=None, below=None):
    reading = facts.described[:, NAMES.index(feature)]
    gone = reading >= above if below is None else reading <= below
    return benchmark.facts_without(facts, np.flatnonzero(~gone))


def names_of(*facts):
    report = footage_report.report_of_facts(
        {each.identity: each for each in facts}
    )
    return {
        identity: [finding["name"] for finding in own["findings"]]
        for identity, own in report["identities"].items()
    }


@pytest.mark.parametrize("seed", range(0, 12, 2))
def test_people_who_do_the_same_lack_nothing(seed):
    lena = sample_facts("Lena", seed, 1800)
    marco = sample_facts("Marco", seed + 1, 1800)
    assert names_of(lena, marco) == {"Lena": [], "Marco": []}


@pytest.mark.parametrize(
    "feature, edges, words",
    [
        ("jaw", {"above": 0.3}, "mouth open"),
        ("yaw", {"below": -12}, "head turned left"),
        ("light", {"above": 0.2}, "light from the right"),
        ("light", {"below": -0.05}, "light from the left"),
        ("smile", {"above": 0.3}, "smiling"),
        ("pitch", {"above": 3}, "head up"),
        ("gaze_x", {"below": -0.2}, "eyes to the left"),
    ],
)
def test_a_planted_gap_is_named_and_nothing_else(feature, edges, words):
    lena = without(sample_facts("Lena", 5, 2400), feature, **edges)
    marco = sample_facts("Marco", 6, 2400)
    assert names_of(lena, marco) == {"Lena": [words], "Marco": []}


def test_two_things_at_once_may_be_missing():
    lena, marco = sample_facts("Lena", 7, 2400), sample_facts("Marco", 8, 2400)
    left = lena.described[:, NAMES.index("yaw")] < -4
    mouth = lena.described[:, NAMES.index("jaw")] > 0.1
    lena = benchmark.facts_without(lena, np.flatnonzero(~(left & mouth)))
    assert names_of(lena, marco) == {
        "Lena": ["head turned left and mouth open"],
        "Marco": [],
    }


def test_what_nobody_does_is_not_missing():
    lena = without(sample_facts("Lena", 1), "yaw", below=-8)
    marco = without(sample_facts("Marco", 2), "yaw", below=-8)
    assert names_of(lena, marco) == {"Lena": [], "Marco": []}


def test_the_larger_of_two_gaps_comes_first():
    lena = without(sample_facts("Lena", 3, 1500), "yaw", below=-8)
    lena = without(lena, "jaw", above=0.3)
    found = names_of(lena, sample_facts("Marco", 4, 1500))["Lena"]
    assert found == ["mouth open", "head turned left"]


def test_with_as_many_images_as_advised_the_report_is_content():
    whole, marco = sample_facts("Lena", 5, 2400), sample_facts("Marco", 6, 2400)
    gone = whole.described[:, NAMES.index("yaw")] <= -12
    holed = benchmark.facts_without(whole, np.flatnonzero(~gone))
    [lack] = footage_gaps.find_lacks(marco, holed)
    assert lack["images"] < 10 and lack["missing"] <= footage_gaps.ENOUGH
    more = np.flatnonzero(gone & whole.train)
    more = more[evenly(len(more), lack["missing"])]
    rows = np.sort(np.concatenate([np.flatnonzero(~gone), more]))
    assert not footage_gaps.find_lacks(
        marco, benchmark.facts_without(whole, rows)
    )


def test_held_out_faces_fill_no_gap():
    whole, marco = sample_facts("Lena", 5, 2400), sample_facts("Marco", 6, 2400)
    gone = whole.described[:, NAMES.index("yaw")] <= -12
    kept = np.flatnonzero(~gone | ~whole.train)
    lena = benchmark.facts_without(whole, kept)
    assert names_of(lena, marco)["Lena"] == ["head turned left"]


def test_doubtful_readings_of_photographs_are_no_gap():
    column = NAMES.index("gaze_y")
    found = []
    for rendered in (True, False):
        lena = sample_facts("Lena", 1, rendered=rendered)
        marco = sample_facts("Marco", 2, rendered=rendered)
        # as if one face's lids were read as a look upwards
        marco.described[:, column] += 0.6
        found.append(names_of(lena, marco)["Lena"])
    assert found[0] and found[1] == []


def test_one_light_is_told_once_with_what_the_others_have():
    lena, marco = sample_facts("Lena", 1), sample_facts("Marco", 2)
    column = NAMES.index("light")
    lena.described[:, column] = 0.5 + 0.05 * lena.described[:, column]
    report = footage_report.report_of_facts({"Lena": lena, "Marco": marco})
    finding, *others = report["identities"]["Lena"]["findings"]
    assert (finding["name"], others) == ("one light", [])
    assert "from the right of the picture" in finding["advice"]
    assert "Marco has anything but light from the right" in finding["advice"]


def test_a_head_that_hardly_turns_is_told_last_and_not_twice():
    lena, marco = sample_facts("Lena", 1, 300), sample_facts("Marco", 2, 300)
    column = NAMES.index("yaw")
    for each in (lena, marco):
        each.described[:, column] /= 10
    assert names_of(lena, marco)["Lena"] == ["few faces", "still head"]
    lena.described[:, column] += 20
    found = names_of(lena, marco)["Lena"]
    assert found == ["anything but head turned right", "few faces"]


@pytest.mark.parametrize(
    "count, verdict", [(900, 0), (300, 1), (50, 2), (600, 0)]
)
def test_few_faces_are_counted_and_very_few_will_not_do(count, verdict):
    lena = sample_facts(count=count)
    report = footage_report.report_of_facts({"Lena": lena})["identities"][
        "Lena"
    ]
    assert report["verdict"] == footage_report.VERDICTS[verdict]
    train = int(lena.train.sum())
    if verdict:
        [finding] = report["findings"]
        assert f"Only {train} faces" in finding["advice"]
        assert finding["missing"] == footage_findings.WANTED_FACES - train


@pytest.mark.parametrize("soft, verdict", [(0.3, 0), (0.7, 1), (1.0, 2)])
def test_soft_footage_is_told(soft, verdict):
    lena = sample_facts()
    lena.detail[64][: round(soft * len(lena.detail[64]))] = 0.4
    report = footage_report.report_of_facts({"Lena": lena})["identities"][
        "Lena"
    ]
    assert report["verdict"] == footage_report.VERDICTS[verdict]
    assert report["reason"].startswith("blurred" if verdict else "enough")


def test_what_blurred_faces_do_is_not_compared():
    lena, marco = sample_facts("Lena", 5, 2400), sample_facts("Marco", 6, 2400)
    lena = without(lena, "yaw", below=-12)
    lena.detail[64][:] = 0.4
    assert names_of(lena, marco)["Lena"] == ["blurred"]


def test_one_light_is_one_however_the_head_turns_in_it():
    lena = sample_facts()
    yaw, light = NAMES.index("yaw"), NAMES.index("light")
    lena.described[:, light] = 0.02 * lena.described[:, yaw]
    assert (
        np.ptp(footage_findings.middle_spread(lena.described[:, light])) > 0.5
    )
    assert names_of(lena) == {"Lena": ["one light"]}


def test_small_faces_are_told_against_what_a_network_draws():
    lena = sample_facts()
    lena.eyes[:] = 20
    report = footage_report.report_of_facts({"Lena": lena})["identities"][
        "Lena"
    ]
    [finding] = report["findings"]
    assert finding["name"] == "small"
    # the eyes stand 0.3147 of the crop apart, of which 0.8 is seen
    assert report["networks"]["64"]["eyes"] == pytest.approx(25.2, abs=0.1)
    assert report["networks"]["128"]["large"] == 0


def records_of(*takes):
    """Face set of `(file, take, split)`."""
    records = [
        {"file": file, "take": take, "split": split}
        for file, take, split in takes
    ]
    return FaceSet("Lena", "nowhere", {}, records)


def test_the_held_out_part_is_told_by_take():
    held_out = footage_findings.held_out_of(
        records_of(
            ("a.mp4", "a.mp4", "train"),
            ("b.mp4", "b.mp4", "train"),
            ("c.mp4", "c.mp4", "test"),
        )
    )
    assert held_out["train"] == {"faces": 2, "takes": ["a.mp4", "b.mp4"]}
    assert held_out["held_out"] == {"faces": 1, "takes": ["c.mp4"]}
    assert held_out["warnings"] == []


@pytest.mark.parametrize(
    "takes, words",
    [
        ([("a.mp4", "a.mp4", "train")], ["No face is held out", "one take"]),
        ([("a.mp4", "a.mp4", "test")], ["nothing to train on"]),
        (
            [
                ("a.mp4", "a.mp4", "train"),
                ("a.mp4", "a.mp4 held out", "test"),
            ],
            ["come from one video (a.mp4"],
        ),
        (
            [("a.mp4", "a.mp4", "train"), ("b.mp4", "b.mp4", "test")],
            ["from one take (a.mp4)"],
        ),
    ],
)
def test_a_poor_held_out_part_is_warned_of(takes, words):
    warnings = footage_findings.held_out_of(records_of(*takes))["warnings"]
    assert len(warnings) == len(words)
    for warning, word in zip(warnings, words, strict=True):
        assert word in warning


def test_every_photo_is_a_take():
    photos = [(f"{n}.jpg", "photos", "train") for n in range(5)]
    photos.append(("5.jpg", "photos held out", "test"))
    held_out = footage_findings.held_out_of(records_of(*photos))
    assert len(held_out["train"]["takes"]) == 5
    assert held_out["warnings"] == []


def test_the_report_is_short_lines_and_json():
    lena = without(sample_facts("Lena", 5, 2400), "yaw", below=-12)
    report = footage_report.report_of_facts(
        {"Lena": lena, "Marco": sample_facts("Marco", 6, 2400)}
    )
    text = footage_text.footage_as_text(report)
    assert max(len(line) for line in text.splitlines()) <= 64
    assert "Lena: will do with gaps (head turned left)" in text
    assert "of the picture" in text and "notebook 04" in text
    assert "held out by take, never by frame: take_000.mp4" in text
    assert "  1. Film about 150 more frames of Lena: head turned left" in text
    # what to do comes before any number, and no name of a variable is printed
    assert text.index("  1. Film") < text.index("Lena in numbers")
    assert "gaze_x" not in text and "stops" not in text
    own = report["identities"]["Lena"]["features"]["light"]["shares"]
    left, right = (
        f"{own[f'light from the {side}']:.0%}" for side in ("left", "right")
    )
    assert f"  light: from the left {left}, from the right {right}" in text
    read = json.loads(json.dumps(report))
    [finding] = read["identities"]["Lena"]["findings"]
    [(feature, sign, edge)] = finding["conditions"]
    assert (feature, sign) == ("yaw", -1) and -20 < edge < -8


def test_missing_bins_are_those_of_the_gap_and_are_drawn_hatched():
    lena = without(sample_facts("Lena", 5, 2400), "yaw", below=-12)
    report = footage_report.report_of_facts(
        {"Lena": lena, "Marco": sample_facts("Marco", 6, 2400)}
    )
    own = report["identities"]["Lena"]["features"]
    missing = np.array(own["yaw"]["missing"])
    assert missing[0] and not missing[-1]
    assert not any(own["jaw"]["missing"])
    counts = np.array(own["yaw"]["counts"])
    assert counts.sum() == len(lena.described)
    figure = plotting.plot_footage_report(report)
    assert len(figure.axes) == len(FEATURES) * 2
    # bars of a missing bin have a height, all others none
    by_axes = [
        sum(bar.get_height() > 0 for bar in axes.patches if bar.get_hatch())
        for axes in figure.axes
    ]
    assert by_axes == [missing.sum()] + [0] * (len(by_axes) - 1)


def test_a_report_needs_somebody_with_faces():
    with pytest.raises(ValueError, match="at least one identity"):
        footage_report.footage_report({})
    empty = FaceSet("Lena", "nowhere", manifests.data_contract(), [])
    with pytest.raises(ValueError, match="none of 'Lena'"):
        footage_report.footage_report({"Lena": empty})


# ---- rendered faces, read from their pictures


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """Face sets of two rendered people, few frames of several takes."""
    folder = tmp_path_factory.mktemp("filmed")
    return {
        name: benchmark.film_faces(folder, name, takes=(48, 4), frames=2)
        for name in ("Lena", "Marco")
    }


@pytest.fixture
def few_are_enough(monkeypatch):
    monkeypatch.setattr(footage_findings, "WANTED_FACES", 30)
    monkeypatch.setattr(footage_findings, "LEAST_FACES", 20)


@pytest.mark.usefixtures("few_are_enough")
@pytest.mark.parametrize("words", ["", "head turned left"])
def test_rendered_people_lack_what_was_taken_and_nothing_else(filmed, words):
    face_sets = dict(filmed)
    if words:
        # wide: so few takes prove little
        rows = synthetic.rows_without(filmed["Lena"], ("yaw", -1, -6.0))
        face_sets["Lena"] = filmed["Lena"].pick(rows)
    report = footage_report.footage_report(face_sets)
    found = {
        name: [each["name"] for each in own["findings"]]
        for name, own in report["identities"].items()
    }
    assert found == {"Lena": [words] if words else [], "Marco": []}


@pytest.mark.usefixtures("few_are_enough")
def test_blurred_rendered_footage_is_told(filmed, tmp_path):
    soft = benchmark.blurred(filmed["Lena"], tmp_path)
    report = footage_report.footage_report({"Lena": soft})
    lena = report["identities"]["Lena"]
    assert lena["findings"][0]["name"] == "blurred"
    assert lena["networks"]["64"]["sharp"] < 0.1


def test_of_many_faces_some_are_looked_at_evenly(filmed):
    report = footage_report.footage_report({"Lena": filmed["Lena"]}, most=20)
    lena = report["identities"]["Lena"]
    assert (lena["faces"], lena["described"]) == (104, 20)
    assert "20 of 104 faces were looked at" in footage_text.footage_as_text(
        report
    )
    assert lena["train"]["faces"] == 96


# ---- real people


@pytest.mark.usefixtures("few_are_enough")
def test_real_clips_lack_light_and_no_look_that_was_misread(
    shared_data, tmp_path
):
    contract, detector = manifests.data_contract(), detection.FaceDetector(0.2)
    clips = {"president_obama": "clip.mov", "person_c": "clip.mp4"}
    for name, clip in clips.items():
        (tmp_path / "footage" / name).mkdir(parents=True)
        shutil.copy(
            shared_data / "people" / name / clip, tmp_path / "footage" / name
        )
        extraction.extract_faces(
            tmp_path / "footage" / name,
            tmp_path / "faces",
            contract,
            detector,
            name,
            every=12,
        )
    facesets.write_face_sets(tmp_path / "faces", list(clips), contract)
    report = footage_report.footage_report(
        {n: facesets.read_face_set(tmp_path / "faces", n) for n in clips}
    )
    for own in report["identities"].values():
        assert own["photographed"]
        found = [each["name"] for each in own["findings"]]
        assert found in (["one light", "still head"], ["one light"])
        assert "come from one video" in own["warnings"][0]
    person = report["identities"]["person_c"]
    assert "from the right of the picture" in person["findings"][0]["advice"]


def test_a_last_part_that_is_held_out_is_not_called_a_take():
    own = {"train": {"faces": 9, "takes": ["a.mp4"]}}
    own["held_out"] = {"faces": 2, "takes": ["a.mp4", "b.mp4"]}
    own |= {"eyes": (1, 2, 3), "described": 11, "faces": 11, "networks": {}}
    lines = list(footage_text._lines_of_faces(own))
    assert "  held out by take, never by frame: b.mp4" in lines
    assert "  held out is the last part of a.mp4" in lines


@pytest.mark.parametrize("every", [1, 5])
def test_more_frames_are_advised_only_where_some_were_passed_over(
    every, tmp_path
):
    lena = sample_facts(count=120)
    lena.face_set.folder = tmp_path
    steps = {"every": {"frames": every, "photos": 1}}
    manifests.write_json(tmp_path / "report.json", steps)
    report = footage_report.report_of_facts({"Lena": lena})
    findings = report["identities"]["Lena"]["findings"]
    (few,) = [each for each in findings if each["name"] == "few faces"]
    assert ("look at more frames" in few["advice"]) == (every == 5)
    assert ("one of 5" in few["advice"]) == (every == 5)


def test_the_report_stays_beside_the_faces(tmp_path, monkeypatch, capsys):
    facts = {"Lena": sample_facts(), "Marco": sample_facts("Marco", 1)}
    known = footage_report.report_of_facts(facts)
    monkeypatch.setattr(footage_report, "footage_report", lambda _: known)
    footage_report.write_footage_report(tmp_path, {})
    written = (tmp_path / "footage_report.txt").read_text(encoding="utf-8")
    assert written == capsys.readouterr().out
    kept = json.loads((tmp_path / "footage_report.json").read_text())
    assert kept == json.loads(json.dumps(known))
