"""A hole planted in somebody's footage: is it found, and does filling help?"""

import dataclasses
import pathlib
import time

import keras
import numpy as np

from helpers.crowd import comb_for
from helpers.faces import detection, facesets
from helpers.faces.sorting import extraction
from helpers.growth import growth_schedule
from helpers.latents.shifts import latent_shifts
from helpers.proof import evaluation
from helpers.synthetic import holes
from helpers.training.identity_data import identity_data
from helpers.training.trainer import Trainer

SURPRISE = "surprise"


@dataclasses.dataclass
class PlantedHole:
    """All images of one kind taken from one person, by lot.

    Attributes:
        kind: str, of `synthetic.HOLES`; empty where nothing was taken.
        holder: str. Who was robbed.
        whole: dict from identity to `FaceSet`, as they were.
        face_sets: the same, less what was taken.
    """

    kind: str
    holder: str
    whole: dict
    face_sets: dict

    def swap_skill(self, network):
        """Skill of the holder's face on unseen frames of the kind taken.

        Args:
            network: comb, trained.

        Returns:
            float, the mean over targets: 0 is a mean face, 1 the truth.
        """
        asked = {
            name: own.pick(holes.rows_with(own, holes.HOLES[self.kind]))
            for name, own in self.whole.items()
            if name != self.holder
        }
        scored = {self.holder: self.whole[self.holder], **asked}
        pairs = evaluation.swap_scores(network, scored)["pairs"]
        return float(
            np.mean(
                [
                    score["swap_skill"]
                    for score in pairs
                    if score["source"] == self.holder
                ]
            )
        )


def plant_hole(face_sets, kind=SURPRISE, seed=0):
    """Take all images of one kind from one person, and do not say which.

    Args:
        face_sets: dict from identity to `FaceSet`, of rendered people: of
            photographed ones nobody knows what they did, and nothing is
            taken.
        kind: str, of `synthetic.HOLES`; `"surprise"`: by lot; `""`: nothing.
        seed: int. Draws the person, and the kind.

    Returns:
        `PlantedHole`.

    Raises:
        ValueError: if there is no such kind.
    """
    names = list(face_sets)
    if kind not in ("", SURPRISE, *holes.HOLES):
        raise ValueError(
            f"HOLE should be one of {[SURPRISE, '', *holes.HOLES]}. "
            f"Received: {kind!r}."
        )
    random = np.random.default_rng(seed)
    drawn, holder = map(str, map(random.choice, (list(holes.HOLES), names)))
    kind = drawn if kind == SURPRISE else kind
    if not kind or not all(own.rendered for own in face_sets.values()):
        return PlantedHole("", holder, face_sets, dict(face_sets))
    own = face_sets[holder]
    left = own.pick(holes.rows_without(own, holes.HOLES[kind]))
    return PlantedHole(kind, holder, face_sets, {**face_sets, holder: left})


def train_shortly(
    network, face_sets, steps, seed=0, batch_size=12, learning_rate=0.003
):
    """Train decoders on some footage, the encoder frozen, and find the places.

    Args:
        network: comb. It stays as it is.
        face_sets: dict from identity to `FaceSet`.
        steps: int.
        seed: int.
        batch_size: int, crops of each identity a step.
        learning_rate: float, of the first step.

    Returns:
        comb: a trained copy, with its `shifts` (`shifts.latent_shifts`).

    Raises:
        ValueError: if a face set has too few faces to train with.
    """
    keras.utils.set_random_seed(seed)
    trained = comb_for(network, network.identities)
    trainer = Trainer(
        trained,
        identity_data(list(face_sets.values()), network.resolution, seed=seed),
        growth_schedule(network.level, steps, network.level, batch_size),
        learning_rate=learning_rate,
        frozen=("encoder",),
    )
    start = time.monotonic()
    report = trainer.run(report_every=steps)[-1]
    trained.shifts = latent_shifts(trained, face_sets)
    seconds = time.monotonic() - start
    print(
        f"{steps} steps in {seconds:.0f} s, loss on unseen faces "
        f"{report['held_out_loss']:.3f}"
    )
    return trained


def film_what_is_missing(inspected, folder, takes, seed=0):
    """Film what the first gap of an inspection asks for, and extract it.

    On a set a camera does it; here the renderer, by the gap's conditions.

    Args:
        inspected: `inspection.Inspection` of rendered people.
        folder: str or path; takes are kept there, and filmed once.
        takes: int.
        seed: int.

    Returns:
        dict from identity to `FaceSet`: the new faces beside the old.

    Raises:
        ValueError: if nothing is missing.
    """
    gaps = inspected.all_gaps()
    if not gaps:
        raise ValueError(
            "Something should be missing. Received: no gap. Nothing has to be "
            "filmed."
        )
    pair, gap = gaps[0]
    name, folder = pair.source, pathlib.Path(folder)
    # other conditions are other takes
    asked = ", ".join(f"{n} {s * e:+.2f}" for n, s, e in gap.conditions)
    folder = folder / f"{asked}, {takes} takes, seed {seed}"
    footage = folder / "footage" / name
    holes.film_more(footage, name, gap.conditions, takes=takes, seed=seed)
    contract = inspected.network.contract
    extraction.extract_faces(
        footage, folder / "faces", contract, detection.FaceDetector(0.2), name
    )
    facesets.write_face_sets(folder / "faces", [name], contract, least=1)
    more = facesets.read_face_set(folder / "faces", name)
    joined = inspected.face_sets[name].join(more)
    print(f"{name}: {len(more)} more images, now {len(joined)}")
    return {**inspected.face_sets, name: joined}
