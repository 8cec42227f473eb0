"""Provenance: every result says what it is, to people and to machines."""

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from helpers.footage import media
from helpers.swap.marks import provenance


def picture(height=120, width=160):
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (height, width, 3), dtype=np.uint8)


def write_picture(path):
    media.write_image(path, picture())
    return path


def write_video(path, comment=None):
    with av.open(str(path), "w") as container:
        if comment:
            container.metadata["comment"] = comment
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(picture(48, 64), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    "name", ["swap.png", "swap.jpg", "Zoë é.jpeg", "swap.gif"]
)
def test_a_mark_survives_in_a_picture(tmp_path, name):
    path = write_picture(tmp_path / name)
    plain = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    assert provenance.read_mark(path) is None
    mark = provenance.build_mark("Zoë", visible_label=True)
    provenance.add_mark(path, mark)
    assert provenance.read_mark(path) == mark
    assert mark["source_identity"] == "Zoë"
    assert mark["digital_source_type"].endswith(
        "compositeWithTrainedAlgorithmicMedia"
    )
    assert "made_at" in mark and mark["visible_label"] is True
    # the pixels are what they were, and OpenCV still reads the file
    again = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(again, plain)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["swap.png", "swap.jpg", "swap.gif"])
def test_other_programs_find_the_mark_where_they_look(tmp_path, name):
    path = write_picture(tmp_path / name)
    provenance.add_mark(path, provenance.build_mark("Rosa"))
    with Image.open(path) as opened:
        opened.load()
        comment = opened.info.get("Comment", opened.info.get("comment"))
        packet = opened.info.get(
            "xmp", opened.info.get("XML:com.adobe.xmp", "")
        )
        if name.endswith(".gif"):  # of which Pillow tells the place
            kind, place = opened.info["extension"]
            assert kind == b"XMP DataXMP"
            packet = path.read_bytes()[place:].split(b"\x01\xff")[0]
    if isinstance(comment, bytes):
        comment = comment.decode("ascii")
    if isinstance(packet, bytes):
        packet = packet.decode("utf-8")
    assert '"source_identity": "Rosa"' in comment
    assert provenance.SOURCE_TYPE in packet


def test_a_mark_in_an_animation_leaves_its_frames_and_times(tmp_path):
    path = tmp_path / "swap.gif"
    frames = [Image.fromarray(np.roll(picture(), n, axis=1)) for n in (0, 9, 5)]
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=[40, 80, 120],
        loop=0,
        comment=b"a holiday",
    )

    def play():
        with Image.open(path) as opened:
            assert opened.info["loop"] == 0
            for index in range(opened.n_frames):
                opened.seek(index)
                yield np.asarray(opened.convert("RGB")), opened.info["duration"]

    before = list(play())
    mark = provenance.build_mark("Rosa")
    provenance.add_mark(path, mark)
    assert provenance.read_mark(path) == mark
    for (old, old_time), (new, new_time) in zip(before, play(), strict=True):
        np.testing.assert_array_equal(old, new)
        assert old_time == new_time


@pytest.mark.parametrize("text", [b"", b"x" * 255, b"y" * 256, b"z" * 1000])
def test_comments_of_a_gif_are_cut_into_blocks(tmp_path, text):
    path = write_picture(tmp_path / "a.gif")
    content = path.read_bytes()
    place = provenance._gif_place(content)
    comment = provenance._gif_comment(text)
    path.write_bytes(b"GIF89a" + content[6:place] + comment + content[place:])
    with Image.open(path) as opened:
        opened.load()
        assert opened.info.get("comment", b"") == text


ENDINGS = [".png", ".jpg", ".gif"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("visible", [True, False])
def test_a_written_picture_is_marked_and_signed(tmp_path, ending, visible):
    path = tmp_path / f"swap{ending}"
    mark = provenance.build_mark("Zoë", visible_label=visible)
    provenance.write_picture(path, picture(), mark, visible)
    report = provenance.read(path)
    assert report["mark"] == mark
    assert (report["credentials"], report["altered"]) == ("valid", False)
    assert report["trusted"] is True
    assert report["signed_at"] == mark["made_at"]
    assert report["digital_source_type"] == provenance.SOURCE_TYPE
    plain = media.encode_image(
        provenance.draw_label(picture()) if visible else picture(), ending
    )
    plain = cv2.imdecode(np.frombuffer(plain, np.uint8), cv2.IMREAD_COLOR)
    again = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(again, plain)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_done_to_a_written_picture_is_read(tmp_path, ending):
    path = tmp_path / f"swap{ending}"
    mark = provenance.build_mark("Rosa")
    provenance.write_picture(path, picture(), mark)
    written = path.read_bytes()
    content = bytearray(written)
    content[-100] ^= 1
    path.write_bytes(content)
    report = provenance.read(path)
    assert (report["credentials"], report["altered"]) == ("invalid", True)
    assert report["mark"] == mark and report["trusted"] is False
    # another name in the comment
    path.write_bytes(written.replace(b"Rosa", b"Roso", 1))
    assert provenance.read(path)["altered"] is True
    path.write_bytes(written)
    # saved anew, without its metadata: nothing is left to read
    with Image.open(path) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    media.write_image(path, pixels)
    report = provenance.read(path)
    assert report["mark"] is None and report["credentials"] == "none"
    assert report["altered"] is None


def test_a_mark_alone_says_nothing_about_changes(tmp_path):
    path = write_picture(tmp_path / "swap.png")
    provenance.add_mark(path, provenance.build_mark("Rosa"))
    report = provenance.read(path)
    assert report["mark"]["source_identity"] == "Rosa"
    assert (report["credentials"], report["altered"]) == ("none", None)


def test_what_cannot_be_signed_is_not_written(tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("COURSE_CREDENTIALS", str(blocked))
    path = tmp_path / "swap.png"
    with pytest.raises(OSError, match="COURSE_CREDENTIALS"):
        provenance.write_picture(path, picture(), provenance.build_mark("Rosa"))
    assert [file.name for file in tmp_path.iterdir()] == ["blocked"]


def test_a_mark_survives_in_a_video(tmp_path):
    mark = provenance.build_mark("Marco")
    marked = write_video(tmp_path / "swap.mp4", provenance.mark_text(mark))
    assert provenance.read_mark(marked) == mark
    plain = write_video(tmp_path / "plain.mp4", "somebody's holiday")
    assert provenance.read_mark(plain) is None


@pytest.mark.parametrize("height, width", [(1080, 1920), (240, 320), (64, 64)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_the_label_is_visible_and_small(height, width, grey):
    image = np.full((height, width, 3), grey, np.uint8)
    labelled = provenance.draw_label(image)
    assert labelled.shape == image.shape and labelled.dtype == np.uint8
    changed = (labelled != image).any(axis=2)
    rows, columns = (
        np.flatnonzero(changed.any(1)),
        np.flatnonzero(changed.any(0)),
    )
    # bottom left, at most the lowest third and a quarter of the area
    assert rows[0] >= height * 2 / 3
    assert columns[0] < width / 10
    assert changed.mean() < 0.25
    # letters stand out from their plate, in grey levels
    plate = labelled[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert plate.max() - int(plate.min()) > 120
    np.testing.assert_array_equal(image, np.full_like(image, grey))


def test_the_label_gets_shorter_with_the_image_not_illegible():
    for width, height in [(64, 64), (320, 240), (1920, 1080)]:
        top, bottom, letters = provenance._label_letters(height, width, None)
        inked = np.flatnonzero((letters > 0.5).any(axis=1))
        assert len(inked) >= 6
        assert letters.shape[1] <= width
        assert bottom == height and 0 <= top < bottom


def test_the_label_works_at_any_size():
    for height, width in [(1, 1), (8, 200), (200, 8), (17, 31)]:
        image = np.zeros((height, width, 3), np.uint8)
        assert provenance.draw_label(image).shape == image.shape


def test_a_text_of_ones_own_can_be_drawn():
    image = np.zeros((240, 640, 3), np.uint8)
    first = provenance.draw_label(image, "a lesson")
    second = provenance.draw_label(image)
    assert (first != second).any()


def test_other_peoples_comments_are_not_taken_for_ours(tmp_path):
    path = write_picture(tmp_path / "a.png")
    content = path.read_bytes()
    for comment in (b"hello", b"[1]", b'{"generator": "else"}'):
        chunk = provenance._png_text(b"Comment", comment)
        path.write_bytes(content[:33] + chunk + content[33:])
        assert provenance.read_mark(path) is None


def test_files_that_cannot_carry_a_mark_are_refused(tmp_path):
    mark = provenance.build_mark("Rosa")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        provenance.read_mark(tmp_path / "none.png")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        provenance.read_mark(tmp_path / "none.mp4")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        provenance.add_mark(tmp_path / "none.png", mark)
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    with pytest.raises(ValueError, match="none of them inside"):
        provenance.add_mark(text, mark)
    with pytest.raises(ValueError, match="none of them inside"):
        provenance.read_mark(text)
    with pytest.raises(ValueError, match="Marks are read from .png.*x.txt"):
        provenance.read_mark(tmp_path / "x.txt")
    video = tmp_path / "text.mp4"
    video.write_text("not a video")
    with pytest.raises(ValueError, match="readable video"):
        provenance.read_mark(video)


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "cut.gif"])
def test_a_truncated_picture_is_said_to_be_damaged(tmp_path, name):
    path = write_picture(tmp_path / name)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match="Received: path="):
        provenance.read_mark(path)


def test_label_refuses_floats():
    with pytest.raises(ValueError, match="uint8 array.*float64"):
        provenance.draw_label(np.zeros((9, 9, 3)))
