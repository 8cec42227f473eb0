"""Photo writing: an array in, a picture file out; many in, a moving one."""

import io
import pathlib

import imageio.v3 as iio
import numpy as np
from PIL import Image

from helpers.files import manifests


def encode_image(image, ending, quality=95):
    """Bytes of a picture file.

    Args:
        image: uint8 array, shape `(height, width, 3)`, RGB, or
            `(height, width)`, grey.
        ending: str, `".jpg"`, `".png"`, `".webp"` or another ending that
            Pillow writes.
        quality: int, 1-100, for formats that lose. From 90 on JPEG keeps the
            colours at full resolution (4:4:4).

    Returns:
        bytes.

    Raises:
        ValueError: if the image has another dtype or shape, or if the ending
            is unknown.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(
            "An image is uint8, of shape (height, width, 3) or (height, "
            f"width). Received: {image.dtype}, shape {image.shape}"
        )
    ending = ending.lower()
    image_format = Image.registered_extensions().get(ending)
    if image_format is None:
        raise ValueError(
            "A picture's name should end in .jpg, .png or .webp. "
            f"Received: {ending!r}"
        )
    options = {}
    if image_format in ("JPEG", "WEBP"):
        options["quality"] = quality
    if image_format == "JPEG" and quality >= 90:
        options["subsampling"] = 0
    content = io.BytesIO()
    Image.fromarray(image).save(content, image_format, **options)
    return content.getvalue()


def write_image(path, image, quality=95):
    """Write a picture in one step, in the format that its name says.

    Args:
        path: str or path; its ending says the format.
        image: see `encode_image`.
        quality: see `encode_image`.

    Raises:
        ValueError: see `encode_image`.
    """
    content = encode_image(image, pathlib.Path(path).suffix, quality)
    with manifests.atomic_path(path) as partial:
        partial.write_bytes(content)


def write_animation(path, frames, seconds=0.1):
    """Write a GIF that moves, and begins anew at its end, in one step.

    Args:
        path: str or path, ending in `.gif`.
        frames: uint8 array, shape `(frames, height, width, 3)`, RGB, or a
            list of such frames. A GIF has 256 colours a frame.
        seconds: float, how long each frame is shown; or a list, one a frame.

    Raises:
        ValueError: if the name ends otherwise, or these are no frames.
    """
    frames = np.asarray(frames)
    if frames.dtype != np.uint8 or frames.ndim != 4 or not len(frames):
        raise ValueError(
            "Frames are uint8, of shape (frames, height, width, 3), one or "
            f"more. Received: {frames.dtype}, shape {frames.shape}"
        )
    if pathlib.Path(path).suffix.lower() != ".gif":
        raise ValueError(
            "The name of a picture that moves should end in .gif. "
            f"Received: path={str(path)!r}"
        )
    shown = np.rint(np.multiply(seconds, 1000)).astype(int).tolist()
    with manifests.atomic_path(path) as partial:
        iio.imwrite(partial, frames, extension=".gif", duration=shown, loop=0)
