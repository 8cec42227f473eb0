"""The README's script: the package without a notebook, and without a guard."""

import re
import subprocess
import sys

import pytest
from disk import ROOT, environment

from helpers import synthetic
from helpers.swap.marks import reading_marks

SMALL = (
    ('("Ann", "Ben")', '("Marco", "Rosa")'),
    ("footage/Ben/clip.mp4", "footage/Rosa/test_clip.mp4"),
    ('"Ann", detector', '"Marco", detector'),
    ("weights/shared", f"{ROOT}/weights/shared"),
    ('"rehearsal")\n', '"rehearsal", frames=4)\n'),
    ("comb.level, 1600, comb.level, 12", "comb.level, 2, comb.level, 2"),
)


@pytest.mark.slow
def test_the_readmes_script_extracts_rehearses_and_swaps(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    for given, small in SMALL:
        assert script.count(given) == 1, given
        script = script.replace(given, small)
    path = tmp_path / "script.py"
    path.write_text(script, encoding="utf-8")
    synthetic.write_footage(
        tmp_path / "footage", ["Marco", "Rosa"], 3, 2, 4, clip_seconds=0.4
    )
    done = subprocess.run(
        [sys.executable, path.name],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    mark = reading_marks.read_mark(tmp_path / "swap.mp4")
    assert mark["source_identity"] == "Marco"
