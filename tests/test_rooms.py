"""Rooms of helpers/ import downwards only, as pyproject.toml lists them."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# by its function: the command's place differs from system to system
LINT = "import sys; from importlinter import cli; sys.exit(cli.lint_imports("


def lint(folder):
    program = f"{LINT}no_cache=True, no_logo=True))"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def test_no_room_imports_one_above_it():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_upwards_is_named(tmp_path):
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    for path in (ROOT / "helpers").rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    masks = tmp_path / "helpers" / "masks.py"
    text = masks.read_text(encoding="utf-8")
    masks.write_text("from helpers import compositing\n" + text, "utf-8")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "helpers.masks -> helpers.compositing (l.1)" in done.stdout
