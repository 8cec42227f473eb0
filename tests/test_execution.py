"""The line that says where a run is, and what cells print."""

import io
import time

import execution


def progress(stream, **options):
    settings = {"expected": 100, "later": 60, **options}
    return execution.Progress("[1/5] 01_make", 7, stream=stream, **settings)


def test_progress_says_cell_and_time_left():
    stream = io.StringIO()
    with progress(stream) as line:
        line.begin_cell(3)
    assert stream.getvalue() == (
        "[1/5] 01_make · cell 3/7 · 00:00 · about 3 min left\n"
    )
    assert "under a minute" in progress(stream, expected=9, later=0).status()
    late = progress(stream, expected=-1, later=240).status()
    assert late.endswith("longer than expected, then about 4 min")


def test_progress_passes_on_whole_lines_without_terminal_codes():
    stream = io.StringIO()
    with progress(stream) as line:
        line.said = time.monotonic()
        line.forward("step 1\rstep 2")
        line.forward("\rstep 3\x1b[1m loss\x08\n")
        line.forward("half")
    assert stream.getvalue() == "    step 3 loss\n"
