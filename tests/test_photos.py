"""Photos: of every kind; what is no picture, too large, or marked."""

import struct
import subprocess
import sys

import numpy as np
import pytest
from media_files import (
    difference,
    picture,
    plain_pictures,
    write_animation,
    write_bomb,
)
from PIL import Image, ImageOps

from helpers.footage import media
from helpers.footage.media import animations, photos


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
    image = next(plain_pictures(1))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    image.convert("CMYK").save(tmp_path / "b.jpg")
    image.save(tmp_path / "c.png")
    (tmp_path / "c.png").rename(tmp_path / "c.jpg")
    image.convert("RGBA").save(tmp_path / "e.png")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(tmp_path / "d.png")
    said = [media.photo_notes(tmp_path / f"{n}") for n in ("a.jpg", "b.jpg")]
    assert said == [["turned by 90 degrees as its EXIF mark says"]] + [
        ["CMYK becomes RGB"]
    ]
    assert media.photo_notes(tmp_path / "c.jpg") == ["named .jpg, is PNG"]
    assert "white" in media.photo_notes(tmp_path / "d.png")[0]
    assert media.photo_notes(tmp_path / "e.png") == []  # none is transparent
    assert media.photo_notes(tmp_path / "nothing.png") == []


def test_what_pillow_warns_of_is_a_note_and_no_line_on_stderr(tmp_path):
    next(plain_pictures(1)).save(tmp_path / "a.tif")
    content = (tmp_path / "a.tif").read_bytes()
    tag = content.index(struct.pack("<HH", 0x0115, 3))  # samples a pixel
    bad = content[: tag + 4] + struct.pack("<I", 2) + content[tag + 8 :]
    (tmp_path / "a.tif").write_bytes(bad)
    write_bomb(tmp_path / "b.png", 12_000, 9000)
    code = (
        "import sys; from helpers.footage import media\n"
        "for path in sys.argv[1:]:\n"
        "    print(media.photo_notes(path))\n"
        "    try: media.read_photo(path)\n"
        "    except media.MediaError as error: print(error)\n"
    )
    paths = [str(tmp_path / name) for name in ("a.tif", "b.png")]
    run = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True
    )
    assert run.returncode == 0 and run.stderr == ""
    assert "Metadata Warning" in run.stdout and "megapixels" in run.stdout


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
        animations.probe_moving(write_animation(tmp_path / "clip.gif"))
    (picture,) = plain_pictures(1)
    for ending in (".webp", ".png"):
        picture.save(tmp_path / f"photo{ending}")
    with pytest.raises(media.MediaError, match="a WebP may.*as JPEG"):
        photos.read_photo(tmp_path / "photo.webp")
    assert photos.read_photo(tmp_path / "photo.png").shape == (24, 32, 3)


def test_every_kind_of_photo_becomes_rgb(tmp_path):
    image = Image.fromarray(picture())
    for mode in ("L", "P", "CMYK", "RGBA", "LA", "1"):
        path = tmp_path / f"{mode}.tif"
        image.convert(mode).save(path)
        array = media.read_photo(path)
        assert array.shape == (64, 96, 3) and array.dtype == np.uint8
    deep = np.asarray(image.convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    grey = np.asarray(image.convert("L"))
    read = media.read_photo(tmp_path / "deep.png")
    np.testing.assert_array_equal(read[..., 0], grey)


def test_transparent_pixels_become_white(tmp_path):
    image = np.zeros((8, 8, 4), np.uint8)
    image[:4, :, 3] = 255
    Image.fromarray(image).save(tmp_path / "a.png")
    array = media.read_photo(tmp_path / "a.png")
    assert array[:4].max() == 0 and array[4:].min() == 255


def test_orientation_marks_of_cameras_are_applied(shared_data):
    folder = shared_data / "awkward" / "images" / "exif"
    upright = media.read_photo(folder / "orientation_1.jpg")
    for mark in range(2, 9):
        photo = media.read_photo(folder / f"orientation_{mark}.jpg")
        assert difference(photo, upright) < 4


def test_unusual_photos_of_one_portrait_agree(shared_data):
    folder = shared_data / "awkward" / "images"
    expected = media.read_photo(folder / "image.bmp")
    for name in (
        "PNG_INSIDE_NAMED.JPG",
        "image.tif",
        "naïve_façade_人.jpg",
        "png_palette.png",
    ):
        assert difference(media.read_photo(folder / name), expected) < 6
    grey = media.read_photo(folder / "gray_16bit.png")
    assert difference(grey.mean(axis=2), expected.mean(axis=2)) < 10
    assert media.read_photo(folder / "animated.webp").shape == (180, 320, 3)


def test_broken_photos_are_refused_with_advice(shared_data):
    folder = shared_data / "awkward" / "images"
    broken = sorted(folder.glob("corrupt_*")) + [folder / "zero_byte.jpg"]
    assert len(broken) == 5
    for path in broken:
        with pytest.raises(media.MediaError, match=path.name):
            media.read_photo(path)
