"""Who is trained, from what and how; who joins later, and what that leaves."""

import keras
import numpy as np
import pytest
from footage import CONTRACT, extract, write_footage
from test_trainer import content, untraced

from helpers import growth
from helpers.comb import build_comb
from helpers.crowd import build_crowd, comb_for
from helpers.faces import facesets
from helpers.identities import add_identity
from helpers.training import bundles, identity_training
from helpers.training.other_runs import OtherRunError

pytestmark = pytest.mark.usefixtures("every_face_counts")

SMALL = {
    "resolution": 8,
    "widths": (6, 4),
    "latent_dim": 5,
    "shared_levels": 1,
    "contract": CONTRACT,
}


def write_people(folder, *names):
    footage = folder.parent / "footage"
    if not footage.exists():
        write_footage(footage)
    for name in names:
        extract(footage, folder, name)
    facesets.write_face_sets(folder, names, CONTRACT, least=1)
    return folder


@pytest.fixture
def faces(tmp_path):
    return write_people(tmp_path / "faces", "Ada", "Bob", "Cleo")


def begin(faces, folder, join="", pretrained=None, steps=2, **options):
    """As notebook 03 begins: the trainer, and who joins."""
    face_sets, stranger = identity_training.read_people(
        faces, join, faces, folder
    )
    keras.utils.set_random_seed(0)
    network = build_comb(list(face_sets), **SMALL)
    if pretrained is not None:
        network = comb_for(pretrained, list(face_sets))
    trainer = identity_training.prepare_training(
        network,
        pretrained,
        face_sets,
        growth.growth_schedule(1, steps, 1, 2),
        folder,
        learning_rate=1e-3,
        **options,
    )
    return trainer, stranger


def train(trainer):
    with untraced():
        trainer.run(report_every=9)


def test_who_joins_is_not_trained_with_the_others(faces, tmp_path):
    face_sets, stranger = identity_training.read_people(faces, "Bob")
    assert list(face_sets) == ["Ada", "Cleo"] and stranger.identity == "Bob"
    other = write_people(tmp_path / "others", "Dora")
    face_sets, stranger = identity_training.read_people(faces, "Dora", other)
    assert list(face_sets) == ["Ada", "Bob", "Cleo"]
    assert stranger.folder == other / "Dora"
    assert identity_training.read_people(faces)[1] is None


def test_a_name_that_cannot_join_is_told_what_to_do(faces, tmp_path):
    with pytest.raises(ValueError, match="Ada, Bob, Cleo. Received: JOIN='K"):
        identity_training.read_people(faces, "Kofi")
    other = write_people(tmp_path / "others", "Ada")
    with pytest.raises(ValueError, match="Ada, Bob, Cleo already.*JOIN='Ada'"):
        identity_training.read_people(faces, "Ada", other)
    two = write_people(tmp_path / "two", "Ada", "Bob")
    with pytest.raises(ValueError, match="Somebody joins two or more"):
        identity_training.read_people(two, "Bob")
    # one of those who were trained is no stranger: nothing is set aside
    trained = tmp_path / "trained"
    trainer, _ = begin(two, trained)
    train(trainer)
    before = content(trained)
    with pytest.raises(ValueError, match="trained knows Ada, Bob already"):
        identity_training.read_people(two, "Bob", None, trained)
    assert content(trained) == before


def test_a_third_one_joins_a_finished_run_which_stays_as_it_is(
    faces, tmp_path, capsys
):
    folder, beside = tmp_path / "trained", tmp_path / "trained_with_Cleo"
    two = write_people(tmp_path / "two", "Ada", "Bob")
    trainer, _ = begin(two, folder)
    train(trainer)
    bundles.save_bundle(trainer.network, folder, "03_full_training")
    before = content(folder)
    capsys.readouterr()
    # 01 was run again with three: the two are the same, and so is the run
    for again in (False, True):
        trainer, stranger = begin(faces, folder, join="Cleo")
        assert trainer.finished and trainer.network.identities == ("Ada", "Bob")
        grown = add_identity(trainer.network, "Cleo")
        joining = identity_training.prepare_newcomer(
            grown, stranger, 3, 1e-3, beside
        )
        assert joining.finished == again
        train(joining)
        bundles.save_bundle(grown, beside, "03_full_training")
    assert content(folder) == before
    crops = stranger.network_crops(8)
    three, both = (bundles.load_bundle(f) for f in (beside, folder))
    assert three.identities == ("Ada", "Bob", "Cleo")
    for name in both.identities:
        np.testing.assert_array_equal(
            three.swap(crops, name), both.swap(crops, name)
        )
    assert {path.name for path in tmp_path.glob("trained*")} == {
        "trained",
        "trained_with_Cleo",
    }
    # other footage of the newcomer: what was finished moves aside
    extract(tmp_path / "footage", faces, "Cleo", every=3)
    facesets.write_face_sets(faces, ["Ada", "Bob", "Cleo"], CONTRACT)
    trainer, stranger = begin(faces, folder, join="Cleo")
    identity_training.prepare_newcomer(
        add_identity(trainer.network, "Cleo"), stranger, 3, 1e-3, beside
    )
    assert "kept as trained_with_Cleo.1" in capsys.readouterr().out
    assert trainer.finished and content(folder) == before


def test_other_footage_under_the_same_names_is_another_run(
    faces, tmp_path, capsys
):
    folder = tmp_path / "trained"
    trainer, _ = begin(faces, folder)
    train(trainer)
    before = content(folder)
    assert begin(faces, folder)[0].finished
    extract(tmp_path / "footage", faces, "Bob", every=3)
    facesets.write_face_sets(faces, ["Ada", "Bob", "Cleo"], CONTRACT)
    capsys.readouterr()
    again, _ = begin(faces, folder)
    assert not again.finished and again.state["total_steps"] == 0
    assert "what differs: faces of Bob)" in capsys.readouterr().out
    assert content(tmp_path / "trained.1") == before


def test_the_encoder_is_chosen_by_who_is_seen_and_where_it_is_from(faces):
    face_sets, _ = identity_training.read_people(faces)
    crowd = build_crowd(3, **SMALL)
    comb = build_comb(["Ada"], **SMALL)
    choose = identity_training.choose_encoder
    photographed = not any(faces.rendered for faces in face_sets.values())
    assert choose("auto", crowd, face_sets) == (
        "rehearse" if photographed else "frozen"
    )
    assert choose("auto", comb, face_sets) == "frozen"
    assert choose("frozen", None, face_sets) == "free"
    assert choose("rehearse", crowd, face_sets) == "rehearse"
    with pytest.raises(ValueError, match="Received: 'thaw'"):
        choose("thaw", crowd, face_sets)


def test_an_error_comes_before_the_crowd_is_filmed(faces, tmp_path):
    folder, film = tmp_path / "trained", tmp_path / "film"
    crowd = build_crowd(3, **SMALL | {"resolution": 16, "widths": (6, 4, 4)})
    options = {"pretrained": crowd, "rehearsal": (film, 4)}

    def stop(report):
        raise KeyboardInterrupt

    trainer, _ = begin(faces, folder, encoder="frozen", **options)
    with untraced():
        trainer.run(report_every=1, on_report=stop)
    with pytest.raises(OtherRunError, match=r"ENCODER \(frozen, now rehe"):
        begin(faces, folder, encoder="rehearse", **options)
    assert not film.exists()
    trainer, _ = begin(faces, tmp_path / "new", encoder="rehearse", **options)
    assert (film / "crops.npy").is_file()
    assert trainer.made_from["REHEARSAL_FRAMES"] == 4
