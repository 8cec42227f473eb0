"""Pictures of one source and one target in, errors and skills out."""

from collections import namedtuple

import numpy as np

from helpers.latents import spaces
from helpers.proof import expression_skill

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
        `score_expression` returns.

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
        score.update(
            expression_skill.score_expression(
                reader, images, paired.frame_parameters
            )
        )
    return score


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
    count = min(len(one), candidates)
    rows = np.linspace(0, len(one) - 1, count).round().astype(int)
    both = spaces.standardise(np.concatenate([one[rows], other[rows]]))
    distances = spaces.squared_distances(both[:count], both[count:])
    own = np.diag(distances)
    # `<=`: equal distances count against a find, so constant latents find 0
    ranks = [(distances <= own[:, None]).sum(1), (distances <= own).sum(0)]
    return float(np.mean(np.array(ranks) <= nearest))


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
        see `benchmarks.real`.
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
