"""course.py: which environment is used, and what is said when none can be."""

import hashlib
import json
import os
import re
import subprocess
import sys

import pytest

import course


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A course in an empty folder, whose pip only writes its log."""
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setattr(course, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(course, "STAMP", tmp_path / ".venv" / "course.json")
    monkeypatch.setattr(course, "LOG", tmp_path / "setup.log")
    (tmp_path / "requirements.txt").write_text("no-such-package>=1\n-e .\n")
    return tmp_path


def succeed(answers):
    """A stand-in for `course.succeeds` that gives these answers in turn."""
    answers = iter(answers)
    return lambda *command: next(answers)


def test_every_line_of_the_requirements_is_understood():
    projects = dict(course.read_requirements("requirements.txt"))
    assert projects["mtcnn"] == [("==", "1.0.0")]
    assert projects["opencv-python-headless"] == [
        (">=", "4.10"),
        ("<", "6"),
        ("!=", "4.13.0.90"),
    ]
    assert "helpers" not in projects and len(projects) >= 14


@pytest.mark.parametrize(
    ("version", "ranges", "fits"),
    [
        ("2.21.0", [(">=", "2.20"), ("<", "2.22")], True),
        ("2.22.0rc0", [("<", "2.22")], False),
        ("2.9", [(">=", "2.20")], False),
        ("4.13.0.90", [("!=", "4.13.0.90")], False),
        ("4.13.0.92", [("!=", "4.13.0.90")], True),
        ("1.0.0", [("==", "1.0")], True),
        ("2.13.0+cpu", [("==", "2.13.0")], True),
        ("10.0", [("<=", "9.5")], False),
    ],
)
def test_versions_compare_by_number(version, ranges, fits):
    assert course.in_range(version, ranges) is fits


def test_the_active_environment_is_used_where_it_has_everything(monkeypatch):
    monkeypatch.setattr(course, "missing", lambda names: [])
    monkeypatch.setattr(course, "make_environment", None)
    assert course.environment(["requirements.txt"]) == sys.executable


def test_what_is_missing_is_said(bare):
    (bare / "requirements.txt").write_text("pytest>=99\nno-such-package<2\n")
    first, second = course.missing(["requirements.txt"])
    assert first.startswith("pytest>=99 (") and "is installed" in first
    assert second == "no-such-package<2 (not installed)"


def test_a_finished_environment_is_kept_until_the_requirements_change(
    bare, monkeypatch
):
    names = ["requirements.txt"]
    course.VENV.mkdir()
    stamp = {name: course.checksum(name) for name in names}
    course.STAMP.write_text(json.dumps(stamp))
    monkeypatch.setattr(course, "succeeds", succeed([True]))
    assert course.environment(names) == str(course.venv_python())
    # changed: pip runs again in the same .venv, and the stamp is renewed
    (bare / "requirements.txt").write_text("no-such-package>=2\n")
    (course.VENV / "kept").write_text("")
    monkeypatch.setattr(course, "install", lambda python, names: None)
    monkeypatch.setattr(course, "succeeds", succeed([True, True]))
    course.environment(names)
    assert (course.VENV / "kept").exists()
    content = (bare / "requirements.txt").read_bytes()
    expected = hashlib.sha256(content).hexdigest()
    assert json.loads(course.STAMP.read_text()) == {names[0]: expected}


def test_an_unfinished_environment_is_made_anew(bare, monkeypatch, capsys):
    (course.VENV / "half").mkdir(parents=True)  # no stamp: it was cut short
    monkeypatch.setattr(course, "install", lambda python, names: None)
    monkeypatch.setattr(course, "make_venv", course.VENV.mkdir)
    monkeypatch.setattr(course, "succeeds", succeed([True]))
    course.environment(["requirements.txt"])
    assert not (course.VENV / "half").exists() and course.STAMP.exists()
    assert "making it anew" in capsys.readouterr().out


def test_a_failed_installation_leaves_no_stamp(bare, monkeypatch):
    def fail(python, names):
        raise course.SetupError("pip stopped")

    monkeypatch.setattr(course, "make_venv", course.VENV.mkdir)
    monkeypatch.setattr(course, "install", fail)
    with pytest.raises(course.SetupError):
        course.environment(["requirements.txt"])
    assert not course.STAMP.exists()


def test_pip_that_fails_stops_with_its_last_words(bare):
    with pytest.raises(course.SetupError) as failure:
        course.install(sys.executable, ["no-such-file.txt"])
    assert "no-such-file.txt" in str(failure.value)
    assert "setup.log" in str(failure.value)


@pytest.mark.parametrize(
    ("log", "todo"),
    [
        ("NewConnectionError('...')\nERROR: No matching", "network"),
        ("ERROR: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: the resolver", "the resolver\nOnce the cause"),
    ],
)
def test_the_cause_of_a_failed_installation_is_named(bare, log, todo):
    course.LOG.write_text(log)
    assert todo in course.explain_pip() and "ERROR" in course.explain_pip()


def test_a_full_disk_is_said_before_the_installation(bare, monkeypatch):
    usage = type("Usage", (), {"free": 1e9})
    monkeypatch.setattr(course.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(course.SetupError, match="1.0 GB free"):
        course.environment(["requirements.txt"])


def test_another_python_is_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr(course.sys, "version_info", (3, 9, 1, "final", 0))
    monkeypatch.setattr(course.shutil, "which", lambda name: None)
    with pytest.raises(course.SetupError, match="Python 3.9.*none is here"):
        course.check_python()
    monkeypatch.setattr(course.shutil, "which", lambda name: "/bin/" + name)
    with pytest.raises(course.SetupError, match="one of: .*python3.13"):
        course.check_python()


def test_commands_reach_their_programs(monkeypatch):
    started = []
    monkeypatch.setattr(course, "environment", lambda names: ",".join(names))
    monkeypatch.setattr(
        course,
        "start",
        lambda python, arguments, **settings: started.append(
            (python, arguments, settings)
        ),
    )
    course.main("run", "--only", "03")
    course.main("swap", "anna", "dora/clip.mp4")
    course.main("test", "-k", "masks")
    course.main("test", "--slow", "--backends")
    course.main("test", "--browser")
    course.main("bench", "skill", "--seeds", "2")
    required = {"COURSE_BACKENDS": "required"}
    here = {"COURSE_STARTED_IN": os.getcwd()}
    tests, two_at_once = ["-m", "pytest"], ["-n", "2", "--dist", "loadfile"]
    two_at_once.append("--no-loadscope-reorder")
    base, both = course.REQUIREMENTS, f"{course.REQUIREMENTS},{course.BACKENDS}"
    assert started == [
        (base, ["notebooks/runner.py", "run", "--only", "03"], here),
        (base, ["notebooks/runner.py", "swap", "anna", "dora/clip.mp4"], here),
        (base, [*tests, "-m", "not slow", *two_at_once, "-k", "masks"], {}),
        (both, [*tests, *two_at_once], required),
        (
            f"{base},{course.BROWSER}",
            [*tests, "-m", "not slow", *two_at_once],
            {"COURSE_BROWSER": "required"},
        ),
        (base, ["-m", "benchmarks.skill", "--seeds", "2"], {}),
    ]


def test_an_unknown_command_shows_the_commands():
    program = [sys.executable, str(course.ROOT / "course.py"), "juggle"]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 1 and "course.py run" in done.stdout


def test_benchmarks_are_listed_with_their_minutes(bare, capsys, monkeypatch):
    monkeypatch.setattr(course, "TOOK", bare / "build" / "minutes.json")
    monkeypatch.setattr(course, "start", lambda python, arguments: 0)
    (bare / "benchmarks").mkdir()
    for name, text in {
        "_shared": "Nothing to run.",
        "crowd": "Trains a crowd.\n\nTakes 42 minutes.",
        "skill": "How well it swaps.",
    }.items():
        path = bare / "benchmarks" / f"{name}.py"
        path.write_text(f'"""{text}"""', encoding="utf-8")
    assert course.run_benchmark("python", "skill", "--seeds", "1") == 0
    assert not course.TOOK.exists()  # that is not what it takes
    assert course.run_benchmark("python", "skill") == 0
    course.list_benchmarks()
    said = capsys.readouterr().out
    assert "_shared" not in said
    assert re.search(r"crowd +42  Trains a crowd\.", said)
    assert re.search(r"skill +1  How well it swaps\.", said)
    assert course.run_benchmark("python", "skil") == 1
    assert "no benchmark 'skil'" in capsys.readouterr().out


def test_a_swap_of_nothing_says_what_it_takes(monkeypatch, capsys):
    monkeypatch.setattr(course, "environment", None)  # before any set-up
    assert course.main("swap", "anna") == 1
    assert "swap SOURCE_FOLDER TARGET" in capsys.readouterr().out


def test_an_exit_code_comes_back():
    program = ["-c", "import os, sys; sys.exit('helpers' in os.listdir())"]
    assert course.start(sys.executable, program) == 1
