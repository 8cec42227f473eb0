"""The door of media: others come through it, modules behind it do not."""

import ast
import pathlib

from helpers.footage import media

FOLDER = pathlib.Path(media.__file__).parent


def imported_names(path):
    """Full names of what a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def test_what_is_handed_on_is_there_and_hides_no_module():
    modules = {path.stem for path in FOLDER.glob("*.py")}
    assert not modules & set(media.__all__)
    assert all(hasattr(media, name) for name in media.__all__)


def test_modules_behind_the_door_import_each_other():
    through = {f"{media.__name__}.{name}" for name in media.__all__}
    for path in FOLDER.glob("*.py"):
        if path.stem != "__init__":
            names = set(imported_names(path))
            assert not names & (through | {media.__name__}), path.name
