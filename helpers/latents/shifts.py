"""Face sets of two identities -> what a swap adds to the latents between them.

An encoder files people whom it was never trained on a little beside everybody
else, whatever they do. The source's decoder knows the source's place only, so
the difference of the two places is added to the target's latents first.

The plain difference of mean latents is a bad guess, and a swap is worse for
it. It holds three things besides the place: the two were filmed doing
different things; a detector puts the landmarks of one face a little higher
than those of another, and what the crop's cut does to a latent has to stay as
the target has it; and chance. All three are known well enough to be shrunk
away.

Reference:
    A mean known with noise, shrunk towards zero by how noisy it is in each
    direction: James and Stein, 1961, "Estimation with quadratic loss"; here
    the form of Efron and Morris, 1973, with the size of the true difference
    taken from the data.
"""

from collections import namedtuple

import numpy as np

from helpers import augmentation
from helpers.crops import cut_network_crops
from helpers.faces.face_set import evenly
from helpers.files import manifests

# How far the cut of one person's crops lies beside another's, as a standard
# deviation: shares of the crop's side, and degrees. MTCNN against rendered
# truth: up to 1.5 of 64 pixels upwards and 3 % in size.
CUT_DOUBT = {
    "right": {"shift": (0.008, 0.0)},
    "down": {"shift": (0.0, 0.016)},
    "larger": {"zoom": 0.02},
    "turned": {"rotation": 1.0},
}
CUT_CROPS = 100  # looked at to see what another cut does to a latent
BLOCKS = 30  # of neighbouring crops, to tell how many independent looks
LEAST_SHARE = 0.1  # of the squared difference that is taken for the place

Place = namedtuple("Place", "mean spread doubt cut")
Place.__doc__ = """Where an identity's latents lie, and how surely.

Args:
    mean: float64 array, shape `(latent_dim,)`.
    spread: float64 array, shape `(latent_dim, latent_dim)`. Covariance of
        what the person does.
    doubt: float. Squared standard error of the mean, over all dimensions.
    cut: float64 array, shape `(latent_dim, 4)`. What each of `CUT_DOUBT` does
        to the mean.
"""


def latent_shifts(comb, face_sets, most=1500):
    """What to add to each target's latents before each source's decoder.

    Args:
        comb: `helpers.comb.Comb`, trained.
        face_sets: dict from identity to `FaceSet`. Their training takes
            are looked at.
        most: int. Crops of each identity at most, evenly spread.

    Returns:
        dict from `(source, target)` to float32 array, shape `(latent_dim,)`:
        for `comb.shifts`.

    Raises:
        ValueError: if a face set has fewer than two training crops, or if the
            comb does not know an identity.
        ContractError: if a face set and the comb follow different contracts.
    """
    places = {
        identity: find_place(comb, face_set, most)
        for identity, face_set in face_sets.items()
    }
    return {
        (source, target): shift_between(places[source], places[target])
        for source in places
        for target in places
        if source != target
    }


def find_place(comb, face_set, most=1500):
    """Where one identity's latents lie.

    Args: see `latent_shifts()`.

    Returns:
        `Place`.
    """
    comb.check_identity(face_set.identity)
    contract = comb.contract
    manifests.check_contract(contract, face_set.contract, "01_data_generation")
    trained = face_set.select("train")
    if len(trained) < 2:
        raise ValueError(
            "The place of an identity is the mean of its training crops. "
            f"Received: {len(trained)} of {face_set.identity}. Run "
            "notebooks/01_data_generation.ipynb with more footage."
        )
    looked_at = trained.pick(evenly(len(trained), most))
    crops = looked_at.load_crops(looked_at.size_for(comb.resolution))
    seen = cut_network_crops(crops, contract["coverage"], comb.resolution)
    codes = comb.encode(seen).astype(np.float64)
    return Place(
        codes.mean(axis=0),
        np.cov(codes.T),
        _doubt_of_mean(codes),
        _effect_of_cuts(comb, crops[:: -(-len(crops) // CUT_CROPS)]),
    )


def _doubt_of_mean(codes):
    """Squared standard error of a mean of latents that come in takes.

    Neighbouring frames are alike and count as few: the means of blocks of
    them tell how few (the method of batch means).
    """
    blocks = np.array_split(codes, min(BLOCKS, len(codes)))
    means = np.stack([block.mean(axis=0) for block in blocks])
    return float(means.var(axis=0, ddof=1).sum() / len(blocks))


def _effect_of_cuts(comb, crops):
    """What moving the crop's frame does to the mean latent, a column each."""
    size, side = crops.shape[1], comb.resolution

    def mean_code(sign, change):
        moved = {k: sign * np.asarray(v) for k, v in change.items()}
        view = augmentation.make_view(
            size, comb.contract["coverage"], side, **moved
        )
        cut = [augmentation.cut_view(crop, view, side) for crop in crops]
        codes = comb.encode(np.stack(cut).astype(np.float32) / 255)
        return codes.mean(axis=0, dtype=np.float64)

    return np.stack(
        [
            (mean_code(1, change) - mean_code(-1, change)) / 2
            for change in CUT_DOUBT.values()
        ],
        axis=1,
    )


def shift_between(source, target):
    """The likely difference of two places, given how they were measured.

    With d the difference of the means and N the covariance of all that it
    holds besides, the shift is `b (b I + N)^-1 d`: what is left of d where
    the true difference has the variance b in every direction. b is what the
    length of d leaves for it, `(d d - trace N) / dims`.

    Args:
        source: `Place`.
        target: `Place`.

    Returns:
        float32 array, shape `(latent_dim,)`.
    """
    difference = source.mean - target.mean
    square = float(difference @ difference)
    if not square:
        return np.zeros(len(difference), np.float32)
    spread = source.spread + target.spread
    cut = (source.cut + target.cut) / 2
    noise = cut @ cut.T
    trace = np.trace(spread)
    if trace:
        noise += spread * (source.doubt + target.doubt) / trace
    true = max(square - np.trace(noise), LEAST_SHARE * square)
    variance = true / len(difference)
    weights = variance * np.eye(len(difference))
    return (weights @ np.linalg.solve(weights + noise, difference)).astype(
        np.float32
    )
