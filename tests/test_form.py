"""The form of notebooks: what is found wrong, on small ones."""

import form
import nbformat
import pytest
from small_notebooks import write_notebook


def test_stripping_gives_one_form_and_keeps_the_sources(tmp_path):
    path = write_notebook(tmp_path / "01_x.ipynb", "A = 1", "A + 1\n")
    notebook = form.read_notebook(path)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="x")]
    notebook.cells[1].execution_count = 4
    notebook.cells[1].metadata["collapsed"] = True
    notebook.metadata["widgets"] = {}
    path.write_text(nbformat.writes(notebook))
    assert form.strip(path)
    assert not form.strip(path)
    stripped = form.read_notebook(path)
    assert stripped.metadata == form.METADATA
    assert stripped.cells[1].metadata == {"tags": ["parameters"]}
    assert [c.source for c in stripped.cells] == [
        "# Make a folder",
        "A = 1",
        "A + 1",
    ]
    assert [c.id for c in stripped.cells] == [c.id for c in notebook.cells]


def test_a_notebook_reads_as_text(tmp_path):
    path = write_notebook(tmp_path / "01_x.ipynb", "A = 1")
    text = "# %% [markdown]\n# # Make a folder\n\n# %% [parameters]\nA = 1\n"
    assert form.show(path) == text


def test_a_cut_notebook_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "01_x.ipynb"
    path.write_text('{"cells": [')
    with pytest.raises(ValueError, match="01_x.ipynb is not a notebook"):
        form.read_notebook(path)


CLOSING = "\n\nBack to [01](01_small.ipynb), with your\nown."


def good_notebook(folder):
    """The smallest notebook that is in form."""
    path = folder / "01_small.ipynb"
    title = f"# Make a folder\n\n[![Colab](b.svg)]({form.badge_address(path)})"
    (folder / "b.svg").write_text("")
    notebook = nbformat.v4.new_notebook()
    for number, source in enumerate(
        [form.colab_cell(), 'OUTPUT_FOLDER = "data/x"\nSTEPS = 3', "STEPS"]
    ):
        prose = f"{number} " + "word " * 40
        notebook.cells.append(nbformat.v4.new_markdown_cell(prose))
        notebook.cells.append(nbformat.v4.new_code_cell(source))
        notebook.cells[-2].source = (title + "\n\n") * (not number) + (
            notebook.cells[-2].source.strip()
        )
    notebook.cells[4].source += CLOSING
    notebook.cells[3].metadata["tags"] = ["parameters"]
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    form.strip(path)
    return path, form.read_notebook(path)


def test_a_notebook_in_form_has_no_fault(tmp_path):
    path, _ = good_notebook(tmp_path)
    assert form.check(path, {"STEPS": 1}) == []
    assert form.check(path, {"STEP": 1}) == [
        "tiny.toml sets STEP, which is no parameter here"
    ]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("\n".join(["STEPS"] * 26), "26 lines"),
        ("x = 1  # " + "x" * 80, "89 columns"),
        ("class Face:\n    pass", "a class"),
        ("try:\n    STEPS\nexcept ValueError:\n    raise", "an except"),
        ("!pip install keras", "a ! or % line"),
        ("%pip install keras", "a ! or % line"),
        ('open("/home/me/face.jpg")', "an absolute path"),
        ('open(r"C:\\me")', "an absolute path"),
        ("if STEPS\n    1", "is not Python"),
        ('import sys\nif "google.colab" in sys.modules:\n    1', "Colab cell"),
        ("# TODO more", "left to do"),
        ("\n".join(f"def f{i}():\n    return {i}" for i in range(4)), "4 func"),
    ],
)
def test_a_code_cell_out_of_form_is_found(tmp_path, source, fault):
    path, notebook = good_notebook(tmp_path)
    notebook.cells[5].source = source
    path.write_text(form.canonical(notebook), encoding="utf-8")
    assert any(fault in found for found in form.check(path)), form.check(path)


@pytest.mark.parametrize(
    ("number", "source", "fault"),
    [
        (0, "word " * 50, "begins with the title"),
        (0, "# Make\n\nword", "no Colab badge"),
        (2, "# Second title", "2 headings"),
        (2, "[next](02_nowhere.ipynb#top)", "leads nowhere: 02_nowhere"),
        (2, "short", "words of prose"),
        (3, "STEPS = 1 + len('a')", "UPPER_CASE = literal"),
        (3, "steps = 1", "written UPPER_CASE"),
        (3, "STEPS = 1", "OUTPUT_FOLDER"),
    ],
)
def test_prose_and_parameters_out_of_form_are_found(
    tmp_path, number, source, fault
):
    path, notebook = good_notebook(tmp_path)
    notebook.cells[number].source = source
    if fault == "words of prose":
        notebook.cells[4].source = source
    path.write_text(form.canonical(notebook), encoding="utf-8")
    assert any(fault in found for found in form.check(path)), form.check(path)


def test_traces_of_a_run_are_found(tmp_path):
    path, notebook = good_notebook(tmp_path)
    notebook.cells[5].execution_count = 3
    notebook.cells[5].metadata["collapsed"] = True
    notebook.metadata["widgets"] = {}
    path.write_text(nbformat.writes(notebook, indent=2), encoding="utf-8")
    text = "\n".join(form.check(path))
    for fault in ("canonical", "metadata other", "keeps an output", "cell 6"):
        assert fault in text


def test_four_code_cells_in_a_row_and_double_imports_are_found(tmp_path):
    path, notebook = good_notebook(tmp_path)
    notebook.cells += [
        nbformat.v4.new_code_cell(source)
        for source in ("import os", "import json", "STEPS")
    ]
    path.write_text(form.canonical(notebook), encoding="utf-8")
    text = "\n".join(form.check(path))
    assert "fourth code cell" in text and "imports stand in cells" in text


def test_notebooks_are_chosen_by_number(tmp_path):
    course = [tmp_path / "01_make.ipynb", tmp_path / "02_use.ipynb"]
    assert form.select(course, only=["02"]) == course[1:]
    assert form.select(course, only=["02,01"]) == course
    assert form.select(course, only=["01, 02"]) == course
    assert form.select(course, first="02") == course[1:]
    assert form.select(course) == course
    with pytest.raises(ValueError, match="there are 01_make, 02_use"):
        form.select(course, only=["01,07"])


def test_names_of_rooms_are_counted_and_those_of_the_lesson_are_not(tmp_path):
    path, notebook = good_notebook(tmp_path)
    names = ", ".join("abcdefgh")
    notebook.cells[5].source = (
        "import keras\nfrom helpers import comb, masks, plotting\n"
        f"from helpers.crops import {names}\n"
        "from helpers.training import bundles, pace, reports, sharing\n"
        "from helpers.footage.media import photos, sound"
    )
    path.write_text(form.canonical(notebook), encoding="utf-8")
    assert form.check(path) == []
    notebook.cells[5].source += "\nfrom helpers import swap, latents"
    path.write_text(form.canonical(notebook), encoding="utf-8")
    (fault,) = form.check(path)
    assert fault.startswith("9 names are imported from rooms, 8 are allowed")


def test_a_line_that_a_merge_left_twice_is_found(tmp_path):
    path, notebook = good_notebook(tmp_path)
    line = "- train a detector of swaps, and see it fail"
    notebook.cells[2].source = "\n".join([line, "- score it", line])
    notebook.cells[4].source = "word " * 60 + CLOSING
    path.write_text(form.canonical(notebook), encoding="utf-8")
    assert form.check(path) == [f"a line stands twice: {line}"]


@pytest.mark.parametrize(
    ("closing", "fault"),
    [
        ("", "does not close with a link"),
        ("\n\nNext: [01](01_small.ipynb)\n\n- a source", "behind the closing"),
        ("\n\nNext: [01](01_small.ipynb)\n- [a](b.svg)", "behind the closing"),
        ("\n\nNext: [01](01_small.ipynb)" * 2, "more than one closing link"),
    ],
)
def test_a_notebook_ends_with_its_closing_link(tmp_path, closing, fault):
    path, notebook = good_notebook(tmp_path)
    notebook.cells[4].source = "word " * 60 + closing
    path.write_text(form.canonical(notebook), encoding="utf-8")
    assert any(fault in each for each in form.check(path)), form.check(path)
