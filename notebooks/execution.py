"""A notebook is executed in a kernel of its own, and says where it is."""

import logging
import math
import os
import re
import shutil
import sys
import threading
import time

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from helpers.files import manifests

ROOT = manifests.project_root()
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x08")


class NotebookFailed(RuntimeError):
    """A cell stopped with an error, or the kernel died."""


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


def execute(notebook, folder, progress, log, settings):
    """Run every code cell of a notebook, in place.

    Args:
        notebook: nbformat node.
        folder: path. Where it runs: its own folder, as in Jupyter.
        progress: `Progress`.
        log: path of a file for what libraries write past Python; on the
            terminal it would tear up the progress lines.
        settings: dict. More of the environment of its kernel.

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
    environment.update(settings)
    number = 0
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
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
