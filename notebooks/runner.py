"""Check, clean, show and run the notebooks: what is wrong, or what they made.

python notebooks/runner.py check            form of every notebook
python notebooks/runner.py strip            remove outputs, write canonically
python notebooks/runner.py show 03          a notebook as text, for diffs
python notebooks/runner.py run              execute them in order
python notebooks/runner.py swap ANN CLIP    01, 03 and 05 on own footage
"""

import argparse
import contextlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tomllib

import execution
import form
import nbformat
import stamps
import swap_command
import typed_settings
from execution import NotebookFailed

from helpers.files import asides, manifests

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = manifests.project_root()
EXECUTED = ROOT / "build" / "executed"
# Minutes on two cores, for the first guess of the time left; later runs go by
# what the run before took.
MINUTES = {
    "01_data_generation": 3,
    "02_layerwise_pretraining": 4,
    "03_full_training": 5,
    "04_latent_inspection": 3.5,
    "05_prediction": 1,
    "06_judge_a_swap": 2,
}
# where --fresh may move folders: what the notebooks write
OWNED = ("data", "weights", "build")
# what a run ends with
TITLES = {
    "video": "Swapped video",
    "photo": "Swapped photo",
    "picture": "Before and after",
    "report": "Report",
}


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
        cell.metadata["tags"] = [stamps.INJECTED]
        notebook.cells.insert(form.parameters_cell(notebook) + 1, cell)


def set_aside(folders):
    """Move folders to numbered names, all of them or none.

    Args:
        folders: list of paths; those that are not there are passed over.

    Raises:
        ValueError: if one is not the notebooks' own.
    """
    folders = [folder.resolve() for folder in folders if folder.exists()]
    for folder in folders:
        inside = folder.is_relative_to(ROOT.resolve())
        parts = folder.relative_to(ROOT.resolve()).parts if inside else ()
        if len(parts) < 2 or parts[0] not in OWNED:
            raise ValueError(
                "--fresh moves folders inside data/, weights/ and build/ only. "
                f"Received: {folder}. Move it yourself, then run without "
                "--fresh."
            )
    for folder in folders:
        kept = asides.set_aside(folder)
        print(f"  {folder.relative_to(ROOT.resolve())} is kept as {kept.name}")


def plan(names, output_folder, overrides):
    """What is to run: every override is tried before the first one starts.

    Returns:
        list of dicts with `path`, `notebook`, `parameters` and `stamp`.
    """
    work = []
    for path in map(pathlib.Path, names):
        notebook = form.read_notebook(path)
        values = overrides.get(path.stem, {})
        parameters = {**form.read_parameters(notebook), **values}
        try:
            inject(notebook, values)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error
        work.append(
            {
                "path": path,
                "notebook": notebook,
                "parameters": parameters,
                "stamp": output_folder / f"{path.stem}.stamp.json",
            }
        )
    unknown = sorted(overrides.keys() - {each["path"].stem for each in work})
    if unknown:
        raise ValueError(f"No such notebook to override. Received: {unknown}")
    return work


def run(names, output_folder=EXECUTED, overrides=None, fresh=False, anew=None):
    """Run notebooks in order, each only where something has changed.

    Every notebook runs in its own folder, as in Jupyter. The executed copy
    goes to `output_folder`, with a stamp of what it depended on; a failed or
    interrupted one too.

    Args:
        names: list of paths of notebooks.
        output_folder: str or path.
        overrides: dict `{stem: {parameter: value}}`.
        fresh: bool. Begin anew: what these notebooks wrote moves aside first,
            to numbered names. A run that is interrupted then goes on
            *without* `fresh`.
        anew: function from a stem to the command that begins this notebook
            anew, or `None`. What finds an unfinished run of something else in
            its way names it.

    Returns:
        list of dicts with the keys `name`, `parameters`, `seconds` (of the
        run that made the output, its interrupted parts included) and `ran`.

    Raises:
        ValueError: on an override that is no parameter.
        NotebookFailed: if a cell raises or the kernel dies.
    """
    work = plan(names, pathlib.Path(output_folder), overrides or {})
    if fresh:
        set_aside([ROOT / e["parameters"]["OUTPUT_FOLDER"] for e in work])
        for each in work:
            each["stamp"].unlink(missing_ok=True)
    expected = [
        stamps.read_stamp(each["stamp"]).get("seconds")
        or 60 * MINUTES.get(each["path"].stem, 1)
        for each in work
    ]
    results = []
    for index, each in enumerate(work):
        stem, parameters = each["path"].stem, each["parameters"]
        title = f"[{index + 1}/{len(work)}] {stem}"
        before = stamps.read_stamp(each["stamp"])
        now = stamps.dependencies(each["notebook"], parameters, ROOT)
        output = ROOT / parameters["OUTPUT_FOLDER"]
        reason = stamps.changed(before, output, now)
        if reason:
            print(f"{title} · starts: {reason}", flush=True)
            told = {"COURSE_FRESH": anew(stem)} if anew else {}
            before = _run_one(each, title, expected[index:], told, now)
        else:
            print(f"{title} · unchanged, kept (--fresh runs it again)")
        results.append(
            {
                "name": stem,
                "parameters": parameters,
                "seconds": before["seconds"],
                "ran": bool(reason),
            }
        )
    return results


def _run_one(each, title, expected, told, now):
    """Run one notebook and leave its copy and its stamp."""
    path, notebook, stamp = each["path"], each["notebook"], each["stamp"]
    parameters, earlier = each["parameters"], stamps.read_stamp(each["stamp"])
    resumed = stamps.is_resumed(earlier, now)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    log = stamp.with_name("kernel.log")
    finished = False
    progress = execution.Progress(title, cells, expected[0], sum(expected[1:]))
    try:
        with progress:
            execution.execute(notebook, path.parent, progress, log, told)
        finished = True
    finally:
        manifests.write_text(
            stamp.with_name(path.name), form.canonical(notebook)
        )
        seconds = progress.seconds + (earlier["seconds"] if resumed else 0)
        # what it wrote besides its output counts as it is now
        now = stamps.dependencies(notebook, parameters, ROOT)
        content = stamps.write_stamp(stamp, finished, seconds, now)
    minutes, rest = divmod(int(progress.seconds), 60)
    print(f"{title} · done in {minutes:02d}:{rest:02d}", flush=True)
    return content


def report(results, page=None):
    """Print what 05 made, and one line of JSON at the end.

    Args:
        results: list of dicts from `run()`: that of 05 is taken, or the last.
        page: path of a report that was written, or `None`.

    Returns:
        dict: what the line of JSON says.
    """
    predicted = [r for r in results if r["name"].startswith("05")]
    prediction = (predicted or results)[-1]
    folder = ROOT / prediction["parameters"]["OUTPUT_FOLDER"]
    manifest = manifests.read_manifest(folder, made_by=prediction["name"])
    scores = manifest.get("scores") or {}
    content = {
        key: scores.get(key)
        for key in ("swap_skill", "ceiling", "expression_skill")
    }
    content["seconds"] = {r["name"]: r["seconds"] for r in results}
    for key in ("video", "photo", "picture"):
        path = folder / manifest[key] if manifest.get(key) else None
        content[key] = path and shown(path)
    content["report"] = page and shown(page)
    print()
    for key, title in TITLES.items():
        if content[key]:
            print(f"{title:18}{content[key]}")
    if content["swap_skill"] is None:
        print(f"{'Swap score':18}none: real footage has no true swap")
    else:
        print(
            f"{'Swap skill':18}{content['swap_skill']:.2f}   "
            "(0: no better than a mean face, 1: the truth)"
        )
    print(json.dumps(content), flush=True)
    return content


def shown(path):
    """A path as it is printed: from the course's folder, where it is in it."""
    with contextlib.suppress(ValueError):
        path = path.relative_to(ROOT)
    return path.as_posix()


# --- terminal -------------------------------------------------------------


def read_tiny():
    """Values of `tiny.toml`, as a dict `{stem: {parameter: value}}`."""
    with open(FOLDER / "tiny.toml", "rb") as file:
        return tomllib.load(file)


def command_line(*arguments):
    """A command of the course as one types it on this system."""
    parts = ["python3", "course.py", *arguments]
    windows = os.name == "nt"
    return subprocess.list2cmdline(parts) if windows else shlex.join(parts)


def parse(arguments):
    """What is asked for on the terminal, as a namespace."""
    parser = argparse.ArgumentParser(
        prog="course.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("check", "strip", "show", "colab"):
        command = commands.add_parser(name)
        if name != "colab":
            command.add_argument("names", nargs="*", help="such as 03")
    running = argparse.ArgumentParser(add_help=False)
    running.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE"
    )
    running.add_argument("--fresh", action="store_true")
    command = commands.add_parser("run", parents=[running])
    command.add_argument("--only", action="append", default=[], metavar="03,04")
    command.add_argument("--from", dest="first", metavar="02")
    command = commands.add_parser("swap", parents=[running])
    command.add_argument("source", metavar="SOURCE_FOLDER")
    command.add_argument("target", metavar="TARGET")
    command.add_argument("--minutes", type=float, default=10)
    return parser.parse_args(arguments)


def main(arguments=None):
    """The commands of a terminal. Returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = parse(arguments)
    kept = [each for each in arguments if each != "--fresh"]
    go_on = f"Go on with: {command_line(*kept)}"
    try:
        return _command(options, kept)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
    except NotebookFailed as error:
        print(
            f"\n{error}\n\nThe whole error is in the copy that was executed, "
            f"below {shown(EXECUTED)}. What was written before is kept. Once "
            f"the cause is mended:\n{go_on}",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print(f"\nStopped. {go_on}", file=sys.stderr)
        return 130
    return 1


def _command(options, arguments):
    if options.command == "colab":
        print(form.colab_cell())
        return 0
    if options.command == "run":
        return _run(options, arguments)
    if options.command == "swap":
        return _swap(options, arguments)
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


def _run(options, arguments):
    chosen = form.select(form.find_notebooks(), options.only, options.first)
    if not chosen:
        raise ValueError(f"There are no notebooks in {FOLDER}.")
    overrides = typed_settings.read_settings(options.set, chosen)

    def anew(stem):
        own = overrides.get(stem, {})
        values = [each for each in options.set if each.split("=")[0] in own]
        parts = [part for each in values for part in ("--set", each)]
        return command_line("run", "--only", stem[:2], *parts, "--fresh")

    results = run(chosen, EXECUTED, overrides, options.fresh, anew)
    if any(result["name"].startswith("05") for result in results):
        report(results)
    return 0


def _swap(options, arguments):
    job = swap_command.read_job(options.source, options.target)
    print(job.in_words())
    chosen = form.select(form.find_notebooks(), ["01", "03", "05"])
    overrides = typed_settings.read_settings(options.set, chosen)
    for stem, values in job.parameters(options.minutes).items():
        overrides[stem] = {**values, **overrides.get(stem, {})}
    again = command_line(*arguments, "--fresh")
    results = run(
        chosen,
        EXECUTED / job.pair,
        overrides,
        options.fresh,
        lambda stem: again,
    )
    page = swap_command.write_page(EXECUTED / job.pair, results, ROOT)
    report(results, page)
    return 0


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        # a Windows console of another code page prints ? and goes on
        sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
