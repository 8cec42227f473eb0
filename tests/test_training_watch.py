"""Who has collapsed, and whether a curve is flat: numbers made for it."""

import numpy as np
import pytest

from helpers.training import training_watch


def faces(count=12, side=8, seed=0):
    """Different pictures, and the targets that ask for them."""
    random = np.random.default_rng(seed)
    pictures = random.uniform(0.3, 0.7, (count, side, side, 3))
    mask = np.zeros((count, side, side, 1))
    mask[:, 2:-2, 2:-2] = 1
    return pictures, np.concatenate([pictures, mask], axis=-1)


def test_the_truth_has_all_of_its_spread_and_one_picture_none():
    pictures, targets = faces()
    mean = pictures.mean(axis=0, keepdims=True)
    for share in (0.0, 0.25, 1.0):
        drawn = mean + share * (pictures - mean)
        found = training_watch.spread_share(drawn, targets)
        assert found == pytest.approx(share, abs=1e-6)
    for constant in (0.0, 0.5, 1.0):
        drawn = np.full_like(pictures, constant)
        assert training_watch.spread_share(drawn, targets) < 1e-6


def test_spread_is_of_the_face_and_nothing_beside_it():
    pictures, targets = faces()
    drawn = np.repeat(pictures[:1], len(pictures), axis=0)
    drawn[:, :2] = pictures[:, :2]  # outside the mask
    assert training_watch.spread_share(drawn, targets) < 1e-6


def test_where_the_truth_is_one_picture_nothing_is_told():
    pictures, targets = faces()
    targets[:] = targets[:1]
    assert training_watch.spread_share(pictures, targets) is None


def reports(**spreads):
    """A report every 50 steps, with the spreads of each identity."""
    rows = zip(*spreads.values(), strict=True)
    return [
        {"step": 50 * k, "spread": dict(zip(spreads, row, strict=True))}
        for k, row in enumerate(rows, 1)
    ]


def test_a_decoder_that_was_alive_and_draws_one_picture_is_named_at_once():
    history = reports(Rosa=[0.1, 0.5, 0.8], Marco=[0.1, 0.4, 0.001])
    assert training_watch.collapsed_identities(history) == ["Marco"]
    assert training_watch.collapsed_identities(history[:-1]) == []


def test_a_mean_face_at_the_beginning_is_no_collapse():
    # as measured from nothing without growth, and then for long
    grey = [0.09, 0.05, 0.012, 0.015, 0.06, 0.4, 0.6]
    history = reports(Rosa=grey, Marco=grey)
    both = reports(Rosa=[0.01] * 40, Marco=[0.01] * 40)
    for found in (history, both):
        for count in range(len(found) + 1):
            names = training_watch.collapsed_identities(found[:count])
            assert names == []


def test_a_decoder_that_never_lives_beside_one_that_does_is_named():
    history = reports(Rosa=[0.1] + [0.6] * 9, Marco=[0.01] * 10)
    named = [
        bool(training_watch.collapsed_identities(history[:count]))
        for count in range(1, 11)
    ]
    steps = training_watch.PATIENCE // 50
    assert named == [False] * steps + [True] * (10 - steps)
    # counted anew when a run has gone back
    for begun, expected in ((200, []), (100, ["Marco"])):
        names = training_watch.collapsed_identities(history[:9], begun)
        assert names == expected


def test_reports_of_the_time_before_spreads_are_passed_over():
    old = [{"step": 10}, {"step": 20}]
    assert training_watch.collapsed_identities(old) == []
    new = [{"step": k, "spread": {"Rosa": s}} for k, s in ((30, 0.5), (40, 0))]
    assert training_watch.collapsed_identities(old + new) == ["Rosa"]


def history_of(losses, every=50, level=4):
    return [
        {
            "step": every * k,
            "level": level,
            "blend": 1.0,
            "held_out_loss": float(loss),
        }
        for k, loss in enumerate(losses, 1)
    ]


def noise(count, deviation, seed, alike=0.0):
    """Noise around 1, each number a share `alike` of the one before."""
    random = np.random.default_rng(seed)
    found = np.zeros(count)
    fresh = random.normal(0, deviation * np.sqrt(1 - alike**2), count)
    for k in range(count):
        found[k] = alike * found[k - 1] + fresh[k] if k else fresh[k]
    return 1 + found


STEPS = np.arange(40)
CURVES = {
    "falling": 0.1 * np.exp(-STEPS / 40) + 0.02,
    "falling slowly": 0.05 - 0.0003 * STEPS,
    "flat": np.full(40, 0.05),
    "fallen, then flat": 0.1 * np.exp(-STEPS / 4) + 0.04,
    "fallen, then rising": 0.05 + 0.00003 * (STEPS - 18) ** 2,
}


def words(curve, deviation, alike=0.0, seeds=200):
    """How often each word is said, over many draws of the noise."""
    found = [
        training_watch.held_out_trend(
            history_of(curve * noise(len(curve), deviation, seed, alike))
        )
        for seed in range(seeds)
    ]
    said = [None if trend is None else trend[0] for trend in found]
    return {word: said.count(word) / seeds for word in set(said)}, found


def test_curves_without_noise_are_told_as_they_are():
    trends = {
        name: training_watch.held_out_trend(history_of(curve))
        for name, curve in CURVES.items()
    }
    assert trends["falling"] is None and trends["falling slowly"] is None
    assert trends["flat"] == ("flat", 50)
    word, step = trends["fallen, then flat"]
    # where what is left to fall is 2 % of 0.04
    assert word == "flat" and 700 < step < 1300
    word, step = trends["fallen, then rising"]
    assert word == "rising" and step < 1400


@pytest.mark.parametrize("alike", [0.0, 0.5])
@pytest.mark.parametrize("deviation", [0.005, 0.02, 0.05])
def test_noise_on_a_falling_curve_is_hardly_ever_called_flat(deviation, alike):
    for name in ("falling", "falling slowly"):
        said, _ = words(CURVES[name], deviation, alike)
        assert said.get(None, 0) >= 0.98, (name, said)


@pytest.mark.parametrize("name", ["flat", "fallen, then flat"])
def test_a_flat_curve_is_called_flat_unless_noise_hides_it(name):
    said, found = words(CURVES[name], 0.005)
    assert said.get("flat", 0) > 0.8 and said.get("rising", 0) == 0
    if name == "fallen, then flat":
        steps = [trend[1] for trend in found if trend]
        assert 600 < np.median(steps) < 1200
    said, _ = words(CURVES[name], 0.2)
    assert said.get("flat", 0) < 0.1 and said.get("rising", 0) < 0.03


def test_a_rising_curve_is_told_through_noise():
    said, _ = words(CURVES["fallen, then rising"], 0.02)
    assert said["rising"] > 0.95 and said.get("flat", 0) < 0.05


def test_short_histories_and_other_levels_tell_nothing():
    flat = history_of(np.full(40, 0.05))
    few = training_watch.LEAST_REPORTS - 1
    assert training_watch.held_out_trend([]) is None
    assert training_watch.held_out_trend(flat[:few]) is None
    assert training_watch.held_out_trend(flat[: few + 1]) == ("flat", 50)
    fading = [{**report, "blend": 0.5} for report in flat]
    unmeasured = [{**report, "held_out_loss": None} for report in flat]
    below = [{**report, "level": 3} for report in flat[:-1]] + flat[-1:]
    for history in (fading, unmeasured, below):
        assert training_watch.held_out_trend(history) is None


def test_the_advice_says_what_to_do():
    advice = training_watch.stop_advice
    assert "So far: 0." in advice([])
    assert "So far: 3." in advice(history_of([0.05] * 3))
    unseen = [{**r, "held_out_loss": None} for r in history_of([0.05] * 20)]
    assert "Nothing unseen was measured" in advice(unseen)
    assert "longer training may pay" in advice(history_of(CURVES["falling"]))
    assert "flat since step 50:" in advice(history_of(CURVES["flat"]))
    rising = advice(history_of(CURVES["fallen, then rising"]))
    assert "by heart" in rising and "lowest at step 950" in rising
