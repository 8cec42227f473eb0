"""Matrix video: everybody as everybody, cell by cell."""

import itertools

import numpy as np
import pytest
from clips import (
    FACE,
    FakeDetector,
    MirrorComb,
    assert_signed,
    count_in_memory,
    face_at,
    picture,
    read_clip,
    write_clip,
)

from helpers import plotting
from helpers.faces import tracking
from helpers.footage import media
from helpers.swap import matrix_video
from helpers.swap.marks import reading_marks

pytestmark = pytest.mark.usefixtures("egg_masks")

CELL = 96


@pytest.fixture
def in_memory(monkeypatch):
    return count_in_memory(monkeypatch)


COLORS = {
    ("Rosa", "Rosa"): (0.9, 0.1, 0.1),
    ("Rosa", "Marco"): (0.1, 0.9, 0.1),
    ("Marco", "Rosa"): (0.1, 0.1, 0.9),
    ("Marco", "Marco"): (0.9, 0.9, 0.1),
}


class ColourComb(MirrorComb):
    """Gives a colour that says who is drawn from whose footage."""

    def swap(self, crops, source):
        color = np.float32(COLORS[source, self.target])
        return np.broadcast_to(color, crops.shape).copy()


def still(tmp_path, name, count=6, seed=0, **options):
    frames = [picture(seed)] * count
    return write_clip(tmp_path / f"{name}.mp4", frames, **options)


def corner(row, column, cell=CELL):
    """Upper left pixel of a cell, as the frame of its diagonal shows."""
    page = matrix_video._MatrixPage(
        MirrorComb.identities, ["Rosa", "Marco"], cell
    )
    return page._corner(row, column)


def cell_of(frame, row, column, cell=CELL):
    top, left = corner(row, column, cell)
    return frame[top : top + cell, left : left + cell].astype(int)


def make_matrix(tmp_path, comb, videos, faces, **options):
    output = tmp_path / "matrix.mp4"
    options = {"cell": CELL, "color": "none", "blend": "alpha", **options}
    # the stand-in for a detector says frame by frame what it sees
    options["detect_every"] = 1
    report = matrix_video.write_matrix_video(
        comb, videos, FakeDetector(faces), output, **options
    )
    return report, read_clip(output)


def test_rows_are_sources_and_columns_targets(tmp_path):
    videos = {
        "Rosa": still(tmp_path, "Rosa", seed=1),
        "Marco": still(tmp_path, "Marco", seed=2),
    }
    told = []
    report, (times, frames) = make_matrix(
        tmp_path,
        ColourComb(),
        videos,
        [[face_at()]] * 12,
        progress=lambda *progress: told.append(progress),
    )
    assert report["frames"] == len(frames) == 6
    np.testing.assert_allclose(times, np.arange(6) / 25, atol=1e-3)
    assert told[:2] == [("detect", 6, 12), ("detect", 12, 12)]
    assert told[2:] == [("swap", n, 6) for n in range(1, 7)]
    for frame in frames:
        for row, source in enumerate(MirrorComb.identities, start=1):
            for column, target in enumerate(videos):
                middle = cell_of(frame, row, column)[44:52, 44:52]
                expected = 255 * np.array(COLORS[source, target])
                color = middle.mean(axis=(0, 1))
                np.testing.assert_allclose(color, expected, atol=12)
    # only the diagonal is framed
    blue = bytes.fromhex(plotting.PALETTE[0].removeprefix("#"))
    for row, column in itertools.product((1, 2), (0, 1)):
        top, left = corner(row, column)
        edge = frames[0][top - 3 : top - 1, left : left + CELL].astype(int)
        is_framed = np.abs(edge.mean(axis=(0, 1)) - list(blue)).max() < 30
        assert is_framed == (row - 1 == column)
    # names above the columns and left of the rows
    top, left = corner(0, 0)
    assert frames[0][:top, left : left + CELL].min() < 120
    for row in range(3):
        top, left = corner(row, 0)
        assert frames[0][top : top + CELL, : left - 4].min() < 120


def test_the_first_row_is_the_footage_and_the_rest_is_labelled(tmp_path):
    videos = {"Rosa": still(tmp_path, "Rosa"), "Marco": still(tmp_path, "M")}
    faces = [[face_at()]] * 12
    _, (_, frames) = make_matrix(tmp_path, MirrorComb(), videos, faces)
    _, (_, bare) = make_matrix(
        tmp_path, MirrorComb(), videos, faces, visible=False
    )
    for column in range(2):
        own = cell_of(frames[3], 0, column)
        for row in (1, 2):
            swapped = cell_of(frames[3], row, column)
            # the comb gives back what it sees: all but the label is the same
            assert np.abs(swapped[:70] - own[:70]).mean() < 3
            assert (own[-10:, :30] - swapped[-10:, :30]).mean() > 20
            unlabelled = cell_of(bare[3], row, column)
            assert np.abs(unlabelled - own).mean() < 3


def test_a_matrix_says_what_it_is_and_has_no_sound(tmp_path):
    videos = {"Marco": still(tmp_path, "Marco")}
    report, _ = make_matrix(
        tmp_path, ColourComb(), videos, [[face_at()]] * 6, blend="multiband"
    )
    mark = reading_marks.read_mark(tmp_path / "matrix.mp4")
    assert_signed(tmp_path / "matrix.mp4", mark)
    assert mark == report["mark"]
    assert mark["source_identity"] == "Rosa, Marco"
    assert (mark["targets"], mark["visible_label"]) == (["Marco"], True)
    assert mark["blend"] == "multiband"
    assert not media.probe_video(tmp_path / "matrix.mp4")["has_sound"]


def test_the_shortest_clip_ends_the_matrix(tmp_path):
    videos = {
        "Rosa": still(tmp_path, "Rosa", count=20),
        "Marco": still(tmp_path, "Marco", count=8),
    }
    report, (_, frames) = make_matrix(
        tmp_path, ColourComb(), videos, [[face_at()]] * 28
    )
    assert report["frames"] == len(frames) == 8
    assert report["left_out"] == {"Rosa": 12, "Marco": 0}


def test_clips_of_other_frame_rates_run_at_the_pace_of_the_first(tmp_path):
    """Both flash at 0.4 seconds; one has half as many frames."""
    videos = {}
    for name, step in (("Rosa", 40), ("Marco", 80)):
        times = list(range(0, 800, step))
        dark, bright = picture() // 2, picture()
        frames = [bright if time >= 400 else dark for time in times]
        videos[name] = write_clip(tmp_path / f"{name}.mp4", frames, times)
    report, (_, frames) = make_matrix(
        tmp_path, ColourComb(), videos, [[face_at()]] * 30
    )
    assert report["frames"] == len(frames) == 19
    assert report["left_out"] == {"Rosa": 1, "Marco": 0}
    light = np.array(
        [
            [cell_of(frame, 0, column).mean() for column in range(2)]
            for frame in frames
        ]
    )
    flashed = light > light.mean()
    assert flashed.argmax(axis=0).tolist() == [10, 10]


def test_where_there_is_no_face_all_rows_show_the_footage(tmp_path):
    videos = {"Rosa": still(tmp_path, "Rosa", count=12)}
    gone = range(4, 9)
    faces = [[] if n in gone else [face_at()] for n in range(12)]
    report, (_, frames) = make_matrix(tmp_path, ColourComb(), videos, faces)
    assert report["without_face"] == {"Rosa": 5}
    assert report["broken"] == {"Rosa": None}
    for index, frame in enumerate(frames):
        own, swapped = cell_of(frame, 0, 0), cell_of(frame, 1, 0)
        assert (np.abs(swapped - own).mean() < 4) == (index in gone)


def test_the_window_glides_with_the_head(tmp_path):
    frames, faces = [], []
    for n in range(40):
        frame = np.full((120, 260, 3), 90, np.uint8)
        x, y = (FACE[2] + (2.5 * n, 0)).round().astype(int)
        frame[y - 3 : y + 4, x - 3 : x + 4] = 255
        frames.append(frame)
        # a detector that trembles
        faces.append([face_at(2.5 * n + (-1) ** n)])
    videos = {"Rosa": write_clip(tmp_path / "Rosa.mp4", frames)}
    _, (_, matrix) = make_matrix(tmp_path, MirrorComb(), videos, faces)
    places = []
    for frame in matrix:
        bright = np.argwhere(cell_of(frame, 0, 0).min(axis=2) > 180)
        places.append(bright.mean(axis=0))
    assert np.ptp(places, axis=0).max() < 1.5
    # the nose of an upright face stands in the middle of its cell
    assert np.abs(np.mean(places, axis=0) - CELL / 2).max() < 8


def test_a_matrix_is_drawn_frame_by_frame(tmp_path, in_memory):
    count = 6 * tracking.CHUNK
    videos = {"Rosa": still(tmp_path, "Rosa", count=count)}
    output = tmp_path / "matrix.mp4"
    report = matrix_video.write_matrix_video(
        MirrorComb(), videos, FakeDetector([[face_at()]] * count), output
    )
    assert report["frames"] == count
    # one chunk is looked at, another waits, and a few frames are in hands;
    # drawing takes no frames
    assert max(in_memory[:count]) <= 2 * tracking.CHUNK + 4
    assert max(in_memory[count:]) <= 4


def test_bad_matrices_stop_and_leave_nothing(tmp_path):
    clip = still(tmp_path, "Rosa")
    output = tmp_path / "matrix.mp4"

    def draw(videos, output=output, faces=(), **options):
        matrix_video.write_matrix_video(
            ColourComb(), videos, FakeDetector(faces), output, **options
        )

    with pytest.raises(ValueError, match="0 videos"):
        draw({})
    with pytest.raises(ValueError, match="cell=8"):
        draw({"Rosa": clip}, cell=8)
    with pytest.raises(ValueError, match="Rosa, Marco.*'Anna'"):
        draw({"Anna": clip})
    with pytest.raises(ValueError, match="overwrite"):
        draw({"Rosa": clip}, output=clip)
    with pytest.raises(ValueError, match="mp4.*matrix.gif"):
        draw({"Rosa": clip}, output=tmp_path / "matrix.gif")
    with pytest.raises(ValueError, match="alpha, multiband"):
        draw({"Rosa": clip}, blend="x")
    with pytest.raises(FileNotFoundError, match="none.mp4"):
        draw({"Rosa": tmp_path / "none.mp4"})
    with pytest.raises(ValueError, match="none was found.*6 frames"):
        draw({"Rosa": clip}, faces=[[]] * 6)
    assert not output.exists()
