"""Animations: pictures that move are clips, with their times."""

import numpy as np
import pytest
from media_files import plain_pictures, read_all, write_animation
from PIL import Image

from helpers.footage import listing, media
from helpers.footage.media import animations


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_an_animation_is_a_clip_with_its_times(tmp_path, ending):
    path = write_animation(tmp_path / f"a{ending}")
    assert animations.is_moving(path) and not media.is_photo(path)
    frames = list(media.read_frames(path))
    assert [index for index, *_ in frames] == [0, 1, 2, 3, 4]
    times = [time for _, time, _ in frames]
    np.testing.assert_allclose(times, np.arange(5) * 0.04)
    for index, _, frame in frames:
        assert frame[..., index % 3].mean() == pytest.approx(200, abs=3)
    facts = media.probe_video(path)
    assert (facts["frames"], facts["width"], facts["height"]) == (5, 32, 24)
    assert facts["frame_rate"] == pytest.approx(25)
    picked = list(media.read_frames(path, step=2, start=1, size=(12, 16)))
    assert [index for index, *_ in picked] == [1, 3]
    assert picked[0][2].shape == (12, 16, 3)


def test_a_picture_that_does_not_move_is_a_photo(tmp_path):
    for ending in (".gif", ".webp", ".png", ".jpg"):
        next(plain_pictures(1)).save(tmp_path / f"a{ending}")
        assert media.is_photo(tmp_path / f"a{ending}")
    found, videos, _ = listing.list_media(tmp_path)
    assert len(found) == 4 and not videos
    write_animation(tmp_path / "b.gif")
    _, videos, _ = listing.list_media(tmp_path)
    assert [path.name for path in videos] == ["b.gif"]


def test_an_animation_cut_short_gives_its_frames_then_says_so(tmp_path):
    path = write_animation(tmp_path / "a.webp", count=9)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(media.MediaError, match="a.webp"):
        list(media.read_frames(path))


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_an_animation_is_edited_as_it_is_read(tmp_path, ending):
    path, result = tmp_path / f"a{ending}", tmp_path / "b.mp4"
    lasting = [40, 120, 200, 60, 80]
    first, *rest = plain_pictures(5, 48, 64)
    first.save(path, save_all=True, append_images=rest, duration=lasting)
    read, _ = read_all(path)

    def edit(pictures):
        for each in pictures:
            each.write(8, 8, np.full((16, 16, 3), 255, np.uint8))

    report = media.edit_video(path, result, edit, at_once=2)
    assert report["frames"] == 5 and report["broken"] is None
    after, _ = read_all(result)
    expected = np.cumsum([0, *lasting[:-1]]) / 1000
    np.testing.assert_allclose([time for _, time, _ in read], expected)
    np.testing.assert_allclose(
        [time for _, time, _ in after], expected, atol=1e-3
    )
    for (index, _, frame), (_, _, edited) in zip(read, after, strict=True):
        assert edited[10:22, 10:22].min() > 230
        assert np.abs(edited[30:].astype(int) - frame[30:]).mean() < 6
        assert edited[30:, :, index % 3].mean() == pytest.approx(200, abs=6)


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_what_is_transparent_of_an_animation_becomes_white(tmp_path, ending):
    frames = []
    for number in range(3):
        image = np.zeros((48, 64, 4), np.uint8)
        image[8 : 24 + 4 * number, 8:40] = (200, 30, 30, 255)
        # of what lies around the frames' pixels Pillow makes black in WebP
        image[::47, ::63] = (250, 250, 250, 255)
        frames.append(Image.fromarray(image))
    path = tmp_path / f"a{ending}"
    how = {"lossless": True, "exact": True} if ending == ".webp" else {}
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=50, **how
    )
    read, _ = read_all(path)
    assert len(read) == 3
    for _, _, frame in read:
        assert frame[40:].min() > 240
        assert frame[12, 20].astype(int) == pytest.approx((200, 30, 30), abs=25)
    assert (
        "what is transparent becomes white" in media.probe_video(path)["notes"]
    )
    media.edit_video(path, tmp_path / "b.mp4", lambda pictures: None)
    after, _ = read_all(tmp_path / "b.mp4")
    assert len(after) == 3 and after[1][2][42:].min() > 235


def test_one_frame_of_an_animation_is_read_by_its_time(tmp_path):
    path = write_animation(tmp_path / "a.webp")
    for index, time, frame in media.read_frames(path):
        found = media.read_frame(path, index, time)
        np.testing.assert_array_equal(found, frame)
