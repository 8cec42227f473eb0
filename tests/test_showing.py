"""Showing: before beside after, as a picture and as a video."""

import av
import numpy as np
import pytest
from clips import (
    FakeDetector,
    GreenComb,
    assert_signed,
    count_in_memory,
    face_at,
    picture,
    read_clip,
    read_sound,
    write_clip,
)

from helpers.footage import media
from helpers.footage.media import animations, containers
from helpers.swap import showing
from helpers.swap.marks import provenance, reading_marks
from helpers.swap.swap_video import swap_video

pytestmark = pytest.mark.usefixtures("egg_masks")

TIMES = np.cumsum([0, *[33, 50, 40] * 7]).tolist()


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
    return count_in_memory(monkeypatch)


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


@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif"])
def test_before_and_after_stand_side_by_side_marked(tmp_path, ending):
    path = tmp_path / "pictures" / f"pair{ending}"
    before, after = picture(1), picture(2)
    mark = provenance.build_mark("Rosa", visible_label=False)
    drawn = showing.write_before_after(path, before, after, mark)
    assert (drawn[-120:, :160] == before).all()
    assert (drawn[-120:, -160:] == after).all()
    # captions in the band above
    for half in (drawn[:-120, :160], drawn[:-120, -160:]):
        assert half.min() < 120 and half.max() == 255
    assert media.read_photo(path).shape == drawn.shape
    # the mark is that of the swap
    assert reading_marks.read_mark(path) == mark
    assert_signed(path, mark)


def test_before_and_after_have_one_shape(tmp_path):
    mark = provenance.build_mark("Rosa")
    with pytest.raises(ValueError, match="one shape.*120, 160.*60, 80"):
        showing.write_before_after(
            tmp_path / "a.png", picture(), picture(shape=(60, 80)), mark
        )
    with pytest.raises(ValueError, match="a.bmp"):
        showing.write_before_after(
            tmp_path / "a.bmp", picture(), picture(), mark
        )


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


def test_moments_of_two_videos_move_in_a_picture_with_their_mark(
    before, after, tmp_path
):
    output = tmp_path / "moves.gif"
    report = showing.write_before_after_gif(
        before, after, output, most=6, width=200
    )
    assert (report["frames"], report["broken"]) == (6, None)
    moments = list(animations.read_moving(output))
    assert len(moments) == 6
    assert moments[0][2].shape == (85, 200, 3)
    shown = moments[5][1] / 5  # every fourth frame
    assert shown == pytest.approx(np.diff(TIMES[::4]).mean() / 1000, abs=0.01)
    assert_signed(output, reading_marks.read_mark(after))
    with pytest.raises(ValueError, match="mark.*before.mp4.*swap_video"):
        showing.write_before_after_gif(after, before, tmp_path / "a.gif")
    with pytest.raises(ValueError, match="as one of .gif"):
        showing.write_before_after_gif(before, after, tmp_path / "a.mp4")
    assert not (tmp_path / "a.gif").exists()


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
    real = containers.decode_frames

    def break_off(path, container, stream, *rest):
        for count, frame in enumerate(real(path, container, stream, *rest)):
            if path == after and count == 12:
                raise media.MediaError("after.mp4 breaks off: 12 frames")
            yield frame

    monkeypatch.setattr(containers, "decode_frames", break_off)
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
