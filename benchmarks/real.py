"""How good are swaps of real people, who have no truth.

    python -m benchmarks.real
    python -m benchmarks.real --pair person_a,sen_menendez --minutes 5
    python -m benchmarks.real --pair person_d,/films/ben.mp4 --start nothing
    python -m benchmarks.real --ceiling

Pairs of people of `../shared/data`, by name, or of clips and folders anywhere;
without `--pair` three, of both sexes, with glasses and a beard. Where that data
is not there, it says so and ends. Of each pair a comb and its detail network
are trained as notebook 03 does it, for 15 minutes together, and both orders are
judged by `real_evaluation.real_scores`. Prints every figure, and last one line
of JSON: the means of `FIGURES` over all ordered pairs, and `pairs`, each with
its own. Writes bundles and contact sheets to `build/real/`. Takes 70 minutes.
`--ceiling` trains nothing: what real faces, pasted as swaps are, lose.
"""

import argparse
import itertools
import json
import pathlib
import shutil
import time

import keras
import numpy as np

from benchmarks.parts import film_scores, real_evaluation
from helpers import comb, crowd, growth, plotting
from helpers.crowd import Crowd
from helpers.faces import detection, facesets
from helpers.faces.face_set import evenly
from helpers.faces.readers import likeness
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.latents import shifts
from helpers.proof import evaluation, identity_judge, likeness_gap
from helpers.training import bundles, rehearsal
from helpers.training.identity_data import identity_data
from helpers.training.identity_training import prepare_detail
from helpers.training.trainer import Trainer

ROOT = manifests.project_root()
PEOPLE = ROOT.parent / "shared" / "data" / "people"
FOLDER = ROOT / "build" / "real"
SHARED = "weights/shared/crowd_64"
# women, men, thin glasses (sen_menendez, person_b) and a beard (person_c)
PAIRS = (
    ("person_a", "sen_menendez"),
    ("president_obama", "person_c"),
    ("person_d", "person_b"),
)
# of training, and the share of it that is the detail network's
MINUTES, DETAIL_SHARE = 15, 0.5
MOST_STEPS = 100_000  # the time is over first
CROP_SIZE = 384  # most of these faces have 250 pixels and more
# as in notebook 03
BATCH_SIZE = 12
LEARNING_RATE = 3e-3
ENCODERS = ("rehearsing", "frozen", "free")
FIGURES = (
    "likeness_gap",
    "likeness_gap_ceiling",
    "likeness_gap_above_ceiling",
    "sharpness",
    "error_over_bicubic",
    "expression_correlation",
    "expression_slope",
    "landmark_error_share",
    "cycle_ratio",
    "flicker_ratio",
    "seam",
)


def footage_of(asked, folder=FOLDER):
    """Who is asked for, and where their footage is.

    Args:
        asked: str. A folder of `PEOPLE`, or path of a folder or of a clip.
        folder: pathlib.Path. A clip is copied to a folder of its own in here,
            as extraction takes folders.

    Returns:
        Tuple of str, the name, and pathlib.Path, a folder.

    Raises:
        FileNotFoundError: if there is neither.
    """
    path = pathlib.Path(asked)
    if (PEOPLE / path.name).is_dir() and asked == path.name:
        return asked, PEOPLE / asked
    if path.is_dir():
        return path.name, path
    if not path.is_file():
        raise FileNotFoundError(
            "A pair is two of the folders of ../shared/data/people, or paths "
            f"of folders or clips, with a comma between. Received: {asked!r}"
        )
    home = folder / "footage" / path.stem
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, home)
    return path.stem, home


def make_faces(detector, pairs=PAIRS, folder=FOLDER):
    """Face sets of all people of the pairs by name, made once."""
    contract = manifests.data_contract(CROP_SIZE)
    people = dict(footage_of(who, folder) for pair in pairs for who in pair)
    for name, footage in people.items():
        extraction.extract_faces(
            footage,
            folder / "faces",
            contract,
            detector,
            name,
            held_out_share=0.2,
            max_faces=500,
        )
    facesets.write_face_sets(folder / "faces", list(people), contract)
    return {name: _alone(name, folder) for name in people}


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


def train(face_sets, start, steps, encoder, seed, minutes):
    """A comb and its detail network, trained as notebook 03 does it.

    Args:
        face_sets: dict from identity to `FaceSet`.
        start: str, folder of a bundle, or `"nothing"`.
        steps: int, of the comb at most.
        encoder: one of `ENCODERS`, if it comes from a bundle: trained on
            beside the crowd, left as it is, or trained on these people alone.
        seed: int.
        minutes: float, of both.

    Returns:
        `helpers.comb.Comb`, with its shifts and detail.
    """
    keras.utils.set_random_seed(seed)
    names = list(face_sets)
    contract = face_sets[names[0]].contract
    if start == "nothing":
        network = comb.build_comb(names, resolution=64, contract=contract)
        first_level, encoder = 0, "free"
    else:
        pretrained = bundles.load_bundle(
            ROOT / start, (Crowd,), contract=contract
        )
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
        minutes=minutes * (1 - DETAIL_SHARE),
        frozen=("encoder",) if encoder == "frozen" else (),
    )
    watch = evaluation.watch_expressions(network, face_sets)
    trainer.run(on_report=watch.look, tell=_tell)
    for step, *match in watch.looks:
        _tell(f"step {step}: correlation {match[0]:.3f}, slope {match[1]:.3f}")
    _tell(watch.advice())
    network.shifts = shifts.latent_shifts(network, face_sets)
    detail = prepare_detail(
        network, face_sets, minutes=minutes * DETAIL_SHARE, seed=seed
    )
    if detail is not None:
        detail.run(report_every=200, tell=_tell)
        network.detail = detail.network
    return network


def _tell(line):
    print(f"  {line}", flush=True)


def ceiling(face_sets):
    """What real faces lose that are pasted as swaps are, and no drawing.

    Args:
        face_sets: dict from identity to `FaceSet`, of a pair.

    Returns:
        list of dicts of one ordered pair each: `source`, `target`,
        `likeness_gap_ceiling` and `seam`.
    """
    reader, scores = likeness.shipped_first(), []
    for source, target in itertools.permutations(face_sets):
        clip = film_scores.stretch_of(face_sets[target])
        clip = clip.pick(evenly(len(clip), real_evaluation.ALIKE))
        crops, own = clip.load_crops(), face_sets[source]
        pasted = likeness_gap.pasted_alike(clip, own, crops, clip.records)
        gaps = likeness_gap.LikenessGap(reader, own).gaps(crops, pasted, pasted)
        scores.append(
            {
                "source": source,
                "target": target,
                "likeness_gap_ceiling": gaps["likeness_gap_ceiling"],
                "seam": film_scores.seam_score(clip, crops, pasted),
            }
        )
    return scores


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
                "own\nreconstruction": network.enlarge(
                    network.decode(codes, target), target
                ),
            }
            shift = network.shift(source, target)
            sheet["swap"] = network.enlarge(
                network.decode(codes + shift, source), source
            )
            sheet["pasted"] = real_evaluation.paste_into(
                network, unseen, sheet["swap"]
            )
            path = FOLDER / f"{source}_on_{target}.png"
            plotting.save_figure(plotting.plot_preview(sheet), path, 1000)


def print_pair(scores):
    """Print every figure of one ordered pair."""
    print(f"{scores['source']} on {scores['target']}")
    for name, value in evaluation.figures_of(scores).items():
        print(f"  {name:28} {value:6.3f}", flush=True)
    for name, each in scores["expression_by_behaviour"].items():
        print(f"  {name:28} r {each['correlation']:.2f} ", end="")
        print(f"slope {each['slope']:.2f} spread {each['spread']:.3f}")


def print_ceiling(face_sets, pairs):
    """Print the ceiling of every ordered pair, and the means as JSON."""
    scores = []
    for pair in pairs:
        names = [footage_of(who)[0] for who in pair]
        scores += ceiling({name: face_sets[name] for name in names})
    for each in scores:
        print(each)
    keys = ("likeness_gap_ceiling", "seam")
    print(json.dumps({k: float(np.mean([s[k] for s in scores])) for k in keys}))


def rounded(scores):
    """The figures of the JSON line."""
    return {name: round(scores[name], 4) for name in FIGURES}


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--pair",
        action="append",
        metavar="ONE,OTHER",
        help="names, or paths of clips; may be given more than once",
    )
    parser.add_argument(
        "--steps", type=int, default=MOST_STEPS, help="of the comb at most"
    )
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help="of training a pair"
    )
    parser.add_argument(
        "--start", default=SHARED, help='folder of a crowd, or "nothing"'
    )
    parser.add_argument(
        "--ceiling", action="store_true", help="of likeness: train nothing"
    )
    parser.add_argument("--encoder", choices=ENCODERS, default=ENCODERS[0])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    pairs = [tuple(pair.split(",")) for pair in options.pair or ()]
    if any(len(pair) != 2 for pair in pairs):
        parser.error("--pair takes two, with a comma between")
    options.pair = pairs or list(PAIRS)
    return options


def main():
    options = _options()
    known = all(pathlib.Path(w).exists() for p in options.pair for w in p)
    if not PEOPLE.is_dir() and not known:
        reason = f"the real trial data is not at {PEOPLE}"
        print(f"Skipped: {reason}")
        print(json.dumps({"skipped": reason}))
        return
    detector = detection.FaceDetector(0.12)
    face_sets = make_faces(detector, options.pair)
    if options.ceiling:
        print_ceiling(face_sets, options.pair)
        return
    # everybody, not the pair alone: "not the target" is not yet the source
    judge = identity_judge.train_identity_judge(face_sets, seed=options.seed)
    scores = []
    for pair in options.pair:
        names = [footage_of(who)[0] for who in pair]
        chosen = {name: face_sets[name] for name in names}
        start = time.process_time()
        network = train(
            chosen,
            options.start,
            options.steps,
            options.encoder,
            options.seed,
            options.minutes,
        )
        seconds = round(time.process_time() - start)
        bundles.save_bundle(
            network, FOLDER / "_and_".join(names), "benchmarks.real"
        )
        draw(network, chosen)
        both = real_evaluation.real_scores(network, chosen, detector, judge)
        for each in both["pairs"]:
            scores.append({**each, "training_cpu_seconds": seconds})
            print_pair(scores[-1])
    result = vars(options) | rounded(evaluation.average_scores(scores))
    kept = ("source", "target", "frames", "training_cpu_seconds")
    result["pairs"] = [
        {name: each[name] for name in kept} | rounded(each) for each in scores
    ]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
