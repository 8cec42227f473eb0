"""The score: what it says of combs whose worth is known beforehand."""

import numpy as np
import pytest
from known_combs import (
    COLORS,
    FRAMES,
    SIZE,
    FakeFaceSet,
    FakeReader,
    filing_comb,
    film,
    masks_of,
    perfect_comb,
)

from helpers.files import manifests
from helpers.proof import evaluation, paired_faces


def test_every_ordered_pair_is_scored_on_test_takes_and_averaged():
    face_sets = {name: FakeFaceSet(name) for name in COLORS}
    scores = evaluation.swap_scores(perfect_comb(), face_sets, FakeReader())
    pairs = {(pair["source"], pair["target"]) for pair in scores["pairs"]}
    assert len(pairs) == len(scores["pairs"]) == 6
    assert all(pair["frames"] == FRAMES // 2 for pair in scores["pairs"])
    # cutting whole crops small rounds a little
    assert scores["swap_skill"] == pytest.approx(1, abs=1e-4)
    assert scores["expression_skill"] == pytest.approx(1, abs=1e-4)
    skills = [pair["unchanged_skill"] for pair in scores["pairs"]]
    assert scores["unchanged_skill"] == pytest.approx(np.mean(skills))


def test_the_truth_is_cut_where_the_swap_will_be_pasted():
    larger = manifests.data_contract()["crop_size"] // SIZE
    source = FakeFaceSet("Marco", [0, 1])
    target = FakeFaceSet("Lena", [0, 1], aside=2 * larger)
    truth, masks = paired_faces.truth_of(perfect_comb(), source, target)
    own = film("Marco", source.rows)
    # the target's crop shows the photo's left edge two pixels further right
    np.testing.assert_allclose(truth[:, :, 2:], own[:, :, :-2], atol=1e-3)
    np.testing.assert_allclose(masks[:, :, 2:], masks_of(2)[:, :, :-2])
    assert not masks[:, :, :2].any()  # nothing was stored there


def test_latents_moved_to_the_sources_place_are_understood_there():
    face_sets = {name: FakeFaceSet(name) for name in ("Marco", "Lena")}
    comb = filing_comb()
    lost = evaluation.swap_scores(comb, face_sets)
    comb.shifts.update({("Marco", "Lena"): -50.0, ("Lena", "Marco"): 50.0})
    understood = evaluation.swap_scores(comb, face_sets)
    assert (
        lost["ceiling"] == understood["ceiling"] == pytest.approx(1, abs=0.02)
    )
    assert lost["swap_skill"] < 0
    assert understood["swap_skill"] == pytest.approx(1, abs=0.02)


def test_one_reading_scores_a_comb_with_and_without_its_shifts(monkeypatch):
    face_sets = {name: FakeFaceSet(name) for name in ("Marco", "Lena")}
    comb = filing_comb()
    lost = evaluation.swap_scores(comb, face_sets)
    comb.shifts.update({("Marco", "Lena"): -50.0, ("Lena", "Marco"): 50.0})
    monkeypatch.setattr(
        evaluation.expression_reader, "read_expression_reader", FakeReader
    )
    scores = evaluation.score_with_shifts(comb, face_sets)
    assert scores["unshifted_skill"] == pytest.approx(lost["swap_skill"])
    known = evaluation.swap_scores(comb, face_sets, FakeReader())
    assert scores["swap_skill"] == pytest.approx(known["swap_skill"])
    assert scores["expression_skill"] == known["expression_skill"]
    assert comb.shift("Marco", "Lena") == -50.0
    ratios = evaluation.cycle_ratios(comb, face_sets)
    assert set(ratios) == {("Marco", "Lena"), ("Lena", "Marco")}
    # there by the shift and back without it: nothing is lost
    assert max(ratios.values()) == pytest.approx(1, abs=0.3)


def test_people_without_a_truth_have_no_scores():
    face_sets = {
        "Marco": FakeFaceSet("Marco"),
        "Lena": FakeFaceSet("Lena", take="holiday.mp4"),
    }
    assert evaluation.score_with_shifts(perfect_comb(), face_sets) == {}


def test_no_more_frames_are_scored_than_asked_for():
    face_sets = {name: FakeFaceSet(name) for name in ("Marco", "Lena")}
    scores = evaluation.swap_scores(perfect_comb(), face_sets, most=7)
    assert [pair["frames"] for pair in scores["pairs"]] == [7, 7]


def test_people_without_common_takes_have_no_truth():
    face_sets = {
        "Marco": FakeFaceSet("Marco"),
        "Lena": FakeFaceSet("Lena", take="holiday.mp4"),
    }
    with pytest.raises(ValueError, match="share no test frame"):
        evaluation.swap_scores(perfect_comb(), face_sets)


def test_one_identity_or_another_contract_is_refused():
    with pytest.raises(ValueError, match="two identities"):
        evaluation.swap_scores(perfect_comb(), {"Lena": FakeFaceSet("Lena")})
    face_sets = {name: FakeFaceSet(name) for name in ("Marco", "Lena")}
    face_sets["Lena"].contract = manifests.data_contract(coverage=0.7)
    with pytest.raises(manifests.ContractError, match="coverage"):
        evaluation.swap_scores(perfect_comb(), face_sets)


def test_scores_are_printed_and_photographed_people_have_none(
    monkeypatch, capsys
):
    takes = {"Marco": "test_000.mp4", "Lena": "test_000.mp4"}
    monkeypatch.setattr(
        evaluation.facesets,
        "read_face_set",
        lambda folder, name, contract: FakeFaceSet(name, take=takes[name]),
    )
    monkeypatch.setattr(
        evaluation.expression_reader, "read_expression_reader", FakeReader
    )
    scores = evaluation.print_scores(perfect_comb(), "faces")
    assert scores["swap_skill"] == pytest.approx(1, abs=1e-4)
    assert all(isinstance(value, float) for value in scores.values())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(evaluation.PRINTED)
    assert lines[0].split()[1] == "+1.00"
    takes["Lena"] = "holiday.mp4"
    assert evaluation.print_scores(perfect_comb(), "faces") == {}
    assert "have no true swap" in capsys.readouterr().out
