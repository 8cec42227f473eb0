"""Colour planes: FFmpeg's colours, there and back, in parts of any size."""

import av
import cv2
import numpy as np
import pytest

from helpers.footage.media.color_planes import planes_to_rgb, rgb_to_planes
from helpers.footage.media.conversion import EXACT_COLOR


def smooth_picture(height=48, width=64):
    noise = np.random.default_rng(0).random((3, 4, 3)) * 100 + 75
    large = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.rint(large), 0, 255).astype(np.uint8)


def ffmpeg_planes(rgb, matrix):
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=matrix, interpolation=EXACT_COLOR
    )
    height, width = rgb.shape[:2]
    flat = frame.to_ndarray().reshape(-1)
    brightness = flat[: height * width].reshape(height, width)
    colours = flat[height * width :].reshape(2, height // 2, width // 2)
    return brightness, list(colours)


@pytest.mark.parametrize("matrix", ["ITU601", "ITU709"])
def test_colours_are_those_of_the_standards_as_ffmpeg_reads_them(matrix):
    rgb = smooth_picture()
    brightness, colours = ffmpeg_planes(rgb, matrix)
    seen = planes_to_rgb(brightness, colours, matrix).astype(int)
    assert np.abs(seen - rgb).mean() < 1.5
    ours = rgb_to_planes(rgb, matrix)
    assert np.abs(ours[0].astype(int) - brightness).max() <= 1


@pytest.mark.parametrize("matrix", ["ITU601", "ITU709"])
@pytest.mark.parametrize(
    ("rgb", "limited"),
    [((0, 0, 0), (16, 128, 128)), ((255, 255, 255), (235, 128, 128))],
)
def test_black_and_white_have_the_limits_of_video(matrix, rgb, limited):
    picture = np.full((4, 6, 3), rgb, np.uint8)
    planes = rgb_to_planes(picture, matrix)
    assert [plane.shape for plane in planes] == [(4, 6), (2, 3), (2, 3)]
    assert [np.unique(plane).tolist() for plane in planes] == [
        [value] for value in limited
    ]
    back = planes_to_rgb(planes[0], planes[1:], matrix)
    np.testing.assert_array_equal(back, picture)


def test_the_matrices_differ_where_there_is_colour():
    red = np.full((2, 2, 3), (255, 0, 0), np.uint8)
    # BT.601: 16 + 0.299 * 219; BT.709: 16 + 0.2126 * 219
    assert rgb_to_planes(red, "ITU601")[0][0, 0] == 81
    assert rgb_to_planes(red, "ITU709")[0][0, 0] == 63


def test_there_and_back_keeps_a_picture():
    rgb = smooth_picture()
    planes = rgb_to_planes(rgb, "ITU709")
    once = planes_to_rgb(planes[0], planes[1:], "ITU709")
    again = rgb_to_planes(once, "ITU709")
    for before, after in zip(planes, again, strict=True):
        assert np.abs(before.astype(int) - after).mean() < 0.5


def test_a_part_is_the_whole_but_for_its_border():
    brightness, *colours = rgb_to_planes(smooth_picture(), "ITU601")
    whole = planes_to_rgb(brightness, colours, "ITU601")
    part = planes_to_rgb(
        brightness[8:24, 10:40],
        [colour[4:12, 5:20] for colour in colours],
        "ITU601",
    )
    np.testing.assert_array_equal(part[2:-2, 2:-2], whole[10:22, 12:38])
