"""Orientations: a display matrix is read as EXIF's marks are, all eight."""

import sys

import av
import numpy as np
import pytest
from media_files import difference, picture, write_clips

from helpers.footage import media
from helpers.footage.media import orientations

ONE = 65536


def matrix_of(directions, last=16384 * ONE):
    (a, b), (c, d) = np.array(directions) * ONE
    return [int(n) for n in (a, b, 0, c, d, 0, 0, 0, last)]


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("mark", range(1, 9))
def test_videos_are_turned_and_mirrored_as_players_do(mark, ending, tmp_path):
    upright = picture()
    turns = orientations.TURNS[mark]
    mirrored = mark in (2, 4, 5, 7)
    stored = np.rot90(upright, -turns // 90)
    stored = stored[:, ::-1] if mirrored else stored
    path = write_clips(
        tmp_path / f"a{ending}",
        [[np.ascontiguousarray(stored)] * 3],
        matrix=matrix_of(orientations.DIRECTIONS[mark]),
        crf="4",
    )
    for _, _, frame in media.read_frames(path):
        assert frame.shape == upright.shape
        assert difference(frame, upright) < 3
    facts = media.probe_video(path)
    assert (facts["height"], facts["width"]) == upright.shape[:2]
    assert facts["rotation"] == turns
    said = " ".join(facts["notes"])
    assert ("mirrored" in said) == mirrored
    assert (f"turned upright by {turns} degrees" in said) == bool(turns)

    def edit(pictures):
        for each in pictures:
            assert difference(each.rgb(), upright) < 3
            each.write(60, 5, np.full((20, 20, 3), (0, 255, 0), np.uint8))

    media.edit_video(path, tmp_path / "b.mp4", edit, crf=4)
    after = next(media.read_frames(tmp_path / "b.mp4"))[2]
    assert after[10:20, 65:75].mean(axis=(0, 1)) == pytest.approx(
        (0, 255, 0), abs=12
    )
    assert difference(after[30:], upright[30:]) < 4


def test_mirrored_videos_of_others_are_read_upright(shared_data):
    folder = shared_data / "reported"
    if not folder.is_dir():
        pytest.skip(f"what was reported is not at {folder}")
    names = "hflip transpose".split()
    paths = [folder / f"mirrored_by_its_matrix_{name}.mp4" for name in names]
    flipped, transposed = (next(media.read_frames(each))[2] for each in paths)
    assert flipped.shape == (360, 480, 3) and transposed.shape == (480, 360, 3)
    # both hold one clip: red is its first patch, from the left
    assert difference(transposed, np.swapaxes(flipped[:, ::-1], 0, 1)) < 3
    red = flipped[10:25, -25:-10].mean(axis=(0, 1))
    assert red[0] > 180 and red[1:].max() < 90


@pytest.mark.parametrize(
    "directions, mark",
    [
        (((0.985, 0.174), (-0.174, 0.985)), 1),  # 10 degrees
        (((-0.17, 0.98), (-0.98, -0.17)), 6),  # 100 degrees
        (((0, 0), (0, 0)), 1),
        (((1, 0), (0, 0)), 1),
    ],
)
def test_what_is_no_quarter_turn_is_taken_for_one_and_told(
    directions, mark, tmp_path
):
    path = write_clips(
        tmp_path / "a.mov", [[picture()] * 2], matrix=matrix_of(directions)
    )
    shape = picture().shape
    wanted = (shape[1], shape[0], 3) if mark == 6 else shape
    assert next(media.read_frames(path))[2].shape == wanted
    assert any("no quarter turn" in n for n in media.probe_video(path)["notes"])


def test_a_frame_that_was_asked_is_not_kept(tmp_path):
    path = write_clips(
        tmp_path / "a.mov",
        [[picture()] * 2],
        matrix=matrix_of(orientations.DIRECTIONS[2]),
    )
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        before = sys.getrefcount(frame)
        assert orientations.mark_of(frame) == 2
        assert sys.getrefcount(frame) == before
