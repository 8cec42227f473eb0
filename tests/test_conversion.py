"""Conversion: white under alpha, and the colours that were stored."""

import numpy as np
import pytest
from media_files import (
    deep,
    difference,
    picture,
    read_all,
    write_clips,
    write_deep,
)

from helpers.footage import media

TRANSPARENT = {
    "a.mov": ("qtrle", "argb"),
    "b.mov": ("prores_ks", "yuva444p10le"),
    "c.mov": ("png", "rgba"),
    "d.mkv": ("ffv1", "yuva420p"),
    "e.avi": ("utvideo", "gbrap"),
    "f.webm": ("libvpx-vp9", "yuva420p"),
}


def cut_out():
    """RGBA: a face of red, and rubbish where it is transparent."""
    image = np.zeros((96, 128, 4), np.uint8)
    image[..., :3] = (30, 220, 90)
    image[24:72, 32:96] = (200, 40, 40, 255)
    return image


@pytest.mark.parametrize("name", TRANSPARENT)
def test_what_is_transparent_becomes_white(name, tmp_path):
    path = write_clips(tmp_path / name, [[cut_out()] * 4], *TRANSPARENT[name])
    read, error = read_all(path)
    assert error is None and len(read) == 4
    for _, _, frame in read:
        assert frame[:16].min() > 240 and frame[:, :24].min() > 240
        inside = frame[32:64, 40:88].mean(axis=(0, 1))
        assert inside == pytest.approx((200, 40, 40), abs=6)
    assert (
        "what is transparent becomes white" in media.probe_video(path)["notes"]
    )
    # where it is scaled, nothing of what is hidden comes into the edges
    small = next(media.read_frames(path, size=(48, 64)))[2].astype(int)
    assert (small[..., 0] > small[..., 1] - 12).all()

    def edit(pictures):
        for each in pictures:
            each.write(0, 0, np.zeros((16, 16, 3), np.uint8))

    media.edit_video(path, tmp_path / "z.mp4", edit)
    after = read_all(tmp_path / "z.mp4")[0][2][2]
    assert after[:12, :12].max() < 20 and after[80:].min() > 235


def test_of_what_is_opaque_nothing_is_said(tmp_path):
    image = cut_out()
    image[..., 3] = 255
    path = write_clips(tmp_path / "a.mov", [[image] * 3], "qtrle", "argb")
    assert media.probe_video(path)["notes"] == []
    frame = next(media.read_frames(path))[2]
    assert frame[4, 4].astype(int) == pytest.approx((30, 220, 90), abs=2)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "number, matrix, note",
    [
        (1, "ITU709", None),
        (4, "FCC", "colours of FCC become those of BT.601"),
        (5, "ITU601", None),
        (6, "ITU601", None),
        (7, "SMPTE240M", "colours of SMPTE 240M become those of BT.709"),
        (9, "BT2020", None),
    ],
)
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p"])
def test_colours_of_every_matrix_come_out(
    number, matrix, note, pixels, full, tmp_path
):
    image = picture(90, 160)
    path = write_deep(
        tmp_path / "a.mkv",
        [deep(image)] * 2,
        pixels,
        matrix=matrix,
        colorspace=number,
        color_range=2 if full else 1,
    )
    assert difference(next(media.read_frames(path))[2], image) < 1.5
    notes = media.probe_video(path)["notes"]
    assert (note in notes) if note else not any("colours" in n for n in notes)

    def edit(pictures):
        for each in pictures:
            each.write(20, 20, each.read(20, 20, 80, 60))

    media.edit_video(path, tmp_path / "b.mp4", edit, crf=4)
    assert difference(next(media.read_frames(tmp_path / "b.mp4"))[2], image) < 2


@pytest.mark.parametrize("number", [8, 14])
def test_a_matrix_that_nobody_here_knows_is_told(number, tmp_path):
    path = write_deep(
        tmp_path / "a.mkv", [deep(picture())] * 2, "yuv420p", colorspace=number
    )
    assert len(read_all(path)[0]) == 2
    (note,) = media.probe_video(path)["notes"]
    assert f"their matrix ({number}) is not known" in note


def test_a_clip_whose_matrix_changes_keeps_its_colours(tmp_path):
    image = picture(90, 160)
    path = write_clips(
        tmp_path / "a.ts", [[image] * 4] * 2, colors=[5, 1], crf="4"
    )
    notes = []
    read, _ = read_all(path, notes=notes)
    assert len(read) == 8
    assert all(difference(frame, image) < 2 for *_, frame in read)
    media.edit_video(path, tmp_path / "b.mp4", lambda pictures: None, crf=4)
    after, _ = read_all(tmp_path / "b.mp4")
    assert all(difference(frame, image) < 2.5 for *_, frame in after)
    assert (
        "its colour matrix changes on the way: 4 frames are brought to the "
        "first's"
    ) in notes


def test_patches_of_smpte_240m_are_what_they_were(shared_data):
    path = shared_data / "reported" / "matrix_smpte240m.mkv"
    if not path.is_file():
        pytest.skip(f"what was reported is not at {path}")
    frame = next(media.read_frames(path))[2]
    wanted = {16: (220, 40, 40), 64: (40, 200, 60), 112: (50, 70, 220)}
    for left, color in wanted.items():
        patch = frame[20:36, left : left + 20].mean(axis=(0, 1))
        assert patch == pytest.approx(color, abs=2)
