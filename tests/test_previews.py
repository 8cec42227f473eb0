"""Rows of faces for the eye."""

import numpy as np
from known_combs import FRAMES, FakeFaceSet, film, perfect_comb

from helpers.proof import previews


def test_the_matrix_draws_unseen_moments_of_everybody_as_everybody():
    face_sets = {name: FakeFaceSet(name) for name in ("Lena", "Marco")}
    comb = perfect_comb()
    targets, swaps = previews.swap_matrix(comb, face_sets)
    assert list(targets) == ["Lena", "Marco"]
    assert list(swaps) == list(comb.identities)
    # a third and two thirds into the unseen half
    rows = [FRAMES // 2 + 6, FRAMES // 2 + 13]
    for (name, crop), row in zip(targets.items(), rows, strict=True):
        np.testing.assert_allclose(crop, film(name, [row])[0], atol=1 / 255)
    for source, drawn in swaps.items():
        np.testing.assert_allclose(drawn, film(source, rows), atol=1e-6)
