"""Photo colours: every way to say them, to sRGB; what says nonsense, said."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from helpers.footage import media
from helpers.footage.media import photo_colors, photos

COLORS = np.random.default_rng(0).integers(40, 200, (8, 9, 3)).astype(np.uint8)
TO_P3 = (photo_colors.P3, photo_colors.SRGB_CURVE)
SPACES = {
    "P3": TO_P3,
    "Adobe RGB": (photo_colors.ADOBE, photo_colors.ADOBE_CURVE),
    "gamma 1.8": (photo_colors.BT709, (1.8,)),
    "linear": (photo_colors.BT709, (1.0,)),
}


def to_xyz(corners):
    """Matrix from light of three corners to XYZ, by its definition."""
    x, y = np.reshape(corners, (4, 2)).T
    columns = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    return columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3])


def light_of(values, curve):
    if len(curve) == 1:
        return values ** curve[0]
    gamma, a, b, c, d = curve
    return np.where(values < d, values * c, (values * a + b) ** gamma)


def stored_in(space, colors=COLORS):
    """sRGB colours as a photo of another space stores them, by hand."""
    corners, curve = SPACES[space]
    light = light_of(colors / 255, photo_colors.SRGB_CURVE)
    ways = np.linalg.solve(to_xyz(corners), to_xyz(photo_colors.BT709))
    steps = np.linspace(0, 1, 4096)
    values = np.interp(light @ ways.T, light_of(steps, curve), steps)
    return np.rint(values * 255).astype(np.uint8)


def farthest(path, wanted=COLORS):
    return np.abs(media.read_photo(path).astype(int) - wanted).max()


def png_with(pixels, *chunks):
    """A PNG with chunks of its own behind the head."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    content = content.getvalue()
    made = b"".join(
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return content[:33] + made + content[33:]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("ending", [".png", ".tif", ".webp"])
def test_a_profile_leads_to_srgb_and_is_said(tmp_path, space, ending):
    path = tmp_path / f"photo{ending}"
    profile = photo_colors.write_profile(*SPACES[space])
    picture = Image.fromarray(stored_in(space))
    lossless = {"lossless": True} if ending == ".webp" else {}
    picture.save(path, icc_profile=profile, **lossless)
    assert farthest(path) <= 2
    assert media.photo_notes(path) == ["colours of its profile become sRGB"]


@pytest.mark.parametrize("mode", ["RGBA", "P", "L"])
def test_pictures_of_other_kinds_have_profiles_too(tmp_path, mode):
    path = tmp_path / "photo.png"
    few = np.repeat(COLORS[:, :1], 9, axis=1) if mode == "P" else COLORS
    if mode == "L":  # of three equal channels
        few = np.repeat(COLORS[..., :1], 3, axis=-1)
    picture = Image.fromarray(stored_in("gamma 1.8", few))
    picture = picture.quantize(8) if mode == "P" else picture.convert(mode)
    profile = photo_colors.write_profile(*SPACES["gamma 1.8"])
    picture.save(path, icc_profile=profile)
    assert farthest(path, few) <= 2


def test_a_grey_profile_is_for_grey_photos_of_8_and_16_bits(tmp_path):
    grey = photo_colors.write_profile(photo_colors.BT709, (1.0,))
    grey = grey.replace(b"RGB XYZ ", b"GRAYXYZ ").replace(b"rTRC", b"kTRC")
    wanted = np.full(3, 188)  # half the light
    for name, pixels in (
        ("a.png", np.full((4, 4), 128, np.uint8)),
        ("b.png", np.full((4, 4), 128 * 257, np.uint16)),
    ):
        Image.fromarray(pixels).save(tmp_path / name, icc_profile=grey)
        assert (
            np.abs(media.read_photo(tmp_path / name)[0, 0] - wanted).max() < 2
        )
    Image.fromarray(COLORS).save(tmp_path / "c.png", icc_profile=grey)
    assert farthest(tmp_path / "c.png") == 0
    assert (
        "for GRAY and passed over" in media.photo_notes(tmp_path / "c.png")[0]
    )


@pytest.mark.parametrize("content", [b"no profile", None, "cut"])
def test_a_broken_profile_is_passed_over_and_said(tmp_path, content):
    path = tmp_path / "photo.png"
    whole = photo_colors.write_profile(*TO_P3)
    content = whole[:200] if content == "cut" else content
    if content is None:  # whose packing is broken
        path.write_bytes(png_with(COLORS, (b"iCCP", b"P3\0\0rubbish")))
    else:
        Image.fromarray(COLORS).save(path, icc_profile=content)
    assert farthest(path) == 0
    assert media.photo_notes(path) == [photo_colors.UNREADABLE]


def test_profiles_of_srgb_change_no_bit_and_are_not_said(tmp_path):
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = photo_colors.write_profile(
        photo_colors.BT709, photo_colors.SRGB_CURVE
    )
    for number, profile in enumerate((own, made)):
        path = tmp_path / f"{number}.png"
        Image.fromarray(COLORS).save(path, icc_profile=profile)
        assert farthest(path) == 0 and media.photo_notes(path) == []


def test_a_png_says_its_colors_by_chunks(tmp_path):
    path = tmp_path / "photo.png"
    corners = np.rint(np.array(photo_colors.P3) * 1e5).astype(int)
    places = (b"cHRM", struct.pack(">8I", *corners[[6, 7, *range(6)]]))
    usual = (b"gAMA", struct.pack(">I", 45455))
    for space, chunks in (
        ("P3", [(b"cICP", bytes([12, 13, 0, 1]))]),
        ("P3", [usual, places]),
        ("gamma 1.8", [(b"gAMA", struct.pack(">I", 55556))]),
    ):
        path.write_bytes(png_with(stored_in(space), *chunks))
        assert farthest(path) <= 2 and "sRGB" in media.photo_notes(path)[0]
    for chunks in ([usual], [(b"sRGB", b"\0"), places]):
        path.write_bytes(png_with(COLORS, *chunks))
        assert farthest(path) == 0 and media.photo_notes(path) == []
    for chunks in (
        [(b"cICP", bytes([9, 16, 0, 1]))],
        [(b"cHRM", bytes(32))],
    ):
        path.write_bytes(png_with(COLORS, *chunks))
        assert farthest(path) == 0 and media.photo_notes(path) != []


def test_cameras_say_adobe_rgb_in_their_marks(tmp_path):
    path = tmp_path / "photo.png"
    for marks, stored in (
        ({0xA001: 2}, "Adobe RGB"),
        ({0xA001: 0xFFFF, 0xA005: {1: "R03"}}, "Adobe RGB"),
        ({0xA001: 1, 0xA005: {1: "R98"}}, None),
    ):
        exif = Image.Exif()
        exif[0x8769] = marks
        pixels = COLORS if stored is None else stored_in(stored)
        Image.fromarray(pixels).save(path, exif=exif)
        assert farthest(path) <= (0 if stored is None else 2)


def test_the_transform_goes_strip_by_strip(tmp_path, monkeypatch):
    path = tmp_path / "photo.png"
    profile = photo_colors.write_profile(*TO_P3)
    alpha = np.full((8, 9, 1), 255, np.uint8)
    alpha[:3] = 0
    pixels = np.concatenate([stored_in("P3"), alpha], axis=-1)
    Image.fromarray(pixels).save(path, icc_profile=profile)
    monkeypatch.setattr(photos, "STRIP_PIXELS", 18)
    wanted = np.where(alpha, COLORS, 255)
    assert farthest(path, wanted.astype(int)) <= 2


def test_a_reported_photo_of_display_p3(shared_data):
    folder = shared_data / "reported"
    truth = media.read_photo(folder / "photo_profile_TRUTH_srgb.png")
    photo = media.read_photo(folder / "photo_profile_p3.jpg")
    away = np.abs(photo.astype(int) - truth)
    assert away.mean() < 1 and np.percentile(away, 99) <= 4  # it is a JPEG
