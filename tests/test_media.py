"""Media: photos of every kind, videos in and out, broken files."""

import fractions
import threading

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from helpers.footage import listing, media
from helpers.footage.media import containers, hdr, reading


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


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi"])
def test_one_frame_is_the_frame_that_reading_all_gives(tmp_path, ending):
    path = tmp_path / f"clip{ending}"
    clip_of_many_key_frames(path)
    for index, time, frame in media.read_frames(path, step=7):
        for known in (time, None, time + 0.013):
            found = media.read_frame(path, index, known)
            np.testing.assert_array_equal(found, frame, str(index))


def test_one_frame_is_found_without_decoding_what_is_before(tmp_path):
    path = tmp_path / "clip.mp4"
    clip_of_many_key_frames(path)
    times = [time for _, time, _ in media.read_frames(path)]
    # past the first second, which is read from the beginning
    found = [reading._seek_frame(path, time) is not None for time in times]
    assert not any(found[:31]) and all(found[31:])


def test_a_frame_beyond_the_end_is_told(tmp_path):
    clip(tmp_path / "a.mp4", 12)
    with pytest.raises(media.MediaError, match="should have a frame 12"):
        media.read_frame(tmp_path / "a.mp4", 12, 12 / 25)
    with pytest.raises(media.MediaError, match="should have a frame 99"):
        media.read_frame(tmp_path / "a.mp4", 99, 99 / 25)


def test_an_image_comes_back_as_it_was_written(tmp_path):
    image = picture()
    path = tmp_path / "ünï 人.png"
    media.write_image(path, image)
    np.testing.assert_array_equal(media.read_photo(path), image)
    media.write_image(tmp_path / "a.jpg", image, quality=95)
    assert difference(media.read_photo(tmp_path / "a.jpg"), image) < 1.5
    with pytest.raises(ValueError, match="float64"):
        media.write_image(path, image / 255)
    with pytest.raises(ValueError, match="'.xyz'"):
        media.write_image(tmp_path / "a.xyz", image)
    np.testing.assert_array_equal(media.read_photo(path), image)


def test_a_failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    media.write_image(path, picture())

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        media.write_image(path, picture()[::-1])
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]
    np.testing.assert_array_equal(media.read_photo(path), picture())


def test_every_kind_of_photo_becomes_rgb(tmp_path):
    image = Image.fromarray(picture())
    for mode in ("L", "P", "CMYK", "RGBA", "LA", "1"):
        path = tmp_path / f"{mode}.tif"
        image.convert(mode).save(path)
        array = media.read_photo(path)
        assert array.shape == (64, 96, 3) and array.dtype == np.uint8
    deep = np.asarray(image.convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    grey = np.asarray(image.convert("L"))
    read = media.read_photo(tmp_path / "deep.png")
    np.testing.assert_array_equal(read[..., 0], grey)


def test_transparent_pixels_become_white(tmp_path):
    image = np.zeros((8, 8, 4), np.uint8)
    image[:4, :, 3] = 255
    Image.fromarray(image).save(tmp_path / "a.png")
    array = media.read_photo(tmp_path / "a.png")
    assert array[:4].max() == 0 and array[4:].min() == 255


@pytest.mark.parametrize("content", [b"", b"this is text", b"\xff\xd8\xff"])
def test_a_file_that_is_no_photo_or_video_says_so(tmp_path, content):
    for name, read in (
        ("a.jpg", media.read_photo),
        ("a.mp4", media.probe_video),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(media.MediaError, match=name):
            read(path)
    with pytest.raises(FileNotFoundError, match="nothing.jpg"):
        media.read_photo(tmp_path / "nothing.jpg")


def test_media_are_listed_in_order_without_their_truth(tmp_path):
    names = (
        "b.JPG a.png clip.MP4 clip.truth.json clip.masks.npz .hidden.png "
        "notes.txt deep/er/c.webm"
    ).split()
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    photos, videos, others = listing.list_media(tmp_path)
    assert [path.name for path in photos] == ["a.png", "b.JPG"]
    assert [path.name for path in videos] == ["clip.MP4", "c.webm"]
    assert [path.name for path in others] == ["notes.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(media.MediaError, match="photos or videos"):
        listing.list_media(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="no folder"):
        listing.list_media(tmp_path / "nowhere")


def test_a_video_comes_back_with_its_times_and_colours(tmp_path):
    path = tmp_path / "a.mp4"
    frames = clip(path, metadata={"comment": "nobody was filmed"}, crf=10)
    found, error = read_all(path)
    assert error is None and len(found) == 12
    for (index, time, frame), expected in zip(found, frames, strict=True):
        assert time == pytest.approx(index / 25, abs=1e-6)
        assert frame.shape == expected.shape
    bias = found[0][2].astype(float).mean() - frames[0].mean()
    assert abs(bias) < 0.5  # not a grey level darker
    facts = media.probe_video(path)
    assert (facts["width"], facts["height"], facts["frames"]) == (96, 64, 12)
    assert facts["frame_rate"] == 25 and not facts["has_sound"]
    with av.open(str(path)) as container:
        assert container.metadata["comment"] == "nobody was filmed"


def test_frames_are_chosen_by_start_step_and_stop(tmp_path):
    path = tmp_path / "a.mp4"
    clip(path, count=10)
    found, _ = read_all(path, start=2, step=3, stop=9)
    assert [index for index, _, _ in found] == [2, 5, 8]
    with pytest.raises(ValueError, match="step=0"):
        next(media.read_frames(path, step=0))


def test_odd_sides_get_one_more_pixel(tmp_path):
    path = tmp_path / "a.mp4"
    frames = clip(path, count=2, height=45, width=61)
    frame = next(media.read_frames(path))[2]
    assert frame.shape == (46, 62, 3)
    assert difference(frame[:45, :61], frames[0]) < 6


def test_a_broken_writer_leaves_nothing_behind(tmp_path):
    path = tmp_path / "a.mp4"

    def frames():
        yield picture()
        yield picture(32, 32)

    with pytest.raises(ValueError, match="shape"):
        media.write_video(path, frames(), 25)
    with pytest.raises(ValueError, match="at least one frame"):
        media.write_video(path, [], 25)
    with pytest.raises(ValueError, match="frame_rate=0"):
        media.write_video(path, [picture()], 0)
    with pytest.raises(ValueError, match=".mp4"):
        media.write_video(tmp_path / "a.avi", [picture()], 25)
    assert list(tmp_path.iterdir()) == []


def test_mapping_calls_the_function_and_refuses_other_shapes(tmp_path):
    path, result = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip(path, count=5)
    seen = []

    def invert(index, time, frame):
        seen.append((index, round(time * 25)))
        return 255 - frame

    done = []
    report = media.map_video(path, result, invert, progress=done.append)
    assert report == {"frames": 5, "broken": None}
    assert seen == [(i, i) for i in range(5)] and done == list(range(5))
    before, after = read_all(path)[0][2][2], read_all(result)[0][2][2]
    assert difference(after, 255 - before) < 4
    with pytest.raises(ValueError, match="uint8"):
        media.map_video(path, result, lambda i, t, frame: frame / 255.0)
    assert len(read_all(result)[0]) == 5


def test_a_video_is_finished_before_it_has_its_name(tmp_path):
    path, result = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip(path, count=5)
    finished = []

    def finish(partial):
        assert not result.exists()
        finished.append(len(read_all(partial)[0]))

    def keep(index, time, frame):
        return frame

    media.map_video(path, result, keep, finish=finish)
    assert finished == [5] and result.is_file()
    result.unlink()

    def refuse(partial):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        media.map_video(path, result, keep, finish=refuse)
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_mapping_gives_frames_of_another_shape_and_may_end_early(tmp_path):
    path, result = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip(path, count=12)

    def halve(index, time, frame):
        return frame[:, ::2] if index < 8 else None

    report = media.map_video(path, result, halve)
    assert report == {"frames": 8, "broken": None}
    found = read_all(result)[0]
    assert len(found) == 8 and found[0][2].shape == (64, 48, 3)

    def change(index, time, frame):
        return frame[: 64 - 2 * index]

    with pytest.raises(ValueError, match=r"\(64, 96, 3\).*\(62, 96, 3\)"):
        media.map_video(path, result, change)


def test_orientation_marks_of_cameras_are_applied(shared_data):
    folder = shared_data / "awkward" / "images" / "exif"
    upright = media.read_photo(folder / "orientation_1.jpg")
    for mark in range(2, 9):
        photo = media.read_photo(folder / f"orientation_{mark}.jpg")
        assert difference(photo, upright) < 4


def test_unusual_photos_of_one_portrait_agree(shared_data):
    folder = shared_data / "awkward" / "images"
    expected = media.read_photo(folder / "image.bmp")
    for name in (
        "PNG_INSIDE_NAMED.JPG",
        "image.tif",
        "naïve_façade_人.jpg",
        "png_palette.png",
    ):
        assert difference(media.read_photo(folder / name), expected) < 6
    grey = media.read_photo(folder / "gray_16bit.png")
    assert difference(grey.mean(axis=2), expected.mean(axis=2)) < 10
    assert media.read_photo(folder / "animated.webp").shape == (180, 320, 3)


def test_broken_photos_are_refused_with_advice(shared_data):
    folder = shared_data / "awkward" / "images"
    broken = sorted(folder.glob("corrupt_*")) + [folder / "zero_byte.jpg"]
    assert len(broken) == 5
    for path in broken:
        with pytest.raises(media.MediaError, match=path.name):
            media.read_photo(path)


def test_turned_videos_are_read_upright(shared_data):
    folder = shared_data / "awkward" / "videos"
    upright = next(media.read_frames(folder / "no_audio.mp4"))[2]
    for degrees in (90, 180, 270):
        path = folder / f"rotation_{degrees}.mp4"
        frame = next(media.read_frames(path))[2]
        assert frame.shape == upright.shape
        assert difference(frame, upright) < 6
        assert media.probe_video(path)["rotation"] in (degrees, 360 - degrees)


def test_videos_of_every_codec_are_read(shared_data):
    folder = shared_data / "awkward" / "videos"
    sizes = {
        "odd_size_361x271_yuv444.mp4": (271, 361, 3),
        "hevc_10bit.mp4": (480, 640, 3),
        "vp9_opus.webm": (480, 640, 3),
        "mjpeg_pcm.avi": (480, 640, 3),
        "non_square_pixels.mp4": (480, 853, 3),
    }
    for name, shape in sizes.items():
        assert next(media.read_frames(folder / name))[2].shape == shape


def test_a_variable_frame_rate_keeps_its_exact_times(shared_data, tmp_path):
    source = shared_data / "awkward" / "videos" / "vfr.mp4"
    target = tmp_path / "a.mp4"
    media.map_video(source, target, lambda index, time, frame: frame, crf=30)
    before = [time for _, time, _ in media.read_frames(source)]
    after = [time for _, time, _ in media.read_frames(target)]
    assert len(set(np.diff(before).round(3))) > 1
    np.testing.assert_allclose(after, before, atol=1e-6)
    assert media.probe_video(target)["has_sound"]


@pytest.mark.parametrize(
    "name, codec", [("mjpeg_pcm.avi", "aac"), ("vp9_opus.webm", "opus")]
)
def test_sound_is_copied_or_becomes_aac(shared_data, tmp_path, name, codec):
    source = shared_data / "awkward" / "videos" / name
    target = tmp_path / "a.mp4"
    media.write_video(target, [picture()] * 50, 25, sound_from=source)
    with av.open(str(target)) as container:
        sound = container.streams.audio[0]
        assert sound.codec_context.name == codec
        length = float(sound.duration * sound.time_base)
        assert length == pytest.approx(2, abs=0.1)


def test_a_video_cut_short_gives_its_frames_then_says_so(shared_data, tmp_path):
    source = shared_data / "awkward" / "videos" / "corrupt_cut_short.mp4"
    found, error = read_all(source)
    assert len(found) == 49 and "49 frames were read" in str(error)
    target = tmp_path / "a.mp4"
    report = media.map_video(source, target, lambda index, time, frame: frame)
    assert report["frames"] == 49 and "breaks off" in report["broken"]
    assert len(read_all(target)[0]) == 49


def test_videos_that_cannot_be_opened_say_why(shared_data):
    folder = shared_data / "awkward" / "videos"
    for name in (
        "audio_only.mp4",
        "corrupt_no_moov.mp4",
        "corrupt_text_inside.mp4",
        "zero_byte.mp4",
    ):
        with pytest.raises(media.MediaError, match=name):
            next(media.read_frames(folder / name))


# -- parts of pictures ------------------------------------------------------


@pytest.fixture
def colourful(tmp_path):
    noise = np.random.default_rng(0).random((9, 16, 3)) * 200 + 20
    frames = [
        np.clip(
            cv2.resize(noise, (160, 90), interpolation=cv2.INTER_CUBIC) + n,
            0,
            255,
        ).astype(np.uint8)
        for n in range(12)
    ]
    media.write_video(tmp_path / "clip.mp4", frames, 25)
    return tmp_path / "clip.mp4"


def planes(picture):
    return picture.encoded()[0].to_ndarray().copy()


def test_only_changed_pixels_reach_the_encoder_otherwise(colourful, tmp_path):
    seen = []

    def edit(pictures):
        for picture in pictures:
            before = planes(picture)
            part = picture.read(21, 11, 60, 44)
            assert part.shape == (33, 39, 3)
            part[5:9, 7:12] = (255, 0, 0)
            picture.write(21, 11, part)
            seen.append((before, planes(picture), picture.read(28, 16, 33, 20)))

    report = media.edit_video(
        colourful, tmp_path / "new.mp4", edit, at_once=5, crf=4
    )
    assert report == {"frames": 12, "broken": None} and len(seen) == 12
    for before, after, part in seen:
        brightness = np.argwhere((before != after)[:90])
        (top, left), (bottom, right) = brightness.min(0), brightness.max(0)
        assert (left, top, right, bottom) == (28, 16, 32, 19)
        # colour of blocks that were changed, and of no others
        assert 0 < (before != after)[90:].sum() <= 2 * 4 * 3
        assert part[1:-1, 1:-1, 0].min() > 150
    for _, _, frame in media.read_frames(tmp_path / "new.mp4"):
        assert frame[17:19, 29:32, 0].min() > 150


def test_a_part_is_what_the_whole_picture_shows_there(colourful):
    wholes = {n: frame for n, _, frame in media.read_frames(colourful)}

    def edit(pictures):
        for picture in pictures:
            for place in ((0, 0, 160, 90), (3, 5, 40, 41), (100, 60, 160, 90)):
                left, top, right, bottom = place
                part = picture.read(*place).astype(int)
                whole = wholes[picture.index][top:bottom, left:right]
                assert np.abs(part - whole).mean() < 0.5
            np.testing.assert_array_equal(picture.rgb(), wholes[picture.index])

    media.edit_video(colourful, colourful.with_name("same.mp4"), edit)


@pytest.mark.parametrize("place", [(-1, 0, 9, 9), (5, 5, 5, 9), (0, 0, 9, 91)])
def test_a_part_beyond_the_picture_is_refused(colourful, place):
    with pytest.raises(ValueError, match="within 160 x 90"):
        media.edit_video(
            colourful,
            colourful.with_name("new.mp4"),
            lambda pictures: pictures[0].read(*place),
        )


def test_pictures_of_other_formats_are_changed_in_parts_as_well(tmp_path):
    path = tmp_path / "ten_bit.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 160, 90
        stream.pix_fmt = "yuv420p10le"
        grey = np.full((90, 160, 3), 120, np.uint8)
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())

    def edit(pictures):
        for picture in pictures:
            part = picture.read(20, 10, 60, 40)
            picture.write(20, 10, np.full_like(part, 255))

    media.edit_video(path, tmp_path / "new.mp4", edit, at_once=2)
    frames = [f for *_, f in media.read_frames(tmp_path / "new.mp4")]
    assert len(frames) == 3
    assert frames[1][15:35, 25:55].min() > 240
    assert np.abs(frames[1][50:].astype(int) - 120).max() < 6


def test_an_error_while_editing_leaves_no_file_and_no_thread(colourful):
    def fail(pictures):
        raise RuntimeError("the editor stumbled")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="stumbled"):
        media.edit_video(colourful, colourful.with_name("new.mp4"), fail)
    assert threading.active_count() == before
    assert [path.name for path in colourful.parent.iterdir()] == ["clip.mp4"]


def test_frames_can_be_read_smaller(colourful):
    for _, _, frame in media.read_frames(colourful, size=(45, 80)):
        assert frame.shape == (45, 80, 3)
    (_, _, large), *_ = media.read_frames(colourful)
    (_, _, small), *_ = media.read_frames(colourful, size=(45, 80))
    shrunk = cv2.resize(large, (80, 45), interpolation=cv2.INTER_AREA)
    # made to be looked at by a detector: quick, its colour less exact
    assert np.abs(small.astype(int) - shrunk).mean() < 6


# -- HDR and other formats --------------------------------------------------


def write_deep(path, frames, pixels, codec="libx264", **colour):
    """A clip of 16-bit RGB frames in a format of its own."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        stream.options = {"crf": "4", "x265-params": "log-level=none"}
        context = stream.codec_context
        matrix = colour.pop("matrix", "ITU709")
        for name, value in colour.items():
            setattr(context, name, value)
        for image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="rgb48le")
            full = colour.get("color_range") == 2
            frame = frame.reformat(
                format=pixels,
                dst_colorspace=matrix,
                dst_color_range="JPEG" if full else "MPEG",
                interpolation=containers.EXACT_COLOR,
            )
            for name, value in colour.items():
                setattr(frame, name, value)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def deep(image):
    return image.astype(np.uint16) * 257


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


@pytest.mark.parametrize(
    "pixels, options",
    [
        ("yuv420p10le", {}),
        ("yuv422p", {}),
        ("yuv422p10le", {}),
        ("yuv444p", {}),
        ("yuvj420p", {"color_range": 2}),
        ("yuv420p", {}),
    ],
)
def test_every_format_comes_out_as_it_went_in(tmp_path, pixels, options):
    image = picture(90, 160)
    path = write_deep(
        tmp_path / "a.mkv", [deep(image)] * 3, pixels, colorspace=1, **options
    )
    assert difference(next(media.read_frames(path))[2], image) < 4
    media.edit_video(path, tmp_path / "b.mp4", lambda pictures: None, crf=8)
    after = next(media.read_frames(tmp_path / "b.mp4"))[2]
    assert difference(after, image) < 4
    assert abs(after.astype(float).mean() - image.mean()) < 1.5


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


def test_a_missing_folder_is_said_with_those_beside_it(tmp_path):
    (tmp_path / "Ann").mkdir()
    with pytest.raises(FileNotFoundError, match="there are: Ann. Give"):
        listing.list_media(tmp_path / "Anne")
    with pytest.raises(FileNotFoundError, match="there are: no folder"):
        listing.list_media(tmp_path / "Ann" / "more" / "still")
    with pytest.raises(media.MediaError, match="Received: nothing. Put"):
        listing.list_media(tmp_path / "Ann")


def test_a_video_cut_before_its_first_frame_is_reported(tmp_path):
    whole, cut = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    with av.open(str(whole), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 96, 64
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(
                np.zeros((64, 96, 3), np.uint8), "rgb24"
            )
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    content = whole.read_bytes()
    cut.write_bytes(content[: content.index(b"\x1f\x43\xb6\x75")])
    with pytest.raises(media.MediaError, match="cut.mkv"):
        list(media.read_frames(cut))


def test_a_video_without_a_frame_is_not_said_to_break_off(tmp_path):
    path = tmp_path / "none.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    content = path.read_bytes()
    start = content.index(b"mdat") + 4
    size = int.from_bytes(content[start - 8 : start - 4], "big") - 8
    nothing = bytes(size)
    path.write_bytes(content[:start] + nothing + content[start + size :])
    with pytest.raises(media.MediaError) as error:
        list(media.read_frames(path))
    assert "none that can be read" in str(error.value)
    assert "Use what was read" not in str(error.value)
