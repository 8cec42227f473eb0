"""What stays of a widget where no kernel runs: a picture, beside its view."""

import base64
import io

import numpy as np
from PIL import Image

from helpers import plotting

LARGEST = 300  # kilobytes of a picture


class LeavesPicture:
    """A widget that leaves a picture behind in an executed notebook.

    Jupyter shows the widget where it can, and the picture where it cannot: in
    an exported page, on a site that shows notebooks. A class with it says in
    `draw_still` what is on the picture.
    """

    def draw_still(self):
        """The widget as it stands, as a `plotting.drawing.Picture`."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options):
        shown = super()._repr_mimebundle_(**options)
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        name = type(self).__name__
        figure = self.draw_still()
        note = "A picture of the widget: run the cell to use it."
        figure.supxlabel(note, fontsize=8, color=plotting.PALE)
        content = plotting.encode_figure(figure, "png", LARGEST)
        data = {
            **(data or {}),
            "image/png": base64.b64encode(content).decode("ascii"),
            "text/plain": f"{name}: run the cell to use this widget",
        }
        return data, metadata


def pixels_of(content):
    """The pixels of a JPEG file that a widget shows.

    Args:
        content: bytes; none for no picture yet.

    Returns:
        uint8 array, shape `(height, width, 3)`, or `None`.
    """
    if not content:
        return None
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
