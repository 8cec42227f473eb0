"""The form of a notebook file: read, clean, show, and what is wrong with it.

The bars are those of CONTRIBUTING.md. `runner.py` is the command.
"""

import ast
import pathlib
import re
import statistics
import tomllib

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from helpers.files import manifests

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = manifests.project_root()
METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
MEDIAN = 7  # code lines of the cell in the middle
ROOM_NAMES = 8  # imported from the rooms behind the lesson
CLOSING = re.compile(r"(Next: |Back to )\[")
# Colab has no copy of the course; a reader at home passes over this cell.
COLAB_CELL = """\
import sys

if "google.colab" in sys.modules:
    !git clone -q {repository}
    %cd {name}
    %pip install -q -r requirements.txt"""


# --- notebooks as files ---------------------------------------------------


def find_notebooks(folder=FOLDER):
    """The numbered notebooks of a folder, in order, as a list of paths."""
    return sorted(pathlib.Path(folder).glob("[0-9]*.ipynb"))


def select(notebooks, only=(), first=None):
    """Notebooks of a list by their number or stem.

    Args:
        notebooks: list of paths.
        only: str list. Beginnings of stems, such as `"03"` or `"01,03"`;
            empty: all.
        first: str or `None`. Leave out what comes before this one.

    Returns:
        list of paths.

    Raises:
        ValueError: if a name fits no notebook.
    """
    stems = [path.stem for path in notebooks]
    only = [name.strip() for names in only for name in names.split(",")]
    for name in [*only, *([first] if first else [])]:
        if not any(stem.startswith(name) for stem in stems):
            raise ValueError(
                f"No notebook begins with {name!r}. Received: {name!r}; "
                f"there are {', '.join(stems) or 'none'}."
            )
    chosen = [
        path
        for path in notebooks
        if not only or any(path.stem.startswith(name) for name in only)
    ]
    while first and chosen and not chosen[0].stem.startswith(first):
        chosen.pop(0)
    return chosen


def read_notebook(path):
    """A notebook, as an nbformat node of version 4."""
    path = pathlib.Path(path)
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except nbformat.reader.NotJSONError as error:
        raise ValueError(
            f"{path} is not a notebook ({str(error)[:80]}). "
            "Get it back with: git checkout -- " + path.name
        ) from error


def canonical(notebook):
    """Text of a notebook as this repository keeps it: 1-space indent."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def strip(path):
    """Remove what running leaves in a notebook. Returns whether it changed."""
    path = pathlib.Path(path)
    before = path.read_text(encoding="utf-8")
    notebook = read_notebook(path)
    notebook.nbformat_minor = 5
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        cell.source = cell.source.rstrip()
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    _, notebook = nbformat.validator.normalize(notebook)
    if (after := canonical(notebook)) != before:
        manifests.write_text(path, after)
    return after != before


def show(path):
    """A notebook as text in the percent style, without outputs."""
    blocks = []
    for cell in read_notebook(path).cells:
        tags = "".join(f" [{tag}]" for tag in cell.metadata.get("tags", []))
        if cell.cell_type == "code":
            blocks.append(f"# %%{tags}\n{cell.source}\n")
        else:
            lines = [f"# {line}".rstrip() for line in cell.source.split("\n")]
            blocks.append("\n".join([f"# %% [markdown]{tags}", *lines, ""]))
    return "\n".join(blocks)


def parse_code(source):
    """Syntax tree of a code cell; magics count as calls."""
    return ast.parse(TransformerManager().transform_cell(source))


def parameters_cell(notebook):
    """Index of the one code cell that is tagged `parameters`."""
    tagged = [
        index
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        and "parameters" in cell.metadata.get("tags", [])
    ]
    if len(tagged) != 1:
        raise ValueError(
            "A notebook has one code cell tagged 'parameters'. "
            f"Received: {len(tagged)} of them."
        )
    return tagged[0]


def read_parameters(notebook):
    """Parameters of a notebook with their values, in order, as a dict.

    Raises:
        ValueError: if the tagged cell holds more than `UPPER_CASE = literal`.
    """
    values = {}
    for node in parse_code(
        notebook.cells[parameters_cell(notebook)].source
    ).body:
        text = ast.unparse(node)
        try:
            (target,) = node.targets
            values[target.id] = ast.literal_eval(node.value)
        except (AttributeError, ValueError) as error:
            raise ValueError(
                "The parameters cell holds only `UPPER_CASE = literal`. "
                f"Received: {text!r}"
            ) from error
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", target.id):
            raise ValueError(
                f"A parameter is written UPPER_CASE. Received: {text!r}"
            )
    return values


# --- form -----------------------------------------------------------------


def repository():
    """Address of the course's repository, from `pyproject.toml`."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"]


def colab_cell():
    """Text of the cell that sets the course up on Google Colab."""
    address = repository()
    return COLAB_CELL.format(
        repository=address, name=address.rpartition("/")[2]
    )


def badge_address(path):
    """Address of a notebook on Google Colab."""
    address = repository().replace(
        "https://github.com", "https://colab.research.google.com/github"
    )
    return f"{address}/blob/main/notebooks/{pathlib.Path(path).name}"


def check(path, tiny=None):
    """What is wrong with a notebook's form.

    Args:
        path: str or path of a notebook.
        tiny: dict. Values of `tiny.toml` for this notebook.

    Returns:
        list of str, one a fault; empty: it is in form.
    """
    path = pathlib.Path(path)
    notebook = read_notebook(path)
    return [
        *_check_file(path, notebook),
        *_check_parameters(notebook, tiny or {}),
        *_check_code(notebook),
        *_check_prose(path, notebook),
    ]


def _check_file(path, notebook):
    if path.read_text(encoding="utf-8") != canonical(notebook):
        yield "not canonical JSON: python notebooks/runner.py strip"
    if notebook.metadata != METADATA:
        yield "metadata other than kernelspec python3: runner.py strip"
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) < len(ids):
        yield "cell ids are missing or double: runner.py strip"
    for number, cell in enumerate(notebook.cells, 1):
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"cell {number} keeps an output or count: runner.py strip"
        if set(cell.metadata) - {"tags"}:
            yield f"cell {number} has metadata other than tags: runner.py strip"
        if "attachments" in cell:
            yield f"cell {number} has an attachment: put it in image/"


def _check_parameters(notebook, tiny):
    try:
        values = read_parameters(notebook)
    except (ValueError, SyntaxError) as error:
        yield str(error)
        return
    if not isinstance(values.get("OUTPUT_FOLDER"), str):
        yield "OUTPUT_FOLDER, the folder it writes, is not a parameter"
    for name in tiny.keys() - values.keys():
        yield f"tiny.toml sets {name}, which is no parameter here"


def _check_code(notebook):
    cells = [
        (number, cell.source)
        for number, cell in enumerate(notebook.cells, 1)
        if cell.cell_type == "code"
    ]
    # blank lines make a cell easier to read, not longer
    lengths = [len(re.findall(r"^.*\S", c, re.MULTILINE)) for _, c in cells]
    if lengths and statistics.median(lengths) > MEDIAN:
        median = statistics.median(lengths)
        yield f"the median code cell has {median:g} lines, {MEDIAN} are allowed"
    definitions, importing, room_names = 0, [], []
    for (number, source), length in zip(cells, lengths, strict=True):
        if length > 25:
            yield f"cell {number} has {length} lines, 25 are allowed"
        if "google.colab" in source:
            if source != colab_cell():
                yield f"cell {number} is not the Colab cell: runner.py colab"
            continue
        if re.search(r"^\s*[!%]", source, re.MULTILINE):
            yield f"cell {number} has a ! or % line outside the Colab cell"
        for line in source.splitlines():
            if len(line) > 80:
                yield f"cell {number} has a line of {len(line)} columns"
            if re.search(r"""["'](/(?!/)|~|[A-Za-z]:[\\/])""", line):
                yield f"cell {number} has an absolute path: {line.strip()}"
        try:
            nodes = list(ast.walk(parse_code(source)))
        except SyntaxError as error:
            yield f"cell {number} is not Python: {error}"
            continue
        kinds = [type(node) for node in nodes]
        definitions += kinds.count(ast.FunctionDef)
        if ast.ClassDef in kinds:
            yield f"cell {number} has a class: it belongs in helpers/"
        if ast.ExceptHandler in kinds:
            yield f"cell {number} has an except: let the error be seen"
        if ast.Import in kinds or ast.ImportFrom in kinds:
            importing.append(number)
            room_names += [n for node in nodes for n in _room_names(node)]
    if len(room_names) > ROOM_NAMES:
        yield (
            f"{len(room_names)} names are imported from rooms, {ROOM_NAMES} "
            f"are allowed: {', '.join(room_names)}"
        )
    if definitions > 3:
        yield f"{definitions} functions are defined, 3 are allowed"
    if len(importing) > 1:
        yield f"imports stand in cells {importing}, they belong in one"
    if not any("google.colab" in source for _, source in cells):
        yield "the Colab cell is not there: runner.py colab"


def _room_names(node):
    """Names that an import takes from the rooms, not from the lesson."""
    if not isinstance(node, ast.ImportFrom):
        return
    package, *below = (node.module or "").split(".")
    if package != "helpers":
        return
    for alias in node.names:
        first = below[0] if below else alias.name
        if not (ROOT / "helpers" / f"{first}.py").is_file():
            yield alias.name


def _check_prose(path, notebook):
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    outside_code = re.sub(r"```.*?```", "", "\n".join(prose), flags=re.DOTALL)
    titles = re.findall(r"^# .+", outside_code, re.MULTILINE)
    first = notebook.cells[0].source if notebook.cells else ""
    if not (prose and first == prose[0] and first.startswith("# ")):
        yield "the first cell is not markdown that begins with the title"
    if len(titles) != 1:
        yield f"{len(titles)} headings of the first level, 1 is allowed"
    if badge_address(path) not in first:
        yield f"the first cell has no Colab badge to {badge_address(path)}"
    words = len(outside_code.split())
    code = len(notebook.cells) - len(prose)
    if code and not 30 <= words / code <= 70:
        yield f"{words / code:.0f} words of prose a code cell, not 30 to 70"
    row = 0
    for number, cell in enumerate(notebook.cells, 1):
        row = row + 1 if cell.cell_type == "code" else 0
        if row == 4:
            yield f"cell {number} is the fourth code cell in a row"
        if re.search(r"\b(TODO|FIXME)\b", cell.source):
            yield f"cell {number} has something left to do"
    yield from _check_lines(prose)
    links = re.findall(r"\]\(([^)\s]+)|<img[^>]*src=\"([^\"]+)", outside_code)
    for link in ("".join(pair) for pair in links):
        target = link.partition("#")[0]
        if re.match(r"[a-z]+:", link) or not target:
            continue
        if not (path.parent / target).exists():
            yield f"a link leads nowhere: {link}"


def _check_lines(prose):
    """Lines that a merge left twice, and what stands behind the last one."""
    lines = [line.strip() for text in prose for line in text.splitlines()]
    long = [line for line in lines if len(line) >= 30]
    for line in sorted({line for line in long if long.count(line) > 1}):
        yield f"a line stands twice: {line}"
    links = [n for n, line in enumerate(lines) if CLOSING.match(line)]
    if not links:
        yield "it does not close with a link: Next: [...] or Back to [...]"
        return
    if len(links) > 1:
        yield "it has more than one closing link"
    last = "\n".join(lines[links[0] :])
    if "\n\n" in last or last.count("](") != 1:
        yield f"text stands behind the closing link: {lines[-1]}"
