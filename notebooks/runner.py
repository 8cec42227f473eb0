"""Check, clean, show and run the notebooks: what is wrong, or what they made.

python notebooks/runner.py check            form of every notebook
python notebooks/runner.py strip            remove outputs, write canonically
python notebooks/runner.py show 03          a notebook as text, for diffs
python notebooks/runner.py run              execute them in order
"""

import argparse
import ast
import contextlib
import hashlib
import json
import logging
import math
import os
import pathlib
import re
import shutil
import sys
import threading
import time
import tomllib

import form
import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from helpers.files import manifests

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = manifests.project_root()
EXECUTED = ROOT / "build" / "executed"
# Minutes on two cores, for the first guess of the time left; later runs go by
# what the run before took.
MINUTES = {
    "01_data_generation": 1.5,
    "02_layerwise_pretraining": 9,
    "03_full_training": 8,
    "04_latent_inspection": 3,
    "05_prediction": 1,
}
INJECTED = "injected-parameters"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x08")


class NotebookFailed(RuntimeError):
    """A cell stopped with an error, or the kernel died."""


# --- what a notebook depends on -------------------------------------------


def sha256(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def folder_state(path):
    """Checksum of a file or folder: its names, sizes and manifest.

    Reading every byte of an hour of footage to learn that nothing has
    changed would take longer than the answer is worth.
    """
    if path.is_file():
        status = path.stat()
        return sha256(path.name, str(status.st_size), str(status.st_mtime_ns))
    files = [
        f"{file.relative_to(path).as_posix()} {file.stat().st_size}"
        for file in sorted(path.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    ]
    manifest = path / manifests.MANIFEST
    text = manifest.read_text(encoding="utf-8") if manifest.is_file() else ""
    return sha256(*files, text)


def strings(value):
    """Every string in a parameter's value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(list(value.values()))
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from strings(item)


def dependencies(notebook, parameters):
    """Everything that decides what a notebook makes, as a dict for JSON.

    The inputs are the files and folders that its parameters name.
    """
    helpers = sorted((ROOT / "helpers").rglob("*.py"))
    output = parameters.get("OUTPUT_FOLDER")
    named = sorted(set(strings(parameters)) - {output, ""})
    inputs = {name: ROOT / name for name in named if len(name) < 250}
    code = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code"
        and INJECTED not in cell.metadata.get("tags", [])
    ]
    return {
        "code": sha256(*code),
        # through JSON, so that it compares equal to what was read back
        "parameters": json.loads(json.dumps(parameters, default=sorted)),
        "helpers": sha256(*[p.read_text(encoding="utf-8") for p in helpers]),
        "inputs": {
            name: folder_state(path)
            for name, path in inputs.items()
            if path.exists() and path.resolve() != ROOT
        },
    }


def read_stamp(path):
    """Stamp that a run left, as a dict; empty where there is none."""
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}  # cut short by hand: the notebook runs again


def changed(stamp, parameters, now):
    """Why a notebook has to run (again), as a text; empty: it need not."""
    if not stamp:
        return "it has not run yet"
    output = ROOT / parameters["OUTPUT_FOLDER"] / manifests.MANIFEST
    if not stamp["finished"] or not output.is_file():
        return "it was not finished"
    names = [k for k in now if stamp["dependencies"].get(k) != now[k]]
    return "its " + ", ".join(names) + " changed" if names else ""


def set_aside(folder):
    """Rename a folder to `<name>.replaced`, in place of an earlier one."""
    if not folder.exists():
        return
    parts = folder.resolve().relative_to(ROOT).parts
    if len(parts) < 2 or parts[0] not in ("data", "weights", "build"):
        raise ValueError(
            "--fresh moves folders inside data/, weights/ and build/ only. "
            f"Received: {folder}. Move it yourself, then run without --fresh."
        )
    replaced = folder.with_name(folder.name + ".replaced")
    if replaced.exists():
        shutil.rmtree(replaced)
    folder.rename(replaced)
    print(f"  {folder.relative_to(ROOT)} is kept as {replaced.name}")


# --- execution ------------------------------------------------------------


class Progress:
    """Says all the time which notebook and cell runs, and how long still.

    On a terminal one line is written over and over; in a log a new line comes
    at most every `pause` seconds.
    """

    def __init__(self, title, cells, expected, later, stream=None):
        self.title, self.cells = title, cells
        self.expected, self.later = expected, later
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self.pause = 1 if self.live else 20
        self.start = time.monotonic()
        self.cell = 0
        self.said = -math.inf
        self.partial = ""
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.closing.set()
        self.thread.join()
        with self.lock:
            self._clear()

    @property
    def seconds(self):
        return time.monotonic() - self.start

    def status(self):
        minutes, seconds = divmod(int(self.seconds), 60)
        left = max(0, self.expected - self.seconds) + self.later
        if self.seconds > self.expected:
            still = "longer than expected"
            if self.later:
                still += f", then about {math.ceil(left / 60)} min"
        elif left < 60:
            still = "under a minute left"
        else:
            still = f"about {math.ceil(left / 60)} min left"
        return (
            f"{self.title} · cell {self.cell}/{self.cells} · "
            f"{minutes:02d}:{seconds:02d} · {still}"
        )

    def begin_cell(self, number):
        with self.lock:
            self.cell, self.partial = number, ""
            self._say(min(self.pause, 5))

    def forward(self, text):
        """Pass on what a cell prints; half lines only on a terminal."""
        with self.lock:
            text = self.partial + ANSI.sub("", text)
            *lines, self.partial = text.replace("\r\n", "\n").split("\n")
            self.partial = self.partial.rpartition("\r")[2]
            self._clear()
            for line in lines:
                line = line.rstrip("\r").rpartition("\r")[2]
                print("    " + line, file=self.stream, flush=True)
            self._say(self.pause)

    def _beat(self):
        while not self.closing.wait(1):
            with self.lock:
                self._say(self.pause)

    def _say(self, pause):
        if not self.live and time.monotonic() - self.said < pause:
            return
        self.said = time.monotonic()
        text = self.status()
        if self.live:
            self._clear()
            text += f" · {self.partial.strip()}" if self.partial.strip() else ""
            columns = shutil.get_terminal_size().columns - 1
            self.stream.write("\r" + text[:columns])
        else:
            self.stream.write(text + "\n")
        self.stream.flush()

    def _clear(self):
        if self.live:
            columns = shutil.get_terminal_size().columns - 1
            self.stream.write("\r" + " " * columns + "\r")


class ThisPython(KernelSpecManager):
    """Kernels of the Python that runs this, whatever the user has set up."""

    def get_kernel_spec(self, kernel_name):
        argv = [sys.executable, "-m", "ipykernel_launcher", "--log-level=50"]
        return KernelSpec(
            argv=[*argv, "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
        )


class ShownClient(NotebookClient):
    """Passes on what the cells print while they run."""

    progress = None

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "stream" and msg["content"]["name"] == "stdout":
            self.progress.forward(msg["content"]["text"])
        return super().process_message(msg, cell, cell_index)


def execute(notebook, folder, progress):
    """Run every code cell of a notebook, in place.

    Args:
        notebook: nbformat node.
        folder: path. Where it runs: its own folder, as in Jupyter.
        progress: `Progress`.

    Raises:
        NotebookFailed: names the cell, shows it, and the end of the error.
    """
    manager = AsyncKernelManager(kernel_spec_manager=ThisPython())
    # time for a training cell to write its last checkpoint when interrupted
    manager.shutdown_wait_time = 20
    client = ShownClient(notebook, km=manager, timeout=None)
    client.startup_timeout = 180
    client.progress = progress
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    number = 0
    log = ROOT / "build" / "kernel.log"
    log.parent.mkdir(exist_ok=True)
    try:
        # what libraries write past Python would tear up the progress lines
        with (
            open(log, "wb") as stderr,
            client.setup_kernel(
                cwd=str(folder), env=environment, cleanup_kc=True, stderr=stderr
            ),
        ):
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    number += 1
                    progress.begin_cell(number)
                    client.execute_cell(cell, index, execution_count=number)
    except KeyboardInterrupt:
        # nbclient's task for the cell finds its kernel gone: no news by now
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        raise
    except CellExecutionError as error:
        raise NotebookFailed(_explain(cell, number, error)) from error
    except DeadKernelError as error:
        raise NotebookFailed(
            f"The kernel died in cell {number}; most often the memory has run "
            "out. Close other programs, or take smaller parameters (a lower "
            "batch size or resolution)."
        ) from error


def _explain(cell, number, error):
    lines = ANSI.sub("", error.traceback).rstrip().splitlines()
    source = [f"  {line}" for line in cell.source.splitlines()]
    end = [f"  {line}" for line in lines[-12:] if line.strip()]
    return "\n".join([f"Cell {number}:", *source, "It ends in:", *end])


def inject(notebook, overrides):
    """Put a cell with other values behind the parameters cell, in place.

    Raises:
        ValueError: if a name is no parameter of the notebook.
    """
    unknown = sorted(overrides.keys() - form.read_parameters(notebook).keys())
    if unknown:
        raise ValueError(
            f"These are no parameters of the notebook. Received: {unknown}; "
            f"it has {', '.join(form.read_parameters(notebook))}."
        )
    if overrides:
        lines = [f"{name} = {value!r}" for name, value in overrides.items()]
        cell = nbformat.v4.new_code_cell("\n".join(lines))
        cell.metadata["tags"] = [INJECTED]
        notebook.cells.insert(form.parameters_cell(notebook) + 1, cell)


def run(names, output_folder=EXECUTED, overrides=None, fresh=False):
    """Run notebooks in order, each only where something has changed.

    Every notebook runs in its own folder, as in Jupyter. The executed copy
    goes to `output_folder`, with a stamp of what it depended on; a failed or
    interrupted one too.

    Args:
        names: list of paths of notebooks.
        output_folder: str or path.
        overrides: dict `{stem: {parameter: value}}`.
        fresh: bool. Move what a notebook wrote aside and begin anew.

    Returns:
        list of dicts with the keys `name`, `parameters`, `seconds` (of the
        run that made the output, its interrupted parts included) and `ran`.

    Raises:
        ValueError: on an override that is no parameter.
        NotebookFailed: if a cell raises or the kernel dies.
    """
    overrides = overrides or {}
    output_folder = pathlib.Path(output_folder)
    work = []
    # every override is tried before the first notebook starts
    for path in map(pathlib.Path, names):
        notebook = form.read_notebook(path)
        values = overrides.get(path.stem, {})
        parameters = {**form.read_parameters(notebook), **values}
        try:
            inject(notebook, values)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error
        stamp = output_folder / f"{path.stem}.stamp.json"
        work.append((path, notebook, parameters, stamp))
    unknown = sorted(overrides.keys() - {path.stem for path, *_ in work})
    if unknown:
        raise ValueError(f"No such notebook to override. Received: {unknown}")
    expected = [
        read_stamp(stamp).get("seconds") or 60 * MINUTES.get(path.stem, 1)
        for path, _, _, stamp in work
    ]
    results = []
    for index, (path, notebook, parameters, stamp) in enumerate(work):
        title = f"[{index + 1}/{len(work)}] {path.stem}"
        if fresh:
            set_aside(ROOT / parameters["OUTPUT_FOLDER"])
            stamp.unlink(missing_ok=True)
        before = read_stamp(stamp)
        now = dependencies(notebook, parameters)
        reason = changed(before, parameters, now)
        if reason:
            print(f"{title} · starts: {reason}", flush=True)
            before = _run_one(
                path, notebook, parameters, stamp, title, expected[index:]
            )
        else:
            print(f"{title} · unchanged, kept (--fresh runs it again)")
        results.append(
            {
                "name": path.stem,
                "parameters": parameters,
                "seconds": before["seconds"],
                "ran": bool(reason),
            }
        )
    return results


def _run_one(path, notebook, parameters, stamp, title, expected):
    """Run one notebook and leave its copy and its stamp."""
    earlier = read_stamp(stamp)
    now = dependencies(notebook, parameters)
    resumed = (
        bool(earlier)
        and not earlier["finished"]
        and all(
            earlier["dependencies"][key] == now[key]
            for key in ("code", "parameters", "helpers")
        )
    )
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    finished = False
    try:
        with Progress(title, cells, expected[0], sum(expected[1:])) as progress:
            execute(notebook, path.parent, progress)
        finished = True
    finally:
        seconds = progress.seconds + (earlier["seconds"] if resumed else 0)
        manifests.write_text(
            stamp.with_name(path.name), form.canonical(notebook)
        )
        content = {
            "finished": finished,
            "seconds": round(seconds, 1),
            # what it wrote besides its output counts as it is now
            "dependencies": dependencies(notebook, parameters),
        }
        manifests.write_json(stamp, content)
    minutes, rest = divmod(int(progress.seconds), 60)
    print(f"{title} · done in {minutes:02d}:{rest:02d}", flush=True)
    return content


def report(results):
    """Print what the last notebook made, and one line of JSON at the end.

    Args:
        results: list of dicts from `run()`; the last is the prediction.

    Returns:
        dict: what the line of JSON says.
    """
    name = results[-1]["name"]
    folder = ROOT / results[-1]["parameters"]["OUTPUT_FOLDER"]
    manifest = manifests.read_manifest(folder, made_by=name)
    scores = manifest.get("scores") or {}
    content = {
        key: scores.get(key)
        for key in ("swap_skill", "ceiling", "expression_skill")
    }
    content["seconds"] = {r["name"]: r["seconds"] for r in results}
    for key in ("video", "picture"):
        path = folder / manifest[key] if manifest.get(key) else None
        with contextlib.suppress(ValueError):
            path = path and path.relative_to(ROOT)
        content[key] = path and path.as_posix()
    print(f"\nSwapped video     {content['video']}")
    print(f"Before and after  {content['picture']}")
    if content["swap_skill"] is None:
        print("Swap score        none: real footage has no true swap")
    else:
        print(
            f"Swap skill        {content['swap_skill']:.2f}   "
            "(0: no better than a mean face, 1: the truth)"
        )
    print(json.dumps(content), flush=True)
    return content


# --- terminal -------------------------------------------------------------


def read_tiny():
    """Values of `tiny.toml`, as a dict `{stem: {parameter: value}}`."""
    with open(FOLDER / "tiny.toml", "rb") as file:
        return tomllib.load(file)


def read_settings(texts, notebooks):
    """`["STEPS=200"]` as overrides of every notebook with that parameter."""
    overrides = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise ValueError(f"--set takes NAME=VALUE. Received: {text!r}")
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            pass  # a bare word is a string: --set SOURCE=alma
        owners = [
            path.stem
            for path in notebooks
            if name in form.read_parameters(form.read_notebook(path))
        ]
        if not owners:
            raise ValueError(
                f"No chosen notebook has the parameter {name}. "
                f"Received: --set {text}"
            )
        for stem in owners:
            overrides.setdefault(stem, {})[name] = value
    return overrides


def main(arguments=None):
    """The commands of a terminal. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="runner.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("check", "strip", "show", "colab"):
        command = commands.add_parser(name)
        if name != "colab":
            command.add_argument("names", nargs="*", help="such as 03")
    command = commands.add_parser("run")
    command.add_argument("--only", action="append", default=[], metavar="03")
    command.add_argument("--from", dest="first", metavar="02")
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE"
    )
    command.add_argument("--fresh", action="store_true")
    options = parser.parse_args(arguments)
    try:
        return _command(options)
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
    except NotebookFailed as error:
        print(
            f"\n{error}\n\nThe whole error is in {EXECUTED}. What was written "
            "before is kept; the same command goes on from here.",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    return 1


def _command(options):
    if options.command == "colab":
        print(form.colab_cell())
        return 0
    if options.command == "run":
        chosen = form.select(form.find_notebooks(), options.only, options.first)
        if not chosen:
            raise ValueError(f"There are no notebooks in {FOLDER}.")
        overrides = read_settings(options.set, chosen)
        results = run(chosen, EXECUTED, overrides, options.fresh)
        if results[-1]["name"].startswith("05"):
            report(results)
        return 0
    faults = 0
    for path in form.select(form.find_notebooks(), options.names):
        if options.command == "show":
            print(form.show(path))
        elif options.command == "strip" and form.strip(path):
            print(f"{path.name}: cleaned")
        elif options.command == "check":
            for fault in form.check(path, read_tiny().get(path.stem)):
                print(f"{path.name}: {fault}")
                faults += 1
    return int(faults > 0)


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        # a Windows console of another code page prints ? and goes on
        sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
