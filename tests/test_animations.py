"""Animations: pictures that move are clips, with their times."""

import numpy as np
import pytest
from media_files import plain_pictures, write_animation

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
