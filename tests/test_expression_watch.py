"""Who is watched, when, what is measured, and what is advised of it."""

import numpy as np
import pytest

from helpers.faces.readers.blendshapes import NAMES
from helpers.files import manifests
from helpers.proof.expression_watch import ExpressionWatch, expression_advice

SIDE = 64


class MouthReader:
    """Takes a bright bar for an open mouth: the lower, the wider open."""

    side = SIDE

    def read(self, crops):
        shapes = np.zeros((len(crops), len(NAMES)), np.float32)
        rows = crops[:, 20:45, 24:40].mean(axis=(2, 3))
        shapes[:, NAMES.index("jawOpen")] = rows.argmax(axis=1) / 25
        return shapes, None


class Film:
    """A `FaceSet` of faces with such bars."""

    def __init__(self, rendered=False, faces=60):
        self.rendered = rendered
        self.records = [{"yaw": 0.0} for _ in range(faces)]
        random = np.random.default_rng(0)
        self.crops = np.full((faces, SIDE, SIDE, 3), 100, np.uint8)
        for crop, row in zip(
            self.crops, random.integers(22, 42, faces), strict=True
        ):
            crop[row - 1 : row + 2, 20:44] = 220

    def __len__(self):
        return len(self.records)

    def pick(self, rows):
        film = Film(self.rendered, len(rows))
        film.crops = self.crops[rows]
        return film

    def size_for(self, side):
        return side

    def load_crops(self, size):
        return self.crops

    def network_crops(self, resolution):
        inner = (SIDE - resolution) // 2
        cut = slice(inner, SIDE - inner)
        return np.float32(self.crops[:, cut, cut]) / 255


class Painter:
    """Draws what it sees, or one face for all."""

    contract = manifests.data_contract(SIDE, coverage=0.75)
    resolution = 48
    still = False

    def looking_at(self, target):
        return self

    def swap(self, crops, source):
        return np.repeat(crops[:1], len(crops), axis=0) if self.still else crops


def watch(comb, **films):
    films = films or {"Ada": Film(), "Bob": Film()}
    return ExpressionWatch(comb, films, MouthReader(), every=10)


def test_a_swap_that_does_the_same_is_right_and_a_still_one_is_not():
    comb = Painter()
    watched = watch(comb)
    watched.look({"step": 10})
    comb.still = True
    watched.look({"step": 20})
    (first, same, slope), (second, other, flat) = watched.looks
    assert (first, second) == (10, 20)
    assert same > 0.95 and slope > 0.8
    assert other < 0.6 and flat < 0.5
    assert "at step 10: correlation" in watched.advice()


def test_it_looks_when_it_is_time_to():
    watched = watch(Painter())
    for step in (5, 10, 15, 20):
        watched.look({"step": step})
    assert [step for step, *_ in watched.looks] == [10, 20]


@pytest.mark.parametrize(
    "films",
    [
        {"Ada": Film(rendered=True), "Bob": Film(rendered=True)},
        {"Ada": Film(), "Bob": Film(rendered=True)},
    ],
)
def test_rendered_people_have_a_truth_and_are_not_watched(films):
    watched = watch(Painter(), **films)
    watched.look({"step": 10})
    assert watched.looks == [] and watched.advice() == ""


def test_advice_goes_by_what_was_lost_since_the_best_look():
    rising = [(400, 0.80, 0.5), (800, 0.86, 0.6)]
    assert "Train anew" not in expression_advice(rising)
    assert "0.86, slope 0.60, step 800" in expression_advice(rising)
    noise = [*rising, (1200, 0.84, 0.6)]
    assert "Train anew" not in expression_advice(noise)
    worn = [*rising, (1200, 0.78, 0.4)]
    advice = expression_advice(worn)
    assert "step 800: correlation 0.86; now correlation 0.78" in advice
    assert "Train anew" in advice
