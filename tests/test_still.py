"""What stays of a widget in an executed notebook, and in a page made of it."""

import base64
import importlib
import inspect
import io
import pathlib
import pkgutil
import re

import execution
import ipywidgets
import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from PIL import Image

from helpers import plotting, widgets
from helpers.widgets.still import LeavesPicture

TESTS = pathlib.Path(__file__).resolve().parent
# inside of another widget, which leaves the picture
PARTS = ("LatentMap", "ExplorerControls")
# one cell a widget, whose last line shows it
CELLS = {
    "FaceSorter": """
from sorter_faces import make_faces
from helpers.widgets.face_sorter import FaceSorter
FaceSorter(make_faces(folder / "sorter"), "Rosa")""",
    "LatentExplorer": """
from explorer_page import make_explorer
make_explorer(folder / "explorer")""",
    "BeforeAfter": """
import numpy as np
from helpers.widgets.before_after import BeforeAfter
dark, bright = (np.full((90, 120, 3), v, np.uint8) for v in (60, 200))
BeforeAfter(dark, bright)""",
    "LiveView": """
import time, numpy as np
from live_page import StripedComb, SureDetector
from helpers.footage.media import cameras
from helpers.widgets.live_view import LiveView
def frames():
    for _ in range(4):
        now = time.perf_counter()
        yield cameras.CameraFrame(np.full((96, 128, 3), 90, np.uint8), now, now)
view = LiveView(StripedComb(), SureDetector(), frames(), "Rosa")
view""",
    "BrowserCamera": """
from helpers.widgets.browser_camera import BrowserCamera
BrowserCamera(folder / "Anna")""",
    "FootageUpload": """
from helpers.widgets.upload import FootageUpload
FootageUpload(folder / "Anna")""",
}


class Silent:
    """In place of `execution.Progress`."""

    def begin_cell(self, number):
        pass

    forward = begin_cell


def widget_classes():
    for found in pkgutil.iter_modules(widgets.__path__, "helpers.widgets."):
        module = importlib.import_module(found.name)
        for name, each in inspect.getmembers(module, inspect.isclass):
            own = each.__module__ == module.__name__
            if own and issubclass(each, ipywidgets.DOMWidget):
                yield name, each


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stills")
    begin = (
        f"import pathlib, sys\nsys.path.insert(0, {str(TESTS)!r})\n"
        f"folder = pathlib.Path({str(folder)!r})"
    )
    sources = [begin, *(code.strip() for code in CELLS.values())]
    sources.append("view.wait()['frames']")
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    log = folder / "kernel.log"
    execution.execute(notebook, folder, Silent(), log, {})
    return notebook


def test_every_widget_leaves_a_picture():
    classes = dict(widget_classes())
    assert set(classes) == set(CELLS) | set(PARTS)
    for name in CELLS:
        assert issubclass(classes[name], LeavesPicture), name


@pytest.mark.parametrize("place", range(len(CELLS)), ids=CELLS)
def test_an_executed_cell_keeps_widget_and_picture(executed, place):
    outputs = executed.cells[place + 1].outputs
    assert [each.output_type for each in outputs] != []
    assert "stderr" not in [each.get("name") for each in outputs]
    data = outputs[-1]["data"]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "0x" not in data["text/plain"]
    content = base64.b64decode(data["image/png"])
    assert len(content) <= 300_000
    picture = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    assert picture.shape[1] > 500 and picture.std() > 5


def test_a_live_view_leaves_its_last_frame(executed):
    place = list(CELLS).index("LiveView") + 1
    content = executed.cells[place].outputs[-1]["data"]["image/png"]
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    assert picture.height > 500  # the frame, and not its words alone


def test_a_page_without_a_kernel_shows_the_pictures(executed):
    page, _ = HTMLExporter().from_notebook_node(executed)
    assert "object at 0x" not in page
    shown = re.findall(r"<img [^>]*data:image/png;base64", page)
    assert len(shown) == len(CELLS)
    assert not re.search(r"<script[^>]*widget-view", page)


def test_a_figure_that_is_too_large_becomes_smaller():
    noise = np.random.default_rng(0).integers(0, 255, (600, 900, 3), np.uint8)
    figure = plotting.plot_card("noise", noise)
    assert len(plotting.encode_figure(figure, "png", 300)) <= 300_000
    with pytest.raises(ValueError, match="show fewer"):
        plotting.encode_figure(figure, "png", 10)
