"""Unfinished: what was interrupted goes on, and nothing is mixed in."""

import functools
import os
import signal
import subprocess
import sys
import weakref

import av
import numpy as np
import pytest
from clips import (
    FakeDetector,
    GreenComb,
    MirrorComb,
    face_at,
    picture,
    read_clip,
    read_sound,
    write_clip,
)
from disk import environment

from helpers.footage.media import editing, video_parts
from helpers.footage.media.picture import VideoPicture
from helpers.swap import swapping, unfinished
from helpers.swap.swap_video import swap_video

FRAMES, PART = 70, 16

swap_clip = functools.partial(swap_video, detect_every=1)


def faces():
    return [[face_at(n / 5)] for n in range(FRAMES)]


@pytest.fixture
def clip(tmp_path, monkeypatch):
    """A clip at uneven times, with sound, and short parts."""
    monkeypatch.setattr(video_parts, "PART_FRAMES", PART)
    times = np.cumsum([0, *[33, 50, 40] * 23]).tolist()
    # x264 encodes pictures of 160 pixels each time a little differently where
    # the processor has AVX-512; larger ones it does not
    large = picture(3, (368, 640))
    frames = [np.roll(large, 2 * n, 1) for n in range(FRAMES)]
    return write_clip(tmp_path / "clip.mp4", frames, times)


def packets(path):
    with av.open(str(path)) as container:
        return [
            (packet.stream.type, packet.pts, packet.dts, bytes(packet))
            for packet in container.demux()
            if packet.size
        ]


def stop_at(frame):
    def progress(stage, done, total):
        if stage == "swap" and done == frame:
            raise KeyboardInterrupt

    return progress


def interrupt(clip, output, frame=60, **options):
    with pytest.raises(KeyboardInterrupt):
        swap_clip(
            GreenComb(),
            clip,
            output,
            "Rosa",
            FakeDetector(faces()),
            progress=stop_at(frame),
            **options,
        )


def child(clip, output):
    """What the killed process runs: no more than 60 frames of the swap."""
    video_parts.PART_FRAMES = PART

    def progress(stage, done, total):
        if stage == "swap" and done == 60:
            os.kill(os.getpid(), signal.SIGKILL)

    detector = FakeDetector(faces())
    swap_clip(GreenComb(), clip, output, "Rosa", detector, progress=progress)


def test_a_killed_swap_goes_on_and_is_as_if_it_had_not_been(clip, tmp_path):
    output, whole = tmp_path / "swap.mp4", tmp_path / "whole.mp4"
    code = (
        f"import test_unfinished as t; t.child({str(clip)!r}, {str(output)!r})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        check=False,
    )
    assert run.returncode == -signal.SIGKILL and not output.exists()
    kept = tmp_path / "swap.mp4.unfinished"
    assert len(video_parts.parts_of(kept)) >= 2
    # the first pass is not made again: this detector has nothing to give
    comb = GreenComb()
    report = swap_clip(comb, clip, output, "Rosa", FakeDetector([]))
    assert report["kept"] >= 2 * PART and report["frames"] == FRAMES
    assert sum(comb.batches) == FRAMES - report["kept"]
    swap_clip(GreenComb(), clip, whole, "Rosa", FakeDetector(faces()))
    assert packets(output) == packets(whole)
    assert read_sound(output) == read_sound(clip) != []
    times, frames = read_clip(output)
    np.testing.assert_allclose(times, read_clip(clip)[0], atol=1e-6)
    assert len(frames) == FRAMES
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"clip.mp4", "swap.mp4", "whole.mp4"}


def test_an_interrupt_while_the_result_is_signed_costs_no_frame(
    clip, tmp_path, monkeypatch
):
    def fail(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("helpers.swap.marks.credentials.sign_file", fail)
        with pytest.raises(KeyboardInterrupt):
            swap_clip(
                GreenComb(),
                clip,
                tmp_path / "swap.mp4",
                "Rosa",
                FakeDetector(faces()),
            )
    comb = GreenComb()
    report = swap_clip(
        comb, clip, tmp_path / "swap.mp4", "Rosa", FakeDetector([])
    )
    assert report["kept"] == FRAMES and comb.batches == []


@pytest.mark.parametrize(
    "change, field",
    [
        ({"crf": 30}, "crf"),
        ({"blend": "alpha"}, "blend"),
        ({"comb": MirrorComb()}, "comb"),
        ({"source": "Marco"}, "roles"),
    ],
)
def test_parts_of_another_job_are_moved_aside_and_said(
    clip, tmp_path, change, field
):
    output = tmp_path / "swap.mp4"
    interrupt(clip, output, blend="relight")
    kept = video_parts.parts_of(tmp_path / "swap.mp4.unfinished")
    options = {"comb": GreenComb(), "source": "Rosa", "blend": "relight"}
    options.update(change)
    with pytest.warns(UserWarning, match=f"{field} changed.*unfinished.1"):
        report = swap_clip(
            video_path=clip,
            output_path=output,
            detector=FakeDetector([]),  # the tracks are still right
            **options,
        )
    assert report["kept"] == 0 and report["frames"] == FRAMES
    aside = video_parts.parts_of(tmp_path / "swap.mp4.unfinished.1")
    assert [p.name for p in aside] == [p.name for p in kept]


def test_tracks_of_another_video_are_moved_aside(clip, tmp_path):
    output = tmp_path / "swap.mp4"
    interrupt(clip, output)
    write_clip(clip, [picture(5)] * 20)
    with pytest.warns(UserWarning, match="video changed"):
        report = swap_clip(
            GreenComb(), clip, output, "Rosa", FakeDetector(faces()[:20])
        )
    assert (report["kept"], report["frames"]) == (0, 20)


def test_no_more_pictures_are_held_of_a_longer_video(tmp_path, monkeypatch):
    alive, most = weakref.WeakSet(), []

    class Counted(VideoPicture):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            alive.add(self)
            most.append(len(alive))

    monkeypatch.setattr(editing, "VideoPicture", Counted)
    frames = [picture(3)] * 320
    path = write_clip(tmp_path / "long.mp4", frames)
    swap_clip(
        MirrorComb(),
        path,
        tmp_path / "swap.mp4",
        "Rosa",
        FakeDetector([[face_at()]] * 320),
    )
    # those that wait to be swapped, are swapped, and the batch before
    assert len(most) == 320 and max(most) <= 3 * swapping.BATCH_SIZE + 3


def test_a_second_run_on_the_same_result_is_told(clip, tmp_path):
    output = tmp_path / "swap.mp4"

    def progress(*_):
        with pytest.raises(OSError, match=f"process {os.getpid()}.*Wait"):
            swap_clip(GreenComb(), clip, output, "Rosa", FakeDetector(faces()))

    swap_clip(
        GreenComb(),
        clip,
        output,
        "Rosa",
        FakeDetector(faces()),
        progress=progress,
    )
    # a lock that a dead process left holds nobody up
    folder = tmp_path / "swap.mp4.unfinished"
    folder.mkdir()
    (folder / unfinished.LOCK).write_text("12345")
    swap_clip(GreenComb(), clip, output, "Rosa", FakeDetector(faces()))
    assert not folder.exists()


def test_a_place_that_cannot_be_written_is_said_before_the_work(clip, tmp_path):
    (tmp_path / "file").write_text("no folder")
    detector = FakeDetector(faces())
    with pytest.raises(unfinished.UnfinishedError, match="another output path"):
        swap_clip(
            GreenComb(), clip, tmp_path / "file/swap.mp4", "Rosa", detector
        )
    assert len(detector.waiting) == FRAMES


def test_nothing_is_kept_of_what_failed_before_anything_was_done(
    clip, tmp_path
):
    with pytest.raises(ValueError, match="none was found"):
        swap_clip(
            GreenComb(),
            clip,
            tmp_path / "new/swap.mp4",
            "Rosa",
            FakeDetector([[]] * FRAMES),
        )
    assert list(tmp_path.iterdir()) == [clip]
