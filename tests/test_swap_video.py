"""Swapped videos: from file to file, with a comb that is known."""

import functools

import av
import numpy as np
import pytest
from clips import (
    FACE,
    GAPS,
    FakeDetector,
    GreenComb,
    MirrorComb,
    NameComb,
    assert_signed,
    face_at,
    gap_detector,
    picture,
    read_clip,
    read_sound,
    write_clip,
    write_gap_clip,
)

from helpers.footage import media
from helpers.footage.media import containers
from helpers.swap.swap_video import swap_video

pytestmark = pytest.mark.usefixtures("egg_masks")

# the stand-in for a detector says frame by frame what it sees
swap_clip = functools.partial(swap_video, detect_every=1)


@pytest.fixture
def clip(tmp_path):
    return write_gap_clip(tmp_path / "clip.mp4")


def test_a_video_keeps_its_frames_times_and_sound(clip, tmp_path):
    output = tmp_path / "swaps" / "swap.mp4"
    comb = GreenComb()
    report = swap_clip(
        comb,
        clip,
        output,
        "Marco",
        gap_detector(),
        color="none",
        blend="alpha",
    )
    times_before, _ = read_clip(clip)
    times_after, frames = read_clip(output)
    assert len(frames) == 22
    np.testing.assert_allclose(times_after, times_before, atol=1e-3)
    assert read_sound(output) == read_sound(clip) != []
    assert (report["frames"], report["swapped"]) == (22, 17)
    assert (report["without_face"], report["bridged"]) == (5, 2)
    np.testing.assert_allclose(
        report["times_without_face"],
        [times_before[n] for n in GAPS],
        atol=1e-3,
    )
    assert report["shots"] == 1 and report["broken"] is None
    assert set(report["seconds"]) == {
        "detect",
        "network",
        "composite",
        "write",
    }
    assert_signed(output, report["mark"])
    x, y = FACE[2].astype(int)
    for index, frame in enumerate(frames):
        red, green, _ = frame[y, x].astype(int)
        assert (green - red > 150) == (index not in GAPS)
    # in batches, not one by one
    assert comb.batches == [11, 6]
    assert sorted(p.name for p in output.parent.iterdir()) == ["swap.mp4"]


def test_a_video_that_could_not_be_signed_is_not_begun(
    clip, tmp_path, monkeypatch
):
    (tmp_path / "blocked").write_text("a file where a folder should be")
    monkeypatch.setenv("COURSE_CREDENTIALS", str(tmp_path / "blocked"))
    comb, output = GreenComb(), tmp_path / "swaps" / "swap.mp4"
    detector = gap_detector()
    with pytest.raises(OSError, match="COURSE_CREDENTIALS"):
        swap_clip(comb, clip, output, "Marco", detector)
    assert comb.batches == [] and not output.parent.exists()


def test_a_video_tells_how_far_it_is(clip, tmp_path):
    seen = []
    swap_clip(
        MirrorComb(),
        clip,
        tmp_path / "swap.mp4",
        "Rosa",
        gap_detector(),
        progress=lambda *told: seen.append(told),
    )
    assert seen[0] == ("detect", 22, 22)
    assert seen[-1] == ("swap", 22, 22)


def test_a_face_found_only_in_the_first_frame_is_enough(clip, tmp_path):
    detector = FakeDetector([[face_at()], *[[]] * 21])
    report = swap_clip(
        GreenComb(), clip, tmp_path / "swap.mp4", "Rosa", detector
    )
    assert (report["swapped"], report["without_face"]) == (1, 21)


def test_bad_videos_stop_and_leave_nothing(clip, tmp_path):
    comb, output = MirrorComb(), tmp_path / "new" / "swap.mp4"
    nobody = FakeDetector([[]] * 22)
    with pytest.raises(ValueError, match="none was found.*22 frames"):
        swap_clip(comb, clip, output, "Rosa", nobody)
    with pytest.raises(FileNotFoundError, match="no file"):
        swap_clip(comb, tmp_path / "none.mp4", output, "Rosa", nobody)
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    with pytest.raises(media.MediaError, match="text.mp4 should be a video"):
        swap_clip(comb, text, output, "Rosa", nobody)
    with pytest.raises(ValueError, match="overwrite its own target"):
        swap_clip(comb, clip, clip, "Rosa", nobody)
    with pytest.raises(ValueError, match="as one of .mp4.*swap.avi"):
        swap_clip(comb, clip, tmp_path / "swap.avi", "Rosa", nobody)
    with pytest.raises(ValueError, match="Rosa, Marco"):
        swap_clip(comb, clip, output, "Anna", nobody)
    with pytest.raises(ValueError, match="alpha, multiband"):
        swap_clip(comb, clip, output, "Rosa", nobody, blend="x")
    assert not output.exists()


def test_a_full_disk_leaves_the_old_result(clip, tmp_path, monkeypatch):
    output = tmp_path / "swap.mp4"
    output.write_bytes(b"the old one")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("helpers.swap.face_editor.composite_face", fail)
    with pytest.raises(OSError, match="is full. Make room.*swap.mp4.unf"):
        swap_clip(MirrorComb(), clip, output, "Rosa", gap_detector())
    assert output.read_bytes() == b"the old one"
    kept = tmp_path / "swap.mp4.unfinished"
    assert set(tmp_path.iterdir()) == {clip, output, kept}
    # the first pass need not be made again
    monkeypatch.undo()
    swap_clip(MirrorComb(), clip, output, "Rosa", FakeDetector([]))
    assert set(tmp_path.iterdir()) == {clip, output}


def test_a_broken_video_is_swapped_to_its_break_and_says_so(
    clip, tmp_path, monkeypatch
):
    real = containers.decode_frames

    def break_off(path, container, stream, *rest):
        for count, frame in enumerate(real(path, container, stream, *rest)):
            if count == 12:
                raise media.MediaError("clip.mp4 breaks off: 12 frames")
            yield frame

    monkeypatch.setattr(containers, "decode_frames", break_off)
    output = tmp_path / "swap.mp4"
    report = swap_clip(MirrorComb(), clip, output, "Rosa", gap_detector())
    assert report["frames"] == 12 and "breaks off" in report["broken"]
    monkeypatch.undo()
    assert len(read_clip(output)[0]) == 12


def test_all_faces_of_a_video_are_swapped_or_the_main_one(tmp_path):
    path = write_clip(tmp_path / "two.mp4", [picture(3, (160, 320))] * 12)
    left, right = face_at(0, 20), face_at(140, 20)
    for faces, greens in (("all", [True, True]), ("main", [True, False])):
        output = tmp_path / f"{faces}.mp4"
        swap_clip(
            GreenComb(),
            path,
            output,
            "Rosa",
            FakeDetector([[left, right]] * 12),
            faces=faces,
            color="none",
            blend="alpha",
        )
        frame = read_clip(output)[1][6].astype(int)
        noses = [face["landmarks"][2].astype(int) for face in (left, right)]
        assert greens == [
            frame[y, x, 1] - frame[y, x, 0] > 150 for x, y in noses
        ]
    with pytest.raises(ValueError, match="'main' or 'all'.*'both'"):
        swap_clip(
            GreenComb(), path, output, "Rosa", FakeDetector([]), faces="both"
        )


def test_people_get_sources_by_where_they_are(tmp_path):
    path = write_clip(tmp_path / "two.mp4", [picture(3, (160, 320))] * 6)
    faces = [face_at(0, 20), face_at(140, 20)]
    noses = [face["landmarks"][2].astype(int) for face in faces]

    def swapped(source, **options):
        comb, output = NameComb(), tmp_path / "swap.mp4"
        detector = FakeDetector([faces] * 6)
        swap_clip(
            comb,
            path,
            output,
            source,
            detector,
            color="none",
            blend="alpha",
            **options,
        )
        frame = read_clip(output)[1][3].astype(int)
        pixels = [frame[y, x] for x, y in noses]
        return [
            "Rosa" if g - r > 150 else "Marco" if max(r, g, b) < 40 else None
            for r, g, b in pixels
        ]

    assert swapped("Rosa", faces="left") == ["Rosa", None]
    assert swapped("Rosa", faces="right") == [None, "Rosa"]
    assert swapped("Marco", faces=(0.7, 0.5)) == [None, "Marco"]
    assert swapped("Marco", faces=[0.3, 0.5]) == ["Marco", None]
    both = {"right": "Rosa", "left": "Marco"}
    assert swapped(both) == ["Marco", "Rosa"]
    with pytest.raises(ValueError, match="Rosa, Marco.*'Anna'"):
        swapped({"left": "Rosa", "right": "Anna"})
    with pytest.raises(ValueError, match="'left', 'right'.*'top'"):
        swapped({"left": "Rosa", "top": "Marco"})
    with pytest.raises(ValueError, match="Received: 'all'"):
        swapped({"all": "Rosa", "left": "Marco"})


@pytest.mark.parametrize("faces", ["main", (0.3, 0.5)])
def test_faces_beside_a_dict_of_sources_is_refused_before_the_work(
    clip, tmp_path, faces
):
    comb, detector = NameComb(), gap_detector()
    output = tmp_path / "new" / "swap.mp4"
    sources = {"left": "Rosa", "right": "Marco"}
    with pytest.raises(ValueError) as error:
        swap_clip(comb, clip, output, sources, detector, faces=faces)
    said = str(error.value)
    assert "faces=None was expected beside a dict" in said
    assert f"Received: faces={faces!r}, source={sources!r}" in said
    assert "Leave out faces, or give one name as source" in said
    assert len(detector.waiting) == 22 and comb.batches == []
    assert not output.parent.exists()


def test_a_dict_of_no_sources_is_refused_before_the_work(clip, tmp_path):
    detector, output = FakeDetector([]), tmp_path / "swap.mp4"
    with pytest.raises(ValueError, match=r"at least one place.*source={}"):
        swap_video(NameComb(), clip, output, {}, detector)
    assert not output.exists()


def test_a_lower_crf_is_nearer_and_larger(clip, tmp_path):
    before, sizes, errors = read_clip(clip)[1], [], []
    for crf in (10, 34):
        output = tmp_path / f"{crf}.mp4"
        swap_clip(
            MirrorComb(),
            clip,
            output,
            "Rosa",
            gap_detector(),
            visible=False,
            crf=crf,
        )
        after = np.float32(read_clip(output)[1])
        sizes.append(output.stat().st_size)
        errors.append(np.abs(after - before).mean())
    assert sizes[0] > 1.2 * sizes[1] and errors[0] < 0.7 * errors[1]


def sound_starts(path):
    """When the first sound and the first picture come, in seconds."""
    with av.open(str(path)) as container:
        packets = [p for p in container.demux() if p.size]
        return [
            min(
                float(packet.pts * packet.time_base)
                for packet in packets
                if packet.stream.type == kind
            )
            for kind in ("audio", "video")
        ]


def delayed(path, clip, kind, seconds):
    """A clip with its sound or its pictures moved; packets are copied."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as output:
        streams = [
            output.add_stream_from_template(stream) for stream in source.streams
        ]
        for packet in source.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == kind:
                packet.pts += round(seconds / packet.time_base)
                packet.dts += round(seconds / packet.time_base)
            packet.stream = streams[packet.stream.index]
            output.mux(packet)
    return path


@pytest.mark.parametrize("kind", ["audio", "video"])
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_lips_stay_in_step_when_one_begins_later(clip, tmp_path, kind, ending):
    path = delayed(tmp_path / f"later{ending}", clip, kind, 0.3)
    output = tmp_path / "swap.mp4"
    swap_clip(MirrorComb(), path, output, "Rosa", gap_detector())
    assert read_sound(output) == read_sound(path) != []
    before, after = sound_starts(path), sound_starts(output)
    assert after[0] - after[1] == pytest.approx(before[0] - before[1], abs=2e-3)
    # what is seen and heard lasts as long
    times = [read_clip(each)[0] for each in (path, output)]
    np.testing.assert_allclose(*times, atol=1e-3)


def test_a_video_lasts_as_long_as_before(clip, tmp_path):
    output = tmp_path / "swap.mp4"
    swap_clip(MirrorComb(), clip, output, "Rosa", gap_detector())
    lasts = []
    for path in (clip, output):
        with av.open(str(path)) as container:
            lasts.append(
                [float(s.duration * s.time_base) for s in container.streams]
            )
    np.testing.assert_allclose(*lasts, atol=0.04)


def test_a_real_clip_with_a_cut_goes_through(shared_data, tmp_path):
    from helpers.faces import detection

    clip = shared_data / "awkward/videos/hard_cut_between_two_people.mp4"
    short = tmp_path / "short.mp4"
    frames = [f for _, _, f in media.read_frames(clip, start=42, stop=58)]
    media.write_video(short, frames, 25)
    output = tmp_path / "swap.mp4"
    report = swap_video(
        MirrorComb(), short, output, "Rosa", detection.FaceDetector()
    )
    assert report["swapped"] == 16 and report["shots"] == 2
    for before, after in zip(frames, read_clip(output)[1], strict=True):
        difference = np.abs(after.astype(int) - before)[:200]
        assert difference.mean() < 4
