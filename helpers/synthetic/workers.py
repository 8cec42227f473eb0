"""Work split over processes: a function and jobs in, results out."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import sys
import types
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext, SpawnProcess

import cv2

_THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def run_jobs(function, jobs, processes=2, progress=None, fresh=False):
    """Call a function once a job, in several processes, in any order.

    Args:
        function: function of a module (not of a notebook, which the other
            processes could not import), called as `function(*job)`.
        jobs: list of tuples of arguments that pickle can carry.
        processes: int. 1 computes in this process.
        progress: `None`, or a function called as `progress(done, total)` in
            this process after each job.
        fresh: bool. Whether each job gets a process of its own. For jobs
            that leave memory behind, as TensorFlow does.

    Returns:
        list of what the function returned, in the order of `jobs`.

    Raises:
        ValueError: if `processes` is below 1.
        RuntimeError: if a process ends without a word.
    """
    if processes < 1:
        raise ValueError(
            "The work needs at least one process. "
            f"Received: processes={processes!r}"
        )
    results = [None] * len(jobs)
    finished = (
        _run_here(function, jobs)
        if processes == 1 or len(jobs) < 2
        else _run_apart(function, jobs, min(processes, len(jobs)), fresh)
    )
    for done, (position, result) in enumerate(finished, start=1):
        results[position] = result
        if progress is not None:
            progress(done, len(jobs))
    return results


def _run_here(function, jobs):
    for position, job in enumerate(jobs):
        yield position, function(*job)


def _run_apart(function, jobs, processes, fresh):
    # a function of the script itself is found by running the script again
    of_script = function.__module__ == "__main__"
    context = multiprocessing.get_context("spawn") if of_script else _Clean()
    pool = concurrent.futures.ProcessPoolExecutor(
        processes,
        mp_context=context,
        initializer=_use_one_thread,
        # one or no limit: with two or more, Pythons before July 2026 wait for
        # ever (https://github.com/python/cpython/issues/115634)
        max_tasks_per_child=1 if fresh else None,
    )
    try:
        # a process that makes room is followed by one that reads this, too
        with _one_thread_each():
            futures = {
                pool.submit(function, *job): position
                for position, job in enumerate(jobs)
            }
            for future in concurrent.futures.as_completed(futures):
                yield futures[future], future.result()
    except BrokenProcessPool as error:
        advice = "Is the memory full? processes=1 computes here, one by one."
        if of_script:
            advice = (
                f"Put {function.__name__} into a module, or all of your "
                "script but imports and functions under "
                'if __name__ == "__main__":'
            )
        raise RuntimeError(
            "Each process should return what it computed. Received: one "
            f"that ended without a word, in {function.__name__}. {advice}"
        ) from error
    finally:
        # after an error or an interrupt, what has not begun never begins
        pool.shutdown(wait=True, cancel_futures=True)


class _CleanProcess(SpawnProcess):
    """A process that does not run the caller's script again.

    Spawned processes import the script that they come from, which needs its
    lines under `if __name__ == "__main__":`, and with TensorFlow takes time.
    Jobs are functions of modules: they need nothing of it.
    """

    @staticmethod
    def _Popen(process):
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process)
        finally:
            sys.modules["__main__"] = main


class _Clean(SpawnContext):
    """Spawns on every system: a forked copy of a notebook with TensorFlow in
    it can hang."""

    Process = _CleanProcess


def _use_one_thread():
    cv2.setNumThreads(1)


@contextlib.contextmanager
def _one_thread_each():
    """Environment for new processes: numpy reads it once, when imported."""
    before = {name: os.environ.get(name) for name in _THREAD_COUNTS}
    os.environ.update(dict.fromkeys(_THREAD_COUNTS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
