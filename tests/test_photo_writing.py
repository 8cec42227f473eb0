"""Photo writing: pictures come back as they were written."""

import numpy as np
import pytest
from media_files import difference, picture

from helpers.footage import media
from helpers.footage.media import animations


def test_an_image_comes_back_as_it_was_written(tmp_path):
    image = picture()
    path = tmp_path / "ünï 人.png"
    media.write_image(path, image)
    np.testing.assert_array_equal(media.read_photo(path), image)
    media.write_image(tmp_path / "a.jpg", image, quality=95)
    assert difference(media.read_photo(tmp_path / "a.jpg"), image) < 1.5
    with pytest.raises(ValueError, match="float64"):
        media.write_image(path, image / 255)
    with pytest.raises(ValueError, match="'.xyz'"):
        media.write_image(tmp_path / "a.xyz", image)
    np.testing.assert_array_equal(media.read_photo(path), image)


def test_a_failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    media.write_image(path, picture())

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        media.write_image(path, picture()[::-1])
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]
    np.testing.assert_array_equal(media.read_photo(path), picture())


def test_a_moving_picture_is_written_or_refused(tmp_path):
    path = tmp_path / "moves.gif"
    frames = [np.full((6, 8, 3), shade, np.uint8) for shade in (0, 90, 180)]
    media.write_animation(path, frames, 0.05)
    moving = animations.read_moving(path)
    shown = [(time, int(frame.mean())) for _, time, frame in moving]
    assert [shade for _, shade in shown] == [0, 90, 180]
    np.testing.assert_allclose([t for t, _ in shown], [0, 0.05, 0.1])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="end in .gif"):
        media.write_animation(tmp_path / "moves.png", frames)
    with pytest.raises(ValueError, match="Received: uint8, shape \\(6, 8"):
        media.write_animation(path, frames[0])
    assert path.read_bytes() == before
