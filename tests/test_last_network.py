"""The last network: its views of a face, put together."""

import numpy as np
import pytest

from helpers.faces import last_network
from helpers.faces.boxes import LAST_TEMPLATE

SIDE = last_network.LAST_SIDE
FACE = np.array([(64, 46), (94, 46), (79, 63), (67, 80), (92, 80)], float)


def answers_in_views(landmarks, views):
    """What a network says that sees each view's face where it is."""
    wanted = (np.array(LAST_TEMPLATE) - 0.5) * last_network.BASE_SCALE * SIDE
    wanted += (last_network.BASE_SIDE - 1) / 2
    return np.array(
        [
            wanted @ matrix[:, :2].T + matrix[:, 2]
            for _ in landmarks
            for matrix in last_network.VIEW_MATRICES[:views]
        ]
    )


@pytest.mark.parametrize("views", [2, 8])
def test_views_that_agree_have_no_spread(views):
    landmarks = np.stack([FACE + (n, 2 * n) for n in range(70)])
    sizes = []

    def network(crops):
        sizes.append(len(crops))
        assert crops.shape[1:] == (SIDE, SIDE, 3)
        faces = len(crops) // views
        points = answers_in_views(landmarks[:faces], views)
        return points, np.tile(np.linspace(0, 1, views), faces)

    picture = np.zeros((240, 320, 3), np.uint8)
    points, scores, spread = last_network.refine_landmarks(
        network, [picture] * 70, landmarks, views
    )
    # the template's face is upright and symmetric, not quite this one
    assert np.abs(points - landmarks).max() < 5
    np.testing.assert_allclose(
        points.mean(axis=1), landmarks.mean(axis=1), atol=0.1
    )
    np.testing.assert_allclose(spread, 0, atol=1e-9)
    np.testing.assert_allclose(scores, 0.5)
    assert max(sizes) <= last_network.LAST_BATCH
    assert sum(sizes) == 70 * views


def test_no_face_is_no_question():
    points, scores, spread = last_network.refine_landmarks(
        None, [], np.empty((0, 5, 2))
    )
    assert points.shape == (0, 5, 2) and len(scores) == len(spread) == 0
