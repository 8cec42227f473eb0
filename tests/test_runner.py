"""The notebook runner, on small notebooks that are written for each test."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import execution
import form
import nbformat
import pytest
import runner
from small_notebooks import write_notebook

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


def test_fresh_keeps_each_folder_under_a_number(course, capsys):
    run(course)
    folder = course[0].parent.parent / "data"
    for hours in ("first", "second"):
        (folder / "01_make" / "weights").write_text(hours)
        assert ran(run(course, fresh=True)) == ["01_make", "02_use"]
    assert (folder / "01_make.1" / "weights").read_text() == "first"
    assert (folder / "01_make.2" / "weights").read_text() == "second"
    assert "data/01_make is kept as 01_make.2" in capsys.readouterr().out


def test_an_interrupted_fresh_run_goes_on_without_it(course, monkeypatch):
    run(course)
    folder = course[0].parent.parent / "data"
    (folder / "02_use" / "weights").write_text("hours of training")
    monkeypatch.setattr(execution, "execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(course, fresh=True)
    # the second has not begun, and is out of the way already
    assert (folder / "02_use.1" / "weights").is_file()
    monkeypatch.undo()
    monkeypatch.setattr(runner, "ROOT", folder.parent)
    assert ran(run(course)) == ["01_make", "02_use"]
    assert not (folder / "02_use.2").exists()


def interrupt(*arguments):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        (["--fresh"], "run"),
        (["--only", "03", "--set", "STEPS=3"], "run --only 03 --set STEPS=3"),
        (["--fresh", "--from", "02"], "run --from 02"),
    ],
)
def test_the_command_that_goes_on_is_printed(
    monkeypatch, capsys, given, printed
):
    monkeypatch.setattr(runner, "run", interrupt)
    assert runner.main(["run", *given]) == 130
    said = capsys.readouterr().err
    assert f"Go on with: python3 course.py {printed}\n" in said


def test_a_cell_is_told_which_command_begins_anew(course):
    write_notebook(
        course[1],
        'OUTPUT_FOLDER = "data/02_use"',
        'import os\nprint(os.environ["COURSE_FRESH"])',
    )
    run(course[1:], anew=lambda stem: f"anew {stem}")
    copy = course[0].parent.parent / "executed" / "02_use.ipynb"
    assert form.read_notebook(copy).cells[2].outputs[0].text == "anew 02_use\n"


def test_only_settings_of_its_own_are_in_the_command(monkeypatch):
    commands = []

    def remember(chosen, folder, overrides, fresh, anew):
        commands.extend(anew(path.stem) for path in chosen)
        return [{"name": "03"}]

    monkeypatch.setattr(runner, "run", remember)
    settings = ["--set", "STEPS=3", "--set", "IDENTITIES=Anna,Dora"]
    assert runner.main(["run", "--only", "01,03", *settings]) == 0
    assert commands == [
        "python3 course.py run --only 01 --set IDENTITIES=Anna,Dora --fresh",
        "python3 course.py run --only 03 --set STEPS=3 --fresh",
    ]


def test_a_photo_is_not_called_a_video(course, tmp_path, capsys):
    run(course)
    manifest = {
        "format": 1,
        "made_by": "05_use",
        "files": {},
        "photo": "Anna_on_Dora.png",
        "video": None,
    }
    (tmp_path / "data" / "02_use" / "manifest.json").write_text(
        json.dumps(manifest)
    )
    output = {"OUTPUT_FOLDER": "data/02_use"}
    result = {"name": "05_use", "parameters": output, "seconds": 3}
    content = runner.report([result, {"name": "06", "seconds": 1}])
    said = capsys.readouterr().out
    assert "Swapped photo     data/02_use/Anna_on_Dora.png" in said
    assert "Swapped video" not in said and content["video"] is None


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
    with pytest.raises(execution.NotebookFailed) as failure:
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
    with pytest.raises(execution.NotebookFailed, match="memory"):
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
