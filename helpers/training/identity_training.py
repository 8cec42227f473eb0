"""Face sets and what a network starts from -> a trainer, and who joins later.

The machinery of notebook 03: who is trained, what becomes of the encoder,
the rehearsal if there is one, and a folder that holds this run and no other.
"""

import pathlib

import numpy as np

from helpers import growth
from helpers.crowd import Crowd
from helpers.detail_network import DetailNetwork, choose_factor
from helpers.faces import facesets
from helpers.faces.face_records import MADE_BY
from helpers.files import manifests
from helpers.files.fingerprints import of_weights
from helpers.training.checkpoint_files import read_newest_details
from helpers.training.detail_data import detail_data, detail_optimizer
from helpers.training.detail_start import read_detail_start
from helpers.training.identity_data import identity_data
from helpers.training.other_runs import short_path
from helpers.training.rehearsal import RehearsingComb, rehearsal_data
from helpers.training.run_folder import CHECKPOINT, begin_run

ENCODERS = ("auto", "frozen", "rehearse", "free")
BATCH_SIZE = 12  # of who joins
DETAIL_STEPS, DETAIL_BATCH, DETAIL_RATE = 5000, 4, 3e-3


def read_people(folder, join="", join_folder=None, trained=None):
    """Face sets of the people to train, and of the one who joins them later.

    Args:
        folder: str or path of the face sets that notebook 01 finished.
        join: str. Who joins, and is not trained with the others; `""` for
            nobody.
        join_folder: str or path of their face set, or `None` for `folder`.
        trained: str, path or `None`. Folder that the others are trained in.

    Returns:
        `(face_sets, newcomer)`: dict of name to `FaceSet`, and a `FaceSet`,
        `None` for nobody.

    Raises:
        FileNotFoundError: if a folder is missing or unfinished.
        ValueError: if nobody is called so, or if who joins is there already.
        manifests.ContractError: if the newcomer's contract is another one.
    """
    manifest = manifests.read_manifest(folder, MADE_BY)
    names, newcomer = list(manifest["identities"]), None
    if join:
        join_folder = folder if join_folder is None else join_folder
        known = manifests.read_manifest(join_folder, MADE_BY)["identities"]
        if join not in known:
            raise ValueError(
                f"Who joins has a face set in {short_path(join_folder)}, which "
                f"holds {', '.join(known)}. Received: JOIN={join!r}. Add them "
                "to IDENTITIES in notebook 01 and run it, or set "
                "JOIN_FACES_FOLDER."
            )
        if (
            pathlib.Path(join_folder).resolve()
            == pathlib.Path(folder).resolve()
        ):
            names.remove(join)
        _check_stranger(join, names, trained)
        newcomer = facesets.read_face_set(
            join_folder, join, manifest["contract"]
        )
    return facesets.read_face_sets(folder, names), newcomer


def _check_stranger(join, names, trained):
    """Stop if who joins is one of those who are there."""
    there = None
    if trained is not None:
        there = read_newest_details(pathlib.Path(trained) / CHECKPOINT)
    if there is not None:
        config = there["config"]
        known = config.get("comb", config).get("identities", ())
        if set(names) <= set(known):
            names = known
    if join in names:
        where = short_path(trained) if there else "the faces of the others"
        raise ValueError(
            f"Who joins is somebody new; {where} knows "
            f"{', '.join(names)} already. Received: JOIN={join!r}. Set JOIN "
            'to another name, or to "".'
        )
    if len(names) < 2:
        raise ValueError(
            "Somebody joins two or more, whose face sets are beside theirs. "
            f"Received: JOIN={join!r}, and {', '.join(names) or 'nobody'}. Add "
            "a third person to IDENTITIES in notebook 01, or give their folder "
            "as JOIN_FACES_FOLDER."
        )


def choose_encoder(encoder, pretrained, face_sets):
    """What becomes of the encoder that a comb starts from.

    Args:
        encoder: `"frozen"`, `"rehearse"`, `"free"`, or `"auto"`: rehearse
            for photographed people where a crowd is there to, else frozen.
        pretrained: `Comb` or `Crowd` that the comb started from, or `None`
            for nothing: then it is free.
        face_sets: dict of name to `FaceSet`.

    Returns:
        `"frozen"`, `"rehearse"` or `"free"`.

    Raises:
        ValueError: if it is another word.
    """
    if encoder not in ENCODERS:
        raise ValueError(
            f"ENCODER is one of {', '.join(ENCODERS)}. Received: {encoder!r}"
        )
    if pretrained is None:
        return "free"
    if encoder != "auto":
        return encoder
    rendered = all(face_set.rendered for face_set in face_sets.values())
    can_rehearse = isinstance(pretrained, Crowd) and not rendered
    return "rehearse" if can_rehearse else "frozen"


def prepare_training(
    network,
    pretrained,
    face_sets,
    schedule,
    folder,
    encoder="auto",
    rehearsal=(None, 1000),
    start=None,
    seed=0,
    **options,
):
    """A trainer of a comb, whose folder holds this run and no other.

    What a run is made from (weights, faces, encoder) is looked at first: see
    `run_folder.begin_run()` on what happens to another run that is there.
    Only then the crowd is filmed, where the encoder rehearses.

    Args:
        network: `Comb` to be trained.
        pretrained: `Comb` or `Crowd` that it started from, or `None`.
        face_sets: dict of name to `FaceSet`.
        schedule: list of stages from `growth_schedule()`.
        folder: str or path to train in.
        encoder: see `choose_encoder()`.
        rehearsal: `(folder, frames)`: where the crowd is filmed, how long.
        start: str, path or `None`: where `pretrained` lies.
        seed: int, of the data.
        **options: `learning_rate`, `minutes`, see `Trainer`.

    Returns:
        `Trainer`. Its `made_from` says what the encoder became: `ENCODER`.
    """
    encoder = choose_encoder(encoder, pretrained, face_sets)
    print("encoder:", encoder)
    made_from = {
        "START_FROM": of_weights(pretrained) if pretrained else "nothing",
        "ENCODER": encoder,
        **faces_of(face_sets),
    }
    trained = network
    if encoder == "rehearse":
        trained = RehearsingComb(network, pretrained)
        made_from["REHEARSAL_FRAMES"] = rehearsal[1]
    if encoder == "frozen":
        options["frozen"] = ("encoder",)
    run = begin_run(
        folder,
        trained,
        schedule,
        made_from,
        seed=seed,
        start=start,
        **options,
    )
    data = identity_data(
        list(face_sets.values()), network.resolution, seed=seed
    )
    if encoder == "rehearse":
        data = rehearsal_data(data, pretrained, *rehearsal, seed)
    return run.trainer(data)


def prepare_newcomer(
    grown, face_set, steps, learning_rate, folder=None, seed=0
):
    """A trainer of one decoder alone, for who joins a trained comb.

    Args:
        grown: `Comb` from `add_identity()`. All but the newcomer stay as
            they are.
        face_set: `FaceSet` of the newcomer.
        steps: int.
        learning_rate: float.
        folder: str, path or `None`: where checkpoints are kept; see
            `run_folder.begin_run()`. `None` keeps none.
        seed: int, of the data.

    Returns:
        `Trainer`.
    """
    level = grown.level
    run = begin_run(
        folder,
        grown.alone(face_set.identity),
        growth.growth_schedule(level, steps, level, BATCH_SIZE),
        {
            "the others": of_weights(grown),
            **faces_of({face_set.identity: face_set}),
        },
        learning_rate,
        seed,
        frozen=grown.shared_layers(),
    )
    return run.trainer(identity_data([face_set], grown.resolution, seed=seed))


def prepare_detail(
    comb, face_sets, folder=None, minutes=None, factor=None, seed=0
):
    """A trainer of a comb's detail network.

    Args:
        comb: trained `Comb`, whose `detail` this becomes once it is trained.
            Has it one already, then who is trained joins that: the same
            factor, and blocks that stay as they are.
        face_sets: dict of name to `FaceSet`, of identities of the comb.
        folder: str, path or `None`, see `run_folder.begin_run()`.
        minutes: float; 0 for no detail network; `None` for `DETAIL_STEPS`.
        factor: one of `detail_network.FACTORS`; `None` chooses by how large
            the faces of whoever is filmed largest are in the footage.
        seed: int.

    Returns:
        `Trainer`, or `None` where there is none to be trained.

    Raises:
        ValueError: if there is no such factor.
        other_runs.OtherRunError: see `run_folder.begin_run()`.
    """
    # who is filmed largest: each face is pasted over each other's
    side = max(np.median(each.footage_sides()) for each in face_sets.values())
    factor = factor or choose_factor([side], comb.resolution)
    known, frozen = read_detail_start(), ()
    if comb.detail is not None:
        known, frozen, factor = comb.detail, ("trunk",), comb.detail.factor
    print(
        f"faces: up to {side:.0f} pixels of the footage, drawn in "
        f"{comb.resolution}, enlarged {factor} times"
    )
    if factor == 1 or minutes == 0:
        return None
    detail = DetailNetwork(list(face_sets), comb.resolution, factor)
    detail.start_from(known)
    run = begin_run(
        folder,
        detail,
        growth.growth_schedule(0, DETAIL_STEPS, 0, DETAIL_BATCH),
        {
            "the comb": of_weights(comb),
            "the start": of_weights(detail),
            **faces_of(face_sets),
        },
        DETAIL_RATE,
        seed,
        minutes=minutes,
        frozen=frozen,
        optimizer=detail_optimizer,
    )
    return run.trainer(detail_data(comb, face_sets, detail.side, seed))


def faces_of(face_sets):
    """By what the faces of a run are known again: fingerprints by name."""
    return {
        f"faces of {name}": face_set.fingerprint()
        for name, face_set in face_sets.items()
    }
