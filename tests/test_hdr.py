"""HDR: the same scene as in SDR, whatever scale it is stored in."""

import av
import numpy as np
import pytest
from media_files import difference, picture, write_deep

from helpers.footage import media
from helpers.footage.media import hdr

BT2020 = {"color_primaries": 9, "colorspace": 9, "matrix": "BT2020"}


def as_hdr(image, transfer):
    """An SDR picture as HDR shows it: white at 203 nits, BT.2020."""
    light = (image / 255) ** 2.4 * hdr.WHITE
    light = light @ np.linalg.inv(hdr.TO_BT709).T
    light = light.clip(0, None)
    if transfer == "PQ":
        signal = hdr.pq_signal(light)
    else:
        brightness = light @ hdr.BRIGHTNESS[0]
        scene = (
            light
            / 1000
            / np.maximum((brightness[..., None] / 1000) ** (1 / 6), 1e-9)
        )
        codes = np.linspace(0, 1, 9999)
        signal = np.interp(scene, hdr.hlg_scene(codes), codes)
    return np.rint(signal * 65535).astype(np.uint16)


@pytest.mark.parametrize(
    "transfer, number, codec",
    [("PQ", 16, "libx265"), ("HLG", 18, "libx265"), ("HLG", 18, "libx264")],
)
def test_hdr_looks_as_the_same_scene_in_sdr(tmp_path, transfer, number, codec):
    # no brighter than 90 nits, as most of a face: nothing is bent
    image = (picture(90, 160) * 0.6 + 20).astype(np.uint8)
    path = write_deep(
        tmp_path / "hdr.mkv",
        [as_hdr(image, transfer)] * 3,
        "yuv420p10le",
        codec,
        color_trc=number,
        **BT2020,
    )
    facts = media.probe_video(path)
    assert (facts["bits"], facts["hdr"]) == (10, transfer)
    assert f"HDR ({transfer}) becomes SDR (BT.709)" in facts["notes"]
    frame = next(media.read_frames(path))[2]
    assert difference(frame, image) < 3
    # and it is written as what it is now
    media.edit_video(path, tmp_path / "sdr.mp4", lambda pictures: None)
    with av.open(str(tmp_path / "sdr.mp4")) as container:
        assert next(container.decode(video=0)).colorspace == 1
    assert media.probe_video(tmp_path / "sdr.mp4")["notes"] == []
    assert (
        difference(next(media.read_frames(tmp_path / "sdr.mp4"))[2], image) < 4
    )


def test_colours_of_bt2020_become_those_of_bt709(tmp_path):
    image = (picture(90, 160) * 0.6 + 40).astype(np.uint8)
    light = (image / 255) ** 2.4 @ np.linalg.inv(hdr.TO_BT709).T
    wide = np.rint(65535 * light.clip(0, 1) ** (1 / 2.4)).astype(np.uint16)
    path = write_deep(
        tmp_path / "wide.mkv", [wide] * 2, "yuv420p10le", color_trc=1, **BT2020
    )
    facts = media.probe_video(path)
    assert facts["hdr"] is None and "BT.2020" in facts["notes"][0]
    assert difference(next(media.read_frames(path))[2], image) < 3
