"""The examples in the lesson's docstrings run, and none is missing."""

import doctest
import importlib
import inspect
import pathlib
import re

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
LESSON = sorted(path.stem for path in (ROOT / "helpers").glob("[a-z]*.py"))
# What has no example: checks that do nothing but raise, and the three steps of
# compositing after the check, whose examples stand where it is made.
WITHOUT = {
    "blending": {"fit_to_target"},
    "color_transfer": {"transfer_color"},
    "compositing": {"check_modes"},
    "detail": {"sharpen_face"},
    "growth": {"check_patience"},
    "masks": {"check_points"},
}
SECTIONS = re.compile(
    r"^(Args|Call arguments|Returns|Raises|Example|Reference)s?:$", re.MULTILINE
)
ORDER = ["Args", "Call arguments", "Returns", "Raises", "Example", "Reference"]


def load(name):
    return importlib.import_module(f"helpers.{name}")


def failures(examples):
    """What doctest says of examples that do not give what they say."""
    runner, texts = doctest.DocTestRunner(verbose=False), []
    for example in examples:
        runner.run(example, out=texts.append)
    return "".join(texts)


@pytest.mark.parametrize("name", LESSON)
def test_the_examples_give_what_they_say_in(name):
    # a reader has NumPy at hand, and imports all else as the example does
    finder = doctest.DocTestFinder()
    text = failures(finder.find(load(name), globs={"np": np}))
    assert not text, text


@pytest.mark.parametrize("name", LESSON)
def test_all_that_is_public_has_an_example_in(name):
    module = load(name)
    public = {
        key: inspect.getdoc(value)
        for key, value in vars(module).items()
        if inspect.isfunction(value) or inspect.isclass(value)
        if value.__module__ == module.__name__ and not key.startswith("_")
    }
    without = {key for key, text in public.items() if "\nExample:" not in text}
    assert without == WITHOUT.get(name, set())
    for key, text in public.items():
        places = [ORDER.index(each) for each in SECTIONS.findall(text)]
        assert places == sorted(places), f"{key}: sections out of order"


def test_a_wrong_example_is_named():
    wrong = doctest.DocTestParser().get_doctest(
        ">>> 1 + 1\n3\n", {}, "helpers.alignment.add", "alignment.py", 0
    )
    text = failures([wrong])
    assert "helpers.alignment.add" in text
    assert "Expected:\n    3\nGot:\n    2" in text
