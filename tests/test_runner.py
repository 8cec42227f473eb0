"""The notebook runner, on small notebooks that are written for each test."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time

import form
import nbformat
import pytest
import runner

FIRST = """\
import json
import pathlib
import re

folder = pathlib.Path(OUTPUT_FOLDER)
folder.mkdir(parents=True, exist_ok=True)
print("made with", SIZE)"""
LAST = """\
manifest = {"format": 1, "made_by": "STEM", "scores": {"swap_skill": 0.5}}
(folder / "manifest.json").write_text(json.dumps(manifest))"""


def write_notebook(path, parameters, *sources):
    """A notebook with a parameters cell and some code cells."""
    cell = nbformat.v4.new_code_cell(parameters)
    cell.metadata["tags"] = ["parameters"]
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Make a folder"),
            cell,
            *map(nbformat.v4.new_code_cell, sources),
        ]
    )
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two notebooks; the second reads what the first writes."""
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "faces.py").write_text("SIDE = 4\n")
    folder = tmp_path / "notebooks"
    folder.mkdir()
    names = ("01_make", "02_use")
    for index, name in enumerate(names):
        parameters = f'OUTPUT_FOLDER = "data/{name}"\nSIZE = {index}'
        if index:
            parameters += '\nINPUT_FOLDER = "data/01_make"'
        write_notebook(
            folder / f"{name}.ipynb",
            parameters,
            FIRST.replace("Path(OUTPUT", f"Path({str(tmp_path)!r}, OUTPUT"),
            LAST.replace("STEM", name),
        )
    return form.find_notebooks(folder)


def run(course, **options):
    return runner.run(course, course[0].parent.parent / "executed", **options)


def ran(results):
    return [result["name"] for result in results if result["ran"]]


def test_notebooks_run_in_order_and_leave_copies_and_stamps(course, capsys):
    results = run(course)
    assert ran(results) == ["01_make", "02_use"]
    folder = course[0].parent.parent
    copy = form.read_notebook(folder / "executed" / "01_make.ipynb")
    assert "made with 0" in copy.cells[2].outputs[0].text
    assert (folder / "data" / "02_use" / "manifest.json").is_file()
    said = capsys.readouterr().out
    # which cell it is in when the line is due, depends on the machine
    assert re.search(r"\[1/2\] 01_make · cell \d/3 · \d\d:\d\d", said)
    assert "    made with 1\n" in said


def test_what_has_not_changed_is_kept_whatever_the_prose_says(course, capsys):
    first = run(course)
    notebook = form.read_notebook(course[0])
    notebook.cells[0].source += "\n\nA better sentence."
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="x")]
    course[0].write_text(nbformat.writes(notebook), encoding="utf-8")
    # an override with the value that the notebook has is no change
    second = run(course, overrides={"01_make": {"SIZE": 0}})
    assert ran(second) == []
    assert second[0]["seconds"] == first[0]["seconds"]
    assert "unchanged" in capsys.readouterr().out
    result = runner.report(second)
    last = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(last) == result
    assert result["swap_skill"] == 0.5 and result["ceiling"] is None
    assert list(result["seconds"]) == ["01_make", "02_use"]


def test_what_changed_runs_again_with_all_that_reads_it(course):
    run(course)
    overrides = {"02_use": {"SIZE": 9}}
    assert ran(run(course, overrides=overrides)) == ["02_use"]
    # 01 runs, but its manifest says the same: 02 has nothing new to read
    overrides["01_make"] = {"SIZE": 7}
    assert ran(run(course, overrides=overrides)) == ["01_make"]
    footage = course[0].parent.parent / "data" / "01_make" / "new.jpg"
    footage.write_bytes(b"a new photo")
    assert ran(run(course, overrides=overrides)) == ["02_use"]


def test_a_change_of_the_helpers_or_a_lost_output_runs_again(course):
    folder = course[0].parent.parent
    run(course)
    (folder / "helpers" / "faces.py").write_text("SIDE = 5\n")
    assert ran(run(course)) == ["01_make", "02_use"]
    (folder / "data" / "02_use" / "manifest.json").unlink()
    assert ran(run(course)) == ["02_use"]


def test_fresh_keeps_the_replaced_folder(course, capsys):
    run(course)
    folder = course[0].parent.parent / "data"
    (folder / "01_make" / "weights").write_text("hours of training")
    assert ran(run(course, fresh=True)) == ["01_make", "02_use"]
    kept = folder / "01_make.replaced" / "weights"
    assert kept.read_text() == "hours of training"
    assert "01_make.replaced" in capsys.readouterr().out


def test_fresh_does_not_move_a_folder_outside(course):
    overrides = {"01_make": {"OUTPUT_FOLDER": "helpers"}}
    with pytest.raises(ValueError, match=r"data/, weights/ and build/"):
        run(course[:1], overrides=overrides, fresh=True)


def test_an_unknown_override_stops_before_anything_runs(course):
    with pytest.raises(ValueError, match=r"02_use.ipynb.*\['SIZES'\]"):
        run(course, overrides={"02_use": {"SIZES": 3}})
    assert not (course[0].parent.parent / "data").exists()
    with pytest.raises(ValueError, match="No such notebook"):
        run(course, overrides={"03_more": {}})


def test_an_error_shows_its_cell_and_only_the_end_of_the_traceback(course):
    broken = write_notebook(
        course[1],
        'OUTPUT_FOLDER = "data/02_use"',
        "def deep(n):\n    return deep(n - 1) if n else 1 / 0",
        'faces = "none"\ndeep(60)',
    )
    with pytest.raises(runner.NotebookFailed) as failure:
        run([broken])
    text = str(failure.value)
    assert 'Cell 3:\n  faces = "none"\n  deep(60)\n' in text
    assert text.endswith("ZeroDivisionError: division by zero")
    assert "\x1b" not in text and len(text.splitlines()) < 25
    # the copy is written all the same, and the next run starts it again
    executed = course[0].parent.parent / "executed"
    copy = form.read_notebook(executed / "02_use.ipynb")
    assert copy.cells[3].outputs[-1].ename == "ZeroDivisionError"
    stamp = json.loads((executed / "02_use.stamp.json").read_text())
    assert not stamp["finished"]


def test_a_dead_kernel_is_said_to_be_short_of_memory(course):
    dying = write_notebook(
        course[1],
        'OUTPUT_FOLDER = "data/02_use"',
        "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nos._exit(1)",
    )
    with pytest.raises(runner.NotebookFailed, match="memory"):
        run([dying])


def test_an_interrupt_reaches_the_cell_and_the_time_adds_up(tmp_path):
    if sys.platform == "win32":
        pytest.skip("a process cannot be sent Ctrl-C alone on Windows")
    notebook = write_notebook(
        tmp_path / "01_long.ipynb",
        f'OUTPUT_FOLDER = "{tmp_path.as_posix()}/out"',
        "import pathlib, time\n"
        "try:\n"
        '    print("training", flush=True)\n'
        "    time.sleep(60)\n"
        "finally:\n"
        '    pathlib.Path("saved").write_text("checkpoint")',
    )
    program = (
        "import runner, signal, sys\n"
        # what runs in the background is told to ignore it
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try: runner.run(sys.argv[1:2], sys.argv[2])\n"
        "except KeyboardInterrupt: sys.exit(130)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, notebook, tmp_path / "executed"],
        env={**os.environ, "PYTHONPATH": _path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    for line in process.stdout:
        if "    training" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=50)
    assert process.returncode == 130, errors
    assert "never awaited" not in errors and "destroyed" not in errors
    assert (tmp_path / "saved").read_text() == "checkpoint"
    stamp = tmp_path / "executed" / "01_long.stamp.json"
    assert not json.loads(stamp.read_text())["finished"]


def _path():
    root = runner.FOLDER.parent
    return f"{root}{os.pathsep}{root / 'notebooks'}"


def test_notebooks_are_chosen_by_number(course):
    assert form.select(course, only=["02"]) == course[1:]
    assert form.select(course, first="02") == course[1:]
    assert form.select(course) == course
    with pytest.raises(ValueError, match="there are 01_make, 02_use"):
        form.select(course, only=["07"])


def test_settings_go_to_every_notebook_that_has_them(course):
    found = runner.read_settings(["SIZE=3", "INPUT_FOLDER=data/x"], course)
    assert found == {
        "01_make": {"SIZE": 3},
        "02_use": {"SIZE": 3, "INPUT_FOLDER": "data/x"},
    }
    with pytest.raises(ValueError, match="STEPS"):
        runner.read_settings(["STEPS=3"], course)


def progress(stream, **options):
    settings = {"expected": 100, "later": 60, **options}
    return runner.Progress("[1/5] 01_make", 7, stream=stream, **settings)


def test_progress_says_cell_and_time_left():
    stream = io.StringIO()
    with progress(stream) as line:
        line.begin_cell(3)
    assert stream.getvalue() == (
        "[1/5] 01_make · cell 3/7 · 00:00 · about 3 min left\n"
    )
    assert "under a minute" in progress(stream, expected=9, later=0).status()
    late = progress(stream, expected=-1, later=240).status()
    assert late.endswith("longer than expected, then about 4 min")


def test_progress_passes_on_whole_lines_without_terminal_codes():
    stream = io.StringIO()
    with progress(stream) as line:
        line.said = time.monotonic()
        line.forward("step 1\rstep 2")
        line.forward("\rstep 3\x1b[1m loss\x08\n")
        line.forward("half")
    assert stream.getvalue() == "    step 3 loss\n"


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


def good_notebook(folder):
    """The smallest notebook that is in form."""
    path = folder / "01_small.ipynb"
    title = f"# Make a folder\n\n[![Colab](b.svg)]({form.badge_address(path)})"
    (folder / "b.svg").write_text("")
    notebook = nbformat.v4.new_notebook()
    for number, source in enumerate(
        [form.colab_cell(), 'OUTPUT_FOLDER = "data/x"\nSTEPS = 3', "STEPS"]
    ):
        notebook.cells.append(nbformat.v4.new_markdown_cell("word " * 40))
        notebook.cells.append(nbformat.v4.new_code_cell(source))
        notebook.cells[-2].source = (title + "\n\n") * (not number) + (
            notebook.cells[-2].source.strip()
        )
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
