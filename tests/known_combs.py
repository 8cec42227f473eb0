"""Combs whose worth is known beforehand, and faces that they know."""

import types

import numpy as np

from helpers.faces.face_set import FaceSet
from helpers.files import manifests
from helpers.proof.scores import PairedCrops, mean_face
from helpers.synthetic.frame import EXPRESSION_PARAMETERS

SIZE = 8
FRAMES = 40
COLORS = {"Marco": 0.2, "Lena": 0.5, "Kofi": 0.7}


def parameters_of(rows):
    """Frame parameters of frames by number, spread over 0-1."""
    random = np.random.default_rng(5)
    table = random.random((FRAMES, len(EXPRESSION_PARAMETERS)))
    return table[np.asarray(rows)]


def film(identity, rows):
    """Crops: an identity's colour, and the frame's parameters written in."""
    rows = np.asarray(rows)
    crops = np.full((len(rows), SIZE, SIZE, 3), COLORS[identity], np.float32)
    written = parameters_of(rows) * 0.3
    crops[:, 2, : written.shape[1]] += written[..., None]
    crops[:, 0, 0] = (rows / 255)[:, None]  # outside of the mask
    return crops


def masks_of(count):
    masks = np.ones((count, SIZE, SIZE), np.float32)
    masks[:, 0] = 0
    return masks


class FakeReader:
    """Reads what `film` wrote, whatever the identity's colour."""

    scales = np.full(len(EXPRESSION_PARAMETERS), 0.3)

    def read_expressions(self, crops):
        count = len(EXPRESSION_PARAMETERS)
        return (crops[:, 2, :count, 0] - crops[:, 4, 4, :1]) / 0.3


def fake_comb(encode, decode):
    shifts = {}
    return types.SimpleNamespace(
        detail=None,
        shifts=shifts,
        shift=lambda source, target: shifts.get((source, target), 0.0),
        identities=("Marco", "Lena"),
        resolution=SIZE,
        contract=manifests.data_contract(coverage=1.0),
        encode=encode,
        decode=decode,
        swap=lambda crops, source: decode(encode(crops), source),
    )


def perfect_comb():
    """Knows the frame's number from the crop and films the source in it."""
    return fake_comb(
        lambda crops: (crops[:, 0, 0, :1] * 255).round(),
        lambda codes, source: film(source, codes[:, 0].astype(int)),
    )


def mean_comb(face):
    return fake_comb(
        lambda crops: np.zeros((len(crops), 2), np.float32),
        lambda codes, _: np.broadcast_to(face, (len(codes), *face.shape)),
    )


def idle_comb():
    """Gives back what it was shown."""
    return fake_comb(
        lambda crops: crops.reshape(len(crops), -1),
        lambda codes, _: codes.reshape(-1, SIZE, SIZE, 3),
    )


def filing_comb():
    """Files each identity 50 numbers apart; a decoder knows its own place."""
    places = {name: 50 * index for index, name in enumerate(COLORS)}

    def encode(crops):
        rows = (crops[:, 0, 0, :1] * 255).round()
        names = np.array(list(COLORS))
        distance = np.abs(crops[:, 4, 4, :1] - np.array(list(COLORS.values())))
        place = [[places[name]] for name in names[distance.argmin(axis=1)]]
        return rows + np.array(place)

    def decode(codes, source):
        rows = codes[:, 0].round().astype(int) - places[source]
        # a little off, as a ratio to a perfect reconstruction says nothing
        return film(source, rows.clip(0, FRAMES - 1)) + np.float32(1e-4)

    return fake_comb(encode, decode)


def pair_crops():
    """The unseen half of the frames: Lena's, and what Marco does in them."""
    rows = np.arange(FRAMES // 2, FRAMES)
    table = parameters_of(rows)
    return PairedCrops(
        film("Lena", rows),
        film("Marco", rows),
        masks_of(len(rows)),
        dict(zip(EXPRESSION_PARAMETERS, table.T, strict=True)),
    )


def mean_marco():
    """The mean of what Marco was trained on: the seen half."""
    return mean_face(film("Marco", np.arange(FRAMES // 2)))


class FakeFaceSet(FaceSet):
    """`FaceSet` of `film`'s crops, without a disk."""

    def __init__(self, identity, rows=None, take="test_000.mp4", aside=0):
        self.identity = identity
        self.contract = manifests.data_contract(coverage=1.0)
        self.rows = np.arange(FRAMES) if rows is None else np.array(rows)
        self.take = take
        self.aside = aside
        table = parameters_of(self.rows).tolist()
        self.records = [
            {
                "file": take,
                "frame": int(row),
                "split": "train" if row < FRAMES // 2 else "test",
                "matrix": [[1, 0, aside], [0, 1, 0]],
                "frame_parameters": dict(
                    zip(EXPRESSION_PARAMETERS, values, strict=True)
                ),
            }
            for row, values in zip(self.rows, table, strict=True)
        ]

    def select(self, split):
        half = FRAMES // 2
        chosen = self.rows < half if split == "train" else self.rows >= half
        return FakeFaceSet(
            self.identity, self.rows[chosen], self.take, self.aside
        )

    def __len__(self):
        return len(self.rows)

    def pick(self, rows):
        return FakeFaceSet(
            self.identity, self.rows[rows], self.take, self.aside
        )

    def load_crops(self, size=None):
        return self._stored(film(self.identity, self.rows), size)

    def load_masks(self, size=None):
        masks = (masks_of(len(self.rows)) * 255).astype(np.uint8)
        return self._stored(masks, size)

    def _stored(self, pictures, size):
        if size is None:  # as stored
            larger = self.contract["crop_size"] // SIZE
            return pictures.repeat(larger, axis=1).repeat(larger, axis=2)
        assert size == SIZE
        return pictures

    def pairs(self, other):
        if other.take != self.take:
            return []
        there = {int(row): index for index, row in enumerate(other.rows)}
        return [
            (index, there[int(row)])
            for index, row in enumerate(self.rows)
            if int(row) in there
        ]
