"""How good is a swap: crops, truth and a comb in, errors and skills out."""

from collections import namedtuple

import cv2
import numpy as np

from helpers.crops import cut_network_crops, recut_crops
from helpers.faces.face_set import evenly
from helpers.files import manifests
from helpers.latents import spaces
from helpers.synthetic.frame import EXPRESSION_PARAMETERS

# A parameter that varies less than this share of what the reader was trained
# on is not judged: its skill would be a ratio of two noises.
LEAST_SPREAD = 0.1

PairedCrops = namedtuple("PairedCrops", "target truth masks frame_parameters")
PairedCrops.__doc__ = """Frames of a target beside the same frames of a source.

Args:
    target: float32 array, shape `(faces, height, width, 3)`, 0-1. Network
        crops of the target.
    truth: float32 array, same shape. The source, filmed with the same frame
        parameters and cut where the target's crop lies in its frame: what a
        perfect swap, pasted there, would be.
    masks: float32 array, shape `(faces, height, width)`, 0-1. The face in
        `truth`.
    frame_parameters: dict of arrays, shape `(faces,)`, with the names of
        `EXPRESSION_PARAMETERS`, or `None`.
"""


def masked_error(prediction, truth, mask):
    """Mean absolute error inside the mask.

    Each image's error is the mean over its pixels weighted by its mask; the
    images then count alike, whether the face in them is large or small.

    Args:
        prediction: float array, shape `(faces, height, width, 3)`, 0-1.
        truth: float array, shape `(faces, height, width, 3)`, 0-1.
        mask: float array, shape `(faces, height, width)`, 0-1.

    Returns:
        float, in units of the value range (0.01 = 2.55 of 255 steps).

    Raises:
        ValueError: if shapes or ranges do not fit, or if a mask is empty.
    """
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    mask = np.asarray(mask, dtype=np.float64)
    if prediction.shape != truth.shape or mask.shape != truth.shape[:3]:
        raise ValueError(
            "Prediction and truth have one shape (faces, height, width, 3), "
            "the mask (faces, height, width). Received: "
            f"{prediction.shape}, {truth.shape} and {mask.shape}"
        )
    if prediction.dtype.kind != "f" or truth.dtype.kind != "f":
        raise ValueError(
            "Images are floats in 0-1 here. Received: "
            f"{prediction.dtype} and {truth.dtype}; cut them with "
            "crops.cut_network_crops"
        )
    weight = mask.sum(axis=(1, 2))
    if not len(weight) or not weight.all():
        raise ValueError(
            "Every image needs a face in its mask. Received: "
            f"{int((weight == 0).sum())} empty masks of {len(weight)}; leave "
            "those frames out"
        )
    error = np.abs(prediction - truth).mean(axis=-1, dtype=np.float64)
    return float(np.mean((error * mask).sum(axis=(1, 2)) / weight))


def mean_face(crops):
    """Mean of a person's training crops: knows who, but not what they do.

    Args:
        crops: float array, shape `(faces, height, width, 3)`, 0-1.

    Returns:
        float32 array, shape `(height, width, 3)`, 0-1.

    Raises:
        ValueError: if there is no crop.
    """
    if not len(crops):
        raise ValueError("The mean face needs crops. Received: 0 of them")
    return np.mean(crops, axis=0, dtype=np.float64).astype(np.float32)


def score_pair(comb, source, paired, source_mean, reader=None, shift=0.0):
    """Score of swapping a source's face onto one target's frames.

    With E the `masked_error` against the truth,

        swap skill      = 1 - E(swap) / E(source's mean face)
        ceiling         = 1 - E(own)  / E(source's mean face)
        unchanged skill = 1 - E(target left as it is) / E(mean face)

    where `own` is the source's decoder given the true frame. 0 is no better
    than the mean face, which knows nothing of pose, expression or light; 1 is
    the truth; below 0 is worse than showing the mean face.

    Args:
        comb: `helpers.comb.Comb`.
        source: str. Whose face appears.
        paired: `PairedCrops`, of the comb's resolution.
        source_mean: float32 array, shape `(height, width, 3)`, 0-1.
            `mean_face` of the source's training crops.
        reader: `expression_reader.ExpressionReader`, for the expression
            skill, or `None`.
        shift: `comb.shift()` from target to source. The retrieval asks the
            encoder alone, so it does without.

    Returns:
        dict of floats: `swap_error`, `own_error`, `mean_error`,
        `target_error`, `swap_skill`, `ceiling`, `unchanged_skill`,
        `retrieval_top5`; with a reader and frame parameters also what
        `expression_scores` returns.

    Raises:
        ValueError: if the mean face is the truth already.
    """
    target_latents = comb.encode(paired.target)
    true_latents = comb.encode(paired.truth)
    images = {
        "swap": comb.decode(target_latents + shift, source),
        "own": comb.decode(true_latents, source),
        "mean": np.broadcast_to(source_mean, paired.truth.shape),
        "target": paired.target,
    }
    errors = {
        name: masked_error(image, paired.truth, paired.masks)
        for name, image in images.items()
    }
    images["truth"] = paired.truth
    if not errors["mean"]:
        raise ValueError(
            "A skill is measured against the mean face, which here is the "
            f"truth itself. Received: {len(paired.truth)} frames of {source} "
            "that equal its training crops; film more than one still"
        )
    score = {f"{name}_error": error for name, error in errors.items()}
    score["swap_skill"] = 1 - errors["swap"] / errors["mean"]
    score["ceiling"] = 1 - errors["own"] / errors["mean"]
    score["unchanged_skill"] = 1 - errors["target"] / errors["mean"]
    score["retrieval_top5"] = retrieval_share(target_latents, true_latents)
    if reader is not None and paired.frame_parameters is not None:
        score.update(expression_scores(reader, images, paired.frame_parameters))
    return score


def expression_scores(reader, images, frame_parameters):
    """How well pose and expression follow the target, read from pictures.

    For each parameter the mean absolute error of what the reader reads in the
    swap is divided by that of what it reads in the mean face; the expression
    skill is one minus the mean of these ratios over the parameters. So each
    parameter counts alike, 0 is a face that does not move, and a perfect
    reader would give a perfect swap 1. The reader is not perfect, hence the
    ceiling beside it: the same figure for the truth itself.

    Args:
        reader: `expression_reader.ExpressionReader`.
        images: dict of float arrays, shape `(faces, height, width, 3)`, 0-1,
            with the keys `"swap"`, `"own"`, `"mean"` and `"truth"`.
        frame_parameters: dict of arrays, shape `(faces,)`: the truth.

    Returns:
        dict: `expression_skill`, `expression_ceiling` (of the truth) and
        `expression_own` (of the source's decoder given the true frame) as
        floats; `expression`, by parameter a dict of the mean absolute errors
        `swap`, `own`, `mean`, `truth` in the parameter's unit and the `skill`;
        `expression_left_out`, the parameters that do not vary here.

    Raises:
        ValueError: if no parameter varies.
    """
    kinds = ("swap", "own", "mean", "truth")
    readings = {kind: reader.read_expressions(images[kind]) for kind in kinds}
    found, left_out = {}, []
    for column, name in enumerate(EXPRESSION_PARAMETERS):
        true_values = np.asarray(frame_parameters[name], dtype=np.float64)
        if true_values.std() < LEAST_SPREAD * reader.scales[column]:
            left_out.append(name)
            continue
        errors = {
            kind: float(
                np.mean(np.abs(readings[kind][:, column] - true_values))
            )
            for kind in kinds
        }
        found[name] = {**errors, "skill": 1 - errors["swap"] / errors["mean"]}
    if not found:
        raise ValueError(
            "No frame parameter varies in these frames, so no expression can "
            f"be judged. Received: {len(readings['swap'])} frames"
        )
    skill = {
        kind: float(
            1 - np.mean([row[kind] / row["mean"] for row in found.values()])
        )
        for kind in kinds
    }
    return {
        "expression_skill": skill["swap"],
        "expression_ceiling": skill["truth"],
        "expression_own": skill["own"],
        "expression": found,
        "expression_left_out": left_out,
    }


def retrieval_share(latents_one, latents_other, nearest=5, candidates=120):
    """How often the same frame is found across two people, by latents.

    Row i of both is the same frame parameters filmed as two people. A frame
    counts as found if its counterpart is among the `nearest` of `candidates`
    latents of the other person, by Euclidean distance after one pooled
    standardisation per dimension. Both directions are averaged. Chance is
    `nearest / candidates`.

    It depends on how crops were cut as well as on the encoder. Both of a frame
    are cut by one matrix, so landmarks that jump about mark the frame: the
    same encoder found 0.77 with steady landmarks, and 0.85 when all crops were
    shaken by 2 pixels of 256. Compare only on one face set.

    Args:
        latents_one: float array, shape `(faces, latent_dim)`.
        latents_other: float array, shape `(faces, latent_dim)`.
        nearest: int.
        candidates: int. Frames taken, evenly spread over all; with fewer
            frames than this, all of them, and the task is easier.

    Returns:
        float in 0-1.

    Raises:
        ValueError: if the two do not pair.
    """
    one, other = np.asarray(latents_one), np.asarray(latents_other)
    if one.shape != other.shape or one.ndim != 2 or not len(one):
        raise ValueError(
            "Row i of both arrays is the same frame, shape (faces, "
            f"latent_dim). Received: {one.shape} and {other.shape}"
        )
    rows = evenly(len(one), candidates)
    count = len(rows)
    both = spaces.standardise(np.concatenate([one[rows], other[rows]]))
    distances = spaces.squared_distances(both[:count], both[count:])
    own = np.diag(distances)
    # `<=`: equal distances count against a find, so constant latents find 0
    ranks = [(distances <= own[:, None]).sum(1), (distances <= own).sum(0)]
    return float(np.mean(np.array(ranks) <= nearest))


def swap_scores(comb, face_sets, reader=None, most=240):
    """Score of every ordered pair of identities, on takes never trained on.

    The test takes are filmed with the same frame parameters for everybody, so
    the truth of a swap is the source's same frame, cut by the target's matrix:
    the swap is pasted by that matrix. The source's own crop was cut by where a
    detector saw the landmarks of another face. It lies a pixel aside at 64 px,
    for which a swap would be blamed.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to its `FaceSet`, at least two of
            them, with both splits.
        reader: `expression_reader.ExpressionReader`, or `None` for no
            expression skill.
        most: int. Frames of each pair at most, evenly spread over its takes.

    Returns:
        dict: the mean over pairs of each figure of `score_pair` under its own
        name (errors and skills are computed for each pair, then averaged),
        and `pairs`, a list of dicts with `source`, `target`, `frames`, and
        that pair's figures.

    Raises:
        ValueError: if there are fewer than two identities, or if two of them
            share no test frame.
        ContractError: if a face set and the comb follow different contracts.
    """
    if len(face_sets) < 2:
        raise ValueError(
            "A swap needs two identities at least. "
            f"Received: {sorted(face_sets)}"
        )
    for face_set in face_sets.values():
        manifests.check_contract(
            comb.contract, face_set.contract, "01_data_generation"
        )
    mean_faces = {
        identity: mean_face(
            face_set.select("train").network_crops(comb.resolution)
        )
        for identity, face_set in face_sets.items()
    }
    tests = {
        identity: face_set.select(split="test")
        for identity, face_set in face_sets.items()
    }
    crops = {
        name: test.network_crops(comb.resolution)
        for name, test in tests.items()
    }
    scores = []
    for source in tests:
        for target in tests:
            if source == target:
                continue
            rows = _paired_rows(tests[source], tests[target], most)
            truth, masks = truth_of(
                comb, tests[source].pick(rows[0]), tests[target].pick(rows[1])
            )
            records = [tests[source].records[row] for row in rows[0]]
            paired = PairedCrops(
                target=crops[target][rows[1]],
                truth=truth,
                masks=masks,
                frame_parameters=_parameters_of(records),
            )
            scores.append(
                {"source": source, "target": target, "frames": len(records)}
                | score_pair(
                    comb,
                    source,
                    paired,
                    mean_faces[source],
                    reader,
                    comb.shift(source, target),
                )
            )
    return average_scores(scores)


def truth_of(comb, source, target):
    """What a perfect swap would be: the source, cut as the target was.

    Args:
        comb: `helpers.comb.Comb`.
        source: `FaceSet`. Whose face appears.
        target: `FaceSet`. Row i is the same frame as the source's.

    Returns:
        `(crops, masks)`: float32 arrays, shape `(faces, height, width, 3)` and
        `(faces, height, width)`, 0-1.
    """
    matrices = [
        [np.array(record["matrix"]) for record in face_set.records]
        for face_set in (source, target)
    ]
    return tuple(
        cut_network_crops(
            recut_crops(stored, *matrices, border),
            comb.contract["coverage"],
            comb.resolution,
        )
        for stored, border in (
            (source.load_crops(), cv2.BORDER_REPLICATE),
            # where nothing was stored there is no face either
            (source.load_masks(), cv2.BORDER_CONSTANT),
        )
    )


def preview_rows(comb, face_sets, source, target, faces=8):
    """Held-out faces for the eye: target, own, swap, and the truth if known.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to its `FaceSet`.
        source: str. Whose face appears.
        target: str. Whose footage it is.
        faces: int. Columns.

    Returns:
        dict of row title to float32 array, shape `(faces, resolution,
        resolution, 3)`, 0-1, for `plotting.plot_preview()`.
    """
    unseen = face_sets[target].select("test")
    truths = face_sets[source].select("test")
    pairs = unseen.pairs(truths)
    rows = pairs or [(row, None) for row in range(len(unseen))]
    chosen = np.linspace(0, len(rows) - 1, faces).round().astype(int)
    theirs, ours = zip(*(rows[row] for row in chosen), strict=True)
    crops = unseen.pick(theirs).network_crops(comb.resolution)
    latents = comb.encode(crops)
    shown = {
        f"target\n{target}": crops,
        "own\nreconstruction": comb.decode(latents, target),
        f"swap\n{source}": comb.decode(
            latents + comb.shift(source, target), source
        ),
    }
    if pairs:
        truth, _ = truth_of(comb, truths.pick(ours), unseen.pick(theirs))
        shown["truth"] = truth
    return shown


def swap_matrix(comb, face_sets):
    """One unseen face of every identity, drawn as everybody.

    Args:
        comb: `helpers.comb.Comb`.
        face_sets: dict from identity to its `FaceSet`, with test faces
            each.

    Returns:
        tuple of dicts for `plotting.plot_swap_matrix()`: identity to float32
        array `(resolution, resolution, 3)`, 0-1, and the source's identity to
        float32 array `(targets, resolution, resolution, 3)`, 0-1.
    """
    targets = {}
    for place, (name, face_set) in enumerate(face_sets.items(), start=1):
        unseen = face_set.select("test")
        # test takes are filmed alike: another moment of them for each column
        row = len(unseen) * place // (len(face_sets) + 1)
        targets[name] = unseen.pick([row]).network_crops(comb.resolution)[0]
    codes = comb.encode(np.stack(list(targets.values())))
    swaps = {
        source: comb.decode(
            np.stack(
                [
                    code + comb.shift(source, target)
                    for target, code in zip(targets, codes, strict=True)
                ]
            ),
            source,
        )
        for source in comb.identities
    }
    return targets, swaps


def _paired_rows(source, target, most):
    pairs = np.array(source.pairs(target), dtype=int).reshape(-1, 2)
    if not len(pairs):
        raise ValueError(
            f"{source.identity} and {target.identity} share no test frame, so "
            "this swap has no truth. Received: face sets whose test takes were "
            "filmed apart; score real people with cycle_error"
        )
    return pairs[evenly(len(pairs), most)].T


def _parameters_of(records):
    frames = [record.get("frame_parameters") for record in records]
    if not all(frames):
        return None  # real footage: nobody knows its parameters
    return {
        name: np.array([frame[name] for frame in frames])
        for name in EXPRESSION_PARAMETERS
    }


def average_scores(scores):
    """Mean of every figure over scores of pairs (or of seeds).

    Args:
        scores: list of dicts. Numbers are averaged, all else is kept below.

    Returns:
        dict: the means, and `pairs`, the list itself.
    """
    figures = [
        name
        for name, value in scores[0].items()
        if isinstance(value, float) and all(name in score for score in scores)
    ]
    means = {
        name: float(np.mean([score[name] for score in scores]))
        for name in figures
    }
    return {**means, "pairs": scores}


def cycle_error(comb, crops, masks, source, target, shift=0.0):
    """Error of swapping there and back, for people without a truth.

    The target's crops become the source and then the target again. If both
    decoders understand the same codes, that costs little more than the
    target's own reconstruction.

    Args:
        comb: `helpers.comb.Comb`.
        crops: float32 array, shape `(faces, height, width, 3)`, 0-1. Network
            crops of the target, never trained on.
        masks: float32 array, shape `(faces, height, width)`, 0-1. Outside of
            them the swap keeps the target's crop, as in compositing.
        source: str.
        target: str.
        shift: `comb.shift()` from target to source; the way back takes it
            off again.

    Returns:
        dict of floats: `cycle_error`, `own_error` and `cycle_ratio`, the
        first over the second; 1 is perfect, much above 1 says that the source
        is asked for what its decoder never learned. A swap that still looks
        like the target comes back easily, so a low ratio alone is no praise:
        see `real_evaluation`.
    """
    codes = comb.encode(crops)
    inside = masks[..., None]
    swapped = comb.decode(codes + shift, source)
    swapped = swapped * inside + crops * (1 - inside)
    back = comb.decode(comb.encode(swapped) - shift, target)
    cycle = masked_error(back, crops, masks)
    own = masked_error(comb.decode(codes, target), crops, masks)
    return {
        "cycle_error": cycle,
        "own_error": own,
        "cycle_ratio": cycle / own,
    }
