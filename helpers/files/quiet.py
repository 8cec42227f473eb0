"""What TensorFlow says about itself -> held back; what went wrong is shown.

`helpers/__init__.py` calls it, so that notebooks and scripts that import the
package first are quiet. Where Keras was imported before, TensorFlow has
spoken already, and has read its level.
"""

import contextlib
import logging
import os
import subprocess
import sys

from helpers.files.loading import load_within

# 3: only what ends the program. Whatever else goes wrong is a Python error,
# too, a GPU without memory for instance. What is said at the level of an error
# is none here: "failed call to cuInit" (there is no GPU), "remapper failed"
# (oneDNN would have fused a convolution with its LeakyReLU, but the gradient
# needs what is between them: the graph stays as it was).
LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# TensorFlow reads its level only after its libraries have said the first
# lines: "Could not find cuda drivers", "oneDNN custom operations are on". A
# program of its own reads along while they load and lets all else through,
# even the last words of a process that is aborted.
SIEVE = """
import re, sys
levels = f"[{sys.argv[1]}]".encode()
line_of = rb"WARNING: All log messages before absl|"
line_of += levels + rb"\\d{4} \\d\\d:\\d\\d:|"
line_of += rb"\\d{4}-\\d\\d-\\d\\d [\\d:.]+: " + levels + rb" "
for line in sys.stdin.buffer:
    if not re.match(line_of, line):
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
"""


def quiet_tensorflow():
    """Let TensorFlow, where it is imported from here on, say what matters.

    Whoever has set `TF_CPP_MIN_LOG_LEVEL` keeps that level.
    """
    level = os.environ.setdefault(LEVEL, "3")
    logging.getLogger("tensorflow").addFilter(_is_news)
    hidden = "IWE"[: int(level)] if level.isdecimal() else ""
    if hidden:
        load_within("tensorflow", lambda _: _sieved(hidden))


def _is_news(record):
    # Five networks that run for the first time within ten calls are taken for
    # one that is compiled five times, since Keras runs all by the same line.
    # Ours take few sizes of batches each, see `swapper.predict()`.
    return "triggered tf.function retracing" not in record.getMessage()


@contextlib.contextmanager
def _sieved(hidden):
    """Lines of log of some levels do not reach stderr meanwhile."""
    try:
        stderr = os.dup(2)
        sieve = subprocess.Popen(
            [sys.executable, "-ISc", SIEVE, hidden],
            stdin=subprocess.PIPE,
            stdout=stderr,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:  # there is no stderr, or no room for a process
        yield
        return
    os.dup2(sieve.stdin.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        sieve.stdin.close()
        # a process that was started meanwhile may hold the other end
        with contextlib.suppress(subprocess.TimeoutExpired):
            sieve.wait(10)
