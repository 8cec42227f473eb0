"""Showing: a swap beside its target, or everybody as everybody, in one file."""

import contextlib
import itertools

import cv2
import numpy as np

from helpers import alignment, plotting
from helpers.compositing import check_modes
from helpers.crops import cut_crop
from helpers.faces import tracking
from helpers.faces.tracks import KEY_EVERY, stabilise_track
from helpers.footage.media import media
from helpers.swap import swapping
from helpers.swap.marks import provenance
from helpers.swap.marks.signing import signing_key

FONT = cv2.FONT_HERSHEY_SIMPLEX
# Width of the smoothing that the matrix's windows follow a head with, in
# frames: the window glides, the head moves in it.
CALM = 20
# Side of such a window, in stored crops: a head with its hair. Larger ones
# reach beyond the frame where somebody fills it.
WINDOW = 1.25
GAP = 8  # pixels between the cells of the matrix
FRAME = 3  # pixels around the cells of a person as themselves


def write_before_after(
    path, before, after, source, captions=("before", "after"), visible=True
):
    """Write a frame and its swap side by side, with the mark, signed.

    Args:
        path: str or path of the .png, .jpg or .gif file to write.
        before: uint8 array, shape `(height, width, 3)`, RGB.
        after: uint8 array, same shape.
        source: name of the identity whose face appears in `after`.
        captions: two str, drawn above the pictures.
        visible: bool. Whether `after` gets the label. In the European Union
            who publishes a deepfake has to disclose it, and what generates
            one has to mark its file (AI Act, article 50). The file is marked
            and signed in any case; platforms strip that, the label stays.

    Returns:
        uint8 array, shape `(height + caption, 2 * width + gap, 3)`: the
        picture.

    Raises:
        ValueError: if the shapes differ or the file ending is unknown.
        OSError: if there can be no key to sign with, see `credentials.sign`.
    """
    picture = beside(
        before, provenance.draw_label(after) if visible else after, captions
    )
    mark = provenance.build_mark(source, visible_label=visible)
    provenance.write_picture(path, picture, mark)
    return picture


def write_side_by_side(
    before_path,
    after_path,
    output_path,
    captions=("before", "after"),
    progress=None,
):
    """Write a video and its swap side by side: one video, marked and signed.

    Frame n of one stands beside frame n of the other; `swap_video` keeps all
    frames. Times and sound are those of `before_path`. The shorter of the two
    ends the result.

    Args:
        before_path: str or path of the target's video.
        after_path: str or path of the swapped video, with its mark.
        output_path: str or path of the .mp4 file to write.
        captions: two str, drawn above the videos.
        progress: function of `(frames done, frames in all)`, or `None`. The
            latter is what the file says, an estimate.

    Returns:
        dict with `output`, `frames`, `longer` (`None`, `"before"` or
        `"after"`: which of the two goes on after the end), `broken` (`None`,
        or why one of them could not be read to its end: the result ends
        there) and `mark`.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of a video can be read.
        ValueError: if the videos differ in size, if `after_path` carries no
            mark, or if the result would overwrite one of them.
        OSError: if there can be no key to sign with, see `credentials.sign`.
    """
    for path in (before_path, after_path):
        swapping.check_paths(path, output_path, (".mp4",))
    total = _check_sizes(before_path, after_path)
    mark = provenance.read_mark(after_path)
    if mark is None:
        raise ValueError(
            "The video of a swap carries a mark, and what is made of it keeps "
            f"that. Received: {after_path}, which carries none. Take the file "
            "that swapping.swap_video() wrote."
        )
    afters = media.read_frames(after_path)
    longer = None

    def join(_index, _time, before):
        nonlocal longer
        after = next(afters, None)
        if after is None:
            longer = "before"
            return None
        height, width = before.shape[:2]
        return beside(before, after[2][:height, :width], captions)

    def tell(index):
        progress(index + 1, total)

    with contextlib.closing(afters):
        report = media.map_video(
            before_path,
            output_path,
            join,
            progress=None if progress is None else tell,
            **provenance.video_mark(mark, after_path),
        )
        if not longer and not report["broken"] and next(afters, None):
            longer = "after"
    return {
        "output": str(output_path),
        **report,
        "longer": longer,
        "mark": mark,
    }


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
        OSError: if there can be no key to sign with, see `credentials.sign`.
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


def beside(before, after, captions=("before", "after")):
    """Two pictures of one size side by side, each under its caption.

    Args:
        before: uint8 array, shape `(height, width, 3)`, RGB.
        after: uint8 array, same shape.
        captions: two str.

    Returns:
        uint8 array, shape `(height + caption, 2 * width + gap, 3)`.

    Raises:
        ValueError: if they are not uint8 arrays of one shape.
    """
    before, after = np.asarray(before), np.asarray(after)
    if before.shape != after.shape or before.dtype != np.uint8:
        raise ValueError(
            "Before and after should be uint8 arrays of one shape. Received: "
            f"{before.dtype} {before.shape} and {after.dtype} {after.shape}"
        )
    height, width = before.shape[:2]
    gap = max(4, width // 60)
    band = max(18, round(height * 0.07))
    picture = np.full((height + band, 2 * width + gap, 3), 255, np.uint8)
    for image, caption, left in zip(
        (before, after), captions, (0, width + gap), strict=True
    ):
        picture[band:, left : left + width] = image
        _draw_caption(picture[:band, left : left + width], caption)
    return picture


def _check_sizes(before_path, after_path):
    """How many frames the shorter one has, as the files say."""
    before = media.probe_video(before_path)
    after = media.probe_video(after_path)
    size, received = (
        (video["width"], video["height"]) for video in (before, after)
    )
    # a video is written with one more pixel where a side is odd
    padded = tuple(side + side % 2 for side in size)
    if received not in (size, padded):
        raise ValueError(
            "Before and after should be videos of one size. Received: "
            f"{size[0]} x {size[1]} and {received[0]} x {received[1]} pixels. "
            "Take a video and its own swap."
        )
    return min(before["frames"], after["frames"])


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
        tracks[target] = swapping.steady(track)
    return tracks


def _draw_column(comb, path, track, cell, visible, rate, **compositing):
    """Cells of a clip at even times: the target's own, then one a source."""
    swapper = swapping.TrackSwapper(
        comb, path, comb.identities, track, **compositing
    )
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
                swapped = [provenance.draw_label(swap) for swap in swapped]
            yield time, [own, *(swapped or [own] * len(comb.identities))]

    return _at_even_times(draw_cells(), rate)


def _windows(track, contract, cell):
    """Matrix of each frame's window: frame pixels to pixels of the cell."""
    calm = stabilise_track(track, CALM).landmarks
    found = np.flatnonzero(np.isfinite(calm).all(axis=(1, 2)))
    # while the face is away, the window waits where it was or will be seen
    order = np.interp(np.arange(len(calm)), found, np.arange(len(found)))
    template = (np.asarray(contract["template"]) - 0.5) / WINDOW + 0.5
    points = alignment.template_points(template, cell)
    return [
        alignment.similarity_transform(calm[frame], points)
        for frame in found[order.round().astype(int)]
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
        widest = max(_measure(name, self.band)[1] for name in names)
        self.margin = min(widest + 2 * GAP, cell)
        height = self.band + len(names) * (cell + GAP)
        width = self.margin + len(targets) * (cell + GAP)
        self.empty = np.full((height, width, 3), 255, np.uint8)
        for column, target in enumerate(targets):
            _, left = self._corner(0, column)
            _draw_caption(self.empty[: self.band, left : left + cell], target)
        for row, name in enumerate(names):
            top = self._corner(row, 0)[0] + (cell - self.band) // 2
            area = self.empty[top : top + self.band, : self.margin]
            _draw_caption(area, name)
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


def _measure(caption, height):
    """Scale, width and height of a caption's letters in such a band."""
    scale = height * 0.5 / 21.5  # capitals are 21 or 22 units high at scale 1
    (wide, high), _ = cv2.getTextSize(caption, FONT, scale, 1)
    return scale, wide, high


def _draw_caption(band, caption):
    height, width = band.shape[:2]
    scale, wide, high = _measure(caption, height)
    if wide > width:
        scale, wide, high = _measure(caption, height * width / wide)
    origin = ((width - wide) // 2, (height + high) // 2)
    # drawn on a copy: OpenCV does not draw into a part of an array
    drawn = np.ascontiguousarray(band)
    cv2.putText(drawn, caption, origin, FONT, scale, (40,) * 3, 1, cv2.LINE_AA)
    band[:] = drawn
