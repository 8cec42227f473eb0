"""Probing: what a video says of itself, and does not."""

import fractions

import numpy as np
import pytest
from media_files import picture

from helpers.footage import media


@pytest.mark.parametrize("kept", [1.0, 0.6])
def test_a_video_that_states_no_length_is_measured(kept, tmp_path):
    path = tmp_path / "clip.mkv"
    # parts of it are five seconds long, and a cut one cannot be opened alone
    frames = [np.roll(picture(), n, 1) for n in range(160)]
    with media.VideoWriter(path, None, 18, "matroska") as writer:
        for n, frame in enumerate(frames):
            tick = fractions.Fraction(1, 1000)
            writer.write(frame, 80 * n, tick, None, "ITU601")
    content = path.read_bytes()
    # as a browser writes it, or a recorder that was killed: no duration
    content = content.replace(b"\x44\x89", b"\xec\x80", 1)
    content = content[: round(kept * len(content))]
    path.write_bytes(content)
    count = len(list(media.read_frames(path)))
    probed = media.probe_video(path)
    assert abs(probed["frames"] - count) <= 1
    assert probed["frame_rate"] == pytest.approx(12.5, rel=0.01)
    assert probed["duration"] == pytest.approx(count * 0.08, abs=0.1)
