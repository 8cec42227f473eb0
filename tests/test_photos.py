"""Photos: what is no picture, too large, moving, or marked."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from helpers.footage import listing, media
from helpers.footage.media import animations, photos


def colours(count, height=24, width=32):
    for number in range(count):
        image = np.zeros((height, width, 3), np.uint8)
        image[..., number % 3] = 200
        yield Image.fromarray(image)


def write_clip(path, count=5, duration=40):
    first, *rest = colours(count)
    lossless = {"lossless": True} if path.suffix == ".webp" else {}
    first.save(
        path,
        save_all=True,
        append_images=rest,
        duration=duration,
        **lossless,
    )
    return path


def write_bomb(path, width, height):
    """A PNG whose head claims more than its few bytes hold."""

    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IEND", b""))


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_an_animation_is_a_clip_with_its_times(tmp_path, ending):
    path = write_clip(tmp_path / f"a{ending}")
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
        next(colours(1)).save(tmp_path / f"a{ending}")
        assert media.is_photo(tmp_path / f"a{ending}")
    found, videos, _ = listing.list_media(tmp_path)
    assert len(found) == 4 and not videos
    write_clip(tmp_path / "b.gif")
    _, videos, _ = listing.list_media(tmp_path)
    assert [path.name for path in videos] == ["b.gif"]


def test_an_animation_cut_short_gives_its_frames_then_says_so(tmp_path):
    path = write_clip(tmp_path / "a.webp", count=9)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(media.MediaError, match="a.webp"):
        list(media.read_frames(path))


@pytest.mark.parametrize(
    "side", [(100_000, 100_000), (2**31 - 1, 1), (12_000, 9000)]
)
def test_a_bomb_is_refused_before_it_takes_memory(tmp_path, side):
    write_bomb(tmp_path / "a.png", *side)
    with pytest.raises(media.MediaError, match="Received"):
        media.read_photo(tmp_path / "a.png")
    assert not animations.is_moving(tmp_path / "a.png")


def test_readers_that_start_programs_are_not_used(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(media.MediaError, match="should be a photo"):
        media.read_photo(path)


def test_a_list_of_addresses_is_no_video(tmp_path):
    target = tmp_path / "target.mp4"
    media.write_video(target, [np.zeros((48, 64, 3), np.uint8)] * 4, 25)
    lists = (
        f"#EXTM3U\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {target}\n",
    )
    for text in lists:
        (tmp_path / "a.mp4").write_text(text)
        with pytest.raises(media.MediaError, match="cannot be opened"):
            media.probe_video(tmp_path / "a.mp4")


def test_numbers_that_are_none_and_32_bits_become_grey(tmp_path):
    values = np.array([[0, 0.5, 1, np.nan]], np.float32)
    Image.fromarray(values).save(tmp_path / "a.tif")
    grey = media.read_photo(tmp_path / "a.tif")[0, :, 0]
    assert grey.tolist() == [0, 128, 255, 0]
    large = np.array([[0, 2**30, 2**31 - 1]], np.int32)
    Image.fromarray(large).save(tmp_path / "b.tif")
    grey = media.read_photo(tmp_path / "b.tif")[0, :, 0]
    assert grey.tolist() == [0, 128, 255]


def test_what_reading_changes_is_said(tmp_path):
    image = next(colours(1))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    image.convert("CMYK").save(tmp_path / "b.jpg")
    image.save(tmp_path / "c.png")
    (tmp_path / "c.png").rename(tmp_path / "c.jpg")
    image.convert("RGBA").save(tmp_path / "d.png")
    said = [media.photo_notes(tmp_path / f"{n}") for n in ("a.jpg", "b.jpg")]
    assert said == [["turned by 90 degrees as its EXIF mark says"]] + [
        ["CMYK becomes RGB"]
    ]
    assert media.photo_notes(tmp_path / "c.jpg") == ["named .jpg, is PNG"]
    assert "white" in media.photo_notes(tmp_path / "d.png")[0]
    assert media.photo_notes(tmp_path / "nothing.png") == []


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK", "I", "F"])
def test_strips_leave_no_seams(tmp_path, monkeypatch, mode):
    noise = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)
    photo = Image.fromarray(noise).convert(mode)
    if mode in ("I", "F"):
        photo = photo.point(lambda value: value * 90 + 0)
    photo.save(tmp_path / "photo.tif")
    whole = photos.read_photo(tmp_path / "photo.tif")
    monkeypatch.setattr(photos, "STRIP_PIXELS", 200)
    np.testing.assert_array_equal(
        photos.read_photo(tmp_path / "photo.tif"), whole
    )


@pytest.mark.parametrize("mark", range(1, 9))
def test_every_orientation_is_what_pillow_makes_of_it(tmp_path, mark):
    noise = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = mark
    path = tmp_path / "photo.png"
    Image.fromarray(noise).save(path, exif=exif)
    with Image.open(path) as photo:
        upright = np.asarray(ImageOps.exif_transpose(photo))
    np.testing.assert_array_equal(photos.read_photo(path), upright)


def test_what_is_transparent_becomes_white(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (37, 53, 4), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    share = noise[..., 3:] / 255
    expected = noise[..., :3] * share + 255 * (1 - share)
    seen = photos.read_photo(tmp_path / "photo.png")
    assert np.abs(seen - expected).max() <= 1


def test_formats_whose_readers_need_more_memory_may_hold_less(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(photos, "LARGEST_FRAME", 24 * 32 - 1)
    monkeypatch.setattr(photos, "LARGEST_WEBP", 24 * 32 - 1)
    with pytest.raises(media.MediaError, match="moving pictures may"):
        animations.probe_moving(write_clip(tmp_path / "clip.gif"))
    (picture,) = colours(1)
    for ending in (".webp", ".png"):
        picture.save(tmp_path / f"photo{ending}")
    with pytest.raises(media.MediaError, match="a WebP may.*as JPEG"):
        photos.read_photo(tmp_path / "photo.webp")
    assert photos.read_photo(tmp_path / "photo.png").shape == (24, 32, 3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said(tmp_path):
    (tmp_path / "shut").mkdir()
    (picture,) = colours(1)
    for name in ("photo.png", "shut/photo.png"):
        picture.save(tmp_path / name)
    (tmp_path / "photo.png").chmod(0)
    (tmp_path / "shut").chmod(0o400)  # its names may be listed, no more
    found, _, _ = listing.list_media(tmp_path)
    assert len(found) == 2
    for path in found:
        with pytest.raises(media.MediaError, match="Give yourself the right"):
            photos.read_photo(path)
