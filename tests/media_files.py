"""Photos and videos of all kinds, written for the tests of media."""

import struct
import zlib
from fractions import Fraction

import av
import cv2
import numpy as np
from PIL import Image

from helpers.footage import media
from helpers.footage.media.conversion import EXACT_COLOR


def picture(height=64, width=96):
    """A smooth picture without symmetry."""
    rows, columns = np.mgrid[0:height, 0:width]
    channels = (columns * 255 / width, rows * 255 / height, rows + columns)
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


def clip(path, count=12, height=64, width=96, frame_rate=25, **options):
    frames = [np.roll(picture(height, width), 4 * i, 1) for i in range(count)]
    media.write_video(path, frames, frame_rate, **options)
    return frames


def read_all(path, **options):
    """All readable frames and the error that ended them, if any."""
    found = []
    try:
        for item in media.read_frames(path, **options):
            found.append(item)
    except media.MediaError as error:
        return found, error
    return found, None


def difference(left, right):
    return np.abs(left.astype(float) - right.astype(float)).mean()


def clip_of_many_key_frames(path, count=120, key_every=12):
    """A clip of which decoding can begin at many places, with B-frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        context = stream.codec_context
        context.gop_size, context.max_b_frames = key_every, 3
        for index in range(count):
            frame = np.roll(picture(), 3 * index, 1)
            frame = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_deep(path, frames, pixels, codec="libx264", **color):
    """A clip of 16-bit RGB frames in a format of its own."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        stream.options = {"crf": "4", "x265-params": "log-level=none"}
        context = stream.codec_context
        matrix = color.pop("matrix", "ITU709")
        for name, value in color.items():
            setattr(context, name, value)
        for image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="rgb48le")
            full = color.get("color_range") == 2
            frame = frame.reformat(
                format=pixels,
                dst_colorspace=matrix,
                dst_color_range="JPEG" if full else "MPEG",
                interpolation=EXACT_COLOR,
            )
            for name, value in color.items():
                setattr(frame, name, value)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def deep(image):
    return image.astype(np.uint16) * 257


def plain_pictures(count, height=24, width=32):
    for number in range(count):
        image = np.zeros((height, width, 3), np.uint8)
        image[..., number % 3] = 200
        yield Image.fromarray(image)


def write_animation(path, count=5, duration=40):
    first, *rest = plain_pictures(count)
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


def write_colorful_clip(path):
    """A smooth clip of many colours, each frame brighter than the last."""
    noise = np.random.default_rng(0).random((9, 16, 3)) * 200 + 20
    frames = [
        np.clip(
            cv2.resize(noise, (160, 90), interpolation=cv2.INTER_CUBIC) + n,
            0,
            255,
        ).astype(np.uint8)
        for n in range(12)
    ]
    media.write_video(path, frames, 25)
    return path


def write_clips(path, clips, codec="libx264", pixels="yuv420p", **options):
    """Clips of different sizes put one after the other in one stream.

    Args:
        path: pathlib.Path.
        clips: list of lists of uint8 arrays, RGB or RGBA.
        codec: str.
        pixels: str.
        **options: of the encoder; but for `matrix`, the stream's display
            matrix of nine numbers, and `colors`, of each clip the number of
            its colour matrix.
    """
    matrix = options.pop("matrix", None)
    colors = options.pop("colors", [2] * len(clips))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        if matrix is not None:
            stream.set_display_matrix(matrix)
        index = 0
        for frames, color in zip(clips, colors, strict=True):
            context = stream.codec_context
            if index:  # an encoder of its own, as its size is another one
                context = av.CodecContext.create(codec, "w")
            context.time_base = Fraction(1, 25)
            context.height, context.width = frames[0].shape[:2]
            context.pix_fmt, context.options = pixels, options
            context.colorspace = color
            packets = []
            for image in frames:
                frame = av.VideoFrame.from_ndarray(
                    image, format="rgb24" if image.shape[2] == 3 else "rgba"
                ).reformat(
                    format=pixels,
                    interpolation=EXACT_COLOR,
                    dst_colorspace={1: "ITU709"}.get(color, "ITU601"),
                )
                frame.colorspace = color
                frame.pts, index = index, index + 1
                frame.time_base = context.time_base
                packets += context.encode(frame)
            for packet in packets + context.encode(None):
                packet.stream = stream
                container.mux(packet)
    return path
