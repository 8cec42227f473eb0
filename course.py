"""Set up and run the course with nothing but Python 3.11, 3.12 or 3.13.

python3 course.py run            notebooks 01 to 06 in order, to a swapped video
    --only 03,05  --from 02      some of them
    --set STEPS=200              another value for a parameter of the notebooks
    --fresh                      redo; what was there is kept under a number
python3 course.py swap SOURCE_FOLDER TARGET
                                 own footage in, a swapped video out (01, 03,
                                 05); TARGET: a video, a photo or a folder
    --minutes 10                 how long to train
python3 course.py test           the tests (arguments go to pytest: -k masks)
    --slow                       the slow ones too
    --backends                   on JAX and PyTorch too (installs both)
    --browser                    the widgets in a real browser too
python3 course.py lab            the notebooks in JupyterLab
python3 course.py bench [NAME]   a benchmark, or the list of them
python3 course.py setup          only what all of these do first

What the course needs goes into .venv beside this file, once. An environment
that is active and holds it all already is used as it is.
"""

import ast
import functools
import hashlib
import importlib.metadata
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
from operator import eq, ge, gt, le, lt, ne

ROOT = pathlib.Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "course.json"  # written last: without it the .venv is unfinished
LOG = ROOT / "build" / "setup.log"
TOOK = ROOT / "build" / "bench_minutes.json"  # each benchmark, last time
REQUIREMENTS = "requirements.txt"
BACKENDS = "requirements-backends.txt"
BROWSER = "requirements-browser.txt"
PYTHONS = ("3.11", "3.12", "3.13")
# measured on Linux: 2.9 GB for requirements.txt, 1.2 GB for the two backends
GIGABYTES = {REQUIREMENTS: 3, BACKENDS: 1.5, BROWSER: 0.2}
COMPARE = {">=": ge, "<=": le, "==": eq, "!=": ne, "<": lt, ">": gt}


class SetupError(Exception):
    """The environment could not be made; the text says what to do."""


say = functools.partial(print, flush=True)


def check_python():
    """Stop on a Python that the course's libraries do not support."""
    version = "{}.{}".format(*sys.version_info)
    here = [f"python{v}" for v in PYTHONS if shutil.which(f"python{v}")]
    if version not in PYTHONS:
        raise SetupError(
            f"The course needs Python {PYTHONS[0]} to {PYTHONS[-1]}. "
            f"Received: Python {version}. Start it with one of: "
            f"{', '.join(here) or 'none is here; see python.org/downloads'}"
        )


def read_requirements(name):
    """Lines of a requirements file as `(project, [(operator, version)])`."""
    found = []
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].split(";")[0].strip()
        if line and not line.startswith("-"):
            project = re.match(r"[\w.-]+", line)[0]
            ranges = re.findall(r"(>=|<=|==|!=|<|>)\s*([\w.]+)", line)
            found.append((project, ranges))
    return found


def release(version):
    """`"2.13.0+cpu"` as `(2, 13)`: numbers only, without closing zeros."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    parts = [int(part) for part in numbers[0].split(".")] if numbers else [0]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def in_range(version, ranges):
    have = release(version)
    return all(COMPARE[sign](have, release(text)) for sign, text in ranges)


def missing(names):
    """What this Python lacks of the requirements files, as a list of texts."""
    lacks = []
    for project, ranges in [r for n in names for r in read_requirements(n)]:
        wanted = project + ",".join("".join(pair) for pair in ranges)
        try:
            version = importlib.metadata.version(project)
            if not in_range(version, ranges):
                lacks.append(f"{wanted} ({version} is installed)")
        except importlib.metadata.PackageNotFoundError:
            lacks.append(f"{wanted} (not installed)")
    return lacks


def venv_python():
    windows = os.name == "nt"
    return VENV / ("Scripts/python.exe" if windows else "bin/python")


def succeeds(*command):
    """Whether a command ends without an error; its output is dropped."""
    command = [str(part) for part in command]
    try:
        return not subprocess.run(command, capture_output=True).returncode
    except OSError:  # the program is gone: a .venv of a removed Python
        return False


def checksum(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # none yet, or cut short


def environment(names):
    """A Python that satisfies the requirements files; made where it is not."""
    if not missing(names):
        return sys.executable
    python = venv_python()
    stamp = read_json(STAMP)
    changed = [name for name in names if stamp.get(name) != checksum(name)]
    check = [python, __file__, "satisfied", *names]
    if changed or not succeeds(*check):
        make_environment(names, changed or names, stamp)
        if not succeeds(*check):
            raise SetupError(
                "pip finished, but something is still missing. Delete the "
                f"folder {VENV} and start again. The log is {LOG}."
            )
    return str(python)


def make_environment(names, changed, stamp):
    """Make or complete `.venv`; the stamp is written when all went well."""
    python = venv_python()
    # without a stamp an installation was cut short, and may hold half files
    usable = bool(stamp) and succeeds(python, "-m", "pip", "--version")
    if pathlib.Path(sys.prefix).resolve() == VENV.resolve():
        usable = True  # it is active: pip mends it, nothing is deleted
    size = sum(GIGABYTES[name] for name in (changed if usable else names))
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < size and not usable:
        raise SetupError(
            f"Set-up needs about {size} GB on the disk of {ROOT}. "
            f"Received: {free:.1f} GB free. Make room and start again."
        )
    say(f"Setting up {VENV} (once; up to {size} GB, 1 to 10 minutes)")
    STAMP.unlink(missing_ok=True)
    if not usable:
        if VENV.exists():
            say("  It is unfinished or broken: making it anew")
            shutil.rmtree(VENV)
        make_venv()
    install(python, names)
    stamp = {**stamp, **{name: checksum(name) for name in names}}
    STAMP.write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def make_venv():
    command = [sys.executable, "-m", "venv", str(VENV)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(
            f"Python could not make {VENV}:\n{done.stdout}{done.stderr}\n"
            "On Debian and Ubuntu that is a package of its own, python3-venv. "
            "Without root: get uv (https://docs.astral.sh/uv), then\n"
            "  uv venv --seed --python 3.12 .venv\n"
            "  .venv/bin/python course.py run"
        )


def install(python, names):
    """pip install of requirements files, with a line every ten seconds."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "pip", "install", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--no-input"]
    command += [part for name in names for part in ("-r", name)]
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    start = time.monotonic()
    with open(LOG, "w", encoding="utf-8") as log:
        both = {"stdout": log, "stderr": subprocess.STDOUT}
        pip = subprocess.Popen(command, cwd=ROOT, env=clean, **both)
        while pip.poll() is None:
            try:
                pip.wait(timeout=10)
            except subprocess.TimeoutExpired:
                minutes, seconds = divmod(int(time.monotonic() - start), 60)
                say(f"  {minutes:02d}:{seconds:02d} {read_log()[-1][:68]}")
    if pip.returncode:
        raise SetupError(explain_pip())
    say(f"  ready after {(time.monotonic() - start) / 60:.1f} min")


def read_log():
    lines = LOG.read_text(encoding="utf-8", errors="replace").split("\n")
    return [line.strip() for line in lines if line.strip()] or ["pip starts"]


def explain_pip():
    lines, cause = read_log(), ""
    if re.search(r"No space left|Errno 28", "\n".join(lines)):
        cause = "The disk is full: make room. "
    elif re.search(r"NewConnection|versions: none|Timeout", "\n".join(lines)):
        cause = "The package index is out of reach: network, HTTPS_PROXY? "
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return (
        "\n".join(["pip stopped:", *errors[-4:]]) + f"\n{cause}Once the cause "
        f"is mended, start the same command again. The whole log is {LOG}."
    )


def start(python, arguments, **settings):
    """Run a command of the course in its environment; gives its exit code."""
    path = [str(ROOT)]
    if pathlib.Path(python) != venv_python():
        path += filter(None, [os.environ.get("PYTHONPATH")])
    settings["PYTHONPATH"] = os.pathsep.join(path)
    settings = {**os.environ, **settings}
    process = subprocess.Popen([python, *arguments], cwd=ROOT, env=settings)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C reaches the command too, which tidies up


def list_benchmarks():
    """Every benchmark, with the minutes that it took here or says it takes."""
    took = read_json(TOOK)
    say("  name               minutes, as it stands here or says")
    for path in sorted((ROOT / "benchmarks").glob("[a-z]*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        said = re.search(r"[Tt]akes (\d+) minutes", text or "")
        minutes = took.get(path.stem, said[1] if said else "")
        say(f"  {path.stem:<18} {minutes:>4}  {text.partition(chr(10))[0]}")
    return 0


def run_benchmark(python, name, *arguments):
    """Run one, and remember how long it took with its own arguments."""
    if not (ROOT / "benchmarks" / f"{name}.py").is_file():
        say(f"There is no benchmark {name!r}. There are:")
        list_benchmarks()
        return 1
    begun = time.monotonic()
    code = start(python, ["-m", f"benchmarks.{name}", *arguments])
    if not code and not arguments:
        minutes = math.ceil((time.monotonic() - begun) / 60)
        TOOK.parent.mkdir(exist_ok=True)
        took = {**read_json(TOOK), name: minutes}
        TOOK.write_text(json.dumps(took), encoding="utf-8")
    return code


def main(command="help", *arguments):
    if command == "satisfied":  # asked of the .venv by `environment`
        return int(bool(missing(arguments)))
    if command == "bench" and not arguments:
        return list_benchmarks()
    if command not in ("run", "swap", "test", "lab", "bench", "setup"):
        say(__doc__)
        return int(command not in ("help", "-h", "--help"))
    if command == "swap" and len(arguments) < 2:
        say("python3 course.py swap SOURCE_FOLDER TARGET [--minutes 10]")
        return 1
    check_python()
    more = {"--backends": BACKENDS, "--browser": BROWSER}
    own = {*more, "--slow"} if command in ("test", "setup") else set()
    chosen = own.intersection(arguments)
    rest = [argument for argument in arguments if argument not in chosen]
    wanted = [name for flag, name in more.items() if flag in chosen]
    python = environment([REQUIREMENTS, *wanted])
    if command in ("run", "swap"):
        # paths are meant from where the command is typed
        here = {"COURSE_STARTED_IN": os.getcwd()}
        return start(python, ["notebooks/runner.py", command, *rest], **here)
    if command == "test":
        speed = [] if "--slow" in chosen else ["-m", "not slow"]
        settings = {
            f"COURSE_{flag.strip('-').upper()}": "required"
            for flag in chosen.intersection(more)
        }
        # a file is one worker's, in the order of their names: by their number
        # of tests the few on the backends, which take longest, came last
        speed += ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
        # arguments of one's own come last and count
        return start(python, ["-m", "pytest", *speed, *rest], **settings)
    if command == "lab":
        page = "--LabApp.default_url=/lab/tree/notebooks"
        return start(python, ["-m", "jupyter", "lab", page, *rest])
    if command == "bench":
        return run_benchmark(python, *rest)
    say(f"Ready: {python}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except SetupError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on from here.")
