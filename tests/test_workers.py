"""Work in several processes: order, fresh processes, errors."""

import os
import subprocess
import sys

import pytest
from disk import environment

from helpers.synthetic.workers import run_jobs


def test_results_come_in_the_order_of_the_jobs():
    told = []
    jobs = [(number, 2) for number in range(5)]
    results = run_jobs(pow, jobs, 2, lambda *counts: told.append(counts))
    assert results == [0, 1, 4, 9, 16]
    assert told == [(done, 5) for done in range(1, 6)]


def test_a_fresh_process_for_each_job():
    jobs = [()] * 5
    alone = run_jobs(os.getpid, jobs, 2, fresh=True)
    assert len(set(alone)) == 5
    assert os.getpid() not in alone
    assert len(set(run_jobs(os.getpid, jobs, 2))) <= 2


def test_an_error_of_a_job_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        run_jobs(divmod, [(7, 2), (1, 0), (7, 3)], 2)


def test_no_process_is_an_error():
    with pytest.raises(ValueError, match="at least one.*processes=0"):
        run_jobs(pow, [(1, 2)], 0)


def run_script(folder, text):
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(path)],
        env=environment(),
        capture_output=True,
        text=True,
    )


def test_a_script_needs_no_guard_around_its_lines(tmp_path):
    done = run_script(
        tmp_path,
        "from helpers.synthetic.workers import run_jobs\n"
        "print(run_jobs(pow, [(2, 3), (3, 2)], 2))\n",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[8, 9]\n"  # once: nobody ran the script again


def test_a_script_that_gives_its_own_function_is_told_what_to_write(tmp_path):
    done = run_script(
        tmp_path,
        "from helpers.synthetic.workers import run_jobs\n"
        "def double(number):\n"
        "    return 2 * number\n"
        "print(run_jobs(double, [(2,), (3,)], 2))\n",
    )
    assert done.returncode == 1
    # not always the last line: Python's own tracker of semaphores may still
    # complain about the processes that fell over their own start
    told = [
        line
        for line in done.stderr.splitlines()
        if line.startswith("RuntimeError: Each process")
    ]
    assert len(told) == 1 and "double" in told[0], done.stderr
    assert 'if __name__ == "__main__":' in told[0]


def test_a_process_that_ends_without_a_word_is_told():
    with pytest.raises(RuntimeError, match="without a word, in _exit.*memory"):
        run_jobs(os._exit, [(3,), (3,)], 2)
