"""Work done so far -> lines that a terminal and a notebook both show."""

import time


def print_progress(title, every=5.0):
    """A function of `(done, total)` that prints a line now and then.

    Args:
        title: str, at the beginning of each line.
        every: float. Seconds between two lines at least; the first call and
            the last one always print, but never the same line again.

    Returns:
        function of two numbers.
    """
    started = time.monotonic()
    printed = {"time": -every, "counts": None}

    def report(done, total):
        seconds = time.monotonic() - started
        soon = done < total and seconds - printed["time"] < every
        if soon or printed["counts"] == (done, total):
            return
        printed.update(time=seconds, counts=(done, total))
        left = seconds * (total - done) / max(done, 1)
        still = f", about {_duration(left)} left" if 0 < done < total else ""
        print(f"{title}: {done} of {total}{still}", flush=True)

    return report


def _duration(seconds):
    """Seconds in words, as exact as one wants to know."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
