"""Seconds to equal skill: read off curves whose answer is known."""

import pytest

from benchmarks import people, transfer


def curve(*points):
    return [
        {"seconds": seconds, "step": step, "swap_skill": skill}
        for step, (seconds, skill) in enumerate(points)
    ]


def test_seconds_lie_on_the_line_between_two_points():
    points = curve((0, -1.0), (10, 0.0), (20, 0.4), (30, 0.3))
    assert transfer.seconds_to(points, "swap_skill", 0.2) == pytest.approx(15)
    assert transfer.seconds_to(points, "swap_skill", 0.4) == pytest.approx(20)
    assert transfer.seconds_to(points, "swap_skill", -1.0) == 0
    assert transfer.seconds_to(points, "swap_skill", -2.0) == 0
    assert transfer.seconds_to(points, "swap_skill", 0.5) is None


def test_equal_skill_is_the_best_that_training_from_nothing_reaches():
    nothing = curve((0, -1.0), (100, 0.3), (200, 0.2))
    found = transfer.compare(
        {"shared": curve((0, 0.1), (10, 0.5)), "nothing": nothing}, "swap_skill"
    )
    assert found["skill"] == 0.3 and found["best_shared"] == 0.5
    assert found["seconds_shared"] == pytest.approx(5)
    assert found["seconds_nothing"] == pytest.approx(100)
    assert found["ratio"] == pytest.approx(0.05)
    assert "reason" not in found


@pytest.mark.parametrize(
    "shared, nothing, reason",
    [
        (((0, 0.1), (10, 0.2)), ((0, -1.0), (90, 0.3)), "never reached 0.300"),
        (((0, 0.1), (10, 0.2)), ((0, -1.0), (90, -0.3)), "a mean face"),
    ],
)
def test_a_skill_that_is_not_reached_gives_no_ratio_and_a_reason(
    shared, nothing, reason
):
    curves = {"shared": curve(*shared), "nothing": curve(*nothing)}
    found = transfer.compare(curves, "swap_skill")
    assert found["ratio"] is None and reason in found["reason"]


def test_joining_is_compared_at_the_others_quality():
    joined = curve((0, 0.0), (10, 0.5))
    anew = curve((0, -1.0), (100, 0.25), (200, 0.3))
    for quality, ratio in ((0.25, 0.05), (0.5, None)):
        found = people.compare(
            {"mean": joined, "nothing": anew}, "mean", ("swap_skill", quality)
        )
        assert found["quality"] == quality
        assert found["ratio"] == (ratio and pytest.approx(ratio))
    # the skill of 0.5 would have taken longer than all 200 seconds
    assert found["ratio_below"] == pytest.approx(10 / 200)
    assert "from nothing never reached" in found["reason"]
