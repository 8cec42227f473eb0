"""Lines of progress, with the time that is left in words."""

import pytest

from helpers.files import progress


@pytest.mark.parametrize(
    "seconds, words",
    [(1, "9 s left"), (20, "3 min left"), (1500, "3 h 45 min left")],
)
def test_what_is_left_is_said_in_words(monkeypatch, capsys, seconds, words):
    clock = iter((0, seconds, seconds))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    report = progress.print_progress("frames")
    report(10, 100)
    assert capsys.readouterr().out == f"frames: 10 of 100, about {words}\n"
    report(100, 100)
    assert capsys.readouterr().out == "frames: 100 of 100\n"


def test_the_same_line_is_not_printed_twice(capsys):
    report = progress.print_progress("frames")
    for done in (50, 100, 100):
        report(done, 100)
    assert capsys.readouterr().out.count("100 of 100\n") == 1
