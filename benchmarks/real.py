"""How good are swaps of real people, who have no truth.

    python -m benchmarks.real
    python -m benchmarks.real --encoder frozen
    python -m benchmarks.real --start nothing --pairs 1

Two pairs of the real trial data of `../shared/data`, each a comb trained as
notebook 03 does it; where the data is not there, it says so and ends. Prints
every figure of `real_evaluation.real_scores`, and last one line of JSON, by
pair. Writes contact sheets of the swaps to `build/real/`.
"""

import argparse
import json
import time

import keras
import numpy as np

from benchmarks.parts import real_evaluation
from helpers import comb, crowd, growth, plotting
from helpers.crowd import Crowd
from helpers.faces import detection, facesets
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.latents import shifts
from helpers.proof import identity_judge
from helpers.training import bundles, rehearsal
from helpers.training.identity_data import identity_data
from helpers.training.reports import report_line
from helpers.training.trainer import Trainer

ROOT = manifests.project_root()
PEOPLE = ROOT.parent / "shared" / "data" / "people"
FOLDER = ROOT / "build" / "real"
SHARED = "weights/shared/crowd_64"
PAIRS = (("person_a", "sen_menendez"), ("president_obama", "person_c"))
# as in notebook 03
BATCH_SIZE = 12
LEARNING_RATE = 3e-3
ENCODERS = ("rehearsing", "frozen", "free")
FIGURES = (
    "cycle_ratio",
    "landmark_error_share",
    "landmark_close_share",
    "landmark_motion_share",
    "landmark_still_share",
    "landmark_noise_share",
    "identity_share",
    "identity_margin",
    "identity_own_share",
    "identity_pasted_share",
    "identity_accuracy_held_out",
)


def make_faces(detector, pairs=PAIRS, folder=FOLDER):
    """Face sets of all people of the pairs, made once."""
    contract = manifests.data_contract()
    names = [name for pair in pairs for name in pair]
    for name in names:
        extraction.extract_faces(
            PEOPLE / name,
            folder / "faces",
            contract,
            detector,
            name,
            held_out_share=0.2,
            max_faces=500,
        )
    facesets.write_face_sets(folder / "faces", names, contract)
    return {name: _alone(name, folder) for name in names}


def _alone(name, folder):
    """Faces of frames in which nothing else was taken for a face.

    In one clip MTCNN also finds folded hands, larger than the face.
    """
    face_set = facesets.read_face_set(folder / "faces", name)
    return face_set.pick(
        [
            row
            for row, record in enumerate(face_set.records)
            if record["faces_in_frame"] == 1
        ]
    )


def train(face_sets, start, steps, encoder, seed):
    """A comb of these people, trained as notebook 03 does it.

    Args:
        face_sets: dict from identity to `FaceSet`.
        start: str, folder of a bundle, or `"nothing"`.
        steps: int.
        encoder: one of `ENCODERS`, if it comes from a bundle: trained on
            beside the crowd, left as it is, or trained on these people alone.
        seed: int.

    Returns:
        `helpers.comb.Comb`.
    """
    keras.utils.set_random_seed(seed)
    names = list(face_sets)
    if start == "nothing":
        contract = face_sets[names[0]].contract
        network = comb.build_comb(names, resolution=64, contract=contract)
        first_level, encoder = 0, "free"
    else:
        pretrained = bundles.load_bundle(ROOT / start, (Crowd,))
        network = crowd.comb_for(pretrained, names)
        first_level = network.level
    data = identity_data(
        list(face_sets.values()), network.resolution, seed=seed
    )
    trained = network
    if encoder == "rehearsing":
        trained = rehearsal.RehearsingComb(network, pretrained)
        film = ROOT / "build" / "rehearsal"
        data = rehearsal.rehearsal_data(data, pretrained, film, seed=seed)
    trainer = Trainer(
        trained,
        data,
        growth.growth_schedule(network.level, steps, first_level, BATCH_SIZE),
        learning_rate=LEARNING_RATE,
        frozen=("encoder",) if encoder == "frozen" else (),
    )
    trainer.run(on_report=lambda report: print(_line(report), flush=True))
    return network


def _line(report):
    return "  " + report_line(report)


def draw(network, face_sets, faces=8):
    """Contact sheets: target, own reconstruction, swaps, and both pasted."""
    for target, face_set in face_sets.items():
        unseen = face_set.select("test")
        rows = np.linspace(0, len(unseen) - 1, faces).round().astype(int)
        unseen = unseen.pick(rows)
        codes = network.encode(unseen.network_crops(network.resolution))
        for source in face_sets:
            if source == target:
                continue
            sheet = {
                f"target\n{target}": unseen.load_crops(),
                "own\nreconstruction": network.decode(codes, target),
            }
            moved = network.shift(source, target)
            for title, shift in (("as it is", 0.0), ("shifted", moved)):
                swap = network.decode(codes + shift, source)
                sheet[f"swap\n{title}"] = swap
                sheet[f"pasted\n{title}"] = real_evaluation.paste_into(
                    network, unseen, swap
                )
            path = FOLDER / f"{source}_on_{target}.png"
            plotting.save_figure(plotting.plot_preview(sheet), path, 1000)


def score(network, face_sets, detector, judge):
    """Print every figure of every swap; give the pair's means."""
    scores = real_evaluation.real_scores(network, face_sets, detector, judge)
    for each in scores["pairs"]:
        title = "shifted" if network.shifts else "as it is"
        print(f"{each['source']} on {each['target']}, {title}")
        for name, value in each.items():
            if isinstance(value, float):
                print(f"  {name:28} {value:6.3f}", flush=True)
    return {name: round(scores[name], 4) for name in FIGURES}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument(
        "--start", default=SHARED, help='folder of a crowd, or "nothing"'
    )
    parser.add_argument("--encoder", choices=ENCODERS, default=ENCODERS[0])
    parser.add_argument("--pairs", type=int, default=len(PAIRS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not PEOPLE.is_dir():
        reason = f"the real trial data is not at {PEOPLE}"
        print(f"Skipped: {reason}")
        print(json.dumps({"skipped": reason}))
        return
    detector = detection.FaceDetector(0.12)
    face_sets = make_faces(detector)
    # everybody, not the pair alone: "not the target" is not yet the source
    judge = identity_judge.train_identity_judge(face_sets, seed=options.seed)
    result = vars(options) | {"by_pair": {}}
    for pair in PAIRS[: options.pairs]:
        chosen = {name: face_sets[name] for name in pair}
        start = time.process_time()
        network = train(
            chosen,
            options.start,
            options.steps,
            options.encoder,
            options.seed,
        )
        seconds = time.process_time() - start
        # the latents as the encoder gives them, and moved to the source's
        figures = {"training_cpu_seconds": round(seconds)}
        figures["as_it_is"] = score(network, chosen, detector, judge)
        network.shifts = shifts.latent_shifts(network, chosen)
        figures["shifted"] = score(network, chosen, detector, judge)
        draw(network, chosen)
        result["by_pair"]["+".join(pair)] = figures
    print(json.dumps(result))


if __name__ == "__main__":
    main()
