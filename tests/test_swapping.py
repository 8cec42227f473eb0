"""Swapping: photos and videos, file to file, with a comb that is known."""

import functools

import av
import cv2
import numpy as np
import pytest
from clips import (
    FACE,
    FRAME_SHAPE,
    FakeDetector,
    GreenComb,
    MirrorComb,
    assert_signed,
    face_at,
    picture,
    read_clip,
    read_sound,
    write_clip,
)

from helpers import alignment, masks
from helpers.crops import cut_crop, cut_network_crops
from helpers.faces import tracking
from helpers.faces.tracks import FaceTrack
from helpers.files import manifests
from helpers.footage.media import media
from helpers.swap import swapping

pytestmark = pytest.mark.usefixtures("egg_masks")

# the stand-in for a detector says frame by frame what it sees
swap_video = functools.partial(swapping.swap_video, detect_every=1)

# -- a frame ----------------------------------------------------------------


@pytest.mark.parametrize("blend", ["alpha", "multiband"])
def test_a_comb_that_gives_back_what_it_sees_changes_nothing(blend):
    frame = picture()
    swap = swapping.swap_frame(
        MirrorComb(), frame, FACE, "Rosa", color="reinhard", blend=blend
    )
    assert np.abs(swap.frame.astype(int) - frame).max() <= 3
    assert swap.target_crop.shape == (64, 64, 3)
    np.testing.assert_array_equal(swap.face, swap.target_crop)


def test_only_the_face_is_swapped():
    frame = picture()
    swap = swapping.swap_frame(
        GreenComb(), frame, FACE, "Rosa", color="none", blend="alpha"
    )
    nose = FACE[2].astype(int)
    assert swap.frame[nose[1], nose[0]].tolist() == [0, 255, 0]
    for x, y in FACE:  # eyes and mouth corners are exchanged too
        assert swap.frame[round(y), round(x), 1] > 240
    changed = (swap.frame != frame).any(axis=2)
    contract = MirrorComb.contract
    matrix = alignment.crop_matrix(FACE, contract)
    egg = cv2.warpAffine(
        masks.face_mask(256, contract),
        matrix,
        FRAME_SHAPE[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    # nothing outside the mask that the decoder was trained in, but a hair
    assert not changed[cv2.dilate(egg, np.ones((5, 5))) == 0].any()
    assert changed[egg > 0.5].mean() > 0.85


def test_the_crop_is_cut_as_in_training():
    comb, frame = MirrorComb(), picture()
    crop, matrix = swapping.cut_target(comb, frame, FACE)
    stored = cut_crop(frame, alignment.crop_matrix(FACE, comb.contract), 256)
    expected = cut_network_crops(stored[None], 0.8, 64)[0]
    np.testing.assert_array_equal(crop, expected)
    # and the matrix puts the landmarks where the template has them
    template = np.array(comb.contract["template"])
    expected = ((template - 0.1) / 0.8) * 64 - 0.5
    received = alignment.transform_points(matrix, FACE)
    assert np.abs(received - expected).max() < 2


def test_the_blending_mask_is_soft_and_leaves_the_border_free():
    mask = swapping.blending_mask(MirrorComb())
    assert mask.shape == (64, 64) and mask.dtype == np.float32
    assert mask.max() > 0.999
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert border.max() < 0.02
    assert np.abs(np.diff(mask, axis=1)).max() < 0.5


def test_the_far_cheek_of_a_turned_head_is_not_pasted():
    straight = swapping.blending_mask(MirrorComb())
    turned = swapping.blending_mask(MirrorComb(), yaw=30)
    away = swapping.blending_mask(MirrorComb(), yaw=-30)
    assert turned[:, 32:].sum() < 0.8 * straight[:, 32:].sum()
    np.testing.assert_allclose(turned[:, 2:30], straight[:, 2:30], atol=0.03)
    np.testing.assert_allclose(turned[:, ::-1], away, atol=0.03)


def test_a_swapped_frame_takes_the_mask_of_its_own_yaw():
    turned = FACE + [[0, 0], [0, 0], [14, 0], [0, 0], [0, 0]]
    yaw = alignment.estimate_pose(turned)[0]
    assert yaw > 15
    swaps = [
        swapping.swap_frame(MirrorComb(), picture(), turned, "Rosa", mask=mask)
        for mask in (None, swapping.blending_mask(MirrorComb(), round(yaw)))
    ]
    np.testing.assert_array_equal(swaps[0].frame, swaps[1].frame)


def test_an_unknown_source_is_told_the_names():
    with pytest.raises(ValueError, match="Rosa, Marco.*'Anna'"):
        swapping.swap_frame(MirrorComb(), picture(), FACE, "Anna")


def test_faces_of_another_contract_are_refused():
    other = manifests.data_contract(coverage=0.7)
    swapping.check_swap(MirrorComb(), "Rosa", MirrorComb.contract)
    with pytest.raises(manifests.ContractError, match="0.8.*0.7"):
        swapping.check_swap(MirrorComb(), "Rosa", other)


# -- a photo ----------------------------------------------------------------


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    media.write_image(path, picture(shape=(240, 320)))
    return path


TWO_FACES = [face_at(120, 60), face_at(20, 40)]


@pytest.mark.parametrize("faces, count", [("all", 2), ("largest", 1)])
@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif"])
def test_a_photo_is_swapped_labelled_and_marked(
    photo, tmp_path, faces, count, ending
):
    output = tmp_path / "new" / f"swap{ending}"
    report = swapping.swap_photo(
        GreenComb(),
        photo,
        output,
        "Rosa",
        FakeDetector([TWO_FACES]),
        faces=faces,
        color="none",
        blend="alpha",
    )
    assert (report["faces_found"], report["faces_swapped"]) == (2, count)
    result = media.read_photo(output)
    greens = [
        result[int(y), int(x), 1] > 230 and result[int(y), int(x), 0] < 25
        for x, y in (face["landmarks"][2] for face in TWO_FACES)
    ]
    assert greens == [True, count == 2]
    assert_signed(output, report["mark"])
    assert report["mark"]["source_identity"] == "Rosa"
    # the label is in the corner, and in nothing but the file
    corner = np.s_[-8:, :40]
    assert (result[corner].mean(), report["before"][corner].mean()) > (0, 0)
    assert result[corner].mean() < 0.7 * report["before"][corner].mean()
    np.testing.assert_array_equal(
        report["swaps"][-1].frame[corner], report["before"][corner]
    )


def test_the_label_can_be_left_out_and_the_mark_says_so(photo, tmp_path):
    output = tmp_path / "swap.png"
    report = swapping.swap_photo(
        MirrorComb(),
        photo,
        output,
        "Rosa",
        FakeDetector([TWO_FACES]),
        visible=False,
    )
    np.testing.assert_array_equal(
        media.read_photo(output), report["swaps"][-1].frame
    )
    assert report["mark"]["visible_label"] is False
    assert_signed(output, report["mark"])


def test_bad_photos_stop_and_leave_nothing(photo, tmp_path):
    comb, output = MirrorComb(), tmp_path / "swap.png"
    nobody = FakeDetector([[]])
    with pytest.raises(ValueError, match="none was found in .*320 x 240"):
        swapping.swap_photo(comb, photo, output, "Rosa", nobody)
    with pytest.raises(FileNotFoundError, match="no file"):
        swapping.swap_photo(comb, tmp_path / "x.png", output, "Rosa", nobody)
    broken = tmp_path / "broken.png"
    broken.write_bytes(photo.read_bytes()[:99])
    with pytest.raises(media.MediaError, match="broken.png should be a photo"):
        swapping.swap_photo(comb, broken, output, "Rosa", nobody)
    with pytest.raises(ValueError, match="overwrite its own target"):
        swapping.swap_photo(comb, photo, photo, "Rosa", nobody)
    with pytest.raises(ValueError, match=".png, .jpg.*swap.tga"):
        swapping.swap_photo(comb, photo, tmp_path / "swap.tga", "Rosa", nobody)
    with pytest.raises(ValueError, match="'all' or 'largest'.*'both'"):
        swapping.swap_photo(comb, photo, output, "Rosa", nobody, "both")
    with pytest.raises(ValueError, match="none, mean, reinhard.*'rct'"):
        swapping.swap_photo(comb, photo, output, "Rosa", nobody, color="rct")
    assert not output.exists()


# -- a video ----------------------------------------------------------------


GAPS = (0, 7, 8, 9, 10)  # too long to be bridged, or at the edge
MISSED = (14, 15)  # short enough


@pytest.fixture
def clip(tmp_path):
    """A clip of 22 frames at uneven times, with sound."""
    times = np.cumsum([0, *[33, 50, 40] * 7]).tolist()
    frames = [picture(3)] * 22
    return write_clip(tmp_path / "clip.mp4", frames, times)


def gap_detector():
    empty = GAPS + MISSED
    return FakeDetector([[] if n in empty else [face_at()] for n in range(22)])


@pytest.fixture
def written_frames(monkeypatch):
    """Brightness before and after, as it is handed to the encoder."""
    written = []
    real = media.edit_onward

    def brightness(picture):
        planes, _ = picture.encoded()
        return planes.to_ndarray()[: picture.shape[0]].copy()

    def spy(source_path, writer, edit, *rest, **options):
        def keep(pictures):
            before = [brightness(picture) for picture in pictures]
            edit(pictures)
            after = [brightness(picture) for picture in pictures]
            written.extend(zip(before, after, strict=True))

        return real(source_path, writer, keep, *rest, **options)

    monkeypatch.setattr(media, "edit_onward", spy)
    return written


def test_a_video_keeps_its_frames_times_and_sound(clip, tmp_path):
    output = tmp_path / "swaps" / "swap.mp4"
    comb = GreenComb()
    report = swap_video(
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
        swap_video(comb, clip, output, "Marco", detector)
    assert comb.batches == [] and not output.parent.exists()


def test_frames_without_a_face_are_bit_identical(
    clip, tmp_path, written_frames
):
    swap_video(
        MirrorComb(), clip, tmp_path / "swap.mp4", "Rosa", gap_detector()
    )
    assert len(written_frames) == 22
    for index, (before, after) in enumerate(written_frames):
        if index in GAPS:
            np.testing.assert_array_equal(after, before)
            continue
        # the label and nothing else can be seen
        assert np.abs(after[:90].astype(int) - before[:90]).max() <= 3
        assert np.abs(after[100:].astype(int) - before[100:]).max() > 30


def test_a_video_without_the_label_is_only_swapped(
    clip, tmp_path, written_frames
):
    report = swap_video(
        MirrorComb(),
        clip,
        tmp_path / "swap.mp4",
        "Rosa",
        gap_detector(),
        visible=False,
    )
    assert report["mark"]["visible_label"] is False
    assert len(written_frames) == 22
    for before, after in written_frames:
        assert np.abs(after.astype(int) - before).max() <= 3


def test_a_video_tells_how_far_it_is(clip, tmp_path):
    seen = []
    swap_video(
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
    report = swap_video(
        GreenComb(), clip, tmp_path / "swap.mp4", "Rosa", detector
    )
    assert (report["swapped"], report["without_face"]) == (1, 21)


def test_bad_videos_stop_and_leave_nothing(clip, tmp_path):
    comb, output = MirrorComb(), tmp_path / "new" / "swap.mp4"
    nobody = FakeDetector([[]] * 22)
    with pytest.raises(ValueError, match="none was found.*22 frames"):
        swap_video(comb, clip, output, "Rosa", nobody)
    with pytest.raises(FileNotFoundError, match="no file"):
        swap_video(comb, tmp_path / "none.mp4", output, "Rosa", nobody)
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    with pytest.raises(media.MediaError, match="text.mp4 should be a video"):
        swap_video(comb, text, output, "Rosa", nobody)
    with pytest.raises(ValueError, match="overwrite its own target"):
        swap_video(comb, clip, clip, "Rosa", nobody)
    with pytest.raises(ValueError, match="as one of .mp4.*swap.avi"):
        swap_video(comb, clip, tmp_path / "swap.avi", "Rosa", nobody)
    with pytest.raises(ValueError, match="Rosa, Marco"):
        swap_video(comb, clip, output, "Anna", nobody)
    with pytest.raises(ValueError, match="alpha, multiband"):
        swap_video(comb, clip, output, "Rosa", nobody, blend="x")
    assert not output.exists()


def test_a_full_disk_leaves_the_old_result(clip, tmp_path, monkeypatch):
    output = tmp_path / "swap.mp4"
    output.write_bytes(b"the old one")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("helpers.compositing.paste_crop", fail)
    with pytest.raises(OSError, match="is full. Make room.*swap.mp4.unf"):
        swap_video(MirrorComb(), clip, output, "Rosa", gap_detector())
    assert output.read_bytes() == b"the old one"
    kept = tmp_path / "swap.mp4.unfinished"
    assert set(tmp_path.iterdir()) == {clip, output, kept}
    # the first pass need not be made again
    monkeypatch.undo()
    swap_video(MirrorComb(), clip, output, "Rosa", FakeDetector([]))
    assert set(tmp_path.iterdir()) == {clip, output}


def test_a_track_of_another_video_is_refused(clip, tmp_path):
    track = tracking.find_face_track(clip, gap_detector(), every=1)
    short = FaceTrack(
        track.landmarks[:9],
        track.times[:9],
        track.face_counts[:9],
        track.shots[:9],
        None,
    )
    with pytest.raises(ValueError, match="track has 9 frames"):
        swapping.swap_tracks(
            MirrorComb(),
            clip,
            tmp_path / "swap.mp4",
            [swapping.Role(short, "Rosa")],
        )


def test_a_broken_video_is_swapped_to_its_break_and_says_so(
    clip, tmp_path, monkeypatch
):
    real = media._decode

    def break_off(path, container, stream):
        for count, frame in enumerate(real(path, container, stream)):
            if count == 12:
                raise media.MediaError("clip.mp4 breaks off: 12 frames")
            yield frame

    monkeypatch.setattr(media, "_decode", break_off)
    output = tmp_path / "swap.mp4"
    report = swap_video(MirrorComb(), clip, output, "Rosa", gap_detector())
    assert report["frames"] == 12 and "breaks off" in report["broken"]
    monkeypatch.undo()
    assert len(read_clip(output)[0]) == 12


def test_all_faces_of_a_video_are_swapped_or_the_main_one(tmp_path):
    path = write_clip(tmp_path / "two.mp4", [picture(3, (160, 320))] * 12)
    left, right = face_at(0, 20), face_at(140, 20)
    for faces, greens in (("all", [True, True]), ("main", [True, False])):
        output = tmp_path / f"{faces}.mp4"
        swap_video(
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
        swap_video(
            GreenComb(), path, output, "Rosa", FakeDetector([]), faces="both"
        )


class NameComb(MirrorComb):
    """Rosa is green, Marco is black."""

    def swap(self, crops, source):
        color = np.float32({"Rosa": (0, 1, 0), "Marco": (0, 0, 0)}[source])
        self.batches.append((self.target, source, len(crops)))
        return np.broadcast_to(color, crops.shape).copy()


def test_each_track_gets_its_own_source_and_is_looked_at_as_its_target(
    tmp_path,
):
    path = write_clip(tmp_path / "two.mp4", [picture(3, (160, 320))] * 6)
    left, right = face_at(0, 20), face_at(140, 20)
    tracks = tracking.find_tracks(path, FakeDetector([[left, right]] * 6), 1)
    assert len(tracks) == 2
    comb = NameComb()
    roles = [
        swapping.Role(swapping.steady(tracks[0]), "Rosa", "Marco"),
        swapping.Role(swapping.steady(tracks[1]), "Marco", "Rosa"),
    ]
    output = tmp_path / "swap.mp4"
    report = swapping.swap_tracks(
        comb, path, output, roles, color="none", blend="alpha"
    )
    assert report["mark"]["source_identity"] == "Rosa, Marco"
    assert comb.batches == [("Marco", "Rosa", 6), ("Rosa", "Marco", 6)]
    frame = read_clip(output)[1][3].astype(int)
    (x, y), (u, v) = (
        face["landmarks"][2].astype(int) for face in (left, right)
    )
    assert frame[y, x, 1] - frame[y, x, 0] > 150
    assert frame[v, u].max() < 40


def test_people_get_sources_by_where_they_are(tmp_path):
    path = write_clip(tmp_path / "two.mp4", [picture(3, (160, 320))] * 6)
    faces = [face_at(0, 20), face_at(140, 20)]
    noses = [face["landmarks"][2].astype(int) for face in faces]

    def swapped(source, **options):
        comb, output = NameComb(), tmp_path / "swap.mp4"
        detector = FakeDetector([faces] * 6)
        swap_video(
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


def test_a_lower_crf_is_nearer_and_larger(clip, tmp_path):
    before, sizes, errors = read_clip(clip)[1], [], []
    for crf in (10, 34):
        output = tmp_path / f"{crf}.mp4"
        swap_video(
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


# -- sound and time ---------------------------------------------------------


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
    swap_video(MirrorComb(), path, output, "Rosa", gap_detector())
    assert read_sound(output) == read_sound(path) != []
    before, after = sound_starts(path), sound_starts(output)
    assert after[0] - after[1] == pytest.approx(before[0] - before[1], abs=2e-3)
    # what is seen and heard lasts as long
    times = [read_clip(each)[0] for each in (path, output)]
    np.testing.assert_allclose(*times, atol=1e-3)


def test_a_video_lasts_as_long_as_before(clip, tmp_path):
    output = tmp_path / "swap.mp4"
    swap_video(MirrorComb(), clip, output, "Rosa", gap_detector())
    lasts = []
    for path in (clip, output):
        with av.open(str(path)) as container:
            lasts.append(
                [float(s.duration * s.time_base) for s in container.streams]
            )
    np.testing.assert_allclose(*lasts, atol=0.04)


# -- the real detector ------------------------------------------------------


def test_a_real_clip_with_a_cut_goes_through(shared_data, tmp_path):
    from helpers.faces import detection

    clip = shared_data / "awkward/videos/hard_cut_between_two_people.mp4"
    short = tmp_path / "short.mp4"
    frames = [f for _, _, f in media.read_frames(clip, start=42, stop=58)]
    media.write_video(short, frames, 25)
    output = tmp_path / "swap.mp4"
    report = swapping.swap_video(
        MirrorComb(), short, output, "Rosa", detection.FaceDetector()
    )
    assert report["swapped"] == 16 and report["shots"] == 2
    for before, after in zip(frames, read_clip(output)[1], strict=True):
        difference = np.abs(after.astype(int) - before)[:200]
        assert difference.mean() < 4
