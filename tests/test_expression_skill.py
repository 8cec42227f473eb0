"""The skill of expressions: half of it, all of it, and what stands still."""

import numpy as np
import pytest
from known_combs import FakeReader, mean_marco, pair_crops, perfect_comb

from helpers.proof import expression_skill
from helpers.proof.scores import score_pair
from helpers.synthetic.frame import EXPRESSION_PARAMETERS


@pytest.fixture
def paired():
    return pair_crops()


@pytest.fixture
def marcos_mean():
    return mean_marco()


def test_half_of_the_expression_is_half_of_the_skill(paired, marcos_mean):
    face = np.broadcast_to(marcos_mean, paired.truth.shape)
    images = {
        "swap": (paired.truth + face) / 2,
        "own": paired.truth,
        "mean": face,
        "truth": paired.truth,
    }
    score = expression_skill.score_expression(
        FakeReader(), images, paired.frame_parameters
    )
    assert score["expression_skill"] == pytest.approx(0.5, abs=1e-4)
    assert score["expression_own"] == pytest.approx(1, abs=1e-4)


def test_a_parameter_that_stands_still_is_left_out_and_named(
    paired, marcos_mean
):
    still = dict(paired.frame_parameters, blink=np.zeros(len(paired.truth)))
    score = score_pair(
        perfect_comb(),
        "Marco",
        paired._replace(frame_parameters=still),
        marcos_mean,
        FakeReader(),
    )
    assert score["expression_left_out"] == ["blink"]
    assert "blink" not in score["expression"]
    nothing = dict.fromkeys(EXPRESSION_PARAMETERS, np.zeros(len(paired.truth)))
    with pytest.raises(ValueError, match="No frame parameter varies"):
        score_pair(
            perfect_comb(),
            "Marco",
            paired._replace(frame_parameters=nothing),
            marcos_mean,
            FakeReader(),
        )
