"""Swap pairs: a film of a crowd in, crops and the same crops swapped out.

What a detector of swaps learns from and is tested on. Real and swapped crops
must differ in nothing but the swap, or it learns the difference in size,
compression or person instead. So both are one picture, with and without the
face pasted in, and nobody who is held out is seen in training, neither as
source nor as target.
"""

import collections
import functools
import pathlib
import tempfile

import cv2
import numpy as np

from helpers import masks
from helpers.compositing import composite_face
from helpers.crops import cut_network_crops, network_matrix
from helpers.footage import media

# what happens to pictures on their way
CHANGES = ("as it is", "JPEG 50", "H.264 crf 30", "half the size")

SwapFilm = collections.namedtuple(
    "SwapFilm", "crops people sources held_out faces own yaws"
)
SwapFilm.__doc__ = """Crops of a crowd, and the faces to swap into them.

Args:
    crops: uint8 array, shape `(faces, size, size, 3)`, RGB, whole crops.
    people: int array, shape `(faces,)`. Who is seen.
    sources: int array, shape `(faces,)`. Who is to be seen.
    held_out: bool array, shape `(faces,)`. Whose crop is for the test alone;
        both people are.
    faces: float32 array, shape `(faces, resolution, resolution, 3)`, 0-1.
        The sources' faces, doing what the crops do.
    own: the same of the people who are seen: each drawn as themselves.
    yaws: float array, shape `(faces,)`, degrees.
"""


def film_swaps(crowd, film, held_out_share=1 / 3, seed=0):
    """Everybody of a film with the face of another one, drawn by a crowd.

    Args:
        crowd: trained `crowd.Crowd`, which knows these people.
        film: `synthetic.CrowdCrops`.
        held_out_share: float. Share of the people that are for the test.
        seed: int.

    Returns:
        `SwapFilm`. Sources are drawn by chance, for people held out among
        those, for the others among the others.

    Raises:
        ValueError: if the crowd knows fewer people, or if not at least two
            people are on either side.
    """
    people = film.people.ravel()
    everybody = np.unique(people)
    count = round(held_out_share * len(everybody))
    if min(count, len(everybody) - count) < 2:
        raise ValueError(
            "Who is swapped needs another's face, so at least two people are "
            "held out and two are not. Received: "
            f"{count} of {len(everybody)} held out. Film more people."
        )
    if everybody.max() >= crowd.people:
        raise ValueError(
            f"This crowd draws {crowd.people} people. Received: a film of "
            f"person {everybody.max()}. Film fewer people."
        )
    random = np.random.default_rng(seed)
    tested = random.permutation(everybody)[:count]
    held_out = np.isin(people, tested)
    sources = np.empty_like(people)
    for group in (tested, np.setdiff1d(everybody, tested)):
        rows = np.isin(people, group)
        # some places further on in the circle, never all the way round
        steps = random.integers(1, len(group), rows.sum())
        places = {person: place for place, person in enumerate(group)}
        start = np.array([places[person] for person in people[rows]])
        sources[rows] = group[(start + steps) % len(group)]
    crops = film.crops.reshape(-1, *film.crops.shape[2:])
    cast = film.people.shape[1]
    yaws = [frame.get("yaw", 0.0) for frame in film.frame_parameters]
    return SwapFilm(
        crops,
        people,
        sources,
        held_out,
        _draw(crowd, crops, sources),
        _draw(crowd, crops, people),
        np.repeat(yaws, cast),
    )


def _draw(crowd, crops, people):
    seen = cut_network_crops(
        crops, crowd.contract["coverage"], crowd.resolution
    )
    inputs = {
        "blend": np.ones((len(seen), 1), np.float32),
        "crops": seen,
        "person": people[:, None],
    }
    return crowd.autoencoder().predict(inputs, batch_size=64, verbose=0)[
        "crowd"
    ]


def paste_faces(network, crops, faces, yaws=None, **compositing):
    """Faces put into whole crops, as a swap puts them into frames.

    Args:
        network: comb or crowd, for its `contract`.
        crops: uint8 array, shape `(faces, size, size, 3)`, RGB. Whole crops
            of any size: here they are the frames.
        faces: float32 array, shape `(faces, side, side, 3)`, RGB 0-1. What
            was drawn for each, of any side, or a crop's own centre.
        yaws: float array, shape `(faces,)`, degrees, see
            `masks.blending_mask`, or `None` for heads that look ahead.
        **compositing: `color` and `blend`, see `swapping.swap_frame`.

    Returns:
        uint8 array, the shape of `crops`. Outside the mask nothing changes.

    Raises:
        ValueError: if there is not one face a crop, or a mode is unknown.
    """
    if len(faces) != len(crops):
        raise ValueError(
            "Each crop gets one face. Received: "
            f"{len(crops)} crops and {len(faces)} faces"
        )
    size, side = crops.shape[1], faces.shape[1]
    contract = network.contract
    matrix = network_matrix(np.eye(2, 3), size, contract["coverage"], side)
    # whole degrees: a mask is made once for each, not for each crop
    mask_at = functools.cache(
        functools.partial(masks.blending_mask, contract, side)
    )
    yaws = np.zeros(len(crops)) if yaws is None else np.rint(yaws)
    targets = cut_network_crops(crops, contract["coverage"], side)
    pasted = np.empty_like(crops)
    for row, crop in enumerate(crops):
        mask = mask_at(int(yaws[row]))
        pasted[row] = composite_face(
            crop, faces[row], targets[row], matrix, mask, **compositing
        )
    return pasted


def send_crops(crops, change):
    """Crops as they arrive: compressed, or made small and large again.

    Args:
        crops: uint8 array, shape `(faces, size, size, 3)`, RGB, `size` even.
        change: one of `CHANGES`.

    Returns:
        uint8 array, the shape of `crops`.

    Raises:
        ValueError: if the change is unknown.
    """
    if change not in CHANGES:
        raise ValueError(
            f"change is one of {', '.join(CHANGES)}. Received: {change!r}"
        )
    if change == "as it is":
        return crops
    if change == "H.264 crf 30":
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "sent.mp4"
            media.write_video(path, crops, 25, crf=30)
            return np.stack([rgb for *_, rgb in media.read_frames(path)])
    return np.stack([_send_crop(crop, change) for crop in crops])


def _send_crop(crop, change):
    if change == "JPEG 50":
        quality = (cv2.IMWRITE_JPEG_QUALITY, 50)
        _, content = cv2.imencode(".jpg", crop[..., ::-1], quality)
        return cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1]
    size = crop.shape[0]
    small = cv2.resize(crop, (size // 2,) * 2, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)
