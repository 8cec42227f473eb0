"""Work in several processes: order, fresh processes, errors."""

import os

import pytest

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
