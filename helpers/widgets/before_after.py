"""The slider between two pictures: frames before and after in, a widget out.

Runs in JupyterLab, VS Code and Colab. All is done by the browser alone, so it
also answers while another cell is running.
"""

import pathlib

import anywidget
import cv2
import numpy as np
import traitlets

from helpers import plotting
from helpers.footage import media
from helpers.widgets.still import LeavesPicture, pixels_of

HERE = pathlib.Path(__file__).resolve().parent
WIDEST = 960  # pixels: no notebook shows more, and its file holds them all


class BeforeAfter(LeavesPicture, anywidget.AnyWidget):
    """Two pictures on top of each other, and a handle that parts them.

    Left of the handle is what was before, right of it what is after. It
    follows the mouse, a finger and the arrow keys. Of several frames, a
    second slider chooses the one that is shown.

    Args:
        before: uint8 array, shape `(height, width, 3)`, RGB, or a sequence
            of them, all of one shape: the frames.
        after: the same, as many.
        captions: two str, written on the pictures.

    Raises:
        ValueError: if they are not as many uint8 pictures of one shape.
    """

    _esm = HERE / "before_after.js"
    _css = HERE / "before_after.css"
    before = traitlets.List(traitlets.Bytes()).tag(sync=True)  # JPEG files
    after = traitlets.List(traitlets.Bytes()).tag(sync=True)
    captions = traitlets.List(traitlets.Unicode(), minlen=2, maxlen=2).tag(
        sync=True
    )
    position = traitlets.Float(50.0, min=0, max=100).tag(sync=True)  # percent
    frame = traitlets.Int(0, min=0).tag(sync=True)

    def __init__(self, before, after, captions=("before", "after")):
        before, after = _frames(before), _frames(after)
        kinds = {(p.dtype.name, p.shape) for p in (*before, *after)}
        fits = all(
            kind == "uint8" and len(shape) == 3 and shape[2] == 3
            for kind, shape in kinds
        )
        if len(before) != len(after) or len(kinds) != 1 or not fits:
            raise ValueError(
                "Before and after should be as many uint8 pictures, all of "
                "one shape (height, width, 3). Received: "
                f"{len(before)} and {len(after)}, {sorted(kinds)}"
            )
        super().__init__(
            before=[_jpeg(picture) for picture in before],
            after=[_jpeg(picture) for picture in after],
            captions=list(captions),
        )

    def draw_still(self):
        """The frame that is shown, parted where the handle stands."""
        before, after = (
            pixels_of(frames[self.frame])
            for frames in (self.before, self.after)
        )
        edge = round(before.shape[1] * self.position / 100)
        parted = np.hstack([before[:, :edge], after[:, edge:]])
        parted[:, max(edge - 1, 0) : edge + 1] = 255
        return plotting.plot_card(" | ".join(self.captions), parted)

    @traitlets.validate("frame")
    def _check_frame(self, proposal):
        if proposal["value"] >= len(self.before):
            raise traitlets.TraitError(
                f"There are {len(self.before)} frames, counted from 0. "
                f"Received: frame={proposal['value']!r}"
            )
        return proposal["value"]


def _frames(pictures):
    pictures = [np.asarray(picture) for picture in pictures]
    # the rows of a single picture
    if pictures and pictures[0].ndim == 2:
        return [np.stack(pictures)]
    return pictures


def _jpeg(picture):
    height, width = picture.shape[:2]
    if width > WIDEST:
        size = WIDEST, round(height * WIDEST / width)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return media.encode_image(picture, ".jpg", quality=92)
