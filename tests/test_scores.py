"""The score of a pair: what it says of combs whose worth is known."""

import numpy as np
import pytest
from known_combs import (
    SIZE,
    FakeReader,
    fake_comb,
    filing_comb,
    idle_comb,
    mean_comb,
    mean_marco,
    pair_crops,
    perfect_comb,
)

from helpers.proof.scores import (
    cycle_error,
    masked_error,
    mean_face,
    retrieval_share,
    score_pair,
)


@pytest.fixture
def paired():
    return pair_crops()


@pytest.fixture
def marcos_mean():
    return mean_marco()


def test_the_error_counts_only_what_lies_inside_the_mask():
    truth = np.zeros((1, 2, 2, 3), np.float32)
    prediction = truth.copy()
    prediction[0, 0, 0] = 0.5
    prediction[0, 1, 1] = 1.0
    mask = np.array([[[1, 1], [0, 0]]], np.float32)
    assert masked_error(prediction, truth, mask) == 0.25
    mask = np.array([[[1, 0.5], [0, 0]]], np.float32)
    error = masked_error(prediction, truth, mask)
    assert error == pytest.approx(0.5 / 1.5)


def test_images_count_alike_whether_their_faces_are_large_or_small():
    truth = np.zeros((2, 4, 4, 3), np.float32)
    prediction = truth.copy()
    prediction[0] = 0.2
    mask = np.ones((2, 4, 4), np.float32)
    mask[0, 1:] = 0
    error = masked_error(prediction, truth, mask)
    assert error == pytest.approx(0.1)


def test_an_error_of_misfits_is_refused():
    images, masks = np.zeros((2, 4, 4, 3), np.float32), np.ones((2, 4, 4))
    with pytest.raises(ValueError, match="one shape"):
        masked_error(images[:1], images, masks)
    with pytest.raises(ValueError, match="uint8"):
        masked_error(images.astype(np.uint8), images, masks)
    masks[1] = 0
    with pytest.raises(ValueError, match="1 empty masks of 2"):
        masked_error(images, images, masks)


def test_the_mean_face_is_the_mean_and_needs_a_crop(paired):
    expected = paired.truth.mean(axis=0)
    mean = mean_face(paired.truth)
    np.testing.assert_allclose(mean, expected, atol=1e-6)
    assert mean.dtype == np.float32
    with pytest.raises(ValueError, match="0 of them"):
        mean_face(paired.truth[:0])


def test_a_perfect_comb_has_skill_one(paired, marcos_mean):
    score = score_pair(
        perfect_comb(), "Marco", paired, marcos_mean, FakeReader()
    )
    assert score["swap_error"] == pytest.approx(0, abs=1e-7)
    for name in ("swap_skill", "ceiling", "expression_skill"):
        assert score[name] == pytest.approx(1, abs=1e-5)
    assert score["expression_ceiling"] == pytest.approx(1, abs=1e-5)
    assert score["retrieval_top5"] == 1
    assert score["expression"]["yaw"]["skill"] == pytest.approx(1, abs=1e-5)


def test_the_mean_face_has_skill_zero_and_no_expression(paired, marcos_mean):
    score = score_pair(
        mean_comb(marcos_mean), "Marco", paired, marcos_mean, FakeReader()
    )
    for name in ("swap_skill", "ceiling", "expression_skill"):
        assert score[name] == pytest.approx(0, abs=1e-6)
    assert score["expression_ceiling"] == pytest.approx(1, abs=1e-5)
    assert score["retrieval_top5"] == 0


def test_a_comb_that_changes_nothing_scores_as_the_target_does(
    paired, marcos_mean
):
    score = score_pair(idle_comb(), "Marco", paired, marcos_mean, FakeReader())
    assert score["swap_skill"] == score["unchanged_skill"] < 0
    assert score["ceiling"] == pytest.approx(1)
    # pixels and expression are told apart: the face moves, but is not his
    assert score["expression_skill"] == pytest.approx(1, abs=1e-5)


def test_skills_are_the_ratios_of_their_errors(paired, marcos_mean):
    score = score_pair(idle_comb(), "Marco", paired, marcos_mean)
    ratio = score["target_error"] / score["mean_error"]
    assert score["unchanged_skill"] == pytest.approx(1 - ratio)
    assert "expression_skill" not in score


def test_a_source_that_never_moves_has_no_scale_to_be_scored_on(paired):
    still = paired._replace(truth=np.repeat(paired.truth[:1], 20, axis=0))
    with pytest.raises(ValueError, match="mean face"):
        score_pair(idle_comb(), "Marco", still, still.truth[0])


def test_retrieval_finds_what_is_there_and_guesses_at_chance_otherwise():
    random = np.random.default_rng(0)
    codes = random.normal(size=(600, 16)).astype(np.float32)
    noisy = codes + 0.05 * random.normal(size=codes.shape)
    assert retrieval_share(codes, noisy) == 1
    strangers = random.normal(size=(600, 16))
    share = retrieval_share(codes, strangers)
    assert share < 4 * 5 / 120


def test_retrieval_standardises_each_dimension():
    random = np.random.default_rng(1)
    codes = random.normal(size=(120, 8))
    noisy = codes + 0.05 * random.normal(size=codes.shape)
    noise = 1000 * random.normal(size=(2, 120, 1))
    one = np.concatenate([codes, noise[0]], axis=1)
    other = np.concatenate([noisy, noise[1]], axis=1)
    assert retrieval_share(one, other) > 0.9


def test_retrieval_refuses_what_does_not_pair():
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(4, 2\)"):
        retrieval_share(np.zeros((3, 2)), np.zeros((4, 2)))


def test_the_way_back_of_a_cycle_takes_the_shift_off_again(paired):
    comb = filing_comb()
    arguments = comb, paired.target, paired.masks, "Marco", "Lena"
    lost = cycle_error(*arguments)["cycle_error"]
    understood = cycle_error(*arguments, shift=-50)["cycle_error"]
    assert understood == pytest.approx(0, abs=1e-3) and lost > 0.01


def test_a_comb_that_loses_nothing_new_comes_back_from_a_cycle(paired):
    comb = fake_comb(
        lambda crops: crops.reshape(len(crops), -1) * np.float32(0.99),
        idle_comb().decode,
    )
    cycle = cycle_error(comb, paired.target, paired.masks, "Marco", "Lena")
    # each way costs one hundredth, and there are two
    assert cycle["cycle_ratio"] == pytest.approx(1.99, abs=1e-3)


def test_a_source_that_forgets_the_expression_shows_in_the_cycle(paired):
    def decode(codes, source):
        images = codes.reshape(-1, SIZE, SIZE, 3).copy()
        if source == "Marco":
            images[:] = images.mean(axis=0)
        return images + np.float32(0.01)

    comb = fake_comb(lambda crops: crops.reshape(len(crops), -1), decode)
    cycle = cycle_error(comb, paired.target, paired.masks, "Marco", "Lena")
    assert cycle["own_error"] == pytest.approx(0.01, abs=1e-5)
    assert cycle["cycle_ratio"] > 2
