"""Photo colours: a photo that says which red it means in, a way to sRGB out.

Phones store photos in Display P3, cameras in Adobe RGB or ProPhoto: the same
numbers are other colours there. They say so by an ICC profile, and some by a
few numbers: a PNG in its chunks cICP, gAMA and cHRM, a camera in its EXIF data.
"""

import functools
import io
import struct

import numpy as np
from PIL import Image, ImageCms

# what libraries raise on broken profiles
PROFILE_ERRORS = (OSError, ValueError, TypeError, ImageCms.PyCMSError)

# x and y of the corners red, green and blue, and of white
BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
BT2020 = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290)
ADOBE = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.3290)
# by their numbers in ITU-T H.273
CORNERS = {1: ("BT.709", BT709), 9: ("BT.2020", BT2020)}
CORNERS |= {12: ("Display P3", P3)}

# light of a value v: (a v + b)^gamma from d on, c v below (gamma, a, b, c, d)
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
FILM_CURVE = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
CURVES = {1: FILM_CURVE, 4: (2.2,), 6: FILM_CURVE, 8: (1.0,), 13: SRGB_CURVE}
CURVES |= {14: FILM_CURVE, 15: FILM_CURVE}
ADOBE_CURVE = (563 / 256,)
# writers of sRGB give gAMA as 1 / 2.2, for readers that know nothing else;
# nearer than this share, it is that
GAMMA_SLACK = 0.05

# a profile that moves no colour further than this, of 255, is that of sRGB
SAME = 1

# XYZ of the white that profiles are relative to, and Bradford's cones
WHITE = (0.9642, 1.0, 0.8249)
BRADFORD = np.array(
    [
        [0.8951, 0.2664, -0.1614],
        [-0.7502, 1.7135, 0.0367],
        [0.0389, -0.0685, 1.0296],
    ]
)

# in which mode a profile takes pictures: of what they are, and of its space
MODES = {
    ("color", "RGB"): "RGB",
    ("grey", "RGB"): "RGB",
    ("grey", "GRAY"): "L",
    ("CMYK", "CMYK"): "CMYK",
}
UNREADABLE = "its colour profile cannot be read and is passed over"


def way_to_srgb(photo):
    """How the colours of a photo become those of sRGB, and what to say of it.

    As browsers do, by the profile's perceptual intent.

    Args:
        photo: `PIL.Image.Image`, opened.

    Returns:
        Tuple of a function from a strip of it, `PIL.Image.Image` of mode
        `"L"`, `"RGB"`, `"CMYK"` or `"LAB"`, to one of mode `"RGB"`, or `None`
        for what is sRGB already; and a note, str or `None`.
    """
    if photo.mode == "LAB":
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        return _transform(profile, "LAB"), "CIELAB becomes sRGB"
    said = _coded_colors(photo)
    if said is None and "icc_profile" in photo.info:
        return _by_profile(photo, photo.info["icc_profile"])
    if said is None:
        said = _colors_in_numbers(photo)
    if said is None or photo.mode == "CMYK":
        return None, None
    if isinstance(said, str):
        return None, said
    name, corners, curve = said
    note = f"colours of {name} become sRGB"
    try:
        profile = _open_profile(write_profile(corners, curve))
        convert = _transform(profile, "RGB")
    except (*PROFILE_ERRORS, ArithmeticError, np.linalg.LinAlgError):
        return None, UNREADABLE
    return (None, None) if _is_identity(convert, "RGB") else (convert, note)


def _by_profile(photo, content):
    """As `way_to_srgb()`, of an embedded ICC profile."""
    if not content:
        return None, UNREADABLE  # there is one, of which parts are missing
    kind = "grey" if photo.mode[0] in "1LIF" else "color"
    return _read_profile(content, "CMYK" if photo.mode == "CMYK" else kind)


# photos of one camera have one profile; to ask it takes 10 ms
@functools.lru_cache(maxsize=4)
def _read_profile(content, kind):
    """As `way_to_srgb()`, of a profile and what it is used for."""
    try:
        profile = _open_profile(content)
        space = profile.profile.xcolor_space.strip()
        mode = MODES.get((kind, space))
        if mode is None:
            return None, f"its colour profile is for {space} and passed over"
        convert = _transform(profile, mode)
        if mode != "CMYK" and _is_identity(convert, mode):
            return None, None
        name = ImageCms.getProfileDescription(profile)
    except PROFILE_ERRORS:
        return None, UNREADABLE
    name = " ".join("".join(filter(str.isprintable, name)).split())[:60]
    return convert, f"colours of {name or 'its profile'} become sRGB"


def _open_profile(content):
    return ImageCms.ImageCmsProfile(io.BytesIO(content))


@functools.cache
def _srgb():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _transform(profile, mode):
    """A function from pictures of a mode to the same in sRGB."""
    made = ImageCms.buildTransform(
        profile, _srgb(), mode, "RGB", ImageCms.Intent.PERCEPTUAL
    )

    def convert(strip):
        strip = strip if strip.mode == mode else strip.convert(mode)
        return ImageCms.applyTransform(strip, made)

    return convert


def _is_identity(convert, mode):
    """Whether colours stay what they are, asked of some."""
    values = np.append(np.arange(0, 255, 28), 255).astype(np.uint8)
    grid = np.stack(np.meshgrid(values, values, values), axis=-1)
    grid = grid.reshape(1, -1, 3)
    if mode == "L":
        grid = np.repeat(values[None, :, None], 3, axis=-1)
    picture = Image.fromarray(grid).convert(mode)
    moved = np.asarray(convert(picture), int) - grid
    return np.abs(moved).max() <= SAME


def _coded_colors(photo):
    """Name, corners and curve of a PNG with a cICP chunk; or a note."""
    code = _find_chunk(photo, b"cICP") if photo.format == "PNG" else None
    if code is None or len(code) != 4:
        return None
    if code[0] not in CORNERS or code[1] not in CURVES:
        return f"its colours (cICP {code[0]}, {code[1]}) are taken for sRGB"
    return *CORNERS[code[0]], CURVES[code[1]]


def _find_chunk(photo, wanted):
    """Content of a PNG's chunk before its pixels, or `None`."""
    try:
        with open(photo.filename, "rb") as file:
            file.seek(8)
            while len(head := file.read(8)) == 8:
                size, kind = struct.unpack(">I4s", head)
                if kind == wanted:
                    return file.read(min(size, 64))
                if kind == b"IDAT":
                    return None
                file.seek(size + 4, io.SEEK_CUR)
    except (OSError, ValueError, AttributeError):
        return None  # its fault is reported when it is read
    return None


def _colors_in_numbers(photo):
    """Name, corners and curve that a PNG or a camera gives in numbers."""
    known = photo.info
    if photo.format == "PNG" and "srgb" in known:
        return None
    if photo.format == "PNG" and not known.keys().isdisjoint(
        ("gamma", "chromaticity")
    ):
        white, corners = BT709[6:], BT709[:6]
        if "chromaticity" in known:
            white, *corners = np.split(np.array(known["chromaticity"]), [2])
        corners = (*np.ravel(corners), *white)
        gamma = known.get("gamma") or 1 / 2.2
        usual = abs(gamma * 2.2 - 1) < GAMMA_SLACK
        curve = SRGB_CURVE if usual else (1 / gamma,)
        return "its gAMA and cHRM chunks", corners, curve
    return ("Adobe RGB", ADOBE, ADOBE_CURVE) if _is_adobe(photo) else None


def _is_adobe(photo):
    """Whether a camera says that its colours are those of Adobe RGB."""
    exif, colors, interoperability = 0x8769, 0xA001, 0xA005
    try:
        marks = photo.getexif()
        return (
            marks.get_ifd(exif).get(colors) == 2
            or marks.get_ifd(interoperability).get(1) == "R03"
        )
    except (*PROFILE_ERRORS, SyntaxError, LookupError, struct.error):
        return False  # broken marks say nothing


def write_profile(corners, curve):
    """An ICC profile of three corners and one curve.

    Args:
        corners: eight floats, x and y of red, green, blue and white.
        curve: tuple of floats: `(gamma,)`, or five numbers as `SRGB_CURVE`.

    Returns:
        bytes.

    Raises:
        ArithmeticError, numpy.linalg.LinAlgError: if these are no colours.

    Reference:
        - ICC.1:2022, sections 7.2, 9.2.46 and 10.18: header, tags, curves.
        - Lindbloom, "RGB/XYZ matrices" and "Chromatic adaptation".
    """
    places = np.reshape(np.asarray(corners, np.float64), (4, 2))
    if not (places[:, 1] > 0).all():
        raise ArithmeticError("A colour has y above 0.")
    columns = (np.column_stack([places, 1 - places.sum(axis=1)])).T
    columns = columns / columns[1]
    white = columns[:, 3]
    matrix = columns[:, :3] * np.linalg.solve(columns[:, :3], white)
    cones = (BRADFORD @ WHITE) / (BRADFORD @ white)
    matrix = np.linalg.inv(BRADFORD) @ (cones[:, None] * (BRADFORD @ matrix))
    kind = {1: 0, 5: 3}[len(curve)]
    shape = b"para" + struct.pack(">IHH", 0, kind, 0) + _fixed(curve)
    tags = {
        name: b"XYZ \0\0\0\0" + _fixed(column)
        for name, column in zip(
            (b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T, strict=True
        )
    }
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + _fixed(WHITE)
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), shape)
    table, content = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, each in tags.items():
        table += struct.pack(">4sII", name, start + len(content), len(each))
        content += each + b"\0" * (-len(each) % 4)
    size = start + len(content)
    head = struct.pack(
        ">I4xI4s4s4s", size, 0x04400000, b"mntr", b"RGB ", b"XYZ "
    )
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + _fixed(WHITE)
    return head + b"\0" * (128 - len(head)) + table + content


def _fixed(values):
    """Numbers as ICC has them: 16 bits before the point, 16 behind."""
    numbers = np.rint(np.asarray(values) * 65536).astype(int)
    return struct.pack(f">{len(numbers)}i", *numbers)
