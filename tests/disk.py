"""What stands on disk, and a script in a process that may be killed."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def environment(**variables):
    """That of a process of its own, which finds the package and the tests."""
    paths = [str(ROOT), str(ROOT / "tests")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables}


def run_python(script, *arguments, **variables):
    """A script in a process of its own, which has to end well."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done
