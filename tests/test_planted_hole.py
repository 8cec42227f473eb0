"""A hole planted on purpose: what is taken, trained on, filmed again."""

from types import SimpleNamespace

import numpy as np
import pytest
from explorer_page import make_face_set
from small_swappers import assert_equal, small_comb, values

from helpers import synthetic
from helpers.faces.face_set import FaceSet
from helpers.files import manifests
from helpers.proof import planted_hole

CONTRACT = manifests.data_contract()


def faces(name, rendered=True):
    """Forty faces of a person who does all kinds of things."""
    random = np.random.default_rng(len(name))
    records = []
    for _ in range(40):
        frame = {
            **synthetic.FRAME_DEFAULTS,
            "jaw": random.uniform(0, 1),
            "yaw": random.uniform(-40, 40),
            "light": (random.uniform(-1, 1), 0.4, 0.8),
        }
        records.append({"frame_parameters": frame if rendered else None})
    return FaceSet(name, "nowhere", CONTRACT, records)


@pytest.fixture
def whole():
    return {name: faces(name) for name in ("Rosa", "Marco")}


def test_all_of_one_kind_is_taken_from_one_person(whole):
    drawn = set()
    for seed in range(12):
        hole = planted_hole.plant_hole(whole, seed=seed)
        condition = synthetic.HOLES[hole.kind]
        assert synthetic.rows_with(hole.face_sets[hole.holder], condition) == []
        taken = synthetic.rows_with(whole[hole.holder], condition)
        left = {name: len(own) for name, own in hole.face_sets.items()}
        assert left == {"Rosa": 40, "Marco": 40, hole.holder: 40 - len(taken)}
        drawn.add((hole.kind, hole.holder))
    assert len(drawn) > 3
    again = planted_hole.plant_hole(whole, seed=11)
    assert (again.kind, again.holder) == (hole.kind, hole.holder)
    named = planted_hole.plant_hole(whole, "mouth open", seed=11)
    assert named.kind == "mouth open" and named.holder == hole.holder


def test_nothing_is_taken_where_nothing_can_be_known(whole):
    assert planted_hole.plant_hole(whole, "").face_sets == whole
    real = {**whole, "Ann": faces("Ann", rendered=False)}
    hole = planted_hole.plant_hole(real)
    assert hole.kind == "" and hole.face_sets == real
    with pytest.raises(ValueError, match="'mouth open'.*Received: 'mouth'"):
        planted_hole.plant_hole(whole, "mouth")


def test_a_short_training_leaves_its_network_as_it_is(tmp_path, capsys):
    network = small_comb(("Rosa", "Marco"))
    face_sets = {
        name: make_face_set(tmp_path / name, name, 30, shade)
        for name, shade in (("Rosa", 60), ("Marco", 180))
    }
    network.contract = face_sets["Rosa"].contract
    before = values(network.variables())
    trained = planted_hole.train_shortly(network, face_sets, 2, batch_size=2)
    assert_equal(before, values(network.variables()))
    assert network.shifts == {}
    after = values(trained.variables())
    moved = {name for name in before if (before[name] != after[name]).any()}
    assert moved and not any(name.startswith("encoder") for name in moved)
    assert set(trained.shifts) == {("Rosa", "Marco"), ("Marco", "Rosa")}
    assert "2 steps in" in capsys.readouterr().out


def test_what_is_missing_is_filmed_and_joined(tmp_path, whole, capsys):
    gap = SimpleNamespace(conditions=(("jaw", 1, 0.3),))
    inspected = SimpleNamespace(
        all_gaps=lambda: [(SimpleNamespace(source="Marco"), gap)],
        network=SimpleNamespace(contract=CONTRACT),
        face_sets=whole,
    )
    for _ in range(2):  # the second time all is there
        filled = planted_hole.film_what_is_missing(inspected, tmp_path, 1)
        assert filled["Rosa"] is whole["Rosa"]
        more = filled["Marco"].records[40:]
        assert 1 <= len(more) <= 10
        for record in more:
            assert record["frame_parameters"]["jaw"] >= 0.3
    assert f"{len(more)} more images" in capsys.readouterr().out
    inspected.all_gaps = list
    with pytest.raises(ValueError, match="Nothing has to be filmed"):
        planted_hole.film_what_is_missing(inspected, tmp_path, 1)
