"""Swap trials: a crowd in, a detector of its swaps and what it finds out.

One experiment in three calls: `learn_swaps`, `try_swaps`, `show_evidence`.
"""

import collections
import pathlib

import numpy as np

from helpers import synthetic
from helpers.blending import BLENDS
from helpers.crowd import Crowd
from helpers.files import progress
from helpers.proof import swap_detector, swap_pairs
from helpers.training import bundles

# what they do was not in the crowd's training
FRAMES_SEED = 20000
KNOWN = "none+alpha"  # the mode that is learned
OTHERS = (
    *(f"none+{blend}" for blend in BLENDS if blend != "alpha"),
    "reinhard+alpha",
)
# nobody is swapped: drawn by their own decoder, and pasted in the known mode
THEMSELVES = "as themselves"

SwapTrial = collections.namedtuple("SwapTrial", "detector real tested")
SwapTrial.__doc__ = """A detector, and crops that it has not seen.

Args:
    detector: `keras.Model`, see `swap_detector.build_swap_detector`.
    real: uint8 array, shape `(faces, size, size, 3)`, RGB: people held out.
    tested: dict from how they were swapped to arrays of that shape.
"""


def learn_swaps(crowd_folder, folder, people):
    """Train a detector on a rendered crowd, and swap those held out.

    Args:
        crowd_folder: str or path of a crowd, whose decoder draws the faces.
        folder: str or path that the film of its people is kept in.
        people: int. How many are filmed; a third of them is held out.

    Returns:
        `SwapTrial`.

    Raises:
        ValueError: if there are too few people, see `swap_pairs.film_swaps`.
    """
    crowd = bundles.load_bundle(crowd_folder, (Crowd,))
    film = synthetic.render_crowd(
        pathlib.Path(folder) / f"crowd_of_{people}",
        people=people,
        frames=4 * people,
        seed=FRAMES_SEED,
        progress=progress.print_progress("people filmed"),
    )
    swaps = swap_pairs.film_swaps(crowd, film)

    def paste(rows, mode, faces):
        color, blend = mode.split("+")
        return swap_pairs.paste_faces(
            crowd,
            swaps.crops[rows],
            faces[rows],
            swaps.yaws[rows],
            color=color,
            blend=blend,
        )

    learned, held_out = ~swaps.held_out, swaps.held_out
    detector = swap_detector.train_swap_detector(
        swaps.crops[learned], paste(learned, KNOWN, swaps.faces)
    )
    print(f"learned from {learned.sum()} crops, {held_out.sum()} held out")
    tested = {
        mode: paste(held_out, mode, swaps.faces) for mode in (KNOWN, *OTHERS)
    }
    tested[THEMSELVES] = paste(held_out, KNOWN, swaps.own)
    return SwapTrial(detector, swaps.crops[held_out], tested)


def try_swaps(trial):
    """Ask the detector about each kind of swap, and print what it says.

    Args:
        trial: `SwapTrial`.

    Returns:
        dict from how crops were swapped, or what happened to those of the
        known mode on their way, to the figures of
        `swap_detector.score_swap_detector`.
    """
    pairs = {name: (trial.real, each) for name, each in trial.tested.items()}
    for change in swap_pairs.CHANGES[1:]:
        pairs[f"{KNOWN}, {change}"] = [
            swap_pairs.send_crops(crops, change)
            for crops in (trial.real, trial.tested[KNOWN])
        ]
    scores = {
        name: swap_detector.score_swap_detector(trial.detector, *pair)
        for name, pair in pairs.items()
    }
    print(f"{'':28}{'AUC':>6}{'found':>8}{'false alarms':>15}")
    for name, score in scores.items():
        shares = f"{score['found']:8.0%}{score['false_alarms']:15.0%}"
        print(f"{name:28}{score['auc']:6.2f}{shares}")
    return scores


def show_evidence(trial, people=2):
    """Crops with where the detector sees a swap laid over them.

    Args:
        trial: `SwapTrial`.
        people: int. How many crops, each real and in every way swapped.

    Returns:
        Tuple of pictures, float array, shape `(pictures, size, size, 3)`,
        0-1, red where it speaks for a swap and blue where against it, and
        captions, list of str: what it is, and its score.
    """
    rows = np.linspace(0, len(trial.real), people, endpoint=False).astype(int)
    kinds = {"real": trial.real, **trial.tested}
    looks = np.stack([each[row] for row in rows for each in kinds.values()])
    verdicts = swap_detector.verdicts_of(trial.detector, looks)
    maps = swap_detector.evidence_maps(trial.detector, looks)[..., None]
    tint = np.where(maps > 0, [1, 0.1, 0], [0, 0.3, 1])
    strength = 0.5 * np.abs(np.tanh(maps / 6))
    pictures = np.clip((1 - strength) * looks / 255 + strength * tint, 0, 1)
    captions = [
        f"{name}\n{verdict:+.1f}"
        for name, verdict in zip(list(kinds) * people, verdicts, strict=True)
    ]
    return pictures, captions
