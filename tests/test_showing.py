"""Showing: before beside after, and everybody as everybody, as videos."""

import itertools
import weakref

import av
import numpy as np
import pytest
from clips import (
    FACE,
    FakeDetector,
    GreenComb,
    MirrorComb,
    assert_signed,
    face_at,
    picture,
    read_clip,
    read_sound,
    write_clip,
)

from helpers import plotting
from helpers.faces import tracking
from helpers.footage.media import media
from helpers.swap import showing
from helpers.swap.marks import provenance, reading_marks
from helpers.swap.swap_video import swap_video

pytestmark = pytest.mark.usefixtures("egg_masks")

TIMES = np.cumsum([0, *[33, 50, 40] * 7]).tolist()
CELL = 96


def write_swap(path, frames, times=None, source="Marco", **options):
    """A clip that says of itself that it is a swap."""
    written = write_clip(path.with_suffix(".plain.mp4"), frames, times)
    mark = provenance.build_mark(source, visible_label=False)
    media.map_video(
        written,
        path,
        lambda _index, _time, frame: frame,
        metadata={"comment": provenance.mark_text(mark)},
        **options,
    )
    written.unlink()
    return path


@pytest.fixture
def before(tmp_path):
    """A clip of 22 frames at uneven times, with sound."""
    frames = [np.roll(picture(3), 5 * n, 1) for n in range(22)]
    return write_clip(tmp_path / "before.mp4", frames, TIMES)


@pytest.fixture
def after(tmp_path):
    """Its swap, in other colours."""
    frames = [255 - np.roll(picture(3), 5 * n, 1) for n in range(22)]
    return write_swap(tmp_path / "after.mp4", frames, TIMES)


@pytest.fixture
def pairs(monkeypatch):
    """What is handed to `beside`, and what it made of it."""
    made = []
    real = showing.beside

    def spy(before, after, captions):
        result = real(before, after, captions)
        made.append((before, after, result))
        return result

    monkeypatch.setattr(showing, "beside", spy)
    return made


@pytest.fixture
def in_memory(monkeypatch):
    """For each frame that is read, how many read frames are in memory."""
    alive, counts = [], []
    real = media.read_frames

    def spy(path, **options):
        for index, time, frame in real(path, **options):
            alive.append(weakref.ref(frame))
            counts.append(sum(reference() is not None for reference in alive))
            yield index, time, frame

    monkeypatch.setattr(media, "read_frames", spy)
    return counts


# -- two pictures -----------------------------------------------------------


@pytest.mark.parametrize("shape", [(120, 160), (121, 161)])
def test_two_pictures_keep_their_bits_side_by_side(shape):
    before, after = picture(1, shape), picture(2, shape)
    height, width = shape
    drawn = showing.beside(before, after, ("one", "two"))
    assert drawn.shape == (height + 18, 2 * width + 4, 3)
    np.testing.assert_array_equal(drawn[-height:, :width], before)
    np.testing.assert_array_equal(drawn[-height:, -width:], after)
    assert (drawn[:, width : width + 4] == 255).all()
    # a caption in the band above each
    for half in (drawn[:-height, :width], drawn[:-height, -width:]):
        assert half.min() < 120 and half.max() == 255


def test_a_long_caption_is_written_smaller():
    caption = "the face of a person whose name does not end"
    drawn = showing.beside(picture(), picture(), ("before", caption))
    band = drawn[:18, -160:].min(axis=2)
    dark = np.flatnonzero(band.min(axis=0) < 200)
    assert 0 < dark.min() and dark.max() < 159
    assert len(dark) > 100


def test_before_and_after_stand_side_by_side(tmp_path):
    path = tmp_path / "pictures" / "pair.jpg"
    before, after = picture(1), picture(2)
    drawn = showing.write_before_after(path, before, after, "Rosa")
    assert (drawn[-120:, :160] == before).all()
    assert (drawn[-120:-30, -160:] == after[:90]).all()
    # captions in the band above, the label in the picture on the right
    for half in (drawn[:-120, :160], drawn[:-120, -160:]):
        assert half.min() < 120 and half.max() == 255
    assert (drawn[-120:, -160:] != after).any()
    assert media.read_photo(path).shape == drawn.shape
    assert reading_marks.read_mark(path)["source_identity"] == "Rosa"
    assert_signed(path, reading_marks.read_mark(path))


@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif"])
def test_who_leaves_out_the_label_says_so_in_the_manifest(tmp_path, ending):
    path = tmp_path / f"pair{ending}"
    after = picture(2)
    drawn = showing.write_before_after(
        path, picture(1), after, "Rosa", visible=False
    )
    assert (drawn[-120:, -160:] == after).all()
    # not drawn, but marked and signed all the same
    mark = reading_marks.read_mark(path)
    assert mark["visible_label"] is False
    assert_signed(path, mark)


def test_before_and_after_have_one_shape(tmp_path):
    with pytest.raises(ValueError, match="one shape.*120, 160.*60, 80"):
        showing.write_before_after(
            tmp_path / "a.png", picture(), picture(shape=(60, 80)), "Rosa"
        )
    with pytest.raises(ValueError, match="a.bmp"):
        showing.write_before_after(
            tmp_path / "a.bmp", picture(), picture(), "Rosa"
        )


# -- two videos -------------------------------------------------------------


def test_two_videos_keep_times_sound_and_mark(before, after, tmp_path, pairs):
    output = tmp_path / "new" / "pair.mp4"
    report = showing.write_side_by_side(before, after, output)
    assert (report["frames"], report["longer"]) == (22, None)
    assert report["broken"] is None
    times, frames = read_clip(output)
    np.testing.assert_allclose(times, np.array(TIMES) / 1000, atol=1e-3)
    assert read_sound(output) == read_sound(before) != []
    assert_signed(output, reading_marks.read_mark(after))
    assert report["mark"]["source_identity"] == "Marco"
    # before it is encoded every half has its very bits, and little is lost
    lefts, rights = read_clip(before)[1], read_clip(after)[1]
    assert len(pairs) == len(frames) == 22
    for left, right, pair, frame in zip(
        lefts, rights, pairs, frames, strict=True
    ):
        np.testing.assert_array_equal(pair[0], left)
        np.testing.assert_array_equal(pair[1], right)
        assert frame.shape == pair[2].shape == (138, 324, 3)
        assert np.abs(frame[-120:, :160].astype(int) - left).mean() < 3
        assert np.abs(frame[-120:, -160:].astype(int) - right).mean() < 3
    assert [path.name for path in output.parent.iterdir()] == ["pair.mp4"]


def test_the_shorter_video_ends_the_result(before, after, tmp_path):
    output = tmp_path / "pair.mp4"
    frames = [picture()] * 9
    short = write_swap(tmp_path / "short.mp4", frames, TIMES[:9])
    report = showing.write_side_by_side(before, short, output)
    assert (report["frames"], report["longer"]) == (9, "before")
    assert len(read_clip(output)[0]) == 9
    # the sound ends with the pictures
    with av.open(str(output)) as container:
        sound = container.streams.audio[0]
        length = float(sound.duration * sound.time_base)
    assert length == pytest.approx(TIMES[9] / 1000, abs=0.1)
    short = write_clip(tmp_path / "short.mp4", frames, TIMES[:9])
    report = showing.write_side_by_side(short, after, output)
    assert (report["frames"], report["longer"]) == (9, "after")
    assert len(read_clip(output)[0]) == 9


def test_a_video_of_odd_size_and_its_own_swap_fit(tmp_path, pairs):
    frames = [picture(shape=(121, 161))] * 3
    before = write_clip(tmp_path / "odd.mp4", frames, pixels="yuv444p")
    after, output = tmp_path / "swap.mp4", tmp_path / "pair.mp4"
    detector = FakeDetector([[face_at()]] * 3)
    swap_video(GreenComb(), before, after, "Rosa", detector)
    sizes = [
        [media.probe_video(path)[side] for side in ("height", "width")]
        for path in (before, after)
    ]
    assert sizes == [[121, 161], [122, 162]]
    report = showing.write_side_by_side(before, after, output)
    assert report["frames"] == 3
    assert pairs[0][2].shape == (139, 326, 3)
    assert read_clip(output)[1][0].shape == (140, 326, 3)


def test_two_videos_are_joined_frame_by_frame(
    before, after, tmp_path, in_memory
):
    told = []
    showing.write_side_by_side(
        before,
        after,
        tmp_path / "pair.mp4",
        progress=lambda done, total: told.append((done, total, len(in_memory))),
    )
    # when frame n is written, no more than n frames of the swap were read
    assert told == [(n, 22, n) for n in range(1, 23)]
    assert max(in_memory) <= 2


def test_a_break_ends_the_result_and_is_told(
    before, after, tmp_path, monkeypatch
):
    real = media._decode

    def break_off(path, container, stream):
        for count, frame in enumerate(real(path, container, stream)):
            if path == after and count == 12:
                raise media.MediaError("after.mp4 breaks off: 12 frames")
            yield frame

    monkeypatch.setattr(media, "_decode", break_off)
    output = tmp_path / "pair.mp4"
    report = showing.write_side_by_side(before, after, output)
    assert report["frames"] == 12 and "after.mp4" in report["broken"]
    monkeypatch.undo()
    assert len(read_clip(output)[0]) == 12


def test_two_videos_that_do_not_belong_together_are_refused(
    before, after, tmp_path
):
    output = tmp_path / "pair.mp4"

    def join(first, second, result=output):
        showing.write_side_by_side(first, second, result)

    small = write_swap(tmp_path / "small.mp4", [picture(shape=(60, 80))] * 2)
    with pytest.raises(ValueError, match="160 x 120 and 80 x 60"):
        join(before, small)
    with pytest.raises(ValueError, match="mark.*before.mp4.*swap_video"):
        join(before, before)
    for result in (before, after):
        with pytest.raises(ValueError, match="overwrite"):
            join(before, after, result)
    with pytest.raises(ValueError, match="mp4.*pair.avi"):
        join(before, after, tmp_path / "pair.avi")
    with pytest.raises(FileNotFoundError, match="none.mp4"):
        join(before, tmp_path / "none.mp4")
    assert not output.exists()


# -- everybody as everybody -------------------------------------------------

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
    page = showing._MatrixPage(MirrorComb.identities, ["Rosa", "Marco"], cell)
    return page._corner(row, column)


def cell_of(frame, row, column, cell=CELL):
    top, left = corner(row, column, cell)
    return frame[top : top + cell, left : left + cell].astype(int)


def make_matrix(tmp_path, comb, videos, faces, **options):
    output = tmp_path / "matrix.mp4"
    options = {"cell": CELL, "color": "none", "blend": "alpha", **options}
    # the stand-in for a detector says frame by frame what it sees
    options["detect_every"] = 1
    report = showing.write_matrix_video(
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
                found = middle.mean(axis=(0, 1))
                np.testing.assert_allclose(found, expected, atol=12)
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
    report = showing.write_matrix_video(
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
        showing.write_matrix_video(
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
