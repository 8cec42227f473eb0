"""Matrix video: a clip of each person in, everybody as everybody out."""

import itertools

import numpy as np

from helpers import alignment, plotting
from helpers.compositing import check_modes
from helpers.crops import cut_crop
from helpers.faces import tracking
from helpers.faces.tracks import KEY_EVERY, stabilise_track
from helpers.footage import media
from helpers.swap import showing, swapping
from helpers.swap.marks import provenance
from helpers.swap.marks.label import draw_label
from helpers.swap.marks.signing import signing_key
from helpers.swap.swap_tracks import steady_track
from helpers.swap.track_swapper import TrackSwapper

# Width of the smoothing that the matrix's windows follow a head with, in
# frames: the window glides, the head moves in it.
CALM = 20
# Side of such a window, in stored crops: a head with its hair. Larger ones
# reach beyond the frame where somebody fills it.
WINDOW = 1.25
GAP = 8  # pixels between the cells of the matrix
FRAME = 3  # pixels around the cells of a person as themselves


def write_matrix_video(
    comb,
    videos,
    detector,
    output_path,
    cell=224,
    visible=True,
    progress=None,
    detect_every=KEY_EVERY,
    **compositing,
):
    """Everybody as everybody, as a video: the swap matrix, moving.

    Columns are targets: on top their own footage, below it the same footage
    with the face of each identity. The framed cells are those of a person as
    themselves. A cell is a window that glides along with the head; what is
    in it is what `swap_video` writes. All clips begin together, run at the
    pace of the first, and end with the shortest; there is no sound, as several
    people would talk at once.

    Args:
        comb: comb; each of its identities is a row.
        videos: dict from identity to str or path, a clip of each target.
        detector: `detection.FaceDetector`.
        output_path: str or path of the .mp4 file to write.
        cell: int. Side of a cell in pixels.
        visible: bool. Whether swapped cells get the label. In the European
            Union who publishes a deepfake has to disclose it, and what
            generates one has to mark its file (AI Act, article 50). The file
            is marked and signed in any case; platforms strip that, the label
            stays.
        progress: function of `(stage, frames done, frames in all)`, stage
            `"detect"` (frames of all clips) or `"swap"`, or `None`.
        detect_every: int, see `tracking.find_tracks`.
        **compositing: `color` and `blend`, see `swapping.swap_frame`.

    Returns:
        dict with `output`, `frames`, `left_out` (dict from target to how many
        frames of its clip come after the end), `without_face` and `broken`
        (dicts from target, as in `swap_video`) and `mark`.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of a video can be read.
        ValueError: if there is no video, if the comb does not know one of the
            people, if a video shows no face, or if an argument is out of
            range.
        OSError: if there can be no key to sign with, see
            `credentials.sign_file`.
    """
    _check_matrix(comb, videos, output_path, cell)
    check_modes(**compositing)
    signing_key()  # if it cannot be had, better now than later
    tracks = _follow_all(videos, detector, detect_every, progress)
    rate = media.probe_video(next(iter(videos.values())))["frame_rate"]
    lengths = {
        target: round(track.times[-1] * rate) + 1
        for target, track in tracks.items()
    }
    columns = [
        _draw_column(
            comb.looking_at(target),
            path,
            tracks[target],
            cell,
            visible,
            rate,
            **compositing,
        )
        for target, path in videos.items()
    ]
    page = _MatrixPage(comb.identities, list(videos), cell)

    def draw_frames():
        for done, cells in enumerate(zip(*columns, strict=False), start=1):
            yield page.fill(cells)
            if progress is not None:
                progress("swap", done, min(lengths.values()))

    mark = provenance.build_mark(
        ", ".join(comb.identities),
        targets=list(videos),
        visible_label=visible,
        **compositing,
    )
    frames = media.write_video(
        output_path,
        draw_frames(),
        rate,
        **provenance.video_mark(mark),
    )
    return {
        "output": str(output_path),
        "frames": frames,
        "left_out": {name: lengths[name] - frames for name in videos},
        "without_face": {
            name: int(np.isnan(track.landmarks).any(axis=(1, 2)).sum())
            for name, track in tracks.items()
        },
        "broken": {name: track.broken for name, track in tracks.items()},
        "mark": mark,
    }


def _check_matrix(comb, videos, output_path, cell):
    if not videos or cell < 32:
        raise ValueError(
            "A matrix needs a video and cells of at least 32 pixels. "
            f"Received: {len(videos)} videos, cell={cell!r}"
        )
    for target, path in videos.items():
        comb.looking_at(target)  # refuses whom it does not know
        swapping.check_paths(path, output_path, (".mp4",))


def _follow_all(videos, detector, detect_every, progress):
    """A stabilised track of each clip; the progress is that of all."""
    total = sum(media.probe_video(p)["frames"] for p in videos.values())
    tracks = {}

    def tell(done, _):
        done += sum(len(track.times) for track in tracks.values())
        progress("detect", done, total)

    follow = None if progress is None else tell
    for target, path in videos.items():
        track = tracking.find_face_track(path, detector, detect_every, follow)
        tracks[target] = steady_track(track)
    return tracks


def _draw_column(comb, path, track, cell, visible, rate, **compositing):
    """Cells of a clip at even times: the target's own, then one a source."""
    swapper = TrackSwapper(comb, path, comb.identities, track, **compositing)
    windows = _windows(track, comb.contract, cell)

    def draw_cells():
        # no further than the track, which ends where a broken video does
        frames = itertools.islice(media.read_frames(path), len(windows))
        for index, time, frame in frames:
            pictures = [frame, *swapper.swap(index, frame)]
            own, *swapped = (
                cut_crop(picture, windows[index], cell) for picture in pictures
            )
            if visible:
                swapped = [draw_label(swap) for swap in swapped]
            yield time, [own, *(swapped or [own] * len(comb.identities))]

    return _at_even_times(draw_cells(), rate)


def _windows(track, contract, cell):
    """Matrix of each frame's window: frame pixels to pixels of the cell."""
    calm = stabilise_track(track, CALM).landmarks
    seen = np.flatnonzero(np.isfinite(calm).all(axis=(1, 2)))
    # while the face is away, the window waits where it was or will be seen
    order = np.interp(np.arange(len(calm)), seen, np.arange(len(seen)))
    template = (np.asarray(contract["template"]) - 0.5) / WINDOW + 0.5
    points = alignment.template_points(template, cell)
    return [
        alignment.similarity_transform(calm[frame], points)
        for frame in seen[order.round().astype(int)]
    ]


def _at_even_times(timed, rate):
    """Items that have times of their own, one for each even time."""
    waiting, count = None, 0
    for time, item in timed:
        # half a frame of patience, as the times in files are rounded
        while waiting is not None and count < time * rate - 0.5:
            yield waiting
            count += 1
        waiting = item
    yield waiting


class _MatrixPage:
    """The page of a matrix: names drawn once, cells again and again."""

    def __init__(self, sources, targets, cell):
        self.cell = cell
        self.band = max(18, round(cell * 0.12))
        names = ["target", *(f"as {source}" for source in sources)]
        widest = max(
            showing.measure_caption(name, self.band)[1] for name in names
        )
        self.margin = min(widest + 2 * GAP, cell)
        height = self.band + len(names) * (cell + GAP)
        width = self.margin + len(targets) * (cell + GAP)
        self.empty = np.full((height, width, 3), 255, np.uint8)
        for column, target in enumerate(targets):
            _, left = self._corner(0, column)
            showing.draw_caption(
                self.empty[: self.band, left : left + cell], target
            )
        for row, name in enumerate(names):
            top = self._corner(row, 0)[0] + (cell - self.band) // 2
            area = self.empty[top : top + self.band, : self.margin]
            showing.draw_caption(area, name)
        for row, source in enumerate(sources, start=1):
            if source in targets:
                self._draw_frame(*self._corner(row, targets.index(source)))

    def _corner(self, row, column):
        """Top and left of a cell, in pixels of the page."""
        step = self.cell + GAP
        return self.band + row * step, self.margin + column * step

    def _draw_frame(self, top, left):
        color = bytes.fromhex(plotting.PALETTE[0].removeprefix("#"))
        start, end = -FRAME, self.cell + FRAME
        self.empty[top + start : top + end, left + start : left + end] = tuple(
            color
        )

    def fill(self, columns):
        """The page with its cells, given column by column."""
        page = self.empty.copy()
        for column, cells in enumerate(columns):
            for row, picture in enumerate(cells):
                top, left = self._corner(row, column)
                page[top : top + self.cell, left : left + self.cell] = picture
        return page
